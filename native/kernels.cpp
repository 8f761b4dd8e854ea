// The table of an instruction set, which CMake calls KERNELS, and the loops of softmax. Those of the rows are
// loops.cpp's.
#include "kernels.h"
#include "softmax/short_rows.h"

namespace nonlin {

namespace KERNELS_ROWS {
#define ACTIVATION(name, value, gradient, ...) extern const row_kernels name;
#include "rows/activations.def"
#undef ACTIVATION
} // namespace KERNELS_ROWS

// In the order of `arithmetic`: float32, float32_exact, float64.
const kernels KERNELS = {
#define STRING(name) #name
#define NAME(name) STRING(name)
    .name = NAME(KERNELS),
    .rows =
        {
#define ACTIVATION(name, value, gradient, ...) &KERNELS_ROWS::name,
#include "rows/activations.def"
#undef ACTIVATION
        },
    .softmax_rows = {softmax_rows<float, float>, softmax_rows<double, float>, softmax_rows<double, double>},
    .softmax_columns = {softmax_columns<float, float>, softmax_columns<double, float>, softmax_columns<double, double>},
    // float32 computes these in double lanes either way: grad - sum(grad * softmax) cancels.
    .softmax_rows_grad = {softmax_rows_grad<double, float>, softmax_rows_grad<double, float>,
                          softmax_rows_grad<double, double>},
    .softmax_columns_grad = {softmax_columns_grad<double, float>, softmax_columns_grad<double, float>,
                             softmax_columns_grad<double, double>},
};

} // namespace nonlin
