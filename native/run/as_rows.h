// Columns as rows: whether that is quicker, and how they become such.
#pragma once

#include "machine/parallel.h"
#include "run/spare_memory.h"
#include "run/work.h"

#include <memory>
#include <new>
#include <span>

namespace nonlin {

// Slices in long steps as rows, so many at a time as stay in the core's own cache, and as many as a tile of a copy has
// rows (machine/strided.h); of long ones as many as make a line of it, which fewer would read again, but not so many
// that threads have none or that they are some MB. ns per element of softmax of 128 rows of 16000 into the transpose of
// an array 3.2 one at a time, 0.43 so, of contiguous ones 0.22; of 1024 rows of 1024 by 16, 32 and 48 at a time 0.85,
// 0.60 and 0.60, of 512 rows of 2048 by 16 and 32 0.6 and up to 0.95 (AVX-512, Zen 5).
inline size_t slices_at_a_time(size_t length, size_t size, size_t slices, unsigned threads) {
  constexpr size_t line = 64, own_cache = size_t(192) << 10, most_bytes = size_t(4) << 20;
  const size_t bytes = length * size, share = (slices + threads - 1) / threads, few = grain_elements / length;
  const size_t lines = std::min({copied_tile, own_cache / bytes, share}) / (line / size);
  if (const size_t near = std::max(few, lines * (line / size)); near >= line / size) return near;
  const size_t of_line = std::min(line / size, most_bytes / bytes);
  return std::max({size_t(1), few, std::min(of_line, share)});
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

// So many bytes of them need no memory.
constexpr size_t as_few_rows = 2048;

// Calls compute(rows of g, rows of x, the first of all rows, how many) for the columns of x as rows, and takes what it
// leaves in the place of x as those of y, if there is a y. Where there is no memory for them, nor a spare one,
// columns(slab, 1, first column, how many) instead.
template <class Rows, class Columns>
void run_as_rows(const elements &e, const void *g, const void *x, void *y, size_t outer, size_t length, size_t inner,
                 unsigned threads, Rows compute, Columns columns, spare_memory *spare = nullptr) {
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
    const auto work = [&](char *own) {
      for (size_t first = begin; first < end; first += most) {
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
          const strided_dimension dims[] = {
              {length, 1, apart}, {p.columns, row, 1}, {p.slabs, apart_slabs, apart_slabs}};
          copy_strided(own + p.row, at(y, p.place), dims, p.slabs > 1 ? 3 : 2, e);
        }
      }
    };
    alignas(64) char few[as_few_rows];
    if (both <= sizeof few) return work(few);
    if (spare != nullptr) return spare->use(work);
    if (const std::unique_ptr<char[]> own(new (std::nothrow) char[both]); own != nullptr) return work(own.get());
    for (size_t i = begin, some; i < end; i += some) {
      some = std::min(inner - i % inner, end - i);
      columns(i / inner, 1, i % inner, some);
    }
  });
}

// Whether columns are soonest done by the kernels of rows, which give the same bits (of logarithms in float lanes but
// for the last one of a double, as of one row and of many). ns per element as columns and as rows, with AVX-512 (AVX2)
// on Zen 5:
// - Of matrices that can be kept (softmax/matrices.h) a few columns of few entries: softmax over 10 of 2 3.8 and 1.1
//   (2.5 and 1.3), of 6 0.81 and 0.94 (0.78 and 1.1), over 100 of 3 0.72 and 0.89 (0.70 and 1.0); under a mask that
//   lies as x does over 10 of 5 2.0 and 1.6 (2.0 and 1.8), over 100 0.61 and 1.06 (0.73 and 1.24); the gradient over 10
//   of 3 3.0 and 2.2 (2.9 and 2.9), over 1000 1.3 and 1.5 (1.5 and 2.0); logSoftmax over 30 of 8 0.79 and 0.69 (0.78
//   and 0.73), over 1000 0.33 and 0.37 (0.44 and 0.41).
// - Of others in float lanes none: softmax over 100000 of 5 0.42 and 0.55 (0.67 and 0.81).
// - In double lanes a few, and those of which no band can be kept (softmax/columns.h), but not many of so many entries
//   that a line of them does not stay in the cache: logSoftmax over 10 of 12 2.1 and 1.4 (1.3 and 1.6); the gradient
//   over 3000 of 64 1.28 and 0.92 (2.5 and 1.5), over 40000 1.45 and 2.2, of 10 2.2 and 1.5; in `exact` over 10000 of
//   100 1.06 and 0.72 (2.0 and 1.2).
enum class asked { values, logarithms, marked, masked, gradient };
inline bool are_rows_sooner(const kernels &set, asked what, arithmetic how, size_t length, size_t inner) {
  constexpr size_t few = 32, line = 64, narrowest_band = 2 * line, kept = size_t(256) << 10, near = 16384,
                   widest = 8192;
  const size_t bytes = inner * element_size(how);
  const size_t lane = how == float32 ? sizeof(float) : sizeof(double), lanes = set.register_bytes / lane;
  const size_t weight = inner * inner * length;
  const bool is_whole = inner * lane <= widest && length * inner * lane <= kept;
  if (inner < 2) return false;
  switch (what) {
  case asked::logarithms:
    if (is_whole && how == float32 && weight >= 300 * lanes) return false;
    return bytes < std::max(few, set.register_bytes);
  case asked::masked:
    return bytes < line;
  case asked::marked:
    return is_whole ? weight < 28 * lanes : bytes < line;
  case asked::values:
    if (is_whole) return inner < std::min(lanes, size_t(6)) && weight < 28 * lanes;
    if (how == float32) return false;
    if (bytes < few) return true;
    break;
  case asked::gradient:
    if (inner < 3 || (inner == 3 && !(is_whole && length >= 25 * lanes))) return true;
    break;
  }
  const size_t band = std::min(narrowest_band, (inner * sizeof(double) + line - 1) / line * line);
  const bool is_narrow = inner * sizeof(float) < line, is_near = length <= near && how != float64;
  return length * band > kept && (is_narrow || is_near);
}
inline asked asked_of(slice what, const void *g) {
  return g != nullptr ? asked::gradient : what == log_softmax_slice ? asked::logarithms : asked::values;
}

} // namespace nonlin
