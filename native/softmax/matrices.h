// Softmax of the columns of matrices that can be kept, or are not wide. Their entries lie side by side in memory, so
// that exponentials and shares are computed as those of one row are, whatever the width, and only sums by columns.
#pragma once

#include "softmax/gradients/near_columns.h"

namespace {

// How many columns that may be: what is known of each then stays in a first-level cache (run/as_rows.h knows the
// number).
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

// What makes exponentials of a matrix, each column's times a power of two of its own.
template <class T> class exp_of_columns {
  of_columns<T> shifts, floors, powers;

public:
  // Of the columns of a register.
  void put(size_t first, const scaled_exp<T> &exp_of) {
    store(shifts.at + first, exp_of.shift);
    store(floors.at + first, exp_of.floor);
    store(powers.at + first, exp_of.power);
  }
  // When all are put.
  template <class E>
  [[gnu::noinline, gnu::flatten]] seen_in<T> compute(const E *x, T *e, size_t length, size_t columns) {
    for (of_columns<T> *each : {&shifts, &floors, &powers})
      each->repeat(columns);
    seen_in<T> seen;
    for_each_register<T>(length * columns, columns, [&](size_t j, size_t count, size_t column) {
      scaled_exp<T> exp_of;
      exp_of.shift = shifts.from(column);
      exp_of.floor = floors.from(column);
      exp_of.power = powers.from(column);
      store(e + j, see(seen, exp_of(load_some<T>(x + j, count)), count));
    });
    return seen;
  }
};

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

// What makes shares of the exponentials of each column.
template <class T> class shares_of_columns {
  of_columns<T> quotients, rests;

public:
  double largest_total = 0;

  // From those of a matrix, or of a block of its rows at a time, which prepare(j, end) puts at e: then `places` is what
  // its numbers are masked by. False where a total is not usual, if that is asked.
  template <class P>
  [[gnu::noinline, gnu::flatten]] bool find(const T *e, size_t length, size_t columns, P prepare, size_t places,
                                            bool asks = true) {
    constexpr size_t lanes = vec<T>::lanes;
    for (size_t first = 0; first < columns; first += band_columns<T>) {
      const band_width<T> width = band_from<T>(first, columns);
      column_sums<T> totals[band_registers];
      sum_columns<T, true>(length, width.registers(), totals, prepare,
                           [=](size_t j, size_t r) { return load<T>(e + (j & places) * columns + first + r * lanes); });
      if (asks && !are_usual(totals, width)) return false;
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
    return true;
  }
  bool find(const T *e, size_t length, size_t columns, bool asks = true) {
    return find(e, length, columns, nothing, ~size_t(0), asks);
  }
  share<T> from(size_t column) const { return {quotients.from(column), rests.from(column)}; }
};

// The shares of a matrix or, where x is null, of some of its rows. What is open is decided, but in place, or of some
// rows, false is returned: then y is to be computed in another way, and in place nothing has been written.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] bool put_shares(const shares_of_columns<T> &share_of, const T *e, seen_in<T> seen,
                                                const E *x, E *y, size_t length, size_t columns) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t n = length * columns;
  const auto share_at = [&](size_t j, size_t column) { return share_of.from(column)(load<T>(e + j)); };
  const auto put = [y](size_t j, vec<T> share, size_t count) { store_some(y + j, share, count); };
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
    const auto decide = [&] {
      for (size_t first = 0; first < columns; first += lanes) {
        const unsigned open = open_columns(e + first, length, columns, share_of.from(first), part_of_share);
        for (size_t c = first; c < columns && open >> (c - first) != 0; c++) {
          if ((open >> (c - first) & 1) == 0) continue;
          if (x == y || x == nullptr) return false;
          nonlin::correctly_rounded_shares({x + c, columns}, y + c, length);
        }
      }
      return true;
    };
    const bool done = (x == y ? are_sure(nothing) : are_sure(put)) || decide();
    if (!done || x != y) return done;
  }
  if (has_small(seen, share_of.largest_total, nullptr, 0)) {
    if constexpr (__is_same(T, float))
      for_each_register<T>(n, columns, [&](size_t j, size_t count, size_t column) {
        store_some(y + j, small_share(share_of.from(column))(load<T>(e + j)), count);
      });
    return true;
  }
  for_each_register<T>(n, columns, [&](size_t j, size_t count, size_t column) { put(j, share_at(j, column), count); });
  return true;
}

