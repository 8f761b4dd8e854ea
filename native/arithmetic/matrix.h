// A matrix in memory whose rows become columns.
#pragma once

#include "arithmetic/memory.h"

namespace {

// How many bytes further along its rows memory is asked for, which the processor does not foresee across so many rows,
// and how many it gets at a time. ns per element of relu of a transposed 2000 x 2000 Tensor, `npm run bench:forms --
// --size 2000` on Zen 4: 1.74 where nothing is asked for, 1.12 with 128 bytes, 1.10 with 256.
constexpr size_t ahead_in_rows = 256, cache_line = 64;

// Once for each line of as many rows as a register has lanes.
template <bool to_write, class T> void ask_ahead_in_rows(const T *rows, ptrdiff_t apart) {
  if (reinterpret_cast<uintptr_t>(rows) % cache_line >= VECTOR_BYTES) return;
  for (size_t k = 0; k < vec<T>::lanes; k++)
    __builtin_prefetch(rows + ptrdiff_t(k) * apart + ahead_in_rows / sizeof(T), to_write);
}

// As kernels.h says. By squares of registers; what is further apart is touched once, from one end to the other. Rows of
// a power of two to be written all lie in one set of a cache, so only as many of them at a time as it has ways. ns per
// element of softmax of 1024 rows of 256 into the transpose of an array, with all 16 rows of a square and so: 0.46 and
// 0.36 (AVX-512, Zen 5).
template <class T>
void transposed(const void *source, void *target, size_t height, size_t width, ptrdiff_t from, ptrdiff_t to) {
  constexpr size_t lanes = vec<T>::lanes, ways = 8;
  constexpr ptrdiff_t half_page = 2048;
  const T *const s = static_cast<const T *>(source);
  T *const t = static_cast<T *>(target);
  const bool in_one_set = lanes > ways && to * ptrdiff_t(sizeof(T)) % half_page == 0;
  const size_t step = in_one_set ? ways : lanes;
  const auto square = [=](size_t i, size_t j) {
    const T *const rows = s + ptrdiff_t(i) * from + ptrdiff_t(j);
    T *const columns = t + ptrdiff_t(j) * to + ptrdiff_t(i);
    vec<T> r[lanes];
    if (!in_one_set && height - i >= lanes && width - j >= lanes) [[likely]] {
      ask_ahead_in_rows<false>(rows, from);
      ask_ahead_in_rows<true>(columns, to);
      for (size_t k = 0; k < lanes; k++)
        r[k] = load<T>(rows + ptrdiff_t(k) * from);
      transpose(r);
      for (size_t k = 0; k < lanes; k++)
        store(columns + ptrdiff_t(k) * to, r[k]);
      return;
    }
    const size_t down = height - i < lanes ? height - i : lanes, across = width - j < step ? width - j : step;
    for (size_t k = 0; k < lanes; k++)
      r[k] = k < down ? load_some<T>(rows + ptrdiff_t(k) * from, across) : vec<T>(T(0));
    transpose(r);
    for (size_t k = 0; k < across; k++)
      store_some(columns + ptrdiff_t(k) * to, r[k], down);
  };
  const auto size_of = [](ptrdiff_t pitch) { return pitch < 0 ? -pitch : pitch; };
  if (size_of(from) > size_of(to)) {
    for (size_t i = 0; i < height; i += lanes)
      for (size_t j = 0; j < width; j += step)
        square(i, j);
  } else {
    for (size_t j = 0; j < width; j += step)
      for (size_t i = 0; i < height; i += lanes)
        square(i, j);
  }
}

} // namespace
