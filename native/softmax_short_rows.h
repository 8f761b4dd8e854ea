// Softmax of rows that each fill a register or a few: one row per lane, so that nothing is left over and nothing is
// added across lanes.
#pragma once

#include "softmax_columns.h"

namespace {

// The four elements of a virtual lane are added before anything else, so up to here a sum has no errors to keep.
template <class T> constexpr size_t short_row = 4 * step<T>;

// Moves `length` columns of `count` rows between memory and registers with one row per lane.
template <class T, class E> void load_rows(const E *x, vec<T> (&columns)[short_row<T>], size_t count, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t first = 0; first < length; first += lanes) {
    const size_t n = length - first < lanes ? length - first : lanes;
    vec<T> tile[lanes];
    for (size_t i = 0; i < lanes; i++)
      tile[i] = i < count ? load_some<T>(x + i * length + first, n) : vec<T>(T(0));
    transpose(tile);
    for (size_t j = 0; j < lanes; j++)
      columns[first + j] = tile[j];
  }
}
template <class T, class E> void store_rows(E *y, const vec<T> (&columns)[short_row<T>], size_t count, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t first = 0; first < length; first += lanes) {
    const size_t n = length - first < lanes ? length - first : lanes;
    vec<T> tile[lanes];
    for (size_t j = 0; j < lanes; j++)
      tile[j] = columns[first + j];
    transpose(tile);
    for (size_t i = 0; i < lanes && i < count; i++)
      store_some(y + i * length + first, tile[i], n);
  }
}

template <class T, class E> void softmax_short_rows(const E *x, E *y, size_t rows, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t i = 0; i < rows; i += lanes) {
    const size_t count = rows - i < lanes ? rows - i : lanes;
    vec<T> columns[short_row<T>];
    load_rows(x + i * length, columns, count, length);
    vec<T> m = -T(__builtin_inf());
    for (size_t j = 0; j < length; j++)
      m = max(m, columns[j]);
    const scaled_exp<T> scaled(m);
    for (size_t j = 0; j < length; j++)
      columns[j] = scaled(columns[j]);
    T sums[step<T>][lanes];
    const size_t used = length < step<T> ? length : step<T>;
    for (size_t l = 0; l < used; l++) {
      auto rest = [&](size_t j) { return j < length ? columns[j] : vec<T>(T(0)); };
      store(sums[l], (columns[l] + rest(l + step<T>)) + (rest(l + 2 * step<T>) + rest(l + 3 * step<T>)));
    }
    column_doubles<T> totals;
    add_lanes_by_column<T>(used, totals, [&](size_t l, size_t i) {
      return compensated<vec<double>>{load<double>(&sums[l][i]), 0.0};
    });
    const share<T> share_of(totals);
    for (size_t j = 0; j < length; j++)
      columns[j] = share_of(columns[j]);
    store_rows(y + i * length, columns, count, length);
  }
}

template <class T, class E>
[[gnu::flatten]] void softmax_rows(const void *x, void *y, size_t rows, size_t length, bool stream) {
  const E *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
  if (length <= short_row<T> && rows >= vec<T>::lanes / 2) return softmax_short_rows<T>(from, to, rows, length);
  for (size_t i = 0; i < rows * length; i += length)
    softmax_row<T>(from + i, to + i, length, stream);
  if (stream) fence();
}

} // namespace
