// Random float64 inputs of every magnitude, computed by all instruction sets and judged by the oracle in long double.
// Its own error may be 2^-6 ulp here; the largest error found is stated as MPFR has it.
#include "dispatch.h"
#include "multiprecision.h"
#include "oracle.h"
#include "prove.h"

#include <bit>

namespace prove {
namespace {

constexpr uint64_t block_length = 1 << 12;

uint64_t bits(double x) { return std::bit_cast<uint64_t>(x); }
bool same(double a, double b) { return bits(a) == bits(b) || (std::isnan(a) && std::isnan(b)); }

// A unit in the last place is no less than 2 to the power of this.
int least_exponent(direction direction, double x) { return near_zero_of_slope(direction, x) ? -55 : -1074; }

struct tally {
  double ulp = 0, at = 0, result = 0;
  uint64_t differ = 0;
  double differ_at = 0;

  void add(const tally &other) {
    if (other.ulp > ulp) {
      ulp = other.ulp;
      at = other.at;
      result = other.result;
    }
    if (other.differ > 0) differ_at = other.differ_at;
    differ += other.differ;
  }
};
struct tallies {
  tally of[direction_count];
};

double error_in_ulp(direction direction, double x, long double truth, double result) {
  if (x == 0 || !std::isfinite(x)) return same(result, double(truth)) ? 0 : HUGE_VAL;
  const int least = least_exponent(direction, x);
  const bool wrong_zero = result == 0 && std::signbit(result) != std::signbit(truth) && least == -1074;
  if (wrong_zero || !std::isfinite(result)) return HUGE_VAL;
  const int exponent = truth == 0 ? least : std::max(std::ilogb(truth) - 52, least);
  return double(std::scalbn(std::abs(result - truth), -exponent));
}

// The error where it is largest, without the oracle's share in it.
double exact_error(nonlin::activation activation, direction direction, const tally &tally) {
  if (tally.ulp == HUGE_VAL || tally.at == 0) return tally.ulp;
  const real_truth t = evaluate(activation, tally.at);
  const real &truth = direction == forward ? t.value : t.slope;
  return (abs(real(tally.result) - truth) / truth.ulp(53, least_exponent(direction, tally.at))).to_double();
}

struct function {
  const char *name;
  nonlin::activation activation;
  truth<long double> (*oracle)(double);
  oracle::limits limits;
};

double input(uint64_t i) {
  constexpr double specials[] = {0.0, -0.0, HUGE_VAL, -HUGE_VAL, NAN, 0x1p-1074, -0x1p-1074, 0x1p-1022, -0x1p-1022};
  return i < std::size(specials) ? specials[i] : sample(i);
}

void run(const function &function, tallies &tallies, uint64_t block) {
  static const std::vector<double> ones(block_length, 1.0);
  std::vector<double> x(block_length), first(block_length), result(block_length);
  std::vector<truth<long double>> wanted(block_length);
  for (size_t i = 0; i < block_length; i++) {
    x[i] = input(block * block_length + i);
    wanted[i] = oracle::evaluate(function.oracle, function.limits, x[i]);
  }
  for (const direction direction : {forward, gradient})
    for (const nonlin::kernels *set : nonlin::supported_kernels()) {
      if (direction == forward)
        set->map[function.activation][nonlin::float64](x.data(), result.data(), block_length, false);
      else
        set->map_grad[function.activation][nonlin::float64](ones.data(), x.data(), result.data(), block_length);
      const bool is_first = set == nonlin::supported_kernels().front();
      tally found;
      for (size_t i = 0; i < block_length; i++) {
        if (!is_first && same(first[i], result[i])) continue;
        if (!is_first) {
          found.differ++;
          found.differ_at = x[i];
        }
        const long double truth = direction == forward ? wanted[i].value : wanted[i].slope;
        const double ulp = error_in_ulp(direction, x[i], truth, result[i]);
        if (ulp > found.ulp) {
          found.ulp = ulp;
          found.at = x[i];
          found.result = result[i];
        }
      }
      tallies.of[direction].add(found);
      if (is_first) first = result;
    }
}

} // namespace

std::vector<row> prove_float64(const options &options) {
  static constexpr function functions[] = {
#define ACTIVATION(name, value, gradient)                                                                              \
  {#name, nonlin::activation_##name, oracle::name<long double>, oracle::name##_limits},
#include "activations.def"
#undef ACTIVATION
  };
  const uint64_t blocks = (options.float64_inputs + block_length - 1) / block_length;
  std::vector<row> rows;
  for (const function &function : functions) {
    if (!options.wants(function.name)) continue;
    const std::vector<tallies> all = spread(options, std::string(function.name) + ", float64", blocks, tallies(),
                                            [&](tallies &own, uint64_t block) { run(function, own, block); });
    for (const direction direction : {forward, gradient}) {
      tally total;
      for (const tallies &own : all)
        total.add(own.of[direction]);
      rows.push_back({.function = function.name,
                      .direction = direction_names[direction],
                      .precision = "float64",
                      .inputs = blocks * block_length,
                      .ulp = exact_error(function.activation, direction, total),
                      .at = decimal(total.at, 17),
                      .wrong = {},
                      .differ = total.differ,
                      .differ_at = total.differ > 0 ? decimal(total.differ_at, 17) : ""});
    }
  }
  return rows;
}

} // namespace prove
