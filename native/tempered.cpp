// Softmax and its logarithm under any conditions. CMake compiles this file once per instruction set, for
// conditions.cpp.
#include "softmax/conditions/tempered.h"
#include "kernels.h"

namespace nonlin::KERNELS_ROWS {

// In the order of `arithmetic`, of which float32 and float32_exact are the same here.
extern const conditioned_kernels tempered_softmax, tempered_log_softmax;
template <bool log>
constexpr conditioned_kernels kernels_of = {
    {tempered_rows<float, log>, tempered_rows<float, log>, tempered_rows<double, log>},
    {}, // Columns are turned into rows (run/as_rows.h).
};
const conditioned_kernels tempered_softmax = kernels_of<false>, tempered_log_softmax = kernels_of<true>;

} // namespace nonlin::KERNELS_ROWS
