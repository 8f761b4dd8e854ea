// Softmax and its gradient over one slice: how an exponential is scaled, and in which order a sum is formed.
// softmax_rows.h and softmax_columns.h apply both to memory.
//
// e^x is kept as mantissa * 2^exponent, and a slice is scaled by a power of two near its maximum, never by e^-max:
// powers of two do not round. Where the maximum is so large that x - max is exact anyway, that difference is taken
// first.
//
// The order of the sum is a function of the slice's length alone, so that no instruction set, layout or thread changes
// a bit. It is written for `step<T>` virtual lanes, 64 bytes of T: element j belongs to lane j mod step. In each lane
// four neighbours are added as a tree, those sums one after another with their rounding errors (so nothing drifts with
// the length), and the lanes, in double, as a tree. An element that is not there counts as zero. Slices longer than a
// chunk are summed chunk by chunk, each scaled by its own maximum: their memory is read once for maximum and sum.
#pragma once

#include "math.h"
#include "simd.h"

namespace {

template <class T> constexpr size_t step = 64 / sizeof(T);
// Registers that make up the virtual lanes.
template <class T> constexpr size_t parts = step<T> / vec<T>::lanes;
// 128 KiB of float: what stays in a second-level cache between two readings.
constexpr size_t chunk = 32768;

// How far below the maximum an entry can lie before its share is zero even as a subnormal.
template <class T> constexpr T reach = sizeof(T) == 4 ? 110 : 760;
// From here on x - max is exact for every x within reach (Sterbenz), and below it exp_parts needs no help.
template <class T> constexpr T large = 2 * reach<T>;

// Turns entries of a slice with maximum m into e^x * 2^-exponent(m). A slice with NaN or +Infinity in it makes NaN of
// at least one entry, hence of the sum, hence of every result. A slice of -Infinity only makes zeros, and of them 0 /
// 0.
template <class T> struct scaled_exp {
  vec<T> shift, floor, exponent;

  scaled_exp() = default;
  explicit scaled_exp(vec<T> m) {
    constexpr T lowest_finite = sizeof(T) == 4 ? T(-0x1.fffffep127) : T(-0x1.fffffffffffffp1023);
    m = max(m, lowest_finite);
    shift = select(abs(m) > large<T>, m, vec<T>(T(0)));
    floor = m - shift - reach<T>;
    exponent = exp_parts(m - shift).exponent;
  }
  vec<T> operator()(vec<T> x) const {
    auto e = exp_parts(max(x - shift, floor));
    return ldexp(e.mantissa, e.exponent - exponent);
  }
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
};

// The sum of the virtual lanes, in double: a tree, which keeps its errors where T is double. V is a double or a vector
// of them.
template <class T, class V> V add_lanes(compensated<V> (&lanes)[step<T>]) {
  constexpr bool widened = sizeof(T) == sizeof(float);
  if constexpr (widened)
    for (compensated<V> &lane : lanes)
      lane.high = lane.high + lane.low;
  for (size_t width = step<T> / 2; width; width /= 2) {
    for (size_t i = 0; i < width; i++) {
      if constexpr (widened) {
        lanes[i].high = lanes[i].high + lanes[i + width].high;
      } else {
        lanes[i].add(lanes[i + width].high);
        lanes[i].low = lanes[i].low + lanes[i + width].low;
      }
    }
  }
  return widened ? lanes[0].high : lanes[0].high + lanes[0].low;
}

// Multiplies by 1 / total; in double lanes, also by what that quotient lacks.
template <class T> struct share {
  vec<T> quotient, rest;

  share() = default;
  // A total for each lane.
  explicit share(const double (&totals)[vec<T>::lanes]) {
    T quotients[vec<T>::lanes], rests[vec<T>::lanes];
    for (size_t i = 0; i < vec<T>::lanes; i++) {
      quotients[i] = T(1 / totals[i]);
      rests[i] = T(rest_of(totals[i]));
    }
    quotient = load<T>(quotients);
    rest = load<T>(rests);
  }
  explicit share(double total) : quotient(T(1 / total)), rest(T(rest_of(total))) {}

  static double rest_of(double total) { return __builtin_fma(-total, 1 / total, 1.0) / total; }

  vec<T> operator()(vec<T> e) const {
    if constexpr (sizeof(T) == sizeof(float))
      return e * quotient;
    else
      return fma(e, quotient, e * rest);
  }
};

// What the numbers of a chunk with maximum `from` are worth in a slice with maximum `to`: a power of two, unless both
// are large.
template <class T> double worth(T from, T to) {
  const scaled_exp<T> a{vec<T>(from)}, b{vec<T>(to)};
  // Either is beyond the other's reach, or their difference is exact.
  const vec<double> shift = double(a.shift.v[0]) - double(b.shift.v[0]);
  auto e = exp_parts(min(max(shift, -reach<double>), reach<double>));
  return ldexp(e.mantissa, e.exponent + vec<double>(double(a.exponent.v[0]) - double(b.exponent.v[0]))).v[0];
}

// The maximum of a slice, and its sums relative to that, over the chunks so far: of e^x, and for a gradient of g e^x.
template <class T> struct slice {
  T maximum = -T(__builtin_inf());
  double total = 0, weighted = 0;

  void append(T m, double chunk_total, double chunk_weighted) {
    if (total == 0) { // The first chunk, or all before it were -Infinity.
      *this = {m, chunk_total, chunk_weighted};
    } else if (m > maximum) {
      const double factor = worth(maximum, m);
      *this = {m, total * factor + chunk_total, weighted * factor + chunk_weighted};
    } else {
      const double factor = worth(m, maximum);
      total += chunk_total * factor;
      weighted += chunk_weighted * factor;
    }
  }
};

} // namespace
