// All 65,536 inputs of float16 and of bfloat16, by every instruction set: values, and gradients for grad = 1. What they
// are to be is the number nearest to the oracle's among all that the type has, found by a search; where the oracle lies
// too near the middle between two, to MPFR's.
#include "dispatch.h"
#include "halves/run_halves.h"
#include "prove.h"
#include "truth/multiprecision.h"
#include "truth/oracle.h"

#include <algorithm>

namespace prove {
namespace {

constexpr size_t inputs = 65536;

// A type of 16 bits, from what it says of itself: digits behind the point, and the exponent of the least normal number.
struct format {
  const char *name;
  nonlin::half type;
  int digits, least;
  uint16_t infinity, one;
  // The numbers from 0 on, by their bits, and one beyond the largest, where infinity would stand.
  std::vector<double> numbers;

  format(const char *name, nonlin::half type, int digits, int least)
      : name(name), type(type), digits(digits), least(least) {
    // Every binade has 2^digits numbers, below the least normal one evenly spread down to 0.
    const int steps = 1 << digits;
    for (int exponent = least - 1; exponent <= 1 - least; exponent++)
      for (int i = 0; i < steps; i++)
        numbers.push_back(std::ldexp(exponent < least ? i : steps + i, std::max(exponent, least) - digits));
    infinity = uint16_t(numbers.size());
    numbers.push_back(std::ldexp(1, 2 - least));
    one = uint16_t(std::find(numbers.begin(), numbers.end(), 1.0) - numbers.begin());
  }
  double operator[](uint16_t bits) const {
    const uint16_t size = bits & 0x7fff;
    const double number = size > infinity ? NAN : size == infinity ? HUGE_VAL : numbers[size];
    return bits & 0x8000 ? -number : number;
  }
  // The bits of the nearest number to a size, of two the even one.
  template <class R> uint16_t nearest(const R &size) const {
    const auto next =
        std::upper_bound(numbers.begin(), numbers.end(), size, [](const R &a, double b) { return a < R(b); });
    if (next == numbers.end()) return infinity;
    const uint16_t above = uint16_t(next - numbers.begin()), below = above - 1;
    const R middle = 0.5 * (numbers[below] + numbers[above]);
    if (size < middle) return below;
    if (size > middle) return above;
    return above % 2 == 0 ? above : below;
  }
};

// What x is to become: the oracle's value or slope, or where that cannot tell MPFR's.
uint16_t wanted(const format &format, const subject &subject, direction direction, double x,
                const truth<double> &oracle) {
  const double t = direction == forward ? oracle.value : oracle.slope;
  const double terms = direction == forward ? (std::isinf(t) ? 0 : t) : oracle.slope_terms;
  const uint16_t sign = std::signbit(t) ? 0x8000 : 0;
  if (std::isnan(t)) return 0x7fff;
  if (std::isinf(t)) return sign | format.infinity;
  const double size = std::abs(t), error = oracle_bound<double> * std::abs(terms);
  const uint16_t low = format.nearest(std::max(size - error, 0.0));
  // A result that may be on either side of zero has no sign yet.
  if (low == format.nearest(size + error) && (error <= size)) return sign | low;
  const real_truth exact = evaluate(subject, x);
  const real &value = direction == forward ? exact.value : exact.slope;
  return (value < 0.0 || (!(value > 0.0) && sign) ? 0x8000 : 0) | format.nearest(abs(value));
}

struct tally {
  double ulp = 0, at = 0, differ_at = 0;
  uint64_t wrong = 0, differ = 0;
};

tally judge(const format &format, const subject &subject, direction direction) {
  std::vector<uint16_t> x(inputs), ones(inputs, format.one), first(inputs), result(inputs);
  for (size_t i = 0; i < inputs; i++)
    x[i] = uint16_t(i);
  tally tally;
  const auto compute = [&](const nonlin::kernels &set, std::vector<uint16_t> &y) {
    nonlin::run_halves(set, subject.activation, subject.p, format.type, direction == forward ? nullptr : ones.data(),
                       x.data(), y.data(), inputs, 1);
  };
  const auto same = [&](uint16_t a, uint16_t b) { return a == b || (std::isnan(format[a]) && std::isnan(format[b])); };
  const auto sets = nonlin::supported_kernels();
  compute(*sets[0], first);
  for (const nonlin::kernels *set : sets.subspan(1)) {
    compute(*set, result);
    for (size_t i = 0; i < inputs; i++)
      if (!same(result[i], first[i])) {
        tally.differ++;
        tally.differ_at = format[x[i]];
      }
  }
  const oracle::row<double> oracle = oracle::of<double>(subject.activation);
  for (size_t i = 0; i < inputs; i++) {
    const double from = format[x[i]];
    const truth<double> t = std::isnan(from) ? truth<double>{NAN, NAN, 0} : oracle(from, subject.p);
    if (!same(first[i], wanted(format, subject, direction, from, t))) tally.wrong++;
    const double truth = direction == forward ? t.value : t.slope, got = format[first[i]];
    if (!std::isfinite(truth) || std::isinf(got)) continue;
    const int exponent = std::max(truth == 0 ? format.least : std::ilogb(truth), format.least);
    // Without the oracle's share in it.
    const double share = oracle_bound<double> * std::abs(direction == forward ? t.value : t.slope_terms);
    const double error = std::max(std::abs(got - truth) - share, 0.0);
    const double ulp = std::isnan(got) ? HUGE_VAL : std::ldexp(error, format.digits - exponent);
    if (ulp > tally.ulp) {
      tally.ulp = ulp;
      tally.at = from;
    }
  }
  return tally;
}

} // namespace

std::vector<row> prove_halves(const options &options) {
  static const format formats[] = {{"float16", nonlin::float16, 10, -14}, {"bfloat16", nonlin::bfloat16, 7, -126}};
  struct work {
    const subject *of;
    const format *in;
    prove::direction direction;
  };
  std::vector<work> works;
  for (const subject &subject : options.subjects)
    for (const format &format : formats)
      for (const direction direction : {forward, gradient})
        works.push_back({&subject, &format, direction});
  std::vector<row> rows(works.size());
  spread(options, "halves", works.size(), 0, [&](int, uint64_t i) {
    const auto &[subject, format, direction] = works[i];
    const tally found = judge(*format, *subject, direction);
    rows[i] = {.function = subject->label,
               .direction = direction_names[direction],
               .precision = format->name,
               .inputs = inputs,
               .ulp = found.ulp,
               .at = decimal(found.at, 9),
               .wrong = found.wrong,
               .differ = found.differ,
               .differ_at = found.differ > 0 ? decimal(found.differ_at, 9) : ""};
  });
  return rows;
}

} // namespace prove
