// Sums over the columns of a band, in the order that shares.h gives them, and the maxima of one: as sums.h has those of
// rows.
#pragma once

#include "softmax/rows.h"

namespace {

// Four cache lines: a block's exponentials and the sums of the virtual lanes are then 28 KiB, which a first-level cache
// holds. ns per element of [1000, 1000] with four and with eight: 0.70 and 1.12 (avx2 of a Zen 3).
constexpr size_t band_registers = 256 / VECTOR_BYTES;

template <class T> constexpr size_t band_columns = band_registers *vec<T>::lanes;

// A sum for each column of a register.
template <class T> using column_sums = sum_list<T, vec<T>::lanes>;

// The width of a band in memory: all registers are full but the last.
template <class T> struct band_width {
  size_t columns;

  size_t registers() const { return (columns + vec<T>::lanes - 1) / vec<T>::lanes; }
  size_t lanes_in(size_t r) const {
    const size_t left = columns - r * vec<T>::lanes;
    return left < vec<T>::lanes ? left : vec<T>::lanes;
  }
  // Whether much of the last register is empty.
  bool wastes() const { return registers() * vec<T>::lanes * 3 >= columns * 4; }
  template <class E> vec<T> load(const E *row, size_t r) const {
    return load_some<T>(row + r * vec<T>::lanes, lanes_in(r));
  }
  template <class E> void store(E *row, size_t r, vec<T> a) const {
    store_some(row + r * vec<T>::lanes, a, lanes_in(r));
  }
};

// Asks for a row of a band that is read soon, or later, or written. Rows are on pages of their own, where a processor
// does not look ahead. For each register: of lines that are asked for once some requests are lost, and `exact` over
// 1400 entries of 4000 columns takes 3.1 ns per element in half of all runs, for 1.3 (AVX2, Zen 5). And for the last
// element: a row that does not begin with a line ends in one more; over 1000 of 5001 columns 0.55 and so 0.46, the
// gradient 1.7 and 1.0, with AVX2 1.1 and 0.52, 2.6 and 1.7.
enum row_use { read_soon, read_later, written };
template <row_use use, class T, class E> void ask_for_row(const E *row, size_t registers) {
  const auto ask = [=](size_t i) { __builtin_prefetch(row + i, use == written, use == read_later ? 2 : 3); };
  for (size_t r = 0; r < registers; r++)
    ask(r * vec<T>::lanes);
  ask(registers * vec<T>::lanes - 1);
}
// How many rows ahead: ns per element over 1400 entries of 4000 columns with 4 0.46, with 16 0.37 (AVX-512).
constexpr size_t band_rows_ahead = 16, band_rows_ahead_to_write = 4;

// How many elements the rows of a matrix begin behind a cache line, where all begin alike: a part of a line that one
// band leaves to the next does not stay in the cache, and is read and written again. ns per element over 1400 entries
// of 4000 columns 0.63, and 0.42 where bands begin with a line, with AVX2 1.5 and 0.68; of the gradient over 1024 of
// 4096 2.3 and 1.3 (Zen 5).
template <class E> size_t past_line(const E *matrix, size_t inner) {
  constexpr size_t line = 64 / sizeof(E);
  return inner % line == 0 ? reinterpret_cast<uintptr_t>(matrix) / sizeof(E) % line : 0;
}
// Calls f(first column, width) for the bands of a matrix to be written.
template <class T, class E, class F> void for_each_band_of(const E *matrix, size_t inner, size_t columns, F f) {
  for (size_t first = 0, end; first < columns; first = end) {
    end = first + band_columns<T> - (first == 0 ? past_line(matrix, inner) : 0);
    if (end > columns) end = columns;
    f(first, band_width<T>{end - first});
  }
}
// From a column on, the last or as wide as can be.
template <class T> band_width<T> band_from(size_t first, size_t columns) {
  return {columns - first < band_columns<T> ? columns - first : band_columns<T>};
}

// Of which columns of a register n shares are open, as leaves_open says of a row, as bits: of exponentials in rows so
// far apart.
[[gnu::noinline, gnu::flatten]] inline unsigned open_columns(const double *e, size_t n, size_t apart,
                                                             share<double> share_of, double part) {
  unsigned open = 0;
  for (size_t j = 0; j < n; j++) {
    const vec<double> s = share_of(load<double>(e + j * apart));
    open |= open_lanes(s, s * part);
  }
  return open;
}

// The maxima of the columns of each register. Where an entry is NaN, of the others.
template <class T, class E>
void column_maxima(const E *x, size_t length, size_t inner, band_width<T> width, vec<T> *maxima) {
  const vec<T> lowest = -T(__builtin_inf());
  if (width.columns == band_columns<T>) { // A row at a time.
    vec<T> m[band_registers];
    for (size_t r = 0; r < band_registers; r++)
      m[r] = lowest;
    for (size_t j = 0; j < length; j++)
      for (size_t r = 0; r < band_registers; r++) {
        __builtin_prefetch(x + (j + 4) * inner + r * vec<T>::lanes);
        m[r] = max(m[r], load<T>(x + j * inner + r * vec<T>::lanes));
      }
    for (size_t r = 0; r < band_registers; r++)
      maxima[r] = m[r];
    return;
  }
  for (size_t r = 0; r < width.registers(); r++) {
    vec<T> m = lowest;
    for (size_t j = 0; j < length; j++)
      m = max(m, width.load(x + j * inner, r));
    maxima[r] = m;
  }
}

// The exponentials of a band, row after row.
template <class T> struct kept_band {
  static constexpr size_t capacity = kept_band_bytes / VECTOR_BYTES;
  vec<T> e[capacity];
};

// As sum_few.
template <size_t n, class T, bool total, class F>
void sum_few_rows(size_t length, size_t registers, column_sums<T> *result, F term) {
  constexpr size_t lanes = vec<T>::lanes, doubles = vec<double>::lanes, kept = total ? n : 1;
  for (size_t r = 0; r < registers; r++) {
    compensated<vec<double>> all[lanes / doubles][step<T>];
    for (size_t l = 0; l < step<T>; l++) {
      const auto at = [&](size_t i) { return l + i * step<T> < length ? term(l + i * step<T>, r) : vec<T>(T(0)); };
      T terms[kept][lanes];
      if constexpr (total || n == 1)
        for (size_t i = 0; i < n; i++)
          store(terms[i], at(i));
      else if constexpr (n == 2)
        store(terms[0], (at(0) + at(1)) + T(0));
      else
        store(terms[0], (at(0) + at(1)) + (at(2) + at(3)));
      for (size_t i = 0; i < lanes; i += doubles)
        all[i / doubles][l] = add_few<kept>(&terms[0][i], lanes);
    }
    for (size_t i = 0; i < lanes; i += doubles)
      result[r].put(i, add_lanes<T>(all[i / doubles]));
  }
}

// Adds up term(j, r) over the rows j, for each column of register r, in the order of sum_row. prepare(j, end) comes
// before the terms of the rows from j to end, a block at most; where there are more, lane_of(lanes, r, i) gives what is
// added of the columns of register r from i on.
template <class T, bool total, class P, class F, class L>
void sum_columns(size_t length, size_t registers, column_sums<T> *result, P prepare, F term, L lane_of) {
  constexpr size_t lanes = vec<T>::lanes;
  if (length <= block<T>) {
    prepare(0, length);
    if (length <= step<T>) return sum_few_rows<1, T, total>(length, registers, result, term);
    if (length <= 2 * step<T>) return sum_few_rows<2, T, total>(length, registers, result, term);
    return sum_few_rows<4, T, total>(length, registers, result, term);
  }
  for (size_t start = 0; start < length; start += chunk) {
    const size_t end = length - start < chunk ? length : start + chunk;
    const size_t used = end - start < step<T> ? end - start : step<T>;
    // Each virtual lane of a register of columns.
    lane_sums<T, total, lanes> sums[step<T>][band_registers];
    for (size_t first = start; first < end; first += block<T>) {
      const bool whole = first + block<T> <= end;
      prepare(first, whole ? first + block<T> : end);
      for (size_t l = 0; l < used && first + l < end; l++) {
        const size_t j = first + l;
        for (size_t r = 0; r < registers; r++) {
          lane_sum<T, total> sum;
          if (whole) {
            vec<T> t[] = {term(j, r), term(j + step<T>, r), term(j + 2 * step<T>, r), term(j + 3 * step<T>, r)};
            if (first == start) {
              sum.begin(t);
            } else {
              sum = sums[l][r].get(0);
              sum.add(t);
            }
          } else {
            const auto at = [&](size_t j) { return j < end ? term(j, r) : vec<T>(T(0)); };
            vec<T> t[] = {at(j), at(j + step<T>), at(j + 2 * step<T>), at(j + 3 * step<T>)};
            if (first > start) sum = sums[l][r].get(0);
            sum.add(t);
          }
          sums[l][r].put(0, sum);
        }
      }
    }
    for (size_t r = 0; r < registers; r++) {
      for (size_t i = 0; i < lanes; i += vec<double>::lanes) {
        compensated<vec<double>> all[step<T>];
        for (size_t l = 0; l < step<T>; l++) {
          all[l] = {0.0, 0.0};
          if (l < used) all[l] = lane_of(sums[l][r], r, i);
        }
        compensated<vec<double>> sum = {0.0, 0.0};
        if (start > 0) sum = result[r].get(i);
        join<T>(sum, add_lanes<T>(all));
        result[r].put(i, sum);
      }
    }
  }
}
template <class T, bool total, class P, class F>
void sum_columns(size_t length, size_t registers, column_sums<T> *result, P prepare, F term) {
  sum_columns<T, total>(length, registers, result, prepare, term,
                        [](const auto &lanes, size_t, size_t i) { return lanes.in_double(i); });
}

} // namespace
