// What a slice is made of under conditions: x over a temperature plus a mask, as pairs of doubles. Rounded to one
// number first, its error would count as often as the logit is large.
#pragma once

#include "kernels.h"
#include "softmax/shares.h"

namespace {

using nonlin::conditions;

// Which of n flags, bytes a step apart, are not 0. In lanes from n on, anything.
template <class T> mask<T> flags_at(const uint8_t *flags, size_t step, size_t n) {
  constexpr size_t lanes = vec<T>::lanes;
  typedef uint8_t bytes __attribute__((vector_size(lanes)));
  uint8_t gathered[lanes] = {};
  if (step != 1 || n != lanes) {
    for (size_t i = 0; i < n; i++)
      gathered[i] = flags[i * step];
    flags = gathered;
  }
  bytes some;
  __builtin_memcpy(&some, flags, lanes);
  return {__builtin_convertvector(some, typename vec<T>::bits) != 0};
}

// Lanes without an entry left; a + b with what the addition loses, which is nothing where an infinity is in it.
inline mask<double> is_masked(vec<double> bias) { return {bias <= vec<double>(-__builtin_inf())}; }
inline pair<double> add(pair<double> a, vec<double> b) {
  const vec<double> high = a.high + b, of_b = high - a.high;
  const vec<double> low = ((a.high - (high - of_b)) + (b - of_b)) + a.low;
  return {high, select(abs(high) < vec<double>(__builtin_inf()), low, vec<double>(0.0))};
}

// Logits in a unit in which they do not overflow before their maximum is taken off: `unit` of them are 1.
template <class E> class logits {
public:
  double unit;

  explicit logits(const conditions &c) : c(c) {
    // Of a temperature below 1 the power of two comes last.
    double t = c.temperature < 0 ? -c.temperature : c.temperature;
    for (unit = 1; t < 1 && unit < 0x1p1000; t *= 2)
      unit *= 2;
    if (c.temperature < 0) t = -t;
    high = 1 / t;
    low = __builtin_fma(-high, t, 1.0) / t;
    of_bias = 1 / unit;
  }

  // The mask of n entries from `first` on, a step apart, as what is added: of a boolean one 0 or -Infinity.
  vec<double> bias(size_t first, size_t step, size_t n) const {
    if (c.mask == nullptr) return vec<double>(0.0);
    if (c.additive) return entries_of(static_cast<const E *>(c.mask) + first, step, n);
    const mask<double> kept = flags_at<double>(static_cast<const uint8_t *>(c.mask) + first, step, n);
    return select(kept, vec<double>(0.0), vec<double>(-__builtin_inf()));
  }
  pair<double> operator()(vec<double> x, vec<double> bias) const {
    const vec<double> whole = x * high;
    const vec<double> rest = fma(x, high, -whole) + x * low;
    pair<double> logit = {whole, select(abs(x) < vec<double>(__builtin_inf()), rest, vec<double>(0.0))};
    if (c.mask != nullptr) logit = add(logit, c.additive ? bias * of_bias : bias);
    // A masked NaN is masked.
    return {select(is_masked(bias), bias, logit.high), logit.low};
  }

private:
  const conditions &c;
  double high, low, of_bias;

  static vec<double> entries_of(const E *p, size_t step, size_t n) {
    if (step == 1) return load_some<double>(p, n);
    vec<double> entries = 0.0;
    for (size_t i = 0; i < n; i++)
      entries.v[i] = double(p[i * step]);
    return entries;
  }
};

// As scaled_exp, of logits; nothing of those out of reach.
struct tempered_exp {
  vec<double> shift, floor, power;
  double unit;

  tempered_exp() = default;
  tempered_exp(vec<double> m, double unit) : unit(unit) {
    const vec<double> none = 0.0, finite = select(m > -__builtin_inf(), m, none), real = finite * unit;
    const mask<double> moderate = abs(real) <= large<double>;
    shift = select(moderate, none, finite);
    const vec<double> rest = select(moderate, real, none);
    floor = rest - reach<double>;
    power = double(usual_exp<double>::power) - (fma(rest, log2_e<double>, shifter<double>) - shifter<double>);
  }
  // Below the largest logit, which is `top` after another one was taken off all of them: for logs.
  static tempered_exp below(vec<double> top, double unit) {
    tempered_exp exp_of;
    exp_of.shift = top;
    exp_of.floor = -1000.0;
    exp_of.power = double(usual_exp<double>::power);
    exp_of.unit = unit;
    return exp_of;
  }

  vec<double> operator()(pair<double> logit) const {
    const pair<double> z = add(logit, -shift);
    // What was taken off may have left little beside the lower part.
    const vec<double> high = z.high + z.low, low = z.low - (high - z.high), real = high * unit;
    const exponential<double> e = exponential_of(pair<double>{real, low * unit});
    return select(real < floor, vec<double>(0.0), exp_times(vec<double>(1.0), {e.minus_one, e.shifted + power}));
  }
};

} // namespace
