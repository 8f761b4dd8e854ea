// Softmax and its gradient over one slice: how an exponential is scaled, and in which order a sum is formed. The other
// files of this room apply both to memory.
//
// e^x is scaled by a power of two, never by e^-max: powers of two do not round. One power serves many slices
// (usual_exp), so that x is read once and its maximum not looked for. The total tells whether it did; where not, the
// slice is computed again with a power of its own, which the next ones are tried with.
//
// The order of the sum is a function of the slice's length alone, so that no instruction set, layout or thread changes
// a bit. It is written for `step<T>` virtual lanes, 64 bytes of T: element j belongs to lane j mod step. In each lane
// four neighbours are added as a tree, those sums one after another with their rounding errors (so nothing drifts with
// the length), and the lanes, in double, as a tree. An element that is not there counts as zero. Slices longer than a
// chunk are summed chunk by chunk, the chunks' sums with their errors.
//
// A total of exponentials keeps the largest of each lane apart until the lanes are added; of slices no longer than a
// block, all of them, to be added in double one after another. What is rounded before is then the same whatever the
// largest of the slice is, so that its share does not fall when its logit grows: in float lanes the total's error is
// below 2^-50, the share's, before it is rounded, below 2^-46, and a share p grows by 2^-24 (1 - p) at least. That
// proves it up to p = 1 - 2^-21.
#pragma once

#include "arithmetic/memory.h"
#include "arithmetic/primitives.h"
#include "exact/doubt.h"
#include "exact/shares.h"
#include "softmax/kept.h"

// What few slices need. Clang makes it small, of which GCC knows nothing: the addon for x64 is 0.02 MB larger without.
#if defined(__clang__)
#define SELDOM [[gnu::noinline, gnu::cold, clang::minsize]]
#else
#define SELDOM [[gnu::noinline, gnu::flatten, gnu::cold]]
#endif

