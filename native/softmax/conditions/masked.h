// Softmax of x without the entries that a mask leaves out, or of -x: what is left is written to y, a part that
// stays in the cache at a time, and computed there by the kernels that know no mask.
#pragma once

#include "softmax/columns.h"
#include "softmax/conditions/logits.h"

namespace {

// What computes the rows that are left, x or -x: the kernel that knows no condition, or one over a temperature.
struct rows_kernel {
  nonlin::rows_function *plain;
  nonlin::conditioned_rows_function *heated; // Or null.
  conditions all;
  double sign;

  rows_kernel(const conditions &c, nonlin::rows_function &plain, nonlin::conditioned_rows_function *heated)
      : plain(&plain), heated(heated), all(c), sign(c.temperature < 0 ? -1 : 1) {
    all.mask = nullptr;
    all.additive = false;
    all.temperature *= sign;
  }
  void operator()(const void *x, void *y, size_t rows, size_t length) const {
    if (heated != nullptr)
      heated(nullptr, x, y, rows, length, all);
    else
      plain(x, y, rows, length, false);
  }
  // What a logit is of x, to within a few roundings of a moderate one.
  double factor() const { return sign / all.temperature; }
  double moderate() const { return heated != nullptr ? 0x1p18 : __builtin_inf(); }
};
// The share of a slice of nothing, where it is not NaN.
template <class E> constexpr E share_of_nothing(bool log) { return log ? -E(__builtin_inf()) : E(0); }
template <class E> mask<E> no_lanes() { return {typename vec<E>::bits{}}; }
template <class E> bool any(mask<E> lanes) {
  typename lane<E>::integer some = 0;
  for (size_t i = 0; i < vec<E>::lanes; i++)
    some |= lanes.m[i];
  return some != 0;
}

// x or -x where kept_at(j, n) says of n lanes that it is kept, and -Infinity elsewhere, of n entries; in which lanes
// one is not -Infinity.
template <class E, class F> mask<E> keep(const E *x, E *y, size_t n, E sign, F kept_at) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> lowest = -E(__builtin_inf());
  mask<E> left = no_lanes<E>();
  size_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    const vec<E> some = select(kept_at(j, lanes), load<E>(x + j) * sign, lowest);
    left.m |= ~(some <= lowest).m;
    store(y + j, some);
  }
  if (j < n) {
    const vec<E> some = select(kept_at(j, n - j), load<E>(x + j, n - j) * sign, lowest);
    left.m |= ~(some <= lowest).m & first_lanes<E>(n - j).m;
    store(y + j, some, n - j);
  }
  return left;
}
// The same by flags a step apart; all are kept where there are none.
template <class E>
[[gnu::noinline, gnu::flatten]] mask<E> keep(const E *x, E *y, size_t n, const uint8_t *flags, size_t step, E sign) {
  if (flags == nullptr) return keep<E>(x, y, n, sign, [](size_t, size_t) { return vec<E>(E(0)) <= vec<E>(E(0)); });
  return keep<E>(x, y, n, sign, [=](size_t j, size_t n) { return flags_at<E>(flags + j * step, step, n); });
}

// Rows at a time: several, so that one is written beside the next, and no more than a second-level cache holds.
constexpr size_t masked_bytes = size_t(64) << 10, masked_rows_at_once = 512;

template <class E>
[[gnu::noinline]] void masked_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c, bool log,
                                   const rows_kernel &kernel) {
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
          keep<E>(x + start + i * length, y + start + i * length, together * length, of_row, c.along, E(kernel.sign));
      empty[i] = c.zero && !any(left);
    }
    E *const part = y + start;
    kernel(part, part, count, length);
    for (size_t i = 0; c.zero && i < count; i++)
      if (empty[i])
        fill_row<E>(part + i * length, length, false, [=](size_t, size_t) { return vec<E>(share_of_nothing<E>(log)); });
  }
}

