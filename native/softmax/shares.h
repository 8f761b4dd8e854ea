// Softmax and its gradient over one slice: how an exponential is scaled, and in which order a sum is formed. The other
// softmax_*.h apply both to memory.
//
// e^x is scaled by a power of two, never by e^-max: powers of two do not round. One power serves most slices
// (usual_exp), so that x is read once and its maximum not looked for. The total tells whether it did; where not, the
// slice is computed again with a power of its own (scaled_exp).
//
// The order of the sum is a function of the slice's length alone, so that no instruction set, layout or thread changes
// a bit. It is written for `step<T>` virtual lanes, 64 bytes of T: element j belongs to lane j mod step. In each lane
// four neighbours are added as a tree, those sums one after another with their rounding errors (so nothing drifts with
// the length), and the lanes, in double, as a tree. An element that is not there counts as zero. Slices longer than a
// chunk are summed chunk by chunk, the chunks' sums with their errors.
#pragma once

#include "arithmetic/primitives.h"
#include "arithmetic/simd.h"

namespace {

template <class T> constexpr size_t step = 64 / sizeof(T);
// Registers that make up the virtual lanes.
template <class T> constexpr size_t parts = step<T> / vec<T>::lanes;
// What is added to a sum at once: four elements of each virtual lane.
template <class T> constexpr size_t block = 4 * step<T>;
// What is summed with one set of lanes, and whose exponentials are kept: 128 KiB of float, 256 KiB of double, which
// stay in a second-level cache.
constexpr size_t chunk = 32768;

// Where a kernel keeps exponentials between two readings, 256 KiB and a register. Not on the stack, of which a caller
// that has recursed to its end leaves less than that.
constexpr size_t kept_bytes = size_t(256) << 10;
alignas(64) thread_local char kept_memory[kept_bytes + 64];
template <class Kept> Kept &kept_here() {
  static_assert(sizeof(Kept) <= sizeof kept_memory);
  return reinterpret_cast<Kept &>(kept_memory);
}

// How far below the maximum an entry can lie before its share is zero even as a subnormal.
template <class T> constexpr T reach = sizeof(T) == 4 ? 110 : 760;

// e^x times one power of two for all slices. Between floor and ceiling the results are normal numbers. A total between
// least and most says that neither bound mattered: one entry at the ceiling, which NaN becomes as well, makes more than
// most, and the share of an entry at the floor in a total of least is under half the smallest subnormal.
template <class T> struct usual_exp {
  static constexpr bool wide = sizeof(T) == 8;
  static constexpr int power = wide ? 500 : 52;
  static constexpr T factor = wide ? T(0x1p500) : T(0x1p52);
  static constexpr T floor = wide ? T(-1054) : T(-122.5), ceiling = wide ? T(361) : T(51.2);
  static constexpr double least = wide ? 0x1p56 : 0x1p26, most = wide ? 0x1p1020 : 0x1p125;

  vec<T> operator()(vec<T> x) const { return exp_times_power(max(min(vec<T>(ceiling), x), floor), vec<T>(T(power))); }
};
template <class T> mask<double> is_usual(vec<double> total) {
  return {(total > usual_exp<T>::least).m & (total < usual_exp<T>::most).m};
}
template <class T> bool is_usual(double total) { return is_usual<T>(vec<double>(total)).m[0] != 0; }

// e^x times a power of two that makes about the same of a slice's maximum m as usual_exp makes of 0. Where m is so
// large that x - m is exact for every x within reach (Sterbenz), that difference is taken first. A slice with NaN or
// +Infinity in it makes NaN of at least one entry, hence of the sum, hence of every result, and so does one of
// -Infinity only, whose floor is that.
template <class T> constexpr T large = 2 * reach<T>;
template <class T> struct scaled_exp {
  vec<T> shift, floor, power;

  scaled_exp() = default;
  explicit scaled_exp(vec<T> m) {
    constexpr T lowest_finite = sizeof(T) == 4 ? T(-0x1.fffffep127) : T(-0x1.fffffffffffffp1023);
    const vec<T> finite = max(m, lowest_finite);
    shift = select(abs(finite) > large<T>, finite, vec<T>(T(0)));
    floor = m - shift - reach<T>;
    power = T(usual_exp<T>::power) - (fma(finite - shift, log2_e<T>, shifter<T>) - shifter<T>);
  }
  // As usual_exp where that suits the slice.
  scaled_exp(vec<T> m, mask<T> usual) : scaled_exp(m) {
    shift = select(usual, vec<T>(T(0)), shift);
    floor = select(usual, vec<T>(usual_exp<T>::floor), floor);
    power = select(usual, vec<T>(T(usual_exp<T>::power)), power);
  }
  vec<T> operator()(vec<T> x) const { return exp_times_power(max(x - shift, floor), power); }
};

// A sum with the errors its additions made. V is a vector or a number.
template <class V> struct compensated {
  V high, low;

  void add(V t) {
    V sum = high + t;
    V of_t = sum - high;
    low = low + ((high - (sum - of_t)) + (t - of_t));
    high = sum;
  }
  void add(compensated b) {
    add(b.high);
    low = low + b.low;
  }
};
// Of an infinite sum the errors are NaN.
inline vec<double> value_of(compensated<vec<double>> a) {
  return select(abs(a.high) < vec<double>(__builtin_inf()), a.high + a.low, a.high);
}
inline double value_of(compensated<double> a) { return __builtin_isinf(a.high) ? a.high : a.high + a.low; }

// In double. What float lanes lack is added at once, so that in double there are no errors to keep.
template <class T, class V> compensated<V> in_double(V high, V low) {
  if constexpr (sizeof(T) == sizeof(float))
    return {high + low, V(0.0)};
  else
    return {high, low};
}
template <class T, class V> void join(compensated<V> &a, compensated<V> b) {
  if constexpr (sizeof(T) == sizeof(float)) {
    a.high = a.high + b.high;
  } else {
    a.add(b);
  }
}
// The sum of virtual lanes, a tree.
template <class T, class V, size_t n> compensated<V> add_lanes(compensated<V> (&lanes)[n]) {
  for (size_t width = n / 2; width; width /= 2)
    for (size_t i = 0; i < width; i++)
      join<T>(lanes[i], lanes[i + width]);
  return lanes[0];
}
// The first levels of that tree, until what is left is one register. lanes_from(l) gives the lanes from l on.
template <class T, class F> compensated<vec<double>> fold_lanes(F lanes_from) {
  constexpr size_t n = step<T> / vec<double>::lanes;
  compensated<vec<double>> all[n];
  for (size_t i = 0; i < n; i++)
    all[i] = lanes_from(i * vec<double>::lanes);
  return add_lanes<T>(all);
}

inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }

