// Softmax of rows under one condition, by the loops of those without: long ones without the entries that a boolean mask
// leaves out, and any over a temperature.
#pragma once

#include "softmax/masked.h"
#include "softmax/short_rows.h"

namespace {

// x and the mask are read once, together, and an entry that is left out makes 0 where others make their exponential.

// e[j] = f(e^(x sign)) of n entries, or f(0); x is any number where it is left out.
template <class E, class F>
[[gnu::noinline, gnu::flatten]] void compute_kept(const E *x, const uint8_t *flags, E sign, usual_exp<E> exp_of, E *e,
                                                  size_t n, F f) {
  constexpr size_t lanes = vec<E>::lanes;
  const auto of = [=](vec<E> x, mask<E> kept) { return f(select(kept, exp_of(x * sign), vec<E>(E(0)))); };
  size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    __builtin_prefetch(x + j + ahead);
    store(e + j, of(load<E>(x + j), flags_at<E>(flags + j, 1, lanes)));
  }
  if (j < n) store(e + j, of(load<E>(x + j, n - j), flags_at<E>(flags + j, 1, n - j)));
  store(e + n, vec<E>(usual_exp<E>::factor)); // As compute.
}

// Of the kept entries times a sign of a row; -Infinity where there are none.
template <class E> [[gnu::noinline]] E kept_maximum(const E *x, const uint8_t *flags, E sign, size_t length) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> lowest = -E(__builtin_inf());
  vec<E> most = lowest;
  for (size_t j = 0; j < length; j += lanes) {
    const size_t n = length - j < lanes ? length - j : lanes;
    most = max(most, select(mask<E>{flags_at<E>(flags + j, 1, n).m & first_lanes<E>(n).m},
                            load_some<E>(x + j, n) * sign, lowest));
  }
  E m[lanes];
  store(m, most);
  return row_maximum<E>(m, lanes);
}

// As row_entries, without a gradient.
template <class E> struct kept_entries {
  const E *x;
  const uint8_t *flags;
  E sign;
  usual_exp<E> exp_of;

  template <class F> void compute(size_t j, size_t n, E *e, F f) const {
    compute_kept(x + j, flags + j, sign, exp_of, e, n, f);
  }
  static constexpr bool is_decided = false;
};

// Where this is faster than masked.h, for what is only masked: rows that fill the blocks of a sum, and of which two can
// be kept.
template <class E> bool suits_long_rows(const conditions &c, size_t length) {
  return c.mask != nullptr && c.along == 1 && length >= 2 * block<E> && length <= kept_row<E>::half;
}
template <class E>
void masked_long_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c, const rows_kernel &kernel) {
  const auto flags_of = [&](size_t i) { return static_cast<const uint8_t *>(c.mask) + i * c.beside; };
  usual_exp<E> exp_of;
  softmax_long_rows<E>(
      exp_of, kept_here<kept_row<E>>(), x, y, rows, length, false,
      [&](size_t i, const usual_exp<E> &exp_of) {
        return kept_entries<E>{x + i * length, flags_of(i), E(c.temperature), exp_of};
      },
      [&](size_t i) { return kept_maximum(x + i * length, flags_of(i), E(c.temperature), length); },
      [&](size_t i) {
        conditions of_row = c;
        of_row.mask = flags_of(i);
        masked_rows(x + i * length, y + i * length, 1, length, of_row, false, kernel);
      });
}

