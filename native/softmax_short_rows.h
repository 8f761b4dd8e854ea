// Softmax of rows of a few registers, many at a time: their exponentials as one array, so that no lane is left over,
// and their totals side by side in a register.
#pragma once

#include "softmax_columns.h"

namespace {

// Such a row is one block: there are no errors of additions to keep.
template <class T> constexpr size_t short_row = block<T>;
// Rows whose totals make up a register, and rows done at a time.
constexpr size_t group = vec<double>::lanes, batch = 64;

// The last levels of the tree in each of a group of rows, whose totals come to lie side by side.
template <class T> vec<double> add_across(compensated<vec<double>> (&rows)[group]) {
  constexpr std::make_index_sequence<group> order;
  for (size_t width = group / 2; width; width /= 2) {
    for (size_t i = 0; i < width; i++) {
      const compensated<vec<double>> &a = rows[i], &b = rows[i + width];
      compensated<vec<double>> sum = {interleave_low(a.high, b.high, order), interleave_low(a.low, b.low, order)};
      join<T>(sum, {interleave_high(a.high, b.high, order), interleave_high(a.low, b.low, order)});
      rows[i] = sum;
    }
  }
  return in_double<float>(rows[0].high, rows[0].low).high;
}

// The totals of a group of rows, one after another in memory.
template <class T> vec<double> sum_group(const T *e, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  compensated<vec<double>> rows[group];
  for (size_t i = 0; i < group; i++) {
    T sums[step<T>];
    for (size_t p = 0; p < parts<T>; p++) {
      auto rest = [&](size_t k) {
        k += p * lanes;
        if (k >= length) return vec<T>(T(0));
        return keep_first(load<T>(e + i * length + k), length - k < lanes ? length - k : lanes);
      };
      vec<T> sum = rest(0);
      if (length > step<T>) sum = sum + rest(step<T>);
      if (length > 2 * step<T>) sum = sum + (rest(2 * step<T>) + rest(3 * step<T>));
      store(&sums[p * lanes], sum);
    }
    rows[i] = fold_lanes<T>([&](size_t l) { return compensated<vec<double>>{load<double>(&sums[l]), 0.0}; });
  }
  return add_across<T>(rows);
}

template <class T, class E> void softmax_short_rows(kept_row<T> &kept, const E *x, E *y, size_t rows, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  const usual_exp<T> exp_of;
  // Rows up to a whole group are summed, whatever they hold, and a register more is read.
  alignas(64) T e[batch * short_row<T> + lanes];
  for (size_t first = 0; first < rows; first += batch) {
    const size_t count = rows - first < batch ? rows - first : batch, n = count * length;
    const E *from = x + first * length;
    E *to = y + first * length;
    size_t j = 0;
    for (; j + lanes <= n; j += lanes)
      store(e + j, exp_of(load<T>(from + j)));
    if (j < n) store(e + j, exp_of(load<T>(from + j, n - j)));

    double totals[batch];
    mask<double> usual = vec<double>(0.0) <= vec<double>(0.0);
    for (size_t i = 0; i < count; i += group) {
      vec<double> total = sum_group(e + i * length, length);
      if (count - i < group) total = select(first_lanes<double>(count - i), total, vec<double>(usual_exp<T>::factor));
      usual.m &= is_usual<T>(total).m;
      store(&totals[i], total);
    }
    bool all = true;
    for (size_t i = 0; i < group; i++)
      all = all && usual.m[i];
    if (!all) {
      for (j = 0; j < n; j += length)
        softmax_row<T>(kept, static_cast<const E *>(nullptr), from + j, to + j, length, false);
      continue;
    }
    const shares<T, batch> share_of(totals, count);
    for (size_t i = 0; i < count; i++) {
      const share<T> share = share_of.of(i);
      const size_t end = (i + 1) * length;
      // Past its end a row may write what the next one will.
      for (j = i * length; j < end; j += lanes) {
        if (j + lanes <= n)
          store(to + j, share(load<T>(e + j)));
        else
          store(to + j, share(load<T>(e + j)), end - j < lanes ? end - j : lanes);
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
