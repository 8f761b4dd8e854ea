// Every float32 input of every activation: all instruction sets compute it in both precisions, and the oracle judges;
// gradients for grad = 1, and `exact` once more for a random grad at each input, and for those that make ties. Where
// the oracle lies too near a rounding boundary to tell the correctly rounded result, MPFR does.
#include "dispatch.h"
#include "passes.h"
#include "prove.h"
#include "run/values.h"
#include "truth/multiprecision.h"
#include "truth/oracle.h"

#include <bit>
#include <cstring>
#include <memory>
#include <string_view>

namespace prove {
namespace {

// Inputs taken together: few enough for all that is computed of them to stay in a core's own cache.
constexpr size_t block_length = 1 << 13;

constexpr const char *precision_names[] = {"fast", "exact"};
constexpr nonlin::arithmetic arithmetics[] = {nonlin::float32, nonlin::float32_exact};
constexpr size_t precision_count = 2;

uint32_t bits(float x) { return std::bit_cast<uint32_t>(x); }
uint64_t bits(double x) { return std::bit_cast<uint64_t>(x); }
bool same(float a, float b) { return (bits(a) == bits(b)) | ((a != a) & (b != b)); }

// What is looked at. A product adds a rounding to `fast`, whose slope is looked at already; and a row of one rounding
// may drop a grad, which is no product.
bool covers(nonlin::activation activation, direction direction, size_t precision) {
  return direction != product ||
         (precision_names[precision] == std::string_view("exact") && !nonlin::rows[activation].one_rounding);
}

// All 2^32 of them; or every so many, a prime, and the sixteen on either side of each power of two.
class input_list {
public:
  explicit input_list(uint64_t stride) : stride(stride) {
    if (stride == 1) return;
    for (uint32_t power = 0; power < 512; power++)
      for (uint32_t offset = 0; offset < 32; offset++)
        near_powers.push_back((power << 23) + offset - 16);
  }
  uint64_t size() const { return strided + near_powers.size(); }
  float operator[](uint64_t i) const {
    return std::bit_cast<float>(i < strided ? uint32_t(i * stride) : near_powers[i - strided]);
  }

private:
  uint64_t stride;
  uint64_t strided = ((uint64_t(1) << 32) + stride - 1) / stride;
  std::vector<uint32_t> near_powers;
};

// The magnitude below which a unit in the last place no longer shrinks; that of subnormals is 2^-149.
double least_magnitude(const zero &zero, double x) { return is_beside(zero, x) ? 0x1p-3 : 0x1p-126; }

// The true results of a block, the size of the terms that their errors are relative to, and what they round to.
struct truths {
  alignas(64) double exactly[block_length];
  alignas(64) double terms[block_length];
  alignas(64) float rounded[block_length];
};

// What a thread computes a block in.
struct workspace {
  alignas(64) float x[block_length], ones[block_length], grads[block_length];
  alignas(64) float result[2][block_length];
  alignas(64) double quick[block_length];
  truths wanted[direction_count];

  workspace() { std::fill_n(ones, block_length, 1.0f); }
  const float *g(direction direction) const { return direction == product ? grads : ones; }
};

struct tally {
  double ulp = 0;
  float at = 0, g = 1, result = 0;
  uint64_t wrong = 0, differ = 0;
  float differ_at = 0;

