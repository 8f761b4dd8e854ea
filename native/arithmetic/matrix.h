// A matrix in memory whose rows become columns.
#pragma once

#include "arithmetic/memory.h"

namespace {

// Memory is asked for that far ahead: of long rows so many bytes along them, which the processor does not foresee
// across so many, and of short ones so many rows. ns per element of relu of a transposed 2000 x 2000 Tensor, `npm run
// bench:forms -- --size 2000` on Zen 4: 1.74 where nothing is asked for, 1.12 with 128 bytes, 1.10 with 256.
constexpr ptrdiff_t bytes_ahead = 256, rows_ahead = 32;
template <class T> ptrdiff_t ahead_of(ptrdiff_t pitch) {
  constexpr ptrdiff_t along = bytes_ahead / ptrdiff_t(sizeof(T));
  return -2 * along < pitch && pitch < 2 * along ? rows_ahead * pitch : along;
}

// What lies so many elements ahead of so many rows.
template <bool to_write, class T> void ask_for_rows(const T *rows, ptrdiff_t pitch, size_t count, ptrdiff_t ahead) {
  for (size_t k = 0; k < count; k++)
    __builtin_prefetch(rows + ptrdiff_t(k) * pitch + ahead, to_write);
}

// As machine/strided.h says. By squares of registers; what is further apart is touched once, from one end to the other.
// Rows of a power of two to be written all lie in one set of a cache, so only as many of them at a time as it has ways.
// ns per element of softmax of 1024 rows of 256 into the transpose of an array, with all 16 rows of a square and so:
// 0.46 and 0.36 (AVX-512, Zen 5).
template <class T>
void transposed(const void *source, void *target, size_t height, size_t width, ptrdiff_t from, ptrdiff_t to) {
  constexpr size_t lanes = vec<T>::lanes, ways = 8;
  constexpr ptrdiff_t half_page = 2048;
  const T *const s = static_cast<const T *>(source);
  T *const t = static_cast<T *>(target);
  const bool in_one_set = lanes > ways && to * ptrdiff_t(sizeof(T)) % half_page == 0;
  const size_t step = in_one_set ? ways : lanes;
  const ptrdiff_t ahead_to_read = ahead_of<T>(from), ahead_to_write = ahead_of<T>(to);
  const auto square = [=](size_t i, size_t j) {
    const T *const rows = s + ptrdiff_t(i) * from + ptrdiff_t(j);
    T *const columns = t + ptrdiff_t(j) * to + ptrdiff_t(i);
    vec<T> r[lanes];
    ask_for_rows<false>(rows, from, lanes, ahead_to_read);
    ask_for_rows<true>(columns, to, step, ahead_to_write);
    if (!in_one_set && height - i >= lanes && width - j >= lanes) [[likely]] {
      for (size_t k = 0; k < lanes; k++)
        r[k] = load<T>(rows + ptrdiff_t(k) * from);
      transpose(r);
      for (size_t k = 0; k < lanes; k++)
        store(columns + ptrdiff_t(k) * to, r[k]);
      return;
    }
    const size_t high = height - i < lanes ? height - i : lanes, across = width - j < step ? width - j : step;
    // Beyond the last row that one again, as a branch for each would take longer.
    for (size_t k = 0; k < lanes; k++)
      r[k] = load<T>(rows + ptrdiff_t(k < high ? k : high - 1) * from, across);
    transpose(r);
    for (size_t k = 0; k < lanes && k < across; k++)
      store(columns + ptrdiff_t(k) * to, r[k], high);
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
