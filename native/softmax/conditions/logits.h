// What a slice is made of under conditions: x over a temperature plus a mask, as pairs of doubles. Rounded to one
// number first, its error would count as often as the logit is large.
#pragma once

#include "softmax/loops.h"
#include "softmax/shares.h"

namespace {

using nonlin::conditions;

// Which of n flags, bytes a step apart, are not 0. In lanes from n on, anything.
template <class T> mask<T> flags_at(const uint8_t *flags, size_t step, size_t n) {
  uint8_t some[vec<T>::lanes] = {};
  if (step != 1 || n != vec<T>::lanes) {
    for (size_t i = 0; i < n; i++)
      some[i] = flags[i * step];
    flags = some;
  }
  return {load_bytes<T>(flags) != 0};
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

  explicit logits(const conditions &c)
      : flags(c.additive ? nullptr : static_cast<const uint8_t *>(c.mask)),
        added(c.additive ? static_cast<const E *>(c.mask) : nullptr) {
    // Of a temperature below 1 the power of two comes last.
    double t = c.temperature < 0 ? -c.temperature : c.temperature;
    for (unit = 1; t < 1 && unit < 0x1p1000; t *= 2)
      unit *= 2;
    // Else 1 / t would be subnormal.
    for (; t > 0x1p900; t /= 2)
      unit /= 2;
    // The sum of two doubles may overflow, that of their halves does not.
    if (added != nullptr && sizeof(E) == sizeof(double)) {
      t *= 2;
      unit *= 2;
    }
    if (c.temperature < 0) t = -t;
    high = 1 / t;
    low = fused(-high, t, 1.0) / t;
    of_bias = 1 / unit;
  }

  bool adds() const { return added != nullptr; }
  // The mask of n entries from `first` on, a step apart, as what is added: of a boolean one 0 or -Infinity.
  vec<double> bias(size_t first, size_t step, size_t n) const {
    if (flags != nullptr)
      return select(flags_at<double>(flags + first, step, n), vec<double>(0.0), vec<double>(-__builtin_inf()));
    return added == nullptr ? vec<double>(0.0) : entries_of(added + first, step, n) * of_bias;
  }
  // The logit less `shift`. A masked NaN is masked. Of floats one number is enough, rounded when it is as small as it
  // will be; of doubles it is a pair.
  pair<double> operator()(vec<double> x, vec<double> bias, vec<double> shift) const {
    const vec<double> none = 0.0;
    const mask<double> finite = abs(x) < vec<double>(__builtin_inf()), masked = is_masked(bias);
    pair<double> rest = {-shift, none};
    if (added != nullptr) rest = add({bias, none}, -shift);
    if constexpr (sizeof(E) == sizeof(float)) {
      const vec<double> small = select(finite, fma(x, low, rest.low), none);
      return {select(masked, bias, fma(x, high, rest.high) + small), none};
    } else {
      const pair<double> whole = product(x, vec<double>(high));
      pair<double> logit = add({whole.high, select(finite, fma(x, low, whole.low), none)}, rest.high);
      // What was taken off may have left little beside the lower part.
      const vec<double> small = logit.low + rest.low, sum = logit.high + small;
      logit = {sum, select(abs(sum) < vec<double>(__builtin_inf()), small - (sum - logit.high), none)};
      return {select(masked, bias, logit.high), logit.low};
    }
  }

  // A slice of floats as what asks more than double lanes takes it; `first` and `along` as above.
  nonlin::open_slice open_slice(const float *x, size_t step, size_t first, size_t along, double temperature,
                                double of_nothing) const {
    const E *const elements = added == nullptr ? added : added + first;
    const uint8_t *const bytes = flags == nullptr ? flags : flags + first;
    return {x, step, temperature, elements, bytes, along, of_nothing};
  }

private:
  const uint8_t *flags;
  const E *added;
  double high, low, of_bias;

  static vec<double> entries_of(const E *p, size_t step, size_t n) {
    if (step == 1) return load_some<double>(p, n);
    vec<double> entries = 0.0;
    for (size_t i = 0; i < n; i++)
      entries.v[i] = double(p[i * step]);
    return entries;
  }
};

// As scaled_exp, of logits less `shift`; nothing of those out of reach.
struct tempered_exp {
  vec<double> shift, floor, power;
  // Where the maximum is large, what is the largest of the logits less `shift`, or 0: to be taken off as well.
  vec<double> rest = 0.0;
  bool has_rest = false;
  double unit;

