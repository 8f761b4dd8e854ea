// Softmax and its gradient of contiguous rows.
#pragma once

#include "softmax.h"

namespace {

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
    const size_t n = length - j < lanes ? length - j : lanes;
    b = max(b, select(first_lanes<T>(n), load_some<T>(x + j, n), lowest));
  }
  a = max(a, b);
  T m = a.v[0];
  for (size_t i = 1; i < lanes; i++)
    m = a.v[i] > m ? a.v[i] : m;
  return m;
}

// Adds up term(j, n) over a chunk: the elements j to j + n, n lanes at most. term gives zero in lanes from n on.
template <class T, class F> double sum_row(size_t length, F term) {
  constexpr size_t lanes = vec<T>::lanes;
  compensated<vec<T>> sums[parts<T>];
  for (compensated<vec<T>> &sum : sums)
    sum = {T(0), T(0)};
  size_t j = 0;
  for (; j + 4 * step<T> <= length; j += 4 * step<T>) {
    for (size_t p = 0; p < parts<T>; p++) {
      const size_t k = j + p * lanes;
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
      const size_t k = j + p * lanes;
      vec<T> a = rest(k) + rest(k + step<T>);
      vec<T> b = rest(k + 2 * step<T>) + rest(k + 3 * step<T>);
      sums[p].add(a + b);
    }
  }
  compensated<double> lanes_of_step[step<T>];
  for (size_t i = 0; i < step<T>; i++) {
    const compensated<vec<T>> &sum = sums[i / lanes];
    lanes_of_step[i] = {double(sum.high.v[i % lanes]), double(sum.low.v[i % lanes])};
  }
  return add_lanes<T>(lanes_of_step);
}

// y[j] = f(j, n), n lanes at most, for all elements of a row; full vectors at aligned places, past the cache where
// asked.
template <class T, class E, class F> void fill_row(E *y, size_t length, bool stream, F f) {
  constexpr size_t lanes = vec<T>::lanes;
  size_t j = 0;
  if (length >= 4 * lanes) {
    j = until_aligned<T>(y);
    if (j > 0) store(y, f(0, j), j);
    if (stream)
      for (; j + lanes <= length; j += lanes)
        store_past_cache(y + j, f(j, lanes));
  }
  for (; j + lanes <= length; j += lanes)
    store(y + j, f(j, lanes));
  if (j < length) store(y + j, f(j, length - j), length - j);
}

// The sums over a row for its softmax, and with a gradient g for the mean of g as well. `keep(j, e, n)` is shown each
// exponential of a row that is no longer than a chunk.
template <class T, class E, class Keep> slice<T> sum_slice(const E *g, const E *x, size_t length, Keep keep) {
  slice<T> all;
  for (size_t start = 0; start < length; start += chunk) {
    const size_t n = length - start < chunk ? length - start : chunk;
    const T m = row_maximum<T>(x + start, n);
    const scaled_exp<T> scaled{vec<T>(m)};
    auto entry = [&](size_t j, size_t n) { return keep_first(scaled(load_some<T>(x + start + j, n)), n); };
    const double total = sum_row<T>(n, [&](size_t j, size_t n) {
      vec<T> e = entry(j, n);
      keep(j, e, n);
      return e;
    });
    const double weighted =
        g == nullptr ? 0
                     : sum_row<T>(n, [&](size_t j, size_t n) { return entry(j, n) * load_some<T>(g + start + j, n); });
    all.append(m, total, weighted);
  }
  return all;
}

template <class T, class E> void softmax_row(const E *x, E *y, size_t length, bool stream) {
  auto forget = [](size_t, vec<T>, size_t) {};
  if (sizeof(T) == sizeof(E) && length <= chunk) {
    // Kept beside y, so that y is written once.
    alignas(64) E kept[chunk];
    slice<T> row =
        sum_slice<T, E>(nullptr, x, length, [&](size_t j, vec<T> e, size_t n) { store_some(kept + j, e, n); });
    const share<T> share_of(row.total);
    fill_row<T>(y, length, stream, [&](size_t j, size_t n) { return share_of(load_some<T>(kept + j, n)); });
  } else {
    slice<T> row = sum_slice<T, E>(nullptr, x, length, forget);
    const scaled_exp<T> scaled{vec<T>(row.maximum)};
    const share<T> share_of(row.total);
    fill_row<T>(y, length, stream, [&](size_t j, size_t n) { return share_of(scaled(load_some<T>(x + j, n))); });
  }
}

// s * (g - sum(g * s)), s = softmax(x). Nothing is stored before it is final, since y may be g or x.
template <class T, class E> void softmax_row_grad(const E *g, const E *x, E *y, size_t length) {
  slice<T> row = sum_slice<T>(g, x, length, [](size_t, vec<T>, size_t) {});
  const scaled_exp<T> scaled{vec<T>(row.maximum)};
  const share<T> share_of(row.total);
  const vec<T> mean = T(row.weighted / row.total);
  fill_row<T>(y, length, false, [&](size_t j, size_t n) {
    return share_of(scaled(load_some<T>(x + j, n))) * (load_some<T>(g + j, n) - mean);
  });
}

template <class T, class E>
[[gnu::flatten]] void softmax_rows_grad(const void *g, const void *x, void *y, size_t rows, size_t length) {
  for (size_t i = 0; i < rows; i++)
    softmax_row_grad<T>(static_cast<const E *>(g) + i * length, static_cast<const E *>(x) + i * length,
                        static_cast<E *>(y) + i * length, length);
}

} // namespace
