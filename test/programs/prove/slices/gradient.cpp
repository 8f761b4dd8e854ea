// The gradient of softmax of rows of many lengths and kinds against MPFR; all instruction sets, and columns as well as
// rows, must give the same bits. Where gradients and their mean cancel, `exact` is asked for every digit, and of the
// others an ulp counts as what a share times the largest gradient loses in double at least.
#include "dispatch.h"
#include "prove.h"
#include "slices/kinds.h"
#include "truth/real.h"

#include <cstring>
#include <numeric>

namespace prove {
namespace {

// Gradient number i of a row; one of each may be as near to the mean as a float lies.
struct grad_kind {
  const char *name;
  float (*value)(uint64_t i);
  bool is_planted = false;
};
float of_all_sizes(uint64_t i) { return float(std::pow(10, 70 * random_unit(2 * i) - 35) * normal(2 * i + 1)); }
constexpr grad_kind grad_kinds[] = {
    {"normal", [](uint64_t i) { return float(normal(i)); }},
    {"all the same", [](uint64_t) { return 0.7f; }},
    {"one apart", [](uint64_t i) { return i % 1024 == 3 ? 0.7f : 1.0f; }},
    {"of all sizes", of_all_sizes},
    {"near the mean", [](uint64_t i) { return float(normal(i)); }, true},
    {"of all sizes, near the mean", of_all_sizes, true},
};

struct tallies {
  found of[nonlin::arithmetic_count];
};

// The exponentials of a row, less its largest entry, and their sum.
template <class T> struct true_row {
  std::vector<real> e;
  real total = 0.0;

  true_row(const T *x, size_t length) {
    const real largest = double(*std::max_element(x, x + length));
    for (size_t i = 0; i < length; i++) {
      e.push_back(exp(real(double(x[i])) - largest));
      total = total + e.back();
    }
  }
  real mean(const T *g) const {
    real sum = 0.0;
    for (size_t i = 0; i < e.size(); i++)
      sum = sum + e[i] * real(double(g[i]));
    return sum / total;
  }
};

template <class T> double error_in_ulp(T result, const real &truth, const real &least) {
  constexpr int digits = std::numeric_limits<T>::digits, lowest = std::numeric_limits<T>::min_exponent - digits;
  const double ulp = (abs(real(double(result)) - truth) / max(truth.ulp(digits, lowest), least)).to_double();
  return std::isnan(ulp) ? HUGE_VAL : ulp;
}

template <class T>
void run(nonlin::arithmetic arithmetic, const std::vector<true_row<T>> &rows, const std::vector<T> &x,
         const std::vector<T> &g, size_t length, const std::string &name, found &tally) {
  const size_t count = rows.size(), n = count * length;
  std::vector<T> first(n), result(n), columns(n), turned_x(n), turned_g(n);
  for (size_t i = 0; i < n; i++) {
    turned_x[i % length * count + i / length] = x[i];
    turned_g[i % length * count + i / length] = g[i];
  }
  const auto where = [&](size_t i) {
    return name + ", x = " + decimal(x[i], sizeof(T) == 4 ? 9 : 17) + ", grad " +
           decimal(g[i], sizeof(T) == 4 ? 9 : 17);
  };
  const auto compare = [&](size_t i, T other) {
    if (std::memcmp(&first[i], &other, sizeof other) == 0) return;
    tally.differ++;
    tally.differ_at = where(i);
  };
  for (const nonlin::kernels *set : nonlin::supported_kernels()) {
    const nonlin::slice_kernels &loops = set->slices[nonlin::softmax_slice];
    loops.rows_grad[arithmetic](g.data(), x.data(), result.data(), count, length);
    if (set == nonlin::supported_kernels().front()) first = result;
    loops.columns_grad[arithmetic](turned_g.data(), turned_x.data(), columns.data(), 1, length, count, count);
    // A row alone, in the place of its gradient.
    std::vector<T> alone(g.end() - ptrdiff_t(length), g.end());
    loops.rows_grad[arithmetic](alone.data(), &x[n - length], alone.data(), 1, length);
    for (size_t i = 0; i < n; i++) {
      compare(i, result[i]);
      compare(i, columns[i % length * count + i / length]);
      if (i >= n - length) compare(i, alone[i - (n - length)]);
    }
  }
  const bool closely = arithmetic == nonlin::float32_exact;
  // As lib/activations/promises.ts has it.
  const double lost = arithmetic == nonlin::float64 ? 0x1p-52 : 0x1p-50;
  for (size_t row = 0; row < count; row++) {
    const T *const by = &g[row * length];
    const real mean = rows[row].mean(by);
    const double largest =
        std::accumulate(by, by + length, 0.0, [](double a, T b) { return std::max(a, std::abs(double(b))); });
    for (size_t i = 0; i < length; i++) {
      const real share = rows[row].e[i] / rows[row].total, truth = share * (real(double(by[i])) - mean);
      const real least = closely ? real(0.0) : share * real(lost * largest);
      const double ulp = error_in_ulp(first[row * length + i], truth, least);
      if (ulp <= tally.ulp) continue;
      tally.ulp = ulp;
      tally.at = where(row * length + i);
    }
  }
  tally.inputs += n;
}

// All that is asked of some rows of x.
template <class T>
void run_rows(const std::vector<nonlin::arithmetic> &asked, const kind &kind, uint64_t seed, size_t count,
              size_t length, tallies &tallies) {
  std::vector<T> x(count * length), g(x.size());
  for (size_t i = 0; i < x.size(); i++)
    x[i] = T(kind.value(seed + i));
  std::vector<true_row<T>> rows;
  for (size_t i = 0; i < count; i++)
    rows.emplace_back(&x[i * length], length);
  for (const grad_kind &of : grad_kinds) {
    for (size_t i = 0; i < g.size(); i++)
      g[i] = T(of.value(seed + i));
    for (size_t i = 0; of.is_planted && i < count; i++)
      g[i * length + i % length] = rows[i].mean(&g[i * length]).to_float();
    const std::string name = "row of " + std::to_string(length) + ", " + kind.name + ", grad " + of.name;
    for (const nonlin::arithmetic arithmetic : asked)
      run<T>(arithmetic, rows, x, g, length, name, tallies.of[arithmetic]);
  }
}

} // namespace

std::vector<row> prove_softmax_gradient(const options &options) {
  if (std::find(options.slices.begin(), options.slices.end(), nonlin::softmax_slice) == options.slices.end()) return {};
  const uint64_t elements = options.quick ? 1 << 10 : 1 << 16, longest = options.quick ? 1000 : 100'003;
  const auto work = [&](tallies &tallies, uint64_t block) {
    const uint64_t length = lengths[block / std::size(kinds)];
    if (length > longest) return;
    const kind &kind = kinds[block % std::size(kinds)];
    const uint64_t rows = std::max<uint64_t>(1, elements / length), seed = block << 32;
    run_rows<float>({nonlin::float32, nonlin::float32_exact}, kind, seed, rows, length, tallies);
    run_rows<double>({nonlin::float64}, kind, seed, rows, length, tallies);
  };
  const std::vector<tallies> all =
      spread(options, "softmax, gradient", std::size(lengths) * std::size(kinds), tallies(), work);
  std::vector<row> rows;
  for (const auto &[arithmetic, precision] :
       {std::pair(nonlin::float32, "fast"), {nonlin::float32_exact, "exact"}, {nonlin::float64, "float64"}}) {
    found total;
    for (const tallies &own : all)
      total.add(own.of[arithmetic]);
    rows.push_back({.function = "softmax",
                    .direction = "gradient",
                    .precision = precision,
                    .inputs = total.inputs,
                    .ulp = total.ulp,
                    .at = total.at,
                    .wrong = std::nullopt,
                    .differ = total.differ,
                    .differ_at = total.differ_at});
  }
  return rows;
}

} // namespace prove
