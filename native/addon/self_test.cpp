#include "addon/self_test.h"
#include "run/values.h"

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace nonlin {
namespace {

// FNV-1a over the bits; NaN is one.
class sum_of_bits {
public:
  template <class E, size_t n> void add(const E (&results)[n]) {
    using bits = std::conditional_t<sizeof(E) == 4, uint32_t, uint64_t>;
    for (const E &result : results) {
      bits one = bits(-1);
      if (result == result) std::memcpy(&one, &result, sizeof one);
      value = (value ^ one) * 0x100000001b3;
    }
  }
  uint64_t value = 0xcbf29ce484222325;
};

// More than two registers and a part of one, of every instruction set.
constexpr size_t count = 41;
// Where formulas change: zeros, subnormals, results that underflow or round to a limit. Then some of the usual range.
constexpr double edges[] = {0,    1e-40, 1e-20, 0.0625, 0.75, 1.5, 5,    9.01,
                            14.2, 17.5,  38.6,  88.7,   104,  1e4, 1e30, __builtin_inf()};
template <class E> void fill(E (&x)[count], uint32_t seed) {
  size_t i = 0;
  for (const double edge : edges) {
    x[i++] = E(edge);
    x[i++] = E(-edge);
  }
  for (; i < count; i++) {
    seed = seed * 1664525 + 1;
    x[i] = E(double(seed >> 8) * 0x1p-20 - 8);
  }
}

// Of each kind of formula one: a table, an exponential, a logarithm, a root.
constexpr activation those[] = {activation_gelu, activation_mish, activation_softplus, activation_squareplus};

template <class E> void add(sum_of_bits &sum, const kernels &set, arithmetic how) {
  const parameters p = {1.25, 0.75};
  E x[count], g[count], y[count];
  fill(x, 1);
  for (size_t i = 0; i < count; i++)
    g[i] = E(i % 2 == 0 ? 1.5 : -0.625);
  for (const activation row : those) {
    run_values(set, row, p, how, x, y, count);
    sum.add(y);
    run_gradients(set, row, p, how, g, x, y, count);
    sum.add(y);
  }

  // Rows of 8. No infinities, which leave NaN alone.
  E z[count];
  for (size_t i = 0; i < count; i++)
    z[i] = x[count - 1 - i % 9] * E(i % 5);
  set.slices[softmax_slice].rows[how](z, y, 5, 8, false);
  sum.add(y);
}

#if !defined(__wasm__)
// Numbers to 16 bits and back; and which of them an error leaves open, so large a one that some are.
void add_halves(sum_of_bits &sum, const kernels &set, half type) {
  constexpr size_t more = 16; // A vector of the widest set may be read beyond the last.
  float x[count + more] = {}, back[count + more] = {};
  fill(reinterpret_cast<float(&)[count]>(x), 2);
  uint16_t narrowed[count], rounded[count];
  uint32_t bits[count] = {};
  open_results open;
  set.narrow[type](x, narrowed, count);
  set.widen[type](narrowed, back, count);
  sum.add(reinterpret_cast<float(&)[count]>(back));
  set.round[type](x, x, nullptr, rounded, count, {0x1p-12f, 0, 0, 0}, open, 0);
  for (size_t i = 0; i < count; i++)
    bits[i] = uint32_t(narrowed[i]) << 16 | rounded[i];
  for (size_t i = 0; i < open.count; i++)
    bits[open.places[i]] ^= uint32_t(i + 1) << 8;
  sum.add(bits);
}
#endif

} // namespace

uint64_t checksum(const kernels &set) {
  sum_of_bits sum;
  add<float>(sum, set, float32);
  add<float>(sum, set, float32_exact);
  add<double>(sum, set, float64);
#if !defined(__wasm__) // It has none of these kernels.
  add_halves(sum, set, float16);
  add_halves(sum, set, bfloat16);
#endif
  return sum.value;
}

} // namespace nonlin
