// The table of an instruction set, which CMake calls KERNELS, and the loops of softmax. Those of the rows are
// loops.cpp's.
#include "kernels.h"
#include "softmax/conditioned.h"

namespace nonlin {

namespace KERNELS_ROWS {
#define ACTIVATION(name, value, gradient, ...) extern const row_kernels name;
#include "rows/activations.def"
#undef ACTIVATION
} // namespace KERNELS_ROWS

namespace {

// y[i] = a[i] b[i], each loaded before it is stored, as y may be either.
template <class E> void multiply(const void *factor, const void *other, void *product, size_t n, bool stream) {
  constexpr size_t lanes = vec<E>::lanes;
  const E *a = static_cast<const E *>(factor), *b = static_cast<const E *>(other);
  E *y = static_cast<E *>(product);
  size_t i = 0;
  if (stream && n >= lanes) {
    i = until_aligned<E>(y);
    if (i > 0) store(y, load<E>(a, i) * load<E>(b, i), i);
    for (; i + lanes <= n; i += lanes)
      store_past_cache(y + i, load<E>(a + i) * load<E>(b + i));
    fence();
  }
  for (; i < n; i += lanes) {
    const size_t some = n - i < lanes ? n - i : lanes;
    store_some(y + i, load_some<E>(a + i, some) * load_some<E>(b + i, some), some);
  }
}

} // namespace

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
    .multiply = {multiply<float>, multiply<float>, multiply<double>},
    // float32 computes the gradients in double lanes either way: grad - sum(grad * softmax) cancels.
    .slices =
        {{{softmax_rows<float, float>, softmax_rows<double, float>, softmax_rows<double, double>},
          {softmax_columns<float, float>, softmax_columns<double, float>, softmax_columns<double, double>},
          {softmax_rows_grad<double, float>, softmax_rows_grad<double, float>, softmax_rows_grad<double, double>},
          {softmax_columns_grad<double, float>, softmax_columns_grad<double, float>,
           softmax_columns_grad<double, double>},
          {conditioned_rows<float, float>, conditioned_rows<double, float>, conditioned_rows<double, double>},
          {conditioned_columns<float, float>, conditioned_columns<double, float>, conditioned_columns<double, double>}},
         {{log_softmax_rows<float, float>, log_softmax_rows<double, float>, log_softmax_rows<double, double>},
          {log_softmax_columns<float, float>, log_softmax_columns<double, float>, log_softmax_columns<double, double>},
          {softmax_rows_grad<double, float, true>, softmax_rows_grad<double, float, true>,
           softmax_rows_grad<double, double, true>},
          {softmax_columns_grad<double, float, true>, softmax_columns_grad<double, float, true>,
           softmax_columns_grad<double, double, true>},
          {conditioned_rows<float, float, true>, conditioned_rows<double, float, true>,
           conditioned_rows<double, double, true>},
          {conditioned_columns<float, float, true>, conditioned_columns<double, float, true>,
           conditioned_columns<double, double, true>}}},
    .log_parts_rows = {log_parts_rows<float, float>, log_parts_rows<double, float>, log_parts_rows<double, double>},
    .log_parts_columns = {log_parts_columns<float, float>, log_parts_columns<double, float>,
                          log_parts_columns<double, double>},
};

} // namespace nonlin
