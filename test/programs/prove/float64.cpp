// float64 inputs around every power of two and random ones of every magnitude, computed by all instruction sets. The
// oracle in long double tells each error but for its own share, some 2^-6 ulp; where with that share it could be larger
// than the largest so far, MPFR tells it. So the largest of these inputs is found, and is stated without that share.
#include "dispatch.h"
#include "prove.h"
#include "truth/multiprecision.h"
#include "truth/oracle.h"

#include <bit>

namespace prove {
namespace {

constexpr uint64_t block_length = 1 << 12;

uint64_t bits(double x) { return std::bit_cast<uint64_t>(x); }
bool same(double a, double b) { return bits(a) == bits(b) || (std::isnan(a) && std::isnan(b)); }

// A unit in the last place is no less than 2 to the power of this.
int least_exponent(const zero &zero, double x) { return is_beside(zero, x) ? -55 : -1074; }

struct tallies {
  tally_of<double> of[direction_count];
};

// The largest that the error can be, the truth being within its share of what the oracle tells; 0 where the oracle sees
// no error, so that there is none of more than that share.
double largest_error(const zero &zero, double x, long double truth, long double terms, double result) {
  if (x == 0 || !std::isfinite(x)) return same(result, double(truth)) ? 0 : HUGE_VAL;
  const int least = least_exponent(zero, x);
  if (std::isinf(result)) return double(truth) == result ? 0 : HUGE_VAL; // Too large for a double.
  const bool wrong_zero = result == 0 && std::signbit(result) != std::signbit(truth) && least == -1074;
  if (wrong_zero || !std::isfinite(result)) return HUGE_VAL;
  if (result == truth) return 0;
  const long double share = oracle_bound<long double> * std::abs(terms);
  const long double smallest = std::max(std::abs(truth) - share, 0.0L);
  const int exponent = std::max(std::ilogb(smallest), least + 52) - 52;
  return double(std::scalbn(std::abs(result - truth) + share, -exponent));
}

// The error without the oracle's share in it.
double exact_error(const subject &subject, direction direction, double x, double result) {
  const real_truth t = evaluate(subject, x);
  const real &truth = direction == forward ? t.value : t.slope;
  return (abs(real(result) - truth) / truth.ulp(53, least_exponent(zero_of(subject, direction), x))).to_double();
}

// Sixteen on either side of each power of two, of either sign: among them the zeros, the infinities, NaN, the largest
// number, and the subnormals at both ends.
constexpr uint64_t near_powers = uint64_t(4096) * 32;

// Of the others half are evenly spread over an interval, and half over the bits: most of those as far as results depend
// on them, from 2^-30 to 2^10.
double input(uint64_t i) {
  if (i < near_powers) return std::bit_cast<double>(((i / 32) << 52) + i % 32 - 16);
  constexpr double intervals[] = {1, 8, 40, 750};
  const uint64_t r = random_bits(3 * i);
  const double unit = random_unit(3 * i + 1);
  if (r & 1) return (2 * unit - 1) * intervals[(r >> 1) % 4];
  if (r & 6) return std::ldexp(r & 8 ? 1 + unit : -1 - unit, int((r >> 8) % 40) - 30);
  return std::bit_cast<double>(random_bits(3 * i + 2));
}

void run(const subject &subject, tallies &tallies, uint64_t block) {
  const oracle::row<long double> oracle = oracle::of<long double>(subject.activation);
  static const std::vector<double> ones(block_length, 1.0);
  std::vector<double> x(block_length), first(block_length), result(block_length);
  std::vector<truth<long double>> wanted(block_length);
  for (size_t i = 0; i < block_length; i++) {
    x[i] = input(block * block_length + i);
    wanted[i] = oracle(x[i], subject.p);
  }
  for (const direction direction : {forward, gradient})
    for (const nonlin::kernels *set : nonlin::supported_kernels()) {
      if (direction == forward)
        set->rows[subject.activation]->map[nonlin::float64](x.data(), result.data(), block_length, subject.p);
      else
        set->rows[subject.activation]->map_grad[nonlin::float64](ones.data(), x.data(), result.data(), block_length,
                                                                 subject.p);
      const bool is_first = set == nonlin::supported_kernels().front();
      tally_of<double> &found = tallies.of[direction];
      for (size_t i = 0; i < block_length; i++) {
        if (!is_first && same(first[i], result[i])) continue;
        if (!is_first) {
          found.differ++;
          found.differ_at = x[i];
        }
        const prove::truth<long double> &t = wanted[i];
        const long double truth = direction == forward ? t.value : t.slope;
        const long double terms = direction == forward ? t.value : t.slope_terms;
        double ulp = largest_error(zero_of(subject, direction), x[i], truth, terms, result[i]);
        if (ulp <= found.ulp) continue;
        if (ulp < HUGE_VAL) ulp = exact_error(subject, direction, x[i], result[i]);
        if (ulp <= found.ulp) continue;
        found.ulp = ulp;
        found.at = x[i];
      }
      if (is_first) first = result;
    }
}

} // namespace

std::vector<row> prove_float64(const options &options) {
  std::vector<row> rows;
  for (const subject &subject : options.subjects) {
    const uint64_t inputs = subject.sampled ? options.float64_inputs / 20 : options.float64_inputs;
    const uint64_t blocks = (near_powers + inputs + block_length - 1) / block_length;
    // The last first: beside the errors of random inputs, those near powers of two need no MPFR as a rule. The other
    // way round it was asked of each x near 0, and softplus took 1.5 s in the place of 0.1.
    const std::vector<tallies> all =
        spread(options, subject.label + ", float64", blocks, tallies(),
               [&](tallies &own, uint64_t block) { run(subject, own, blocks - 1 - block); });
    for (const direction direction : {forward, gradient}) {
      tally_of<double> total;
      for (const tallies &own : all)
        total.add(own.of[direction]);
      rows.push_back({.function = subject.label,
                      .direction = direction_names[direction],
                      .precision = "float64",
                      .inputs = blocks * block_length,
                      .ulp = total.ulp,
                      .at = decimal(total.at, 17),
                      .wrong = {},
                      .differ = total.differ,
                      .differ_at = total.differ > 0 ? decimal(total.differ_at, 17) : ""});
    }
  }
  return rows;
}

} // namespace prove
