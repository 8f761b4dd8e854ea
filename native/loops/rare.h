// The loop of a row with rare inputs: what these take longer, others do not wait for. All of a part of the array is
// computed as if there were none, and those that were are computed after it, close together. A result does not depend
// on its place: which way it takes says its input alone, or two ways have the same bits.
#pragma once

#include "arithmetic/memory.h"
#include "loops/rare_inputs.h"

namespace nonlin {
namespace {

// How many vectors a loop takes at a time. Their chains of dependent instructions, side by side, keep a CPU busy that
// could not look far enough ahead to find the next of them (isa.cmake has GCC interleave them). ns per element with
// one, two and four, `npm run bench -- --size 262144` on Zen 4: sigmoid 0.190, 0.177 and 0.176 (avx2 0.289, 0.284 and
// 0.256), tanh 0.212, 0.207 and 0.199 (avx2 0.482, 0.456 and 0.446).
// In WebAssembly two, as what is optimized for size keeps more of them in memory: relu takes 0.53 with four, 0.11 with
// two, and the gradient of gelu 4.8 with two, 4.4 with one (and 0.2 kB less, gzipped), `npm run bench -- --backend wasm
// --size 262144 --precision fast`.
#if defined(__wasm__)
constexpr size_t unroll = 2;
constexpr bool takes_several_products = false;
#else
constexpr size_t unroll = 4;
constexpr bool takes_several_products = true;
#endif

// Elements of a part, which with those put aside stay in a first-level cache. With half as many gelu of N(0,2) takes 3
// % longer, its gradient and AVX2 up to 7 % (Zen 5).
constexpr size_t rare_part = 2048;
// And those that a loop takes at a time.
constexpr size_t group = unroll * vec<float>::lanes;

// The lanes of a group, as bits: lanes_of(j) has those of its vector j.
template <size_t several, class F> [[gnu::always_inline]] inline uint64_t bits_of(F lanes_of) {
  static_assert(group <= 64);
  uint64_t bits = 0;
  for (size_t j = 0; j < several; j++)
    bits |= uint64_t(lanes_of(j).as_bits()) << j * vec<float>::lanes;
  return bits;
}

// Inputs that were put aside, and where they come from.
struct put_aside {
  static constexpr size_t most = rare_part + vec<float>::lanes;
  alignas(64) float inputs[most];
  alignas(64) int32_t places[most];
  size_t count = 0;
  // Whether the last part had so many, as a mean of its groups, that a branch would fail to tell those with few of them
  // from others; and so has this one as soon as that is sure. What it fails for costs as much as three groups: ns per
  // element of N(0,4), of which a group has six, 0.36, and 0.22 so (Zen 5, of sixteen arrays of 262144 elements in
  // turn, as a processor learns one by heart).
  static constexpr size_t dense = 4;
  bool is_dense = false;
  // Whether it had more than one in each group, as a mean.
  bool are_many = false;
  void end_part(size_t n) {
    count = n;
    is_dense = n > rare_part / group * dense;
    are_many = n > rare_part / group;
#if VECTOR_BYTES == 64
    if (n == 0) group_count = 0; // Nobody gives what there is none of.
#endif
  }
#if VECTOR_BYTES == 64
  // Those of a group with many are put back a register at a time, which takes one instruction.
  struct many {
    uint16_t lanes[unroll]; // Of each register, as bits.
    uint32_t place, first;  // Where it begins, and its inputs that are put aside.
  };
  many groups[rare_part / group];
  size_t group_count = 0;
#endif

  // Of a group from x and `place` on, of which `from` are the vectors, those that needs(j) has of vector j, behind
  // `count` of them; returns how many there are now. `count` is the loop's own, as that in memory would be stored and
  // loaded again each time.
  template <size_t several, class F>
  size_t add(const float *x, const vec<float> (&from)[several], F needs, size_t place, size_t count) {
    if (const uint64_t needed = few_of<several>(needs, place, count); needed != many_lanes)
      return add_few(x, needed, place, count);
    return add_many(from, needs, place, count);
  }
  size_t add(vec<float> x, some_lanes<float> which, size_t place, size_t count) {
    return count + compress(x, which, int32_t(place), inputs + count, places + count);
  }

