// Softmax and what rests on it, over slices: by rows, by columns, or by columns as rows.
#include "run/run.h"

#include "machine/parallel.h"
#include "run/as_rows.h"
#include "run/values.h"

#include <utility>

namespace nonlin {

namespace {

// A block of columns is a whole number of bands of the kernels, so that each row is touched in several cache lines.
// Of one thread it is all of them, and of several there are two for each, as the first band of a block does not know
// which exponentials suited the one before: softmax of [1000, 1000] over axis 0 with entries around 60 took 1.6 times
// its best, and takes 1.1, of two threads 1.4 and 1.2.
size_t columns_at_a_time(size_t size, size_t length, size_t inner, unsigned threads) {
  const size_t band = 512 / size, bands = (inner + band - 1) / band, share = threads == 1 ? bands : bands / threads / 2;
  return std::min(inner, std::max({share, grain_elements / length / band, size_t(1)}) * band);
}

// Calls rows(first row, end) or columns(slab, how many, first column, how many) for all of x as [outer, length, inner].
template <class Rows, class Columns>
void for_each_slice(size_t size, size_t outer, size_t length, size_t inner, unsigned threads, Rows rows,
                    Columns columns) {
  if (outer * length * inner < short_elements) { // As in run_map.
    if (inner == 1) return rows(0, outer);
    return columns(0, outer, 0, inner);
  }
  if (inner == 1) {
    parallel_for(outer, std::max<size_t>(1, grain_elements / length), threads, rows);
    return;
  }
  const size_t width = columns_at_a_time(size, length, inner, threads);
  const size_t blocks = (inner + width - 1) / width;
  const size_t grain = std::max<size_t>(1, grain_elements / length / width);
  parallel_for(outer * blocks, grain, threads, [&](size_t begin, size_t end) {
    if (blocks == 1) return columns(begin, end - begin, 0, inner);
    for (size_t i = begin; i < end; i++)
      columns(i / blocks, 1, i % blocks * width, std::min(width, inner - i % blocks * width));
  });
}

// The kernels of one function over slices, or where there is a g, of its gradient.
struct slice_loops {
  const slice_kernels &of;
  arithmetic how;
  size_t length;

  void rows(const void *g, const void *x, void *y, size_t count, bool stream = false) const {
    if (g == nullptr)
      of.rows[how](x, y, count, length, stream);
    else
      of.rows_grad[how](g, x, y, count, length);
  }
  // Of rows so far apart.
  void columns(const void *g, const void *x, void *y, size_t slabs, size_t apart, size_t count) const {
    if (g == nullptr)
      of.columns[how](x, y, slabs, length, apart, count);
    else
      of.columns_grad[how](g, x, y, slabs, length, apart, count);
  }
};

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
  const slice_loops loops = {set.slices[what], how, length};
  const auto columns = [&](size_t slab, size_t slabs, size_t column, size_t count) {
    const size_t from = (slab * length * inner + column) * size;
    loops.columns(at(g, from), at(x, from), at(y, from), slabs, inner, count);
  };
  if (are_rows_sooner(set, asked_of(what, g), how, length, inner))
    return run_as_rows(
        elements_of(set, how), g, x, y, outer, length, inner, threads,
        [&](const void *g, void *x, size_t, size_t count) { loops.rows(g, x, x, count); }, columns);
  const bool stream = streams(y, outer * length * size, size);
  const auto rows = [&](size_t begin, size_t end) {
    const size_t from = begin * length * size;
    loops.rows(at(g, from), at(x, from), at(y, from), end - begin, stream);
  };
  for_each_slice(size, outer, length, inner, threads, rows, columns);
}

bool run_slices_strided(const kernels &set, slice what, arithmetic how, const void *g, const void *x, void *y,
                        const strided_tiles::dimension *dims, size_t rank, const ptrdiff_t *first, unsigned threads) {
  const elements e = elements_of(set, how);
  const size_t size = e.size, inputs = g == nullptr ? 1 : 2, length = dims[0].length;
  const void *in[] = {g == nullptr ? x : g, x};
  const slice_loops loops = {set.slices[what], how, length};
  // Of the inputs, x is the last.
  const auto compute = [&](const void *const *from, void *to, size_t count) {
    loops.rows(g == nullptr ? nullptr : from[0], from[inputs - 1], to, count);
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
      loops.columns(g == nullptr ? nullptr : from[0], from[inputs - 1], to, 1, size_t(apart), tile.width);
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
  spare_memory memory(in_blocks ? bytes * inputs : 0);
  if (!memory.is_there()) return false;
  parallel_for(tiles.count(), std::max<size_t>(1, grain_elements / length / most), threads,
               [&](size_t begin, size_t end) {
                 const auto for_each_tile = [&](auto work) {
                   for (size_t i = begin; i < end; i++)
                     work(tiles.at(i));
                 };
                 if (in_rows)
                   for_each_tile(rows);
                 else if (in_columns)
                   for_each_tile(columns);
                 else
                   memory.use([&](char *own) { for_each_tile([&](const strided_tile &tile) { blocks(tile, own); }); });
               });
  return true;
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
  const auto columns = [&](size_t slab, size_t slabs, size_t column, size_t count) {
    for (; slabs > 0; slab++, slabs--) {
      const size_t from = (slab * length * inner + column) * size;
      loops.columns[how](at(x, from), at(y, from), length, inner, count, mask_of(slab, column));
    }
  };
  // Of what is added each row decides how it is done, and of a temperature in float lanes as well; columns are to have
  // the same bits. Those that only a mask leaves out are done where they lie, unless they are few. ns per element of
  // gradients at a temperature, of [1000, 10, 2] and [20, 10, 100], as columns 23 and 4.6, as rows 3.8 and 3.0 (Zen 5).
  const bool cold = c.temperature * c.temperature == 1;
  const asked under = c.leave_whole(inner) ? asked::marked : asked::masked;
  if (inner > 1 && (g != nullptr || c.additive || !cold || are_rows_sooner(set, under, how, length, inner))) {
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
    const size_t most = slices_at_a_time(length, size, outer * inner, threads);
    const size_t bytes = std::min(outer * inner, most) * length * size;
    const size_t both = g == nullptr ? bytes : 2 * bytes;
    spare_memory spare(both > as_few_rows ? both : 0);
    if (!spare.is_there()) return false;
    run_as_rows(
        elements_of(set, how), g, x, y, outer, length, inner, threads, rows, [](auto...) {}, &spare);
    return true;
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
  const auto columns = [&](size_t slab, size_t slabs, size_t column, size_t count) {
    const size_t first = slab * inner + column;
    set.log_parts_columns[how](at(x, (slab * length * inner + column) * size), maxima + first, logs + first, slabs,
                               length, inner, count);
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
