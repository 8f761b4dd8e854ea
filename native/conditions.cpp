// The loops of softmax and its logarithm under conditions: a temperature, a mask. CMake compiles this file once per
// instruction set, as it does kernels.cpp.
#include "kernels.h"
#include "softmax/conditioned.h"

namespace nonlin::KERNELS_ROWS {

// In the order of `arithmetic`: float32, float32_exact, float64.
extern const conditioned_kernels conditioned_softmax, conditioned_log_softmax;
const conditioned_kernels conditioned_softmax = {
    {conditioned_rows<float, float>, conditioned_rows<double, float>, conditioned_rows<double, double>},
    {conditioned_columns<float, float>, conditioned_columns<double, float>, conditioned_columns<double, double>},
};
const conditioned_kernels conditioned_log_softmax = {
    {conditioned_rows<float, float, true>, conditioned_rows<double, float, true>,
     conditioned_rows<double, double, true>},
    {conditioned_columns<float, float, true>, conditioned_columns<double, float, true>,
     conditioned_columns<double, double, true>},
};

} // namespace nonlin::KERNELS_ROWS
