// Softmax and its gradient of the columns of a matrix: a band of them at a time, a few registers wide, so that each row
// of the matrix is touched in whole cache lines.
#pragma once

#include "softmax/matrices.h"

namespace {

// As row_entries; exp_of(x, r) is for the columns of register r.
template <class T, class E, class Exp> struct band_entries {
  const E *x;
  size_t inner;
  band_width<T> width;
  Exp exp_of;

  vec<T> exponential(size_t j, size_t r) const { return exp_of(width.load(x + j * inner, r), r); }
  vec<T> gradient(const E *g, size_t j, size_t r) const { return width.load(g + j * inner, r); }
  vec<T> result(vec<T> dx, size_t, size_t) const { return dx; }
  static constexpr bool is_decided = ::is_decided<T, E>;
  // In which columns of a register one of n shares is open, of exponentials so many registers apart.
  unsigned open(const vec<T> *e, size_t n, size_t apart, share<T> share_of) const {
    return open_columns(reinterpret_cast<const double *>(e), n, apart * vec<T>::lanes, share_of, part_of_share);
  }
  static bool asks_of(const doubts<share_error> &seen) { return seen.any(); }
  void decide(size_t column, E *y, size_t length) const {
    nonlin::correctly_rounded_shares({x + column, inner}, y + column, length);
  }
};

// Puts the exponentials of the rows of a band from j to end at e, and sees them; what there is at g will be read next.
template <size_t constant, class T, class X, class E>
[[gnu::noinline, gnu::flatten]] seen_in<T> compute_band(const X entries, const E *g, const E *x, vec<T> *e,
                                                        size_t inner, size_t width, size_t j, size_t end,
                                                        seen_in<T> seen) {
  const size_t registers = constant > 0 ? constant : width;
  for (; j < end; j++, e += registers) {
    ask_for_row<read_later, T>(x + (j + band_rows_ahead) * inner, registers);
    if (g != nullptr) ask_for_row<read_soon, T>(g + j * inner, registers);
    for (size_t r = 0; r < registers; r++)
      e[r] = see_some(seen, entries.exponential(j, r));
  }
  return seen;
}
template <class T, class X, class E>
seen_in<T> compute_band(const X &entries, const E *g, const E *x, vec<T> *e, size_t inner, size_t registers, size_t j,
                        size_t end, seen_in<T> seen) {
#if VECTOR_BYTES == 64
  // Of a constant number of registers a row has no branches. ns per element of [1000, 1000] over axis 0 0.26 without,
  // and so 0.24 (Zen 5); with AVX2, of which a row has eight, the same.
  if (registers == band_registers)
    return compute_band<band_registers, T>(entries, g, x, e, inner, registers, j, end, seen);
#endif
  return compute_band<0, T>(entries, g, x, e, inner, registers, j, end, seen);
}

// The shares of rows of exponentials of which some are small.
template <class E>
[[gnu::noinline, gnu::flatten]] void fill_small_rows(const vec<float> *e, E *y, size_t rows, size_t inner,
                                                     band_width<float> width, const share<float> *usual) {
  const size_t registers = width.registers();
  small_share share_of[band_registers];
  for (size_t r = 0; r < registers; r++)
    share_of[r] = small_share(usual[r]);
  for (size_t j = 0; j < rows; j++) {
    ask_for_row<written, float>(y + (j + band_rows_ahead_to_write) * inner, registers);
    for (size_t r = 0; r < registers; r++)
      width.store(y + j * inner, r, share_of[r](*e++));
  }
}

template <class E>
void fill_small_rows(const vec<double> *, E *, size_t, size_t, band_width<double>, const share<double> *) {}

// Computes a band, unless `accept` dislikes the totals of a column.
template <class T, class E, class X, class F>
bool softmax_band(const X &entries, F accept, kept_band<T> &kept, const E *g, const E *x, E *y, size_t length,
                  size_t inner, band_width<T> width, slope_of what) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t registers = width.registers();
  const bool whole = length * registers <= kept.capacity;
  // Where they are not kept, those of a block, computed each time.
  const auto kept_at = [&](size_t j, size_t r) -> vec<T> & {
    const size_t row = whole ? j : j % block<T>;
    return kept.e[row * registers + r];
  };
  column_sums<T> totals[band_registers];
  seen_in<T> seen;
  const auto exponentials = [&](size_t j, size_t end) {
    seen = compute_band<T>(entries, g, x, &kept_at(j, 0), inner, registers, j, end, seen);
  };
  sum_columns<T, true>(length, registers, totals, exponentials, kept_at);
  if (!accept(totals)) return false;

