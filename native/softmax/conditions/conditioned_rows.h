// Softmax of rows under one condition, by the loops of those without: without the entries that a mask leaves out, by
// flags or by floats to be added, or over a temperature.
#pragma once

#include "softmax/conditions/masked.h"
#include "softmax/many_rows.h"

namespace {

// x and the mask are read once, together, and an entry that is left out makes 0 where others make their exponential.

// x, or -x.
template <bool negative, class E> vec<E> signed_entry(vec<E> x) {
  if constexpr (negative) return -x;
  return x;
}
// e[j] = e^x of n entries, or e^-x, and 0 where one is left out, which is then any number; sees the others.
template <bool negative, class E>
[[gnu::noinline, gnu::flatten]] seen_in<E> compute_kept(const E *x, const uint8_t *flags, usual_exp<E> exp_of, E *e,
                                                        size_t n, seen_in<E> seen) {
  constexpr size_t lanes = vec<E>::lanes;
  const auto put = [&](E *e, vec<E> x, const uint8_t *flags) {
    some_lanes<E> kept(flags);
    const vec<E> power = exp_of.of(signed_entry<negative>(x), kept);
    see(seen, power, kept);
    store(e, power);
  };
  size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    __builtin_prefetch(x + j + ahead);
    put(e + j, load<E>(x + j), flags + j);
  }
  if (j < n) {
    uint8_t left[lanes] = {};
    __builtin_memcpy(left, flags + j, n - j);
    put(e + j, load<E>(x + j, n - j), left);
  }
  store(e + n, vec<E>(usual_exp<E>::factor)); // As compute.
  return seen;
}

template <class E>
seen_in<E> compute_kept(const E *x, const uint8_t *flags, E sign, const usual_exp<E> &exp_of, E *e, size_t n,
                        seen_in<E> seen = seen_in<E>()) {
  return sign < 0 ? compute_kept<true>(x, flags, exp_of, e, n, seen)
                  : compute_kept<false>(x, flags, exp_of, e, n, seen);
}

// Which of n entries are kept: by flags where these are not 0, by numbers to be added where these are.
template <class E> mask<E> kept_by(const uint8_t *flags, size_t n) { return flags_at<E>(flags, 1, n); }
template <class E> mask<E> kept_by(const E *added, size_t n) { return load_some<E>(added, n) == vec<E>(E(0)); }
// Of the kept entries times a sign of a row; -Infinity where there are none.
template <class E, class M> [[gnu::noinline]] E kept_maximum(const E *x, const M *marks, E sign, size_t length) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> lowest = -E(__builtin_inf());
  vec<E> most = lowest;
  for (size_t j = 0; j < length; j += lanes) {
    const size_t n = length - j < lanes ? length - j : lanes;
    const mask<E> kept = {kept_by<E>(marks + j, n).m & first_lanes<E>(n).m};
    most = max(most, select(kept, load_some<E>(x + j, n) * sign, lowest));
  }
  E m[lanes];
  store(m, most);
  return row_maximum<E>(m, lanes);
}

