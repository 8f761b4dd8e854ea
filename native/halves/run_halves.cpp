#include "halves/run_halves.h"

#include "exact/correctly_rounded.h"
#include "machine/parallel.h"
#include "run/values.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace nonlin {
namespace {

// A number at any address: arrays may begin within one.
template <class T> struct [[gnu::packed, gnu::may_alias]] loose { T value; };
template <class T> const loose<T> *loosely(const void *p) { return static_cast<const loose<T> *>(p); }
template <class T> loose<T> *loosely(void *p) { return static_cast<loose<T> *>(p); }

// What double lanes may be, of values and gradients, and of a gradient near the zero of its slope in shares of the
// incoming one: exact.h.
constexpr double double_error = 0x1p-48, cancelled_error = 0x1p-52, near_zero = 0x1p-2;
// How near the zero of a slope the error of float lanes is relative to the incoming gradient.
constexpr double beside_zero = 0.35;
// That of a slope is 4 units in the last place of numbers from 1/8 on.
constexpr float beside_error = 0x1p-23f;

struct row_call {
  const kernels &set;
  activation op;
  parameters p;
  half type;
  bool has_gradient;
};

// On which side of half of x a value lies where that is a subnormal number (rows.h).
int32_t side_of_half(activation op, parameters p) {
  const beside_half half = rows[op].half;
  if (half == beside_half::other || (half == beside_half::by_sign_of_a && !(std::abs(p.a) < 0x1p60)))
    return float_error::unknown_side;
  return half == beside_half::larger ? 1 : (p.a > 0) - (p.a < 0);
}

// Whether double lanes have what rounds as the true result does, middles between halves included: products of a half
// and a float are exact, and differences where they are near a middle; what is over six is exact where that is a number
// (sixth_of). Not a x + b, whose b may be a middle beside which a x is lost.
bool decides_halves(const row_call &call) {
  const row &row = rows[call.op];
  if (row.one_rounding) return call.op != activation_hardSigmoidOf;
  if (row.multiplies_by_mean) return products_are_exact(call.p);
  return row.double_decides || (row.value_decides && !call.has_gradient);
}

// Doubles at a time, of x, g and results, in the core's own cache.
constexpr size_t some_doubles = 256;
struct alignas(64) doubles {
  double of[some_doubles];
};

void map_doubles(const row_call &call, const double *g, const double *x, double *y, size_t n) {
  if (call.has_gradient)
    call.set.rows[call.op]->map_grad[float64](g, x, y, n, call.p);
  else
    call.set.rows[call.op]->map[float64](x, y, n, call.p);
}

// Where double lanes decide, all of them.
void run_by_doubles(const row_call &call, const uint16_t *g, const uint16_t *x, uint16_t *y, size_t n) {
  doubles from, by, to;
  const int32_t side = side_of_half(call.op, call.p);
  const bool has_half = !call.has_gradient && call.type == bfloat16 && side != float_error::unknown_side;
  for (size_t first = 0; first < n; first += some_doubles) {
    const size_t count = std::min(some_doubles, n - first);
    call.set.widen_to_doubles[call.type](x + first, from.of, count);
    if (call.has_gradient) call.set.widen_to_doubles[call.type](g + first, by.of, count);
    map_doubles(call, by.of, from.of, to.of, count);
    if (has_half) // As doubles do not show it either.
      for (size_t i = 0; i < count; i++)
        if (std::abs(from.of[i]) < half_end && from.of[i] != 0) to.of[i] = std::fma(from.of[i], 0.5, side * beside_it);
    call.set.narrow_doubles[call.type](to.of, y + first, count);
  }
}

// Those that floats left open, from double lanes, and what these leave open by the formula on numbers of 106 bits.
[[gnu::cold]] void decide(const row_call &call, open_results &open, void *y) {
  doubles x, g, least, most;
  uint16_t low[some_doubles], high[some_doubles];
  const zero_of_slope &zero = rows[call.op].zero;
  const bool decides = decides_halves(call);
  for (size_t first = 0; first < open.count; first += some_doubles) {
    const size_t count = std::min(some_doubles, open.count - first);
    for (size_t i = 0; i < count; i++) {
      x.of[i] = open.x[first + i];
      g.of[i] = open.g[first + i];
    }
    map_doubles(call, g.of, x.of, least.of, count);
    if (!decides) {
      for (size_t i = 0; i < count; i++) {
        const double result = least.of[i];
        double error = std::abs(result) * double_error;
        if (call.has_gradient && std::abs(x.of[i] - zero.of(call.p)) * zero.scale(call.p) < near_zero)
          error = std::abs(g.of[i]) * cancelled_error;
        if (std::isinf(g.of[i])) error = 0;                       // The sign of the slope decides.
        if (!call.has_gradient && std::isinf(x.of[i])) error = 0; // A limit.
        least.of[i] = error == 0 ? result : result - error;
        most.of[i] = error == 0 ? result : result + error;
      }
      call.set.narrow_doubles[call.type](most.of, high, count);
    }
    call.set.narrow_doubles[call.type](least.of, low, count);
    if (!decides && std::memcmp(low, high, count * sizeof *low) != 0) {
      const correctly_rounded &rounded = correctly_rounded_of[call.op];
      for (size_t i = 0; i < count; i++)
        if (low[i] != high[i])
          least.of[i] = call.has_gradient ? rounded.gradient(x.of[i], g.of[i], call.p) : rounded.value(x.of[i], call.p);
      call.set.narrow_doubles[call.type](least.of, low, count);
    }
    for (size_t i = 0; i < count; i++)
      loosely<uint16_t>(y)[open.places[first + i]].value = low[i];
  }
  open.count = 0;
}

// Of an array longer than all halves there are, each of them once, and then a load for each element: 0.4 ns and
// 0.7 where the bits are random, as the table is 128 KiB. What takes no more than that is not worth it.
constexpr size_t all_halves = 65536, by_table_elements = 8 * all_halves;
// So many ahead memory is asked for, and what the cache could not hold is written past it, a line at a time. ns per
// element of 64 Mi 0.25; without the first 0.46, without the second 0.32 (`npm run bench -- --dtype bfloat16 --size
// 67108864 --function sigmoid`, Sapphire Rapids).
constexpr size_t ahead = 2048;

// Eight at a time leave in one store, where they were read.
using eight = uint16_t __attribute__((vector_size(16)));
constexpr size_t eight_halves = sizeof(eight) / sizeof(uint16_t), line_halves = 64 / sizeof(uint16_t);
using line = eight[line_halves / eight_halves];

void store_line(uint16_t *to, const line &halves, [[maybe_unused]] bool past_cache) {
#if defined(__x86_64__)
  if (past_cache) {
    for (size_t k = 0; k < line_halves / eight_halves; k++)
      _mm_stream_si128(reinterpret_cast<__m128i *>(to + k * eight_halves), __m128i(halves[k]));
    return;
  }
#endif
  for (size_t k = 0; k < line_halves / eight_halves; k++)
    loosely<eight>(to + k * eight_halves)->value = halves[k];
}

// False where there is no memory for the table.
bool run_by_table(const kernels &set, activation op, parameters p, half type, const void *x, void *y, size_t n,
                  unsigned threads) {
  const std::unique_ptr<uint16_t[]> table(new (std::nothrow) uint16_t[all_halves]);
  if (table == nullptr) return false;
  for (size_t i = 0; i < all_halves; i++)
    table[i] = uint16_t(i);
  run_halves(set, op, p, type, nullptr, table.get(), table.get(), all_halves, threads);
  const bool stream = streams(y, n * sizeof(uint16_t), sizeof(uint16_t));
  parallel_for(n, grain_elements, threads, [&, values = table.get()](size_t begin, size_t end) {
    const uint16_t *from = halves_at(x, begin);
    uint16_t *to = halves_at(y, begin);
    const size_t count = end - begin;
    size_t i = 0;
    const auto up_to = [&](size_t end) {
      for (; i < end; i++)
        loosely<uint16_t>(to)[i].value = values[loosely<uint16_t>(from)[i].value];
    };
    if (stream) up_to(std::min(count, -(reinterpret_cast<uintptr_t>(to) / sizeof(uint16_t)) % line_halves));
    for (; i + line_halves <= count; i += line_halves) {
      __builtin_prefetch(from + i + ahead);
      if (!stream) __builtin_prefetch(to + i + ahead, 1);
      line halves;
      for (size_t k = 0; k < line_halves / eight_halves; k++) {
        const auto value = [&](size_t lane) {
          return values[loosely<uint16_t>(from + i)[k * eight_halves + lane].value];
        };
        halves[k] = eight{value(0), value(1), value(2), value(3), value(4), value(5), value(6), value(7)};
      }
      store_line(to + i, halves, stream);
    }
    up_to(count);
    if (stream) fence();
  });
  return true;
}

// 2 units in the last place are promised of values, 4 of gradients and with other parameters than the defaults, and to
// ask takes a rounding; a unit is 2^-23 of the size at most.
float_error error_of(const row_call &call) {
  const row &row = rows[call.op];
  const bool has_parameters = call.p.a != 0 || call.p.b != 0;
  float_error error = {call.has_gradient || has_parameters ? 0x1.2p-21f : 0x1.4p-22f};
  if (row.one_rounding) error.relative = 0x1p-24f;
  if (!call.has_gradient)
    error.beside_half = side_of_half(call.op, call.p);
  else if (std::isfinite(row.zero.at))
    error = {0x1.2p-21f, float(row.zero.of(call.p)), float(beside_zero / row.zero.scale(call.p)), beside_error};
  return error;
}

// Where one of so many is open, double lanes take less time for all, at 0.25 ns each, than for those again.
constexpr size_t many_open = 40;

} // namespace