  // The same of a group from x and `place` on, of which `which` has no more than a few, as bits: so many are copied,
  // whatever they are. ns per element of N(0,3), where most groups have one to four, with 3, 4 and 5 on Zen 4: 0.44,
  // 0.40 and 0.37 (`npm run bench -- --size 262144 --function gelu --input normal:3`), as a branch tells fewer groups
  // from the others; with 6 products are slower.
  static constexpr unsigned few = 5;
  static_assert(few < group);
  static constexpr uint64_t many_lanes = ~uint64_t(0);
  template <size_t several, class F> uint64_t few_of(F needs, size_t place, size_t count) const {
    if (is_dense || count > (place / group + 2) * dense) return many_lanes;
    const uint64_t needed = bits_of<several>(needs);
    return unsigned(__builtin_popcountll(needed)) <= few ? needed : many_lanes;
  }
  size_t add_few(const float *x, uint64_t which, size_t place, size_t count) {
    for_few(which, [=, this](unsigned i, size_t at) {
      inputs[count + i] = x[at];
      places[count + i] = int32_t(place + at);
    });
    return count + size_t(__builtin_popcountll(which));
  }
  template <class F> static void for_few(uint64_t which, F f) {
    constexpr uint64_t last = uint64_t(1) << (group - 1);
    for (unsigned i = 0; i < few; i++, which &= which - 1)
      f(i, size_t(__builtin_ctzll(which | last)));
  }
  template <size_t several, class F>
  size_t add_many(const vec<float> (&x)[several], F needs, size_t place, size_t count) {
#if VECTOR_BYTES == 64
    many &one = groups[group_count++];
    one.place = uint32_t(place), one.first = uint32_t(count);
    for (size_t j = 0; j < several; j++) {
      one.lanes[j] = uint16_t(needs(j).as_bits());
      count += compress(x[j], needs(j), inputs + count);
    }
#else
    for (size_t j = 0; j < several; j++)
      count = add(x[j], needs(j), place + j * vec<float>::lanes, count);
#endif
    return count;
  }
  void give(const float *results, float *y) {
    size_t i = 0;
    const auto give_up_to = [&](size_t end) {
      for (; i < end; i++)
        y[places[i]] = results[i];
    };
#if VECTOR_BYTES == 64
    for (size_t g = 0; g < group_count; g++) {
      const many &one = groups[g];
      give_up_to(one.first);
      for (size_t j = 0; j < unroll; j++)
        i += expand(results + i, some_lanes<float>(__mmask16(one.lanes[j])), y + one.place + j * vec<float>::lanes);
    }
    group_count = 0;
#endif
    give_up_to(count);
  }
};
// The same with what they are multiplied by; factor(j) is that of vector j.
struct put_aside_products : put_aside {
  alignas(64) float factors[most];