// As row_entries, for long rows alone.
template <class E> struct kept_entries {
  const E *x;
  const uint8_t *flags;
  E sign;
  usual_exp<E> exp_of;

  void keep(size_t j, size_t n, E *e, seen_in<E> &seen) const {
    seen = compute_kept(x + j, flags + j, sign, exp_of, e, n, seen);
  }
  static nothing_of &left_to_see(seen_in<E> &) { return unseen; }
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

// What floats added to rows do but leave entries out: the largest of what they make of others, and whether any of it
// is +Infinity or NaN.
template <class E> struct changed_entries {
  vec<E> most = -E(__builtin_inf());
  mask<E> unknown = no_lanes<E>();
  bool usual = true;  // Whether all rows have a usual total.
  bool masked = true; // Whether those without have nothing but 0 and -Infinity added.

  void begin() { *this = changed_entries(); }
  // Whether there is nothing left of them beside the others, in rows of which this is the smallest total.
  bool come_to_nothing(const usual_exp<E> &exp_of, double total, size_t length) const {
    if (any(unknown) || !masked) return false;
    E all[vec<E>::lanes];
    store(all, most);
    const E largest = row_maximum<E>(all, vec<E>::lanes);
    if (largest <= -E(__builtin_inf())) return true;
    // The largest entry that stays is no less than this: all of them are no more than so many of it.
    const int bits = int(__builtin_bit_cast(uint64_t, total) >> 52) - 1023 - (64 - __builtin_clzll(length));
    return usual && largest <= out_of_reach<E>(E((bits - double(exp_of.steps.v[0])) * ln_2<double>));
  }
};
// As compute_kept, where 0 is added.
template <bool negative, class E>
[[gnu::noinline, gnu::flatten]] seen_in<E> compute_added(const E *x, const E *added, usual_exp<E> exp_of, E *e,
                                                         size_t n, changed_entries<E> &changed, seen_in<E> seen) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> none = E(0), lowest = -E(__builtin_inf()), infinite = E(__builtin_inf());
  changed_entries<E> here = changed;
  const auto put = [&](E *e, vec<E> x, vec<E> bias, size_t n) {
    const vec<E> logit = signed_entry<negative>(x);
    some_lanes<E> same(bias, none);
    // Of a NaN or an infinity that is left out as well.
    const vec<E> sum = same.choose(lowest, logit + bias);
    here.most = max(here.most, sum); // Keeps its own where the sum is NaN.
    here.unknown.m |= ~(sum < infinite).m;
    const vec<E> power = exp_of.of(logit, same);
    see(seen, power, n < lanes ? same.first(n) : same);
    store(e, power);
  };
  size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    __builtin_prefetch(x + j + ahead);
    __builtin_prefetch(added + j + ahead);
    put(e + j, load<E>(x + j), load<E>(added + j), lanes);
  }
  // What is not there adds 0.
  if (j < n) put(e + j, load<E>(x + j, n - j), load<E>(added + j, n - j), n - j);
  store(e + n, vec<E>(usual_exp<E>::factor)); // As compute.
  changed = here;
  return seen;
}
template <class E>
seen_in<E> compute_added(const E *x, const E *added, E sign, const usual_exp<E> &exp_of, E *e, size_t n,
                         changed_entries<E> &changed, seen_in<E> seen = seen_in<E>()) {
  return sign < 0 ? compute_added<true>(x, added, exp_of, e, n, changed, seen)
                  : compute_added<false>(x, added, exp_of, e, n, changed, seen);
}
template <class E> struct added_entries {
  const E *x, *added;
  E sign;
  usual_exp<E> exp_of;
  changed_entries<E> *changed;

  void keep(size_t j, size_t n, E *e, seen_in<E> &seen) const {
    if (j == 0) changed->begin();
    seen = compute_added(x + j, added + j, sign, exp_of, e, n, *changed, seen);
  }
  static nothing_of &left_to_see(seen_in<E> &) { return unseen; }
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
  softmax_long_rows<E>(
      exp_of, kept_here<kept_row<E>>(), x, y, rows, length, false,
      [&](size_t i, const usual_exp<E> &exp_of) {
        return added_entries<E>{x + i * length, added_to(i), sign, exp_of, &changed};
      },
      [&](size_t i) { return kept_maximum(x + i * length, added_to(i), sign, length); },
      [&](size_t i) {
        conditions of_row = c;
        of_row.mask = added_to(i);
        general(x + i * length, y + i * length, 1, of_row);
      },
      [&](const usual_exp<E> &exp_of, double total) { return changed.come_to_nothing(exp_of, total, length); });
}

