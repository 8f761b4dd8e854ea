// Softmax and its logarithm of rows of many lengths and kinds against sums in long double, and what that leaves open of
// `exact` against MPFR; all instruction sets, columns as well as rows, and what decides open shares, must give the same
// bits. Rows of two are a sigmoid of their difference, which has a proof of its own.
#include "dispatch.h"
#include "exact/shares.h"
#include "prove.h"
#include "slices/kinds.h"
#include "truth/multiprecision.h"
#include "truth/oracle.h"

#include <cstring>
#include <optional>

namespace prove {
namespace {

struct tallies {
  found of[nonlin::arithmetic_count];
};

constexpr const char *names[] = {"softmax", "logSoftmax"};

// The true results of a row, in long double: differences exact, the sum with the errors of its additions, and without
// the largest entry, which is 1.
template <class T> void consult(nonlin::slice what, const T *x, size_t length, long double *wanted) {
  const T *const largest = std::max_element(x, x + length);
  long double sum = 0, rest = 0;
  for (size_t i = 0; i < length; i++) {
    const oracle::two d = oracle::sum(x[i], -*largest);
    wanted[i] = what == nonlin::softmax_slice ? d.high < -11400 ? 0 : oracle::exp<long double>(d)
                                              : (long double)(d.high) + d.low;
    if (x + i == largest) continue;
    const long double term = d.high < -11400 ? 0 : oracle::exp<long double>(d);
    const long double next = sum + term, added = next - sum;
    rest += (sum - (next - added)) + (term - added);
    sum = next;
  }
  sum += rest;
  const long double log = std::log1p(sum);
  for (size_t i = 0; i < length; i++)
    wanted[i] = what == nonlin::softmax_slice ? wanted[i] / (1 + sum) : wanted[i] - log;
}

// The true share of one entry of a row, rounded to a float.
class rounded_share {
  const float *x;
  size_t length;
  std::optional<real> sum;
  real exponential(size_t i) const { return exp(real(x[i]) - real(*std::max_element(x, x + length))); }

public:
  rounded_share(const float *x, size_t length) : x(x), length(length) {}
  float operator()(size_t i, long double wanted) {
    constexpr long double error = 0x1p-57L; // More than the oracle's.
    const float least = float(wanted - wanted * error), most = float(wanted + wanted * error);
    if (least == most) return least;
    if (!sum) {
      sum = 0.0;
      for (size_t j = 0; j < length; j++)
        sum = *sum + exponential(j);
    }
    return (exponential(i) / *sum).to_float();
  }
};

template <class T> double error_in_ulp(nonlin::slice what, long double truth, T result) {
  constexpr int digits = std::numeric_limits<T>::digits, least = std::numeric_limits<T>::min_exponent - digits;
  const bool negative = what == nonlin::log_softmax_slice && truth != 0;
  if (!std::isfinite(result) || (result != 0 && std::signbit(result) != negative)) return HUGE_VAL;
  const int exponent = truth == 0 ? least : std::max(std::ilogb(truth) - (digits - 1), least);
  return double(std::scalbn(std::abs(result - truth), -exponent));
}

template <class T>
void run(nonlin::slice what, nonlin::arithmetic arithmetic, const kind &kind, uint64_t seed, size_t rows, size_t length,
         found &tally) {
  const size_t n = rows * length;
  std::vector<T> x(n), first(n), result(n);
  for (size_t i = 0; i < n; i++)
    x[i] = T(kind.value(seed + i));
  std::vector<T> columns(n), transposed(n);
  for (size_t i = 0; i < n; i++)
    transposed[i % length * rows + i / length] = x[i];

  const auto where = [&](size_t i) {
    return "row of " + std::to_string(length) + ", " + kind.name + ", x = " + decimal(x[i], sizeof(T) == 4 ? 9 : 17);
  };
  const auto compare = [&](size_t i, T other) {
    if (std::memcmp(&first[i], &other, sizeof other) == 0) return;
    tally.differ++;
    tally.differ_at = where(i);
  };
  for (const nonlin::kernels *set : nonlin::supported_kernels()) {
    set->slices[what].rows[arithmetic](x.data(), result.data(), rows, length, false);
    if (set == nonlin::supported_kernels().front()) first = result;
    set->slices[what].columns[arithmetic](transposed.data(), columns.data(), 1, length, rows, rows);
    for (size_t i = 0; i < n; i++) {
      compare(i, result[i]);
      compare(i, columns[i % length * rows + i / length]);
    }
  }

  std::vector<long double> wanted(length);
  for (size_t start = 0; start < n; start += length) {
    consult(what, &x[start], length, wanted.data());
    if constexpr (std::is_same_v<T, float>) {
      if (what == nonlin::softmax_slice && arithmetic == nonlin::float32_exact) {
        rounded_share rounded(&x[start], length);
        nonlin::correctly_rounded_shares({&x[start], 1}, &result[start], length);
        for (size_t i = 0; i < length; i++) {
          tally.wrong += first[start + i] != rounded(i, wanted[i]);
          compare(start + i, result[start + i]);
        }
      }
    }
    for (size_t i = 0; i < length; i++) {
      const double ulp = error_in_ulp(what, wanted[i], first[start + i]);
      if (ulp <= tally.ulp) continue;
      tally.ulp = ulp;
      tally.at = where(start + i);
    }
  }
  tally.inputs += n;
}

// Rows of 0 and x, for all floats x of a block, or each so manieth of them: shares that are sigmoid(-x) and sigmoid(x).
void run_pairs(uint64_t block, uint32_t apart, found &tally) {
  std::vector<float> pairs, shares, x, y;
  for (uint64_t bits = block << 20; bits < (block + 1) << 20; bits += apart) {
    const float value = __builtin_bit_cast(float, uint32_t(bits));
    if (!std::isfinite(value)) continue;
    pairs.insert(pairs.end(), {0, value});
    x.insert(x.end(), {-value, value});
  }
  shares.resize(pairs.size());
  y.resize(pairs.size());
  for (const nonlin::kernels *set : nonlin::supported_kernels()) {
    set->slices[nonlin::softmax_slice].rows[nonlin::float32_exact](pairs.data(), shares.data(), pairs.size() / 2, 2,
                                                                   false);
    set->rows[nonlin::activation_sigmoid]->map[nonlin::float32_exact](x.data(), y.data(), x.size(), {});
    for (size_t i = 0; i < y.size(); i++)
      tally.wrong += shares[i] != y[i];
  }
  tally.inputs += y.size();
}

} // namespace

std::vector<check> check_softmax(const options &options) {
  std::vector<check> checks;
  for (const nonlin::slice what : options.slices) {
    constexpr size_t length = 1000;
    const auto work = [&](double &worst, uint64_t block) {
      std::vector<double> x(length);
      for (size_t i = 0; i < length; i++)
        x[i] = kinds[block % std::size(kinds)].value((block << 32) + i);
      std::vector<long double> result(length);
      consult(what, x.data(), length, result.data());
      std::vector<real> wanted;
      real sum = 0.0;
      const real largest = *std::max_element(x.begin(), x.end());
      for (const double value : x) {
        wanted.push_back(real(value) - largest);
        sum = sum + exp(wanted.back());
      }
      for (size_t i = 0; i < length; i++) {
        const real truth = what == nonlin::softmax_slice ? exp(wanted[i]) / sum : wanted[i] - log(sum);
        worst = std::max(worst, share_of_bound(result[i], truth, result[i]));
      }
    };
    const uint64_t rows = (options.quick ? 2 : 20) * std::size(kinds);
    const std::string name = names[what];
    const std::vector<double> shares = spread(options, "oracle of " + name, rows, 0.0, work);
    checks.push_back({name, "float64", rows * length, *std::max_element(shares.begin(), shares.end())});
  }
  return checks;
}

std::vector<row> prove_softmax(const options &options) {
  // As many rows as come to this many elements; one where it is longer.
  const uint64_t elements = options.quick ? 1 << 14 : 1 << 21;
  std::vector<row> rows;
  for (const nonlin::slice what : options.slices) {
    const auto work = [&](tallies &tallies, uint64_t block) {
      const uint64_t length = lengths[block / std::size(kinds)];
      const kind &kind = kinds[block % std::size(kinds)];
      if (options.quick && length > 100'000) return;
      const uint64_t rows = std::max<uint64_t>(1, elements / length), seed = block << 32;
      run<float>(what, nonlin::float32, kind, seed, rows, length, tallies.of[nonlin::float32]);
      // What is promised to be right of all is asked of more.
      const uint64_t times = options.quick || what != nonlin::softmax_slice ? 1 : 8;
      for (uint64_t i = 0; i < times; i++)
        run<float>(what, nonlin::float32_exact, kind, seed + (i << 28), rows, length,
                   tallies.of[nonlin::float32_exact]);
      run<double>(what, nonlin::float64, kind, seed, rows, length, tallies.of[nonlin::float64]);
    };
    const std::vector<tallies> all =
        spread(options, names[what], std::size(lengths) * std::size(kinds), tallies(), work);
    std::vector<found> pairs;
    if (what == nonlin::softmax_slice)
      pairs = spread(options, "softmax of two", uint64_t(1) << 12, found(),
                     [&](found &tally, uint64_t block) { run_pairs(block, options.quick ? 1021 : 1, tally); });
    for (const auto &[arithmetic, precision] :
         {std::pair(nonlin::float32, "fast"), {nonlin::float32_exact, "exact"}, {nonlin::float64, "float64"}}) {
      found total;
      for (const tallies &own : all)
        total.add(own.of[arithmetic]);
      const bool is_rounded = what == nonlin::softmax_slice && arithmetic == nonlin::float32_exact;
      for (const found &own : pairs)
        if (is_rounded) total.add(own);
      rows.push_back({.function = names[what],
                      .direction = "forward",
                      .precision = precision,
                      .inputs = total.inputs,
                      .ulp = total.ulp,
                      .at = total.at,
                      .wrong = is_rounded ? std::optional(total.wrong) : std::nullopt,
                      .differ = total.differ,
                      .differ_at = total.differ_at});
    }
  }
  return rows;
}

} // namespace prove
