#include "run.h"

#include "machine/parallel.h"
#include "values.h"

#include <atomic>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <utility>

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
    if (g != nullptr) return run_gradients(set, op, p, how, at(g, from), at(x, from), at(y, from), end - begin);
    run_values(set, op, p, how, at(x, from), at(y, from), end - begin, stream);
    if (stream) fence();
  });
}

// A gate without a loop of its own (values.h), or one that is written past the cache, is f of a block, which stays in
// the core's own cache, times b.
namespace {

void ask_for(const void *from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64)
    __builtin_prefetch(static_cast<const char *>(from) + i);
}

// Calls work(first byte of a block, elements) for all of them.
template <class F> void for_each_block(size_t n, size_t size, unsigned threads, F work) {
  parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i += block_elements)
      work(i * size, std::min(block_elements, end - i));
  });
}

} // namespace

// Rows from which on a kernel reads and writes them where they lie; of shorter ones many are copied to one block.
constexpr size_t own_row = 256;
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
  for (size_t k = 0; k <= inputs && in_rows; k++)
    in_rows = dims[0].steps[k] == 1;
  const size_t most = in_rows ? grain_elements : tile_bytes / size;
  const strided_tiles tiles(dims, rank, first, inputs + 1, most);
  const bool stream = in_rows && rank == 1 && streams(y, dims[0].length * size, size);
  parallel_for(tiles.count(), grain_elements / most, threads, [&](size_t begin, size_t end) {
    alignas(64) char own[inputs][tile_bytes];
    for (size_t i = begin; i < end; i++) {
      const strided_tile tile = tiles.at(i);
      const void *from[inputs];
      for (size_t row = 0; in_rows && row < tile.height; row++) {
        for (size_t k = 0; k < inputs; k++)
          from[k] = at(in[k], tile.place(k, 0, row) * size);
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
  const bool stream = streams(y, n * size, size);
  if (!stream && has_gate(set, op, p, how))
    return parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
      run_gates(set, op, p, how, at(a, begin * size), at(b, begin * size), at(y, begin * size), end - begin);
    });
  for_each_block(n, size, threads, [&](size_t from, size_t count) {
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
  for_each_block(n, size, threads, [&](size_t from, size_t count) {
    block gate, slope; // All is read before anything is written.
    run_values(set, op, p, how, at(a, from), gate.bytes, count);
    run_products(set, how, at(g, from), at(b, from), slope.bytes, count);
    run_gradients(set, op, p, how, slope.bytes, at(a, from), slope.bytes, count);
    run_products(set, how, at(g, from), gate.bytes, gate.bytes, count);
    std::memcpy(at(da, from), slope.bytes, count * size);
    std::memcpy(at(db, from), gate.bytes, count * size);
  });
}

namespace {

// A block of columns is a whole number of bands of the kernels, so that each row is touched in several cache lines.
// Of one thread it is all of them, and of several there are two for each, as the first band of a block does not know
// which exponentials suited the one before: softmax of [1000, 1000] over axis 0 with entries around 60 took 1.6 times
// its best, and takes 1.1, of two threads 1.4 and 1.2.
size_t columns_at_a_time(size_t size, size_t length, size_t inner, unsigned threads) {
  const size_t band = 512 / size, bands = (inner + band - 1) / band, share = threads == 1 ? bands : bands / threads / 2;
  return std::min(inner, std::max({share, grain_elements / length / band, size_t(1)}) * band);
}

// Calls rows(first row, end) or columns(slab, first column, how many) for all of x as [outer, length, inner].
template <class Rows, class Columns>
void for_each_slice(size_t size, size_t outer, size_t length, size_t inner, unsigned threads, Rows rows,
                    Columns columns) {
  if (outer * length * inner < short_elements) { // As in run_map.
    if (inner == 1) return rows(0, outer);
    for (size_t i = 0; i < outer; i++)
      columns(i, 0, inner);
    return;
  }
  if (inner == 1) {
    parallel_for(outer, std::max<size_t>(1, grain_elements / length), threads, rows);
    return;
  }
  const size_t width = columns_at_a_time(size, length, inner, threads);
  const size_t blocks = (inner + width - 1) / width;
  const size_t grain = std::max<size_t>(1, grain_elements / length / width);
  parallel_for(outer * blocks, grain, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
      columns(i / blocks, i % blocks * width, std::min(width, inner - i % blocks * width));
  });
}

// Slices in long steps as rows, so many at a time as stay in the core's own cache; of long ones as many as make a line
// of it, which fewer would read again, but not so many that threads have none or that they are some MB. ns per element
// of softmax of 128 rows of 16000 into the transpose of an array 3.2 one at a time, 0.43 so, of contiguous ones 0.22
// (AVX-512, Zen 5).
size_t slices_at_a_time(size_t length, size_t size, size_t slices, unsigned threads) {
  constexpr size_t line = 64, most_bytes = size_t(4) << 20;
  const size_t near = grain_elements / length;
  if (near >= line / size) return near;
  const size_t of_line = std::min(line / size, most_bytes / (length * size)), share = (slices + threads - 1) / threads;
  return std::max({size_t(1), near, std::min(of_line, share)});
}

// The columns of a few elements as rows, or back: one by one, as copy_strided takes 20 ns before it begins.
template <class E>
void turn_few(const void *source, void *target, size_t outer, size_t length, size_t inner, bool back) {
  const E *s = static_cast<const E *>(source);
  E *t = static_cast<E *>(target);
  for (size_t slab = 0; slab < outer; slab++, s += length * inner, t += length * inner)
    for (size_t k = 0; k < inner; k++)
      for (size_t j = 0; j < length; j++) {
        const size_t row = k * length + j, column = j * inner + k;
        __builtin_memcpy(t + (back ? column : row), s + (back ? row : column), sizeof(E));
      }
}

// Calls compute(rows of g, rows of x, the first of all rows, how many) for the columns of x as rows, and takes what it
// leaves in the place of x as those of y, if there is a y. Where there is no memory for them, columns(slab, first
// column, how many) instead.
template <class Rows, class Columns>
void run_as_rows(const elements &e, const void *g, const void *x, void *y, size_t outer, size_t length, size_t inner,
                 unsigned threads, Rows compute, Columns columns) {
  if (const size_t bytes = outer * length * inner * e.size; bytes <= 256) {
    alignas(64) char own[2][256];
    const auto turn = e.size == sizeof(float) ? turn_few<float> : turn_few<double>;
    turn(x, own[0], outer, length, inner, false);
    if (g != nullptr) turn(g, own[1], outer, length, inner, false);
    compute(g == nullptr ? nullptr : own[1], own[0], 0, outer * inner);
    if (y != nullptr) turn(own[0], y, outer, length, inner, true);
    return;
  }
  const size_t most = slices_at_a_time(length, e.size, outer * inner, threads);
  parallel_for(outer * inner, most, threads, [&](size_t begin, size_t end) {
    // They may be all there is, beyond what a thread's stack may hold. For few elements memory of their own would take
    // longer than what is computed.
    const size_t bytes = std::min(most, end - begin) * length * e.size, both = g == nullptr ? bytes : 2 * bytes;
    alignas(64) char few[2048];
    const std::unique_ptr<char[]> many(both > sizeof few ? new (std::nothrow) char[both] : nullptr);
    char *const own = both > sizeof few ? many.get() : few;
    for (size_t i = begin, some; own == nullptr && i < end; i += some) {
      some = std::min(inner - i % inner, end - i);
      columns(i / inner, i % inner, some);
    }
    for (size_t first = begin; own != nullptr && first < end; first += most) {
      const size_t count = std::min(most, end - first);
      // Slabs that are whole, and what comes before and after them: where its rows and it begin, and its columns.
      struct part {
        size_t row, place, slabs, columns;
      } parts[3];
      size_t some = 0, slab = first / inner, column = first - slab * inner;
      for (size_t done = 0; done < count; some++) {
        const size_t left = count - done, slabs = column == 0 && left >= inner ? left / inner : 1;
        const size_t columns = left < inner - column ? left : inner - column;
        parts[some] = {done * length * e.size, (slab * length * inner + column) * e.size, slabs, columns};
        done += slabs * columns;
        slab += slabs;
        column = 0;
      }
      const ptrdiff_t row = ptrdiff_t(length), apart = ptrdiff_t(inner), apart_slabs = row * apart;
      const auto turn = [&](const void *from, char *to) {
        for (const part &p : std::span(parts, some)) {
          const strided_dimension dims[] = {
              {length, apart, 1}, {p.columns, 1, row}, {p.slabs, apart_slabs, apart_slabs}};
          copy_strided(at(from, p.place), to + p.row, dims, p.slabs > 1 ? 3 : 2, e);
        }
      };
      turn(x, own);
      if (g != nullptr) turn(g, own + bytes);
      compute(g == nullptr ? nullptr : own + bytes, own, first, count);
      for (const part &p : std::span(parts, y == nullptr ? 0 : some)) {
        const strided_dimension dims[] = {{length, 1, apart}, {p.columns, row, 1}, {p.slabs, apart_slabs, apart_slabs}};
        copy_strided(own + p.row, at(y, p.place), dims, p.slabs > 1 ? 3 : 2, e);
      }
    }
  });
}

// Whether columns are soonest done by the kernels of rows, which give the same bits (of logarithms in float lanes but
// for the last one of a double, as of one row and of many): a few, and in double lanes those of which no band can be
// kept (softmax/columns.h), but not many of so many entries that a line of them does not stay in the cache. ns per
// element with AVX-512 (AVX2) on Zen 5 as columns and as rows: softmax over 100 entries of 6 columns 0.76 and 0.56
// (0.73 and 0.70), of 8 0.58 and 0.49 (0.52 and 0.65), its logarithm over 10 of 12 2.1 and 1.4 (1.3 and 1.6), under a
// mask over 3000 of 10 1.8 and 0.85 (1.9 and 1.2); the gradient over 3000 of 64 1.28 and 0.92 (2.5 and 1.5), over
// 40000 1.45 and 2.2, of 10 2.2 and 1.5; in `exact` over 3000 of 10 1.6 and 0.67 (2.5 and 1.2), over 10000 of 100 1.06
// and 0.72 (2.0 and 1.2).
enum class asked { values, logarithms, masked, gradient };
bool are_rows_sooner(const kernels &set, asked what, arithmetic how, size_t length, size_t inner) {
  constexpr size_t few = 32, line = 64, narrowest_band = 2 * line, kept = size_t(256) << 10, near = 16384;
  const size_t bytes = inner * element_size(how);
  if (inner < 2) return false;
  if (what == asked::logarithms) return bytes < std::max(few, set.register_bytes);
  if (what == asked::masked) return bytes < line;
  if (bytes < few && (what == asked::values || inner < 4)) return true;
  if (what == asked::values && how == float32) return false;
  const size_t band = std::min(narrowest_band, (inner * sizeof(double) + line - 1) / line * line);
  const bool is_narrow = inner * sizeof(float) < line, is_near = length <= near && how != float64;
  return length * band > kept && (is_narrow || is_near);
}
asked asked_of(slice what, const void *g) {
  return g != nullptr ? asked::gradient : what == log_softmax_slice ? asked::logarithms : asked::values;
}

// What a mask says of `count` columns, as rows from the one of number `first` on.
template <class M>
void put_side_by_side(const M *mask, void *rows, size_t first, size_t count, size_t length, const conditions &c) {
  M *const to = static_cast<M *>(rows) + first * length;
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < length; j++)
      to[i * length + j] = mask[i * c.beside + j * c.along];
}

} // namespace

void run_slices(const kernels &set, slice what, arithmetic how, const void *g, const void *x, void *y, size_t outer,
                size_t length, size_t inner, unsigned threads) {
  // Slices of one entry are rows or columns, as is quicker: ns per element of a million as rows and as columns softmax
  // 0.2 and 0.9, its gradient 5.1 and 2.0, logSoftmax 6.9 and 2.2 (Xeon).
  if (length == 1) {
    const bool as_rows = g == nullptr && what == softmax_slice;
    inner *= outer;
    outer = 1;
    if (as_rows) std::swap(outer, inner);
  }
  const size_t size = element_size(how);
  const slice_kernels &loops = set.slices[what];
  const auto columns = [&](size_t slab, size_t column, size_t count) {
    const size_t from = (slab * length * inner + column) * size;
    if (g == nullptr)
      loops.columns[how](at(x, from), at(y, from), length, inner, count);
    else
      loops.columns_grad[how](at(g, from), at(x, from), at(y, from), length, inner, count);
  };
  if (are_rows_sooner(set, asked_of(what, g), how, length, inner)) {
    const auto rows = [&](const void *g, void *x, size_t, size_t count) {
      if (g == nullptr)
        loops.rows[how](x, x, count, length, false);
      else
        loops.rows_grad[how](g, x, x, count, length);
    };
    return run_as_rows(elements_of(set, how), g, x, y, outer, length, inner, threads, rows, columns);
  }
  const bool stream = streams(y, outer * length * size, size);
  const auto rows = [&](size_t begin, size_t end) {
    const size_t from = begin * length * size;
    if (g == nullptr)
      loops.rows[how](at(x, from), at(y, from), end - begin, length, stream);
    else
      loops.rows_grad[how](at(g, from), at(x, from), at(y, from), end - begin, length);
  };
  for_each_slice(size, outer, length, inner, threads, rows, columns);
}

bool run_slices_strided(const kernels &set, slice what, arithmetic how, const void *g, const void *x, void *y,
                        const strided_tiles::dimension *dims, size_t rank, const ptrdiff_t *first, unsigned threads) {
  const elements e = elements_of(set, how);
  const size_t size = e.size, inputs = g == nullptr ? 1 : 2, length = dims[0].length;
  const void *in[] = {g == nullptr ? x : g, x};
  const slice_kernels &loops = set.slices[what];
  const auto compute = [&](const void *const *from, void *to, size_t count) {
    if (g == nullptr)
      loops.rows[how](from[0], to, count, length, false);
    else
      loops.rows_grad[how](from[0], from[1], to, count, length);
  };
  // Slices that are rows, or columns in rows as far apart, in all arrays.
  const ptrdiff_t apart = dims[0].steps[0];
  bool in_rows = length >= own_row;
  bool in_columns = apart > 1 && rank > 1 && !are_rows_sooner(set, asked_of(what, g), how, length, dims[1].length);
  for (size_t k = 0; k <= inputs; k++) {
    in_rows &= dims[0].steps[k] == 1;
    in_columns = in_columns && dims[0].steps[k] == apart && dims[1].steps[k] == 1;
  }
  // Calls use(inputs, y) of the slice at a place of a tile, where it lies.
  const auto where_it_lies = [&](const strided_tile &tile, size_t across, size_t down, auto use) {
    const void *from[2];
    for (size_t k = 0; k < inputs; k++)
      from[k] = at(in[k], tile.place(k, across, down) * size);
    use(from, at(y, tile.place(inputs, across, down) * size));
  };
  const auto rows = [&](const strided_tile &tile) {
    for (size_t down = 0; down < tile.height; down++)
      for (size_t across = 0; across < tile.width; across++)
        where_it_lies(tile, across, down, [&](const void *const *from, void *to) { compute(from, to, 1); });
  };
  const auto columns = [&](const strided_tile &tile) {
    where_it_lies(tile, 0, 0, [&](const void *const *from, void *to) {
      if (g == nullptr)
        loops.columns[how](from[0], to, length, size_t(apart), tile.width);
      else
        loops.columns_grad[how](from[0], from[1], to, length, size_t(apart), tile.width);
    });
  };
  // Tiles of slices, whose first elements they name; of columns one row high.
  size_t slices = 1;
  for (size_t d = 1; d < rank; d++)
    slices *= dims[d].length;
  const size_t most = in_columns ? columns_at_a_time(size, length, dims[1].length, threads)
                                 : slices_at_a_time(length, size, slices, threads);
  const strided_tiles tiles(dims + 1, rank - 1, first, inputs + 1, most);
  // By blocks of rows, of what is none already.
  const size_t bytes = tiles.largest() * length * size;
  const auto blocks = [&](const strided_tile &tile, char *own) {
    const void *from[2];
    for (size_t k = 0; k < inputs; k++) {
      char *const block = own + k * bytes;
      const bool is_packed = tile.is_packed_by_slices(k, length, dims[0].steps[k]);
      from[k] = is_packed ? at(in[k], tile.place(k) * size) : block;
      if (!is_packed) tile.gather_slices(k, in[k], block, length, dims[0].steps[k], e);
    }
    const bool is_packed = tile.is_packed_by_slices(inputs, length, dims[0].steps[inputs]);
    compute(from, is_packed ? at(y, tile.place(inputs) * size) : own, tile.width * tile.height);
    if (!is_packed) tile.scatter_slices(inputs, own, y, length, dims[0].steps[inputs], e);
  };
  // Beyond what a thread's stack may hold; asked before anything is written, too.
  const bool in_blocks = !in_rows && !in_columns;
  const auto memory = [&] {
    return std::unique_ptr<char[]>(in_blocks ? new (std::nothrow) char[bytes * inputs] : nullptr);
  };
  if (in_blocks && memory() == nullptr) return false;
  std::atomic<bool> failed = false;
  parallel_for(tiles.count(), std::max<size_t>(1, grain_elements / length / most), threads,
               [&](size_t begin, size_t end) {
                 const std::unique_ptr<char[]> own = memory();
                 if (in_blocks && own == nullptr) failed = true;
                 for (size_t i = begin; i < end && !failed; i++) {
                   const strided_tile tile = tiles.at(i);
                   if (in_rows)
                     rows(tile);
                   else if (in_columns)
                     columns(tile);
                   else
                     blocks(tile, own.get());
                 }
               });
  return !failed;
}

bool run_conditioned(const kernels &set, slice what, arithmetic how, const conditions &c, const outer_steps &steps,
                     const void *g, const void *x, void *y, size_t outer, size_t length, size_t inner,
                     unsigned threads) {
  const size_t size = element_size(how), mask_size = c.additive ? size : 1;
  const conditioned_kernels &loops = *set.conditioned[what];
  const auto mask_of = [&](size_t slice, size_t column) {
    conditions here = c;
    size_t first = column * c.beside;
    for (size_t i = 0; i < steps.count; slice /= steps.sizes[i], i++)
      first += slice % steps.sizes[i] * steps.strides[i];
    here.mask = at(c.mask, first * mask_size);
    return here;
  };
  const auto columns = [&](size_t slab, size_t column, size_t count) {
    const size_t from = (slab * length * inner + column) * size;
    loops.columns[how](at(x, from), at(y, from), length, inner, count, mask_of(slab, column));
  };
  // Of what is added each row decides how it is done, and of a temperature in float lanes as well; columns are to have
  // the same bits. Those that only a mask leaves out are done where they lie, unless they are few. ns per element of
  // gradients at a temperature, of [1000, 10, 2] and [20, 10, 100], as columns 23 and 4.6, as rows 3.8 and 3.0 (Zen 5).
  const bool cold = c.temperature * c.temperature == 1;
  if (inner > 1 && (g != nullptr || c.additive || !cold || are_rows_sooner(set, asked::masked, how, length, inner))) {
    const auto rows = [&](const void *grads, void *x, size_t first, size_t count) {
      const auto compute = [&](size_t i, size_t some, const conditions &here) {
        void *const own = at(x, i * length * size);
        loops.rows[how](grads == nullptr ? nullptr : at(grads, i * length * size), own, own, some, length, here);
      };
      if (c.mask == nullptr) return compute(0, count, c);
      // The mask side by side as well, for one call.
      alignas(double) char few[256];
      const size_t bytes = count * length * mask_size;
      const std::unique_ptr<char[]> many(bytes > sizeof few ? new (std::nothrow) char[bytes] : nullptr);
      char *const marks = bytes > sizeof few ? many.get() : few;
      for (size_t i = 0, some; i < count; i += some) {
        const size_t column = (first + i) % inner;
        some = std::min(inner - column, count - i);
        const conditions here = mask_of((first + i) / inner, column);
        if (marks == nullptr)
          compute(i, some, here);
        else if (c.additive && size == sizeof(double))
          put_side_by_side(static_cast<const double *>(here.mask), marks, i, some, length, c);
        else if (c.additive)
          put_side_by_side(static_cast<const float *>(here.mask), marks, i, some, length, c);
        else
          put_side_by_side(static_cast<const uint8_t *>(here.mask), marks, i, some, length, c);
      }
      if (marks != nullptr) compute(0, count, {c.temperature, marks, c.additive, c.zero, 1, length});
    };
    // Asked before anything is written, too: they may be all there is.
    constexpr size_t little = size_t(1) << 16;
    const size_t most = slices_at_a_time(length, size, outer * inner, threads);
    const size_t bytes = std::min(outer * inner, most) * length * size;
    if (bytes > little && !std::unique_ptr<char[]>(new (std::nothrow) char[g == nullptr ? bytes : 2 * bytes]))
      return false;
    std::atomic<bool> failed = false;
    run_as_rows(elements_of(set, how), g, x, y, outer, length, inner, threads, rows, [&](auto...) { failed = true; });
    return !failed;
  }
  const auto rows = [&](size_t begin, size_t end) {
    // As many rows at a time as lie evenly in the mask.
    const size_t even = steps.count > 0 ? steps.sizes[0] : outer;
    for (size_t count; begin < end; begin += count) {
      count = std::min(end - begin, even - begin % even);
      const size_t from = begin * length * size;
      conditions here = mask_of(begin, 0);
      here.beside = steps.count > 0 ? steps.strides[0] : 0;
      loops.rows[how](at(g, from), at(x, from), at(y, from), count, length, here);
    }
  };
  for_each_slice(size, outer, length, inner, threads, rows, columns);
  return true;
}

void run_log_parts(const kernels &set, arithmetic how, const void *x, double *maxima, double *logs, size_t outer,
                   size_t length, size_t inner, unsigned threads) {
  const size_t size = element_size(how);
  const auto rows = [&](const void *x, size_t first, size_t count) {
    set.log_parts_rows[how](x, maxima + first, logs + first, count, length);
  };
  const auto columns = [&](size_t slab, size_t column, size_t count) {
    const size_t first = slab * inner + column;
    set.log_parts_columns[how](at(x, (slab * length * inner + column) * size), maxima + first, logs + first, length,
                               inner, count);
  };
  if (are_rows_sooner(set, asked::logarithms, how, length, inner))
    return run_as_rows(
        elements_of(set, how), nullptr, x, nullptr, outer, length, inner, threads,
        [&](const void *, const void *x, size_t first, size_t count) { rows(x, first, count); }, columns);
  for_each_slice(
      size, outer, length, inner, threads,
      [&](size_t begin, size_t end) { rows(at(x, begin * length * size), begin, end - begin); }, columns);
}

} // namespace nonlin