// What floats added to a row do but leave entries out: the largest of what they make of others, and whether any of it
// is infinite or NaN.
template <class E> struct changed_entries {
  vec<E> most;
  mask<E> unknown;

  void begin() {
    most = -E(__builtin_inf());
    unknown = no_lanes<E>();
  }
  E largest_of() const {
    E all[vec<E>::lanes];
    store(all, most);
    return row_maximum<E>(all, vec<E>::lanes);
  }
};
// As compute_kept, where 0 is added.
template <class E, class F>
[[gnu::noinline, gnu::flatten]] void compute_added(const E *x, const E *added, E sign, usual_exp<E> exp_of, E *e,
                                                   size_t n, changed_entries<E> &changed, F f) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> none = E(0), lowest = -E(__builtin_inf()), infinite = E(__builtin_inf());
  changed_entries<E> here = changed;
  const auto of = [&](vec<E> x, vec<E> bias) {
    const vec<E> logit = x * sign, sum = logit + bias;
    const mask<E> same = {(bias <= none).m & (bias >= none).m}, other = {~same.m & ~(bias <= lowest).m};
    here.most = max(here.most, select(other, sum, lowest)); // Keeps its own where the sum is NaN.
    here.unknown.m |= other.m & ~(sum < infinite).m;
    return f(select(same, exp_of(logit), none));
  };
  size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    __builtin_prefetch(x + j + ahead);
    __builtin_prefetch(added + j + ahead);
    store(e + j, of(load<E>(x + j), load<E>(added + j)));
  }
  // What is not there adds 0.
  if (j < n) store(e + j, of(load<E>(x + j, n - j), load<E>(added + j, n - j)));
  store(e + n, vec<E>(usual_exp<E>::factor)); // As compute.
  changed = here;
}
template <class E> [[gnu::noinline]] E unchanged_maximum(const E *x, const E *added, E sign, size_t length) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> none = E(0), lowest = -E(__builtin_inf());
  vec<E> most = lowest;
  for (size_t j = 0; j < length; j += lanes) {
    const size_t n = length - j < lanes ? length - j : lanes;
    const vec<E> bias = load_some<E>(added + j, n);
    const mask<E> same = {(bias <= none).m & (bias >= none).m & first_lanes<E>(n).m};
    most = max(most, select(same, load_some<E>(x + j, n) * sign, lowest));
  }
  E m[lanes];
  store(m, most);
  return row_maximum<E>(m, lanes);
}
template <class E> struct added_entries {
  const E *x, *added;
  E sign;
  usual_exp<E> exp_of;
  changed_entries<E> *changed;

  template <class F> void compute(size_t j, size_t n, E *e, F f) const {
    if (j == 0) changed->begin();
    compute_added(x + j, added + j, sign, exp_of, e, n, *changed, f);
  }
  static constexpr bool is_decided = false;
};
// Rows to which floats are added, where these leave each entry as it is or make nothing of it; the others by `general`,
// a row at a time.
template <class E, class G>
void added_long_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c, G general) {
  const auto added_to = [&](size_t i) { return static_cast<const E *>(c.mask) + i * c.beside; };
  const E sign = E(c.temperature);
  usual_exp<E> exp_of;
  changed_entries<E> changed;
  const auto only_leaves_out = [&](const usual_exp<E> &exp_of, double total) {
    // The largest entry that stays is no less than this: all of them are no more than so many of it.
    const int bits = int(__builtin_bit_cast(uint64_t, total) >> 52) - 1023 - (64 - __builtin_clzll(length));
    const E least = E((bits - double(exp_of.steps.v[0])) * ln_2<double>);
    return !any(changed.unknown) && changed.largest_of() <= out_of_reach<E>(least);
  };
  softmax_long_rows<E>(
      exp_of, kept_here<kept_row<E>>(), x, y, rows, length, false,
      [&](size_t i, const usual_exp<E> &exp_of) {
        return added_entries<E>{x + i * length, added_to(i), sign, exp_of, &changed};
      },
      [&](size_t i) { return unchanged_maximum(x + i * length, added_to(i), sign, length); },
      [&](size_t i) {
        conditions of_row = c;
        of_row.mask = added_to(i);
        general(x + i * length, y + i * length, of_row);
      },
      only_leaves_out);
}

