// The loop of gradients, and what it does with a few vectors: an incoming g times a slope, which is not to lose what a
// large g brings to light, or f(x, g) as it is.
#pragma once

#include "loops/map.h"

namespace nonlin::KERNELS_ROWS {
namespace {

template <activation op, class T, class E, bool past_cache = false>
void map_grad_row(const void *g, const void *x, void *y, size_t n, parameters p);

// y = g * f(x, 1) for a few vectors from x, g and y on. A slope loses its digits below some limit: in float lanes
// 2^-126, and scaled 2^-156, where formulas end. That a large g would bring to light: there it is computed in double
// lanes. Where slopes are small and no g is so large is not to take much longer, as half of a layer may have died, and
// grads are scaled by 2^16.
template <activation op, class T, class E, class F> struct times_slope {
  using scaled = scaled_slope<op>;
  static constexpr bool is_float = sizeof(T) == sizeof(float), is_scaled = is_float && scaled::known;
  static constexpr bool loses = is_float || far_slope<op>::known;
#if defined(__wasm__) // Where size counts more.
  static constexpr bool is_plain = false;
#else
  static constexpr bool is_plain = is_float && has_plain<op>;
#endif

  // What slopes are multiplied by, below what they have lost digits, and from where on their products with a g not far
  // below 1 are normal. Up to most_g the product of one that has lost some is nothing, or has no more digits to lose.
  static constexpr T unit = is_scaled ? T(huge<float>) : T(1), least_normal = is_float ? T(0x1p-126) : T(0x1p-1022);
  static constexpr T lost = is_scaled ? T(0x1p-156 * huge<float>) : least_normal, most_g = is_scaled ? 64 : 1;
  static constexpr T large = is_scaled ? T(least_slope) * unit : lost;
  static constexpr bool is_zero_at_zero = is_scaled && scaled::is_zero_at_zero;

  F f;
  T plain_end = 0;

  explicit times_slope(parameters p) : f{p} {
    if constexpr (is_plain) plain_end = scaled::plain_end(p);
  }

  vec<T> slope_of(vec<T> x) const {
    if constexpr (is_scaled)
      return scaled::of(x, f.p);
    else
      return f(x, vec<T>(T(1)));
  }
  static vec<T> size_of(vec<T> slope) { return is_scaled && !scaled::has_sign ? slope : abs(slope); }
  vec<T> product(vec<T> g, vec<T> slope) const { return times(g, is_scaled ? slope * vec<T>(1 / unit) : slope); }
  // The same where some slopes are small. What is scaled still has the digits of those that are lost.
  vec<T> with_small(vec<T> g, vec<T> slope) const {
    if constexpr (is_scaled) {
      const mask<T> small = size_of(slope) < vec<T>(large);
      const vec<T> whole = product(g, select(small, vec<T>(unit), slope));
      return select(small, lower(g * slope, 1 / unit), whole);
    } else {
      return product(g, slope);
    }
  }

  // The lanes where one has lost digits and the g is large.
  static mask<T> loses_some(vec<T> g, vec<T> slope, vec<T> x) {
    const mask<T> both = {(size_of(slope) < lost).m & (abs(g) > most_g).m};
    return is_zero_at_zero ? mask<T>{both.m & (abs(x) > 0).m} : both;
  }
  // The same as with_small where there are such lanes. Not inlined, so that it costs the loops neither registers nor
  // room.
  [[gnu::noinline, gnu::cold]] static vec<T> again(const E *x, vec<T> g, size_t n, vec<T> slope, times_slope of) {
    const vec<T> from = load_some<T>(x, n);
    if constexpr (!is_float) {
      return times_lost<op>(g, slope, from, of.f.p);
    } else {
      constexpr size_t lanes = vec<T>::lanes, doubles = vec<double>::lanes;
      T xs[lanes], gs[lanes];
      double wide_x[lanes], wide_g[lanes];
      store(xs, from);
      store(gs, g);
      for (size_t i = 0; i < lanes; i += doubles) {
        store(wide_x + i, load<double>(xs + i));
        store(wide_g + i, load<double>(gs + i));
      }
      map_grad_row<op, double, double>(wide_g, wide_x, wide_g, lanes, of.f.p);
      for (size_t i = 0; i < lanes; i += doubles)
        store(xs + i, load<double>(wide_g + i));
      return select(loses_some(g, slope, from), load<T>(xs), of.with_small(g, slope));
    }
  }

  // `n` elements make up the last vector.
  template <size_t vectors, bool past_cache = false> void operator()(const E *g, const E *x, E *y, size_t n) const {
    constexpr size_t lanes = vec<T>::lanes;
    const auto lanes_of = [=](size_t j) { return j + 1 < vectors ? lanes : n; };
    const auto by = [=](size_t j) { return load_some<T>(g + j * lanes, lanes_of(j)); };
    const auto put = [=](size_t j, vec<T> a) { put_some<past_cache>(y + j * lanes, a, lanes_of(j)); };
    vec<T> from[vectors], slopes[vectors], least = unit;
    for (size_t j = 0; j < vectors; j++)
      from[j] = load_some<T>(x + j * lanes, lanes_of(j));
    if constexpr (is_plain) {
      vec<T> most = T(0);
      for (size_t j = 0; j < vectors; j++)
        most = max(most, abs(from[j]));
      if (!any_greater(most, plain_end)) [[likely]] {
        for (size_t j = 0; j < vectors; j++)
          put(j, by(j) * scaled::plain(from[j], f.p));
        return;
      }
    }
    for (size_t j = 0; j < vectors; j++) {
      slopes[j] = slope_of(from[j]);
      // Where a slope is NaN, the others'.
      least = min(least, size_of(slopes[j]));
    }
    if constexpr (loses) {
      if (any_greater(vec<T>(large), least)) [[unlikely]] {
        // Slopes that a loop takes by number would be stored for all, lost or not.
        vec<T> most = T(0), stored[vectors];
        for (size_t j = 0; j < vectors; j++) {
          most = max(most, abs(by(j)));
          stored[j] = slopes[j];
          if constexpr (is_zero_at_zero) stored[j] = select(abs(from[j]) <= 0, vec<T>(T(0)), stored[j]);
        }
        const bool may_count = any_greater(lost, least) && any_greater(most, most_g);
        for (size_t j = 0; j < vectors; j++)
          put(j, may_count && count_lanes<T>(loses_some(by(j), stored[j], from[j])) > 0
                     ? again(x + j * lanes, by(j), lanes_of(j), stored[j], *this)
                     : with_small(by(j), stored[j]));
        return;
      }
    }
    for (size_t j = 0; j < vectors; j++)
      put(j, product(by(j), slopes[j]));
  }
};
// y = f(x, g) as it is: rounded once, and no product where the slope is 0 or 1, as g may be infinite.
template <class T, class F> struct whole_gradient {
  F f;

  template <size_t vectors, bool past_cache = false, class E>
  void operator()(const E *g, const E *x, E *y, size_t n) const {
    constexpr size_t lanes = vec<T>::lanes;
    const auto lanes_of = [=](size_t j) { return j + 1 < vectors ? lanes : n; };
    for (size_t j = 0; j < vectors; j++)
      put_some<past_cache>(y + j * lanes,
                           f(load_some<T>(x + j * lanes, lanes_of(j)), load_some<T>(g + j * lanes, lanes_of(j))),
                           lanes_of(j));
  }
};
// y[i] = f(x[i], g[i]), the same way; f does some vectors at once.
template <class T, bool past_cache = false, class E, class F>
void map_grad(const E *g, const E *x, E *y, size_t n, F f) {
  constexpr size_t lanes = vec<T>::lanes, unroll = vectors_of<F>, step = unroll * lanes;
  const auto some = [=](size_t i, size_t count) __attribute__((flatten)) {
    f.template operator()<1>(g + i, x + i, y + i, count);
  };
  size_t i = 0;
  if constexpr (past_cache) {
    i = n < step ? 0 : until_aligned<T>(y);
    if (i > 0) some(0, i);
  }
  for (; i + step <= n; i += step) {
    if constexpr (past_cache) {
      ask_ahead<step * sizeof(E)>(g + i);
      ask_ahead<step * sizeof(E)>(x + i);
      f.template operator()<unroll, true>(g + i, x + i, y + i, lanes);
    } else {
      claim_ahead<step * sizeof(E)>(y + i);
      f.template operator()<unroll>(g + i, x + i, y + i, lanes);
    }
  }
  for (; i < n; i += lanes)
    some(i, n - i < lanes ? n - i : lanes);
}

} // namespace
} // namespace nonlin::KERNELS_ROWS
