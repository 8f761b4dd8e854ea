// Prints a checksum of the results of every function, arithmetic and instruction set that this processor (or an
// emulated one) runs, over the same inputs everywhere. Equal checksums are equal bits; run.mjs compares those of two
// processors.
#include "addon/self_test.h"
#include "dispatch.h"
#include "run/values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace nonlin;

const char *const arithmetic_names[] = {"float32 fast", "float32 exact", "float64"};

// Marsaglia's xorshift64: the same numbers on every machine.
struct random_bits {
  uint64_t state = 0x9e3779b97f4a7c15;
  uint64_t operator()() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  }
};

// FNV-1a over the bits. The bits of NaN differ between processors, and mean nothing.
struct bits_sum {
  uint64_t value = 0xcbf29ce484222325;

  template <class E> void add(const std::vector<E> &results) {
    using bits = std::conditional_t<sizeof(E) == 4, uint32_t, uint64_t>;
    for (E e : results)
      value = (value ^ (std::isnan(e) ? bits(-1) : std::bit_cast<bits>(e))) * 0x100000001b3;
  }
};

// Random bit patterns, as many numbers in [-20, 20], and the edges; `count` in all.
template <class E> std::vector<E> inputs(size_t count) {
  using limits = std::numeric_limits<E>;
  std::vector<E> x = {0,
                      limits::denorm_min(),
                      limits::min(),
                      limits::max(),
                      limits::infinity(),
                      limits::quiet_NaN(),
                      E(0.75),
                      E(9.01),
                      E(14.2),
                      E(38.6),
                      E(88.7),
                      E(104),
                      E(708.4),
                      E(745.2)};
  for (size_t i = x.size(); i-- > 0;)
    x.push_back(-x[i]);
  random_bits next;
  while (x.size() < count) {
    if constexpr (sizeof(E) == 4)
      x.push_back(std::bit_cast<float>(uint32_t(next() >> 32)));
    else
      x.push_back(std::bit_cast<double>(next()));
    x.push_back(E(double(int64_t(next())) * 0x1p-63 * 20));
  }
  return x;
}

// The largest slices, with what lies beside them. Columns take most of the time, and one band of them is like the next.
struct sizes {
  size_t row, columns;
  size_t of(size_t inner) const { return inner == 1 ? row : columns; }
};

// Under conditions: a mask that keeps, a temperature, one below 0, and a mask that is added.
template <class E, class F>
void print_conditioned(const kernels &set, slice what, arithmetic how, const sizes &most, F line) {
  bits_sum value, gradient;
  random_bits next;
  const auto uniform = [&](double most) { return E(double(int64_t(next())) * 0x1p-63 * most); };
  for (size_t length : {1, 3, 8, 17, 64, 100, 257, 1000, 33000}) {
    for (size_t inner : {1, 5, 17, 40}) {
      if (length * inner > most.of(inner)) continue;
      const size_t outer = inner == 1 && length < 2000 ? 7 : 1, size = outer * length * inner;
      std::vector<E> x(size), g(size), y(size), added(length * inner);
      std::vector<uint8_t> kept(length * inner);
      for (size_t i = 0; i < size; i++) {
        x[i] = uniform(length % 2 ? 90 : 5) + E(length == 100 ? 1e4 : 0);
        g[i] = uniform(1);
      }
      for (size_t i = 0; i < kept.size(); i++) {
        kept[i] = next() % 4 != 0;
        added[i] = kept[i] ? uniform(3) : -std::numeric_limits<E>::infinity();
      }
      for (const double temperature : {1.0, 0.7, -3.0}) {
        for (const bool additive : {false, true}) {
          const void *mask = additive ? static_cast<const void *>(added.data()) : kept.data();
          const conditions c = {temperature, mask, additive, true, inner, inner > 1 ? size_t(1) : size_t(0)};
          for (const bool back : {false, true}) {
            if (inner == 1) {
              set.conditioned[what]->rows[how](back ? g.data() : nullptr, x.data(), y.data(), outer, length, c);
            } else if (!back && !additive && temperature == 1) { // Other columns are turned into rows.
              for (size_t o = 0; o < size; o += length * inner)
                set.conditioned[what]->columns[how](&x[o], &y[o], length, inner, inner, c);
            }
            (back ? gradient : value).add(y);
          }
        }
      }
    }
  }
  line(what == softmax_slice ? "softmaxConditioned" : "logSoftmaxConditioned", "", value);
  line(what == softmax_slice ? "softmaxConditioned" : "logSoftmaxConditioned", "Grad", gradient);
}

// Leaves other numbers where the next call has its own, which must not count.
[[gnu::noinline]] void litter() {
  static unsigned calls = 0;
  volatile float litter[20000];
  for (volatile float &one : litter)
    one = calls % 2 == 0 ? __builtin_nanf("") : -1;
  calls++;
}