  // Up to which size of the maximum nothing is taken off, as nothing is of what is guessed for short rows. What
  // rounding takes from a logit is a part of it: of 14285, from entries around 10000 at a temperature of 0.7, so much
  // that it left a share open in every sixth row of 1000.
  // Of a batch the total tells which maxima serve: of 128 entries some down to -312.6 (guessed_exp), where a row alone
  // is to have the same bits.
  static constexpr double moderate_size = 320;

  tempered_exp() = default;
  tempered_exp(vec<double> m, double unit) : unit(unit) {
    const vec<double> none = 0.0, finite = select(m > -__builtin_inf(), m, none), real = finite * unit;
    const mask<double> moderate = abs(real) <= moderate_size;
    shift = select(moderate, none, finite);
    const vec<double> scaled = select(moderate, real, none);
    floor = scaled - reach<double>;
    power = double(usual_exp<double>::power) - (fma(scaled, log2_e<double>, shifter<double>) - shifter<double>);
  }
  // Where the maximum is so large that what rounding took from it, up to 2^-53 of it, is no longer small beside 1.
  // Below it stays in the lower parts of the logits.
  static constexpr double too_large = 0x1p40;
  bool needs_rest() const { return any_greater(abs(shift) * unit, too_large); }
  void take_rest(vec<double> largest) {
    rest = largest;
    has_rest = true;
  }
  // What a share may be wrong by, of floats: as without conditions, and for each of two exponentials twice what
  // rounding makes of a logit within reach. Where all that is added is large, that of a logit less it is not small;
  // where nothing is, so large logits within reach are equal.
  double part_of_shares(bool adds) const {
    const vec<double> of_rest = adds && has_rest ? abs(rest) * unit : vec<double>(0.0);
    double farthest = 0;
    for (size_t i = 0; i < vec<double>::lanes; i++) {
      const double m = __builtin_fabs(floor.v[i] + reach<double>) + of_rest.v[i];
      farthest = m > farthest ? m : farthest;
    }
    return part_of_share + 4 * (farthest + reach<float>)*0x1p-53;
  }
  // Of the logits that round to the rest nothing is left: their lower parts may be many units.
  pair<double> less_rest(pair<double> logit) const {
    const vec<double> none = 0.0;
    const mask<double> some = {(rest > none).m | (rest < none).m};
    const mask<double> top = {some.m & (logit.high + logit.low >= rest).m};
    logit = add(logit, -rest);
    return {select(top, none, logit.high), select(top, none, logit.low)};
  }
  vec<double> operator()(pair<double> logit) const {
    if (has_rest) logit = less_rest(logit);
    const pair<double> z = {logit.high * unit, logit.low * unit};
    const exponential<double> e = exponential_of(z);
    return select(z.high < floor, vec<double>(0.0), exp_times(vec<double>(1.0), {e.minus_one, e.shifted + power}));
  }
};
// As usual_exp, for rows whose totals are to tell whether it serves; NaN stays NaN.
struct guessed_exp {
  double unit;

  vec<double> operator()(pair<double> logit) const {
    const usual_exp<double> like;
    const vec<double> high = min(logit.high * unit, like.ceiling), none = 0.0;
    const pair<double> z = {high, select(high < like.ceiling, logit.low * unit, none)};
    const exponential<double> e = exponential_of(z);
    return select(high < like.floor, none, exp_times(vec<double>(1.0), {e.minus_one, e.shifted + like.steps}));
  }
  // Whether it serves where that is the largest logit.
  static bool reaches(double m) { return -307 < m && m < 277; }
  // As part_of_shares, where the largest logit is from -312.6 to 278.
  static constexpr double part_of_shares = part_of_share + 4 * (tempered_exp::moderate_size + reach<float>)*0x1p-53;
};
// Of logits of which the largest is `top`, for what is less than it.
inline tempered_exp exp_below(vec<double> top, double unit) {
  tempered_exp exp_of;
  exp_of.shift = top;
  exp_of.floor = -1000.0;
  exp_of.power = double(usual_exp<double>::power);
  exp_of.unit = unit;
  return exp_of;
}

} // namespace
