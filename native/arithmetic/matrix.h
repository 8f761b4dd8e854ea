// A matrix whose rows become columns: in registers, and in memory.
#pragma once

#include "arithmetic/memory.h"
#include "machine/strided.h"

namespace {

// Of each 16 bytes of a and b blocks of `width` lanes in turn, from the first half of these or from the second.
template <size_t width, bool second, class T, size_t... lane>
vec<T> interleave_parts(vec<T> a, vec<T> b, std::index_sequence<lane...>) {
  constexpr size_t part = 16 / sizeof(T), half = second ? part / 2 : 0;
  return __builtin_shufflevector(a.v, b.v,
                                 (lane / part * part + lane % part / (2 * width) * width + half + lane % width +
                                  lane / width % 2 * vec<T>::lanes)...);
}
// Every other 16 bytes of a and then of b, from the first or the second on.
template <bool second, class T, size_t... lane>
vec<T> every_other_part(vec<T> a, vec<T> b, std::index_sequence<lane...>) {
  constexpr size_t part = 16 / sizeof(T);
  return __builtin_shufflevector(a.v, b.v, ((2 * (lane / part) + second) * part + lane % part)...);
}
// Lane j of vector i becomes lane i of vector j: first within 16 bytes, which x86 does twice as fast as across them.
template <class T> [[gnu::always_inline]] inline void transpose(vec<T> (&rows)[vec<T>::lanes]) {
  constexpr size_t lanes = vec<T>::lanes, part = 16 / sizeof(T);
  constexpr std::make_index_sequence<lanes> order;
  for (size_t i = 0; i < lanes; i += part) {
    vec<T> *const r = rows + i;
    const vec<T> low = interleave_parts<1, false>(r[0], r[1], order),
                 high = interleave_parts<1, true>(r[0], r[1], order);
    if constexpr (part == 2) {
      r[0] = low;
      r[1] = high;
    } else {
      const vec<T> low2 = interleave_parts<1, false>(r[2], r[3], order),
                   high2 = interleave_parts<1, true>(r[2], r[3], order);
      r[0] = interleave_parts<2, false>(low, low2, order);
      r[1] = interleave_parts<2, true>(low, low2, order);
      r[2] = interleave_parts<2, false>(high, high2, order);
      r[3] = interleave_parts<2, true>(high, high2, order);
    }
  }
  // Then these as lanes of a smaller one.
  for (size_t k = 0; k < part; k++) {
    if constexpr (lanes == 2 * part) {
      const vec<T> a = rows[k], b = rows[part + k];
      rows[k] = every_other_part<false>(a, b, order);
      rows[part + k] = every_other_part<true>(a, b, order);
    } else if constexpr (lanes == 4 * part) {
      vec<T> r[4];
      for (size_t i = 0; i < 4; i++)
        r[i] = rows[i * part + k];
      const vec<T> even = every_other_part<false>(r[0], r[1], order),
                   even2 = every_other_part<false>(r[2], r[3], order);
      const vec<T> odd = every_other_part<true>(r[0], r[1], order), odd2 = every_other_part<true>(r[2], r[3], order);
      rows[k] = every_other_part<false>(even, even2, order);
      rows[part + k] = every_other_part<false>(odd, odd2, order);
      rows[2 * part + k] = every_other_part<true>(even, even2, order);
      rows[3 * part + k] = every_other_part<true>(odd, odd2, order);
    }
  }
}

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
template <class T>
void transposed_by_squares(const T *s, T *t, size_t height, size_t width, ptrdiff_t from, ptrdiff_t to) {
  constexpr size_t lanes = vec<T>::lanes;
  const ptrdiff_t ahead_to_read = ahead_of<T>(from), ahead_to_write = ahead_of<T>(to);
  const auto square = [=](size_t i, size_t j) {
    const T *const rows = s + ptrdiff_t(i) * from + ptrdiff_t(j);
    T *const columns = t + ptrdiff_t(j) * to + ptrdiff_t(i);
    vec<T> r[lanes];
    ask_for_rows<false>(rows, from, lanes, ahead_to_read);
    ask_for_rows<true>(columns, to, lanes, ahead_to_write);
    if (height - i >= lanes && width - j >= lanes) [[likely]] {
      for (size_t k = 0; k < lanes; k++)
        r[k] = load<T>(rows + ptrdiff_t(k) * from);
      transpose(r);
      for (size_t k = 0; k < lanes; k++)
        store(columns + ptrdiff_t(k) * to, r[k]);
      return;
    }
    const size_t high = height - i < lanes ? height - i : lanes, across = width - j < lanes ? width - j : lanes;
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
      for (size_t j = 0; j < width; j += lanes)
        square(i, j);
  } else {
    for (size_t j = 0; j < width; j += lanes)
      for (size_t i = 0; i < height; i += lanes)
        square(i, j);
  }
}
// Rows of a power of two to be written all lie in one set of a cache. Where that has fewer ways than a square has rows,
// those of a tile are made in memory of its own, whose rows are a line longer, and copied from there. ns per element of
// softmax of a transposed matrix of 1024 x 1024 over its first dimension by eight rows at a time and so: 0.43 and 0.40,
// of 512 x 512 over its second 0.42 and 0.33 (Zen 5).
template <class T>
void transposed(const void *source, void *target, size_t height, size_t width, ptrdiff_t from, ptrdiff_t to) {
  constexpr size_t ways = 8, pitch = nonlin::copied_tile + 16;
  constexpr ptrdiff_t half_page = 2048;
  const T *const s = static_cast<const T *>(source);
  T *const t = static_cast<T *>(target);
  if constexpr (vec<T>::lanes > ways)
    if (to * ptrdiff_t(sizeof(T)) % half_page == 0) {
      alignas(64) T own[nonlin::copied_tile * pitch];
      transposed_by_squares(s, own, height, width, from, pitch);
      for (size_t j = 0; j < width; j++)
        __builtin_memcpy(t + ptrdiff_t(j) * to, own + j * pitch, height * sizeof(T));
      return;
    }
  transposed_by_squares(s, t, height, width, from, to);
}

} // namespace
