// The functions in the C library's own arithmetic: double for float32 inputs, long double for float64 inputs.
// Independent of the kernels: nothing here may follow a formula of native/. Each run holds it against MPFR before it is
// believed.
#pragma once

#include "rows/rows.h"
#include "truth/textbook.h"

#include <cfloat>
#include <cmath>
#include <limits>

namespace prove {

static_assert(LDBL_MANT_DIG >= 64, "the oracle for float64 needs a long double of more digits than double");

template <class R> struct truth {
  R value, slope;
  // The size of what was added up to the slope: where it cancels, this is what the error is relative to.
  R slope_terms;
};

// The largest relative error allowed to the oracle. What follows adds up to less: the C library's functions are good to
// a few ulp of R, their arguments carry what a rounding of them would lose, and some five operations follow.
template <class R> constexpr R oracle_bound = sizeof(R) == sizeof(double) ? R(0x1p-48) : R(0x1p-59);

namespace oracle {

using nonlin::parameters;

// An unevaluated sum of some 100 bits.
struct two {
  double high, low;
};
inline two product(double a, double b) {
  const double high = a * b;
  return {high, std::fma(a, b, -high)};
}
inline two product(two a, two b) {
  const auto [high, low] = product(a.high, b.high);
  return {high, low + (a.high * b.low + a.low * b.high)};
}
inline two sum(double a, double b) {
  const double high = a + b;
  const double of_b = high - a;
  return {high, (a - (high - of_b)) + (b - of_b)};
}
inline two quotient(double a, double b) {
  const double high = a / b;
  return {high, std::isinf(high) ? 0 : std::fma(-high, b, a) / b};
}
inline two one_plus(two a) {
  const auto [high, low] = sum(1, a.high);
  return {high, low + a.low};
}

template <class R> R exp(two x) { return std::exp(R(x.high)) * (1 + R(x.low)); }

// Real numbers to 106 bits, from mpmath.
constexpr two root_half = {0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55};         // 1/sqrt(2)
constexpr two two_over_root_pi = {0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56};   // 2/sqrt(pi)
constexpr two bell_height = {0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56};       // 1/sqrt(2 pi)
constexpr two gelu_tanh_scale = {0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54};   // 2 sqrt(2/pi)
constexpr two gelu_tanh_cubic = {0x1.6e4e26d4801f7p-5, 0x1.441355475a31ap-59};    // 0.044715
constexpr two gelu_sigmoid_scale = {0x1.b3b645a1cac08p+0, 0x1.89374bc6a7efap-55}; // 1.702
constexpr two selu_scale = {0x1.0cfabd6a91132p+0, 0x1.6fc7d272f2695p-55};
constexpr two selu_below = {0x1.c212cc640f031p+0, 0x1.05161b045a1fep-56}; // times alpha
template <class R> constexpr R nearest(two x) { return R(x.high) + R(x.low); }

// Beyond this the exponentials of the three gelu are zero even when multiplied by the largest double, and before it the
// arithmetic on their exponents neither overflows nor loses its low part.
inline double bounded(double x, double limit) { return x < -limit ? -limit : x > limit ? limit : x; }

template <class R> truth<R> relu(double x, parameters) {
  const R slope = x > 0 ? 1 : x <= 0 ? 0 : x;
  return {x < 0 ? R(0) : R(x), slope, slope};
}

template <class R> truth<R> sigmoid(double x, parameters) {
  const R e = std::exp(-std::abs(R(x)));
  const R slope = e / ((1 + e) * (1 + e));
  return {(x < 0 ? e : R(1)) / (1 + e), slope, slope};
}

template <class R> truth<R> tanh(double x, parameters) {
  const R e = std::exp(-2 * std::abs(R(x)));
  const R slope = 4 * e / ((1 + e) * (1 + e));
  return {std::tanh(R(x)), slope, slope};
}

// erfc's slope makes up for what its argument lost when it was rounded. The slope is written so that a negative result
// which is too small for R becomes -0.
template <class R> truth<R> gelu(double x, parameters) {
  const double c = bounded(x, 130);
  const two square = product(c, c);
  const R bell = exp<R>({-square.high / 2, -square.low / 2});
  const two z = product(two{c, 0}, root_half);
  const R below = (std::erfc(R(-z.high)) + nearest<R>(two_over_root_pi) * bell * R(z.low)) / 2;
  const R rise = std::abs(R(c)) * bell * nearest<R>(bell_height);
  return {x * below, x < 0 ? -(rise - below) : below + rise, below + rise};
}

// x sigmoid(v), from v and x times its derivative.
template <class R> truth<R> gated(double x, two v, R growth) {
  const R e = exp<R>(v.high < 0 ? v : two{-v.high, -v.low});
  const R small = e / (1 + e), large = 1 / (1 + e);
  const R gate = v.high < 0 ? small : large, rest = v.high < 0 ? large : small;
  return {x * gate, gate * (1 + growth * rest), gate * (1 + std::abs(growth) * rest)};
}

template <class R> truth<R> geluTanh(double x, parameters) {
  const double c = bounded(x, 130);
  const two cubic = product(product(c, c), gelu_tanh_cubic);
  const two v = product(product(two{c, 0}, one_plus(cubic)), gelu_tanh_scale);
  return gated<R>(x, v, R(c) * nearest<R>(gelu_tanh_scale) * (1 + 3 * nearest<R>(cubic)));
}

template <class R> truth<R> geluSigmoid(double x, parameters) {
  const double c = bounded(x, 5000);
  return gated<R>(x, product(two{c, 0}, gelu_sigmoid_scale), R(c) * nearest<R>(gelu_sigmoid_scale));
}

template <class R> truth<R> leakyRelu(double x, parameters p) {
  const R slope = x > 0 ? R(1) : x <= 0 ? R(p.a) : R(x);
  return {x < 0 ? slope * R(x) : R(x), slope, slope};
}

template <class R> truth<R> elu(double x, parameters p) {
  if (x > 0) return {R(x), 1, 1};
  const R slope = R(p.a) * std::exp(R(x));
  return {x < 0 ? R(p.a) * std::expm1(R(x)) : R(x), slope, slope};
}

template <class R> truth<R> silu(double x, parameters p) {
  const double c = bounded(x, 12000 / std::abs(p.a));
  const two v = product(c, p.a);
  return gated<R>(x, v, nearest<R>(v));
}

// A piece that is flat, and one that is x with the slope 1. NaN where x is.
template <class R> truth<R> flat(double value) { return {R(value), 0, 0}; }
template <class R> truth<R> straight(double x) { return {R(x), x == x ? R(1) : R(x), 1}; }

template <class R> truth<R> hardTanh(double x, parameters p) {
  if (x <= p.a) return flat<R>(x < p.a ? p.a : x);
  if (x >= p.b) return flat<R>(x > p.b ? p.b : x);
  return straight<R>(x);
}
template <class R> truth<R> relu6(double x, parameters) { return hardTanh<R>(x, {0, 6}); }
template <class R> truth<R> identity(double x, parameters) { return straight<R>(x); }

template <class R> truth<R> hardShrink(double x, parameters p) {
  return std::abs(x) <= p.a ? flat<R>(x == 0 ? x : 0) : straight<R>(x);
}
template <class R> truth<R> softShrink(double x, parameters p) {
  if (std::abs(x) <= p.a) return flat<R>(x == 0 ? x : 0);
  return {x > 0 ? R(x) - R(p.a) : R(x) + R(p.a), straight<R>(x).slope, 1};
}
template <class R> truth<R> threshold(double x, parameters p) { return x <= p.a ? flat<R>(p.b) : straight<R>(x); }

template <class R> truth<R> relu2(double x, parameters) {
  if (x <= 0) return flat<R>(0);
  return {R(x) * R(x), 2 * R(x), 2 * R(x)};
}

template <class R> truth<R> prelu(double x, parameters p) { return leakyRelu<R>(x, p); }
template <class R> truth<R> rrelu(double x, parameters p) {
  const R middle = (R(p.a) + R(p.b)) / 2, slope = x > 0 ? R(1) : x <= 0 ? middle : R(x);
  return {x < 0 ? slope * R(x) : R(x), slope, slope};
}

template <class R> truth<R> hardSigmoid(double x, parameters) {
  if (x <= -3) return flat<R>(0);
  if (x >= 3) return flat<R>(1);
  const R slope = x == x ? R(1) / 6 : R(x);
  return {(R(x) + 3) / 6, slope, slope};
}
template <class R> truth<R> hardSigmoidOf(double x, parameters p) {
  const R y = std::fma(R(p.a), R(x), R(p.b)), slope = x == x ? R(p.a) : R(x);
  if (y <= 0) return flat<R>(0);
  if (y >= 1) return flat<R>(1);
  return {y, slope, slope};
}

template <class R> truth<R> hardSwish(double x, parameters) {
  if (x <= -3) return flat<R>(-0.0);
  if (x >= 3) return straight<R>(x);
  const R slope = (2 * R(x) + 3) / 6;
  return {R(x) * (R(x) + 3) / 6, slope, slope};
}

template <class R> truth<R> squareplus(double x, parameters p) {
  const R root = std::hypot(R(x), std::sqrt(R(p.a)));
  const R sum = x < 0 ? R(p.a) / (root - R(x)) : R(x) + root;
  return {sum / 2, sum / (2 * root), sum / (2 * root)};
}

// Above PyTorch's threshold, where that is below its default.
inline bool is_straight(double x, parameters p) { return p.b < 20 && std::fma(x, p.a, -p.b) > 0; }

template <class R> truth<R> softplus(double x, parameters p) {
  if (is_straight(x, p)) return straight<R>(x);
  const R e = exp<R>(product(-std::abs(bounded(x, 12000 / p.a)), p.a));
  const R slope = (x < 0 ? e : R(1)) / (1 + e);
  return {std::fmax(R(x), R(0)) + std::log1p(e) / R(p.a), slope, slope};
}

template <class R> truth<R> logSigmoid(double x, parameters) {
  const R e = std::exp(-std::abs(R(x)));
  const R slope = (x > 0 ? e : R(1)) / (1 + e);
  return {(x < 0 ? R(x) : R(-0.0)) - std::log1p(e), slope, slope};
}

template <class R> truth<R> selu(double x, parameters) {
  const two of = x < 0 ? selu_below : selu_scale;
  const R y = x < 0 ? std::expm1(R(x)) : R(x);
  const R slope = nearest<R>(x > 0 ? selu_scale : selu_below) * (x > 0 ? R(1) : std::exp(R(x)));
  return {R(of.high) * y + R(of.low) * y, slope, slope};
}

template <class R> truth<R> seluOf(double x, parameters p) {
  const R scale = p.b, below = R(p.a) * scale;
  if (x > 0) return {scale * R(x), scale, scale};
  const R slope = below * std::exp(R(x));
  return {x < 0 ? below * std::expm1(R(x)) : scale * R(x), slope, slope};
}

template <class R> truth<R> celu(double x, parameters p) {
  if (x > 0) return {R(x), 1, 1};
  const R slope = exp<R>(quotient(bounded(x, 12000 * p.a), p.a));
  return {x < 0 ? R(p.a) * std::expm1(R(x) / R(p.a)) : R(x), slope, slope};
}

// Cut off where e^x is still more than zero, so that a negative result which is too small for R becomes -0.
template <class R> truth<R> mish(double x, parameters) {
  const R c = bounded(x, sizeof(R) == sizeof(double) ? 700 : 11000);
  const R y = c > 0 ? c + std::log1p(std::exp(-c)) : std::log1p(std::exp(c));
  const R height = 1 / std::cosh(y), e = std::exp(-std::abs(c));
  const R bend = c * height * height * ((c < 0 ? e : R(1)) / (1 + e));
  return {x * std::tanh(y), std::tanh(y) + bend, std::tanh(y) + std::abs(bend)};
}

// Below 1 from Lambert's continued fraction, tanh(x) = x / (1 + x^2 / (3 + x^2 / (5 + ...))).
template <class R> truth<R> tanhShrink(double x, parameters) {
  const R y = std::tanh(R(x)), slope = y * y;
  if (!(std::abs(x) < 1)) return {R(x) - y, slope, slope};
  R fraction = 0;
  for (int n = 29; n > 1; n -= 2)
    fraction = R(x) * R(x) / (n + fraction);
  return {R(x) * (fraction / (1 + fraction)), slope, slope};
}

template <class R> truth<R> softcap(double x, parameters p) {
  const two z = quotient(-std::abs(bounded(x, 12000 * p.a)), p.a);
  const R e = exp<R>({2 * z.high, 2 * z.low}), slope = 4 * e / ((1 + e) * (1 + e));
  return {R(p.a) * std::tanh(R(x) / R(p.a)), slope, slope};
}

// Value and slope at an infinity: the limits.
struct limits {
  double value_below, slope_below, value_above, slope_above;
};
constexpr double infinity = std::numeric_limits<double>::infinity();

// Rows of textbook.def. Around the zero of a slope errors are relative to terms, which add up to no less than 1 / 8.
template <class R> truth<R> by_formula(by_textbook::both<R> t, double x, nonlin::zero_of_slope zero, parameters p) {
  if (x != x) return {R(x), R(x), R(x)}; // As a kernel does, whatever a comparison says of NaN.
  const R least = std::abs(x - zero.of(p)) * zero.scale(p) < 1 ? R(0.125) : R(0);
  return {t.value, t.slope, std::fmax(std::abs(t.slope), least)};
}
#define TRUTH(name, its_value, its_slope)                                                                              \
  template <class R> truth<R> name(double x, parameters p) {                                                           \
    return by_formula<R>(by_textbook::name<R>(x, p), x, nonlin::rows[nonlin::activation_##name].zero, p);              \
  }                                                                                                                    \
  inline limits name##_limits(parameters p) {                                                                          \
    const auto [value_below, slope_below] = by_textbook::name<long double>(-0x1p5000L, p);                             \
    const auto [value_above, slope_above] = by_textbook::name<long double>(0x1p5000L, p);                              \
    return {double(value_below), double(slope_below), double(value_above), double(slope_above)};                       \
  }
#include "truth/textbook.def"
#undef TRUTH

inline limits relu_limits(parameters) { return {0, 0, infinity, 1}; }
inline limits sigmoid_limits(parameters) { return {0, 0, 1, 0}; }
inline limits tanh_limits(parameters) { return {-1, 0, 1, 0}; }
inline limits gelu_limits(parameters) { return {-0.0, -0.0, infinity, 1}; }
inline limits geluTanh_limits(parameters p) { return gelu_limits(p); }
inline limits geluSigmoid_limits(parameters p) { return gelu_limits(p); }

inline limits leakyRelu_limits(parameters p) { return {p.a == 0 ? -0.0 : p.a * -infinity, p.a, infinity, 1}; }
inline limits elu_limits(parameters p) { return {-p.a, p.a * 0, infinity, 1}; }
inline limits relu6_limits(parameters) { return {0, 0, 6, 0}; }
inline limits hardTanh_limits(parameters p) { return {p.a, 0, p.b, 0}; }
inline limits identity_limits(parameters) { return {-infinity, 1, infinity, 1}; }
inline limits hardShrink_limits(parameters p) { return identity_limits(p); }
inline limits softShrink_limits(parameters p) { return identity_limits(p); }
inline limits threshold_limits(parameters p) { return {p.b, 0, infinity, 1}; }
inline limits relu2_limits(parameters) { return {0, 0, infinity, infinity}; }
inline limits prelu_limits(parameters p) { return leakyRelu_limits(p); }
inline limits rrelu_limits(parameters p) { return leakyRelu_limits({(p.a + p.b) / 2, 0}); }
inline limits hardSigmoid_limits(parameters) { return {0, 0, 1, 0}; }
inline limits hardSigmoidOf_limits(parameters p) {
  if (p.a == 0) return {p.b, 0, p.b, 0};
  return {p.a > 0 ? 0.0 : 1.0, 0, p.a > 0 ? 1.0 : 0.0, 0};
}
inline limits hardSwish_limits(parameters) { return {-0.0, 0, infinity, 1}; }
inline limits squareplus_limits(parameters) { return {0, 0, infinity, 1}; }

inline limits silu_limits(parameters p) {
  if (p.a == 0) return {-infinity, 0.5, infinity, 0.5};
  if (p.a < 0) return {-infinity, 1, 0, -0.0};
  return {-0.0, -0.0, infinity, 1};
}
inline limits softplus_limits(parameters) { return {0, 0, infinity, 1}; }
inline limits logSigmoid_limits(parameters) { return {-infinity, 1, -0.0, 0}; }
inline limits selu_limits(parameters) { return {-selu_below.high, 0, infinity, selu_scale.high}; }
inline limits seluOf_limits(parameters p) { return {-p.a * p.b, p.a * p.b * 0, p.b * infinity, p.b}; }
inline limits celu_limits(parameters p) { return {-p.a, 0, infinity, 1}; }
inline limits mish_limits(parameters) { return {-0.0, -0.0, infinity, 1}; }
inline limits tanhShrink_limits(parameters) { return {-infinity, 1, infinity, 1}; }
inline limits softcap_limits(parameters p) { return {-p.a, 0, p.a, 0}; }

// The oracle of a row.
template <class R> struct row {
  truth<R> (*function)(double x, parameters);
  limits (*ends)(parameters);

  truth<R> operator()(double x, parameters p) const {
    if (!std::isinf(x)) return function(x, p);
    const limits ends = this->ends(p);
    if (x < 0) return {R(ends.value_below), R(ends.slope_below), 0};
    return {R(ends.value_above), R(ends.slope_above), 0};
  }
};
template <class R> row<R> of(nonlin::activation activation) {
  static constexpr row<R> rows[] = {
#define ACTIVATION(name, value, gradient, ...) {name<R>, name##_limits},
#include "rows/activations.def"
#undef ACTIVATION
  };
  return rows[activation];
}

} // namespace oracle
} // namespace prove