template <class E> void print(const kernels &set, arithmetic how, size_t count) {
  const std::vector<E> x = inputs<E>(count);
  std::vector<E> y(x.size()), g(x.size());
  random_bits next;
  for (E &one : g)
    one = E(double(int64_t(next())) * 0x1p-63);
  auto line = [&](const char *name, const char *kind, bits_sum sum) {
    std::printf("%s %s %s%s %016llx\n", set.name, arithmetic_names[how], name, kind, (unsigned long long)sum.value);
  };
  for (unsigned op = 0; op < activation_count; op++) {
    bits_sum value, gradient;
    litter();
    run_values(set, activation(op), {}, how, x.data(), y.data(), x.size());
    value.add(y);
    litter();
    run_gradients(set, activation(op), {}, how, g.data(), x.data(), y.data(), x.size());
    gradient.add(y);
    line(rows[op].called, "", value);
    line(rows[op].called, "Grad", gradient);
  }
  // Of a slice's bands and rows.
  const sizes most = {std::min<size_t>(2 * count, 200000), std::min<size_t>(2 * count / 3, 200000)};
  for (const slice what : {softmax_slice, log_softmax_slice}) {
    bits_sum value, gradient;
    for (size_t length : {1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 31, 33, 64, 65, 100, 257, 1000, 32768, 32769, 70000}) {
      for (size_t inner : {1, 2, 5, 16, 17, 40}) {
        if (length * inner > most.of(inner)) continue;
        // As many rows as short ones are taken at a time, and some; and slabs, of which one is tried as the last one
        // was.
        const size_t outer = length >= 2000 ? 1 : inner == 1 ? 20 : 3;
        std::vector<E> z(outer * length * inner), gz(z.size()), s(z.size());
        for (size_t i = 0; i < z.size(); i++) {
          z[i] = E(double(int64_t(next())) * 0x1p-63 * (length % 2 ? 90 : 5) + (length == 100 ? 1e4 : 0));
          gz[i] = E(double(int64_t(next())) * 0x1p-63);
        }
        if (inner > 1)
          set.slices[what].columns[how](z.data(), s.data(), outer, length, inner, inner);
        else
          set.slices[what].rows[how](z.data(), s.data(), outer, length, false);
        value.add(s);
        if (inner > 1)
          set.slices[what].columns_grad[how](gz.data(), z.data(), s.data(), outer, length, inner, inner);
        else
          set.slices[what].rows_grad[how](gz.data(), z.data(), s.data(), outer, length);
        gradient.add(s);
      }
    }
    line(what == softmax_slice ? "softmax" : "logSoftmax", "", value);
    line(what == softmax_slice ? "softmax" : "logSoftmax", "Grad", gradient);
    print_conditioned<E>(set, what, how, most, line);
  }
}

// All numbers of 16 bits as floats; what floats become, some of them just beside a middle and some beside a number; and
// which of these are open.
void print_halves(const kernels &set, half type) {
  constexpr size_t all = 65536, vector = 16;
  std::vector<uint16_t> x(all), y(all);
  for (size_t i = 0; i < all; i++)
    x[i] = uint16_t(i);
  std::vector<float> wide(all + vector), between(all + vector);
  set.widen[type](x.data(), wide.data(), all);
  const uint32_t middle = type == float16 ? 0x1000 : 0x8000;
  for (size_t i = 0; i < all; i++)
    between[i] =
        std::bit_cast<float>(std::bit_cast<uint32_t>(wide[i]) + uint32_t(i % 3 == 0 ? 0 : middle + i % 29 - 14));
  const auto halves = [&] {
    std::vector<float> numbers(all + vector);
    set.widen[type](y.data(), numbers.data(), all);
    return numbers;
  };
  bits_sum sum;
  sum.add(wide);
  set.narrow[type](between.data(), y.data(), all);
  sum.add(halves());
  // And of doubles, which lie beside a float as well.
  std::vector<double> doubles(all);
  set.widen_to_doubles[type](x.data(), doubles.data(), all);
  sum.add(doubles);
  for (size_t i = 0; i < all; i++)
    doubles[i] = std::nextafter(double(between[i]), double(int(i % 3) - 1) * HUGE_VAL);
  set.narrow_doubles[type](doubles.data(), y.data(), all);
  sum.add(halves());
  auto open = std::make_unique<open_results>();
  // Where there is a zero of a slope near, of the incoming gradient x; and values beside half of x, where that is
  // small.
  for (const auto &[width, side] : {std::pair(0.0f, 2), {0.5f, 2}, {0.0f, 1}, {0.0f, -1}}) {
    for (size_t i = 0; i < all; i++)
      if (side != 2 && std::abs(wide[i]) < 0x1p-125f) between[i] = wide[i] / 2;
    for (size_t i = 0; i < all; i += 1024) {
      open->count = 0;
      set.round[type](&between[i], &wide[i], width > 0 ? &wide[i] : nullptr, &y[i], 1024 - i / 1024 % 20,
                      {0x1.2p-21f, -0.75f, width, 0x1p-23f, side}, *open, i);
      std::vector<float> found(open->places, open->places + open->count);
      sum.add(found);
    }
    sum.add(halves());
  }
  std::printf("%s %s convert %016llx\n", set.name, type == float16 ? "float16" : "bfloat16",
              (unsigned long long)sum.value);
}

} // namespace

int main(int argc, char **argv) {
  const size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000000;
  for (const kernels *set : supported_kernels()) {
    print<float>(*set, float32, count);
    print<float>(*set, float32_exact, count);
    print<double>(*set, float64, count);
    print_halves(*set, float16);
    print_halves(*set, bfloat16);
    // The addon's own, by which it refuses a set.
    std::printf("%s self-test %016llx\n", set->name, (unsigned long long)checksum(*set));
  }
}
