// Random float64 inputs of every magnitude, and those where one answer is right: all instruction sets, judged by the
// oracle in long double. Its own error is below 2^-6 ulp here; MPFR states the largest error without it.
#include "dispatch.h"
#include "multiprecision.h"
#include "oracle.h"
#include "prove.h"

#include <bit>

namespace prove {
namespace {

constexpr size_t block_length = 1 << 12;

enum direction { forward, gradient, direction_count };
constexpr const char *direction_names[] = {"forward", "gradient"};

uint64_t bits(double x) { return std::bit_cast<uint64_t>(x); }
bool same(double a, double b) { return bits(a) == bits(b) || (std::isnan(a) && std::isnan(b)); }

// Between these inputs the slopes of the gelu family pass through zero: the unit is 2^-55 at least, so that 4 are 2^-53.
bool near_zero_of_slope(direction direction, double x) { return direction == gradient && -1 <= x && x <= -0.5; }

struct tally {
  double ulp = 0, at = 0, result = 0;
  uint64_t differ = 0;
  double differ_at = 0;
};

long double error_in_ulp(direction direction, double x, long double truth, double result) {
  if (x == 0 || !std::isfinite(x)) return same(result, double(truth)) ? 0 : HUGE_VALL;
  const bool near_zero = near_zero_of_slope(direction, x);
  if (std::isnan(result) || (result == 0 && !near_zero && std::signbit(result) != std::signbit(truth)))
    return HUGE_VALL;
  const int exponent = truth == 0 ? -1074 : std::ilogb(truth) - 52;
  return std::ldexp(std::abs(result - truth), -std::max(exponent, near_zero ? -55 : -1074));
}

template <class Oracle>
void judge(Oracle oracle, const oracle::limits &limits, nonlin::activation activation, const double *x, size_t n,
           tally (&tallies)[direction_count]) {
  static const std::vector<double> ones(block_length, 1.0);
  std::vector<truth<long double>> wanted(n);
  for (size_t i = 0; i < n; i++) {
    wanted[i] = oracle(x[i]);
    if (!std::isinf(x[i])) continue;
    if (x[i] < 0)
      wanted[i] = {limits.value_below, limits.slope_below, 0};
    else
      wanted[i] = {limits.value_above, limits.slope_above, 0};
  }
  std::vector<double> first, result(n);
  for (const nonlin::kernels *set : nonlin::supported_kernels())
    for (const direction direction : {forward, gradient}) {
      tally &tally = tallies[direction];
      if (direction == forward)
        set->map[activation][nonlin::float64](x, result.data(), n, false);
      else
        set->map_grad[activation][nonlin::float64](ones.data(), x, result.data(), n);
    }
}

} // namespace
} // namespace prove
