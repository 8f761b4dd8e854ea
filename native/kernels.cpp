// The table of an instruction set, which CMake calls KERNELS, and the loops of softmax. Those under conditions are
// conditions.cpp's, those of the rows loops.cpp's.
#include "kernels.h"
#include "arithmetic/careful.h"
#include "arithmetic/matrix.h"
#include "formulas/piecewise.h"
#include "rows/unusual.h"
#include "softmax/logs/logs.h"
#include "softmax/many_rows.h"
#if !defined(__wasm__) // Which leaves numbers of 16 bits to TypeScript.
#include "exact/half_rounding.h"
#endif

namespace nonlin {

namespace KERNELS_ROWS {
#define ACTIVATION(name, value, gradient, ...) extern const row_kernels name;
#include "rows/activations.def"
#undef ACTIVATION
extern const conditioned_kernels conditioned_softmax, conditioned_log_softmax;
} // namespace KERNELS_ROWS

namespace {

// y[i] = f(a[i], b[i]), each loaded before it is stored, as y may be either.
template <class E, class F>
void combine(const void *first, const void *second, void *result, size_t n, [[maybe_unused]] bool stream, F f) {
  constexpr size_t lanes = vec<E>::lanes;
  const E *a = static_cast<const E *>(first), *b = static_cast<const E *>(second);
  E *y = static_cast<E *>(result);
  size_t i = 0;
#if !defined(__wasm__) // Where size counts more.
  if (n >= 2 * lanes) {
    i = until_aligned<E>(y);
    if (i > 0) store(y, f(load<E>(a, i), load<E>(b, i)), i);
    for (; stream && i + lanes <= n; i += lanes)
      store_past_cache(y + i, f(load<E>(a + i), load<E>(b + i)));
    for (; i + lanes <= n; i += lanes) {
      claim_ahead<lanes * sizeof(E)>(y + i);
      store(y + i, f(load<E>(a + i), load<E>(b + i)));
    }
  }
#endif
  for (; i < n; i += lanes) {
    const size_t some = n - i < lanes ? n - i : lanes;
    store_some(y + i, f(load_some<E>(a + i, some), load_some<E>(b + i, some)), some);
  }
}

template <operation what, class E> void combine(const void *a, const void *b, void *y, size_t n, bool stream) {
  combine<E>(a, b, y, n, stream, [](vec<E> a, vec<E> b) {
    return what == addition ? a + b : what == subtraction ? a - b : what == multiplication ? a * b : a / b;
  });
}
// In the order of `arithmetic`. WebAssembly, where a loop of TypeScript does as well, has what gates need.
#if defined(__wasm__)
#define COMBINE(what)                                                                                                  \
  {}
#else
#define COMBINE(what)                                                                                                  \
  { combine<what, float>, combine<what, float>, combine<what, double> }
#endif

template <class E> void slopes(const void *x, const void *slopes, void *y, size_t n, bool stream) {
  combine<E>(x, slopes, y, n, stream, [](vec<E> x, vec<E> slope) { return leaky_relu(x, slope); });
}

template <class T, class E>
void slopes_grad(const void *grad, const void *input, const void *slopes, void *result, size_t n) {
  constexpr size_t lanes = vec<T>::lanes;
  const E *g = static_cast<const E *>(grad), *x = static_cast<const E *>(input), *a = static_cast<const E *>(slopes);
  E *y = static_cast<E *>(result);
  for (size_t i = 0; i < n; i += lanes) {
    const size_t some = n - i < lanes ? n - i : lanes;
    store_some(y + i,
               leaky_relu_gradient(load_some<T>(x + i, some), load_some<T>(g + i, some), load_some<T>(a + i, some)),
               some);
  }
}

// Products of floats by double lanes, which hold them, and for which no subnormal number of floats is one. Each half of
// a register is loaded and stored by itself, which takes no shuffle.
#if defined(__x86_64__)
template <class F> void combine_carefully(const void *first, const void *second, void *result, size_t n, F f) {
  constexpr size_t lanes = vec<double>::lanes;
  const float *a = static_cast<const float *>(first), *b = static_cast<const float *>(second);
  float *y = static_cast<float *>(result);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    store(y + i, f(load<double>(a + i), load<double>(b + i)));
  if (i < n) store(y + i, f(load<double>(a + i, n - i), load<double>(b + i, n - i)), n - i);
}
void careful_product(const void *a, const void *b, void *y, size_t n) {
  combine_carefully(a, b, y, n, [](vec<double> a, vec<double> b) { return a * b; });
}
void careful_product_or_none(const void *a, const void *b, void *y, size_t n) {
  combine_carefully(a, b, y, n,
                    [](vec<double> a, vec<double> b) { return select(abs(b) > 0, a * b, vec<double>(0.0)); });
}
void careful_slopes(const void *x, const void *slopes, void *y, size_t n) {
  combine_carefully(x, slopes, y, n, [](vec<double> x, vec<double> slope) { return leaky_relu(x, slope); });
}
constexpr careful_products products = {careful_product, careful_product_or_none, careful_slopes,
                                       slopes_grad<double, float>};
#else
constexpr careful_products products = {};
#endif

// In double lanes, where the product of two floats is exact.
template <class E> void add_slopes_grad(const void *grad, const void *input, double *sums, double *lost, size_t n) {
  using V = vec<double>;
  constexpr size_t lanes = V::lanes;
  const E *g = static_cast<const E *>(grad), *x = static_cast<const E *>(input);
  for (size_t i = 0; i < n; i += lanes) {
    const size_t some = n - i < lanes ? n - i : lanes;
    const V from = load_some<double>(x + i, some), by = load_some<double>(g + i, some);
    const V term = select(from < 0, by * from, select(from >= 0, V(0.0), from));
    const V sum = load_some<double>(sums + i, some), next = sum + term, added = next - sum;
    store_some(sums + i, next, some);
    store_some(lost + i, load_some<double>(lost + i, some) + ((sum - (next - added)) + (term - added)), some);
  }
}

void stand_in(const void *inputs, void *results, size_t n, float below, float at) {
  constexpr size_t lanes = vec<float>::lanes;
  const float *x = static_cast<const float *>(inputs);
  float *y = static_cast<float *>(results);
  for (size_t i = 0; i < n; i += lanes) {
    const size_t some = n - i < lanes ? n - i : lanes;
    const vec<float> from = load_some<float>(x + i, some);
    store_some(y + i, select(is_smaller(from, below), copysign(vec<float>(at), from), from), some);
  }
}

// In double lanes, where the product of two floats is exact.
bool part_small(const void *grads, const float *slopes, float *products, float *rest, size_t n) {
  using V = vec<double>;
  const float *g = static_cast<const float *>(grads);
  constexpr size_t lanes = V::lanes;
  typename V::bits left = {};
  const auto part = [&](size_t i, size_t some) {
    const V by = load_some<double>(g + i, some), slope = load_some<double>(slopes + i, some), product = by * slope;
    const V size = abs(slope), smaller = min(abs(product), abs(by));
    const mask<double> done = {(smaller < 0x1p-126).m & (size >= V(least_slope)).m & (size < __builtin_inf()).m};
    store_some(products + i, select(done, product, V(-0.0)), some);
    store_some(rest + i, select(done, copysign(V(0.0), by), by), some);
    return ~done.m;
  };
  size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    left |= part(i, lanes);
  if (i < n) left |= part(i, n - i) & first_lanes<double>(n - i).m;
  return count_lanes<double>({left}) > 0;
}

bool has_unusual(const void *inputs, size_t n, float below, float most) {
  constexpr size_t lanes = vec<float>::lanes;
  const float *x = static_cast<const float *>(inputs);
  using bits = vec<float>::bits;
  // A size less 1, of two vectors: of zero it is the largest.
  bits least[] = {bits{} - 1, bits{} - 1}, largest[2] = {};
  const auto look = [&](size_t j, vec<float> a) {
    const bits size = to_bits(abs(a));
    least[j] = smaller_unsigned(least[j], size - 1);
    largest[j] = to_bits(larger(from_bits<float>(largest[j]), from_bits<float>(size)));
  };
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    look(0, load<float>(x + i));
    look(1, load<float>(x + i + lanes));
  }
  for (; i < n; i += lanes)
    look(0, load_some<float>(x + i, n - i < lanes ? n - i : lanes));
  const bits size = smaller_unsigned(least[0], least[1]);
  const bits small = (size >= 0) & (size < __builtin_bit_cast(int32_t, below) - 1);
  const bits far = (largest[0] > __builtin_bit_cast(int32_t, most)) | (largest[1] > __builtin_bit_cast(int32_t, most));
  return count_lanes<float>({small | far}) > 0;
}

} // namespace

