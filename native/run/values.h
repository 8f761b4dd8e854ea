// The values of a row, and its gradients, of up to a piece of work. In float lanes there are two ways to them: the
// usual one, which on some processors takes ten times as long or more where it multiplies subnormal numbers or makes
// them, and a careful one, which takes up to twice as long for registers with unusual inputs, and a fifth more for
// others. The careful way gives the bits that count. The usual one has them too, but of rows that round twice
// (rows.h) only where it meets no subnormal number. A processor on which these are quick goes the usual way for all
// other rows, but for those that have a quicker one for subnormal numbers (loops/lenient.h), and for gradients, in
// which usual inputs stand for small ones once it has met any. One that says whether it has met any goes the usual way
// until it does: then what it has done is done again, carefully, unless it is right, and so is what follows. Of others
// inputs are looked at before.
#pragma once

#include "loops/subnormal.h"
#include "rows/unusual.h"
#include "run/work.h"

namespace nonlin {

// As many, or fewer, are asked after only once: of 16 elements sigmoid takes 96 ns so, and 107 where it is asked before
// as well.
constexpr size_t short_elements = 1024;

#if defined(__x86_64__)
// Elements at a time, and of a row of few instructions all that there are. ns per element of sigmoid where it is asked
// after each 1024 of 65536 elements 0.197, after 8192 0.189, after 16384 0.185 (`npm run bench -- --function sigmoid
// --size 65536`, Sapphire Rapids). Fewer the first time in a call, as a call may be all there is. What is left of a row
// until the usual way is tried again, in whichever calls: so many times, and then trials of ever more elements, up to a
// part. The first, where it fails, takes 60 times as long, a thirtieth of all of these; where few inputs are unusual it
// mostly does not, and a longer one finds them before a whole part is done twice.
constexpr size_t watched_elements = 8192, first_elements = 1024, trial_elements = 64;
constexpr uint8_t careful_times = 16, trial = 1, trusted = 0;
// Where the usual way takes three times as long at most, a trial of 64 elements costs little beside a part.
inline uint8_t times_until_trial() { return subnormals_are_slow() ? careful_times : trial + 1; }
inline std::atomic<uint8_t> careful_values_left[activation_count], careful_gradients_left[activation_count],
    careful_gates_left[activation_count], careful_products_left, careful_slopes_left;

// Calls usual(first element, how many) for parts of up to `most` of n elements, and careful(first, how many, whether
// the usual way was tried) for those where that has met a subnormal number.
template <class Usual, class Careful>
void watch(std::atomic<uint8_t> &left, size_t n, size_t most, Usual usual, Careful careful) {
  if (n <= short_elements && left.load(std::memory_order_relaxed) == trusted) {
    usual(0, n);
    if (has_met_subnormal()) [[unlikely]] { // Or somebody else has before: the next call will know.
      left.store(trial, std::memory_order_relaxed);
      careful(0, n, true);
    }
    return;
  }
  bool has_met = true; // Or somebody else has.
  for (size_t i = 0, count, at_trial = trial_elements; i < n; i += count) {
    // Of a row of few instructions a call of no more than a piece of work is one part.
    const bool begins = i == 0 && (most == watched_elements || n > most);
    count = std::min(begins ? first_elements : most, n - i);
    const uint8_t times = left.load(std::memory_order_relaxed);
    if (times > trial) {
      left.store(uint8_t(times - 1), std::memory_order_relaxed);
      has_met = true;
      careful(i, count, false);
      continue;
    }
    if (times == trial) count = std::min({at_trial, most, n - i});
    if (has_met) has_met_subnormal();
    usual(i, count);
    has_met = has_met_subnormal();
    if (has_met) {
      at_trial = trial_elements;
      left.store(times_until_trial(), std::memory_order_relaxed);
      careful(i, count, true);
    } else if (times == trial) {
      at_trial *= 8;
      if (at_trial > most || i + count == n) left.store(trusted, std::memory_order_relaxed);
    }
  }
}
#endif

// Elements of a group that goes one way or the other.
#if defined(__x86_64__)
constexpr size_t looked_at = 64;
#else
constexpr size_t looked_at = 512;
#endif

// With parameters that float lanes do not hold with, and of a textbook's formulas, double ones do.
inline arithmetic lanes_for(activation op, parameters p, arithmetic how) {
  return how == float32 && (rows[op].textbook || !rows[op].floats_hold.hold(p)) ? float32_exact : how;
}

// Whether the usual way to the values of a row has the bits of the careful one.
inline bool ways_agree(activation op, parameters p) {
  return rows[op].rounds_twice == twice::never ||
         (rows[op].rounds_twice == twice::with_other_a && p.a == rows[op].usual_a);
}
// And is as fast.
inline bool usual_way_does(activation op, parameters p) { return !subnormals_are_slow() && ways_agree(op, p); }
// What computes them carefully; of rows that multiply nothing the usual way does.
inline map_function *careful_way(const row_kernels &row) {
  map_function *const careful = subnormals_are_slow() || row.lenient == nullptr ? row.careful : row.lenient;
  return careful == nullptr ? row.map[float32] : careful;
}

// y[i] = f(x[i]), the careful way where a group of inputs asks for it, as few may be unusual: where no processor tells.
// Where one does, the careful way itself takes usual registers the usual way.
[[gnu::noinline]] inline void careful_values(const kernels &set, activation op, parameters p, arithmetic how,
                                             const void *x, void *y, size_t n) {
  const row_kernels &row = *set.rows[op];
  constexpr size_t size = sizeof(float);
  const float below = unusual_of[op].unusual_below(p), most = unusual_of[op].far_from(p);
  // All but the first are aligned as loops like it. Neighbours that go the same way do so in one call.
  size_t count = looked_at + (-reinterpret_cast<uintptr_t>(y) / size) % (64 / size), begin = 0;
  bool before = false;
  const auto compute = [&](size_t end) {
    map_function *const way = before ? careful_way(row) : row.map[how];
    if (begin < end) way(at(x, begin * size), at(y, begin * size), end - begin, p);
    begin = end;
  };
  for (size_t i = 0; i < n; i += count, count = looked_at) {
    const bool unusual = set.has_unusual(at(x, i * size), std::min(count, n - i), below, most);
    if (unusual != before) compute(i);
    before = unusual;
  }
  compute(n);
}

#if defined(__x86_64__)
// The same for results y of inputs a and b, which careful(a, b, first element, how many, whether the usual way was
// tried) is given from that element on. Where y is one of them, that is kept, a block at a time, as it may have to be
// done again.
template <class Usual, class Careful>
void watch_results(std::atomic<uint8_t> &left, size_t n, size_t most, const void *a, const void *b, const void *y,
                   Usual usual, Careful careful) {
  constexpr size_t size = sizeof(float);
  if (y != a && y != b)
    return watch(left, n, most, usual, [&](size_t i, size_t count, bool tried) {
      careful(at(a, i * size), at(b, i * size), i, count, tried);
    });
  block kept;
  static_assert(first_elements <= block_elements && short_elements <= block_elements);
  watch(
      left, n, block_elements,
      [&](size_t i, size_t count) {
        std::memcpy(kept.bytes, at(y, i * size), count * size);
        usual(i, count);
      },
      [&](size_t i, size_t count, bool tried) {
        const auto input = [&](const void *of) { return tried && of == y ? kept.bytes : at(of, i * size); };
        careful(input(a), input(b), i, count, tried);
      });
}

// y[i] = f(x[i]), the usual way until the processor tells.
[[gnu::noinline]] inline void watched_values(const kernels &set, activation op, parameters p, map_function *values,
                                             const void *x, void *y, size_t n, size_t most) {
  constexpr size_t size = sizeof(float);
  map_function *const careful = careful_way(*set.rows[op]);
  const bool is_done = usual_way_does(op, p); // It was slower, and is right.
  watch_results(
      careful_values_left[op], n, most, x, x, y,
      [&](size_t i, size_t count) { values(at(x, i * size), at(y, i * size), count, p); },
      [&](const void *from, const void *, size_t i, size_t count, bool tried) {
        if (tried && is_done) return;
        careful(from, at(y, i * size), count, p);
      });
}

// Whether results y of a and b that are right the usual way, and mostly soonest, are watched all the same: not in
// place, as to keep what is overwritten would take longer than is gained.
inline bool is_worth_watching(const void *a, const void *b, const void *y, size_t n) {
  return tells_subnormal && y != a && y != b && n >= short_elements;
}
#endif

// y[i] = f(x[i]), past the cache or not.
inline void run_values(const kernels &set, activation op, parameters p, arithmetic wanted, const void *x, void *y,
                       size_t n, bool past_cache = false) {
  const arithmetic how = lanes_for(op, p, wanted);
  const row_kernels &row = *set.rows[op];
  // Where it is read, a place is in the cache.
  if (row.past_cache[how] == nullptr || x == y) past_cache = false;
  map_function *const values = past_cache ? row.past_cache[how] : row.map[how];
  if (usual_way_does(op, p)) {
#if defined(__x86_64__)
    if (row.lenient != nullptr && how == float32 && is_worth_watching(x, x, y, n))
      return watched_values(set, op, p, values, x, y, n, grain_elements);
#endif
    return values(x, y, n, p);
  }
  if (row.careful == nullptr || (how != float32 && !(how == float32_exact && rows[op].product)))
    return values(x, y, n, p);
#if defined(__x86_64__)
  // A call of few elements in place, as small ones are, is looked at sooner than copied.
  if (tells_subnormal && (x != y || n > looked_at))
    return watched_values(set, op, p, values, x, y, n,
                          past_cache || rows[op].product ? grain_elements : watched_elements);
#endif
  careful_values(set, op, p, how, x, y, n);
}

// Products of larger ones are subnormal numbers only with slopes, or values, below 2^-66: the processor tells, where it
// does.
constexpr float small_factor = 0x1p-60f;

// y[i] = g[i] f'(x[i]) of up to a block, carefully: products that are subnormal numbers by double lanes, from slopes of
// inputs that are none. y may be g or x.
inline void careful_gradients(const kernels &set, activation op, parameters p, arithmetic how, const void *g,
                              const void *x, void *y, size_t n) {
  struct alignas(64) floats {
    float of[block_elements];
  } from, slopes, products, rest;
  map_grad_function &gradient = *set.rows[op]->map_grad[how];
  const small_input small = unusual_of[op].small_slope(p);
  const bool is_level = small.most_grad == __builtin_inff() || !set.has_unusual(g, n, 0, small.most_grad);
  set.stand_in(x, from.of, n, is_level ? small.below : 0, small.at);
#if defined(__x86_64__)
  // It may have been x alone.
  if (tells_subnormal && !set.has_unusual(g, n, small_factor, __builtin_inff())) {
    has_met_subnormal();
    gradient(g, from.of, rest.of, n, p);
    if (!has_met_subnormal()) {
      std::memcpy(y, rest.of, n * sizeof(float));
      return;
    }
  }
#endif
  std::fill_n(slopes.of, n, 1.0f);
  gradient(slopes.of, from.of, slopes.of, n, p);
#if defined(__x86_64__)
  // Vanishing gradients: beside no g above 1 a slope that came to nothing is nothing.
  if (!set.has_unusual(g, n, 0, 1) && !set.has_unusual(slopes.of, n, least_slope, __builtin_inff()))
    return (rows[op].drops ? set.carefully.product_or_none : set.carefully.product)(g, slopes.of, y, n);
#endif
  if (set.part_small(g, slopes.of, products.of, rest.of, n)) {
    gradient(rest.of, from.of, rest.of, n, p);
    for (size_t i = 0; i < n; i++)
      products.of[i] += rest.of[i];
  }
  std::memcpy(y, products.of, n * sizeof(float));
}

// y[i] = g[i] f'(x[i]), carefully.
inline void careful_products(const kernels &set, activation op, parameters p, arithmetic how, const void *g,
                             const void *x, void *y, size_t n) {
  if (set.rows[op]->careful_grad != nullptr) return set.rows[op]->careful_grad(g, x, y, n, p);
  constexpr size_t size = sizeof(float);
  for (size_t i = 0; i < n; i += block_elements)
    careful_gradients(set, op, p, how, at(g, i * size), at(x, i * size), at(y, i * size),
                      std::min(block_elements, n - i));
}

#if defined(__x86_64__)
// The same where subnormal numbers are quick: but a quotient of one takes Zen 5 three times as long as another, and a
// product of others that is one two cycles more. Once the processor tells, usual inputs stand for small ones; what it
// told of is right. ns per element of subnormal inputs on Zen 5, before and so: squareplusGrad 0.66 and 0.33 (avx2 1.5
// and 0.64), softplusGrad 0.51 and 0.25 (0.89 and 0.45), siluGrad 0.53 and 0.36 (1.2 and 0.65), `npm run bench --
// --size 262144 --precision fast --input even --function ...`.
[[gnu::noinline]] inline void lenient_gradients(const kernels &set, activation op, parameters p,
                                                map_grad_function *gradients, small_input small, const void *g,
                                                const void *x, void *y, size_t n) {
  constexpr size_t size = sizeof(float);
  // Not past the cache, as blocks do not end with its lines: ns per element of subnormal inputs, 8 Mi of sigmoidGrad
  // with AVX2, 0.80 and so 0.64.
  const auto usual = [&](const void *x, size_t i, size_t count) {
    set.rows[op]->map_grad[float32](at(g, i * size), x, at(y, i * size), count, p);
  };
  watch(
      careful_gradients_left[op], n, grain_elements,
      [&](size_t i, size_t count) { gradients(at(g, i * size), at(x, i * size), at(y, i * size), count, p); },
      [&](size_t i, size_t count, bool tried) {
        if (tried) return;
        block others;
        size_t begin = i; // Of blocks in which none is small: it may have been g, or a slope.
        const auto up_to = [&](size_t end) {
          if (begin < end) usual(at(x, begin * size), begin, end - begin);
        };
        for (const size_t end = i + count; i < end; i += count) {
          count = std::min(block_elements, end - i);
          const void *const inputs = at(x, i * size);
          if (!set.has_unusual(inputs, std::min(looked_at, count), small.below, __builtin_inff())) continue;
          up_to(i);
          set.stand_in(inputs, others.bytes, count, small.below, small.at);
          usual(others.bytes, i, count);
          begin = i + count;
        }
        up_to(i);
      });
}

// The same, the usual way until the processor tells.
[[gnu::noinline]] inline void watched_gradients(const kernels &set, activation op, parameters p, arithmetic how,
                                                map_grad_function *gradients, const void *g, const void *x, void *y,
                                                size_t n, size_t most) {
  constexpr size_t size = sizeof(float);
  watch_results(
      careful_gradients_left[op], n, most, g, x, y,
      [&](size_t i, size_t count) { gradients(at(g, i * size), at(x, i * size), at(y, i * size), count, p); },
      [&](const void *g, const void *x, size_t i, size_t count, bool) {
        careful_products(set, op, p, how, g, x, at(y, i * size), count);
      });
}
#endif

// The same, where inputs are looked at.
[[gnu::noinline]] inline void looked_gradients(const kernels &set, activation op, parameters p, arithmetic how,
                                               const void *g, const void *x, void *y, size_t n) {
  constexpr size_t size = sizeof(float);
  constexpr float most = __builtin_inff();
  const small_input small = unusual_of[op].small_slope(p);
  for (size_t i = 0; i < n; i += block_elements) {
    const size_t count = std::min(block_elements, n - i);
    const void *const grads = at(g, i * size), *const inputs = at(x, i * size);
    if (set.has_unusual(inputs, count, small.below, most) || set.has_unusual(grads, count, small_factor, most))
      careful_products(set, op, p, how, grads, inputs, at(y, i * size), count);
    else
      set.rows[op]->map_grad[how](grads, inputs, at(y, i * size), count, p);
  }
}

// y[i] = g[i] f'(x[i]), past the cache or not.
inline void run_gradients(const kernels &set, activation op, parameters p, arithmetic wanted, const void *g,
                          const void *x, void *y, size_t n, bool past_cache = false) {
  const arithmetic how = lanes_for(op, p, wanted);
  const row_kernels &row = *set.rows[op];
  if (row.past_cache_grad[how] == nullptr || y == g || y == x) past_cache = false; // As in run_values.
  map_grad_function *const gradients = past_cache ? row.past_cache_grad[how] : row.map_grad[how];
  // A row of one rounding that is no product passes g on or does not.
  const bool multiplies = rows[op].one_rounding ? rows[op].product && how != float64 : how == float32;
  if (!multiplies) return gradients(g, x, y, n, p);
  if (!subnormals_are_slow()) {
#if defined(__x86_64__)
    const small_input small = unusual_of[op].small_slope(p);
    const bool stands_in = !rows[op].one_rounding && small.below > 0 && small.most_grad == __builtin_inff();
    if (stands_in && is_worth_watching(g, x, y, n)) return lenient_gradients(set, op, p, gradients, small, g, x, y, n);
#endif
    return gradients(g, x, y, n, p);
  }
#if defined(__x86_64__)
  if (tells_subnormal && ((y != g && y != x) || n > looked_at))
    return watched_gradients(set, op, p, how, gradients, g, x, y, n,
                             past_cache || rows[op].product ? grain_elements : watched_elements);
#endif
  looked_gradients(set, op, p, how, g, x, y, n);
}

// y[i] = a[i] b[i] of a block, which may be written past the cache: the usual way, which is right, until the processor
// tells that it was slow.
inline void run_products(const kernels &set, arithmetic how, const void *a, const void *b, void *y, size_t n,
                         bool past_cache = false) {
  combine_function &usual = *set.combine[multiplication][how];
#if defined(__x86_64__)
  constexpr size_t size = sizeof(float);
  static_assert(block_elements <= short_elements); // So it is asked after once.
  if (how != float64 && !past_cache && tells_subnormal && subnormals_are_slow())
    return watch(
        careful_products_left, n, block_elements,
        [&](size_t i, size_t count) { usual(at(a, i * size), at(b, i * size), at(y, i * size), count, false); },
        [&](size_t i, size_t count, bool tried) {
          if (!tried) set.carefully.product(at(a, i * size), at(b, i * size), at(y, i * size), count);
        });
#endif
  usual(a, b, y, n, past_cache);
}

// y[i] = f(a[i]) b[i] of a block after another: f, which stays in the core's own cache, times b.
template <class Product>
void gate_by_blocks(const kernels &set, activation op, parameters p, arithmetic how, Product product, const void *a,
                    const void *b, void *y, size_t n) {
  const size_t size = element_size(how);
  for (size_t i = 0; i < n; i += block_elements) {
    block gate;
    const size_t count = std::min(block_elements, n - i);
    run_values(set, op, p, how, at(a, i * size), gate.bytes, count);
    product(gate.bytes, at(b, i * size), at(y, i * size), count);
  }
}

#if defined(__x86_64__)
// The same carefully: blocks whose inputs are so usual that no product is a subnormal number by the loop that does
// both, in which gelu's rare products may be some (loops.cpp).
inline void careful_gates(const kernels &set, activation op, parameters p, const void *a, const void *b, void *y,
                          size_t n) {
  constexpr size_t size = sizeof(float);
  const float below = unusual_of[op].unusual_below(p), far = unusual_of[op].far_from(p) / 2;
  map_function *const values = careful_way(*set.rows[op]);
  const auto product = [&](const void *a, const void *b, void *y, size_t n) {
    if (subnormals_are_slow()) return set.carefully.product(a, b, y, n);
    set.combine[multiplication][float32](a, b, y, n, false);
  };
  // The next ones are taken to be unusual as well. ns per element of swiglu with AVX2 where each is looked at 1.08, and
  // so 1.01 (`npm run bench -- --size 262144 --function swiglu --backend avx2 --input uniform:-100:100`, a Xeon).
  constexpr unsigned next_ones = 3;
  unsigned taken = 0;
  for (size_t i = 0, count; i < n; i += count) {
    count = std::min(block_elements, n - i);
    const void *const x = at(a, i * size), *const factors = at(b, i * size);
    bool carefully = true;
    if (taken > 0)
      taken--;
    else if (set.has_unusual(x, count, below, far) || set.has_unusual(factors, count, small_factor, __builtin_inff()))
      taken = next_ones;
    else
      carefully = false;
    if (!carefully) {
      set.rows[op]->gate(x, factors, at(y, i * size), count, false);
      continue;
    }
    block gate;
    values(x, gate.bytes, count, p);
    product(gate.bytes, factors, at(y, i * size), count);
  }
}

// The same by the loop that does both, until the processor tells. ns per element of subnormal inputs on Zen 5, where it
// is not watched and where it is: swiglu 0.43 and 0.25 (avx2 0.94 and 0.48), as above.
[[gnu::noinline]] inline void watched_gate(const kernels &set, activation op, parameters p, const void *a,
                                           const void *b, void *y, size_t n, bool past_cache) {
  constexpr size_t size = sizeof(float);
  const bool is_done = usual_way_does(op, p); // As in watched_values.
  watch_results(
      careful_gates_left[op], n, past_cache ? grain_elements : watched_elements, a, b, y,
      [&](size_t i, size_t count) {
        set.rows[op]->gate(at(a, i * size), at(b, i * size), at(y, i * size), count, past_cache);
      },
      [&](const void *a, const void *b, size_t i, size_t count, bool tried) {
        if (tried && is_done) return;
        careful_gates(set, op, p, a, b, at(y, i * size), count);
      });
}
#endif

// Whether one loop does both. Where no processor tells, a row with a careful way has none unless its usual one does.
inline bool has_gate(const kernels &set, activation op, parameters p, arithmetic how) {
  const bool as_fast = how == float32 || (how == float32_exact && rows[op].one_rounding);
  if (!as_fast || set.rows[op]->gate == nullptr || p.a != rows[op].usual_a) return false;
#if defined(__x86_64__)
  if (tells_subnormal) return true;
#endif
  return set.rows[op]->careful == nullptr || usual_way_does(op, p);
}
// y[i] = f(a[i]) b[i]. y is a or b, or overlaps none. Past the cache where one loop does both.
inline void run_gates(const kernels &set, activation op, parameters p, arithmetic how, const void *a, const void *b,
                      void *y, size_t n, bool past_cache = false) {
  if (has_gate(set, op, p, how)) {
#if defined(__x86_64__)
    const bool is_mostly_quick = usual_way_does(op, p);
    if (tells_subnormal && (!is_mostly_quick || (set.rows[op]->lenient != nullptr && is_worth_watching(a, b, y, n))))
      return watched_gate(set, op, p, a, b, y, n, past_cache);
#endif
    return set.rows[op]->gate(a, b, y, n, past_cache);
  }
  const auto product = [&](const void *a, const void *b, void *y, size_t n) { run_products(set, how, a, b, y, n); };
  gate_by_blocks(set, op, p, how, product, a, b, y, n);
}

} // namespace nonlin