  void add(const tally &other) {
    if (other.ulp > ulp) {
      ulp = other.ulp;
      at = other.at;
      g = other.g;
      result = other.result;
    }
    if (other.differ > 0) differ_at = other.differ_at;
    wrong += other.wrong;
    differ += other.differ;
  }
};

// Of every magnitude.
float random_finite(uint64_t counter) {
  const uint32_t r = uint32_t(random_bits(counter) >> 32);
  return std::bit_cast<float>((r >> 23 & 0xff) == 0xff ? r ^ 0x40000000 : r);
}

// Half integers with a few of the smallest numbers for a grad: where a slope is a fraction with an even divisor, half
// of their products are middles between two floats, which no random grad finds.
struct tie_list {
  static constexpr uint32_t xs = 65, grads = 252;
  static constexpr uint64_t size() { return xs * grads; }
  static float x(uint64_t i) { return (float(i % xs) - xs / 2) / 2; }
  static float g(uint64_t i) { return (i % 2 ? -0x1p-149f : 0x1p-149f) * float(i / xs + 1); }
};

struct thread_state {
  std::shared_ptr<workspace> space;
  tally tallies[direction_count][precision_count];
  // The largest error on quick.h as a share of what `exact` allows.
  double quick_share[direction_count] = {};
};

void consult(const subject &subject, const float *x, size_t n, truths *wanted) {
  const oracle::row<double> oracle = oracle::of<double>(subject.activation);
  for (size_t i = 0; i < n; i++) {
    const truth<double> t = oracle(x[i], subject.p);
    wanted[forward].exactly[i] = t.value;
    wanted[forward].terms[i] = std::isinf(t.value) ? 0 : t.value;
    wanted[gradient].exactly[i] = t.slope;
    wanted[gradient].terms[i] = t.slope_terms;
  }
}

// What its slope times g is, of which the double is good to no less.
// A row that drops a g has 0 there, whatever its sign.
void multiply(bool drops, const truths &slopes, const float *g, size_t n, truths &products) {
  for (size_t i = 0; i < n; i++) {
    products.exactly[i] = drops && slopes.exactly[i] == 0 ? 0 : slopes.exactly[i] * g[i];
    products.terms[i] = slopes.terms[i] * g[i];
  }
}
real true_result(const subject &subject, direction direction, float x, float g) {
  const real_truth t = evaluate(subject, x);
  // A slope such as 7/6 has been rounded, near its zero by 22 bits more, and with it a product would be no middle.
  return direction == forward ? t.value : (t.slope * real(double(g))).rounded(360);
}

// Whatever lies within the oracle's bound must round to one float; or else MPFR decides.
void round(const subject &subject, direction direction, const float *x, const float *g, size_t n, truths &wanted) {
  const auto interval = [&](size_t i) {
    const double t = wanted.exactly[i], error = oracle_bound<double> * std::abs(wanted.terms[i]);
    return std::pair(float(error == 0 ? t : t - error), float(error == 0 ? t : t + error));
  };
  uint32_t undecided = 0;
  for (size_t i = 0; i < n; i++) {
    const auto [low, high] = interval(i);
    wanted.rounded[i] = low;
    undecided |= bits(low) ^ bits(high);
  }
  if (undecided == 0) return;
  for (size_t i = 0; i < n; i++) {
    const auto [low, high] = interval(i);
    if (same(low, high)) continue;
    wanted.rounded[i] = true_result(subject, direction, x[i], g[i]).to_float();
  }
}

double error_in_ulp(const zero &zero, float x, double truth, float result) {
  const double least = least_magnitude(zero, x);
  const double size = std::max(std::abs(truth), least);
  // 2^23 / 2^e, where size is 2^e or up to twice that.
  const double units = std::bit_cast<double>((uint64_t(2 * 1023 + 23) << 52) - (bits(size) & (uint64_t(0x7ff) << 52)));
  const double error = std::abs(result - truth) * units;
  const bool wrong_zero = (result == 0) & (std::signbit(result) != std::signbit(truth)) & (least < 0x1p-3);
  return wrong_zero ? HUGE_VAL : error;
}

// At NaN, the infinities and the zeros there is one right answer, also for `fast`.
bool is_special(float x) { return x == 0 || !std::isfinite(x); }

// Returns how many results are not the correctly rounded ones.
uint64_t judge(const zero &zero, const float *x, const float *g, size_t n, const truths &wanted, const float *result,
               tally &tally) {
  // As integers, since these order the errors with NaN as the largest, and the loop becomes vector instructions.
  uint64_t worst = 0, wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const double error = error_in_ulp(zero, x[i], wanted.exactly[i], result[i]);
    const bool finite = std::abs(wanted.rounded[i]) <= std::numeric_limits<float>::max();
    worst = std::max(worst, finite ? bits(error) : 0);
    wrong += !same(result[i], wanted.rounded[i]);
  }
  const auto note = [&](size_t i, double ulp) {
    tally.ulp = ulp;
    tally.at = x[i];
    tally.g = g[i];
    tally.result = result[i];
  };
  if (worst > bits(tally.ulp))
    for (size_t i = 0; i < n; i++)
      if (bits(error_in_ulp(zero, x[i], wanted.exactly[i], result[i])) == worst) {
        note(i, std::isnan(std::bit_cast<double>(worst)) ? HUGE_VAL : std::bit_cast<double>(worst));
        break;
      }
  if (tally.ulp < HUGE_VAL && wrong > 0)
    for (size_t i = 0; i < n; i++)
      if (is_special(x[i]) && !same(result[i], wanted.rounded[i])) note(i, HUGE_VAL);
  return wrong;
}

// Of results that are not zero as floats.
double largest_share(const truths &wanted, const double *result, size_t n, double allowed) {
  double share = 0;
  for (size_t i = 0; i < n; i++) {
    const double truth = std::abs(wanted.exactly[i]), error = std::abs(result[i] - wanted.exactly[i]);
    if (truth >= 0x1p-151 && truth <= std::numeric_limits<float>::max())
      share = std::max(share, error / (truth * allowed));
  }
  return share;
}

// How many results differ between two instruction sets.
void compare(const float *x, size_t n, const float *first, const float *second, tally &tally) {
  for (size_t i = 0; i < n; i++)
    if (!same(first[i], second[i])) {
      tally.differ++;
      tally.differ_at = x[i];
    }
}

uint64_t blocks_of(uint64_t inputs) { return (inputs + block_length - 1) / block_length; }

void run(const subject &subject, const input_list &inputs, thread_state &state, uint64_t block) {
  if (!state.space) state.space = std::make_shared<workspace>();
  workspace &space = *state.space;
  const uint64_t usual = blocks_of(inputs.size());
  const bool ties = block >= usual;
  const uint64_t start = (ties ? block - usual : block) * block_length;
  const size_t n = std::min<uint64_t>(block_length, (ties ? tie_list::size() : inputs.size()) - start);
  for (size_t i = 0; i < n; i++) {
    space.x[i] = ties ? tie_list::x(start + i) : inputs[start + i];
    space.grads[i] = ties ? tie_list::g(start + i) : random_finite(start + i);
  }
  const nonlin::activation activation = subject.activation;
  consult(subject, space.x, n, space.wanted);
  multiply(nonlin::rows[activation].drops, space.wanted[gradient], space.grads, n, space.wanted[product]);

  for (const direction direction : {forward, gradient, product}) {
    truths &wanted = space.wanted[direction];
    const float *const g = space.g(direction);
    round(subject, direction, space.x, g, n, wanted);
    if (const quick_pass pass = quick_pass_of(subject, direction); pass.allowed > 0) {
      pass.run(space.x, space.quick, n, subject.p);
      double &share = state.quick_share[direction];
      share = std::max(share, largest_share(wanted, space.quick, n, pass.allowed));
    }
    for (size_t precision = 0; precision < precision_count; precision++) {
      if (!covers(activation, direction, precision)) continue;
      tally &tally = state.tallies[direction][precision];
      float *const first = space.result[0];
      for (const nonlin::kernels *set : nonlin::supported_kernels()) {
        const bool is_first = set == nonlin::supported_kernels().front();
        float *const result = is_first ? first : space.result[1];
        const nonlin::arithmetic arithmetic = arithmetics[precision];
        if (direction == forward)
          nonlin::run_values(*set, activation, subject.p, arithmetic, space.x, result, n);
        else
          nonlin::run_gradients(*set, activation, subject.p, arithmetic, g, space.x, result, n);
        if (!is_first && std::memcmp(first, result, n * sizeof(float)) == 0) continue;
        if (!is_first) compare(space.x, n, first, result, tally);
        const uint64_t wrong = judge(zero_of(subject, direction), space.x, g, n, wanted, result, tally);
        if (is_first) tally.wrong += wrong;
      }
    }
  }
}

// The error where it is largest, without the oracle's share in it.
double exact_error(const subject &subject, direction direction, const tally &tally) {
  if (tally.ulp == HUGE_VAL || is_special(tally.at)) return tally.ulp;
  const real truth = true_result(subject, direction, tally.at, tally.g);
  const real unit = truth.ulp(24, is_beside(zero_of(subject, direction), tally.at) ? -26 : -149);
  return (abs(real(double(tally.result)) - truth) / unit).to_double();
}

} // namespace

