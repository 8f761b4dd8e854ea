// Which rows in float lanes make a subnormal number, or read one, as far as the processor says so: nothing but "done"
// where none does.
#include "dispatch.h"

#include <cmath>
#include <cstdio>
#include <immintrin.h>
#include <vector>

using namespace nonlin;

namespace {

constexpr unsigned denormal = 0x2, underflow = 0x10;
unsigned met() { return _mm_getcsr() & (denormal | underflow); }
void forget() { _mm_setcsr(_mm_getcsr() & ~(denormal | underflow)); }

// Subnormal numbers, and numbers from 1 / 16 to where every value is at its limit.
std::vector<float> unusual() {
  std::vector<float> x = {0, -0.0f, INFINITY, -INFINITY, NAN};
  for (int i = 1; i <= 2000; i++)
    for (const float sign : {1.0f, -1.0f}) {
      x.push_back(sign * std::ldexp(float(i * 4193), -149));
      x.push_back(sign * float(i) / 16);
    }
  return x;
}

} // namespace

int main() {
  const std::vector<float> x = unusual();
  std::vector<float> y(x.size());
  const std::vector<float> g(x.size(), 1.0f);
  const auto look = [&](const char *set, unsigned op, const char *what, parameters p, auto run) {
    forget();
    run();
    const unsigned flags = met();
    if (flags == 0) return;
    std::printf("%s: %s%s(%g, %g) %s\n", set, rows[op].called, what, p.a, p.b,
                flags & denormal ? "reads one" : "makes one");
  };
  for (const kernels *set : supported_kernels())
    for (const parameters p : {parameters{1, 20}, parameters{1.25, 20}, parameters{0.5, 20}, parameters{10, 20}})
      for (unsigned op = 0; op < activation_count; op++) {
        // A product rounded once, or dropped, is as it is (README).
        if (rows[op].one_rounding) continue;
        const row_kernels &row = *set->rows[op];
        look(set->name, op, "", p, [&] { row.map[float32](x.data(), y.data(), x.size(), p); });
        if (rows[op].drops) continue;
        look(set->name, op, "Grad", p, [&] { row.map_grad[float32](g.data(), x.data(), y.data(), x.size(), p); });
      }
  std::puts("done");
}
