// Softmax and its gradient of the columns of a matrix: a band of them at a time, a few registers wide, so that each row
// of the matrix is touched in whole cache lines.
#pragma once

#include "softmax/rows.h"

namespace {

constexpr size_t band_registers = 512 / VECTOR_BYTES;

// One number for each column of a register.
template <class T> using column_doubles = double[vec<T>::lanes];

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

// The exponentials of a band, row after row.
template <class T> struct kept_band {
  static constexpr size_t capacity = kept_bytes / VECTOR_BYTES;
  vec<T> e[capacity];
};

// Adds up term(j, r) over the rows j, for each column of register r, in the order of sum_row.
template <class T, class F> void sum_columns(size_t length, size_t registers, column_doubles<T> *result, F term) {
  constexpr size_t lanes = vec<T>::lanes;
  column_doubles<T> errors[band_registers];
  for (size_t r = 0; r < registers; r++)
    for (size_t i = 0; i < lanes; i++)
      result[r][i] = errors[r][i] = 0;
  for (size_t start = 0; start < length; start += chunk) {
    const size_t end = length - start < chunk ? length : start + chunk;
    const size_t used = end - start < step<T> ? end - start : step<T>;
    // A virtual lane of a register of columns: its sum and the errors.
    T sums[step<T>][band_registers][2][lanes];
    for (size_t first = start; first < end; first += block<T>) {
      auto add = [&](size_t l, size_t r, vec<T> t) {
        compensated<vec<T>> sum = {t, T(0)};
        if (first > start) {
          sum = {load<T>(sums[l][r][0]), load<T>(sums[l][r][1])};
          sum.add(t);
        }
        store(sums[l][r][0], sum.high);
        store(sums[l][r][1], sum.low);
      };
      if (first + block<T> <= end) {
        for (size_t l = 0; l < step<T>; l++) {
          const size_t j = first + l;
          for (size_t r = 0; r < registers; r++) {
            vec<T> a = term(j, r) + term(j + step<T>, r);
            vec<T> b = term(j + 2 * step<T>, r) + term(j + 3 * step<T>, r);
            add(l, r, a + b);
          }
        }
      } else {
        for (size_t l = 0; l < used && first + l < end; l++) {
          for (size_t r = 0; r < registers; r++) {
            auto rest = [&](size_t j) { return j < end ? term(j, r) : vec<T>(T(0)); };
            const size_t j = first + l;
            vec<T> sum = rest(j);
            if (j + step<T> < end) sum = sum + rest(j + step<T>);
            if (j + 2 * step<T> < end) sum = sum + (rest(j + 2 * step<T>) + rest(j + 3 * step<T>));
            add(l, r, sum);
          }
        }
      }
    }
    for (size_t r = 0; r < registers; r++) {
      for (size_t i = 0; i < lanes; i += vec<double>::lanes) {
        compensated<vec<double>> all[step<T>];
        for (size_t l = 0; l < step<T>; l++) {
          all[l] = {0.0, 0.0};
          if (l < used) all[l] = in_double<T>(load<double>(&sums[l][r][0][i]), load<double>(&sums[l][r][1][i]));
        }
        compensated<vec<double>> sum = {load<double>(&result[r][i]), load<double>(&errors[r][i])};
        sum.add(add_lanes<T>(all));
        const bool last = start + chunk >= length;
        store(&result[r][i], last ? value_of(sum) : sum.high);
        store(&errors[r][i], sum.low);
      }
    }
  }
}

// Computes a band, unless `accept` dislikes the totals of a column. exp_of(x, r) is for the columns of register r.
template <class T, class E, class Exp, class F>
bool softmax_band(Exp exp_of, F accept, kept_band<T> &kept, const E *g, const E *x, E *y, size_t length, size_t inner,
                  band_width<T> width, bool log) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t registers = width.registers();
  const bool whole = length * registers <= kept.capacity;
  // The rows are on pages of their own, where the processor does not look ahead.
  auto exponential = [&](size_t j, size_t r) {
    __builtin_prefetch(x + (j + 1) * inner + r * lanes);
    return exp_of(width.load(x + j * inner, r), r);
  };

  column_doubles<T> totals[band_registers];
  sum_columns<T>(length, registers, totals, [&](size_t j, size_t r) {
    const vec<T> e = exponential(j, r);
    if (whole) kept.e[j * registers + r] = e;
    return e;
  });
  if (!accept(totals)) return false;