  template <size_t several, class G, class F>
  size_t add(const float *by, G factor, const float *x, const vec<float> (&from)[several], F needs, size_t place,
             size_t count) {
    if (const uint64_t needed = few_of<several>(needs, place, count); needed != many_lanes) {
      for_few(needed, [=, this](unsigned i, size_t at) { factors[count + i] = by[at]; });
      return add_few(x, needed, place, count);
    }
#if VECTOR_BYTES == 64
    size_t end = count;
    for (size_t j = 0; j < several; j++)
      end += compress(factor(j), needs(j), factors + end);
    return add_many(from, needs, place, count);
#else
    for (size_t j = 0; j < several; j++)
      count = add(factor(j), from[j], needs(j), place + j * vec<float>::lanes, count);
    return count;
#endif
  }
  size_t add(vec<float> by, vec<float> x, some_lanes<float> which, size_t place, size_t count) {
    compress(by, which, int32_t(place), factors + count, places + count);
    return put_aside::add(x, which, place, count);
  }
};

// Puts what stands for x in its lanes that are beyond.
template <class inputs, size_t several>
[[gnu::always_inline]] inline void set_plain(const vec<float> (&x)[several], vec<float> (&v)[several]) {
  for (size_t j = 0; j < several; j++)
    v[j] = inputs::beyond::of(x[j]).choose(inputs::plain(x[j]), v[j]);
}
// Of n elements of y, all that are not rare; the others are put aside. Where each group is expected to have some, no
// group is asked first: that they have none, as one in ten of N(0,3), is what a branch would fail to tell.
template <activation op, bool past_cache>
[[gnu::noinline, gnu::flatten]] void usual_inputs(const float *x, float *y, size_t n, put_aside &aside) {
  using inputs = rare_inputs<op>;
  constexpr size_t lanes = vec<float>::lanes, several = unroll;
  const vec<float> first = aside.are_many ? inputs::beyond::some() : vec<float>(0.0f);
  size_t put = 0, i = 0;
  for (; i + several * lanes <= n; i += several * lanes) {
    vec<float> v[several], from[several], all = first;
    for (size_t j = 0; j < several; j++) {
      from[j] = load<float>(x + i + j * lanes);
      all = inputs::beyond::seen(all, from[j]);
    }
    if constexpr (past_cache) ask_ahead<several * lanes * sizeof *x>(x + i);
    for (size_t j = 0; j < several; j++)
      v[j] = inputs::usual(from[j]);
    if (inputs::beyond::any(all)) {
      const auto needs = [&](size_t j) { return inputs::needs(inputs::beyond::of(from[j]), from[j]); };
      set_plain<inputs>(from, v);
      put = aside.add(x + i, from, needs, i, put);
    }
    for (size_t j = 0; j < several; j++)
      store(y + i + j * lanes, v[j]);
  }
  for (; i < n; i += lanes) {
    const size_t count = n - i < lanes ? n - i : lanes;
    const vec<float> from[] = {load_some<float>(x + i, count)}; // 0 in the others.
    vec<float> v[] = {inputs::usual(from[0])};
    if (inputs::beyond::any(inputs::beyond::seen(0.0f, from[0]))) [[unlikely]] {
      set_plain<inputs>(from, v);
      put = aside.add(from[0], inputs::needs(inputs::beyond::of(from[0]), from[0]), i, put);
    }
    store_some(y + i, v[0], count);
  }
  aside.end_part(put);
}
template <activation op> [[gnu::noinline, gnu::flatten]] void rare_inputs_of(put_aside &aside, float *y) {
  constexpr size_t lanes = vec<float>::lanes;
  for (size_t i = 0; i < aside.count; i += lanes) {
    const size_t count = aside.count - i < lanes ? aside.count - i : lanes;
    // What lies behind them could be subnormal numbers.
    store(aside.inputs + i, rare_inputs<op>::rare(load_some<float>(aside.inputs + i, count)));
  }
  aside.give(aside.inputs, y);
}

// Calls fill(first, y, how many) for parts of n elements, each at y, or to be written past the cache from there.
template <bool past_cache, class F> void in_rare_parts(float *y, size_t n, F fill) {
  constexpr size_t lanes = vec<float>::lanes;
  alignas(64) float kept[past_cache ? put_aside::most : 1];
  for (size_t i = 0, count; i < n; i += count) {
    // The first is so long that the others are aligned.
    count = rare_part - (i == 0 ? lanes - until_aligned<float>(y) : 0);
    if (count > n - i) count = n - i;
    if (!past_cache || i == 0) {
      fill(i, y + i, count);
      continue;
    }
    fill(i, kept, count);
    size_t j = 0;
    for (; j + lanes <= count; j += lanes)
      store_past_cache(y + i + j, load<float>(kept + j));
    if (j < count) store(y + i + j, load<float>(kept + j, count - j), count - j);
  }
}
template <activation op, bool past_cache = false> void map_with_rare(const float *x, float *y, size_t n) {
  put_aside aside;
  in_rare_parts<past_cache>(y, n, [&](size_t i, float *part, size_t count) {
    usual_inputs<op, past_cache>(x + i, part, count, aside);
    if (aside.count > 0) rare_inputs_of<op>(aside, part);
  });
}

// The values of a row with a tail: a NaN, which is not below, hides none that are.
template <activation op> struct with_tail {
  using inputs = tail<op>;

  template <size_t several> void group(const vec<float> (&x)[several], vec<float> (&v)[several]) const {
    vec<float> least = 0.0f;
    for (size_t j = 0; j < several; j++)
      least = min(least, x[j]);
    for (size_t j = 0; j < several; j++)
      v[j] = inputs::usual(x[j]);
    if (any_greater(inputs::first, least)) [[unlikely]]
      for (size_t j = 0; j < several; j++)
        v[j] = select(x[j] < inputs::first, inputs::far(x[j]), v[j]);
  }
  vec<float> operator()(vec<float> x) const {
    const vec<float> from[] = {x};
    vec<float> v[1];
    group(from, v);
    return v[0];
  }
};

// The same of products, y[i] = by[i] * factor(x[i]).
template <class inputs, bool past_cache>
[[gnu::noinline, gnu::flatten]] void usual_products(const float *by, const float *x, float *y, size_t n,
                                                    put_aside_products &aside) {
  constexpr size_t lanes = vec<float>::lanes, several = unroll;
  size_t put = 0, i = 0;
  for (; takes_several_products && i + several * lanes <= n; i += several * lanes) {
    vec<float> v[several], from[several], all = 0.0f;
    if constexpr (past_cache) {
      ask_ahead<several * lanes * sizeof *x>(x + i);
      ask_ahead<several * lanes * sizeof *x>(by + i);
    }
    for (size_t j = 0; j < several; j++) {
      from[j] = load<float>(x + i + j * lanes);
      v[j] = inputs::usual(from[j]);
      all = inputs::beyond::seen(all, from[j]);
    }
    if (inputs::beyond::any(all)) [[unlikely]] {
      const auto factor = [&](size_t j) { return load<float>(by + i + j * lanes); };
      const auto needs = [&](size_t j) { return inputs::needs(inputs::beyond::of(from[j]), from[j], factor(j)); };
      set_plain<inputs>(from, v);
      put = aside.add(by + i, factor, x + i, from, needs, i, put);
    }
    for (size_t j = 0; j < several; j++)
      v[j] = load<float>(by + i + j * lanes) * v[j];
    for (size_t j = 0; j < several; j++)
      store(y + i + j * lanes, v[j]);
  }
  for (; i < n; i += lanes) {
    const size_t count = n - i < lanes ? n - i : lanes;
    const vec<float> from[] = {load_some<float>(x + i, count)}, factor = load_some<float>(by + i, count);
    vec<float> v[] = {inputs::usual(from[0])};
    if (inputs::beyond::any(inputs::beyond::seen(0.0f, from[0]))) [[unlikely]] {
      set_plain<inputs>(from, v);
      put = aside.add(factor, from[0], inputs::needs(inputs::beyond::of(from[0]), from[0], factor), i, put);
    }
    store_some(y + i, factor * v[0], count);
  }
  aside.end_part(put);
}

// All of them; rare(by, x, y, n) is that of rare inputs.
template <class inputs, bool past_cache = false, class F>
void map_products_with_rare(const float *by, const float *x, float *y, size_t n, F rare) {
  put_aside_products aside;
  in_rare_parts<past_cache>(y, n, [&](size_t i, float *part, size_t count) {
    usual_products<inputs, past_cache>(by + i, x + i, part, count, aside);
    if (aside.count == 0) return;
    rare(aside.factors, aside.inputs, aside.factors, aside.count);
    aside.give(aside.factors, part);
  });
}

} // namespace
} // namespace nonlin
