// The logarithm of softmax, and for functions that have a number for a slice, the two parts of each (parts.h).
#pragma once

#include "softmax/logs/bands.h"
#include "softmax/logs/rows.h"

namespace {

// NaN for a slice with an infinite maximum. A logarithm that is nothing as an E is none, as the zero of a certain entry
// has no sign.
template <class E> vec<double> usable_log(vec<double> m, vec<double> log) {
  const vec<double> finite = select(m < __builtin_inf(), log, vec<double>(__builtin_nan("")));
  return sizeof(E) == sizeof(float) ? select(finite < 0x1p-150, vec<double>(0.0), finite) : finite;
}
// What is taken from the entries of slices, one after the other: m and log; in float lanes, where the difference with m
// + log is exact for the largest at least, that and what it lacks, so that log is not rounded first.
template <class T, class E, size_t most> struct log_sums {
  T high[most], low[most];

  log_sums(const double *maxima, const double *logs, size_t count) {
    // Of few one at a time: a register of them would wait for the stores of each.
    const size_t lanes = vec<double>::lanes, at_once = count < lanes ? 1 : lanes;
    for (size_t i = 0; i < count; i += at_once) {
      const auto of = [=](const double *p) {
        if (at_once == 1) return vec<double>(p[i]);
        return load_some<double>(p + i, count - i < lanes ? count - i : lanes);
      };
      const vec<double> m = of(maxima), log = usable_log<E>(m, of(logs)), sum = m + log;
      const mask<double> is_exact = {(log > 0.0).m & (abs(m) >= log).m & (abs(sum) >= log).m};
      store(high + i, sizeof(T) == sizeof(float) ? select(is_exact, sum, m) : m);
      store(low + i, (m - load<double>(high + i)) + log);
    }
  }
};
template <class T> vec<T> less(vec<T> x, vec<T> high, vec<T> low) { return (x - high) - low; }

// Rows of less than a register in place, first beside each other in `memory`: a store of a part of a register holds up
// loads from just behind it. ns per element of rows of 10 into another array, in place by fill_row, and so: 0.79, 1.17
// and 0.79 (`logSoftmax(x, { out: x })` over and over, AVX-512 of a Zen 5).
template <class T, class E, size_t most>
void write_rows(const E *x, E *y, T *memory, size_t count, size_t length, const log_sums<T, E, most> &sums) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t n = count * length;
  const auto left = [=](size_t j) { return n - j < lanes ? n - j : lanes; };
  fill_rows(memory, count, length, [&](size_t i) {
    const T high = sums.high[i], low = sums.low[i];
    return [=](size_t j) { return less<T>(load_some<T>(x + j, left(j)), high, low); };
  });
  for (size_t j = 0; j < n; j += lanes)
    store_some(y + j, load<T>(memory + j), left(j));
}
// A row of a register or more, without a part of one: its last elements are computed first, and stored last. f as in
// fill_row.
template <class T, class E, class F> void fill_short_row(E *y, size_t length, F f) {
  constexpr size_t lanes = vec<T>::lanes;
  const vec<T> last = f(length - lanes, lanes);
  for (size_t j = 0; j + lanes < length; j += lanes)
    store(y + j, f(j, lanes));
  store(y + length - lanes, last);
}

