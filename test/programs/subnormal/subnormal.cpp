// Which rows in float lanes make a subnormal number on the careful way, or read one, as far as the processor says so:
// nothing but "done" where none does. Of gradients the slopes: products go by double lanes, and the processor says of
// the conversion of a double that it makes one, which takes no longer. And at every Nth of 2^32 inputs, N the argument
// (65537), whether the two ways have the same bits, but of a row that rounds twice where the processor says of the
// usual one that it met a subnormal number; and there other processors, which do not say, have to see it from the input
// (run/values.h). Of products double lanes have the bits, whose conversions the processor tells, too. And which
// functions over slices of usual numbers meet one, which then was in memory that they have not written.
#include "dispatch.h"
#include "run/values.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace nonlin;

namespace {

// Numbers of every size, and more of those from 1 / 16 to where every value is at its limit.
std::vector<float> unusual() {
  std::vector<float> x = {0, -0.0f, INFINITY, -INFINITY, NAN};
  for (int i = 1; i <= 2000; i++)
    for (const float sign : {1.0f, -1.0f}) {
      x.push_back(sign * std::ldexp(float(i * 4193), -149));
      x.push_back(sign * std::ldexp(float(2000 + i), -149 + i % 140));
      x.push_back(sign * float(i) / 16);
    }
  // Registers with nothing but these, too.
  for (const float sign : {1.0f, -1.0f})
    for (int i = 1; i <= 2000; i++)
      x.push_back(sign * float(i) / 16);
  return x;
}

bool same(float a, float b) { return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (a != a && b != b); }

// The inputs of which the ways differ where they must not, printed as the last of so many.
void compare_ways(const kernels &set, activation op, parameters p, uint64_t every) {
  constexpr size_t most = 1 << 14;
  const row_kernels &row = *set.rows[op];
  const unusual_inputs &unusual = unusual_of[op];
  const small_input small = unusual.small_slope(p);
  std::vector<float> x(most), near(most), usual(most), careful(most);
  const std::vector<float> g(most, 1.0f);
  size_t values = 0, slopes = 0, met = 0;
  float at = 0;
  for (uint64_t first = 0; first < uint64_t(1) << 32; first += every * most) {
    size_t n = 0;
    for (; n < most && first + n * every < uint64_t(1) << 32; n++)
      x[n] = std::bit_cast<float>(uint32_t(first + n * every));
    row.map[float32](x.data(), usual.data(), n, p);
    row.careful(x.data(), careful.data(), n, p);
    for (size_t i = 0; i < n; i++) {
      if (same(usual[i], careful[i])) continue;
      float alone;
      has_met_subnormal();
      row.map[float32](&x[i], &alone, 1, p);
      if (has_met_subnormal() && !ways_agree(op, p) &&
          set.has_unusual(&x[i], 1, unusual.unusual_below(p), unusual.far_from(p)))
        continue;
      values++;
      at = x[i];
    }
    if (row.lenient != nullptr) {
      row.lenient(x.data(), usual.data(), n, p);
      for (size_t i = 0; i < n; i++) {
        if (same(usual[i], careful[i])) continue;
        values++;
        at = x[i];
      }
    }
    // Rows with rare inputs (loops/rare_inputs.h), of those that are not said to be unusual: the usual way meets none.
    size_t others = 0;
    for (size_t i = 0; i < n; i++)
      if ((op == activation_gelu || op == activation_mish) &&
          !set.has_unusual(&x[i], 1, unusual.unusual_below(p), unusual.far_from(p)))
        near[others++] = x[i];
    has_met_subnormal();
    row.map[float32](near.data(), usual.data(), others, p);
    if (has_met_subnormal()) {
      met++;
      at = others > 0 ? near[0] : 0;
    }
    if (rows[op].product) continue;
    set.stand_in(x.data(), near.data(), n, small.below, small.at);
    row.map_grad[float32](g.data(), x.data(), usual.data(), n, p);
    row.map_grad[float32](g.data(), near.data(), careful.data(), n, p);
    for (size_t i = 0; i < n; i++) {
      if (same(usual[i], careful[i])) continue;
      slopes++;
      at = x[i];
    }
  }
  if (values + slopes + met > 0)
    std::printf("%s: %s(%g, %g): %zu values and %zu slopes differ, %zu parts meet one, about %a\n", set.name,
                rows[op].called, p.a, p.b, values, slopes, met, at);
}

// Leaves subnormal numbers where the next function has its own.
[[gnu::noinline]] void dirty_stack() {
  volatile uint32_t words[1 << 16];
  for (size_t i = 0; i < std::size(words); i++)
    words[i] = 0x000f1234;
}

void look_at_slices(const kernels &set) {
  constexpr size_t most = 1 << 12;
  std::vector<float> x(most), g(most), y(most);
  std::vector<double> parts(2 * most), wide(most, 0x1p-1030);
  for (size_t i = 0; i < most; i++) {
    x[i] = float(i * 37 % 64) / 8 - 4;
    g[i] = float(i * 29 % 64) / 16 + 1;
  }
  const auto look = [&](const char *what, size_t rows, size_t length, auto run) {
    // And in what a thread keeps between two calls.
    set.slices[softmax_slice].rows_grad[float64](wide.data(), wide.data(), parts.data(), rows, length);
    dirty_stack();
    has_met_subnormal();
    run();
    if (has_met_subnormal()) std::printf("%s: %s of %zu x %zu\n", set.name, what, rows, length);
  };
  for (const arithmetic how : {float32, float32_exact})
    for (const size_t length : {1, 2, 3, 4, 7, 10, 16, 17, 31, 33, 64, 65, 100, 300, 1029})
      for (const size_t rows : {1, 2, 3, 5, 8, 17, 65}) {
        if (rows * length > most) continue;
        for (const slice_kernels &loops : set.slices) {
          const bool log = &loops != &set.slices[softmax_slice];
          look(log ? "logSoftmax" : "softmax", rows, length,
               [&] { loops.rows[how](x.data(), y.data(), rows, length, false); });
          look(log ? "logSoftmaxGrad" : "softmaxGrad", rows, length,
               [&] { loops.rows_grad[how](g.data(), x.data(), y.data(), rows, length); });
          look(log ? "logSoftmax of columns" : "softmax of columns", length, rows,
               [&] { loops.columns[how](x.data(), y.data(), 1, length, rows, rows); });
          look(log ? "logSoftmaxGrad of columns" : "softmaxGrad of columns", length, rows,
               [&] { loops.columns_grad[how](g.data(), x.data(), y.data(), 1, length, rows, rows); });
        }
        look("logSumExp", rows, length,
             [&] { set.log_parts_rows[how](x.data(), parts.data(), parts.data() + most, rows, length); });
        for (const double temperature : {1.0, 0.7}) {
          const std::vector<uint8_t> flags(length, 1);
          const conditions c = {temperature, temperature == 1 ? flags.data() : nullptr, false, false, 1, 0};
          for (const conditioned_kernels *loops : set.conditioned)
            for (const float *grad : {static_cast<const float *>(nullptr), static_cast<const float *>(g.data())})
              look("conditions", rows, length, [&] { loops->rows[how](grad, x.data(), y.data(), rows, length, c); });
        }
      }
}

// And whether rows meet no subnormal number with these.
constexpr struct {
  parameters p;
  bool looks;
} some_parameters[] = {{{1, 20}, true},   {{1.25, 20}, true},          {{0.5, 20}, true},
                       {{10, 20}, true},  {{3.3, 5}, false},           {{0.003, -1}, false},
                       {{300, 0}, false}, {{0x1p-19, 0x1p-19}, false}, {{1.1e-9, 1.3e-9}, false}};

} // namespace

