// Softmax and its gradient, of contiguous rows and of the columns of a matrix.
//
// e^x is kept as mantissa * 2^exponent, and a row is scaled by a power of two near its maximum, never by e^-max: powers
// of two do not round. Where |max| is so large that x - max is exact anyway, that difference is taken first.
//
// The order of the sum is a function of the row's length alone, so that no instruction set or layout changes a bit. It
// is written for `step<T>` virtual lanes, 64 bytes of T: element j belongs to lane j mod step. In each lane four
// neighbours are added as a tree, those sums one after another with their rounding errors (so nothing drifts with the
// length), and the lanes, in double, as a tree. An element that is not there counts as zero.
#pragma once

#include "math.h"
#include "simd.h"

namespace {

template <class T> constexpr size_t step = 64 / sizeof(T);
// Registers that make up the virtual lanes.
template <class T> constexpr size_t parts = step<T> / vec<T>::lanes;

// A sum with the errors its additions made.
template <class T> struct compensated {
  vec<T> high = T(0), low = T(0);

  void add(vec<T> t) {
    vec<T> sum = high + t;
    vec<T> of_t = sum - high;
    low = low + ((high - (sum - of_t)) + (t - of_t));
    high = sum;
  }
};

// The sum of step<T> lanes as a tree: the lanes of `first`, then those of the next.
template <class T> double add_lanes(const compensated<T> *sums) {
  double lanes[step<T>];
  for (size_t p = 0; p < parts<T>; p++)
    for (size_t i = 0; i < vec<T>::lanes; i++)
      lanes[p * vec<T>::lanes + i] = double(sums[p].high.v[i]) + double(sums[p].low.v[i]);
  for (size_t width = step<T> / 2; width; width /= 2)
    for (size_t i = 0; i < width; i++)
      lanes[i] += lanes[i + width];
  return lanes[0];
}

// How far below the maximum an entry can lie before its share is zero even as a subnormal.
template <class T> constexpr T reach = sizeof(T) == 4 ? 110 : 760;
// From here on x - max is exact for every x within reach (Sterbenz), and below it exp_parts needs no help.
template <class T> constexpr T large = 2 * reach<T>;

// Turns entries of a slice with maximum m into e^x * 2^-exponent(m). A slice with NaN or +Infinity in it, or with
// nothing but -Infinity, makes NaN of at least one entry, hence of the sum, hence of every result.
template <class T> struct scaled_exp {
  vec<T> shift, floor, exponent;

  scaled_exp(vec<T> m) {
    shift = select(abs(m) > vec<T>(large<T>), m, vec<T>(T(0)));
    floor = m - shift - vec<T>(reach<T>);
    exponent = exp_parts(m - shift).exponent;
  }
  vec<T> operator()(vec<T> x) const {
    auto e = exp_parts(max(x - shift, floor));
    return ldexp(e.mantissa, e.exponent - exponent);
  }
};

template <class T, class E> T row_maximum(const E *x, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  const vec<T> lowest = -T(__builtin_inf());
  vec<T> a = lowest, b = lowest;
  size_t j = 0;
  // max(a, x) keeps a where x is NaN; the sum finds those.
  for (; j + 2 * lanes <= length; j += 2 * lanes) {
    a = max(a, load<T>(x + j));
    b = max(b, load<T>(x + j + lanes));
  }
  for (; j < length; j += lanes) {
    size_t n = length - j < lanes ? length - j : lanes;
    b = max(b, select(first_lanes<T>(n), load<T>(x + j, n), lowest));
  }
  a = max(a, b);
  T m = a.v[0];
  for (size_t i = 1; i < lanes; i++)
    m = a.v[i] > m ? a.v[i] : m;
  return m;
}

// Calls term(offset, n) for the elements of a row, n lanes from `offset`, in the order the sum wants, and adds up what
// it returns. term must give zero in lanes from n on.
template <class T, class F> double sum_row(size_t length, F term) {
  constexpr size_t lanes = vec<T>::lanes;
  compensated<T> sums[parts<T>];
  size_t j = 0;
  for (; j + 4 * step<T> <= length; j += 4 * step<T>) {
    for (size_t p = 0; p < parts<T>; p++) {
      size_t k = j + p * lanes;
      vec<T> a = term(k, lanes) + term(k + step<T>, lanes);
      vec<T> b = term(k + 2 * step<T>, lanes) + term(k + 3 * step<T>, lanes);
      sums[p].add(a + b);
    }
  }
  if (j < length) {
    auto rest = [&](size_t k) {
      if (k >= length) return vec<T>(T(0));
      return term(k, length - k < lanes ? length - k : lanes);
    };
    for (size_t p = 0; p < parts<T>; p++) {
      size_t k = j + p * lanes;
      vec<T> a = rest(k) + rest(k + step<T>);
      vec<T> b = rest(k + 2 * step<T>) + rest(k + 3 * step<T>);
      sums[p].add(a + b);
    }
  }
  return add_lanes<T>(sums);
}

// y[j] = f(j, n) for the elements of a row.
template <class T, class E, class F> void fill_row(E *y, size_t length, F f) {
  constexpr size_t lanes = vec<T>::lanes;
  size_t j = 0;
  for (; j + lanes <= length; j += lanes)
    store(y + j, f(j, lanes));
  if (j < length) store(y + j, f(j, length - j), length - j);
}

template <class T, class E> vec<T> load_some(const E *p, size_t n) {
  return n == vec<T>::lanes ? load<T>(p) : load<T>(p, n);
}
template <class T, class E> void store_some(E *p, vec<T> a, size_t n) {
  if (n == vec<T>::lanes)
    store(p, a);
  else
    store(p, a, n);
}
template <class T> vec<T> keep_first(vec<T> a, size_t n) {
  return n == vec<T>::lanes ? a : select(first_lanes<T>(n), a, vec<T>(T(0)));
}

template <class T, class E> void softmax_row(const E *x, E *y, size_t length) {
  const scaled_exp<T> scaled(row_maximum<T>(x, length));
  auto entry = [&](size_t j, size_t n) { return keep_first(scaled(load_some<T>(x + j, n)), n); };
  if constexpr (sizeof(T) == sizeof(E)) {
    const vec<T> share = T(1 / sum_row<T>(length, [&](size_t j, size_t n) {
                             vec<T> e = entry(j, n);
                             store_some(y + j, e, n);
                             return e;
                           }));
    fill_row<T>(y, length, [&](size_t j, size_t n) { return load_some<T>(y + j, n) * share; });
  } else {
    // The exponentials would lose bits as E: they are computed again.
    const vec<T> share = T(1 / sum_row<T>(length, entry));
    fill_row<T>(y, length, [&](size_t j, size_t n) { return scaled(load_some<T>(x + j, n)) * share; });
  }
}

// s * (g - sum(g * s)), s = softmax(x). Nothing is stored before it is final, since y may be g or x.
template <class T, class E> void softmax_row_grad(const E *g, const E *x, E *y, size_t length) {
  const scaled_exp<T> scaled(row_maximum<T>(x, length));
  auto entry = [&](size_t j, size_t n) { return keep_first(scaled(load_some<T>(x + j, n)), n); };
  const T total = T(sum_row<T>(length, entry));
  const vec<T> mean =
      T(sum_row<T>(length, [&](size_t j, size_t n) { return entry(j, n) * load_some<T>(g + j, n); })) / total;
  const vec<T> share = 1 / total;
  fill_row<T>(y, length, [&](size_t j, size_t n) { return entry(j, n) * share * (load_some<T>(g + j, n) - mean); });
}

template <class T, class E> [[gnu::flatten]] void softmax_rows(const void *x, void *y, size_t rows, size_t length) {
  for (size_t i = 0; i < rows; i++)
    softmax_row<T>(static_cast<const E *>(x) + i * length, static_cast<E *>(y) + i * length, length);
}

template <class T, class E>
[[gnu::flatten]] void softmax_rows_grad(const void *g, const void *x, void *y, size_t rows, size_t length) {
  for (size_t i = 0; i < rows; i++)
    softmax_row_grad<T>(static_cast<const E *>(g) + i * length, static_cast<const E *>(x) + i * length,
                        static_cast<E *>(y) + i * length, length);
}

// One double for each column in a register.
template <class T> struct column_sums { double of[vec<T>::lanes]; };

// The sums over term(j) of the columns in a register, in the order of sum_row.
template <class T, class F> column_sums<T> sum_columns(size_t length, F term) {
  column_sums<T> tree[step<T>] = {};
  auto rest = [&](size_t j) { return j < length ? term(j) : vec<T>(T(0)); };
  for (size_t l = 0; l < step<T> && l < length; l++) {
    compensated<T> sum;
    for (size_t j = l; j < length; j += 4 * step<T>) {
      vec<T> a = rest(j) + rest(j + step<T>);
      vec<T> b = rest(j + 2 * step<T>) + rest(j + 3 * step<T>);
      sum.add(a + b);
    }
    for (size_t i = 0; i < vec<T>::lanes; i++)
      tree[l].of[i] = double(sum.high.v[i]) + double(sum.low.v[i]);
  }
  for (size_t width = step<T> / 2; width; width /= 2)
    for (size_t l = 0; l < width; l++)
      for (size_t i = 0; i < vec<T>::lanes; i++)
        tree[l].of[i] += tree[l + width].of[i];
  return tree[0];
}

template <class T, class E> vec<T> column_maxima(const E *x, size_t length, size_t inner, size_t n) {
  vec<T> m = -T(__builtin_inf());
  for (size_t j = 0; j < length; j++)
    m = max(m, load_some<T>(x + j * inner, n));
  return m;
}

template <class T> vec<T> load_sums(const column_sums<T> &sums) {
  T lanes[vec<T>::lanes];
  for (size_t i = 0; i < vec<T>::lanes; i++)
    lanes[i] = T(sums.of[i]);
  return load<T>(lanes);
}

// n columns, no more than a register holds, of a matrix whose rows are `inner` apart.
template <class T, class E> void softmax_band(const E *x, E *y, size_t length, size_t inner, size_t n) {
  const scaled_exp<T> scaled(column_maxima<T>(x, length, inner, n));
  auto entry = [&](size_t j) { return scaled(load_some<T>(x + j * inner, n)); };
  constexpr bool keep = sizeof(T) == sizeof(E);
  column_sums<T> sums = sum_columns<T>(length, [&](size_t j) {
    vec<T> e = entry(j);
    if constexpr (keep) store_some(y + j * inner, e, n);
    return e;
  });
  for (double &sum : sums.of)
    sum = 1 / sum;
  const vec<T> share = load_sums<T>(sums);
  for (size_t j = 0; j < length; j++) {
    E *out = y + j * inner;
    store_some(out, (keep ? load_some<T>(out, n) : entry(j)) * share, n);
  }
}

template <class T, class E>
void softmax_band_grad(const E *g, const E *x, E *y, size_t length, size_t inner, size_t n) {
  const scaled_exp<T> scaled(column_maxima<T>(x, length, inner, n));
  auto entry = [&](size_t j) { return scaled(load_some<T>(x + j * inner, n)); };
  auto grad = [&](size_t j) { return load_some<T>(g + j * inner, n); };
  const vec<T> total = load_sums<T>(sum_columns<T>(length, entry));
  const vec<T> mean = load_sums<T>(sum_columns<T>(length, [&](size_t j) { return entry(j) * grad(j); })) / total;
  const vec<T> share = vec<T>(T(1)) / total;
  for (size_t j = 0; j < length; j++)
    store_some(y + j * inner, entry(j) * share * (grad(j) - mean), n);
}

template <class T, class E>
[[gnu::flatten]] void softmax_columns(const void *x, void *y, size_t length, size_t inner, size_t columns) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t c = 0; c < columns; c += lanes)
    softmax_band<T>(static_cast<const E *>(x) + c, static_cast<E *>(y) + c, length, inner,
                    columns - c < lanes ? columns - c : lanes);
}

template <class T, class E>
[[gnu::flatten]] void softmax_columns_grad(const void *g, const void *x, void *y, size_t length, size_t inner,
                                           size_t columns) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t c = 0; c < columns; c += lanes)
    softmax_band_grad<T>(static_cast<const E *>(g) + c, static_cast<const E *>(x) + c, static_cast<E *>(y) + c, length,
                         inner, columns - c < lanes ? columns - c : lanes);
}

} // namespace
