// The loops of softmax and its logarithm under conditions: a temperature, a mask. CMake compiles this file once per
// instruction set, as it does kernels.cpp.
#include "kernels.h"
#include "softmax/conditioned.h"

namespace nonlin::KERNELS_ROWS {

// In the order of `arithmetic`.
template <bool log>
constexpr conditioned_kernels kernels_of = {
    {conditioned_rows<float, float32, log>, conditioned_rows<float, float32_exact, log>,
     conditioned_rows<double, float64, log>},
    {conditioned_columns<float, float32, log>, conditioned_columns<float, float32_exact, log>,
     conditioned_columns<double, float64, log>},
};
extern const conditioned_kernels conditioned_softmax, conditioned_log_softmax;
const conditioned_kernels conditioned_softmax = kernels_of<false>, conditioned_log_softmax = kernels_of<true>;

} // namespace nonlin::KERNELS_ROWS