// Multiplies by 1 / total, as a quotient of T and by what that lacks, so that only the result is rounded: e / e is 1, n
// equal entries share 1 / n, and a share grows with its exponential. In float lanes `rest` is relative to the quotient:
// as a number of its own it would be subnormal for a total above 2^102.
template <class T> struct share {
  vec<T> quotient, rest;

  vec<T> operator()(vec<T> e) const {
    if constexpr (sizeof(T) == sizeof(float))
      return fma(e, quotient, e * quotient * rest);
    else
      return fma(e, quotient, e * rest);
  }
};
// A share's two parts, of a total or of a vector of them.
template <class V> struct reciprocal { V quotient, rest; };
template <class T, class V> reciprocal<V> reciprocal_of(V total) {
  V whole = 1 / total;
  if constexpr (sizeof(T) == sizeof(double)) return {whole, fma(-total, whole, V(1)) * whole};
  // Rounded to the 24 bits of a float: a multiple has pushed out the others.
  V multiple = whole * V(0x1.00000008p+29), quotient = multiple - (multiple - whole);
  return {quotient, (whole - quotient) * total};
}
template <class T> share<T> share_of_total(double total) {
  const auto [quotient, rest] = reciprocal_of<T>(total);
  return {T(quotient), T(rest)};
}
// The shares of slices: up to a whole register of them, whatever the totals after the first `count`.
template <class T, size_t n> struct shares {
  T quotients[n], rests[n];

  explicit shares(const double (&totals)[n], size_t count = n) {
    for (size_t i = 0; i < count; i += vec<double>::lanes) {
      const auto [quotient, rest] = reciprocal_of<T>(load<double>(&totals[i]));
      store(&quotients[i], quotient);
      store(&rests[i], rest);
    }
  }
  // Of one slice; of one for each lane.
  share<T> of(size_t i) const { return {quotients[i], rests[i]}; }
  share<T> of_lanes() const { return {load<T>(quotients), load<T>(rests)}; }
};

} // namespace
