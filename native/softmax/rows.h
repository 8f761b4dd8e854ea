// Softmax and its gradient of contiguous rows.
#pragma once

#include "softmax/gradients/near_mean.h"

namespace {

// For rows that begin so, or columns of which these are the first entries, where usual_exp may not suit them: a guess,
// as to find out takes a slice. ns per element of one row of 32000 around -130 in logSumExp without, as subnormal
// numbers are made, 1.9, and so 0.23 (`npm run bench -- --size 32000 --function logSumExp:32000 --input around:-130`, a
// Xeon). Entries below -1000 may be a mask's, and tell nothing.
template <class T, class E>
void guess([[maybe_unused]] usual_exp<T> &exp_of, [[maybe_unused]] const E *x, [[maybe_unused]] size_t length,
           [[maybe_unused]] size_t first) {
#if !defined(__wasm__)               // Where size counts more.
  constexpr T mask = 1000, room = 8; // A few entries have not the largest of many.
  const T top = row_maximum<T>(x, first < vec<T>::lanes ? first : vec<T>::lanes);
  if (!(-mask < top) || (exp_of.reaches(top) && top + room < exp_of.ceiling.v[0])) return;
  exp_of.move(top, top > 0 ? usual_exp<T>::most : 0, length);
#endif
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
  // A cache line at a time.
  for (; j + step<T> <= length; j += step<T>)
    for (size_t p = 0; p < step<T>; p += lanes)
      store(y + j + p, f(j + p, lanes));
  for (; j + lanes <= length; j += lanes)
    store(y + j, f(j, lanes));
  if (j < length) store(y + j, f(j, length - j), length - j);
}

// The exponentials of a row no longer than a chunk, or of two of half that size, kept beside y: so x is read once and y
// written once.
template <class T> struct kept_row {
  static constexpr size_t capacity = kept_bytes / sizeof(T), page = page_bytes / sizeof(T), half = capacity / 2;
  static_assert(chunk <= capacity);
  alignas(64) T e[capacity + 2 * page + vec<T>::lanes];

  template <class E> T *of(const E *x, size_t second = 0) { return place_for(x, e + second * (half + page)); }
};

// How far ahead x is fetched, in elements. ns per element at 64 Mi with and without, `npm run bench` on Zen 4: rows of
// 1000 0.38 and 0.40, of 32000 0.41 and 0.55.
constexpr size_t ahead = 512;

// e[j] = f(x[j]) for n elements, and a usual number behind them; what is seen of them.
template <class T, class E, class F, class S = nothing_of>
[[gnu::noinline, gnu::flatten]] S compute(const E *x, T *e, size_t n, F f, S seen = S()) {
  constexpr size_t lanes = vec<T>::lanes, line = 64 / sizeof(E);
  const auto put = [&](T *e, vec<T> a) { store(e, see(seen, a)); };
  size_t j = 0;
  for (; j + line <= n; j += line) {
    __builtin_prefetch(x + j + ahead);
    for (size_t i = j; i < j + line; i += lanes)
      put(e + i, f(load<T>(x + i)));
  }
  for (; j + lanes <= n; j += lanes)
    put(e + j, f(load<T>(x + j)));
  if (j < n) put(e + j, f(load<T>(x + j, n - j)));
  // What is read beyond the last one: of what memory held before, as subnormal numbers, a row would take 80 ns.
  store(e + n, vec<T>(usual_exp<T>::factor));
  return seen;
}

// As fill_row, the shares of kept exponentials of which some are small.
template <class E>
[[gnu::noinline, gnu::flatten]] void fill_small(const float *e, E *y, size_t n, bool stream, share<float> usual) {
  const small_share share_of(usual);
  fill_row<float>(y, n, stream, [=](size_t j, size_t n) { return share_of(load_some<float>(e + j, n)); });
}
template <class E> void fill_small(const double *, E *, size_t, bool, share<double>) {}

// The entries of a row as softmax_row reads them: f(e^x) of some of them, and what becomes of their gradients.
template <class T, class E, class Exp> struct row_entries {
  const E *x;
  Exp exp_of;

  template <class F> void compute(size_t j, size_t n, T *e, F f) const {
    ::compute(x + j, e, n, [f, exp_of = exp_of](vec<T> a) { return f(exp_of(a)); });
  }
  // For a long row: sees some of them, or leaves that to what adds them up.
  void keep(size_t j, size_t n, T *e, seen_in<T> &) const {
    compute(j, n, e, [](vec<T> e) { return e; });
  }
  static seen_in<T> &left_to_see(seen_in<T> &seen) { return seen; }
  vec<T> gradient(const E *g, size_t j, size_t n) const { return load_some<T>(g + j, n); }
  vec<T> result(vec<T> dx, size_t, size_t) const { return dx; }
  static constexpr bool is_decided = ::is_decided<T, E>;
  bool leaves_open(const T *e, size_t n, share<T> share_of) const { return ::leaves_open(e, n, share_of); }
  void decide(E *y, size_t length) const { nonlin::correctly_rounded_shares({x, 1}, y, length); }
  // Whether some g lies near their mean; a gradient of which double lanes have not the digits.
  [[gnu::noinline, gnu::flatten]] bool has_near(const E *g, size_t length, double mean) const {
    return lies_near<E>(length, mean, part_for_gradient(), [=](size_t j, size_t n) { return load_some<E>(g + j, n); });
  }
  static constexpr double part_for_gradient() { return part_of_share; }
  // Where that leaves too much open.
  static constexpr double least_part(size_t) { return part_of_share; }
  void decide_gradient(const E *g, double middle, E *y, size_t length) const {
    nonlin::close_gradient({x, 1}, g, middle, y, length);
  }
};

// The gradient of a row of which some g lies near the mean, and that near the middle. Its shares are at e, or where
// those are too many, to be computed by tiles.
template <class E, class X>
[[gnu::noinline, gnu::flatten]] void gradient_near_mean(const X entries, const share<double> share_of, double *e,
                                                        const E *g, E *y, size_t length, double middle) {
  const bool keep = length <= chunk;
  const size_t places = keep ? chunk - 1 : tile<double> - 1;
  const auto shares = [&](size_t j, size_t end) {
    if (!keep) entries.compute(j, end - j, e, share_of);
  };
  const auto share_at = [=](size_t j) { return load<double>(e + (j & places)); };
  const auto above_middle = [&](size_t j, size_t n) { return entries.gradient(g, j, n) - vec<double>(middle); };
  const auto mean_of = [&](auto f) {
    return sum_of(length, shares, [&](size_t j, size_t n) { return share_at(j) * f(above_middle(j, n)); });
  };
  const vec<double> rest = mean_of([](vec<double> d) { return d; });
  const double size = mean_of([](vec<double> d) { return abs(d); });
  const auto cancels = [&](double part) {
    return lies_within<double>(length, rest, size * least_difference(part), above_middle);
  };
  if (!cancels(entries.part_for_gradient()) || !cancels(entries.least_part(length))) {
    for (size_t j = 0, end; j < length; j = end) {
      end = length - j < tile<double> ? length : j + tile<double>;
      shares(j, end);
      fill_row<double>(y + j, end - j, false, [&](size_t k, size_t n) {
        return entries.result(share_at(j + k) * (above_middle(j + k, n) - rest), j + k, n);
      });
    }
    return;
  }
  entries.decide_gradient(g, middle, y, length);
}

// Computes a row if `accept` likes its total: its shares s, or where there is a g, the gradient s * (g - sum(g * s)),
// of the logarithm g - s * sum(g). Nothing is stored before it is final, since y may be g or x. Where one share is 1
// and the others 0, the sum is that entry's g and the gradient 0. G: a pointer, or that of nullptr.
template <class T, class E, class X, class F, class G>
bool softmax_row(const X &entries, F accept, kept_row<T> &kept, G g, const E *x, E *y, size_t length, bool stream,
                 slope_of what) {
  // Where there are too many to keep, those of a tile, computed each time.
  const bool keep = length <= chunk;
  const size_t places = keep ? chunk - 1 : tile<T> - 1;
  T *const e = kept.of(x);
  const auto kept_at = [=](size_t j, size_t) { return load<T>(e + (j & places)); };
  const auto for_each_tile = [&](auto f) {
    for (size_t j = 0; j < length; j += tile<T>)
      f(j, length - j < tile<T> ? length : j + tile<T>);
  };
  const auto exponentials = [&](size_t j, size_t end) {
    entries.compute(j, end - j, e + (j & places), [](vec<T> e) { return e; });
  };
  seen_in<T> seen;
  const compensated<double> total = sum_row<T, true>(length, exponentials, kept_at, seen);
  if (!accept(total)) return false;

  const share<T> share_of = share_of_total<T>(total);
  if (g == nullptr) {
    const bool small = has_small(seen, total.high, keep ? e : nullptr, length);
    // Whether the results are decided in another way. In place this is asked before anything is written, and where size
    // counts more always.
#if defined(__wasm__)
    const bool before = true;
#else
    const bool before = keep || x == y;
#endif
    bool open = false;
    const auto decides = [&] {
      if constexpr (X::is_decided)
        if (open) entries.decide(y, length);
      return open;
    };
    const auto look = [&](size_t j, size_t end) {
      if constexpr (X::is_decided) open = open || entries.leaves_open(e + (j & places), end - j, share_of);
    };
    if (X::is_decided && before) {
      for_each_tile([&](size_t j, size_t end) {
        if (!keep) exponentials(j, end);
        look(j, end);
      });
      if (decides()) return true;
    }
    for_each_tile([&](size_t j, size_t end) {
      if (!keep) {
        exponentials(j, end);
        if (!before) look(j, end);
      }
      if (small) return fill_small(e + (j & places), y + j, end - j, stream, share_of);
      fill_row<T>(y + j, end - j, stream, [=](size_t k, size_t n) { return share_of(kept_at(j + k, n)); });
    });
    if (!before) decides();
    return true;
  }
  if constexpr (!__is_same(G, decltype(nullptr))) {
    const auto shares = [&](size_t j, size_t end) {
      if (!keep) entries.compute(j, end - j, e, share_of);
    };
    if (keep) compute(e, e, length, share_of);
    const auto gradient = [=](size_t j, size_t n) { return entries.gradient(g, j, n); };
    const auto fill = [&](auto f) {
      for_each_tile([&](size_t j, size_t end) {
        shares(j, end);
        fill_row<T>(y + j, end - j, stream, [=](size_t k, size_t n) {
          return entries.result(f(kept_at(j + k, n), gradient(j + k, n)), j + k, n);
        });
      });
    };
    if (what == slope_of::logs) {
      const vec<T> sum = sum_of(length, nothing, gradient);
      fill([=](vec<T> s, vec<T> g) { return fma(-s, sum, g); });
    } else {
      const vec<T> mean = T(value_of(
          sum_row<T, false>(length, shares, [=](size_t j, size_t n) { return kept_at(j, n) * gradient(j, n); })));
      if constexpr (X::is_decided) {
        if (what == slope_of::shares_closely && entries.has_near(g, length, mean.v[0])) {
          gradient_near_mean(entries, share_of, e, g, y, length, middle_of(mean.v[0]));
          return true;
        }
      }
      fill([=](vec<T> s, vec<T> g) { return s * (g - mean); });
    }
  }
  return true;
}

// The largest entry of a row, as what makes exponentials of it sees it, and what makes them of a row of that maximum.
template <class T, class E> T maximum_for(const usual_exp<T> &, const E *x, size_t length) {
  return row_maximum<T>(x, length);
}
template <class T> auto exp_for(const usual_exp<T> &, vec<T> m, bool moderate = false) {
  return scaled_exp<T>(m, moderate);
}
// Looks at n entries of rows that get a power of their own.
template <class T, class E> void see_apart(const usual_exp<T> &, const E *, size_t) {}
// Whether that is so; else it writes the shares themselves.
template <class T, class E> bool leaves_to_exp(const usual_exp<T> &, T, const E *, T *, size_t) { return true; }

template <class T, class E, class Exp, class G>
SELDOM void unusual_row(const Exp &tried, kept_row<T> &kept, G g, const E *x, E *y, size_t length, bool stream,
                        slope_of what = slope_of::shares) {
#if defined(__wasm__) // Where size counts more, by what is exact anyhow.
  if constexpr (is_decided<T, E> && __is_same(G, decltype(nullptr)))
    return nonlin::correctly_rounded_shares({x, 1}, y, length);
#endif
  const auto exp_of = exp_for(tried, vec<T>(maximum_for<T>(tried, x, length)));
  softmax_row<T>(
      row_entries<T, E, decltype(exp_of)>{x, exp_of}, [](compensated<double>) { return true; }, kept, g, x, y, length,
      stream, what);
}
// With the power that the row before had.
template <class T, class E, class Exp, class G>
void softmax_row(Exp &exp_of, kept_row<T> &kept, G g, const E *x, E *y, size_t length, bool stream,
                 slope_of what = slope_of::shares) {
  double sum;
  const auto is_done = [&]() __attribute__((noinline)) {
    return softmax_row<T>(
        row_entries<T, E, Exp>{x, exp_of}, [&](compensated<double> total) { return is_usual<T>(sum = total.high); },
        kept, g, x, y, length, stream, what);
  };
  if (is_done()) return;
  if (exp_of.move(maximum_for<T>(exp_of, x, length), sum, length) && is_done()) return;
  unusual_row<T>(exp_of, kept, g, x, y, length, stream, what);
}

// A row of which all but y is known, written block by block while another one is added up: stores and reading of memory
// then cost little beside the arithmetic.
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
  // Adds terms beside which blocks are written.
  template <class S, class F>
  void write_beside(lane_sum<T, true> (&sums)[parts<T>], S &seen, size_t j, size_t end, F term) {
    const size_t left = (length - done) / block<T> * block<T>, both = left < end - j ? left : end - j;
    if (stream)
      add_many_blocks(sums, seen, j, j + both, term, block_of(j, [](E *y, vec<T> s) { store_past_cache(y, s); }));
    else
      add_many_blocks(sums, seen, j, j + both, term, block_of(j, [](E *y, vec<T> s) { store(y, s); }));
    done += both;
    add_many_blocks(sums, seen, j + both, end, term, nothing);
  }
  void finish() {
    constexpr size_t lanes = vec<T>::lanes;
    for (size_t j = done; j < length; j += lanes) {
      const vec<T> s = share_of(load<T>(e + j));
      if (length - j < lanes)
        store(y + j, s, length - j);
      else if (stream)
        store_past_cache(y + j, s);
      else
        store(y + j, s);
    }
    done = length;
  }

private:
  // Writes the block that comes with the terms from k on, if that which is next comes with those from j on.
  template <class F> auto block_of(size_t j, F put) const {
    return [e = e + done - j, y = y + done - j, share_of = share_of, put](size_t k) {
      for (size_t i = k; i < k + block<T>; i += vec<T>::lanes)
        put(y + i, share_of(load<T>(e + i)));
    };
  }
};

