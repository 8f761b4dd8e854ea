// The rows of rows.def, which are as a textbook has them, by every instruction set of this processor against MPFR: what
// is rounded to a float must be the nearest one, fast and exact, and a double no farther off than 3 / 4 ulp. It prints
// the first results that are not, and what it has looked at.
#include "truth/textbook.h"
#include "kernels.h"
#include "truth/real.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <vector>

#if defined(__x86_64__)
#define SETS(row)                                                                                                      \
  { &nonlin::avx2_rows::row, &nonlin::avx512_rows::row }
#else
#define SETS(row)                                                                                                      \
  { &nonlin::neon_rows::row }
#endif
#define ACTIVATION(name, ...) extern const row_kernels name;
#if defined(__x86_64__)
namespace nonlin::avx2_rows {
#include MORE_ROWS
}
namespace nonlin::avx512_rows {
#include MORE_ROWS
}
#else
namespace nonlin::neon_rows {
#include MORE_ROWS
}
#endif
#undef ACTIVATION

namespace {

using nonlin::parameters;
using prove::real;

const real one = 1.0, two = 2.0;
using prove::by_textbook::logistic;
using truth = prove::by_textbook::both<real>;

truth isru(const real &x, parameters p) {
  const real root = sqrt(one + real(p.a) * x * x);
  return {x / root, one / (root * root * root)};
}
truth elish(const real &x, parameters) {
  const real rise = expm1(x), gate = logistic(x), rest = logistic(-x);
  if (x < 0.0) return {rise * gate, gate * (exp(x) + rise * rest)};
  return {x * gate, gate * (one + x * rest)};
}
truth bump(const real &x, parameters) {
  const real height = one / (two * exp(-x) + exp(x)), small = exp(x > 0.0 ? -two * x : two * x);
  return {height, height * (x > 0.0 ? (two * small - one) / (two * small + one) : (two - small) / (two + small))};
}
truth ramp(const real &x, parameters) {
  return x > 0.0 ? truth{x / (one + x), one / ((one + x) * (one + x))} : truth{0.0, 0.0};
}
// For what is at its limits beyond 3000, whether as a float or as a double: from 2^29 on e^2x has no room in MPFR.
const real edge = 3000.0, least = exp(real(-1e8));

// x tanh(e^x)
truth nested(const real &x, parameters) {
  if (x > edge) return {x, one};
  if (x < -edge) return {-least, -least};
  const real e = exp(x), rise = tanh(e), fall = sech(e);
  return {x * rise, rise + x * e * fall * fall};
}
// e^x beside the root of e^2x, as a value and, being that of asinh(e^x), as a slope
truth share(const real &x, parameters) {
  const real e = exp(x), y = x > edge ? one : x < -edge ? least : e / sqrt(one + e * e);
  return {y, y};
}
// e^(e^x) over 1 + e^(1.3 e^x), from 2000 on as there, and the same as a slope
truth tower(const real &x, parameters) {
  if (x > 15.0) return {least, least};
  const real e = exp(x), y = exp(e) / (one + exp(real(1.3) * e));
  return {y, y};
}
// The sign of x times the square root of its size.
truth root(const real &x, parameters) {
  const real size = sqrt(abs(x));
  return {std::signbit(x.to_double()) ? -size : size, one / (two * size)};
}
// At -Infinity and Infinity.
struct limits {
  double value[2], slope[2];
};
limits isru_limits(parameters p) {
  const double most = (one / sqrt(real(p.a))).to_double();
  return {{-most, most}, {0, 0}};
}
limits bump_limits(parameters) { return {{0, 0}, {0, -0.0}}; }
limits ramp_limits(parameters) { return {{0, 1}, {0, 0}}; }
limits nested_limits(parameters) { return {{-0.0, INFINITY}, {-0.0, 1}}; }
limits share_limits(parameters) { return {{0, 1}, {0, 1}}; }
limits tower_limits(parameters) { return {{0.5, 0}, {0.5, 0}}; }
limits root_limits(parameters) { return {{-INFINITY, INFINITY}, {0, 0}}; }
limits elish_limits(parameters) { return {{-0.0, INFINITY}, {-0.0, 1}}; }

struct row {
  const char *name;
  truth (*function)(const real &, parameters);
  limits (*ends)(parameters);
  const nonlin::row_kernels *sets[2];
  parameters p;
  bool (*is_open)(double x) = [](double) { return false; };
};
// Where of e^x digits are known, or its size, and of e^2x they are not (exact/unbounded.h), so that no quotient is.
bool splits(double x) {
  const int exponent = std::ilogb(x);
  return x > 0 && (exponent == 49 || exponent >= 959);
}

bool has_set(size_t i) {
#if defined(__x86_64__)
  return i == 0 ? __builtin_cpu_supports("avx2")
                : __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return i == 0;
#endif
}

uint64_t state = 1;
uint64_t random_bits() {
  state = state * 6364136223846793005 + 1442695040888963407;
  return state ^ state >> 29;
}

size_t looked_at = 0, wrong = 0;
template <class E> void report(const row &row, const char *what, size_t set, E x, E g, E got, double wanted) {
  if (wrong++ < 20)
    std::printf("%s(alpha=%g), %s, set %zu: at %.17g, grad %.17g: %.17g in place of %.17g\n", row.name, row.p.a, what,
                set, double(x), double(g), double(got), wanted);
}

template <class E> bool is_right(E got, const real &truth) {
  if constexpr (sizeof(E) == sizeof(float)) {
    const float wanted = truth.to_float();
    return std::bit_cast<uint32_t>(got) == std::bit_cast<uint32_t>(wanted);
  } else {
    if (!std::isfinite(got)) return got == truth.to_double();
    return !(abs(real(got) - truth) > real(0.7501) * truth.ulp(53, -1074)) &&
           std::signbit(got) == std::signbit(truth.to_double());
  }
}

// Around every power of two; where functions are curved; and any.
template <class E> std::vector<E> inputs() {
  constexpr int least = sizeof(E) == sizeof(float) ? -149 : -1074, most = sizeof(E) == sizeof(float) ? 128 : 1024;
  std::vector<E> x;
  for (int k = least; k < most; k++)
    for (const E sign : {E(1), E(-1)}) {
      E power = sign * std::ldexp(E(1), k);
      x.insert(x.end(), {power, std::nextafter(power, E(0)), std::nextafter(power, sign * E(INFINITY))});
    }
  for (size_t i = 0; i < 4000; i++) {
    const E unit = E(double(random_bits() >> 11) * 0x1p-53);
    x.insert(x.end(), {40 * unit - 20, 2 * unit - E(1.9), 1600 * unit - 800});
    if constexpr (sizeof(E) == sizeof(float))
      x.push_back(std::bit_cast<float>(uint32_t(random_bits())));
    else
      x.push_back(std::bit_cast<double>(random_bits()));
    if (!std::isfinite(x.back())) x.pop_back();
  }
  x.insert(x.end(), {E(0), E(-0.0)});
  return x;
}

template <class E> void look(const row &row, nonlin::arithmetic how, const char *precision) {
  const std::vector<E> x = inputs<E>();
  const size_t n = x.size();
  std::vector<E> ones(n, 1), grads(n), y[2], slopes[2], products[2];
  for (E &g : grads)
    g = std::ldexp(E(double(random_bits() >> 11) * 0x1p-53) + 1, int(random_bits() % 60)) *
        (random_bits() & 1 ? std::numeric_limits<E>::max() / E(0x1p61) : E(1));
  for (size_t set = 0; set < 2; set++) {
    if (row.sets[set] == nullptr || !has_set(set)) continue;
    y[set].resize(n), slopes[set].resize(n), products[set].resize(n);
    row.sets[set]->map[how](x.data(), y[set].data(), n, row.p);
    row.sets[set]->map_grad[how](ones.data(), x.data(), slopes[set].data(), n, row.p);
    row.sets[set]->map_grad[how](grads.data(), x.data(), products[set].data(), n, row.p);
    // An infinite grad, of slopes that are none as doubles, too.
    const E far[] = {E(-1e5), E(0.25), E(1e6)}, infinite[] = {E(INFINITY), E(INFINITY), E(INFINITY)};
    E there[3];
    row.sets[set]->map_grad[how](infinite, far, there, 3, row.p);
    for (size_t i = 0; i < 3; i++) {
      const real slope = row.function(real(double(far[i])), row.p).slope;
      const double wanted = slope < 0.0 ? -INFINITY : slope > 0.0 ? INFINITY : NAN;
      looked_at++;
      if (there[i] != E(wanted) && !(std::isnan(there[i]) && std::isnan(wanted)))
        report(row, precision, set, far[i], E(INFINITY), there[i], wanted);
    }
    const E ends[] = {E(-INFINITY), E(INFINITY), E(NAN)}, any[] = {E(1), E(1), E(1)};
    E at_ends[3], slopes_there[3];
    row.sets[set]->map[how](ends, at_ends, 3, row.p);
    row.sets[set]->map_grad[how](any, ends, slopes_there, 3, row.p);
    const limits wanted = row.ends(row.p);
    for (size_t i = 0; i < 2; i++) {
      const E value = E(wanted.value[i]), slope = E(wanted.slope[i]);
      looked_at += 2;
      if (at_ends[i] != value || std::signbit(at_ends[i]) != std::signbit(value))
        report(row, precision, set, ends[i], E(1), at_ends[i], value);
      if (slopes_there[i] != slope) report(row, precision, set, ends[i], E(1), slopes_there[i], slope);
    }
    if (at_ends[2] == at_ends[2] || slopes_there[2] == slopes_there[2])
      report(row, precision, set, ends[2], E(1), at_ends[2], NAN);
  }
  for (size_t i = 0; i < n; i++) {
    if (row.is_open(double(x[i]))) continue;
    const truth t = row.function(real(double(x[i])), row.p);
    const real product = t.slope * real(double(grads[i]));
    for (size_t set = 0; set < 2; set++) {
      if (y[set].empty()) continue;
      looked_at += 3;
      if (!is_right(y[set][i], t.value)) report(row, precision, set, x[i], E(1), y[set][i], t.value.to_double());
      if (!is_right(slopes[set][i], t.slope))
        report(row, precision, set, x[i], E(1), slopes[set][i], t.slope.to_double());
      if (!is_right(products[set][i], product))
        report(row, precision, set, x[i], grads[i], products[set][i], product.to_double());
    }
  }
}

} // namespace

int main() {
  const row rows[] = {{"isru", isru, isru_limits, SETS(isruOfTest), {1, 0}},
                      {"isru", isru, isru_limits, SETS(isruOfTest), {3, 0}},
                      {"isru", isru, isru_limits, SETS(isruOfTest), {0x1p-120, 0}},
                      {"isru", isru, isru_limits, SETS(isruOfTest), {0x1p120, 0}},
                      {"elish", elish, elish_limits, SETS(elishOfTest), {}},
                      {"bump", bump, bump_limits, SETS(bumpOfTest), {}},
                      {"ramp", ramp, ramp_limits, SETS(rampOfTest), {}},
                      {"nested", nested, nested_limits, SETS(nestedOfTest), {}},
                      {"share", share, share_limits, SETS(shareOfTest), {}, splits},
                      {"tower", tower, tower_limits, SETS(towerOfTest), {}},
                      {"root", root, root_limits, SETS(rootOfTest), {}}};
  for (const row &row : rows) {
    look<float>(row, nonlin::float32, "fast");
    look<float>(row, nonlin::float32_exact, "exact");
    look<double>(row, nonlin::float64, "float64");
  }
  std::printf("%zu results, %zu wrong\n", looked_at, wrong);
  return wrong != 0;
}