  share<T> share_of[band_registers];
  for (size_t r = 0; r < registers; r++)
    share_of[r] = shares<T, lanes>(totals[r]).of_lanes();
  auto finish = [&](auto e) {
    if (g == nullptr) {
      for (size_t j = 0; j < length; j++) {
        for (size_t r = 0; r < registers; r++) {
          __builtin_prefetch(y + (j + 4) * inner + r * lanes, 1);
          width.store(y + j * inner, r, share_of[r](e(j, r)));
        }
      }
      return;
    }
    auto gradient = [&](size_t j, size_t r) { return width.load(g + j * inner, r); };
    column_doubles<T> weighted[band_registers];
    if (log) {
      sum_columns<T>(length, registers, weighted, gradient);
      for (size_t j = 0; j < length; j++)
        for (size_t r = 0; r < registers; r++)
          width.store(y + j * inner, r, fma(-share_of[r](e(j, r)), load<T>(weighted[r]), gradient(j, r)));
      return;
    }
    sum_columns<T>(length, registers, weighted,
                   [&](size_t j, size_t r) { return share_of[r](e(j, r)) * gradient(j, r); });
    vec<T> mean[band_registers];
    for (size_t r = 0; r < registers; r++)
      mean[r] = load<T>(weighted[r]);
    for (size_t j = 0; j < length; j++)
      for (size_t r = 0; r < registers; r++)
        width.store(y + j * inner, r, share_of[r](e(j, r)) * (gradient(j, r) - mean[r]));
  };
  if (whole)
    finish([&](size_t j, size_t r) { return kept.e[j * registers + r]; });
  else
    finish(exponential);
  return true;
}

// A band with a column that usual_exp does not suit; the columns that it does suit are computed as by it.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void unusual_band(kept_band<T> &kept, const E *g, const E *x, E *y, size_t length,
                                                  size_t inner, band_width<T> width, const column_doubles<T> *totals,
                                                  bool log) {
  scaled_exp<T> scaled[band_registers];
  for (size_t r = 0; r < width.registers(); r++) {
    vec<T> m = -T(__builtin_inf());
    for (size_t j = 0; j < length; j++)
      m = max(m, width.load(x + j * inner, r));
    T usual[vec<T>::lanes];
    for (size_t i = 0; i < vec<T>::lanes; i++)
      usual[i] = is_usual<T>(totals[r][i]);
    scaled[r] = scaled_exp<T>(m, load<T>(usual) > 0);
  }
  softmax_band<T>([&](vec<T> x, size_t r) { return scaled[r](x); }, [](const column_doubles<T> *) { return true; },
                  kept, g, x, y, length, inner, width, log);
}

template <class T, class E>
void softmax_band(kept_band<T> &kept, const E *g, const E *x, E *y, size_t length, size_t inner, band_width<T> width,
                  bool log) {
  auto accept = [&](const column_doubles<T> *totals) {
    mask<double> usual = vec<double>(0.0) <= vec<double>(0.0);
    for (size_t r = 0; r < width.registers(); r++)
      for (size_t i = 0; i < vec<T>::lanes; i += vec<double>::lanes)
        usual.m &= is_usual<T>(load<double>(&totals[r][i])).m;
    bool all = true;
    for (size_t i = 0; i < vec<double>::lanes; i++)
      all = all && usual.m[i];
    if (!all) unusual_band<T>(kept, g, x, y, length, inner, width, totals, log);
    return all;
  };
  const usual_exp<T> usual;
  softmax_band<T>([&](vec<T> x, size_t) { return usual(x); }, accept, kept, g, x, y, length, inner, width, log);
}

template <class T, class E>
void for_each_band(const E *g, const E *x, E *y, size_t length, size_t inner, size_t columns, bool log = false) {
  auto &kept = kept_here<kept_band<T>>();
  // As wide as can be kept whole, but two cache lines at least.
  const size_t fit = kept.capacity / length;
  const size_t registers = fit < band_registers / 4 || fit > band_registers ? band_registers : fit;
  const size_t most = registers * vec<T>::lanes;
  for (size_t c = 0; c < columns; c += most)
    softmax_band<T>(kept, g == nullptr ? g : g + c, x + c, y + c, length, inner,
                    band_width<T>{columns - c < most ? columns - c : most}, log);
}

template <class T, class E>
[[gnu::flatten]] void softmax_columns(const void *x, void *y, size_t length, size_t inner, size_t columns) {
  for_each_band<T, E>(nullptr, static_cast<const E *>(x), static_cast<E *>(y), length, inner, columns);
}

// Of softmax, or of its logarithm.
template <class T, class E, bool log = false>
[[gnu::flatten]] void softmax_columns_grad(const void *g, const void *x, void *y, size_t length, size_t inner,
                                           size_t columns) {
  for_each_band<T>(static_cast<const E *>(g), static_cast<const E *>(x), static_cast<E *>(y), length, inner, columns,
                   log);
}

} // namespace