std::vector<row> prove_float32(const options &options, std::vector<check> &passes) {
  std::vector<row> rows;
  for (const subject &subject : options.subjects) {
    const uint32_t every = options.quick ? (subject.sampled ? 8191 : 1021) : subject.sampled ? 853 : 1;
    const input_list inputs(every);
    const uint64_t blocks = blocks_of(inputs.size()) + blocks_of(tie_list::size());
    const std::vector<thread_state> states =
        spread(options, subject.label + ", float32", blocks, thread_state(),
               [&](thread_state &state, uint64_t block) { run(subject, inputs, state, block); });
    for (const direction direction : {forward, gradient})
      if (quick_pass_of(subject, direction).allowed > 0) {
        double share = 0;
        for (const thread_state &state : states)
          share = std::max(share, state.quick_share[direction]);
        passes.push_back({subject.label, direction == forward ? "quick" : "quick, gradient", inputs.size(), share});
      }
    for (const direction direction : {forward, gradient, product})
      for (size_t precision = 0; precision < precision_count; precision++) {
        if (!covers(subject.activation, direction, precision)) continue;
        tally total;
        for (const thread_state &state : states)
          total.add(state.tallies[direction][precision]);
        rows.push_back({.function = subject.label,
                        .direction = direction_names[direction],
                        .precision = precision_names[precision],
                        .inputs = inputs.size(),
                        .ulp = exact_error(subject, direction, total),
                        .at = decimal(total.at, 9) + (direction == product ? ", grad " + decimal(total.g, 9) : ""),
                        .wrong = total.wrong,
                        .differ = total.differ,
                        .differ_at = total.differ > 0 ? decimal(total.differ_at, 9) : ""});
      }
  }
  return rows;
}

} // namespace prove
