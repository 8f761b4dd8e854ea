// Softmax of long rows without the entries that a boolean mask leaves out: x and the mask are read once, together, and
// an entry that is left out makes 0 where others make their exponential.
#pragma once

#include "softmax/masked.h"
#include "softmax/rows.h"

namespace {

// e[j] = f(e^(x sign)) of n entries, or f(0); x is any number where it is left out.
template <class E, class F>
[[gnu::noinline, gnu::flatten]] void compute_kept(const E *x, const uint8_t *flags, E sign, usual_exp<E> exp_of, E *e,
                                                  size_t n, F f) {
  constexpr size_t lanes = vec<E>::lanes;
  const auto of = [=](vec<E> x, mask<E> kept) { return f(select(kept, exp_of(x * sign), vec<E>(E(0)))); };
  size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    __builtin_prefetch(x + j + ahead);
    store(e + j, of(load<E>(x + j), flags_at<E>(flags + j, 1, lanes)));
  }
  if (j < n) store(e + j, of(load<E>(x + j, n - j), flags_at<E>(flags + j, 1, n - j)));
}

// Of the kept entries times a sign of a row; -Infinity where there are none.
template <class E> [[gnu::noinline]] E kept_maximum(const E *x, const uint8_t *flags, E sign, size_t length) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> lowest = -E(__builtin_inf());
  vec<E> most = lowest;
  for (size_t j = 0; j < length; j += lanes) {
    const size_t n = length - j < lanes ? length - j : lanes;
    most = max(most, select(mask<E>{flags_at<E>(flags + j, 1, n).m & first_lanes<E>(n).m},
                            load_some<E>(x + j, n) * sign, lowest));
  }
  E m[lanes];
  store(m, most);
  return row_maximum<E>(m, lanes);
}

// As row_entries, without a gradient.
template <class E> struct kept_entries {
  const E *x;
  const uint8_t *flags;
  E sign;
  usual_exp<E> exp_of;

  template <class F> void compute(size_t j, size_t n, E *e, F f) const {
    compute_kept(x + j, flags + j, sign, exp_of, e, n, f);
  }
};

// Where this is faster than masked.h, for what is only masked: rows that fill the blocks of a sum, and of which two can
// be kept.
template <class E> bool suits_long_rows(const conditions &c, size_t length) {
  return c.mask != nullptr && c.along == 1 && length >= 2 * block<E> && length <= kept_row<E>::half;
}
template <class E>
void masked_long_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c, nonlin::rows_function &plain) {
  const auto flags_of = [&](size_t i) { return static_cast<const uint8_t *>(c.mask) + i * c.beside; };
  softmax_long_rows<E>(
      kept_here<kept_row<E>>(), x, y, rows, length, false,
      [&](size_t i, const usual_exp<E> &exp_of) {
        return kept_entries<E>{x + i * length, flags_of(i), E(c.temperature), exp_of};
      },
      [&](size_t i) { return kept_maximum(x + i * length, flags_of(i), E(c.temperature), length); },
      [&](size_t i) {
        conditions of_row = c;
        of_row.mask = flags_of(i);
        masked_rows(x + i * length, y + i * length, 1, length, of_row, false, plain);
      });
}

} // namespace
