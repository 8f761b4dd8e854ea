// Softmax and its logarithm under any conditions. CMake compiles this file once per instruction set, for
// conditions.cpp.
#define KEEPS_APART // softmax/kept.h
#include "softmax/conditions/tempered.h"
#include "kernels.h"

namespace nonlin::KERNELS_ROWS {

// In the order of `arithmetic`, of which float32 and float32_exact are the same here but for the gradient of softmax.
extern const conditioned_kernels tempered_softmax, tempered_log_softmax;
template <slope_of what, slope_of exactly>
constexpr conditioned_kernels kernels_of = {
    {tempered_rows<float, what>, tempered_rows<float, exactly>, tempered_rows<double, what>},
    {}, // Columns are turned into rows (run/as_rows.h).
};
const conditioned_kernels tempered_softmax = kernels_of<slope_of::shares, slope_of::shares_closely>,
                          tempered_log_softmax = kernels_of<slope_of::logs, slope_of::logs>;

} // namespace nonlin::KERNELS_ROWS
