// The oracle against MPFR: an oracle that misses its bound proves nothing, so this comes first.
#include "multiprecision.h"
#include "passes.h"
#include "prove.h"

#include <bit>

namespace prove {

// A quarter each: where the functions are curved; every magnitude around it; the numbers next to a power of two there;
// any bits at all. Of the first, half lie where slopes pass through zero.
double sample(uint64_t counter) {
  const uint64_t r = random_bits(3 * counter);
  const double unit = random_unit(3 * counter + 1), sign = r & 4 ? -1 : 1;
  const int exponent = int((r >> 8) % 24) - 13;
  switch (r & 3) {
  case 0:
    return r & 8 ? -1 + unit / 2 : sign * 40 * unit;
  case 1:
    return sign * std::ldexp(1 + unit, exponent);
  case 2:
    return sign * std::ldexp(1 + std::ldexp(std::floor(32 * unit) - 16, r & 8 ? -52 : -24), exponent);
  default:
    return std::bit_cast<double>(random_bits(3 * counter + 2));
  }
}

namespace {

template <class R> double share_of_bound(truth<R> (*oracle)(double), nonlin::activation activation, double x) {
  const truth<R> t = oracle(x);
  const real_truth wanted = evaluate(activation, x);
  return std::max(share_of_bound(t.value, wanted.value, t.value), share_of_bound(t.slope, wanted.slope, t.slope_terms));
}

template <class R>
check check_one(const options &options, const char *name, const char *precision, nonlin::activation activation,
                truth<R> (*oracle)(double), uint64_t inputs) {
  constexpr uint64_t block_length = 1000;
  const std::vector<double> states =
      spread(options, std::string("oracle of ") + name + ", " + precision, inputs / block_length, 0.0,
             [&](double &worst, uint64_t block) {
               for (uint64_t i = block * block_length; i < (block + 1) * block_length; i++) {
                 double x = sample(i);
                 if constexpr (sizeof(R) == sizeof(double)) {
                   x = float(x);
                   if (!std::isfinite(x)) x = std::bit_cast<float>(uint32_t(random_bits(~i)));
                 }
                 if (std::isfinite(x)) worst = std::max(worst, share_of_bound(oracle, activation, x));
               }
             });
  return {name, precision, inputs, *std::max_element(states.begin(), states.end())};
}

double share_of_double_double(nonlin::activation activation, truth<double> (*oracle)(double), float x) {
  if (x > 40) return 0; // Where sigmoid is cut off, and everything has long been 0, 1 or x.
  const real_truth wanted = evaluate(activation, x);
  const auto share = [&](direction direction, const real &truth, double terms) {
    const auto [high, low] = in_double_double(activation, direction, x);
    // Results that are zero as floats whatever they are multiplied by need only be so small.
    const real allowed = std::abs(terms) < 0x1p-280 ? real(0x1p-280) : real(double_double_bound) * abs(real(terms));
    return (abs(real(high) + real(low) - truth) / allowed).to_double();
  };
  const truth<double> t = oracle(x);
  return std::max(share(forward, wanted.value, t.value), share(gradient, wanted.slope, t.slope_terms));
}

} // namespace

std::vector<check> check_double_double(const options &options) {
  std::vector<check> checks;
  const uint64_t inputs = options.quick ? 20'000 : 1'000'000, block_length = 1000;
#define ACTIVATION(name, value, gradient, ...)                                                                         \
  if (options.wants(#name)) {                                                                                          \
    const std::vector<double> states =                                                                                 \
        spread(options, #name ", double-double", inputs / block_length, 0.0, [&](double &worst, uint64_t block) {      \
          for (uint64_t i = block * block_length; i < (block + 1) * block_length; i++)                                 \
            if (const float x = float(sample(i)); std::isfinite(x))                                                    \
              worst = std::max(worst, share_of_double_double(nonlin::activation_##name, oracle::name<double>, x));     \
        });                                                                                                            \
    checks.push_back({#name, "double-double", inputs, *std::max_element(states.begin(), states.end())});               \
  }
#include "formulas/activations.def"
#undef ACTIVATION
  return checks;
}

std::vector<check> check_oracle(const options &options) {
  std::vector<check> checks;
#define ACTIVATION(name, value, gradient, ...)                                                                         \
  if (options.wants(#name)) {                                                                                          \
    checks.push_back(check_one(options, #name, "float32", nonlin::activation_##name, oracle::name<double>,             \
                               options.quick ? 20'000 : 1'000'000));                                                   \
    checks.push_back(check_one(options, #name, "float64", nonlin::activation_##name, oracle::name<long double>,        \
                               options.quick ? 20'000 : 200'000));                                                     \
  }
#include "formulas/activations.def"
#undef ACTIVATION
  return checks;
}

} // namespace prove