bool KERNELS_ROWS::leaves_open(const double *e, size_t n, double quotient, double rest, double part) {
  constexpr size_t lanes = vec<double>::lanes, several = 4;
  const share<double> share_of = {quotient, rest};
  for (size_t j = 0; j < n; j += several * lanes) {
    vec<double> shares[several];
    for (size_t i = 0; i < several; i++) {
      const size_t k = j + i * lanes, left = k < n ? n - k : 0;
      shares[i] = 1.0;
      if (left >= lanes)
        shares[i] = share_of(load<double>(e + k));
      else if (left > 0)
        shares[i] = select(first_lanes<double>(left), share_of(load<double>(e + k, left)), shares[i]);
    }
    const bool known = part <= part_of_share;
    if (known && !any_doubtful<share_error>(shares[0], shares[1], shares[2], shares[3])) [[likely]]
      continue;
    unsigned open = 0;
    for (const vec<double> s : shares)
      open |= open_lanes(s, s * part);
    if (open != 0) return true;
  }
  return false;
}

// In a module of WebAssembly, whose size counts, columns are turned into rows (wasm/module.cpp), which gives the same
// bits.
#if defined(__wasm__)
#define COLUMNS(...)                                                                                                   \
  {}
namespace KERNELS_ROWS {
extern rows_function fast_softmax_rows; // wasm/softmax.cpp
}
using KERNELS_ROWS::fast_softmax_rows;
#else
#define COLUMNS(...)                                                                                                   \
  { __VA_ARGS__ }