// The logits from which on nothing is left of an entry beside the largest, m: what sums of it have lost by rounding is
// less than what this is above the reach of an exponential.
template <class E> E out_of_reach(E m) {
  return m - (sizeof(E) == sizeof(float) ? E(128) : E(1000)) - __builtin_fabs(m) * E(0x1p-10);
}

// n entries that lie a step apart.
template <class E> vec<E> entries_at(const E *p, size_t step, size_t n) {
  if (step == 1) return load_some<E>(p, n);
  vec<E> entries = E(0);
  for (size_t i = 0; i < n; i++)
    entries.v[i] = p[i * step];
  return entries;
}

// Whether numbers to be added to a row of x times a factor leave each entry as it is or make nothing of it: 0,
// -Infinity, and what puts a moderate one out of reach. Of that a logarithm has something left, and a sum that
// overflows here, but not in the lanes of `logits`, may be the largest.
template <class E>
[[gnu::noinline, gnu::flatten]] bool only_leaves_out(const E *x, const E *added, size_t step, size_t length, E factor,
                                                     E moderate, bool log) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> none = E(0), lowest = -E(__builtin_inf()), infinite = E(__builtin_inf());
  vec<E> kept = lowest, changed = lowest;
  mask<E> unknown = no_lanes<E>();
  const auto see = [&](vec<E> x, vec<E> bias, mask<E> there) {
    const vec<E> logit = x * factor, sum = logit + bias;
    const mask<E> same = {there.m & (bias <= none).m & (bias >= none).m};
    const mask<E> other = {there.m & ~same.m & ~(bias <= lowest).m};
    kept = max(kept, select(same, logit, lowest)); // Keeps its own where x is NaN.
    changed = max(changed, select(other, max(sum, vec<E>(-largest<E>)), lowest));
    unknown.m |= other.m & ~((sum < infinite).m & (abs(logit) <= vec<E>(moderate)).m);
  };
  size_t j = 0;
  for (; j + lanes <= length; j += lanes)
    see(load<E>(x + j), entries_at(added + j * step, step, lanes), none <= none);
  if (j < length)
    see(load<E>(x + j, length - j), entries_at(added + j * step, step, length - j), first_lanes<E>(length - j));
  E most_of[2][lanes];
  store(most_of[0], kept);
  store(most_of[1], changed);
  const E m = row_maximum<E>(most_of[0], lanes), most = row_maximum<E>(most_of[1], lanes);
  return !any(unknown) && (most <= -E(__builtin_inf()) || (!log && most <= out_of_reach<E>(m)));
}

// Whether n such numbers are 0 and -Infinity alone, which need no look at x.
template <class E> [[gnu::noinline, gnu::flatten]] bool keeps_or_masks(const E *added, size_t n) {
  constexpr size_t lanes = vec<E>::lanes;
  const vec<E> none = E(0), lowest = -E(__builtin_inf());
  mask<E> other = no_lanes<E>();
  for (size_t j = 0; j < n; j += lanes) {
    const vec<E> bias = load_some<E>(added + j, n - j < lanes ? n - j : lanes);
    other.m |= ~((bias <= none).m & (bias >= none).m) & ~(bias <= lowest).m;
  }
  return !any(other);
}

