// The oracle against MPFR: an oracle that misses its bound proves nothing, so this comes first.
#include "passes.h"
#include "prove.h"
#include "truth/multiprecision.h"

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

template <class R> double share_of_bound(const subject &subject, double x) {
  const truth<R> t = oracle::of<R>(subject.activation)(x, subject.p);
  const real_truth wanted = evaluate(subject, x);
  return std::max(share_of_bound(t.value, wanted.value, t.value), share_of_bound(t.slope, wanted.slope, t.slope_terms));
}

// The largest share(x) of so many samples.
template <class F> double largest(const options &options, const std::string &label, uint64_t inputs, F share) {
  constexpr uint64_t block_length = 1000;
  const std::vector<double> states =
      spread(options, label, inputs / block_length, 0.0, [&](double &worst, uint64_t block) {
        for (uint64_t i = block * block_length; i < (block + 1) * block_length; i++)
          worst = std::max(worst, share(i));
      });
  return *std::max_element(states.begin(), states.end());
}

template <class R>
check check_one(const options &options, const subject &subject, const char *precision, uint64_t inputs) {
  return {subject.label, precision, inputs,
          largest(options, "oracle of " + subject.label + ", " + precision, inputs, [&](uint64_t i) {
            double x = sample(i);
            if constexpr (sizeof(R) == sizeof(double)) {
              x = float(x);
              if (!std::isfinite(x)) x = std::bit_cast<float>(uint32_t(random_bits(~i)));
            }
            return std::isfinite(x) ? share_of_bound<R>(subject, x) : 0;
          })};
}

double share_of_double_double(const subject &subject, float x) {
  if (!std::isfinite(x) || x > 40) return 0; // Where sigmoid is cut off, and everything has long been 0, 1 or x.
  const real_truth wanted = evaluate(subject, x);
  const auto share = [&](direction direction, const real &truth, double terms) {
    const auto [high, low] = in_double_double(subject, direction, x);
    // Results that are zero as floats whatever they are multiplied by need only be so small.
    const real allowed = std::abs(terms) < 0x1p-280 ? real(0x1p-280) : real(double_double_bound) * abs(real(terms));
    return (abs(real(high) + real(low) - truth) / allowed).to_double();
  };
  const truth<double> t = oracle::of<double>(subject.activation)(x, subject.p);
  return std::max(share(forward, wanted.value, t.value), share(gradient, wanted.slope, t.slope_terms));
}

} // namespace

std::vector<check> check_double_double(const options &options) {
  std::vector<check> checks;
  // With 20'000 these and the oracle's checks were nearly half of the time that --quick takes.
  const uint64_t inputs = options.quick ? 4'000 : 1'000'000;
  for (const subject &subject : options.subjects) {
    const nonlin::row &row = nonlin::rows[subject.activation];
    if (row.one_rounding || row.double_decides) continue; // Nothing asks for it.
    checks.push_back({subject.label, "double-double", inputs,
                      largest(options, subject.label + ", double-double", inputs,
                              [&](uint64_t i) { return share_of_double_double(subject, float(sample(i))); })});
  }
  return checks;
}

std::vector<check> check_oracle(const options &options) {
  std::vector<check> checks;
  for (const subject &subject : options.subjects) {
    checks.push_back(check_one<double>(options, subject, "float32", options.quick ? 4'000 : 1'000'000));
    checks.push_back(check_one<long double>(options, subject, "float64", options.quick ? 4'000 : 200'000));
  }
  return checks;
}

} // namespace prove
