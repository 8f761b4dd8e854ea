// Activations, their gradients, sums and gates, element by element.
#include "run/run.h"

#include "machine/parallel.h"
#include "run/values.h"

#include <cstring>

namespace nonlin {

void run_map(const kernels &set, activation op, parameters p, arithmetic how, const void *g, const void *x, void *y,
             size_t n, unsigned threads) {
  // What follows would be a tenth of a short call: 16 elements of tanh take 111 ns by it, and 95 without
  // (`npm run bench -- --function tanh --size 16`, a Xeon with AVX-512).
  if (n < short_elements)
    return g != nullptr ? run_gradients(set, op, p, how, g, x, y, n) : run_values(set, op, p, how, x, y, n);
  const size_t size = element_size(how);
  const bool stream = streams(y, n * size / rows[op].past_cache_from, size);
  // A row of a few instructions is done before a helper has begun.
  if (rows[op].one_rounding && n < parallel_short_elements) threads = 1;
  parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
    const size_t from = begin * size;
    if (g != nullptr)
      run_gradients(set, op, p, how, at(g, from), at(x, from), at(y, from), end - begin, stream);
    else
      run_values(set, op, p, how, at(x, from), at(y, from), end - begin, stream);
    if (stream) fence();
  });
}

// A gate without a loop of its own (run/values.h) is f of a block, which stays in the core's own cache, times b.
namespace {

void ask_for(const void *from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64)
    __builtin_prefetch(static_cast<const char *>(from) + i);
}

// Calls work(first byte of a block, elements) for all of them. To be written past the cache from y on they end with its
// lines, as one that is written in both ways waits for memory: ns per element of swiglu in `exact` 0.87, and 0.69 so
// (`npm run bench -- --size 8388608 --function swiglu --precision exact`, Zen 5).
template <class F> void for_each_block(const void *y, bool stream, size_t n, size_t size, unsigned threads, F work) {
  const size_t past = stream ? reinterpret_cast<uintptr_t>(y) % 64 / size : 0;
  parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin, count; i < end; i += count) {
      count = std::min(block_elements - (i == begin ? past : 0), end - i);
      work(i * size, count);
    }
    if (stream) fence();
  });
}

} // namespace

// What is gathered at a time: of 4 bytes 64 rows of 64, no more than a grain. ns per element as in machine/strided.cpp:
// with 8 kB 1.46, with 16 1.06.
constexpr size_t tile_bytes = 16384;

namespace {

// Calls compute(inputs, y, elements, whether past the cache) for arrays that lie in steps, the inputs and then y, where
// they lie or in blocks that the elements are copied to.
template <size_t inputs, class F>
void for_each_tile(const void *const (&in)[inputs], void *y, const elements &e, const strided_tiles::dimension *dims,
                   size_t rank, const ptrdiff_t *first, unsigned threads, F compute) {
  const size_t size = e.size;
  bool in_rows = rank > 0 && dims[0].length >= own_row;
  // A number beside arrays is copied once for each piece of work, to as many places as a tile has.
  bool is_number[inputs] = {}, has_number = false;
  for (size_t k = 0; k < inputs && in_rows; k++) {
    is_number[k] = rank == 1 && dims[0].steps[k] == 0;
    has_number = has_number || is_number[k];
    in_rows = is_number[k] || dims[0].steps[k] == 1;
  }
  in_rows = in_rows && dims[0].steps[inputs] == 1;
  const size_t most = in_rows && !has_number ? grain_elements : tile_bytes / size;
  const strided_tiles tiles(dims, rank, first, inputs + 1, most);
  const bool stream = in_rows && rank == 1 && streams(y, dims[0].length * size, size);
  parallel_for(tiles.count(), grain_elements / most, threads, [&](size_t begin, size_t end) {
    alignas(64) char own[inputs][tile_bytes];
    for (size_t k = 0; k < inputs && in_rows; k++)
      if (is_number[k]) tiles.at(begin).gather(k, in[k], own[k], e);
    for (size_t i = begin; i < end; i++) {
      const strided_tile tile = tiles.at(i);
      const void *from[inputs];
      for (size_t row = 0; in_rows && row < tile.height; row++) {
        for (size_t k = 0; k < inputs; k++)
          from[k] = is_number[k] ? own[k] : at(in[k], tile.place(k, 0, row) * size);
        compute(from, at(y, tile.place(inputs, 0, row) * size), tile.width, stream);
      }
      if (in_rows) continue;
      for (size_t k = 0; k < inputs; k++) {
        if (tile.is_packed(k)) {
          from[k] = at(in[k], tile.place(k) * size);
        } else {
          tile.gather(k, in[k], own[k], e);
          from[k] = own[k];
        }
      }
      const bool is_packed = tile.is_packed(inputs);
      compute(from, is_packed ? at(y, tile.place(inputs) * size) : own[0], tile.width * tile.height, false);
      if (!is_packed) tile.scatter(inputs, own[0], y, e);
    }
    if (stream) fence();
  });
}

} // namespace

