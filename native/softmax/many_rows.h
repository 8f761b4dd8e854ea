// Softmax and its gradient of rows of any length: in registers, in batches, or one after another.
#pragma once

#include "softmax/gradients/short_rows.h"

namespace {

// One row that `registers` hold, no more than the virtual lanes, where the preparations for many would take longer than
// the work.
template <size_t registers, class T, class E>
[[gnu::noinline, gnu::flatten]] bool softmax_registers(const E *x, E *y, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  const auto lanes_in = [=](size_t r) {
    if (registers == 1) return length;
    const size_t left = r * lanes < length ? length - r * lanes : 0;
    return left < lanes ? left : lanes;
  };
  vec<T> e[registers];
  seen_in<T> seen;
  for (size_t r = 0; r < registers; r++)
    e[r] = see(seen, usual_exp<T>()(load<T>(x + r * lanes, lanes_in(r))));
  const compensated<double> total =
      add_within<T>(sum_few<1, T, true>(length, [&](size_t j, size_t) { return e[j / lanes % registers]; }));
  if (!is_usual<T>(total.high)) return false;
  const share<T> share_of = share_of_total<T>(total);
  T all[registers * lanes];
  const auto put_all = [&] {
    for (size_t r = 0; r < registers; r++)
      store(all + r * lanes, e[r]);
  };
  if constexpr (is_decided<T, E>) {
    put_all();
    if (leaves_open(all, length, share_of)) [[unlikely]] {
      nonlin::correctly_rounded_shares({x, 1}, y, length);
      return true;
    }
  }
  if (has_small(seen, total.high, static_cast<const T *>(nullptr), length)) {
    put_all();
    fill_small(all, y, length, false, share_of);
    return true;
  }
  for (size_t r = 0; r < registers; r++)
    store(y + r * lanes, share_of(e[r]), lanes_in(r));
  return true;
}

// make() gives what makes exponentials, here, so that the compiler knows what it is.
template <class T, class E, class Make>
[[gnu::noinline, gnu::flatten]] void softmax_many_rows(Make make, const E *x, E *y, size_t rows, size_t length,
                                                       bool stream) {
  auto exp_of = make();
  if (length <= short_row<T>) {
    softmax_short_rows<T>(exp_of, x, y, rows, length);
    return;
  }
  auto &kept = kept_here<kept_row<T>>();
  if (decltype(exp_of)::beside && length <= kept.half) {
    softmax_long_rows<T>(exp_of, kept, x, y, rows, length, stream);
  } else {
    for (size_t i = 0; i < rows * length; i += length)
      softmax_row<T>(exp_of, kept, nullptr, x + i, y + i, length, stream);
  }
  if (stream) fence();
}

#if !defined(__wasm__) // Where size counts more.
// Rows of one entry: 1 where it is a number, else NaN.
template <class T, class E> void softmax_ones(const E *x, E *y, size_t rows) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t i = 0, n; i < rows; i += n) {
    n = rows - i < lanes ? rows - i : lanes;
    const vec<T> entry = load_some<T>(x + i, n);
    store_some(y + i, (entry - entry) + T(1), n);
  }
}
#endif

template <class T, class E> void softmax_rows(const void *x, void *y, size_t rows, size_t length, bool stream) {
  const E *from = static_cast<const E *>(x);
  E *to = static_cast<E *>(y);
#if !defined(__wasm__)
  if (length == 1) return softmax_ones<T>(from, to, rows);
  if (rows == 1 && length <= vec<T>::lanes && softmax_registers<1, T>(from, to, length)) return;
  if (rows == 1 && length <= step<T> && length > vec<T>::lanes && softmax_registers<parts<T>, T>(from, to, length))
    return;
#endif
  softmax_many_rows<T>([] { return usual_exp<T>(); }, from, to, rows, length, stream);
}

template <class T, class E>
[[gnu::noinline, gnu::flatten]] void rows_grad(const E *g, const E *x, E *y, size_t rows, size_t length,
                                               slope_of what) {
  if (g == nullptr) __builtin_unreachable(); // As in columns_grad.
  if (length <= short_row_with_gradient<T> && rows > 1) return softmax_short_rows_grad<T>(g, x, y, rows, length, what);
  auto &kept = kept_here<kept_row<T>>();
  usual_exp<T> exp_of;
  for (size_t i = 0; i < rows * length; i += length) {
#if defined(__wasm__) // Where size counts more: each with a power of its own.
    unusual_row<T>(exp_of, kept, g + i, x + i, y + i, length, false, what);
#else
    softmax_row<T>(exp_of, kept, g + i, x + i, y + i, length, false, what);
#endif
  }
}
template <class T, class E, slope_of what>
void softmax_rows_grad(const void *g, const void *x, void *y, size_t rows, size_t length) {
  rows_grad<T>(static_cast<const E *>(g), static_cast<const E *>(x), static_cast<E *>(y), rows, length, what);
}

} // namespace