// entries_of(i, exp_of) gives row i as softmax_row reads it, unusual(i) computes it where one power for all does not
// serve, or where accepts(exp_of, total) does not. maximum_of(i) is that of the row.
constexpr auto any_row = [](auto...) { return true; };
template <class T, class E, class Exp, class X, class M, class F, class A = decltype(any_row)>
void softmax_long_rows(const Exp &first, kept_row<T> &kept, const E *x, E *y, size_t rows, size_t length, bool stream,
                       X entries_of, M maximum_of, F unusual, A accepts = any_row) {
  pending_row<T, E> before;
  // Where a row's kept exponentials leave a share open, computes all of them.
  const auto decides = [=](const auto &entries, const T *e, share<T> share_of, E *y) {
    if constexpr (decltype(entries_of(0, first))::is_decided) {
      if (!entries.leaves_open(e, length, share_of)) return false;
      entries.decide(y, length);
      return true;
    }
    return false;
  };
  Exp exp_of = first; // Seen by nothing else: read from memory for each row it would cost 20 ns with AVX2.
  if constexpr (__is_same(Exp, usual_exp<T>)) guess<T>(exp_of, x, length, length);
  for (size_t i = 0; i < rows; i++) {
    T *e = kept.of(x + i * length, i % 2);
    const auto kept_terms = [e](size_t j, size_t) { return load<T>(e + j); };
    seen_in<T> seen;
    const auto total_of = [&] {
      seen = {};
      const auto entries = entries_of(i, exp_of);
      auto &left = entries.left_to_see(seen);
      const compensated<double> total = sum_row<T, true>(
          length, [&](size_t j, size_t end) { entries.keep(j, end - j, e + j, seen); }, kept_terms, left,
          [&](auto &sums, size_t j, size_t end) { before.write_beside(sums, left, j, end, kept_terms); });
      before.finish();
      before = {};
      return total;
    };
    compensated<double> total = total_of();
    if (!is_usual<T>(total.high) && exp_of.move(maximum_of(i), total.high, length)) total = total_of();
    if (!is_usual<T>(total.high) || !accepts(exp_of, total.high))
      unusual(i);
    else if (has_small(seen, total.high, e, length))
      fill_small(e, y + i * length, length, stream, share_of_total<T>(total));
    else if (!decides(entries_of(i, exp_of), e, share_of_total<T>(total), y + i * length))
      before = {e, y + i * length, length, share_of_total<T>(total), stream};
  }
  before.finish();
}
template <class T, class E, class Exp>
void softmax_long_rows(const Exp &first, kept_row<T> &kept, const E *x, E *y, size_t rows, size_t length, bool stream) {
  const auto entries_of = [=](size_t i, const Exp &exp_of) { return row_entries<T, E, Exp>{x + i * length, exp_of}; };
  const auto maximum_of = [&](size_t i) { return maximum_for<T>(first, x + i * length, length); };
  softmax_long_rows<T>(first, kept, x, y, rows, length, stream, entries_of, maximum_of, [&](size_t i) {
    unusual_row<T>(first, kept, nullptr, x + i * length, y + i * length, length, stream);
  });
}

} // namespace
