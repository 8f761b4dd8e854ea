// Softmax of rows of up to four blocks, many at a time: their exponentials as one array, so that no lane is left over,
// and their totals side by side in a register.
#pragma once

#include "softmax/columns.h"

namespace {

// Up to which length rows are done in batches: in float lanes, and of the gradient, as long as a group of them fits in
// one. ns per element of softmax of rows of 257 and 400 alone and so, AVX-512 on Zen 5: 0.230 and 0.175, 0.185 and
// 0.153, of its gradient of 129 and 192 0.93 and 0.68, 0.73 and 0.63; in double lanes of 192, with AVX2, 0.93 and 1.02.
template <class T> constexpr size_t short_row = (sizeof(T) == sizeof(float) ? 8 : 4) * block<T>;
#if defined(__wasm__) // 4.6 alone and 5.1 so, of 256.
template <class T> constexpr size_t short_row_with_gradient = 4 * block<T>;
#else
template <class T> constexpr size_t short_row_with_gradient = 8 * block<T>;
#endif
// Beyond this the sum of a logarithm is another one (logs/totals.h).
template <class T> constexpr size_t short_row_with_log = 4 * block<T>;
// Rows done at a time, at most, and their elements: 16 KiB, half of a first-level cache.
constexpr size_t batch_rows = 64;
template <class T> constexpr size_t batch = 16384 / sizeof(T);

// The sums of rows, up to a whole group of them side by side: term_of(i) gives those of row i. Of totals, whether all
// are usual.
template <class T, bool total, class F>
bool sum_rows(size_t count, size_t length, sum_list<T, batch_rows> &result, F term_of) {
  mask<double> usual = vec<double>(0.0) <= vec<double>(0.0);
  for (size_t i = 0; i < count; i += group) {
    compensated<vec<double>> sums[group];
    const size_t here = count - i < group ? count - i : group;
    if (length <= block<T>)
      for (size_t k = 0; k < here; k++)
        sums[k] = sum_short<T, total>(length, term_of(i + k));
    else
      for (size_t k = 0; k < here; k++)
        sums[k] =
            sum_chunk<T, total>(0, length, nothing, term_of(i + k), unseen, [&](auto &sums, size_t j, size_t end) {
              add_blocks(sums, unseen, j, end, term_of(i + k), nothing);
            });
    for (size_t k = here; k < group; k++)
      sums[k] = {vec<double>(usual_exp<T>::factor), vec<double>(0.0)};
    const compensated<vec<double>> sum = add_across<T>(sums);
    usual.m &= is_usual<T>(sum.high).m;
    result.put(i, sum);
  }
  return all_lanes(usual);
}

// The sums of rows of exponentials, as sum_rows gives them.
template <class T>
[[gnu::noinline, gnu::flatten]] bool sum_stored(const T *e, size_t count, size_t length,
                                                sum_list<T, batch_rows> &totals) {
  return sum_rows<T, true>(count, length, totals,
                           [=](size_t i) { return [=](size_t j, size_t) { return load<T>(e + i * length + j); }; });
}

// e[j] = the exponentials of n entries of rows, a usual number behind them; what is seen of them.
template <class T, class E, class Exp> seen_in<T> compute_rows(const Exp &exp_of, const E *x, T *e, size_t n) {
  return compute(x, e, n, exp_of, seen_in<T>());
}
// Whether they are computed with one power in any case.
template <class T> constexpr bool is_looked_at(const usual_exp<T> &) { return false; }
// What the maximum of a row is the largest of, and the exponentials by what suits it, of n lanes at most.
template <class T, class E> vec<T> logits_at(const usual_exp<T> &, const E *x, size_t n) { return load_some<T>(x, n); }
template <class T, class E, class F> vec<T> terms_at(const usual_exp<T> &, const F &exp_of, const E *x, size_t n) {
  return exp_of.above_floor(load_some<T>(x, n));
}

// Whether what was made of rows, of which these are the totals, are their exponentials.
template <class T, class Exp> bool are_exponentials(const Exp &, const sum_list<T, batch_rows> &, size_t, size_t) {
  return true;
}

// The exponentials of the rows that usual_exp does not suit, their totals, and which power each has; what is to be
// tried first from now on suits the largest of these, or if they are most, the smallest.
template <class T, class E, class Exp>
SELDOM void unusual_rows(const E *x, T *e, size_t count, size_t length, sum_list<T, batch_rows> &totals, Exp &first,
                         T *steps) {
  size_t small = 0;
  T above = -largest<T>, below = largest<T>;
  for (size_t i = 0; i < count; i++) {
    if (is_usual<T>(totals.high[i])) continue;
    const T maximum = maximum_for<T>(first, x + i * length, length);
    if (!(totals.high[i] > usual_exp<T>::least)) {
      small++;
      if (maximum < below) below = maximum;
    } else if (maximum > above) {
      above = maximum;
    }
    T *const row = e + i * length;
    see_apart(first, x + i * length, length);
    compensated<double> total = {1, 0}; // Where it has its shares already.
    if (leaves_to_exp(first, maximum, x + i * length, row, length)) {
      const auto exp_of = exp_for(first, vec<T>(maximum));
      if (steps != nullptr) steps[i] = exp_of.power.v[0];
      for (size_t j = 0; j < length; j += vec<T>::lanes) {
        const size_t n = length - j < vec<T>::lanes ? length - j : vec<T>::lanes;
        store_some(row + j, terms_at(first, exp_of, x + i * length + j, n), n);
      }
      sum_list<T, batch_rows> one;
      sum_stored<T>(row, 1, length, one);
      total = {one.high[0], sizeof(T) == sizeof(double) ? one.low[0] : 0};
    }
    totals.high[i] = total.high;
    if (sizeof(T) == sizeof(double)) totals.low[i] = total.low;
  }
  if (above > -largest<T>)
    first.move(above, usual_exp<T>::most, length);
  else if (2 * small > count)
    first.move(below, 0, length);
}

// to[j] = f(i)(j) for the elements j of each row i. Past its end a row may write what the next one will.
template <class T, class F> void fill_rows(T *to, size_t count, size_t length, F f) {
  for (size_t i = 0; i < count; i++) {
    const auto of_row = f(i);
    for (size_t j = i * length, end = j + length; j < end; j += vec<T>::lanes)
      store(to + j, of_row(j));
  }
}

#if !defined(__wasm__) // Where size counts more.
// The maximum of each row, with `memory` for their entries: of few lanes in each from all places at once, each with
// those behind it, twice as many each time.
template <class T, class E, class Exp>
void maxima_of_rows(const Exp &first, const E *x, T *memory, size_t count, size_t length, T *maxima) {
  constexpr size_t lanes = vec<T>::lanes;
  // A row alone takes longer where its entries are not what counts.
  if (length >= (__is_same(Exp, usual_exp<T>) ? lanes : 2 * lanes)) {
    for (size_t i = 0; i < count; i++)
      maxima[i] = maximum_for<T>(first, x + i * length, length);
    return;
  }
  const size_t n = count * length;
  const vec<T> lowest = -T(__builtin_inf());
  for (size_t j = 0; j < n; j += lanes) // Of NaN the lowest.
    store(memory + j, max(lowest, logits_at<T>(first, x + j, n - j < lanes ? n - j : lanes)));
  store(memory + n, lowest);
  store(memory + n + lanes, lowest);
  for (size_t width = 1, more; width < length; width += more) {
    more = length - width < width ? length - width : width;
    for (size_t j = 0; j < n; j += lanes)
      store(memory + j, max(load<T>(memory + j), load<T>(memory + j + more)));
  }
  for (size_t i = 0; i < count; i++)
    maxima[i] = memory[i * length];
}

// The exponentials of n entries, each in the place of its row's maximum; what is seen of them.
template <bool moderate, class T, class E, class Exp>
seen_in<T> compute_by_maxima(const Exp &first, const E *x, T *e, size_t n) {
  constexpr size_t lanes = vec<T>::lanes;
  const auto terms = [&](size_t j, size_t n) {
    return terms_at(first, exp_for(first, load<T>(e + j), moderate), x + j, n);
  };
  const vec<T> usual = usual_exp<T>::factor;
  seen_in<T> seen;
  size_t j = 0;
  for (; j + lanes <= n; j += lanes)
    store(e + j, see_some(seen, terms(j, lanes)));
  if (j < n) store(e + j, see_some(seen, select(first_lanes<T>(n - j), terms(j, n - j), usual)));
  store(e + n, usual); // As compute.
  return seen;
}
// As compute_rows, each row with a power of its own, in little more time than with one for all; and the maxima. What is
// to be tried first from now on suits the largest of them, unless it does not suit the smallest.
template <class T, class E, class Exp>
[[gnu::noinline, gnu::flatten]] seen_in<T> compute_apart(Exp &first, const E *x, T *e, size_t count, size_t length,
                                                         T *maxima, T *steps, bool &far_apart) {
  constexpr size_t lanes = vec<T>::lanes;
  maxima_of_rows(first, x, e, count, length, maxima);
  for (size_t i = count; i % lanes != 0; i++)
    maxima[i] = maxima[0];
  vec<T> most = load<T>(maxima), least = most;
  for (size_t i = lanes; i < count; i += lanes) {
    most = max(most, load<T>(maxima + i));
    least = min(least, load<T>(maxima + i));
  }
  const T top = folded<lanes / 2>(most, [](vec<T> a, vec<T> b) { return max(a, b); }).v[0];
  const T bottom = folded<lanes / 2>(least, [](vec<T> a, vec<T> b) { return min(a, b); }).v[0];
  for (size_t i = 0; steps != nullptr && i < count; i += lanes)
    store(steps + i, exp_for(first, load<T>(maxima + i)).power);
  far_apart = !(first.move(top, usual_exp<T>::most, length) && first.reaches(bottom));

  fill_rows(e, count, length, [&](size_t i) { return [m = vec<T>(maxima[i])](size_t) { return m; }; });
  const size_t n = count * length;
  return -large<T> <= bottom && top <= large<T> ? compute_by_maxima<true>(first, x, e, n)
                                                : compute_by_maxima<false>(first, x, e, n);
}
// Whether all those are exponentials. Of the others there are shares.
template <class T, class E, class Exp>
bool leaves_rows_to_exp(const Exp &first, const E *x, T *e, size_t count, size_t length, const T *maxima,
                        sum_list<T, batch_rows> &totals) {
  see_apart(first, x, count * length);
  bool all = true;
  for (size_t i = 0; i < count; i++) {
    if (leaves_to_exp(first, maxima[i], x + i * length, e + i * length, length)) continue;
    totals.high[i] = 1;
    if (sizeof(T) == sizeof(double)) totals.low[i] = 0;
    all = false;
  }
  return all;
}
// Whether no more rows are unusual than are soonest done alone: one takes some 100 ns, 64 rows
// of 10 in a batch 600 (`npm run bench -- --function softmax:10 --input uniform:-100:100`, Xeon).
template <class T> bool few_unusual(const sum_list<T, batch_rows> &totals, size_t count) {
  size_t some = 0;
  for (size_t i = 0; i < count; i++)
    some += !is_usual<T>(totals.high[i]);
  return some <= count / 16;
}
#endif

// How many rows are done at a time.
template <class T> size_t rows_of_batch(size_t length) {
  const size_t fit = batch<T> / length / group * group;
  return fit < batch_rows ? fit : batch_rows;
}
// The exponentials of `count` rows at x, what is seen of them, their totals, and where it is asked for the power of two
// of each. `far_apart`: whether the rows before these were so that one power for all need not be tried.
template <class T, class E, class Exp>
[[gnu::noinline, gnu::flatten]] seen_in<T> exponentials_of_rows(Exp &exp_of, const E *x, T *e, size_t count,
                                                                size_t length, sum_list<T, batch_rows> &totals,
                                                                [[maybe_unused]] bool &far_apart, T *steps = nullptr) {
#if defined(__wasm__) // Where size counts more.
  const seen_in<T> seen = compute_rows(exp_of, x, e, count * length);
  for (size_t i = 0; steps != nullptr && i < count; i++)
    steps[i] = exp_of.steps.v[0];
  if (sum_stored<T>(e, count, length, totals)) return seen;
#else
  // What is looked at costs a try of all anyway, which serves many of the longer rows: ns per element of rows of 10
  // under a mask of floats where it is tried for all 1.2, for none 1.5; of 5, 2.7 and 2.1 (`npm run bench -- --function
  // softmax:10:added,softmax:5:added --input uniform:-100:100`, AVX-512 of a Xeon).
  bool apart = far_apart && !(is_looked_at(exp_of) && length >= 8), again = false;
  T maxima[batch_rows];
  for (;; again = true) {
    seen_in<T> seen;
    if (!apart || (is_looked_at(exp_of) && !again)) {
      seen = compute_rows(exp_of, x, e, count * length);
      for (size_t i = 0; steps != nullptr && i < count; i++)
        steps[i] = exp_of.steps.v[0];
    }
    if (apart) seen = compute_apart(exp_of, x, e, count, length, maxima, steps, far_apart);
    const bool usual = sum_stored<T>(e, count, length, totals);
    if (apart) {
      if (!usual) far_apart = true; // As of NaN, which no power suits.
      return leaves_rows_to_exp(exp_of, x, e, count, length, maxima, totals) ? seen : seen_in<T>::any();
    }
    if (usual) return seen;
    apart = !few_unusual(totals, count);
    if (!apart) break;
  }
#endif
  unusual_rows<T>(x, e, count, length, totals, exp_of, steps);
  return seen_in<T>::any();
}

// The shares of `count` rows of exponentials.
template <class T, class E, class F> void fill_shares(const T *e, E *y, size_t count, size_t length, F share_of) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t n = count * length;
  for (size_t i = 0; i < count; i++) {
    const auto share = share_of(i);
    const size_t end = (i + 1) * length;
    // Past its end a row may write what the next one will.
    for (size_t j = i * length; j < end; j += lanes) {
      if (j + lanes <= n)
        store(y + j, share(load<T>(e + j)));
      else
        store(y + j, share(load<T>(e + j)), end - j < lanes ? end - j : lanes);
    }
  }
}
template <class E>
[[gnu::noinline, gnu::flatten]] void fill_small_rows(const float *e, E *y, size_t count, size_t length,
                                                     const shares<float, batch_rows> &share_of) {
  fill_shares(e, y, count, length, [&](size_t i) { return small_share(share_of.of(i)); });
}
template <class E> void fill_small_rows(const double *, E *, size_t, size_t, const shares<double, batch_rows> &) {}