  const auto again = [&](size_t j, size_t end) {
    if (!whole) exponentials(j, end);
  };
  const auto for_each_block = [&](auto f) {
    for (size_t j = 0, end; j < length; j = end) {
      end = whole || length - j < block<T> ? length : j + block<T>;
      again(j, end);
      f(j, end);
    }
  };
  share<T> share_of[band_registers];
  for (size_t r = 0; r < registers; r++)
    share_of[r] = shares<T, lanes>(totals[r]).of_lanes();
  if (g == nullptr) {
    // Calls f(j, r, share) for all of a band, and before each row ask(j). Those that are not kept it computes on its
    // way.
    const auto for_each_share = [&](auto ask, auto f) {
      const auto for_each = [&](auto e) {
        for (size_t j = 0; j < length; j++) {
          ask(j);
          for (size_t r = 0; r < registers; r++)
            f(j, r, share_of[r](e(j, r)));
        }
      };
      if (whole)
        for_each(kept_at);
      else
        for_each([&](size_t j, size_t r) { return entries.exponential(j, r); });
    };
    // As softmax_row, but each column by itself: the others of a band have the usual shares.
    unsigned open[band_registers] = {}, any = 0;
    doubts<share_error> seen_shares;
    const auto see_share = [&](vec<T> share) {
      if constexpr (X::is_decided) seen_shares.see(share);
    };
    const auto decide = [&] {
      if constexpr (X::is_decided) {
        if (!entries.asks_of(seen_shares)) return;
        for_each_block([&](size_t j, size_t end) {
          for (size_t r = 0; r < registers; r++)
            any |= open[r] |= entries.open(&kept_at(j, r), end - j, registers, share_of[r]);
        });
        for (size_t c = 0; any != 0 && c < width.columns; c++)
          if (open[c / lanes] >> c % lanes & 1) entries.decide(c, y, length);
      }
    };
    if (X::is_decided && x == y) {
      for_each_share(nothing, [&](size_t, size_t, vec<T> share) { see_share(share); });
      decide();
      // Those that are decided are left as they are.
      if (any != 0) {
        for_each_block([&](size_t j, size_t end) {
          for (; j < end; j++)
            for (size_t r = 0; r < registers; r++) {
              vec<T> share = share_of[r](kept_at(j, r));
              const vec<T> before = width.load(y + j * inner, r);
              for (size_t i = 0; i < lanes; i++)
                if (open[r] >> i & 1) share.v[i] = before.v[i];
              width.store(y + j * inner, r, share);
            }
        });
        return true;
      }
    }
    double most = 0;
    for (size_t r = 0; r < registers; r++) {
      const double here = row_maximum<double>(totals[r].high, width.lanes_in(r));
      most = here > most ? here : most;
    }
    if (has_small(seen, most, nullptr, 0)) {
      for_each_block([&](size_t j, size_t end) {
        fill_small_rows(&kept_at(j, 0), y + j * inner, end - j, inner, width, share_of);
      });
      return true;
    }
    for_each_share([&](size_t j) { ask_for_row<written, T>(y + (j + band_rows_ahead_to_write) * inner, registers); },
                   [&](size_t j, size_t r, vec<T> share) {
                     if (x != y) see_share(share);
                     width.store(y + j * inner, r, share);
                   });
    if (x != y) decide();
    return true;
  }
  const auto gradient = [&](size_t j, size_t r) { return entries.gradient(g, j, r); };
  column_sums<T> weighted[band_registers];
  vec<T> sum[band_registers];
  const auto add_up = [&](auto prepare, auto term) {
    sum_columns<T, false>(length, registers, weighted, prepare, term);
    for (size_t r = 0; r < registers; r++)
      sum[r] = weighted[r].values();
  };
  const auto fill = [&](auto f) {
    for_each_block([&](size_t j, size_t end) {
      for (; j < end; j++) {
        ask_for_row<written, T>(y + (j + band_rows_ahead_to_write) * inner, registers);
        for (size_t r = 0; r < registers; r++) {
          const vec<T> dx = f(share_of[r](kept_at(j, r)), gradient(j, r), sum[r]);
          width.store(y + j * inner, r, entries.result(dx, j, r));
        }
      }
    });
  };
  if (what == slope_of::logs) {
    add_up(nothing, gradient);
    fill([](vec<T> s, vec<T> g, vec<T> sum) { return fma(-s, sum, g); });
  } else {
    add_up(again, [&](size_t j, size_t r) { return share_of[r](kept_at(j, r)) * gradient(j, r); });
    if constexpr (X::is_decided)
      if (what == slope_of::shares_closely) {
        const auto compute = [=, e = kept.e](size_t j, size_t end) {
          compute_band<T>(entries, g, x, e, inner, registers, j, end, seen_in<T>());
        };
        const auto again = [](const void *context, size_t j, size_t end) {
          (*static_cast<const decltype(compute) *>(context))(j, end);
        };
        if (gradient_near_means(again, &compute, share_of, sum, reinterpret_cast<const double *>(kept.e),
                                registers * lanes, whole, g, x, y, length, inner, width))
          return true;
      }
    fill([](vec<T> s, vec<T> g, vec<T> mean) { return s * (g - mean); });
  }
  return true;
}