int main(int count, char **words) {
  const uint64_t every = count > 1 ? std::strtoull(words[1], nullptr, 10) : 65537;
  const std::vector<float> x = unusual();
  std::vector<float> near(x.size()), y(x.size());
  const std::vector<float> g(x.size(), 1.0f);
  const auto look = [&](const char *set, unsigned op, const char *what, parameters p, auto run) {
    has_met_subnormal(); // And forgets it.
    run();
    if (has_met_subnormal()) std::printf("%s: %s%s(%g, %g)\n", set, rows[op].called, what, p.a, p.b);
  };
  for (const kernels *set : supported_kernels())
    for (const auto &[given, looks] : some_parameters)
      for (unsigned op = 0; op < activation_count; op++) {
        const row_kernels &row = *set->rows[op];
        parameters p = given;
        if (rows[op].product) p.a = float(p.a); // As calls have it.
        if (row.careful == nullptr || !rows[op].floats_hold.hold(p)) continue;
        compare_ways(*set, activation(op), p, every);
        if (!looks || rows[op].product) continue;
        look(set->name, op, "", p, [&] { row.careful(x.data(), y.data(), x.size(), p); });
        const small_input small = unusual_of[op].small_slope(p);
        if (small.below == 0) continue; // tanhShrink, whose slope is x^2.
        set->stand_in(x.data(), near.data(), x.size(), small.below, small.at);
        look(set->name, op, "Grad", p, [&] { row.map_grad[float32](g.data(), near.data(), y.data(), x.size(), p); });
      }
  for (const kernels *set : supported_kernels())
    look_at_slices(*set);
  std::puts("done");
}
