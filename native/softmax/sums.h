// Sums over contiguous rows, in the order that shares.h gives them, and the maximum of one.
#pragma once

#include "softmax/shares.h"

namespace {

template <class T> vec<T> keep_first(vec<T> a, size_t n) {
  return n == vec<T>::lanes ? a : select(first_lanes<T>(n), a, vec<T>(T(0)));
}

// All lanes of a vector as one, in the first lane, by f of two vectors.
template <size_t width, class T, class F> vec<T> folded(vec<T> a, F f) {
  if constexpr (width == 0)
    return a;
  else
    return folded<width / 2>(f(a, rotate<width>(a, std::make_index_sequence<vec<T>::lanes>())), f);
}

template <class T> T largest_of(vec<T> a) {
  return folded<vec<T>::lanes / 2>(a, [](vec<T> a, vec<T> b) { return max(a, b); }).v[0];
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
  return largest_of(max(a, b));
}
// term(j, n) gives the elements j to j + n of a sum, n lanes at most; what it gives in lanes from n on does not count.

// The virtual lanes of a row no longer than a block, as far as a register holds them; of n elements each, or less.
template <size_t n, class T, bool total, class F> compensated<vec<double>> sum_few(size_t length, F term) {
  constexpr size_t lanes = vec<T>::lanes, kept = total ? n : 1;
  T terms[kept][step<T>];
  for (size_t p = 0; p < parts<T>; p++) {
    vec<T> t[4] = {T(0), T(0), T(0), T(0)};
    for (size_t i = 0; i < n; i++) {
      const size_t j = i * step<T> + p * lanes, left = j < length ? length - j : 0;
      if (left > 0) t[i] = left < lanes ? keep_first(term(j, left), left) : term(j, lanes);
    }
    if constexpr (!total && n > 1) t[0] = (t[0] + t[1]) + (t[2] + t[3]);
    for (size_t i = 0; i < kept; i++)
      store(&terms[i][p * lanes], t[i]);
  }
  return fold_lanes<T>([&](size_t l) { return add_few<kept>(&terms[0][l], step<T>); });
}
template <class T, bool total, class F> compensated<vec<double>> sum_short(size_t length, F term) {
  if (length <= step<T>) return sum_few<1, T, total>(length, term);
  if (length <= 2 * step<T>) return sum_few<2, T, total>(length, term);
  return sum_few<4, T, total>(length, term);
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

// How many elements are computed before they are added up. Two short loops keep a processor busier than a long one, of
// which it sees too few rounds at once: rows of 1000 take 0.49 and 0.54 ns per element (avx2 of a Zen 3).
template <class T> constexpr size_t tile = 8192 / sizeof(T);

// Adds the terms of whole blocks, from j to end, with beside(j) for each.
template <class T, bool total, class S, class F, class G>
void add_blocks(lane_sum<T, total> (&sums)[parts<T>], S &seen, size_t j, size_t end, F term, G beside) {
  lane_sum<T, total> s[parts<T>];
  S seen_here = seen;
  for (size_t p = 0; p < parts<T>; p++)
    s[p] = sums[p];
  for (; j < end; j += block<T>) {
    for (size_t p = 0; p < parts<T>; p++) {
      const size_t k = j + p * vec<T>::lanes;
      vec<T> t[4];
      for (size_t i = 0; i < 4; i++)
        t[i] = term(k + i * step<T>, vec<T>::lanes);
      s[p].add(t, seen_here);
    }
    beside(j);
  }
  for (size_t p = 0; p < parts<T>; p++)
    sums[p] = s[p];
  seen = seen_here;
}
// As a function of its own, so that compilers give its loop all registers.
template <class T, bool total, class S, class F, class G>
[[gnu::noinline, gnu::flatten]] void add_many_blocks(lane_sum<T, total> (&sums)[parts<T>], S &seen, size_t j,
                                                     size_t end, F term, G beside) {
  add_blocks(sums, seen, j, end, term, beside);
}
constexpr auto nothing = [](auto...) {};

// Sees the terms from j to end.
template <class T, class F>
[[gnu::noinline, gnu::flatten]] void see_all(smallest_of &seen, size_t j, size_t end, F term) {
  constexpr size_t lanes = vec<T>::lanes;
  smallest_of here = seen;
  for (; j < end; j += lanes)
    see(here, term(j, lanes), end - j < lanes ? end - j : lanes);
  seen = here;
}
template <class T> void see_all(nothing_of, size_t, size_t, auto) {}

// The virtual lanes of a chunk, the elements from start to end. prepare(j, end) comes before the terms from j to end,
// which add(sums, j, end) adds as far as they are whole blocks.
template <class T, bool total, class P, class F, class S, class A>
lane_sums<T, total, step<T>> lanes_of_chunk(size_t start, size_t end, P prepare, F term, S &seen, A add) {
  constexpr size_t lanes = vec<T>::lanes;
  static_assert(tile<T> % block<T> == 0);
  lane_sum<T, total> sums[parts<T>];
  for (size_t j = start; j < end;) {
    const size_t stop = end - j < tile<T> ? end : j + tile<T>;
    prepare(j, stop);
    const auto for_each_part = [&](auto f) {
      for (size_t p = 0; p < parts<T>; p++) {
        vec<T> t[4];
        for (size_t i = 0; i < 4; i++) {
          const size_t k = j + p * lanes + i * step<T>, left = k < stop ? stop - k : 0;
          t[i] = left < lanes ? left == 0 ? vec<T>(T(0)) : keep_first(term(k, left), left) : term(k, lanes);
        }
        f(sums[p], t);
      }
    };
    if (j == start && stop - j >= block<T>) {
      see_all<T>(seen, j, j + block<T>, term);
      for_each_part([](auto &sum, auto &t) { sum.begin(t); });
      j += block<T>;
    }
    const size_t whole = j + (stop - j) / block<T> * block<T>;
    add(sums, j, whole);
    j = whole;
    if (j < stop) for_each_part([](auto &sum, auto &t) { sum.add(t); });
    see_all<T>(seen, j, stop, term);
    j = stop;
  }
  lane_sums<T, total, step<T>> all;
  for (size_t p = 0; p < parts<T>; p++)
    all.put(p * lanes, sums[p]);
  return all;
}
// Their sum.
template <class T, bool total, class P, class F, class S, class A>
compensated<vec<double>> sum_chunk(size_t start, size_t end, P prepare, F term, S &seen, A add) {
  const auto all = lanes_of_chunk<T, total>(start, end, prepare, term, seen, add);
  return fold_lanes<T>([&](size_t l) { return all.in_double(l); });
}
template <class T, bool total, class P, class F, class S>
compensated<vec<double>> sum_chunk(size_t start, size_t end, P prepare, F term, S &seen) {
  return sum_chunk<T, total>(start, end, prepare, term, seen, [&](auto &sums, size_t j, size_t whole) {
    add_many_blocks(sums, seen, j, whole, term, nothing);
  });
}

// The sum over a row.
template <class T, bool total, class P, class F, class S, class... A>
compensated<double> sum_row(size_t length, P prepare, F term, S &seen, A... add) {
  if (length <= block<T>) {
    prepare(0, length);
    seen = S::any(); // So few are not worth it.
    return add_within<T>(sum_short<T, total>(length, term));
  }
  compensated<double> sum = {0, 0};
  for (size_t start = 0; start < length; start += chunk)
    join<T>(sum, add_within<T>(sum_chunk<T, total>(start, length - start < chunk ? length : start + chunk, prepare,
                                                   term, seen, add...)));
  return sum;
}
template <class T, bool total, class P, class F> compensated<double> sum_row(size_t length, P prepare, F term) {
  return sum_row<T, total>(length, prepare, term, unseen);
}

// The same as one number, of what is no total. Where size counts more, by one loop for all terms, which puts a tile of
// them into memory first.
#if defined(__wasm__)
[[gnu::noinline]] inline double sum_tiles(size_t length, const void *terms,
                                          void put(const void *terms, size_t j, size_t end, double *to)) {
  double memory[tile<double> + vec<double>::lanes];
  return value_of(sum_row<double, false>(
      length, [&](size_t j, size_t end) { put(terms, j, end, memory); },
      [&](size_t j, size_t) { return load<double>(memory + j % tile<double>); }));
}
template <class P, class F> double sum_of(size_t length, P prepare, F term) {
  const auto put = [=](size_t j, size_t end, double *to) {
    prepare(j, end);
    for (; j < end; j += vec<double>::lanes, to += vec<double>::lanes)
      store(to, term(j, end - j < vec<double>::lanes ? end - j : vec<double>::lanes));
  };
  return sum_tiles(length, &put, [](const void *terms, size_t j, size_t end, double *to) {
    (*static_cast<const decltype(put) *>(terms))(j, end, to);
  });
}
#else
template <class P, class F> double sum_of(size_t length, P prepare, F term) {
  return value_of(sum_row<double, false>(length, prepare, term));
}
#endif

} // namespace
