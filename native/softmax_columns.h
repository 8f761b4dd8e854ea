// Softmax and its gradient of the columns of a matrix: a band of them at a time, a few registers wide, so that each row
// of the matrix is touched in whole cache lines.
#pragma once

#include "softmax_rows.h"

namespace {

constexpr size_t band_registers = 512 / VECTOR_BYTES;

// One number for each column of a register; and for each column of a band.
template <class T> using column_doubles = double[vec<T>::lanes];

template <class T> vec<T> load_doubles(const column_doubles<T> &numbers) {
  T lanes[vec<T>::lanes];
  for (size_t i = 0; i < vec<T>::lanes; i++)
    lanes[i] = T(numbers[i]);
  return load<T>(lanes);
}

// The width of a band in memory: all registers are full but the last.
template <class T> struct band_width {
  size_t columns;

  size_t registers() const { return (columns + vec<T>::lanes - 1) / vec<T>::lanes; }
  size_t lanes_in(size_t r) const {
    const size_t left = columns - r * vec<T>::lanes;
    return left < vec<T>::lanes ? left : vec<T>::lanes;
  }
  template <class E> vec<T> load(const E *row, size_t r) const {
    return load_some<T>(row + r * vec<T>::lanes, lanes_in(r));
  }
  template <class E> void store(E *row, size_t r, vec<T> a) const {
    store_some(row + r * vec<T>::lanes, a, lanes_in(r));
  }
};

// The sums that add_lanes makes, for each column of a register. lane(l, i) gives virtual lane l of the columns from i
// on.
template <class T, class F> void add_lanes_by_column(size_t used, column_doubles<T> &result, F lane) {
  for (size_t i = 0; i < vec<T>::lanes; i += vec<double>::lanes) {
    compensated<vec<double>> lanes[step<T>];
    for (size_t l = 0; l < step<T>; l++) {
      lanes[l] = {0.0, 0.0};
      if (l < used) lanes[l] = lane(l, i);
    }
    store(&result[i], add_lanes<T>(lanes));
  }
}

// Adds up term(j, r) over the rows j of a chunk, for each column of register r, in the order of sum_row: the rows of
// one virtual lane after those of another.
template <class T, class F> void sum_columns(size_t length, size_t registers, column_doubles<T> *result, F term) {
  const size_t used = length < step<T> ? length : step<T>;
  compensated<vec<T>> sums[band_registers][step<T>];
  for (size_t l = 0; l < used; l++) {
    for (size_t r = 0; r < registers; r++)
      sums[r][l] = {T(0), T(0)};
    for (size_t j = l; j < length; j += 4 * step<T>) {
      for (size_t r = 0; r < registers; r++) {
        auto rest = [&](size_t k) { return k < length ? term(k, r) : vec<T>(T(0)); };
        vec<T> a = rest(j) + rest(j + step<T>);
        vec<T> b = rest(j + 2 * step<T>) + rest(j + 3 * step<T>);
        sums[r][l].add(a + b);
      }
    }
  }
  for (size_t r = 0; r < registers; r++) {
    T high[step<T>][vec<T>::lanes], low[step<T>][vec<T>::lanes];
    for (size_t l = 0; l < used; l++) {
      store(high[l], sums[r][l].high);
      store(low[l], sums[r][l].low);
    }
    add_lanes_by_column<T>(used, result[r], [&](size_t l, size_t i) {
      return compensated<vec<double>>{load<double>(&high[l][i]), load<double>(&low[l][i])};
    });
  }
}

// The columns of a register, as slices.
template <class T> struct column_slices {
  vec<T> maximum, mean;
  share<T> share_of;
};

// The sums over a band, as in sum_slice. `keep(j, r, e)` is shown each exponential where the columns are no longer than
// a chunk.
template <class T, class E, class Keep>
void sum_band(const E *g, const E *x, size_t length, size_t inner, band_width<T> width, column_slices<T> *result,
              Keep keep) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t registers = width.registers();
  slice<T> all[band_registers][lanes];
  for (size_t start = 0; start < length; start += chunk) {
    const size_t rows = length - start < chunk ? length - start : chunk;
    const E *from = x + start * inner;
    vec<T> m[band_registers];
    for (vec<T> &one : m)
      one = -T(__builtin_inf());
    for (size_t j = 0; j < rows; j++)
      for (size_t r = 0; r < registers; r++)
        m[r] = max(m[r], width.load(from + j * inner, r));
    scaled_exp<T> scaled[band_registers];
    for (size_t r = 0; r < registers; r++)
      scaled[r] = scaled_exp<T>(m[r]);
    auto entry = [&](size_t j, size_t r) { return scaled[r](width.load(from + j * inner, r)); };
    column_doubles<T> total[band_registers], weighted[band_registers] = {};
    sum_columns<T>(rows, registers, total, [&](size_t j, size_t r) {
      vec<T> e = entry(j, r);
      keep(j, r, e);
      return e;
    });
    if (g != nullptr)
      sum_columns<T>(rows, registers, weighted,
                     [&](size_t j, size_t r) { return entry(j, r) * width.load(g + (start + j) * inner, r); });
    for (size_t r = 0; r < registers; r++)
      for (size_t i = 0; i < lanes; i++)
        all[r][i].append(m[r].v[i], total[r][i], weighted[r][i]);
  }
  for (size_t r = 0; r < registers; r++) {
    T maximum[lanes];
    column_doubles<T> total, mean;
    for (size_t i = 0; i < lanes; i++) {
      maximum[i] = all[r][i].maximum;
      total[i] = all[r][i].total;
      mean[i] = all[r][i].weighted / all[r][i].total;
    }
    result[r] = {load<T>(maximum), load_doubles<T>(mean), share<T>(total)};
  }
}