// As usual_exp, for short rows of which `marks` leave some entries out: flags, or numbers to be added, that lie side by
// side as those of x do.
template <class E, class M> struct marked_exp : usual_exp<E> {
  const E *x;
  const M *marks;
  E sign;
  bool zero;
  changed_entries<E> *changed; // By numbers.

  const M *marks_of(const E *entry) const { return marks + (entry - x); }
};
template <class T> using kept_exp = marked_exp<T, uint8_t>;
template <class T> using added_exp = marked_exp<T, T>;
template <class T> seen_in<T> compute_rows(const kept_exp<T> &of, const T *x, T *e, size_t n) {
  return compute_kept(x, of.marks_of(x), of.sign, of, e, n);
}
template <class T> seen_in<T> compute_rows(const added_exp<T> &of, const T *x, T *e, size_t n) {
  of.changed->begin();
  return compute_added(x, of.marks_of(x), of.sign, of, e, n, *of.changed);
}
template <class T, class M> T maximum_for(const marked_exp<T, M> &of, const T *x, size_t length) {
  return kept_maximum(x, of.marks_of(x), of.sign, length);
}
template <class T> void see_apart(const added_exp<T> &of, const T *x, size_t n) {
  of.changed->usual = false;
  of.changed->masked = of.changed->masked && keeps_or_masks(of.marks_of(x), n);
}
// Of a row of nothing the shares are 0 where that is asked for.
template <class T, class M> bool leaves_to_exp(const marked_exp<T, M> &of, T maximum, const T *x, T *e, size_t length) {
  if (!of.zero || maximum > -T(__builtin_inf())) return true;
  for (size_t j = 0; j < length; j++)
    if (kept_by<T>(of.marks_of(x) + j, 1).m[0] != 0 && !(x[j] <= T(__builtin_inf()))) return true;
  for (size_t j = 0; j < length; j++)
    e[j] = 0;
  return false;
}
// What is added is looked at as one power is tried.
template <class T, class M> constexpr bool is_looked_at(const marked_exp<T, M> &) { return __is_same(T, M); }
template <class T, class M> vec<T> logits_at(const marked_exp<T, M> &of, const T *x, size_t n) {
  return select(kept_by<T>(of.marks_of(x), n), load_some<T>(x, n) * of.sign, vec<T>(-T(__builtin_inf())));
}
template <class T, class M, class F>
vec<T> terms_at(const marked_exp<T, M> &of, const F &exp_of, const T *x, size_t n) {
  return select(kept_by<T>(of.marks_of(x), n), exp_of.above_floor(load_some<T>(x, n) * of.sign), vec<T>(T(0)));
}
template <class T>
bool are_exponentials(const added_exp<T> &of, const sum_list<T, batch_rows> &totals, size_t count, size_t length) {
  constexpr size_t lanes = vec<double>::lanes;
  vec<double> several = usual_exp<T>::most;
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    several = min(several, load<double>(&totals.high[i])); // Keeps its own where one is NaN.
  double least = folded<lanes / 2>(several, [](vec<double> a, vec<double> b) { return min(a, b); }).v[0];
  for (; i < count; i++)
    least = totals.high[i] < least ? totals.high[i] : least;
  return of.changed->come_to_nothing(of, least, length);
}

// Short rows under a mask, of which what lies in another way is put side by side; those that are more than left out by
// `general`.
template <class E, class M, class G>
void marked_short_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c, G general) {
  const M *const marks = static_cast<const M *>(c.mask);
  const bool as_they_are = c.along == 1 && c.beside == length;
  M together[batch<E>];
  changed_entries<E> changed;
  marked_exp<E, M> exp_of;
  exp_of.sign = E(c.temperature);
  exp_of.zero = c.zero;
  exp_of.changed = &changed;
  const size_t most = rows_of_batch<E>(length);
  for (size_t first = 0; first < rows; first += most) {
    const size_t count = rows - first < most ? rows - first : most;
    exp_of.x = x + first * length;
    exp_of.marks = as_they_are ? marks + first * length : together;
    // Those of all rows are put there once.
    if (!as_they_are && (first == 0 || c.beside != 0))
      for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < length; j++)
          together[i * length + j] = marks[(first + i) * c.beside + j * c.along];
    if (softmax_short_rows<E>(exp_of, exp_of.x, y + first * length, count, length)) continue;
    conditions of_rows = c;
    of_rows.mask = marks + first * c.beside;
    general(exp_of.x, y + first * length, count, of_rows);
  }
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
inline heated_scaled_exp exp_for(const heated_exp &tried, vec<float> maximum, bool = false) {
  const scaled_exp<float> like(maximum, true);
  return {tried.of, like.floor, like.power};
}
inline vec<float> terms_at(const heated_exp &, const heated_scaled_exp &exp_of, const float *x, size_t n) {
  return exp_of(load_some<float>(x, n));
}
template <class T> vec<float> logits_at(const heated_exp &of, const float *x, size_t n) {
  return of.of(load_some<float>(x, n)).high;
}
inline bool leaves_to_exp(const heated_exp &tried, float maximum, const float *x, float *y, size_t length) {
  if (-large<float> <= maximum && maximum <= large<float>) return true;
  tried.general(nullptr, x, y, 1, length, *tried.all);
  return false;
}
template <class T>
void unusual_row(const heated_exp &tried, kept_row<T> &kept, decltype(nullptr) g, const float *x, float *y,
                 size_t length, bool stream, slope_of what = slope_of::shares) {
  const float maximum = maximum_for<T>(tried, x, length);
  if (!leaves_to_exp(tried, maximum, x, y, length)) return;
  const heated_scaled_exp exp_of = exp_for(tried, vec<float>(maximum));
  softmax_row<T>(
      row_entries<T, float, heated_scaled_exp>{x, exp_of}, [](compensated<double>) { return true; }, kept, g, x, y,
      length, stream, what);
}

// Where this serves: of softmax in float lanes.
inline bool is_heated(const conditions &c) {
  const double t = c.temperature < 0 ? -c.temperature : c.temperature;
  return t != 1 && t >= 1 / heat::most && t <= heat::most;
}

} // namespace
