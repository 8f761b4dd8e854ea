// Which rows in float lanes make a subnormal number on the careful way, or read one, as far as the processor says so:
// nothing but "done" where none does. Of gradients the slopes: products go by double lanes, and the processor says of
// the conversion of a double that it makes one, which takes no longer.
#include "dispatch.h"
#include "values.h"

#include <cmath>
#include <cstdio>
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
  return x;
}

} // namespace

int main() {
  const std::vector<float> x = unusual();
  std::vector<float> near(x.size()), y(x.size());
  const std::vector<float> g(x.size(), 1.0f);
  const auto look = [&](const char *set, unsigned op, const char *what, parameters p, auto run) {
    has_met_subnormal(); // And forgets it.
    run();
    if (has_met_subnormal()) std::printf("%s: %s%s(%g, %g)\n", set, rows[op].called, what, p.a, p.b);
  };
  for (const kernels *set : supported_kernels())
    for (const parameters p : {parameters{1, 20}, parameters{1.25, 20}, parameters{0.5, 20}, parameters{10, 20}})
      for (unsigned op = 0; op < activation_count; op++) {
        const row_kernels &row = *set->rows[op];
        if (row.careful == nullptr || rows[op].product) continue;
        look(set->name, op, "", p, [&] { row.careful(x.data(), y.data(), x.size(), p); });
        const small_input small = unusual_of[op].small_slope(p);
        if (small.below == 0) continue; // tanhShrink, whose slope is x^2.
        set->stand_in(x.data(), near.data(), x.size(), small.below, small.at);
        look(set->name, op, "Grad", p, [&] { row.map_grad[float32](g.data(), near.data(), y.data(), x.size(), p); });
      }
  std::puts("done");
}