// x over a temperature as a pair of floats: with what rounding takes from the product the exponential is as exact as
// that of x alone. Of entries below `none` nothing is left, which changes no exponential by more than 2^-34 of it: so
// no part of a pair is a subnormal number. Without a temperature no share falls when its logit grows; here one in some
// 10^5 of the pairs of neighbouring floats does, by its last bit, beside one in fourteen of the places where k changes.
struct heat {
  static constexpr double most = 0x1p10;
  static constexpr float none = 0x1p-44f;
  vec<float> high, low;

  explicit heat(double temperature)
      : high(float(1 / temperature)), low(float(1 / temperature - double(float(1 / temperature)))) {}
  pair<float> operator()(vec<float> x) const {
    const vec<float> some = select(abs(x) < none, vec<float>(0.0f), x), z = some * high;
    return {z, fma(some, low, fma(some, high, -z))};
  }
};

// As usual_exp, and what it takes to compute a row that is beyond all powers: by `general`, which knows any condition.
struct heated_exp : usual_exp<float> {
  static constexpr bool beside = false;
  heat of;
  nonlin::conditioned_rows_function *general;
  const conditions *all;

  heated_exp(const conditions &c, nonlin::conditioned_rows_function &general)
      : of(c.temperature), general(&general), all(&c) {}
  // What rounding takes is up to `large` 2^-7 at most, and far beyond it may be any number: no more goes off the
  // ceiling than leaves a total above the most.
  vec<float> operator()(vec<float> x) const {
    const pair<float> z = of(x), bounded = {min(ceiling, z.high), max(vec<float>(-0.125f), z.low)};
    return select(bounded.high < floor, vec<float>(0.0f), exp_times_power(bounded, steps));
  }
};
// As scaled_exp of a moderate maximum, and with the same bits as heated_exp.
struct heated_scaled_exp {
  heat of;
  vec<float> floor, power;

  vec<float> operator()(vec<float> x) const {
    const pair<float> z = of(x);
    return select(z.high < floor, vec<float>(0.0f), exp_times_power(z, power));
  }
};
template <class T> float maximum_for(const heated_exp &of, const float *x, size_t length) {
  constexpr size_t lanes = vec<float>::lanes;
  float tops[lanes];
  vec<float> top = -__builtin_inff();
  for (size_t j = 0; j < length; j += lanes) {
    const size_t n = length - j < lanes ? length - j : lanes;
    const vec<float> z = of.of(load_some<float>(x + j, n)).high;
    top = max(top, select(first_lanes<float>(n), z, vec<float>(-__builtin_inff()))); // Keeps its own where z is NaN.
  }
  store(tops, top);
  return row_maximum<float>(tops, lanes);
}
inline heated_scaled_exp exp_for(const heated_exp &tried, float maximum) {
  const scaled_exp<float> like{vec<float>(maximum)};
  return {tried.of, like.floor, like.power};
}
inline bool leaves_to_exp(const heated_exp &tried, float maximum, const float *x, float *y, size_t length) {
  if (-large<float> <= maximum && maximum <= large<float>) return true;
  tried.general(nullptr, x, y, 1, length, *tried.all);
  return false;
}
template <class T>
void unusual_row(const heated_exp &tried, kept_row<T> &kept, decltype(nullptr) g, const float *x, float *y,
                 size_t length, bool stream, bool = false) {
  const float maximum = maximum_for<T>(tried, x, length);
  if (!leaves_to_exp(tried, maximum, x, y, length)) return;
  const heated_scaled_exp exp_of = exp_for(tried, maximum);
  softmax_row<T>(
      row_entries<T, float, heated_scaled_exp>{x, exp_of}, [](compensated<double>) { return true; }, kept, g, x, y,
      length, stream, false);
}

// Where this serves: of softmax in float lanes.
inline bool is_heated(const conditions &c) {
  const double t = c.temperature < 0 ? -c.temperature : c.temperature;
  return t != 1 && t >= 1 / heat::most && t <= heat::most;
}

} // namespace