namespace {

template <class T> constexpr size_t step = 64 / sizeof(T);
// Registers that make up the virtual lanes.
template <class T> constexpr size_t parts = step<T> / vec<T>::lanes;
// What is added to a sum at once: four elements of each virtual lane.
template <class T> constexpr size_t block = 4 * step<T>;
// What is summed with one set of lanes, and whose exponentials are kept: 128 KiB of float, 256 KiB of double, which
// stay in a second-level cache.
constexpr size_t chunk = 32768;

// Where from `memory` on the exponentials of x go: half a page from it, since stores just ahead of loads in the same
// place of a page would hold these up, 0.95 against 0.75 ns per element of a row of 262144.
template <class T, class E> T *place_for(const E *x, T *memory) {
  return memory + (uintptr_t(x) + page_bytes / 2 - uintptr_t(memory)) % page_bytes / 64 * (64 / sizeof(T));
}

// How far below the maximum an entry can lie before its share is zero even as a subnormal.
template <class T> constexpr T reach = sizeof(T) == 4 ? 110 : 760;

// Up to where a maximum may lie from 0 for a power of two to bring its slice back: its exponent has some twenty bits.
// Beyond it, it is taken from its slice first, which gives other bits. So no power is tried on the next slices that
// suits one near there, as it could suit one beyond as well: what it suits lies less than 700 apart.
template <class T> constexpr T large = 65536;
template <class T> constexpr T far_from_large = large<T> - 1024;

// e^x times one power of two for many slices. Between floor and ceiling the results are normal numbers; below there are
// none, as those of subnormal shares would take a processor as long as all the rest. A total between least and most
// says that neither bound mattered: one entry at the ceiling, which NaN becomes as well, makes more than most, and the
// share of an entry at the floor in a total of least is under half the smallest subnormal. Of doubles most leaves room
// for what 1 / total lacks.
//
// Any power serves that makes such a total, with the same bits, as powers of two do not round. Which one is tried first
// is only a guess: 2^52 (double: 2^500), which suits a largest entry from -18 to 50, until slices come that it does not
// suit, and then what suited the last of these.
template <class T> struct usual_exp {
  static constexpr bool wide = sizeof(T) == 8;
  // Whether a long row is written while the next is added up; not where that is more to fetch.
#if defined(__wasm__)
  static constexpr bool beside = !wide;
#else
  static constexpr bool beside = true;
#endif
  static constexpr int power = wide ? 500 : 52;
  static constexpr T factor = wide ? T(0x1p500) : T(0x1p52);
  static constexpr double least = wide ? 0x1p56 : 0x1p26, most = wide ? 0x1p900 : 0x1p125;

  vec<T> floor = wide ? T(-1054) : T(-122.5), ceiling = wide ? T(361) : T(51.2), steps = T(power);

  vec<T> operator()(vec<T> x) const {
    const vec<T> below = min(ceiling, x);
    return select(below < floor, vec<T>(T(0)), exp_times_power(below, steps));
  }

  // Of an x that is not above the ceiling, for which the caller looks. What is below the floor is taken for it: that
  // adds nothing to a total. NaN stays NaN.
  vec<T> below_ceiling(vec<T> x) const { return exp_times_power(max(x, floor), steps); }

  // The same of some lanes, of which `kept` are left without those below the floor, and 0 in the others.
  vec<T> of(vec<T> x, some_lanes<T> &kept) const {
    const vec<T> below = min(ceiling, x);
    kept = kept.not_below(below, floor);
    return kept.choose(exp_times_power(below, steps), T(0));
  }

  // Whether it makes a usual total of a slice with such a maximum, and of none above that which it was moved for.
  bool reaches(T maximum) const {
    constexpr double lowest = wide ? 57 : 27;
    return double(maximum) * log2_e<double> + double(steps.v[0]) >= lowest;
  }

  // For a slice of so many entries whose total was not usual: it suits its maximum, and as many of those as it can that
  // it suited. False where it cannot.
  bool move(T maximum, double total, size_t length) {
    if (!(-far_from_large<T> <= maximum && maximum <= far_from_large<T>)) return false;
    constexpr double room = 3, lowest = wide ? 56 : 26, highest = wide ? 900 : 125;
    const int bits = length > 1 ? 64 - __builtin_clzll(length - 1) : 0;
    const double end = total > least ? highest - room - bits : lowest + room;
    const double sum = end - double(maximum) * log2_e<double> + shifter<double>, whole = sum - shifter<double>;
    const double moved = (whole - power) * ln_2<double>;
    *this = usual_exp();
    floor = floor - T(moved);
    ceiling = ceiling - T(moved);
    steps = T(whole);
    return true;
  }
};
template <class T> mask<double> is_usual(vec<double> total) {
  return {(total > usual_exp<T>::least).m & (total < usual_exp<T>::most).m};
}
inline bool all_lanes(mask<double> m) { return count_lanes<double>(m) == vec<double>::lanes; }
template <class T> bool is_usual(double total) { return is_usual<T>(vec<double>(total)).m[0] != 0; }

// e^x times a power of two that makes about the same of a slice's maximum m as usual_exp first makes of 0. Where m is
// so large that a power would not do, x - m is taken first, which is exact for every x within reach (Sterbenz). A slice
// with NaN or +Infinity in it makes NaN of at least one entry, hence of the sum, hence of every result, and so does one
// of -Infinity only, whose floor is that.
template <class T> struct scaled_exp {
  vec<T> shift, floor, power;

  scaled_exp() = default;
  // Of an m that is not so large where `moderate`.
  explicit scaled_exp(vec<T> m, bool moderate = false) {
    const vec<T> finite = max(m, -largest<T>);
    shift = moderate ? vec<T>(T(0)) : select(abs(finite) > large<T>, finite, vec<T>(T(0)));
    floor = m - shift - reach<T>;
    power = T(usual_exp<T>::power) - (fma(finite - shift, log2_e<T>, shifter<T>) - shifter<T>);
  }
  vec<T> operator()(vec<T> x) const { return exp_times_power(max(x - shift, floor), power); }
  // Nothing of those below the floor: of a sum of them alone the errors would be subnormal numbers.
  vec<T> above_floor(vec<T> x) const {
    const vec<T> rest = x - shift;
    return select(rest < floor, vec<T>(T(0)), exp_times_power(max(rest, floor), power));
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

// Beside what float lanes have rounded, the errors of double are nothing.
template <class T, class V> void join(compensated<V> &a, compensated<V> b) {
  if constexpr (sizeof(T) == sizeof(float)) {
    a.high = a.high + b.high;
  } else {
    a.add(b);
  }
}

// The larger first. Where one is NaN, neither is lost.
template <class T> void order(vec<T> &a, vec<T> &b) {
  const vec<T> first = larger(a, b);
  b = smaller(a, b);
  a = first;
}

// What is seen of exponentials besides their sum: nothing, or in float lanes the smallest.
struct nothing_of {
  static nothing_of any() { return {}; }
};
inline nothing_of unseen;
struct smallest_of {
  vec<float> least = largest<float>;

  static smallest_of any() { return {0.0f}; } // As of those that were not looked at.
};
template <class T> struct seen_of { using type = nothing_of; };
template <> struct seen_of<float> { using type = smallest_of; };
template <class T> using seen_in = typename seen_of<T>::type;
// e, of which all but zeros are seen: one bit less makes NaN of zero, which min leaves out.
inline vec<float> less_one_bit(vec<float> e) { return from_bits<float>(to_bits(e) - 1); }
template <class S, class T> vec<T> see_some(S &seen, vec<T> e) {
  if constexpr (__is_same(S, smallest_of)) seen.least = min(seen.least, less_one_bit(e));
  return e;
}
// e or its first n lanes, which are seen.
template <class S, class T> vec<T> see(S &seen, vec<T> e, size_t n = vec<T>::lanes) {
  if constexpr (__is_same(S, smallest_of))
    seen.least = smallest(seen.least, n == vec<T>::lanes ? e : select(first_lanes<T>(n), e, vec<T>(largest<T>)));
  return e;
}

// e, of which some lanes are seen.
template <class S, class T> void see(S &seen, vec<T> e, some_lanes<T> which) {
  if constexpr (__is_same(S, smallest_of)) seen.least = which.smallest_of(seen.least, e);
}

// A register of virtual lanes. In a total the largest of each lies apart from the others.
template <class T, bool total> struct lane_sum {
  compensated<vec<T>> others = {T(0), T(0)};
  vec<T> largest = T(0);

  // Four neighbours, the first of each. Three of four equal ones are not always a number of T.
  void begin(vec<T> (&t)[4]) {
    if constexpr (total) {
      order_largest(t);
      largest = t[0];
      others = {t[2] + t[3], T(0)};
      others.add(t[1]);
    } else {
      others = {(t[0] + t[1]) + (t[2] + t[3]), T(0)};
    }
  }
  template <class S = nothing_of> void add(vec<T> (&t)[4], S &seen = unseen) {
    if constexpr (total) {
      order_largest(t);
      if constexpr (__is_same(S, smallest_of)) see(seen, smaller(t[1], t[3]));
      order(largest, t[0]);
    }
    others.add((t[0] + t[1]) + (t[2] + t[3]));
  }

private:
  static void order_largest(vec<T> (&t)[4]) {
    order(t[0], t[1]);
    order(t[2], t[3]);
    order(t[0], t[2]);
  }
};
// The same in memory.
template <class T, bool total, size_t n> struct lane_sums {
  T high[n], low[n], largest[n];

  void put(size_t i, lane_sum<T, total> sum) {
    store(&high[i], sum.others.high);
    store(&low[i], sum.others.low);
    if constexpr (total) store(&largest[i], sum.largest);
  }
  lane_sum<T, total> get(size_t i) const {
    if constexpr (!total) return {{load<T>(&high[i]), load<T>(&low[i])}, T(0)};
    return {{load<T>(&high[i]), load<T>(&low[i])}, load<T>(&largest[i])};
  }

  // In double. What float lanes lack is added at once, so that in double there are no errors to keep.
  compensated<vec<double>> in_double(size_t i) const {
    compensated<vec<double>> sum = {load<double>(&high[i]), load<double>(&low[i])};
    if constexpr (sizeof(T) == sizeof(float)) sum = {sum.high + sum.low, 0.0};
    if constexpr (total) join<T>(sum, {load<double>(&largest[i]), 0.0});
    return sum;
  }
  // The same without each of the largest that is the maximum's exponential, of which there are so many more.
  compensated<vec<double>> below(size_t i, vec<double> of_maximum, vec<double> &count) const {
    static_assert(total && sizeof(T) == sizeof(float));
    const vec<double> apart = load<double>(&largest[i]), none = 0.0;
    const mask<double> is_maximum = apart >= of_maximum;
    count = count + select(is_maximum, vec<double>(1.0), none);
    return {load<double>(&high[i]) + load<double>(&low[i]) + select(is_maximum, none, apart), none};
  }
};
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
// Rows whose totals make up a register.
constexpr size_t group = vec<double>::lanes;
// The last levels of the tree in each of a group of rows, whose totals come to lie side by side.
template <class T> compensated<vec<double>> add_across(compensated<vec<double>> (&rows)[group]) {
  constexpr std::make_index_sequence<group> order;
  for (size_t width = group / 2; width; width /= 2) {
    for (size_t i = 0; i < width; i++) {
      const compensated<vec<double>> &a = rows[i], &b = rows[i + width];
      compensated<vec<double>> sum = {interleave_low(a.high, b.high, order), interleave_low(a.low, b.low, order)};
      join<T>(sum, {interleave_high(a.high, b.high, order), interleave_high(a.low, b.low, order)});
      rows[i] = sum;
    }
  }
  return rows[0];
}
// Up to four elements of virtual lanes, in double at once: the first of each lie at t, the next ones `apart` from them.
template <size_t n, class T> compensated<vec<double>> add_few(const T *t, size_t apart) {
  compensated<vec<double>> sum = {load<double>(t), 0.0};
  for (size_t i = 1; i < n; i++)
    join<T>(sum, {load<double>(t + i * apart), 0.0});
  return sum;
}

inline double fma(double a, double b, double c) { return fused(a, b, c); }

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

// The shares of slices of which some are small: `share` has only normal numbers on its way to those from 2^-72 on, and
// makes the same of them. A multiplication that takes or makes a subnormal number costs an Intel processor as much as
// 140 others. ns per element of rows of 1000, `npm run bench -- --input uniform:-100:100` on a Sapphire Rapids: 7.0,
// and 0.33 by this.
constexpr float least_usual_share = 0x1p-72f;
// Times 2^126, so that no number on the way is subnormal: what the quotient lacks is taken of 2^-60 at least, below
// which the share is 0. A result below 1 is rounded to the bits of a subnormal number, another one is only scaled.
struct small_share {
  vec<float> quotient, rest;

  small_share() = default;
  explicit small_share(share<float> a) : quotient(a.quotient * vec<float>(0x1p126f)), rest(a.rest) {}
  vec<float> operator()(vec<float> e) const {
    const vec<float> one = 1.0f, shifted = 0x1p23f;
    const vec<float> scaled = fma(e, quotient, max(e * quotient, vec<float>(0x1p-60f)) * rest);
    const vec<float> subnormal = from_bits<float>(to_bits(fma(scaled, shifted, shifted)) - to_bits(shifted));
    return select(scaled < one, subnormal, max(scaled, one) * vec<float>(0x1p-126f));
  }
};

// Whether a slice has small shares, or one of several, whose largest total this is. Zero counts as one, though its
// share costs nothing, unless e are the exponentials, of which there are n: so it is where masks leave some out.
inline bool has_small(nothing_of, double, const double *, size_t) { return false; }
[[gnu::noinline]] inline bool has_small(smallest_of seen, double total, const float *e, size_t n) {
  constexpr size_t lanes = vec<float>::lanes, several = 8;
  const vec<float> limit = float(total) * least_usual_share;
  if (!any_greater(limit, seen.least)) return false;
  if (e == nullptr) return true;
  const auto less = [=](size_t j, size_t n) { return less_one_bit(load_some<float>(e + j, n)); };
  size_t j = 0;
  for (; j + several * lanes <= n; j += several * lanes) {
    vec<float> least[several];
    for (size_t i = 0; i < several; i++)
      least[i] = min(vec<float>(largest<float>), less(j + i * lanes, lanes));
    for (size_t width = several / 2; width; width /= 2)
      for (size_t i = 0; i < width; i++)
        least[i] = min(least[i], least[i + width]);
    if (any_greater(limit, least[0])) return true;
  }
  for (; j < n; j += lanes)
    if (any_greater(limit, less(j, n - j < lanes ? n - j : lanes))) return true;
  return false;
}

// A share's two parts, of a total or of a vector of them.
template <class V> struct reciprocal { V quotient, rest; };
template <class T, class V> reciprocal<V> reciprocal_of(compensated<V> total) {
  V whole = 1 / total.high;
  if constexpr (sizeof(T) == sizeof(double))
    return {whole, (fma(-total.high, whole, V(1)) - total.low * whole) * whole};
  // Rounded to the 24 bits of a float: a multiple has pushed out the others.
  V multiple = whole * V(0x1.00000008p+29), quotient = multiple - (multiple - whole);
  return {quotient, (whole - quotient) * total.high};
}
template <class T> share<T> share_of_total(compensated<double> total) {
  const auto [quotient, rest] = reciprocal_of<T>(total);
  return {T(quotient), T(rest)};
}
// Sums side by side. Those of float lanes have no errors.
template <class T, size_t n> struct sum_list {
  double high[n], low[n];

  void put(size_t i, compensated<vec<double>> sum) {
    store(&high[i], sum.high);
    if constexpr (sizeof(T) == sizeof(double)) store(&low[i], sum.low);
  }
  compensated<vec<double>> get(size_t i) const {
    if constexpr (sizeof(T) == sizeof(float)) return {load<double>(&high[i]), 0.0};
    return {load<double>(&high[i]), load<double>(&low[i])};
  }
  // As many as a register has lanes.
  vec<T> values() const {
    double all[n];
    for (size_t i = 0; i < n; i += vec<double>::lanes)
      store(&all[i], value_of(get(i)));
    return load<T>(all);
  }
};

// Whether shares in lanes of T are correctly rounded as elements E: those of double lanes as floats.
template <class T, class E> constexpr bool is_decided = sizeof(T) > sizeof(E);
// What such a share may be wrong by, in units of the last of its 53 bits and as a part of it. With u = 2^-53, an
// exponential is wrong by 1.8 u: by 1 u as it is rounded, and 0.4 u, 0.1 u, 0.25 u and 0.05 u come from e^r - 1, its
// square, r and the polynomial. A total is wrong by as much and by 2 u from sums of four; the share is rounded once
// more, and so is what the question adds to it.
constexpr int32_t share_error = 8;
constexpr double part_of_share = 8 * 0x1p-53;

} // namespace

// Whether one of n exponentials has a share that is open, if shares may be wrong by such a part of themselves. In one
// place for all that ask (kernels.cpp).
namespace nonlin::KERNELS_ROWS {
bool leaves_open(const double *e, size_t n, double quotient, double rest, double part);
}

namespace {

inline bool leaves_open(const double *e, size_t n, share<double> a, double part = part_of_share) {
  return nonlin::KERNELS_ROWS::leaves_open(e, n, a.quotient.v[0], a.rest.v[0], part);
}

// The shares of slices: up to a whole register of them, whatever the totals after the first `count`.
template <class T, size_t n> struct shares {
  T quotients[n], rests[n];

  explicit shares(const sum_list<T, n> &totals, size_t count = n) {
    for (size_t i = 0; i < count; i += vec<double>::lanes) {
      const auto [quotient, rest] = reciprocal_of<T>(totals.get(i));
      store(&quotients[i], quotient);
      store(&rests[i], rest);
    }
  }
  // Of one slice; of one for each lane.
  share<T> of(size_t i) const { return {quotients[i], rests[i]}; }
  share<T> of_lanes() const { return {load<T>(quotients), load<T>(rests)}; }
};

} // namespace
