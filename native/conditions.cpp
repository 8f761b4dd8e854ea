// The loops of softmax and its logarithm under conditions: a temperature, a mask. CMake compiles this file once per
// instruction set, as it does kernels.cpp.
#include "kernels.h"
#include "softmax/conditioned.h"

namespace nonlin::KERNELS_ROWS {

namespace {

template <class E, arithmetic how, slice what>
void rows(const void *g, const void *x, void *y, size_t rows, size_t length, const conditions &c) {
  conditioned_rows<E, what == log_softmax_slice>(g, x, y, rows, length, c, *KERNELS.slices[what].rows[how]);
}
template <class E, arithmetic how, slice what>
void columns(const void *g, const void *x, void *y, size_t length, size_t inner, size_t columns, const conditions &c) {
  conditioned_columns<E, what == log_softmax_slice>(g, x, y, length, inner, columns, c,
                                                    *KERNELS.slices[what].columns[how]);
}

template <slice what>
constexpr conditioned_kernels kernels_of = {
    {rows<float, float32, what>, rows<float, float32_exact, what>, rows<double, float64, what>},
    {columns<float, float32, what>, columns<float, float32_exact, what>, columns<double, float64, what>},
};

} // namespace

extern const conditioned_kernels conditioned_softmax, conditioned_log_softmax;
const conditioned_kernels conditioned_softmax = kernels_of<softmax_slice>,
                          conditioned_log_softmax = kernels_of<log_softmax_slice>;

} // namespace nonlin::KERNELS_ROWS
