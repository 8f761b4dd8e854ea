// Softmax, its logarithm and their gradients under conditions, in double lanes. What a row or a band is made of
// differs; the sums, the shares and the gradients are those without conditions.
#pragma once

#include "softmax/masked.h"

namespace {

// The logits of a row, from its own first entry in the mask on; those of a band, by row and register.
template <class E> struct row_logits {
  const logits<E> &of;
  const E *x;
  size_t first, along;

  vec<double> bias(size_t j, size_t n) const { return of.bias(first + j * along, along, n); }
  pair<double> at(size_t j, size_t n) const { return of(load_some<double>(x + j, n), bias(j, n)); }
};
template <class E> struct band_logits {
  const logits<E> &of;
  const E *x;
  size_t inner, first, along, beside;
  band_width<double> width;

  vec<double> bias(size_t j, size_t r) const {
    return of.bias(first + j * along + r * vec<double>::lanes * beside, beside, width.lanes_in(r));
  }
  pair<double> at(size_t j, size_t r) const { return of(width.load(x + j * inner, r), bias(j, r)); }
};

// The largest of the rounded logits that of(j, n) gives. NaN is none; the sum finds it.
template <class F> double largest_of_row(size_t length, F of) {
  constexpr size_t lanes = vec<double>::lanes;
  const vec<double> lowest = -__builtin_inf();
  vec<double> m = lowest;
  for (size_t j = 0; j < length; j += lanes) {
    const size_t n = length - j < lanes ? length - j : lanes;
    const pair<double> logit = of(j, n);
    m = max(m, select(first_lanes<double>(n), logit.high + logit.low, lowest));
  }
  double largest = m.v[0];
  for (size_t i = 1; i < lanes; i++)
    largest = m.v[i] > largest ? m.v[i] : largest;
  return largest;
}
template <class F> vec<double> largest_of_columns(size_t length, F of) {
  vec<double> m = -__builtin_inf();
  for (size_t j = 0; j < length; j++) {
    const pair<double> logit = of(j);
    m = max(m, logit.high + logit.low);
  }
  return m;
}

// What softmax_row and softmax_band read. Nothing that a masked entry's gradient holds counts.
template <class E> struct conditioned_row {
  row_logits<E> logits;
  tempered_exp exp_of;
  double temperature;

  template <class F> void compute(size_t j, size_t n, double *e, F f) const {
    constexpr size_t lanes = vec<double>::lanes;
    for (size_t i = 0; i < n; i += lanes)
      store(e + i, f(exp_of(logits.at(j + i, n - i < lanes ? n - i : lanes))));
  }
  vec<double> gradient(const E *g, size_t j, size_t n) const {
    return select(is_masked(logits.bias(j, n)), vec<double>(0.0), load_some<double>(g + j, n));
  }
  vec<double> result(vec<double> dx, size_t j, size_t n) const {
    return select(is_masked(logits.bias(j, n)), vec<double>(0.0), dx / temperature);
  }
};
template <class E> struct conditioned_band {
  band_logits<E> logits;
  const tempered_exp *exp_of;
  double temperature, of_nothing;
  // By register, the columns without an entry left.
  const mask<double> *empty;

  vec<double> exponential(size_t j, size_t r) const { return exp_of[r](logits.at(j, r)); }
  vec<double> gradient(const E *g, size_t j, size_t r) const {
    return select(is_masked(logits.bias(j, r)), vec<double>(0.0), logits.width.load(g + j * logits.inner, r));
  }
  vec<double> result(vec<double> dx, size_t j, size_t r) const {
    const vec<double> kept = select(is_masked(logits.bias(j, r)), vec<double>(0.0), dx / temperature);
    return select(empty[r], vec<double>(of_nothing), kept);
  }
};

template <class E>
[[gnu::noinline]] void tempered_row(kept_row<double> &kept, const row_logits<E> &logits, const E *g, E *y,
                                                  size_t length, const conditions &c, bool log) {
  const double m = largest_of_row(length, [&](size_t j, size_t n) { return logits.at(j, n); });
  const conditioned_row<E> entries{logits, {vec<double>(m), logits.of.unit}, c.temperature};
  const auto is_something = [](compensated<double> total) { return !(total.high == 0); };
  if (!softmax_row<double>(entries, is_something, kept, g, logits.x, y, length, false, log)) {
    const vec<double> nothing = c.zero ? 0 : __builtin_nan("");
    fill_row<double>(y, length, false, [=](size_t, size_t) { return nothing; });
  }
}

template <class E>
[[gnu::noinline]] void tempered_band(kept_band<double> &kept, const band_logits<E> &logits, const E *g,
                                                   E *y, size_t length, const conditions &c, bool log) {
  constexpr size_t lanes = vec<double>::lanes;
  const size_t registers = logits.width.registers();
  tempered_exp exp_of[band_registers];
  for (size_t r = 0; r < registers; r++)
    exp_of[r] = {largest_of_columns(length, [&](size_t j) { return logits.at(j, r); }), logits.of.unit};
  mask<double> empty[band_registers];
  const auto accept = [&](column_sums<double> *totals) {
    for (size_t r = 0; r < registers; r++) {
      const vec<double> total = load<double>(totals[r].high);
      empty[r] = {(total <= vec<double>(0.0)).m};
      // A share of 0 then, in place of NaN.
      if (c.zero) store(totals[r].high, select(empty[r], vec<double>(1.0), total));
    }
    return true;
  };
  static_assert(sizeof(column_sums<double>::high) == lanes * sizeof(double));
  const double of_nothing = c.zero ? 0 : __builtin_nan("");
  softmax_band<double>(conditioned_band<E>{logits, exp_of, c.temperature, of_nothing, empty}, accept, kept, g, logits.x,
                       y, length, logits.inner, logits.width, log);
}

// The logarithm: the largest logit is taken off, rounded, and what is then the largest once more, so that nothing that
// is not rounded is left of it.
inline vec<double> finite_or_zero(vec<double> m) { return select(m > -__builtin_inf(), m, vec<double>(0.0)); }
inline vec<double> rounded(pair<double> a) { return a.high + a.low; }
// The terms of the sums below the top and of those that are it; z less the top less the logarithm.
inline vec<double> below_top(const tempered_exp &exp_of, pair<double> z) {
  return select(rounded(z) >= exp_of.shift, vec<double>(0.0), exp_of(z));
}
inline vec<double> is_top(vec<double> top, pair<double> z) {
  return select(rounded(z) >= top, vec<double>(1.0), vec<double>(0.0));
}
inline vec<double> log_share(pair<double> z, vec<double> top, double unit, vec<double> log) {
  const pair<double> d = add(z, -top);
  return (d.high * unit - log) + d.low * unit;
}
// The logarithm of one of several slices; of one of nothing what is left in place of it.
template <class E> double log_of(double m, double below, double log, bool zero) {
  if (!(m > -__builtin_inf())) return zero && below == 0 ? __builtin_inf() : __builtin_nan("");
  return usable_log<double, E>({m, log});
}

template <class E>
[[gnu::noinline]] void tempered_log_row(const row_logits<E> &logits, E *y, size_t length, bool zero) {
  const double m = largest_of_row(length, [&](size_t j, size_t n) { return logits.at(j, n); });
  const vec<double> largest = finite_or_zero(m);
  const auto z = [&](size_t j, size_t n) { return add(logits.at(j, n), -largest); };
  const vec<double> top = finite_or_zero(largest_of_row(length, z));
  const tempered_exp exp_of = tempered_exp::below(top, logits.of.unit);
  const auto sum_of = [&](auto f) {
    return value_of(sum_row<double, false>(length, nothing, [&](size_t j, size_t n) { return f(z(j, n)); }));
  };
  const double below = sum_of([&](pair<double> z) { return below_top(exp_of, z); });
  const double count = sum_of([&](pair<double> z) { return is_top(top, z); });
  const vec<double> rest = log1p_rest(below, usual_exp<double>::factor, count);
  const vec<double> log = log_of<E>(m, below, rest.v[0], zero);
  fill_row<double>(y, length, false, [&](size_t j, size_t n) { return log_share(z(j, n), top, logits.of.unit, log); });
}

template <class E>
[[gnu::noinline]] void tempered_log_band(const band_logits<E> &logits, E *y, size_t length, bool zero) {
  constexpr size_t lanes = vec<double>::lanes;
  const size_t registers = logits.width.registers();
  vec<double> m[band_registers], largest[band_registers], top[band_registers], log[band_registers];
  tempered_exp exp_of[band_registers];
  const auto z = [&](size_t j, size_t r) { return add(logits.at(j, r), -largest[r]); };
  for (size_t r = 0; r < registers; r++) {
    m[r] = largest_of_columns(length, [&](size_t j) { return logits.at(j, r); });
    largest[r] = finite_or_zero(m[r]);
    top[r] = finite_or_zero(largest_of_columns(length, [&](size_t j) { return z(j, r); }));
    exp_of[r] = tempered_exp::below(top[r], logits.of.unit);
  }
  column_sums<double> below[band_registers], count[band_registers];
  sum_columns<double, false>(length, registers, below, nothing,
                             [&](size_t j, size_t r) { return below_top(exp_of[r], z(j, r)); });
  sum_columns<double, false>(length, registers, count, nothing,
                             [&](size_t j, size_t r) { return is_top(top[r], z(j, r)); });
  for (size_t r = 0; r < registers; r++) {
    const vec<double> sum = value_of(below[r].get(0));
    const vec<double> rest = log1p_rest(sum, usual_exp<double>::factor, value_of(count[r].get(0)));
    for (size_t i = 0; i < lanes; i++)
      log[r].v[i] = log_of<E>(m[r].v[i], sum.v[i], rest.v[i], zero);
  }
  for (size_t j = 0; j < length; j++)
    for (size_t r = 0; r < registers; r++)
      logits.width.store(y + j * logits.inner, r, log_share(z(j, r), top[r], logits.of.unit, log[r]));
}

template <class T, class E, bool log = false>
void conditioned_rows(const void *grad, const void *input, void *output, size_t rows, size_t length,
                      const conditions &c) {
  const E *g = static_cast<const E *>(grad), *x = static_cast<const E *>(input);
  E *y = static_cast<E *>(output);
  if (g == nullptr && is_only_masked(c)) return masked_rows<T, E, log>(x, y, rows, length, c);
  const logits<E> of(c);
  auto &kept = kept_here<kept_row<double>>();
  for (size_t i = 0; i < rows; i++) {
    const row_logits<E> row{of, x + i * length, i * c.beside, c.along};
    if (log && g == nullptr)
      tempered_log_row(row, y + i * length, length, c.zero);
    else
      tempered_row(kept, row, g == nullptr ? g : g + i * length, y + i * length, length, c, log);
  }
}

template <class T, class E, bool log = false>
void conditioned_columns(const void *grad, const void *input, void *output, size_t length, size_t inner, size_t columns,
                         const conditions &c) {
  const E *g = static_cast<const E *>(grad), *x = static_cast<const E *>(input);
  E *y = static_cast<E *>(output);
  if (g == nullptr && is_only_masked(c)) return masked_columns<T, E, log>(x, y, length, inner, columns, c);
  const logits<E> of(c);
  auto &kept = kept_here<kept_band<double>>();
  const size_t most = columns_of_band<double>(length);
  for (size_t first = 0; first < columns; first += most) {
    const band_width<double> width{columns - first < most ? columns - first : most};
    const band_logits<E> band{of, x + first, inner, first * c.beside, c.along, c.beside, width};
    if (log && g == nullptr)
      tempered_log_band(band, y + first, length, c.zero);
    else
      tempered_band(kept, band, g == nullptr ? g : g + first, y + first, length, c, log);
  }
}

} // namespace
