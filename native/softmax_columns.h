// Softmax and its gradient of the columns of a matrix, a register's width of columns at a time.
#pragma once

#include "softmax_rows.h"

namespace {

// One double for each column in a register.
template <class T> struct column_sums { double of[vec<T>::lanes]; };

template <class T> vec<T> load_sums(const column_sums<T> &sums) {
  T lanes[vec<T>::lanes];
  for (size_t i = 0; i < vec<T>::lanes; i++)
    lanes[i] = T(sums.of[i]);
  return load<T>(lanes);
}

// Adds up term(j) over the rows of a chunk, for each column in the order of sum_row: the rows of one virtual lane after
// those of another.
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

// The columns that a register holds, as slices.
template <class T> struct band { vec<T> maxima, share, mean; };

// The sums over n columns, as in sum_slice. `keep(j, e)` is shown each exponential where the columns are no longer than
// a chunk.
template <class T, class E, class Keep>
band<T> sum_band(const E *g, const E *x, size_t length, size_t inner, size_t n, Keep keep) {
  constexpr size_t lanes = vec<T>::lanes;
  slice<T> all[lanes];
  for (size_t start = 0; start < length; start += chunk) {
    const size_t rows = length - start < chunk ? length - start : chunk;
    const E *from = x + start * inner;
    vec<T> m = -T(__builtin_inf());
    for (size_t j = 0; j < rows; j++)
      m = max(m, load_some<T>(from + j * inner, n));
    const scaled_exp<T> scaled(m);
    auto entry = [&](size_t j) { return scaled(load_some<T>(from + j * inner, n)); };
    column_sums<T> weighted = {}, total = sum_columns<T>(rows, [&](size_t j) {
                                    vec<T> e = entry(j);
                                    keep(j, e);
                                    return e;
                                  });
    if (g != nullptr)
      weighted = sum_columns<T>(rows, [&](size_t j) { return entry(j) * load_some<T>(g + (start + j) * inner, n); });
    for (size_t i = 0; i < lanes; i++)
      all[i].append(m.v[i], total.of[i], weighted.of[i]);
  }
  T maxima[lanes];
  column_sums<T> share, mean;
  for (size_t i = 0; i < lanes; i++) {
    maxima[i] = all[i].maximum;
    share.of[i] = 1 / all[i].total;
    mean.of[i] = all[i].weighted / all[i].total;
  }
  return {load<T>(maxima), load_sums<T>(share), load_sums<T>(mean)};
}

template <class T, class E> void softmax_band(const E *x, E *y, size_t length, size_t inner, size_t n) {
  auto fill = [&](auto e, vec<T> share) {
    for (size_t j = 0; j < length; j++)
      store_some(y + j * inner, e(j) * share, n);
  };
  if (sizeof(T) == sizeof(E) && length <= chunk) {
    // Nothing of x in these columns is read again once its exponential is stored, so y may be x.
    auto keep = [&](size_t j, vec<T> e) { store_some(y + j * inner, e, n); };
    fill([&](size_t j) { return load_some<T>(y + j * inner, n); },
         sum_band<T, E>(nullptr, x, length, inner, n, keep).share);
  } else {
    band<T> sums = sum_band<T, E>(nullptr, x, length, inner, n, [](size_t, vec<T>) {});
    const scaled_exp<T> scaled(sums.maxima);
    fill([&](size_t j) { return scaled(load_some<T>(x + j * inner, n)); }, sums.share);
  }
}

template <class T, class E>
void softmax_band_grad(const E *g, const E *x, E *y, size_t length, size_t inner, size_t n) {
  band<T> sums = sum_band<T>(g, x, length, inner, n, [](size_t, vec<T>) {});
  const scaled_exp<T> scaled(sums.maxima);
  for (size_t j = 0; j < length * inner; j += inner)
    store_some(y + j, scaled(load_some<T>(x + j, n)) * sums.share * (load_some<T>(g + j, n) - sums.mean), n);
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
