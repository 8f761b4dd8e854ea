// Softmax of the columns of matrices that can be kept whole. Their entries lie side by side in memory, so that
// exponentials and shares are computed as those of one row are, whatever the width, and only sums by columns.
#pragma once

#include "softmax/column_sums.h"

namespace {

// How many columns that may be.
template <class T> constexpr size_t columns_of_matrix = 8192 / sizeof(T);

// Something of each column, and again, as far as a register reads that begins at any of them.
template <class T> struct of_columns {
  T at[columns_of_matrix<T> + 2 * vec<T>::lanes];

  void repeat(size_t columns) {
    for (size_t c = columns; c < columns + vec<T>::lanes; c += columns)
      store(at + c, load<T>(at));
  }
  vec<T> from(size_t column) const { return load<T>(at + column); }
};

// Calls f(j, how many, the column of the first) for the registers of n elements.
template <class T, class F> void for_each_register(size_t n, size_t columns, F f) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t further = lanes % columns;
  size_t column = 0, j = 0;
  for (; j + lanes <= n; j += lanes) {
    f(j, lanes, column);
    column += further;
    if (column >= columns) column -= columns;
  }
  if (j < n) f(j, n - j, column);
}

// Whether the totals of a band are usual. Columns that are not there have some total.
template <class T> bool are_usual(const column_sums<T> *totals, band_width<T> width) {
  constexpr size_t doubles = vec<double>::lanes;
  bool all = true;
  for (size_t r = 0; r < width.registers(); r++)
    for (size_t i = 0; i < width.lanes_in(r); i += doubles) {
      const size_t left = width.lanes_in(r) - i, n = left < doubles ? left : doubles;
      const mask<double> usual = is_usual<T>(load<double>(&totals[r].high[i])), there = first_lanes<double>(n);
      all = all && count_lanes<double>({usual.m & there.m}) == n;
    }
  return all;
}

// The shares of a matrix from its exponentials e, unless a total is not usual, or a share in doubt: then y is to be
// computed in another way, and in place has nothing been written.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] bool shares_of_matrix(const T *e, seen_in<T> seen, E *y, size_t length, size_t columns,
                                                      bool in_place) {
  constexpr size_t lanes = vec<T>::lanes, most = band_registers * lanes;
  const size_t n = length * columns;
  of_columns<T> quotients, rests;
  double largest_total = 0;
  for (size_t first = 0; first < columns; first += most) {
    const band_width<T> width{columns - first < most ? columns - first : most};
    column_sums<T> totals[band_registers];
    sum_columns<T, true>(length, width.registers(), totals, nothing,
                         [=](size_t j, size_t r) { return load<T>(e + j * columns + first + r * lanes); });
    if (!are_usual(totals, width)) return false;
    for (size_t r = 0; r < width.registers(); r++) {
      const double here = row_maximum<double>(totals[r].high, width.lanes_in(r));
      largest_total = here > largest_total ? here : largest_total;
      const share<T> share_of = shares<T, lanes>(totals[r]).of_lanes();
      store(quotients.at + first + r * lanes, share_of.quotient);
      store(rests.at + first + r * lanes, share_of.rest);
    }
  }
  quotients.repeat(columns);
  rests.repeat(columns);
  const auto usual = [&](size_t column) { return share<T>{quotients.from(column), rests.from(column)}; };
  const auto share_at = [&](size_t j, size_t column) { return usual(column)(load<T>(e + j)); };
  if constexpr (is_decided<T, E>) {
    const auto are_sure = [&](auto put) {
      doubts<share_error> seen;
      for_each_register<T>(n, columns, [&](size_t j, size_t count, size_t column) {
        const vec<T> share = share_at(j, column);
        seen.see(keep_first(share, count));
        put(j, share, count);
      });
      return !seen.any();
    };
    if (!in_place) return are_sure([y](size_t j, vec<T> share, size_t count) { store_some(y + j, share, count); });
    if (!are_sure(nothing)) return false;
  }
  if (has_small(seen, largest_total, nullptr, 0)) {
    if constexpr (__is_same(T, float))
      for_each_register<T>(n, columns, [&](size_t j, size_t count, size_t column) {
        store_some(y + j, small_share(usual(column))(load<T>(e + j)), count);
      });
    return true;
  }
  for_each_register<T>(n, columns,
                       [&](size_t j, size_t count, size_t column) { store_some(y + j, share_at(j, column), count); });
  return true;
}

// Computes matrices, the first of so many, and returns how many they are: up to one that asks for more.
template <class T, class E>
[[gnu::noinline]] size_t softmax_matrices(const usual_exp<T> exp_of, const E *x, E *y, size_t count, size_t length,
                                          size_t columns) {
  // Several small ones are quicker at a time.
  const size_t n = length * columns, most = n < tile<T> ? tile<T> / n : 1;
  T *const e = kept_here<kept_row<T>>().of(x);
  for (size_t i = 0; i < count;) {
    const size_t end = count - i < most ? count : i + most;
    const seen_in<T> seen = compute(x + i * n, e, (end - i) * n, exp_of, seen_in<T>());
    for (const T *next = e; i < end; i++, next += n)
      if (!shares_of_matrix<T>(next, seen, y + i * n, length, columns, x == y)) return i;
  }
  return count;
}

} // namespace
