// Softmax of x without the entries that a boolean mask leaves out, or of -x: what is left is written to y, a part that
// stays in the cache at a time, and computed there by the kernels that know no mask.
#pragma once

#include "softmax/columns.h"
#include "softmax/logits.h"

namespace {

// What these take. The gradients of a mask need more.
inline bool is_only_masked(const conditions &c) { return !c.additive && (c.temperature == 1 || c.temperature == -1); }
// The share of a slice of nothing, where it is not NaN.
template <class E> constexpr E share_of_nothing(bool log) { return log ? -E(__builtin_inf()) : E(0); }
template <class E> mask<E> no_lanes() { return {typename vec<E>::bits{}}; }
template <class E> bool any(mask<E> lanes) {
  typename lane<E>::integer some = 0;
  for (size_t i = 0; i < vec<E>::lanes; i++)
    some |= lanes.m[i];
  return some != 0;
}

// x or -x where it is kept, and -Infinity elsewhere, of n entries whose flags lie a step apart; in which lanes one is
// not -Infinity.
template <class E>
[[gnu::noinline, gnu::flatten]] mask<E> keep(const E *x, E *y, size_t n, const uint8_t *flags, size_t step, E sign) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> lowest = -E(__builtin_inf());
  mask<E> left = no_lanes<E>();
  const auto kept = [&](vec<E> x, size_t j, size_t n) {
    const vec<E> logit = x * sign;
    return flags == nullptr ? logit : select(flags_at<E>(flags + j * step, step, n), logit, lowest);
  };
  size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    const vec<E> some = kept(load<E>(x + j), j, lanes);
    left.m |= ~(some <= lowest).m;
    store(y + j, some);
  }
  if (j < n) {
    const vec<E> some = kept(load<E>(x + j, n - j), j, n - j);
    left.m |= ~(some <= lowest).m & first_lanes<E>(n - j).m;
    store(y + j, some, n - j);
  }
  return left;
}

// Rows at a time: several, so that one is written beside the next, and no more than a second-level cache holds.
constexpr size_t masked_bytes = size_t(64) << 10, masked_rows_at_once = 512;

// `plain` is the kernel that knows no mask.
template <class E>
[[gnu::noinline]] void masked_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c, bool log,
                                   nonlin::rows_function &plain) {
  const uint8_t *flags = static_cast<const uint8_t *>(c.mask);
  // Rows whose flags follow each other as they do are one to keep.
  const bool even = !c.zero && (flags == nullptr || (c.along == 1 && c.beside == length));
  const size_t fit = masked_bytes / sizeof(E) / length;
  const size_t most = fit < 1 ? 1 : fit < masked_rows_at_once ? fit : masked_rows_at_once;
  for (size_t first = 0; first < rows; first += most) {
    const size_t count = rows - first < most ? rows - first : most;
    bool empty[masked_rows_at_once];
    const size_t start = first * length, together = even ? count : 1;
    for (size_t i = 0; i < count; i += together) {
      const uint8_t *of_row = flags == nullptr ? flags : flags + (first + i) * c.beside;
      const mask<E> left =
          keep<E>(x + start + i * length, y + start + i * length, together * length, of_row, c.along, E(c.temperature));
      empty[i] = c.zero && !any(left);
    }
    E *const part = y + start;
    plain(part, part, count, length, false);
    for (size_t i = 0; c.zero && i < count; i++)
      if (empty[i])
        fill_row<E>(part + i * length, length, false, [=](size_t, size_t) { return vec<E>(share_of_nothing<E>(log)); });
  }
}

template <class E>
[[gnu::noinline]] void masked_columns(const E *x, E *y, size_t length, size_t inner, size_t columns,
                                      const conditions &c, bool log, nonlin::columns_function &plain) {
  const uint8_t *flags = static_cast<const uint8_t *>(c.mask);
  const size_t most = columns_of_band<E>(length);
  for (size_t first = 0; first < columns; first += most) {
    const band_width<E> width{columns - first < most ? columns - first : most};
    mask<E> left[band_registers];
    for (size_t r = 0; r < width.registers(); r++)
      left[r] = no_lanes<E>();
    for (size_t j = 0; j < length; j++) {
      for (size_t r = 0; r < width.registers(); r++) {
        const size_t column = first + r * vec<E>::lanes, at = j * inner + column;
        const uint8_t *here = flags == nullptr ? flags : flags + j * c.along + column * c.beside;
        left[r].m |= keep<E>(x + at, y + at, width.lanes_in(r), here, c.beside, E(c.temperature)).m;
      }
    }
    plain(y + first, y + first, length, inner, width.columns);
    for (size_t r = 0; c.zero && r < width.registers(); r++)
      for (size_t i = 0; i < width.lanes_in(r); i++)
        for (size_t j = 0; left[r].m[i] == 0 && j < length; j++)
          y[j * inner + first + r * vec<E>::lanes + i] = share_of_nothing<E>(log);
  }
}

} // namespace