// Rows to which floats are added: those of which these only leave out, as a boolean mask does, by `kernel`, and the
// others, which are few, by `tempered`.
template <class E>
[[gnu::noinline]] void added_rows(const E *x, E *y, size_t rows, size_t length, const conditions &c, bool log,
                                  const rows_kernel &kernel, nonlin::conditioned_rows_function &tempered) {
  const E *added = static_cast<const E *>(c.mask);
  const E sign = E(kernel.sign), factor = E(kernel.factor()), moderate = E(kernel.moderate());
  const size_t fit = masked_bytes / sizeof(E) / length;
  const size_t most = fit < 1 ? 1 : fit < masked_rows_at_once ? fit : masked_rows_at_once;
#if !defined(__wasm__) // Where size counts more.
  size_t asked = c.along == 1 && c.beside == length && !c.zero ? 0 : rows;
#endif
  for (size_t i = 0; i < rows;) {
#if !defined(__wasm__)
    // Rows whose numbers follow each other as they do are one; each is asked for once.
    const size_t together = rows - i < most ? rows - i : most, n = together * length;
    const bool even = i >= asked;
    if (even) asked = i + together;
    if (even && keeps_or_masks(added + i * length, n)) {
      E *const part = y + i * length;
      keep<E>(x + i * length, part, n, sign,
              [bias = added + i * length](size_t j, size_t n) { return load_some<E>(bias + j, n) >= vec<E>(E(0)); });
      kernel(part, part, together, length);
      i += together;
      continue;
    }
#endif
    bool empty[masked_rows_at_once];
    size_t count = 0;
    const size_t first = i;
    for (; count < most && i < rows; i++, count++) {
      const E *from = x + i * length, *bias = added + i * c.beside;
      if (!only_leaves_out(from, bias, c.along, length, factor, moderate, log)) break;
      empty[count] = !any(keep<E>(from, y + i * length, length, sign, [=](size_t j, size_t n) {
        return entries_at(bias + j * c.along, c.along, n) >= vec<E>(E(0));
      }));
    }
    E *const part = y + first * length;
    if (count > 0) kernel(part, part, count, length);
    for (size_t k = 0; c.zero && k < count; k++)
      if (empty[k])
        fill_row<E>(part + k * length, length, false, [=](size_t, size_t) { return vec<E>(share_of_nothing<E>(log)); });
    if (count == most || i == rows) continue;
    conditions here = c;
    here.mask = added + i * c.beside;
    tempered(nullptr, x + i * length, y + i * length, 1, length, here);
    i++;
  }
}

template <class E>
[[gnu::noinline]] void masked_columns(const E *x, E *y, size_t length, size_t inner, size_t columns,
                                      const conditions &c, bool log, nonlin::columns_function &plain) {
  const uint8_t *flags = static_cast<const uint8_t *>(c.mask);
  // A matrix whose flags follow each other as its entries do is one to keep.
  if (columns == inner && c.leave_whole(inner) && length * inner * sizeof(E) <= kept_bytes) {
    keep<E>(x, y, length * inner, flags, 1, E(c.temperature));
    return plain(y, y, 1, length, inner, columns);
  }
  for_each_band_of<E>(y, inner, columns, [&](size_t first, band_width<E> width) {
    mask<E> left[band_registers];
    for (size_t r = 0; r < width.registers(); r++)
      left[r] = no_lanes<E>();
    for (size_t j = 0; j < length; j++) {
      ask_for_row<read_later, E>(x + (j + band_rows_ahead) * inner + first, width.registers());
      ask_for_row<written, E>(y + (j + band_rows_ahead_to_write) * inner + first, width.registers());
      if (flags != nullptr) {
        const uint8_t *const ahead = flags + (j + band_rows_ahead) * c.along + first * c.beside;
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + (width.columns - 1) * c.beside);
      }
      for (size_t r = 0; r < width.registers(); r++) {
        const size_t column = first + r * vec<E>::lanes, at = j * inner + column;
        const uint8_t *here = flags == nullptr ? flags : flags + j * c.along + column * c.beside;
        left[r].m |= keep<E>(x + at, y + at, width.lanes_in(r), here, c.beside, E(c.temperature)).m;
      }
    }
    plain(y + first, y + first, 1, length, inner, width.columns);
    for (size_t r = 0; c.zero && r < width.registers(); r++)
      for (size_t i = 0; i < width.lanes_in(r); i++)
        for (size_t j = 0; left[r].m[i] == 0 && j < length; j++)
          y[j * inner + first + r * vec<E>::lanes + i] = share_of_nothing<E>(log);
  });
}

} // namespace