// As leaves_open, of rows.
[[gnu::noinline, gnu::flatten]] inline bool rows_leave_open(const double *e, size_t count, size_t length,
                                                            const shares<double, batch_rows> &share_of,
                                                            double part = part_of_share) {
  // Calls see(shares) for all registers of them; past its end a row has some of the next one.
  const auto for_each_share = [=, &share_of](auto see) {
    for (size_t i = 0; i < count; i++) {
      const share<double> share = share_of.of(i);
      for (size_t j = i * length, end = j + length; j < end; j += vec<double>::lanes)
        see(share(load<double>(e + j)));
    }
  };
#if !defined(__wasm__) // Where size counts more.
  if (part <= part_of_share) {
    doubts<share_error> seen;
    for_each_share([&](vec<double> s) { seen.see(s); });
    if (!seen.any()) [[likely]]
      return false;
  }
#endif
  unsigned open = 0;
  for_each_share([&](vec<double> s) { open |= open_lanes(s, s * part); });
  return open != 0;
}
inline bool rows_leave_open(const float *, size_t, size_t, const shares<float, batch_rows> &) { return false; }
// The shares of such rows, those of a row that leaves none open from its exponentials. NaN stays that.
template <class T, class E>
SELDOM void decide_rows(const T *e, const E *x, E *y, size_t count, size_t length,
                        [[maybe_unused]] const shares<T, batch_rows> &share_of) {
  if constexpr (is_decided<T, E>)
    for (size_t i = 0; i < count; i++, e += length, x += length, y += length) {
#if !defined(__wasm__) // Where size counts more.
      const share<double> share = share_of.of(i);
      if (!leaves_open(e, length, share)) {
        fill_row<double>(y, length, false, [=](size_t j, size_t n) { return share(load_some<double>(e + j, n)); });
        continue;
      }
#endif
      nonlin::correctly_rounded_shares({x, 1}, y, length);
    }
}

