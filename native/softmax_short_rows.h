// Softmax of rows of a few registers, many at a time: their exponentials as one array, so that no lane is left over,
// and their totals side by side in a register.
#pragma once

#include "softmax_columns.h"

namespace {

// Such a row is one block: there are no errors of additions to keep.
template <class T> constexpr size_t short_row = block<T>;
// Rows whose totals make up a register.
constexpr size_t group = vec<double>::lanes;

// The total of each of `count` rows, one after another in memory; of the rest of the group, anything.
template <class T> void sum_group(const T *e, size_t count, size_t length, double (&totals)[group]) {
  constexpr size_t lanes = vec<T>::lanes;
  vec<double> high[group], low[group];
  for (size_t i = 0; i < group; i++) {
    const T *row = e + (i < count ? i : 0) * length;
    T sums[step<T>], none[step<T>] = {};
    for (size_t p = 0; p < parts<T>; p++) {
      auto rest = [&](size_t k) {
        k += p * lanes;
        if (k >= length) return vec<T>(T(0));
        return keep_first(load<T>(row + k), length - k < lanes ? length - k : lanes);
      };
      vec<T> sum = rest(0);
      if (length > step<T>) sum = sum + rest(step<T>);
      if (length > 2 * step<T>) sum = sum + (rest(2 * step<T>) + rest(3 * step<T>));
      store(&sums[p * lanes], sum);
    }
    const compensated<vec<double>> sum = add_lanes<T>(sums, none);
    high[i] = sum.high;
    low[i] = sum.low;
  }
  transpose(high);
  transpose(low);
  compensated<vec<double>> all[group];
  for (size_t i = 0; i < group; i++)
    all[i] = {high[i], low[i]};
  add_lanes<T>(all);
  store(totals, all[0].high + all[0].low);
}

template <class T, class E> void softmax_short_rows(kept_row<T> &kept, const E *x, E *y, size_t rows, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  const usual_exp<T> exp_of;
  constexpr size_t batch = 64;
  alignas(64) T exponentials[batch * short_row<T> + lanes];
  for (size_t first = 0; first < rows; first += batch) {
    const size_t n = (rows - first < batch ? rows - first : batch) * length;
    const E *from = x + first * length;
    E *to = y + first * length;
    size_t j = 0;
    for (; j + lanes <= n; j += lanes)
      store(exponentials + j, exp_of(load<T>(from + j)));
    if (j < n) store(exponentials + j, exp_of(load<T>(from + j, n - j)));
    for (size_t i = 0; i < n; i += group * length) {
      const size_t size = n - i < group * length ? n - i : group * length;
      double totals[group];
      sum_group(exponentials + i, size / length, length, totals);
      bool usual = true;
      for (double total : totals)
        usual = usual && is_usual<T>(total);
      const shares<T, group> share_of(totals);
      for (size_t k = 0; k < size; k += length) {
        if (!usual) {
          softmax_row<T>(kept, static_cast<const E *>(nullptr), from + i + k, to + i + k, length, false);
          continue;
        }
        const share<T> share = share_of.of(k / length);
        // Past its end a row may write what the next one of the group will.
        for (size_t l = k; l < k + length; l += lanes) {
          const vec<T> e = share(load<T>(exponentials + i + l));
          if (l + lanes <= size)
            store(to + i + l, e);
          else
            store(to + i + l, e, k + length - l < lanes ? k + length - l : lanes);
        }
      }
    }
  }
}

template <class T, class E>
[[gnu::flatten]] void softmax_rows(const void *x, void *y, size_t rows, size_t length, bool stream) {
  const E *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
  kept_row<T> kept;
  if (length <= short_row<T>) return softmax_short_rows<T>(kept, from, to, rows, length);
  for (size_t i = 0; i < rows * length; i += length)
    softmax_row<T>(kept, static_cast<const E *>(nullptr), from + i, to + i, length, stream);
  if (stream) fence();
}

} // namespace
