// Softmax of rows no longer than the virtual lanes of a sum: one row per lane, so that no register is mostly empty.
#pragma once

#include "softmax_rows.h"

namespace {

// Moves `length` columns of `count` rows between memory and registers with one row per lane.
template <class T, class E> void load_rows(const E *x, vec<T> (&columns)[step<T>], size_t count, size_t length) {
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
template <class T, class E> void store_rows(E *y, const vec<T> (&columns)[step<T>], size_t count, size_t length) {
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

// 1 / the sum over the columns, for each lane: as add_lanes has it where every virtual lane holds one element.
template <class T> vec<T> share_of(const vec<T> (&columns)[step<T>], size_t length) {
  T entries[step<T>][vec<T>::lanes];
  for (size_t j = 0; j < length; j++)
    store(entries[j], columns[j]);
  T shares[vec<T>::lanes];
  for (size_t first = 0; first < vec<T>::lanes; first += vec<double>::lanes) {
    vec<double> sums[step<T>];
    for (size_t j = 0; j < step<T>; j++)
      sums[j] = j < length ? load<double>(&entries[j][first]) : vec<double>(0.0);
    for (size_t width = step<T> / 2; width; width /= 2)
      for (size_t i = 0; i < width; i++)
        sums[i] = sums[i] + sums[i + width];
    store(shares + first, vec<double>(1.0) / sums[0]);
  }
  return load<T>(shares);
}

template <class T, class E> void softmax_short_rows(const E *x, E *y, size_t rows, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t i = 0; i < rows; i += lanes) {
    const size_t count = rows - i < lanes ? rows - i : lanes;
    vec<T> columns[step<T>];
    load_rows(x + i * length, columns, count, length);
    vec<T> m = -T(__builtin_inf());
    for (size_t j = 0; j < length; j++)
      m = max(m, columns[j]);
    const scaled_exp<T> scaled(m);
    for (size_t j = 0; j < length; j++)
      columns[j] = scaled(columns[j]);
    const vec<T> share = share_of<T>(columns, length);
    for (size_t j = 0; j < length; j++)
      columns[j] = columns[j] * share;
    store_rows(y + i * length, columns, count, length);
  }
}

template <class T, class E>
[[gnu::flatten]] void softmax_rows(const void *x, void *y, size_t rows, size_t length, bool stream) {
  const E *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
  if (length <= step<T> && rows >= vec<T>::lanes / 2) return softmax_short_rows<T>(from, to, rows, length);
  for (size_t i = 0; i < rows * length; i += length)
    softmax_row<T>(from + i, to + i, length, stream);
  if (stream) fence();
}

} // namespace