// Computes rows up to those of which it has not got the exponentials; whether there are none.
template <class T, class E, class Exp>
bool softmax_short_rows(Exp &exp_of, const E *x, E *y, size_t rows, size_t length) {
  constexpr size_t lanes = vec<T>::lanes;
  alignas(64) T memory[batch<T> + page_bytes / sizeof(T) + lanes];
  const size_t most = rows_of_batch<T>(length);
  bool far_apart = false;
  for (size_t first = 0; first < rows; first += most) {
    const size_t count = rows - first < most ? rows - first : most;
    E *to = y + first * length;
    T *const e = place_for(x + first * length, memory);
    sum_list<T, batch_rows> totals;
    const seen_in<T> seen = exponentials_of_rows(exp_of, x + first * length, e, count, length, totals, far_apart);
    if (!are_exponentials(exp_of, totals, count, length)) return false;
    const shares<T, batch_rows> share_of(totals, count);
    if (is_decided<T, E> && rows_leave_open(e, count, length, share_of))
      decide_rows(e, x + first * length, to, count, length, share_of);
    else if (has_small(seen, row_maximum<double>(totals.high, count), e, count * length))
      fill_small_rows(e, to, count, length, share_of);
    else
      fill_shares(e, to, count, length, [&](size_t i) { return share_of.of(i); });
  }
  return true;
}

} // namespace