constexpr rows_function *fast_softmax_rows = softmax_rows<float, float>;
#endif

// In the order of `arithmetic`: float32, float32_exact, float64.
const kernels KERNELS = {
#define STRING(name) #name
#define NAME(name) STRING(name)
    .name = NAME(KERNELS),
    .register_bytes = VECTOR_BYTES,
    .rows =
        {
#define ACTIVATION(name, value, gradient, ...) &KERNELS_ROWS::name,
#include "rows/activations.def"
#undef ACTIVATION
        },
    .combine = {COMBINE(addition),
                COMBINE(subtraction),
                {combine<multiplication, float>, combine<multiplication, float>, combine<multiplication, double>},
                COMBINE(division)},
#if !defined(__wasm__) // What lies in steps TypeScript copies.
    .transpose = {transposed<float>, transposed<float>, transposed<double>},
#else
    .transpose = {},
#endif
    .slopes = {slopes<float>, slopes<float>, slopes<double>},
    .slopes_grad = {slopes_grad<float, float>, slopes_grad<float, float>, slopes_grad<double, double>},
    .carefully = products,
    .stand_in = stand_in,
    .part_small = part_small,
    .has_unusual = has_unusual,
#if !defined(__wasm__) // Nor are sums over channels its own.
    .add_slopes_grad = {add_slopes_grad<float>, add_slopes_grad<float>, add_slopes_grad<double>},
    .widen = {widen<float16>, widen<bfloat16>},
    .narrow = {narrow<float16>, narrow<bfloat16>},
    .widen_to_doubles = {widen_to_doubles<float16>, widen_to_doubles<bfloat16>},
    .narrow_doubles = {narrow_doubles<float16>, narrow_doubles<bfloat16>},
    .round = {round<float16>, round<bfloat16>},
#else
    .add_slopes_grad = {},
    .widen = {},
    .narrow = {},
    .widen_to_doubles = {},
    .narrow_doubles = {},
    .round = {},
#endif
    // float32 computes the gradients in double lanes either way: grad - sum(grad * softmax) cancels. In `exact` it asks
    // besides whether all of that was.
    .slices = {{{fast_softmax_rows, softmax_rows<double, float>, softmax_rows<double, double>},
                COLUMNS(softmax_columns<float, float>, softmax_columns<double, float>, softmax_columns<double, double>),
                {softmax_rows_grad<double, float, slope_of::shares>,
                 softmax_rows_grad<double, float, slope_of::shares_closely>,
                 softmax_rows_grad<double, double, slope_of::shares>},
                COLUMNS(softmax_columns_grad<double, float, slope_of::shares>,
                        softmax_columns_grad<double, float, slope_of::shares_closely>,
                        softmax_columns_grad<double, double, slope_of::shares>)},
               {{log_softmax_rows<float, float>, log_softmax_rows<double, float>, log_softmax_rows<double, double>},
                COLUMNS(log_softmax_columns<float, float>, log_softmax_columns<double, float>,
                        log_softmax_columns<double, double>),
                {softmax_rows_grad<double, float, slope_of::logs>, softmax_rows_grad<double, float, slope_of::logs>,
                 softmax_rows_grad<double, double, slope_of::logs>},
                COLUMNS(softmax_columns_grad<double, float, slope_of::logs>,
                        softmax_columns_grad<double, float, slope_of::logs>,
                        softmax_columns_grad<double, double, slope_of::logs>)}},
    .conditioned = {&KERNELS_ROWS::conditioned_softmax, &KERNELS_ROWS::conditioned_log_softmax},
    .log_parts_rows = {log_parts_rows<float, float>, log_parts_rows<double, float>, log_parts_rows<double, double>},
    .log_parts_columns =
        COLUMNS(log_parts_columns<float, float>, log_parts_columns<double, float>, log_parts_columns<double, double>),
};

} // namespace nonlin