template <class T, class E>
[[gnu::flatten]] void log_softmax_rows(const void *x, void *y, size_t rows, size_t length, bool stream) {
  const E *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
  logs_of_rows<T> logs_of(from, length, true);
  const size_t most = logs_of.rows_at_once(length, true);
  for (size_t first = 0; first < rows; first += most) {
    const size_t count = rows - first < most ? rows - first : most;
    double maxima[batch_rows], logs[batch_rows];
    logs_of(from, count, length, maxima, logs);
    const log_sums<T, E, batch_rows> sums(maxima, logs, count);
#if defined(__wasm__) // Where size counts more.
    const bool is_short = false;
#else
    const bool is_short = length <= short_row_with_log<T>;
#endif
    if (is_short && x == y && length < vec<T>::lanes) {
      write_rows(from, to, logs_of.kept.of(from), count, length, sums);
      from += count * length;
      to += count * length;
      continue;
    }
    for (size_t i = 0; i < count; i++, from += length, to += length) {
      const T high = sums.high[i], low = sums.low[i];
      const auto share = [=](size_t j, size_t n) {
        claim_ahead<vec<T>::lanes * sizeof(E)>(to + j); // For so little arithmetic.
        return less<T>(load_some<T>(from + j, n), high, low);
      };
      if (is_short && length >= vec<T>::lanes)
        fill_short_row<T>(to, length, share);
      else
        fill_row<T>(to, length, stream, share);
    }
  }
  if (stream) fence();
}

template <class T, class E>
[[gnu::flatten]] void log_softmax_columns(const void *x, void *y, size_t slabs, size_t length, size_t inner,
                                          size_t columns) {
  constexpr size_t lanes = vec<T>::lanes, most = band_of_parts<T>::most;
  bool keeps = false;
  const auto band = [=, &keeps](const E *from, E *to, band_width<T> width) {
    band_of_parts<T> parts;
    const bool is_matrix = width.columns == inner && width.wastes();
    logs_of_band<T>(from, length, inner, width, is_matrix, parts, true, keeps);
    const log_sums<T, E, most> sums(parts.maxima, parts.logs, width.registers() * lanes);
    vec<T> high[band_registers], low[band_registers];
    for (size_t r = 0; r < width.registers(); r++) {
      high[r] = load<T>(sums.high + r * lanes);
      low[r] = load<T>(sums.low + r * lanes);
    }
    for (size_t j = 0; j < length; j++)
      for (size_t r = 0; r < width.registers(); r++)
        width.store(to + j * inner, r, less(width.load(from + j * inner, r), high[r], low[r]));
  };
  for (size_t at = 0; slabs-- > 0; at += length * inner)
    for_each_band_of<T>(static_cast<E *>(y), inner, columns, [&](size_t c, band_width<T> width) {
      band(static_cast<const E *>(x) + at + c, static_cast<E *>(y) + at + c, width);
    });
}

// The two parts of each slice, for functions that have a number for a slice.
template <class T, class E>
[[gnu::flatten]] void log_parts_rows(const void *x, double *maxima, double *logs, size_t rows, size_t length) {
  const E *from = static_cast<const E *>(x);
  logs_of_rows<T> logs_of(from, length, false);
  const size_t most = logs_of.rows_at_once(length, false);
  for (size_t first = 0; first < rows; first += most) {
    const size_t count = rows - first < most ? rows - first : most;
    double all[2][batch_rows];
    logs_of(from + first * length, count, length, all[0], all[1]);
    __builtin_memcpy(maxima + first, all[0], count * sizeof(double));
    __builtin_memcpy(logs + first, all[1], count * sizeof(double));
  }
}
template <class T, class E>
void log_parts_columns(const void *x, double *maxima, double *logs, size_t slabs, size_t length, size_t inner,
                       size_t columns) {
  constexpr size_t most = band_of_parts<T>::most;
  const E *from = static_cast<const E *>(x);
  bool keeps = false;
  for (; slabs-- > 0; from += length * inner, maxima += inner, logs += inner)
    for (size_t c = 0; c < columns; c += most) {
      const band_width<T> width{columns - c < most ? columns - c : most};
      band_of_parts<T> parts;
      logs_of_band<T>(from + c, length, inner, width, width.columns == inner && width.wastes(), parts, false, keeps);
      __builtin_memcpy(maxima + c, parts.maxima, width.columns * sizeof(double));
      __builtin_memcpy(logs + c, parts.logs, width.columns * sizeof(double));
    }
}

} // namespace
