// Whether a result depends on what else is in the array. Kernels take inputs by groups, and a group goes the way that
// its inputs ask for: what the other proofs run is a group of neighbours, and here an input fills it, is one in it, or
// is alone.
#include "dispatch.h"
#include "halves/run_halves.h"
#include "prove.h"
#include "run/values.h"

#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <type_traits>

namespace prove {
namespace {

// What the kernels of 16 float lanes take at a time; groups that are run together, one for each input.
constexpr size_t group = 64, groups = 64, block_length = group * groups;

// A number as its bits, of which E has as many.
template <class E> struct format {
  const char *precision;
  int digits; // behind the point
  void (*run)(const nonlin::kernels &, const subject &, const void *g, const void *x, void *y, size_t n);

  static constexpr int width = std::numeric_limits<E>::digits;
  static constexpr E sign = E(E(1) << (width - 1));
  E bias() const { return E((E(1) << (width - 2 - digits)) - 1); }
  E power(int exponent) const { return E(E(bias() + exponent) << digits); }
  E infinity() const { return E(E(2 * bias() + 1) << digits); }
  E nan() const { return infinity() | E(E(1) << (digits - 1)); }
  // In float32 2^101, of which float16 has none.
  E huge() const { return power(bias() * 4 / 5); }

  bool same(E a, E b) const { return a == b || (E(a & ~sign) > infinity() && E(b & ~sign) > infinity()); }
  double number(E bits) const {
    const E size = bits & ~sign, fraction = size & E((E(1) << digits) - 1);
    const int exponent = int(size >> digits);
    const double x = size > infinity()    ? NAN
                     : size == infinity() ? HUGE_VAL
                                          : std::ldexp(double(exponent == 0 ? fraction : fraction + (E(1) << digits)),
                                                       std::max(exponent, 1) - int(bias()) - digits);
    return bits & sign ? -x : x;
  }
  E random_finite(uint64_t counter) const {
    const E bits = E(random_bits(counter) >> (64 - width));
    return (bits & infinity()) == infinity() ? E(bits ^ (E(1) << (width - 2))) : bits;
  }
};

template <nonlin::arithmetic how>
void run_numbers(const nonlin::kernels &set, const subject &subject, const void *g, const void *x, void *y, size_t n) {
  if (g == nullptr)
    nonlin::run_values(set, subject.activation, subject.p, how, x, y, n);
  else
    nonlin::run_gradients(set, subject.activation, subject.p, how, g, x, y, n);
}
template <nonlin::half type>
void run_halves(const nonlin::kernels &set, const subject &subject, const void *g, const void *x, void *y, size_t n) {
  nonlin::run_halves(set, subject.activation, subject.p, type, g, x, y, n, 1);
}
constexpr format<uint32_t> floats[] = {{"fast", 23, run_numbers<nonlin::float32>},
                                       {"exact", 23, run_numbers<nonlin::float32_exact>}};
constexpr format<uint64_t> doubles = {"float64", 52, run_numbers<nonlin::float64>};
constexpr format<uint16_t> halves[] = {{"float16", 10, run_halves<nonlin::float16>},
                                       {"bfloat16", 7, run_halves<nonlin::bfloat16>}};

template <class E> void add_with_neighbours(E bits, std::vector<E> &inputs) {
  for (const int beside : {0, -1, 1})
    inputs.push_back(E(bits + E(beside)));
}
// Fractions up to a size, in float64 also as float32 has them.
template <class E> void add_fractions(int parts, int most, std::vector<E> &inputs) {
  using number = std::conditional_t<sizeof(E) == sizeof(float), float, double>;
  for (int i = -most * parts; i <= most * parts; i++) {
    const number x = number(double(i) / parts), as_float = number(float(i) / float(parts));
    add_with_neighbours(std::bit_cast<E>(x), inputs);
    if (x != as_float) add_with_neighbours(std::bit_cast<E>(as_float), inputs);
  }
}
// Where a formula may end: at numbers of 16 bits, 64ths and hundredths, and beside them. And any.
template <class E> std::vector<E> all_inputs() {
  std::vector<E> inputs;
  if constexpr (sizeof(E) == sizeof(uint16_t)) {
    for (uint32_t bits = 0; bits < 65536; bits++)
      inputs.push_back(E(bits));
  } else {
    using number = std::conditional_t<sizeof(E) == sizeof(float), float, double>;
    for (uint32_t bits = 0; bits < 65536; bits++)
      add_with_neighbours(E(E(bits) << (format<E>::width - 16)), inputs);
    for (const int parts : {64, 100})
      add_fractions(parts, 128, inputs);
    for (uint64_t i = 0; i < 65536; i++)
      inputs.push_back(std::bit_cast<E>(number(sample(i))));
  }
  return inputs;
}
// Every so manieth, and with --quick the likeliest ends.
template <class E> std::vector<E> choose_inputs(bool quick, bool sampled) {
  static const std::vector<E> all = all_inputs<E>();
  const size_t stride = quick ? 1021 : sampled ? 17 : 1;
  std::vector<E> inputs;
  for (size_t i = 0; i < all.size(); i += stride)
    inputs.push_back(all[i]);
  if constexpr (sizeof(E) > sizeof(uint16_t))
    if (quick && !sampled) add_fractions(20, 16, inputs);
  return inputs;
}

// An input in every so manieth place of its group, and `other` in the rest.
template <class E> struct company {
  const char *name;
  size_t step;
  E other;
};

struct tally {
  uint64_t depend = 0;
  std::string at;

