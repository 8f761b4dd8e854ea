// `exact`: float32 computed in double lanes and rounded once, to the nearest float (Ziv's method). What is computed is
// known but for its error; only where a middle between two floats lies within that does it take more. A formula runs on
// the primitives of quick.h, of which 37 bits or more are right; on those of float64.h for the inputs that these leave
// open, one in some thousands; on those of double_double.h for what is open still, one in millions. So each input is
// decided by itself, and no formula is tuned for those that come out wrong. lib/activations/rounding.ts is the same in
// TypeScript.
#pragma once

#include "arithmetic/memory.h"
#include "arithmetic/quick.h"
#include "exact/correctly_rounded.h"
#include "exact/doubt.h"
#include "formulas/far_slope.h"

namespace nonlin {
namespace {

// What a formula may be wrong by on float64.h, in units of the last of its 53 bits. Of all rows: at least four times
// what is promised of float64, and twice near the zero of a slope. (On quick.h each row says it.)
constexpr int32_t value_error = 0x1p4, gradient_error = 0x1p4;
// Of a textbook's formula, which nobody has tuned: e^x of a rounded x is wrong by as many units as x is large, no more
// than 745, and there may be a few of them. One input in 2^15 is then left open.
constexpr int32_t textbook_error = 0x1p12;

// Near the zero of a slope a gradient is what is left of larger terms, and the error is relative to these, which are no
// larger than the incoming gradient. `near_zero` away from it, of a stretched function so much the farther, slopes are
// more than 2^-5 (silu's, the flattest, 0.046), so that gradient_error of them is no less than 2^-53; in a tail beyond,
// where they fall off, nothing cancels.
constexpr double nowhere = __builtin_inf(), near_zero = 0x1p-2, cancelled_error = 0x1p-52;
// What the loops ask first: of all gradients but those beside the zero. At its ends silu's slope is 0.87 times 2^-11,
// so that first_gradient_error of it is as much of cancelled_error. One question for both would come true too often.
constexpr double beside_zero = 0x1p-9;
constexpr int32_t first_gradient_error = 0x1p11;

// The lanes whose result a textbook's formula does not tell in doubles, as something has overflowed or vanished on the
// way: NaN, infinite, or zero though neither the number nor the gradient it is multiplied by is.
inline unsigned lanes_lost(vec<double> y, vec<double> x, vec<double> by) {
  unsigned lost = 0;
  for (size_t i = 0; i < vec<double>::lanes; i++) {
    const bool is_usual = y.v[i] - y.v[i] == 0 && (y.v[i] != 0 || by.v[i] == 0);
    lost |= unsigned(!is_usual && x.v[i] == x.v[i] && by.v[i] == by.v[i]) << i;
  }
  return lost;
}
inline bool any_zero(vec<double> a, vec<double> b, vec<double> c, vec<double> d) {
  return count_lanes<double>({(min(min(abs(a), abs(b)), min(abs(c), abs(d))) <= 0).m}) > 0;
}

// A textbook's formula, with which NaN stays NaN: not inlined, since it may be long and is not made for speed.
template <class F> [[gnu::noinline]] vec<double> by_textbook(vec<double> x, F f) { return select(x == x, f(x), x); }
template <class F> [[gnu::noinline]] vec<double> by_textbook(vec<double> x, vec<double> g, F f) {
  return select(x == x, f(x, g), x);
}

// Below this a gradient comes to nothing as a float, whatever g is, and it is taken for x: the doubles that say so are
// then no subnormal numbers, with which geluTanh's gradient took four times as long (`npm run bench -- --function
// geluGrad:tanh --precision exact --input even`, a Xeon). With `values` a value comes to nothing, too. Not of rows that
// make such doubles of nothing above -400, and would take 5 % longer for all others.
template <activation op> struct nothing { static constexpr bool known = false, values = false; };
template <> struct nothing<activation_geluTanh> {
  static constexpr bool known = true, values = false;
  static constexpr double below = -gelu_tanh_end<quick>;
};
template <> struct nothing<activation_mish> {
  static constexpr bool known = true, values = true;
  static constexpr double below = -exp_end<quick>;
};

// Half of an x whose half is subnormal may be a middle between two floats, but its side is known (rows.h): what there
// is besides, a multiple of x^2, is far below a float's last place, and what stands for it is more than an error of
// 2^20 units of 53 bits.
constexpr int32_t most_beside_half = 1 << 20;
template <activation op> double sign_beside_half(parameters p) {
  if constexpr (rows[op].half == beside_half::larger) return 1;
  return -0x1p60 < p.a && p.a < 0x1p60 ? double(p.a > 0) - double(p.a < 0) : __builtin_nan("");
}
inline vec<double> with_half(vec<double> x, vec<double> y, double sign) {
  const mask<double> small = {(abs(x) < half_end).m & (abs(x) > 0).m};
  return sign == sign ? select(small, fma(x, 0.5, vec<double>(sign * beside_it)), y) : y;
}
// Stores four vectors if none of their lanes is open. Once for all rows, made for speed: subnormal results all come
// this way. ns per element of softsign, of subnormal numbers on Zen 4, with each row's own code, made small, and
// so: 1.05 and 0.76 (`npm run bench -- --size 262144 --function softsign --input even`).
[[gnu::noinline]] inline bool store_closed(float *y, vec<double> a, vec<double> b, vec<double> c, vec<double> d,
                                           int32_t error) {
  constexpr size_t lanes = vec<double>::lanes;
  if (open_lanes(a, error) | open_lanes(b, error) | open_lanes(c, error) | open_lanes(d, error)) return false;
  store(y, a);
  store(y + lanes, b);
  store(y + 2 * lanes, c);
  store(y + 3 * lanes, d);
  return true;
}
// The same, with what is beside half of x, where there is any so small.
[[gnu::noinline]] inline bool store_closed_with_half(const float *x, float *y, vec<double> a, vec<double> b,
                                                     vec<double> c, vec<double> d, int32_t error, double sign) {
  constexpr size_t lanes = vec<double>::lanes;
  vec<float> least = half_end;
  for (size_t j = 0; j < 4 * lanes; j += vec<float>::lanes)
    least = min(least, abs(load<float>(x + j)));
  if (any_greater(half_end, least)) {
    a = with_half(load<double>(x), a, sign);
    b = with_half(load<double>(x + lanes), b, sign);
    c = with_half(load<double>(x + 2 * lanes), c, sign);
    d = with_half(load<double>(x + 3 * lanes), d, sign);
  }
  return store_closed(y, a, b, c, d, error);
}
// The same if all are finite: what an infinite gradient makes is decided one by one.
[[gnu::noinline]] inline bool store_closed_finite(float *y, vec<double> a, vec<double> b, vec<double> c, vec<double> d,
                                                  int32_t error) {
  const mask<double> finite = ((a - a) + (b - b)) + ((c - c) + (d - d)) == vec<double>(0.0);
  return count_lanes<double>(finite) == vec<double>::lanes && store_closed(y, a, b, c, d, error);
}

// Stores four vectors of inputs that are so small that a result is x itself (rows.h).
template <activation op> bool stored_as_they_are(const float *x, float *y) {
  constexpr size_t n = 4 * vec<double>::lanes, lanes = vec<float>::lanes;
  size_t small = 0;
  for (size_t j = 0; j < n; j += lanes)
    small += count_lanes<float>(is_smaller(load<float>(x + j), rows[op].itself_below));
  if (small < n) return false;
  for (size_t j = 0; j < n; j += lanes)
    store(y + j, load<float>(x + j));
  return true;
}

// y with f(i) in some lanes.
template <class F> vec<double> replaced(unsigned lanes, vec<double> y, F f) {
  for (size_t i = 0; i < vec<double>::lanes; i++)
    if (lanes >> i & 1) y.v[i] = f(i);
  return y;
}

// f, the value of a row as a formula for any T, correctly rounded.
template <activation op, class F> struct exact_value {
  F f;
  static constexpr bool has_quick = rows[op].quick_error != 0, has_half = rows[op].half != beside_half::other;
  static constexpr int32_t first_error = has_quick           ? int32_t(rows[op].quick_error)
                                         : rows[op].textbook ? textbook_error
                                                             : value_error;
  static_assert(!has_half || (first_error <= most_beside_half && !rows[op].textbook));

  vec<double> first(vec<double> x) const {
    if constexpr (nothing<op>::values) x = max(x, nothing<op>::below); // NaN stays.
    if constexpr (has_quick)
      return as_double(f(vec<quick>(x.v)));
    else if constexpr (rows[op].textbook)
      return by_textbook(x, f);
    else
      return f(x);
  }
  static unsigned open_lanes_of(vec<double> y, vec<double> x) {
    const unsigned open = open_lanes(y, first_error);
    return rows[op].textbook ? open | lanes_lost(y, x, x) : open;
  }
  // From the first result. Neither inlined, as what follows, so that it costs the loops no registers, nor made for
  // speed, as that would make the addon larger by a hundredth.
  [[gnu::noinline, gnu::cold]] static vec<double> decided(vec<double> x, vec<double> y, F f) {
    const double sign = sign_beside_half<op>(f.p);
    if constexpr (has_half) y = with_half(x, y, sign);
    unsigned open = open_lanes_of(y, x);
    if (open == 0) return y;
    if constexpr (has_quick) {
      y = f(x);
      if constexpr (has_half) y = with_half(x, y, sign);
      open = open_lanes(y, value_error);
    }
    return replaced(open, y, [=](size_t i) { return correctly_rounded_of[op].value(float(x.v[i]), f.p); });
  }
  template <class E>
  [[gnu::noinline, gnu::cold]] static void store_decided(const E *x, E *y, vec<double> a, vec<double> b, vec<double> c,
                                                         vec<double> d, F f) {
    constexpr size_t lanes = vec<double>::lanes;
    const vec<double> first[] = {a, b, c, d};
    for (size_t j = 0; j < 4; j++)
      store(y + j * lanes, decided(load<double>(x + j * lanes), first[j], f));
  }

  vec<double> operator()(vec<double> x) const { return decided(x, first(x), f); }
  // Four vectors from x and y on, for one question, with what is first computed of each.
  static constexpr size_t at_once = 4 * vec<double>::lanes;
  template <class E, class First> void several(const E *x, E *y, First first) const {
    constexpr size_t lanes = vec<double>::lanes;
    const vec<double> a = first(load<double>(x)), b = first(load<double>(x + lanes)),
                      c = first(load<double>(x + 2 * lanes)), d = first(load<double>(x + 3 * lanes));
    if (any_doubtful<first_error>(a, b, c, d) || (rows[op].textbook && any_zero(a, b, c, d))) [[unlikely]] {
      if constexpr (rows[op].itself_below != 0)
        if (stored_as_they_are<op>(x, y)) return;
      if constexpr (has_half) {
        if (store_closed_with_half(x, y, a, b, c, d, first_error, sign_beside_half<op>(f.p))) return;
      } else if constexpr (!rows[op].textbook) {
        if (store_closed(y, a, b, c, d, first_error)) return;
      }
      store_decided(x, y, a, b, c, d, f);
    } else {
      store(y, a);
      store(y + lanes, b);
      store(y + 2 * lanes, c);
      store(y + 3 * lanes, d);
    }
  }
  template <size_t vectors, class E> void several(const E *x, E *y) const {
    static_assert(vectors == 4);
    several(x, y, [this](vec<double> x) { return first(x); });
  }
};
template <activation op, class F> auto exact(F f) { return exact_value<op, F>{f}; }

// f of a row that double lanes decide but for what is beside half of x.
template <activation op, class F> struct decided_but_for_half {
  F f;

  vec<double> operator()(vec<double> x) const { return with_half(x, f(x), sign_beside_half<op>(f.p)); }
};

// f, a slope times an incoming gradient, correctly rounded: y = f(x, g) for a few vectors.
template <activation op, class F> struct exact_gradient {
  F f;
  static constexpr bool has_quick = rows[op].quick_slope_error != 0, has_zero = rows[op].zero.at != nowhere;
  static constexpr int32_t first_error = has_quick           ? int32_t(rows[op].quick_slope_error)
                                         : rows[op].textbook ? textbook_error
                                                             : first_gradient_error;
  // Of what is decided one by one, and as a share of g near the zero.
  static constexpr double error_of_slope = rows[op].textbook ? textbook_error : gradient_error;
  static constexpr double error_at_zero = rows[op].textbook ? textbook_error * 0x1p-53 : cancelled_error;
  static_assert(!has_quick || !has_zero, "near its zero a slope on quick.h is known too little");

  // From the zero.
  static vec<double> distance(vec<double> x, parameters p) {
    return abs(x - rows[op].zero.of(p)) * rows[op].zero.scale(p);
  }

  vec<double> first(vec<double> x, vec<double> g) const {
    if constexpr (has_quick)
      return as_double(f(vec<quick>(x.v), vec<quick>(g.v)));
    else if constexpr (rows[op].textbook)
      return by_textbook(x, g, f);
    else
      return f(x, g);
  }
  [[gnu::noinline, gnu::cold]] static vec<double> decided(vec<double> x, vec<double> g, vec<double> y, F f) {
    if (!rows[op].drops && !rows[op].textbook &&
        any_greater(abs(g), 0x1p1023)) { // An infinite g makes no zero of a slope that is one only as a double.
      const vec<double> product = times_lost<op>(g, f(x, vec<double>(1.0)), x, f.p);
      y = select(abs(g) > 0x1p1023, product, y);
    }
    if constexpr (has_quick) {
      if (open_lanes(y, first_error) == 0) return y;
      y = select(abs(g) > 0x1p1023, y, f(x, g));
    }
    vec<double> error = abs(y) * (error_of_slope * 0x1p-52);
    if constexpr (has_zero) error = select(distance(x, f.p) < near_zero, abs(g) * error_at_zero, error);
    const unsigned lost = rows[op].textbook ? lanes_lost(y, x, g) : 0;
    return replaced(open_lanes(y, error) | lost, y,
                    [=](size_t i) { return correctly_rounded_of[op].gradient(float(x.v[i]), float(g.v[i]), f.p); });
  }
  template <class E>
  [[gnu::noinline, gnu::cold]] static void store_decided(const E *g, const E *x, E *y, size_t n, vec<double> a,
                                                         vec<double> b, vec<double> c, vec<double> d, F f) {
    const vec<double> v[] = {a, b, c, d};
    for (size_t j = 0; j < 4; j++, g += lanes, x += lanes, y += lanes) {
      const size_t count = j < 3 ? lanes : n;
      store_some(y, decided(load_some<double>(x, count), load_some<double>(g, count), v[j], f), count);
    }
  }

  // `n` elements make up the last vector.
  static constexpr size_t lanes = vec<double>::lanes;
  template <size_t vectors, class E> void operator()(const E *g, const E *x, E *y, size_t n) const {
    if constexpr (vectors == 1) {
      const vec<double> a = load_some<double>(x, n), b = load_some<double>(g, n);
      store_some(y, decided(a, b, first(a, b), f), n);
    } else {
      static_assert(vectors == 4);
      vec<double> nearest = nowhere;
      const auto one = [&](size_t j) __attribute__((always_inline)) {
        vec<double> a = load<double>(x + j * lanes);
        if constexpr (nothing<op>::known) a = max(a, nothing<op>::below); // NaN stays.
        if constexpr (has_zero) nearest = min(nearest, distance(a, f.p));
        return first(a, load<double>(g + j * lanes));
      };
#if defined(__wasm__) // Where size counts more.
      vec<double> v[vectors];
      for (size_t j = 0; j < vectors; j++)
        v[j] = one(j);
#else
      const vec<double> v[] = {one(0), one(1), one(2), one(3)}; // Of long formulas a loop over them would stay one.
#endif
      const bool is_beside_zero = has_zero && any_greater(beside_zero, nearest);
      const bool is_lost = rows[op].textbook && any_zero(v[0], v[1], v[2], v[3]);
      if (is_beside_zero | is_lost | any_doubtful<first_error>(v[0], v[1], v[2], v[3])) [[unlikely]] {
        if constexpr (!rows[op].textbook)
          if (!is_beside_zero && store_closed_finite(y, v[0], v[1], v[2], v[3], first_error)) return;
        store_decided(g, x, y, n, v[0], v[1], v[2], v[3], f);
      } else {
        for (size_t j = 0; j < vectors; j++)
          store(y + j * lanes, v[j]);
      }
    }
  }
};

} // namespace
} // namespace nonlin