// What the exponentials of the next band are tried with, how many of the last matrix it did not suit, and whether it
// could not be moved to the last: as its largest entry is too far from zero, or the maxima of its columns from each
// other, after which none is tried.
template <class T> struct tried_exp {
  usual_exp<T> usual;
  bool was_far = false, were_apart = false;
  size_t unusual_bands = 0;
  bool were_bands_apart = false;
  size_t at_a_time = ~size_t(0); // Of matrices.

  // Whether those at x, the first of a band, are as far, after such a band: then it need not be tried.
  template <class E> bool is_far(const E *x, band_width<T> width) const {
    bool all = was_far;
    for (size_t r = 0; all && r < width.registers(); r++) {
      const vec<T> size = abs(width.load(x, r));
      all = count_lanes<T>(size > vec<T>(far_from_large<T>)) == width.lanes_in(r);
    }
    return all;
  }
};

// A band with a column that usual_exp does not suit: each with a power of its own, and the next bands with what suits
// the largest of this. Values in float lanes are done quickly as well, since columns far apart, as some of a mask, are
// met again and again: ns per element of 10 entries of 20 columns 0.67, as what is seldom 0.88 (`npm run bench --
// --function softmax:10x20 --input uniform:-100:100`, AVX-512 of a Zen 5).
template <class T, class E>
void apart_band(tried_exp<T> &next, kept_band<T> &kept, const E *g, const E *x, E *y, size_t length, size_t inner,
                band_width<T> width, double total, slope_of what) {
  constexpr size_t lanes = vec<T>::lanes;
  const T lowest = -T(__builtin_inf());
  scaled_exp<T> scaled[band_registers];
  vec<T> tops = lowest, leasts = -lowest, maxima[band_registers];
  column_maxima<T>(x, length, inner, width, maxima);
  for (size_t r = 0; r < width.registers(); r++) {
    const vec<T> m = maxima[r];
    const mask<T> here = first_lanes<T>(width.lanes_in(r));
    tops = max(tops, select(here, m, vec<T>(lowest)));
    leasts = min(leasts, select(here, m, vec<T>(-lowest)));
    scaled[r] = scaled_exp<T>(m);
  }
  const T top = largest_of(tops);
  const T least = folded<lanes / 2>(leasts, [](vec<T> a, vec<T> b) { return min(a, b); }).v[0];
  if (top == lowest) { // All is NaN, as where a mask leaves nothing.
    for (size_t j = 0; j < length; j++)
      for (size_t r = 0; r < width.registers(); r++)
        width.store(y + j * inner, r, vec<T>(lowest - lowest));
    return;
  }
  next.was_far = !next.usual.move(top, total, length);
  next.were_apart = !next.was_far && !next.usual.reaches(least);
  const auto exp_of = [&](vec<T> x, size_t r) { return scaled[r](x); };
  softmax_band<T>(
      band_entries<T, E, decltype(exp_of)>{x, inner, width, exp_of}, [](const column_sums<T> *) { return true; }, kept,
      g, x, y, length, inner, width, what);
}

template <class E>
[[gnu::noinline, gnu::flatten]] void unusual_band(tried_exp<float> &next, kept_band<float> &kept, const E *, const E *x,
                                                  E *y, size_t length, size_t inner, band_width<float> width,
                                                  double total, slope_of what) {
  apart_band<float, E>(next, kept, nullptr, x, y, length, inner, width, total, what);
}
template <class E>
SELDOM void unusual_band(tried_exp<double> &next, kept_band<double> &kept, const E *g, const E *x, E *y, size_t length,
                         size_t inner, band_width<double> width, double total, slope_of what) {
  apart_band<double, E>(next, kept, g, x, y, length, inner, width, total, what);
}

