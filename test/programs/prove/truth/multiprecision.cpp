// Each activation as a textbook has it. 400 bits forgive the cancellations that a double as input can cause, and keep
// the square of a float beside 1; a form that cancels without end (1 + tanh, 1 - sigmoid) is not used.
#include "truth/multiprecision.h"

namespace prove {
namespace {

using nonlin::parameters;

const real one = 1.0, two = 2.0, three = 3.0;
const real root_two = sqrt(two), root_two_pi = sqrt(two * real::pi());

real logistic(const real &x) { return one / (one + exp(-x)); }

real_truth relu(const real &x, parameters) {
  return x > 0.0 ? real_truth{x, one} : real_truth{x < 0.0 ? real(0.0) : x, 0.0};
}

real_truth sigmoid(const real &x, parameters) { return {logistic(x), logistic(x) * logistic(-x)}; }

real_truth tanh(const real &x, parameters) { return {tanh(x), sech(x) * sech(x)}; }

real_truth gelu(const real &x, parameters) {
  const real below = erfc(-x / root_two) / two;
  return {x * below, below + x * exp(-x * x / two) / root_two_pi};
}

// x sigmoid(v), from v and its derivative.
real_truth gated(const real &x, const real &v, const real &growth) {
  const real gate = logistic(v);
  return {x * gate, gate * (one + x * growth * logistic(-v))};
}

real_truth geluTanh(const real &x, parameters) {
  static const real scale = two * sqrt(two / real::pi()), cubic("0.044715");
  return gated(x, scale * (x + cubic * x * x * x), scale * (one + three * cubic * x * x));
}

real_truth geluSigmoid(const real &x, parameters) {
  static const real scale("1.702");
  return gated(x, scale * x, scale);
}

real_truth leakyRelu(const real &x, parameters p) { return {x < 0.0 ? x * real(p.a) : x, x > 0.0 ? one : real(p.a)}; }

real_truth elu(const real &x, parameters p) {
  return {x < 0.0 ? real(p.a) * expm1(x) : x, x > 0.0 ? one : real(p.a) * exp(x)};
}

real_truth constant(double value) { return {value, 0.0}; }
real_truth line(const real &x, const real &slope, const real &rise) { return {slope * x + rise, slope}; }
real_truth identity(const real &x, parameters) { return {x, one}; }

// Between the two, and else the nearer of them.
real_truth between(double low, double high, const real_truth &t) {
  return !(t.value > low) ? constant(low) : !(t.value < high) ? constant(high) : t;
}
real_truth relu6(const real &x, parameters p) { return between(0, 6, identity(x, p)); }
real_truth hardTanh(const real &x, parameters p) { return between(p.a, p.b, identity(x, p)); }

real_truth hardShrink(const real &x, parameters p) { return abs(x) > p.a ? identity(x, p) : constant(0); }

real_truth softShrink(const real &x, parameters p) {
  return abs(x) > p.a ? line(x, one, x > 0.0 ? -p.a : p.a) : constant(0);
}

real_truth threshold(const real &x, parameters p) { return x > p.a ? identity(x, p) : constant(p.b); }

real_truth relu2(const real &x, parameters) { return x > 0.0 ? real_truth{x * x, two * x} : constant(0); }

real_truth prelu(const real &x, parameters p) { return leakyRelu(x, p); }

real_truth rrelu(const real &x, parameters p) {
  const real slope = (real(p.a) + real(p.b)) / two;
  return {x < 0.0 ? x * slope : x, x > 0.0 ? one : slope};
}

real_truth hardSigmoid(const real &x, parameters) { return between(0, 1, line(x, one / 6.0, one / two)); }

real_truth hardSigmoidOf(const real &x, parameters p) { return between(0, 1, line(x, p.a, p.b)); }

real_truth hardSwish(const real &x, parameters p) {
  const real_truth gate = hardSigmoid(x, p);
  return {x * gate.value, gate.value + x * gate.slope};
}

// Of negative x by the conjugate of the sum: 400 bits are not enough for its cancellation.
real_truth squareplus(const real &x, parameters p) {
  const real b = p.a, root = sqrt(x * x + b);
  const real sum = x < 0.0 ? b / (root - x) : x + root;
  return {sum / two, sum / (two * root)};
}

// log(1 + e^x), where neither end overflows.
real softplus(const real &x) { return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

real_truth silu(const real &x, parameters p) { return gated(x, x * real(p.a), real(p.a)); }

real_truth softplus(const real &x, parameters p) {
  const real b = p.a;
  if (p.b < 20 && b * x > p.b) return identity(x, p);
  return {softplus(b * x) / b, logistic(b * x)};
}

real_truth logSigmoid(const real &x, parameters) { return {-softplus(-x), logistic(-x)}; }

real_truth selu(const real &x, parameters) {
  static const real scale("1.0507009873554804934193349852946"), alpha("1.6732632423543772848170429916717");
  return {scale * (x < 0.0 ? alpha * expm1(x) : x), x > 0.0 ? scale : scale * alpha * exp(x)};
}

real_truth seluOf(const real &x, parameters p) {
  const real scale = p.b, alpha = p.a;
  return {scale * (x < 0.0 ? alpha * expm1(x) : x), x > 0.0 ? scale : scale * alpha * exp(x)};
}

real_truth celu(const real &x, parameters p) {
  const real a = p.a;
  return {x < 0.0 ? a * expm1(x / a) : x, x > 0.0 ? one : exp(x / a)};
}

real_truth mish(const real &x, parameters) {
  const real y = softplus(x);
  return {x * tanh(y), tanh(y) + x * sech(y) * sech(y) * logistic(x)};
}

// Where 400 bits do not show the difference: of a tiny x its first term; and of a large one, where it is x - 1 and less
// than 2^-288 more, something for that, as x - 1 may be a middle.
real_truth tanhShrink(const real &x, parameters) {
  const real y = tanh(x), more = 0x1p-200;
  if (abs(x) < 0x1p-100) return {x * x * x / three, y * y};
  if (abs(x) > 100.0) return {x > 0.0 ? x - one + more : x + one - more, y * y};
  return {x - y, y * y};
}

real_truth softcap(const real &x, parameters p) {
  const real c = p.a;
  return {c * tanh(x / c), sech(x / c) * sech(x / c)};
}

#define TRUTH(name, its_value, its_slope)                                                                              \
  real_truth name(const real &x, parameters p) {                                                                       \
    const auto [value, slope] = by_textbook::name<real>(x, p);                                                         \
    return {value, slope};                                                                                             \
  }
#include "truth/textbook.def"
#undef TRUTH

} // namespace

real_truth evaluate(const subject &subject, double x) {
  static constexpr real_truth (*functions[])(const real &, parameters) = {
#define ACTIVATION(name, value, gradient, ...) name,
#include "rows/activations.def"
#undef ACTIVATION
  };
  return functions[subject.activation](x, subject.p);
}

} // namespace prove