void run_halves(const kernels &set, activation op, parameters p, half type, const void *g, const void *x, void *y,
                size_t n, unsigned threads) {
  if (g == nullptr && n >= by_table_elements && !rows[op].one_rounding &&
      run_by_table(set, op, p, type, x, y, n, threads))
    return;
  const row_call call = {set, op, p, type, g != nullptr};
  const float_error error = error_of(call);
  const bool floats_decide = rows[op].floats_decide_halves, doubles_decide = decides_halves(call);
  if (n < parallel_short_elements && rows[op].one_rounding) threads = 1;
  const bool stream = streams(y, n * sizeof(uint16_t), sizeof(uint16_t));
  // At most a grain, of which what is decided last has not left the cache.
  const auto compute = [&](size_t begin, size_t end) {
    // Half a page more than a block, as a load waits for a store that is a whole number of pages away.
    struct alignas(64) floats {
      float of[block_elements + 512];
    } from, by, to;
    open_results open;
    static_assert(block_elements <= open_results::most);
    uint16_t piece[grain_elements], *const out = stream ? piece : halves_at(y, begin);
    for (size_t i = begin; i < end; i += block_elements) {
      const size_t count = std::min(block_elements, end - i);
      // No processor foresees that the next block is read, and written, after so much else.
      for (size_t next = i + block_elements; next < std::min(i + 2 * block_elements, n); next += 32) {
        __builtin_prefetch(halves_at(x, next));
        if (!stream) __builtin_prefetch(halves_at(y, next), 1);
      }
      set.widen[type](halves_at(x, i), from.of, count);
      if (g != nullptr) {
        set.widen[type](halves_at(g, i), by.of, count);
        run_gradients(set, op, p, float32, by.of, from.of, to.of, count);
      } else {
        run_values(set, op, p, float32, from.of, to.of, count);
      }
      if (floats_decide) {
        set.narrow[type](to.of, out + (i - begin), count);
        continue;
      }
      if (open.count + count > open_results::most) decide(call, open, out);
      const size_t before = open.count;
      set.round[type](to.of, from.of, g == nullptr ? nullptr : by.of, out + (i - begin), count, error, open, i - begin);
      if (!doubles_decide || (open.count - before) * many_open < count) continue;
      // And so will it be of the next blocks.
      i += count;
      run_by_doubles(call, g == nullptr ? nullptr : halves_at(g, i), halves_at(x, i), out + (i - begin), end - i);
      break;
    }
    decide(call, open, out);
    if (stream) copy_past_cache(piece, halves_at(y, begin), (end - begin) * sizeof *piece, sizeof *piece);
  };
  parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
    for (; begin < end; begin += grain_elements)
      compute(begin, std::min(begin + grain_elements, end));
    if (stream) fence();
  });
}