template <class T, class E>
void softmax_band(tried_exp<T> &tried, kept_band<T> &kept, const E *g, const E *x, E *y, size_t length, size_t inner,
                  band_width<T> width, slope_of what) {
  double unusual = usual_exp<T>::most; // The total of a column, or where none is tried, what leaves room below.
  const auto accept = [&](const column_sums<T> *totals) {
    constexpr size_t doubles = vec<double>::lanes;
    for (size_t r = 0; r < width.registers(); r++) {
      // Columns that are not there have some total.
      for (size_t i = 0; i < width.lanes_in(r); i += doubles) {
        const double *const total = &totals[r].high[i];
        const size_t left = width.lanes_in(r) - i, n = left < doubles ? left : doubles;
        if (n == doubles && all_lanes(is_usual<T>(load<double>(total)))) continue;
        for (size_t k = 0; k < n; k++)
          if (!is_usual<T>(unusual = total[k])) return false;
      }
    }
    return true;
  };
  const auto exp_of = [usual = tried.usual](vec<T> x, size_t) { return usual(x); };
  const bool suits = !tried.were_apart && !tried.is_far(x, width) &&
                     softmax_band<T>(band_entries<T, E, decltype(exp_of)>{x, inner, width, exp_of}, accept, kept, g, x,
                                     y, length, inner, width, what);
  if (suits) return;
  tried.unusual_bands++;
  unusual_band(tried, kept, g, x, y, length, inner, width, unusual, what);
}

#if !defined(__wasm__) // Where size counts more.
// Computes some of so many matrices as matrices.h does, and returns how many: the first, up to one that asks for more.
template <class T, class E>
size_t matrices_done(tried_exp<T> &tried, const E *g, const E *x, E *y, size_t count, size_t length, size_t columns,
                     slope_of what) {
  const size_t n = length * columns;
  const bool fits = n <= kept_row<T>::capacity && columns <= columns_of_matrix<T>;
  // Once one power did not suit all of a band, or of a matrix.
  const bool apart = fits && (tried.were_apart || tried.were_bands_apart);
  size_t i = 0;
  if (g == nullptr && (apart || (tried.unusual_bands == 0 && !fits && columns <= band_columns<T>))) {
    const auto is_done = [&](const E *x, E *y) {
      if (apart) return softmax_apart_matrix<T>(x, y, length, columns);
      return softmax_long_matrix(tried.usual, x, y, length, columns);
    };
    while (i < count && is_done(x + i * n, y + i * n))
      i++;
  }
  if (i > 0 || tried.unusual_bands > 0 || !fits) return i;
  if (g == nullptr) return softmax_matrices(tried.usual, x, y, count, length, columns, tried.at_a_time);
  // A gradient only where much of the last register would be empty: ns per element over 100 entries of 9 columns 1.07,
  // as a band 1.33, but of 65 0.89 and 0.83 (AVX-512, Zen 5).
  if (columns <= band_columns<T> && band_width<T>{columns}.wastes())
    return gradients_of_matrices(tried.usual, g, x, y, count, length, columns, tried.at_a_time, what);
  return 0;
}
#endif

template <class T, class E>
void for_each_band(const E *g, const E *x, E *y, size_t slabs, size_t length, size_t inner, size_t columns,
                   slope_of what) {
  auto &kept = kept_here<kept_band<T>>();
  const size_t n = length * inner;
  tried_exp<T> tried;
  if (length > block<T>) guess(tried.usual, x, length, columns);
  for (size_t i = 0; i < slabs; i++) {
#if !defined(__wasm__)
    if (columns == inner)
      i += matrices_done(tried, g == nullptr ? g : g + i * n, x + i * n, y + i * n, slabs - i, length, inner, what);
    if (i == slabs) return;
#endif
    tried.unusual_bands = 0;
    for_each_band_of<T>(y, inner, columns, [&](size_t c, band_width<T> width) {
      softmax_band<T>(tried, kept, g == nullptr ? g : g + i * n + c, x + i * n + c, y + i * n + c, length, inner, width,
                      what);
    });
    if (tried.unusual_bands * band_columns<T> < columns && tried.unusual_bands > 0) tried.were_bands_apart = true;
  }
}

template <class T, class E>
[[gnu::flatten]] void softmax_columns(const void *x, void *y, size_t slabs, size_t length, size_t inner,
                                      size_t columns) {
  for_each_band<T, E>(nullptr, static_cast<const E *>(x), static_cast<E *>(y), slabs, length, inner, columns,
                      slope_of::shares);
}

template <class T, class E>
[[gnu::noinline, gnu::flatten]] void columns_grad(const E *g, const E *x, E *y, size_t slabs, size_t length,
                                                  size_t inner, size_t columns, slope_of what) {
  if (g == nullptr) __builtin_unreachable(); // So that what is done without one is not compiled again.
  for_each_band<T>(g, x, y, slabs, length, inner, columns, what);
}
template <class T, class E, slope_of what>
void softmax_columns_grad(const void *g, const void *x, void *y, size_t slabs, size_t length, size_t inner,
                          size_t columns) {
  columns_grad<T>(static_cast<const E *>(g), static_cast<const E *>(x), static_cast<E *>(y), slabs, length, inner,
                  columns, what);
}

} // namespace