// The gradient of a matrix of one band.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void put_gradient(const shares_of_columns<T> &share_of, const T *e, const E *g,
                                                  const E *x, E *y, size_t length, size_t columns, slope_of what) {
  constexpr size_t lanes = vec<T>::lanes;
  const band_width<T> width{columns};
  const size_t registers = width.registers();
  share<T> shares[band_registers];
  for (size_t r = 0; r < registers; r++)
    shares[r] = share_of.from(r * lanes);
  const auto g_at = [=](size_t j, size_t r) { return width.load(g + j * columns, r); };
  column_sums<T> sums[band_registers];
  if (what == slope_of::logs)
    sum_columns<T, false>(length, registers, sums, nothing, g_at);
  else
    sum_columns<T, false>(length, registers, sums, nothing, [=, &shares](size_t j, size_t r) {
      return shares[r](load<T>(e + j * columns + r * lanes)) * g_at(j, r);
    });
  vec<T> sum[band_registers];
  of_columns<T> sum_of;
  for (size_t r = 0; r < registers; r++) {
    sum[r] = sums[r].values();
    store(sum_of.at + r * lanes, sum[r]);
  }
  if constexpr (is_decided<T, E>)
    if (what == slope_of::shares_closely &&
        gradient_near_means(nullptr, nullptr, shares, sum, e, columns, true, g, x, y, length, columns, width))
      return;
  sum_of.repeat(columns);
  const auto fill = [&](auto f) {
    for_each_register<T>(length * columns, columns, [&](size_t j, size_t count, size_t column) {
      const vec<T> s = share_of.from(column)(load<T>(e + j));
      store_some(y + j, f(s, load_some<T>(g + j, count), sum_of.from(column)), count);
    });
  };
  if (what == slope_of::logs)
    fill([](vec<T> s, vec<T> g, vec<T> sum) { return fma(-s, sum, g); });
  else
    fill([](vec<T> s, vec<T> g, vec<T> mean) { return s * (g - mean); });
}

// Calls put(exponentials, what is seen of them, number) for matrices, the first of so many, up to one where that is
// false, and returns its number. Several small ones are quicker at a time, but not where one of them asks for more, as
// the others are then computed again: at_a_time is how many there may be.
template <class T, class E, class F>
[[gnu::always_inline]] inline size_t for_each_matrix(const usual_exp<T> exp_of, const E *x, size_t count, size_t n,
                                                     size_t &at_a_time, F put) {
  const size_t most = n < tile<T> ? tile<T> / n : 1;
  T *const e = kept_here<kept_row<T>>().of(x);
  for (size_t i = 0; i < count;) {
    const size_t some = at_a_time < most ? at_a_time : most, end = count - i < some ? count : i + some;
    const seen_in<T> seen = compute(x + i * n, e, (end - i) * n, exp_of, seen_in<T>());
    at_a_time = 1;
    for (T *next = e; i < end; i++, next += n)
      if (!put(next, seen, i)) return i;
    at_a_time = 2 * some;
  }
  return count;
}

// Computes matrices, the first of so many, and returns how many they are: up to one that asks for more.
template <class T, class E>
[[gnu::noinline]] size_t softmax_matrices(const usual_exp<T> exp_of, const E *x, E *y, size_t count, size_t length,
                                          size_t columns, size_t &at_a_time) {
  const size_t n = length * columns;
  return for_each_matrix(exp_of, x, count, n, at_a_time, [=](const T *e, seen_in<T> seen, size_t i) {
    shares_of_columns<T> share_of;
    return share_of.find(e, length, columns) && put_shares(share_of, e, seen, x + i * n, y + i * n, length, columns);
  });
}
// A matrix of columns that no one power of two suits, unless a share is in doubt in place.
template <class T, class E>
[[gnu::noinline]] bool softmax_apart_matrix(const E *x, E *y, size_t length, size_t columns) {
  exp_of_columns<T> exp_of;
  for (size_t first = 0; first < columns; first += band_columns<T>) {
    const band_width<T> width = band_from<T>(first, columns);
    vec<T> maxima[band_registers];
    column_maxima<T>(x + first, length, columns, width, maxima);
    for (size_t r = 0; r < width.registers(); r++)
      exp_of.put(first + r * vec<T>::lanes, scaled_exp<T>(maxima[r]));
  }
  T *const e = kept_here<kept_row<T>>().of(x);
  const seen_in<T> seen = exp_of.compute(x, e, length, columns);
  shares_of_columns<T> share_of;
  share_of.find(e, length, columns, false);
  return put_shares(share_of, e, seen, x, y, length, columns);
}

// A matrix of one band of which no more than a block can be kept: exponentials are computed twice, unless a total is
// not usual, or a share in doubt.
template <class T, class E>
[[gnu::noinline]] bool softmax_long_matrix(const usual_exp<T> exp_of, const E *x, E *y, size_t length, size_t columns) {
  if (is_decided<T, E> && x == y) return false; // Of what is in doubt nothing may be written.
  T *const e = kept_here<kept_row<T>>().of(x);
  seen_in<T> seen;
  const auto compute_rows = [&](size_t j, size_t end) {
    seen = compute(x + j * columns, e, (end - j) * columns, exp_of, seen);
  };
  shares_of_columns<T> share_of;
  if (!share_of.find(e, length, columns, compute_rows, block<T> - 1)) return false;
  for (size_t j = 0, end; j < length; j = end) {
    end = length - j < block<T> ? length : j + block<T>;
    compute_rows(j, end);
    if (!put_shares<T, E>(share_of, e, seen, nullptr, y + j * columns, end - j, columns)) return false;
  }
  return true;
}
template <class T, class E>
[[gnu::noinline]] size_t gradients_of_matrices(const usual_exp<T> exp_of, const E *g, const E *x, E *y, size_t count,
                                               size_t length, size_t columns, size_t &at_a_time, slope_of what) {
  const size_t n = length * columns;
  return for_each_matrix(exp_of, x, count, n, at_a_time, [=](T *e, seen_in<T>, size_t i) {
    shares_of_columns<T> share_of;
    if (!share_of.find(e, length, columns)) return false;
    put_gradient(share_of, e, g + i * n, x + i * n, y + i * n, length, columns, what);
    return true;
  });
}

} // namespace