void run_convert(const kernels &set, unsigned from, unsigned to, const void *x, void *y, size_t n, unsigned threads) {
  const unsigned from_half = from - number_half, to_half = to - number_half;
  parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
    float block[block_elements + 16];
    for (size_t i = begin; i < end; i += block_elements) {
      const size_t count = std::min(block_elements, end - i);
      const void *source = at(x, i * number_size(from));
      void *target = at(y, i * number_size(to));
      if (from == to) {
        std::memcpy(target, source, count * number_size(to));
      } else if (from >= number_half && to == number_float64) {
        set.widen_to_doubles[from_half](halves_at(source, 0), static_cast<double *>(target), count);
      } else if (from >= number_half) {
        set.widen[from_half](halves_at(source, 0), block, count);
        if (to >= number_half)
          set.narrow[to_half](block, halves_at(target, 0), count);
        else
          std::memcpy(target, block, count * sizeof(float));
      } else if (to >= number_half) {
        if (from == number_float64)
          set.narrow_doubles[to_half](static_cast<const double *>(source), halves_at(target, 0), count);
        else
          set.narrow[to_half](static_cast<const float *>(source), halves_at(target, 0), count);
      } else {
        for (size_t j = 0; j < count; j++)
          if (to == number_float64)
            loosely<double>(target)[j].value = double(loosely<float>(source)[j].value);
          else
            loosely<float>(target)[j].value = float(loosely<double>(source)[j].value);
      }
    }
  });
}

} // namespace nonlin
