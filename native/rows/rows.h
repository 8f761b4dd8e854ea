// The rows of activations.def by number, and what each says of itself besides its formulas.
#pragma once

namespace nonlin {

enum activation : unsigned {
#define ACTIVATION(name, value, gradient, ...) activation_##name,
#include "rows/activations.def"
#undef ACTIVATION
  activation_count
};

// The numbers that a formula calls a and b. lib/ has rounded them to the array's dtype.
struct parameters {
  double a = 0, b = 0;
};

// Where the slope of a row is zero, about: `at`, or with `over_a` at / a, and then distances from it are over a as
// well. Beside it the slope is what is left of larger terms, and its error is relative to these. By default nowhere.
struct zero_of_slope {
  double at = __builtin_inf();
  bool over_a = false;

  constexpr double of(parameters p) const { return over_a ? at / p.a : at; }
  // What distances from it are to be multiplied by.
  constexpr double scale(parameters p) const { return !over_a ? 1 : p.a < 0 ? -p.a : p.a; }
};

// Whether the mean of a and b that a row multiplies by has so few bits that products in double lanes are exact: then
// neither rounding nor a middle is in question.
inline bool products_are_exact(parameters p) {
  const double a = p.a / 2, b = p.b / 2, middle = a + b, of_b = middle - a;
  const bool is_sum = (a - (middle - of_b)) + (b - of_b) == 0;
  return is_sum && (__builtin_bit_cast(unsigned long long, middle) & 0xffffff) == 0; // 53 bits hold 24 times 29.
}

// How a value near zero differs from x / 2, where that is all of it but a little: not at all, it is larger, or larger
// by the sign of a.
enum class beside_half { other, larger, by_sign_of_a };
// From here to 0 half of x is a subnormal float, and may be a middle between two of them, or of bfloat16; what there is
// besides counts by its sign alone, as so much.
constexpr float half_end = 0x1p-125f;
constexpr double beside_it = 0x1p-156;

// The parameters other than 0 of which a formula holds in float lanes, by their size: well within those of which it was
// found to lose digits, or to reach its end too early, against `exact`. These are silu's beta below 2^-38, softplus's
// below 2^-45, softcap's cap of 2^-126, and in rrelu a mean of bounds that is a subnormal number; in the slopes of elu
// and selu a factor above 2^31 makes something of what float lanes leave out (scaled_slope.h).
struct sizes {
  double least = 0, most = __builtin_inf();

  constexpr bool hold(double a) const { return a == 0 || (least <= (a < 0 ? -a : a) && (a < 0 ? -a : a) <= most); }
  constexpr bool hold(parameters p) const { return hold(p.a) && hold(p.b); }
};

// Whether a row does so: never, with another a than the usual one, or always.
enum class twice { never, with_other_a, always };

// What a row says of itself besides its formulas.
struct row {
  const char *called;
  // A result is rounded once or not at all, also in float lanes: there is nothing for `exact` to do better.
  bool one_rounding = false;
  // Float lanes have what rounds to the right number of 16 bits: x, a parameter, g or 0; a product of two such numbers,
  // which they hold from half of the least one on; or a sixth, which is no nearer to a middle without being it.
  bool floats_decide_halves = false;
  // And it multiplies: its value is x or a product of two floats, but for hardSigmoidOf, and a gradient is g times one.
  bool product = false;
  // A result in double lanes is so near the true one that no middle between two floats lies between them.
  bool double_decides = false;
  // The same of its value alone, but for what is beside half of x.
  bool value_decides = false;
  // And of both where the mean of a and b has few bits: they are products with that.
  bool multiplies_by_mean = false;
  // Below this a correctly rounded value is x itself: what x lacks is less than a quarter of a float's last place.
  float itself_below = 0;
  // The formulas are as a textbook has them (formulas/textbook.h): right, and not made for speed. Floats are computed
  // in double lanes; what these leave open, or make NaN, infinite or zero, and all doubles, in numbers of 106 bits
  // without bounds (exact/unbounded.h), so that nothing has to be said of limits, or of slopes that are far below the
  // normal numbers. The gradient is g times something, or over something.
  bool textbook = false;
  // A gradient is more than a product: g is dropped where the slope is zero. So are all of one rounding.
  bool drops = false;
  // It takes so long that other loops than the usual ones gain little: one over a few elements is not inlined; in
  // WebAssembly, whose size counts, it has no own one for usual inputs, and of float64, or with other parameters than
  // the usual ones, none that writes past the cache.
  bool is_long = false;
  // In WebAssembly it has none either, for a module of less than 150 kB.
  bool careful_in_wasm = false;
  // For `exact`, which tries quick.h first where that is known to be off by no more than this, for the value and for
  // the slope: in units of the last of 53 bits, powers of two above the error.
  double quick_error = 0, quick_slope_error = 0;
  zero_of_slope zero = {};
  beside_half half = beside_half::other;
  // With other parameters `fast` is computed as `exact` is.
  sizes floats_hold = {};
  // From how many times the usual size on (run/work.h) it gains by writing past the cache: ns per element of gelu at 4
  // Mi 0.28, and 0.45 past it, at 16 Mi 0.54 and 0.45 (`npm run bench -- --function gelu --size 4194304`).
  unsigned past_cache_from = 1;
  // Of a subnormal number or result the usual way rounds once more than the careful one (run/values.h).
  twice rounds_twice = twice::never;
  // The a that it is mostly called with, where something gains by knowing it.
  double usual_a = 0;
  // People gate by it: with the usual a there is a loop that multiplies what it computes, but in WebAssembly, where
  // size counts more.
  bool gates = false;
};
constexpr row rows[] = {
#define ACTIVATION(name, value, gradient, ...) {.called = #name, __VA_ARGS__},
#include "rows/activations.def"
#undef ACTIVATION
};

} // namespace nonlin
