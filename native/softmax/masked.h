// Softmax of x without the entries that a boolean mask leaves out, or of -x: what is left is written to y, a part that
// stays in the cache at a time, and computed there by the kernels that know no mask.
#pragma once

#include "softmax/logits.h"
#include "softmax/logs.h"

namespace {

// What these take. The gradients of a mask need more.
inline bool is_only_masked(const conditions &c) { return !c.additive && (c.temperature == 1 || c.temperature == -1); }
// The share of a slice of nothing, where it is not NaN.
template <class E, bool log> constexpr E share_of_nothing = log ? -E(__builtin_inf()) : E(0);

// x or -x where it is kept, and -Infinity elsewhere, of n entries; true in `left` where one is not -Infinity.
template <class E> struct kept_entries {
  vec<E> sign;
  const uint8_t *flags;

  explicit kept_entries(const conditions &c) : sign(E(c.temperature)), flags(static_cast<const uint8_t *>(c.mask)) {}
  void write(const E *x, E *y, size_t first, size_t step, size_t n, mask<E> &left) const {
    const vec<E> lowest = -E(__builtin_inf());
    vec<E> kept = load_some<E>(x, n) * sign;
    if (flags != nullptr) kept = select(flags_at<E>(flags + first, step, n), kept, lowest);
    const mask<E> some = {~(kept <= lowest).m};
    left.m |= n == vec<E>::lanes ? some.m : some.m & first_lanes<E>(n).m;
    store_some(y, kept, n);
  }
};
template <class E> mask<E> no_lanes() { return {typename vec<E>::bits{}}; }
template <class E> bool any(mask<E> lanes) {
  typename lane<E>::integer some = 0;
  for (size_t i = 0; i < vec<E>::lanes; i++)
    some |= lanes.m[i];
  return some != 0;
}

// ns per element of rows of 1000 and of 10 with 4, 16 and 64 KiB: TIMES.
constexpr size_t masked_bytes = size_t(16) << 10, masked_rows_at_once = 512;

template <class T, class E, bool log>
[[gnu::noinline]] void masked_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c) {
  constexpr size_t lanes = vec<E>::lanes;
  const kept_entries<E> kept(c);
  const size_t fit = masked_bytes / sizeof(E) / length;
  const size_t most = fit < 1 ? 1 : fit < masked_rows_at_once ? fit : masked_rows_at_once;
  for (size_t first = 0; first < rows; first += most) {
    const size_t count = rows - first < most ? rows - first : most;
    bool empty[masked_rows_at_once];
    for (size_t i = 0; i < count; i++) {
      const size_t row = (first + i) * length, in_mask = (first + i) * c.beside;
      mask<E> left = no_lanes<E>();
      for (size_t j = 0; j < length; j += lanes)
        kept.write(x + row + j, y + row + j, in_mask + j * c.along, c.along, length - j < lanes ? length - j : lanes,
                   left);
      empty[i] = c.zero && !any(left);
    }
    E *const part = y + first * length;
    if constexpr (log)
      log_softmax_rows<T, E>(part, part, count, length, false);
    else
      softmax_rows<T, E>(part, part, count, length, false);
    for (size_t i = 0; c.zero && i < count; i++)
      if (empty[i])
        fill_row<E>(part + i * length, length, false, [](size_t, size_t) { return vec<E>(share_of_nothing<E, log>); });
  }
}

template <class T, class E, bool log>
[[gnu::noinline]] void masked_columns(const E *x, E *y, size_t length, size_t inner, size_t columns,
                                      const conditions &c) {
  const kept_entries<E> kept(c);
  const size_t most = columns_of_band<E>(length);
  for (size_t first = 0; first < columns; first += most) {
    const band_width<E> width{columns - first < most ? columns - first : most};
    mask<E> left[band_registers];
    for (size_t r = 0; r < width.registers(); r++)
      left[r] = no_lanes<E>();
    for (size_t j = 0; j < length; j++) {
      for (size_t r = 0; r < width.registers(); r++) {
        const size_t column = first + r * vec<E>::lanes, at = j * inner + column;
        kept.write(x + at, y + at, j * c.along + column * c.beside, c.beside, width.lanes_in(r), left[r]);
      }
    }
    if constexpr (log)
      log_softmax_columns<T, E>(y + first, y + first, length, inner, width.columns);
    else
      softmax_columns<T, E>(y + first, y + first, length, inner, width.columns);
    for (size_t r = 0; c.zero && r < width.registers(); r++)
      for (size_t i = 0; i < width.lanes_in(r); i++)
        for (size_t j = 0; left[r].m[i] == 0 && j < length; j++)
          y[j * inner + first + r * vec<E>::lanes + i] = share_of_nothing<E, log>;
  }
}

} // namespace