  void add(const tally &more) {
    if (more.depend > 0) at = more.at;
    depend += more.depend;
  }
};

// What each input of up to `groups` has in its group, with the expected results.
template <class E> struct workspace {
  alignas(64) E x[block_length], g[block_length], y[block_length], expected[block_length];
};

// Of values or gradients.
template <class E>
void ask(const format<E> &format, const subject &subject, direction direction, const E *inputs, size_t count,
         uint64_t seed, tally &tally) {
  static thread_local workspace<E> space;
  auto &[x, g, y, expected] = space;
  const company<E> companies[] = {{"all of a group", 1, 0},
                                  {"half of a group, beside 0.5", 2, format.power(-1)},
                                  {"beside 0.5", group, format.power(-1)},
                                  {"beside huge numbers", group, format.huge()},
                                  {"beside huge negative numbers", group, E(format.huge() | format.sign)},
                                  {"beside subnormal numbers", group, 1},
                                  {"beside NaN", group, format.nan()},
                                  {"beside -0", group, format.sign}};
  // Where among its neighbours an input stands.
  const auto place = [&](size_t i) { return inputs[i] % group; };
  const auto put = [&](const company<E> &company, E *to, const E *ones, E other) {
    for (size_t i = 0; i < count; i++, to += group) {
      std::fill_n(to, group, other);
      for (size_t j = place(i) % company.step; j < group; j += company.step)
        to[j] = ones[i];
    }
  };
  // The grads are 1; or any for the inputs and huge ones for the others.
  for (const bool any_grad : {false, true}) {
    if (any_grad && direction == forward) break;
    E grads[groups], wanted[groups];
    for (size_t i = 0; i < count; i++)
      grads[i] = any_grad ? format.random_finite(seed + i) : format.power(0);
    const E other_grad = any_grad ? format.huge() : format.power(0);
    for (const nonlin::kernels *set : nonlin::supported_kernels()) {
      const auto run = [&](const E *g, const E *x, E *y, size_t n) {
        format.run(*set, subject, direction == forward ? nullptr : g, x, y, n);
      };
      const auto note = [&](size_t i, const char *where) {
        tally.depend++;
        const auto text = [&](E bits) { return decimal(format.number(bits), sizeof(E) == sizeof(double) ? 17 : 9); };
        tally.at = text(inputs[i]) + (any_grad ? ", grad " + text(grads[i]) : "") + ", " + where + ", " + set->name;
      };
      for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < group; j++) {
          x[i * group + j] = E(inputs[i] - place(i) + j);
          g[i * group + j] = grads[i];
        }
      run(g, x, y, count * group);
      for (size_t i = 0; i < count; i++) {
        wanted[i] = y[i * group + place(i)];
        E alone;
        run(grads + i, inputs + i, &alone, 1);
        if (!format.same(alone, wanted[i])) note(i, "alone");
      }
      for (const company<E> &company : companies) {
        E other;
        run(&other_grad, &company.other, &other, 1);
        put(company, x, inputs, company.other);
        put(company, g, grads, other_grad);
        put(company, expected, wanted, other);
        run(g, x, y, count * group);
        const auto same = [&](E a, E b) { return format.same(a, b); };
        for (size_t i = 0; i < count; i++) {
          const E *const results = y + i * group, *const all = expected + i * group;
          if (std::memcmp(results, all, group * sizeof(E)) != 0 && !std::equal(results, results + group, all, same))
            note(i, company.name);
        }
      }
    }
  }
}

using tallies = std::vector<tally>; // Of a precision's values and gradients each.

} // namespace

void ask_for_company(const options &options, std::vector<row> &rows) {
  for (const subject &subject : options.subjects) {
    // A precision's blocks of inputs.
    struct part {
      const char *precision;
      uint64_t blocks;
      std::function<void(uint64_t block, direction, tally &)> ask;
    };
    std::vector<part> parts;
    const auto add = [&]<class E>(const format<E> &format) {
      std::vector<E> inputs = choose_inputs<E>(options.quick, subject.sampled);
      const uint64_t blocks = (inputs.size() + groups - 1) / groups;
      parts.push_back({format.precision, blocks,
                       [&, inputs = std::move(inputs)](uint64_t block, direction direction, tally &tally) {
                         const size_t start = block * groups;
                         ask(format, subject, direction, &inputs[start], std::min(groups, inputs.size() - start), start,
                             tally);
                       }});
    };
    for (const format<uint32_t> &format : floats)
      add(format);
    add(doubles);
    for (const format<uint16_t> &format : halves)
      add(format);

    uint64_t blocks = 0;
    for (const part &part : parts)
      blocks += part.blocks;
    const std::vector<tallies> states =
        spread(options, subject.label + ", company", blocks, tallies(2 * parts.size()), [&](tallies &own, uint64_t i) {
          size_t p = 0;
          for (; i >= parts[p].blocks; p++)
            i -= parts[p].blocks;
          for (const direction direction : {forward, gradient})
            parts[p].ask(i, direction, own[2 * p + direction]);
        });
    for (row &row : rows)
      for (size_t p = 0; p < parts.size(); p++)
        for (const direction direction : {forward, gradient}) {
          if (row.function != subject.label || row.direction != direction_names[direction] ||
              row.precision != parts[p].precision)
            continue;
          tally total;
          for (const tallies &own : states)
            total.add(own[2 * p + direction]);
          row.depend = total.depend;
          row.depend_at = total.at;
        }
  }
}

} // namespace prove
