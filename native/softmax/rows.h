// Softmax and its gradient of contiguous rows.
#pragma once

#include "softmax/shares.h"

namespace {

template <class T> vec<T> keep_first(vec<T> a, size_t n) {
  return n == vec<T>::lanes ? a : select(first_lanes<T>(n), a, vec<T>(T(0)));
}

template <class T, class E> T row_maximum(const E *x, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  const vec<T> lowest = -T(__builtin_inf());
  vec<T> a = lowest, b = lowest;
  size_t j = 0;
  // max(a, x) keeps a where x is NaN; the sum finds those.
  for (; j + 2 * lanes <= length; j += 2 * lanes) {
    a = max(a, load<T>(x + j));
    b = max(b, load<T>(x + j + lanes));
  }
  for (; j < length; j += lanes) {
    const size_t n = length - j < lanes ? length - j : lanes;
    b = max(b, select(first_lanes<T>(n), load_some<T>(x + j, n), lowest));
  }
  T m[lanes];
  store(m, max(a, b));
  for (size_t width = lanes / 2; width; width /= 2)
    for (size_t i = 0; i < width; i++)
      m[i] = m[i + width] > m[i] ? m[i + width] : m[i];
  return m[0];
}

// The trees of a block from j on that may end early, in register p of the virtual lanes. term(j, n) gives the elements
// j to j + n, n lanes at most; what it gives in lanes from n on does not count.
template <class T, class F> vec<T> sum_block(size_t j, size_t end, size_t p, F term) {
  constexpr size_t lanes = vec<T>::lanes;
  auto rest = [&](size_t k) {
    k += p * lanes;
    if (k >= end) return vec<T>(T(0));
    const size_t n = end - k < lanes ? end - k : lanes;
    return keep_first(term(k, n), n);
  };
  vec<T> sum = rest(j);
  if (end - j > step<T>) sum = sum + rest(j + step<T>);
  if (end - j > 2 * step<T>) sum = sum + (rest(j + 2 * step<T>) + rest(j + 3 * step<T>));
  return sum;
}

// The virtual lanes of a row no longer than a block, as far as a register holds them.
template <class T, class F> compensated<vec<double>> sum_short(size_t length, F term) {
  T sums[step<T>];
  for (size_t p = 0; p < parts<T>; p++)
    store(&sums[p * vec<T>::lanes], sum_block<T>(0, length, p, term));
  return fold_lanes<T>([&](size_t l) { return compensated<vec<double>>{load<double>(&sums[l]), 0.0}; });
}

// The last levels of the tree, within a register.
template <class T, size_t width = vec<double>::lanes / 2> compensated<double> add_within(compensated<vec<double>> row) {
  if constexpr (width == 0) {
    return {row.high.v[0], row.low.v[0]};
  } else {
    constexpr std::make_index_sequence<vec<double>::lanes> order;
    join<T>(row, {rotate<width>(row.high, order), rotate<width>(row.low, order)});
    return add_within<T, width / 2>(row);
  }
}

// Those of a chunk, the elements from start to end.
template <class T, class F> compensated<vec<double>> sum_chunk(size_t start, size_t end, F term) {
  constexpr size_t lanes = vec<T>::lanes;
  compensated<vec<T>> sums[parts<T>];
  for (compensated<vec<T>> &sum : sums)
    sum = {T(0), T(0)};
  size_t j = start;
  for (; j + block<T> <= end; j += block<T>) {
    for (size_t p = 0; p < parts<T>; p++) {
      const size_t k = j + p * lanes;
      vec<T> a = term(k, lanes) + term(k + step<T>, lanes);
      vec<T> b = term(k + 2 * step<T>, lanes) + term(k + 3 * step<T>, lanes);
      sums[p].add(a + b);
    }
  }
  for (size_t p = 0; p < parts<T> && j < end; p++)
    sums[p].add(sum_block<T>(j, end, p, term));
  T high[step<T>], low[step<T>];
  for (size_t p = 0; p < parts<T>; p++) {
    store(&high[p * lanes], sums[p].high);
    store(&low[p * lanes], sums[p].low);
  }
  return fold_lanes<T>([&](size_t l) { return in_double<T>(load<double>(&high[l]), load<double>(&low[l])); });
}

// The sum over a row.
template <class T, class F> double sum_row(size_t length, F term) {
  if (length <= block<T>) return value_of(add_within<T>(sum_short<T>(length, term)));
  compensated<double> total = {0, 0};
  for (size_t start = 0; start < length; start += chunk)
    total.add(add_within<T>(sum_chunk<T>(start, length - start < chunk ? length : start + chunk, term)));
  return value_of(total);
}

// y[j] = f(j, n), n lanes at most, for all elements of a row; full vectors at aligned places, past the cache where
// asked.
template <class T, class E, class F> void fill_row(E *y, size_t length, bool stream, F f) {
  constexpr size_t lanes = vec<T>::lanes;
  size_t j = 0;
  if (length >= 4 * lanes) {
    j = until_aligned<T>(y);
    if (j > 0) store(y, f(0, j), j);
    if (stream)
      for (; j + lanes <= length; j += lanes)
        store_past_cache(y + j, f(j, lanes));
  }
  for (; j + lanes <= length; j += lanes)
    store(y + j, f(j, lanes));
  if (j < length) store(y + j, f(j, length - j), length - j);
}

// The exponentials of a row no longer than a chunk, or of two of half that size, kept beside y: so x is read once and y
// written once.
template <class T> struct kept_row {
  static constexpr size_t capacity = kept_bytes / sizeof(T), half = capacity / 2 - 2048 / sizeof(T);
  static_assert(chunk <= capacity);
  alignas(64) T e[capacity + vec<T>::lanes];
};

// What is left to do once s(j, n) gives the shares of a row: to store them, or with a gradient s * (g - sum(g * s)), of
// the logarithm g - s * sum(g). Nothing is stored before it is final, since y may be g or x. Where one share is 1 and
// the others 0, the sum is that entry's g and the gradient 0.
template <class T, class E, class F>
void finish_row(F s, const E *g, E *y, size_t length, bool stream, bool log = false) {
  if (g == nullptr) {
    fill_row<T>(y, length, stream, s);
  } else if (log) {
    const vec<T> sum = T(sum_row<T>(length, [&](size_t j, size_t n) { return load_some<T>(g + j, n); }));
    fill_row<T>(y, length, stream, [&](size_t j, size_t n) { return fma(-s(j, n), sum, load_some<T>(g + j, n)); });
  } else {
    const vec<T> mean = T(sum_row<T>(length, [&](size_t j, size_t n) { return s(j, n) * load_some<T>(g + j, n); }));
    fill_row<T>(y, length, stream, [&](size_t j, size_t n) { return s(j, n) * (load_some<T>(g + j, n) - mean); });
  }
}

// Computes a row if `accept` likes its total.
template <class T, class E, class Exp, class F>
bool softmax_row(const Exp &exp_of, F accept, kept_row<T> &kept, const E *g, const E *x, E *y, size_t length,
                 bool stream, bool log) {
  auto exponential = [&](size_t j, size_t n) { return exp_of(load_some<T>(x + j, n)); };
  auto kept_at = [&](size_t j, size_t) { return load<T>(kept.e + j); };
  const bool keep = length <= chunk;
  const double total = keep ? sum_row<T>(length,
                                         [&](size_t j, size_t n) {
                                           const vec<T> e = exponential(j, n);
                                           store(kept.e + j, e);
                                           return e;
                                         })
                            : sum_row<T>(length, exponential);
  if (!accept(total)) return false;
  const share<T> share_of = share_of_total<T>(total);
  auto shares = [&](auto e) { return [=](size_t j, size_t n) { return share_of(e(j, n)); }; };
  if (!keep) {
    finish_row<T>(shares(exponential), g, y, length, stream, log);
  } else if (g == nullptr) {
    finish_row<T>(shares(kept_at), g, y, length, stream);
  } else { // They are read twice.
    for (size_t j = 0; j < length; j += vec<T>::lanes)
      store(kept.e + j, share_of(load<T>(kept.e + j)));
    finish_row<T>(kept_at, g, y, length, stream, log);
  }
  return true;
}

template <class T, class E>
[[gnu::noinline, gnu::flatten]] void unusual_row(kept_row<T> &kept, const E *g, const E *x, E *y, size_t length,
                                                 bool stream, bool log = false) {
  const scaled_exp<T> exp_of{vec<T>(row_maximum<T>(x, length))};
  softmax_row<T>(
      exp_of, [](double) { return true; }, kept, g, x, y, length, stream, log);
}
template <class T, class E>
void softmax_row(kept_row<T> &kept, const E *g, const E *x, E *y, size_t length, bool stream, bool log = false) {
  if (!softmax_row<T>(
          usual_exp<T>(), [](double total) { return is_usual<T>(total); }, kept, g, x, y, length, stream, log))
    unusual_row<T>(kept, g, x, y, length, stream, log);
}

// A row of which all but y is known, written register by register while another one is computed: stores and reading of
// memory then cost little beside the arithmetic.
template <class T, class E> struct pending_row {
  const T *e;
  E *y;
  size_t length, done;
  share<T> share_of;
  bool stream;

  pending_row() : y(nullptr), length(0), done(0) {}
  pending_row(const T *e, E *y, size_t length, share<T> share_of, bool stream)
      : e(e), y(y), length(length), done(until_aligned<T>(y)), share_of(share_of), stream(stream) {
    if (done > length) done = length;
    if (done > 0) store(y, share_of(load<T>(e)), done);
  }
  void advance(size_t n) {
    for (const size_t stop = done + n; done < stop && done + vec<T>::lanes <= length; done += vec<T>::lanes) {
      const vec<T> s = share_of(load<T>(e + done));
      if (stream)
        store_past_cache(y + done, s);
      else
        store(y + done, s);
    }
  }
  void finish() {
    advance(length);
    if (done < length) store(y + done, share_of(load<T>(e + done)), length - done);
    done = length;
  }
};

// How far ahead x is fetched, in elements. ns per element at 64 Mi with and without, `npm run bench` on Zen 4: rows of
// 1000 0.38 and 0.40, of 32000 0.41 and 0.55.
constexpr size_t ahead = 512;

template <class T, class E>
void softmax_long_rows(kept_row<T> &kept, const E *x, E *y, size_t rows, size_t length, bool stream) {
  const usual_exp<T> exp_of;
  pending_row<T, E> before;
  for (size_t i = 0; i < rows; i++, x += length, y += length) {
    T *e = kept.e + i % 2 * kept.half;
    // Stores just ahead of loads in the same place of a page would hold these up: 0.25 against 0.30 ns per element.
    const size_t lag = (uintptr_t(before.y) - uintptr_t(x)) % 4096 < 1024 ? 1024 / sizeof(E) : 0;
    const double total = sum_row<T>(length, [&](size_t j, size_t n) {
      __builtin_prefetch(x + j + ahead);
      const vec<T> one = exp_of(load_some<T>(x + j, n));
      store(e + j, one);
      if (j >= lag) before.advance(n);
      return one;
    });
    before.finish();
    before = {};
    if (is_usual<T>(total)) {
      before = {e, y, length, share_of_total<T>(total), stream};
    } else {
      unusual_row<T>(kept, static_cast<const E *>(nullptr), x, y, length, stream);
    }
  }
  before.finish();
}

// Of softmax, or of its logarithm.
template <class T, class E, bool log = false>
[[gnu::flatten]] void softmax_rows_grad(const void *g, const void *x, void *y, size_t rows, size_t length) {
  auto &kept = kept_here<kept_row<T>>();
  for (size_t i = 0; i < rows * length; i += length)
    softmax_row<T>(kept, static_cast<const E *>(g) + i, static_cast<const E *>(x) + i, static_cast<E *>(y) + i, length,
                   false, log);
}

} // namespace