void run_map_strided(const kernels &set, activation op, parameters p, arithmetic how, const void *g, const void *x,
                     const void *by, void *y, const strided_tiles::dimension *dims, size_t rank, const ptrdiff_t *first,
                     unsigned threads) {
  const elements e = elements_of(set, how);
  if (g == nullptr && by == nullptr)
    return for_each_tile({x}, y, e, dims, rank, first, threads, [&](const void *const *from, void *to, size_t n, bool) {
      run_values(set, op, p, how, from[0], to, n);
    });
  const void *const in[] = {g == nullptr ? x : g, g == nullptr ? by : x};
  for_each_tile(in, y, e, dims, rank, first, threads, [&](const void *const *from, void *to, size_t n, bool) {
    if (g != nullptr) return run_gradients(set, op, p, how, from[0], from[1], to, n);
    run_gates(set, op, p, how, from[0], from[1], to, n);
  });
}

void run_combine_strided(const kernels &set, operation what, arithmetic how, const void *a, const void *b, void *y,
                         const strided_tiles::dimension *dims, size_t rank, const ptrdiff_t *first, unsigned threads) {
  size_t n = 1;
  for (size_t d = 0; d < rank; d++)
    n *= dims[d].length;
  if (n < parallel_short_elements) threads = 1; // As in run_map.
  for_each_tile({a, b}, y, elements_of(set, how), dims, rank, first, threads,
                [&](const void *const *from, void *to, size_t n, bool stream) {
                  set.combine[what][how](from[0], from[1], to, n, stream);
                });
}

void run_gate(const kernels &set, activation op, parameters p, arithmetic how, const void *a, const void *b, void *y,
              size_t n, unsigned threads) {
  const size_t size = element_size(how);
  // Where it is read, a place is in the cache.
  const bool stream = y != a && y != b && streams(y, n * size, size);
  if (has_gate(set, op, p, how))
    return parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
      run_gates(set, op, p, how, at(a, begin * size), at(b, begin * size), at(y, begin * size), end - begin, stream);
      if (stream) fence();
    });
  for_each_block(y, stream, n, size, threads, [&](size_t from, size_t count) {
    // Where that is none of the inputs, and stays in the cache, in the place of the result: so a block of that is
    // fetched while f is computed. ns per element of swiglu by a block of its own and so, `npm run bench -- --turns
    // --size 262144 --function swiglu` on a Xeon: 0.44 and 0.37 in a run by itself.
    block gate;
    void *const values = stream || y == a || y == b ? gate.bytes : at(y, from);
    // What is past the caches comes while f is computed, of a for the next block: 1.27 and 1.0 ns with --size 67108864.
    if (stream) {
      ask_for(at(b, from), count * size);
      const size_t next = from + count * size;
      ask_for(at(a, next), std::min(block_elements * size, n * size - next));
    }
    run_values(set, op, p, how, at(a, from), values, count);
    run_products(set, how, values, at(b, from), at(y, from), count, stream);
  });
}

void run_gate_gradient(const kernels &set, activation op, parameters p, arithmetic how, const void *g, const void *a,
                       const void *b, void *da, void *db, size_t n, unsigned threads) {
  const size_t size = element_size(how);
  const auto is_input = [=](const void *y) { return y == g || y == a || y == b; };
  const bool stream = !is_input(da) && !is_input(db) && streams(da, n * size, size) && streams(db, n * size, size);
  for_each_block(da, stream, n, size, threads, [&](size_t from, size_t count) {
    block gate, slope; // All is read before anything is written.
    // As for a gate, one input after another: ns per element of swiglu's 1.57 without, 1.19 where all are asked for at
    // once, and so 0.96, with --size 16777216 --function swigluGrad on a Zen 5.
    const size_t next = from + count * size, bytes = stream ? std::min(block_elements * size, n * size - next) : 0;
    ask_for(at(a, next), bytes);
    run_values(set, op, p, how, at(a, from), gate.bytes, count);
    ask_for(at(b, next), bytes);
    run_products(set, how, at(g, from), at(b, from), slope.bytes, count);
    run_gradients(set, op, p, how, slope.bytes, at(a, from), slope.bytes, count);
    ask_for(at(g, next), bytes);
    run_products(set, how, at(g, from), gate.bytes, gate.bytes, count);
    const auto put = [=](const block &results, void *to) {
      if (stream) return copy_past_cache(results.bytes, at(to, from), count * size, size);
      std::memcpy(at(to, from), results.bytes, count * size);
    };
    put(slope, da);
    put(gate, db);
  });
}

} // namespace nonlin