template <class T, class E> void softmax_band(const E *x, E *y, size_t length, size_t inner, band_width<T> width) {
  column_slices<T> slices[band_registers];
  auto fill = [&](auto exponential) {
    for (size_t j = 0; j < length; j++)
      for (size_t r = 0; r < width.registers(); r++)
        width.store(y + j * inner, r, slices[r].share_of(exponential(j, r)));
  };
  if (sizeof(T) == sizeof(E) && length <= chunk) {
    // Nothing of x in these columns is read again once its exponential is stored, so y may be x.
    sum_band<T, E>(nullptr, x, length, inner, width, slices,
                   [&](size_t j, size_t r, vec<T> e) { width.store(y + j * inner, r, e); });
    fill([&](size_t j, size_t r) { return width.load(y + j * inner, r); });
  } else {
    sum_band<T, E>(nullptr, x, length, inner, width, slices, [](size_t, size_t, vec<T>) {});
    fill([&](size_t j, size_t r) { return scaled_exp<T>(slices[r].maximum)(width.load(x + j * inner, r)); });
  }
}

template <class T, class E>
void softmax_band_grad(const E *g, const E *x, E *y, size_t length, size_t inner, band_width<T> width) {
  column_slices<T> slices[band_registers];
  sum_band<T>(g, x, length, inner, width, slices, [](size_t, size_t, vec<T>) {});
  for (size_t j = 0; j < length; j++)
    for (size_t r = 0; r < width.registers(); r++) {
      vec<T> e = scaled_exp<T>(slices[r].maximum)(width.load(x + j * inner, r));
      width.store(y + j * inner, r, slices[r].share_of(e) * (width.load(g + j * inner, r) - slices[r].mean));
    }
}

// Calls f(first, width) for each band of `columns` columns.
template <class T, class F> void for_each_band(size_t columns, F f) {
  constexpr size_t most = band_registers * vec<T>::lanes;
  for (size_t c = 0; c < columns; c += most)
    f(c, band_width<T>{columns - c < most ? columns - c : most});
}

template <class T, class E>
[[gnu::flatten]] void softmax_columns(const void *x, void *y, size_t length, size_t inner, size_t columns) {
  for_each_band<T>(columns, [&](size_t c, band_width<T> width) {
    softmax_band<T>(static_cast<const E *>(x) + c, static_cast<E *>(y) + c, length, inner, width);
  });
}

template <class T, class E>
[[gnu::flatten]] void softmax_columns_grad(const void *g, const void *x, void *y, size_t length, size_t inner,
                                           size_t columns) {
  for_each_band<T>(columns, [&](size_t c, band_width<T> width) {
    softmax_band_grad<T>(static_cast<const E *>(g) + c, static_cast<const E *>(x) + c, static_cast<E *>(y) + c, length,
                         inner, width);
  });
}

} // namespace
