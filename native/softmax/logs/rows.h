// The parts of rows (parts.h): exponentials, totals and rests (totals.h) of some rows at a time.
#pragma once

#include "softmax/logs/totals.h"

#include <atomic>

namespace {

// e^x of some vectors, kept at t and e, with `top` the largest of x and before. That tells the caller whether one was
// above the ceiling, for which x is not held against it one by one.
template <class T, class E, class F, size_t n>
inline void compute_some(const E *x, T *e, const F &exp_of, vec<T> &top, vec<T> (&t)[n]) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t i = 0; i < n * lanes; i += 64 / sizeof(E))
    __builtin_prefetch(x + i + ahead);
  for (size_t i = 0; i < n; i++) {
    t[i] = load<T>(x + i * lanes);
    top = max(top, t[i]); // Keeps its own where x is NaN.
  }
  for (size_t i = 0; i < n; i++)
    t[i] = exp_of.below_ceiling(t[i]);
  for (size_t i = 0; i < n; i++)
    store(e + i * lanes, t[i]);
}
// As compute, several vectors at a time. In WebAssembly, which is optimized for size, one: logSumExp of rows of 1000
// takes 2.4 ns per element with four, and 1.7.
#if defined(__wasm__)
constexpr size_t exponentials_at_once = 1;
#else
constexpr size_t exponentials_at_once = 4;
#endif
template <class T, class E, class F>
[[gnu::noinline, gnu::flatten]] void compute_and_compare(const E *x, T *e, size_t n, F exp_of, vec<T> &most) {
  constexpr size_t lanes = vec<T>::lanes, several = exponentials_at_once;
  vec<T> top = most;
  size_t j = 0;
  for (; j + several * lanes <= n; j += several * lanes) {
    vec<T> t[several];
    compute_some(x + j, e + j, exp_of, top, t);
  }
  for (; several > 1 && j + lanes <= n; j += lanes) {
    vec<T> t[1];
    compute_some(x + j, e + j, exp_of, top, t);
  }
  if (j < n) {
    const vec<T> a = load<T>(x + j, n - j);
    top = max(top, select(first_lanes<T>(n - j), a, top));
    store(e + j, exp_of.below_ceiling(a));
  }
  most = top;
}
// The same, each block added to a sum at once, where it is four registers. ns per element of logSumExp of rows of 32000
// in two loops and in one: 0.20 and 0.17 (`npm run bench -- --turns --size 262144 --function logSumExp:32000`, Zen 4).
template <class T> constexpr bool adds_at_once = block<T> == 4 * vec<T>::lanes;
template <class T, class E, class F>
[[gnu::noinline, gnu::flatten]] void compute_and_add(lane_sum<T, false> &all, const E *x, T *e, size_t n, F exp_of,
                                                     vec<T> &most) {
  constexpr size_t lanes = vec<T>::lanes;
  lane_sum<T, false> sum = all;
  vec<T> top = most, t[4];
  size_t j = 0;
  for (; j + block<T> <= n; j += block<T>) {
    compute_some(x + j, e + j, exp_of, top, t);
    sum.add(t);
  }
  if (j < n) {
    for (size_t i = 0; i < 4; i++) {
      const size_t k = j + i * lanes, left = n > k ? n - k < lanes ? n - k : lanes : 0;
      const vec<T> a = load<T>(x + k, left);
      top = max(top, select(first_lanes<T>(left), a, top));
      t[i] = keep_first(exp_of.below_ceiling(a), left);
      store(e + k, t[i]);
    }
    sum.add(t);
  }
  all = sum;
  most = top;
}

constexpr size_t long_rows_at_once = 8;

#if !defined(__wasm__)
// How many rows of more than a chunk in turn had a rest that their total did not tell, be it in other calls, as far as
// it counts: from then on the next one's is added up at once, which costs it another pass where it has none.
constexpr uint8_t many_rests = 3;
std::atomic<uint8_t> longest_rests = 0;
#endif

// The parts of rows in turn, and with which power of two the next ones are tried.
template <class T> struct logs_of_rows {
  kept_row<T> &kept = kept_here<kept_row<T>>();
  usual_exp<T> exp_of;
  const bool as_floats; // What becomes of the logarithms.
  bool far_apart = false, had_rests = false, mostly_rests = false;

  template <class E> logs_of_rows(const E *first, size_t length, bool as_floats) : as_floats(as_floats) {
    if (length > short_row_with_log<T>) guess<T>(exp_of, first, length, length);
  }

  // Long rows that are `read_again` after this are to be still near, but one's end waits for its logarithm. ns per
  // element of logSoftmax of rows of 1000, eight, four and two at a time, `npm run bench -- --turns --size 262144
  // --function logSoftmax:1000` on a Zen 5: 0.162, 0.150 and 0.165; eight and two on a Xeon: 0.292 and 0.270.
  static size_t rows_at_once(size_t length, bool read_again) {
    if (length < total_from<T>) return rows_of_logs<T>(length);
    if (length <= short_row_with_log<T>) return rows_of_batch<T>(length);
    const size_t fit = (read_again ? batch<T> : 2 * batch<T>) / length;
    return fit < 1 ? 1 : fit < long_rows_at_once ? fit : long_rows_at_once;
  }
  template <class E> void operator()(const E *x, size_t count, size_t length, double *maxima, double *logs) {
    if (length < few<T>) return log_parts_of_few<T>(x, count, length, maxima, logs);
    if constexpr (sizeof(T) == sizeof(double)) return log_parts_of_rows<T>(x, count, length, maxima, logs);
    if constexpr (sizeof(T) == sizeof(float)) {
      if (length <= short_row_with_log<T>)
        short_rows(x, count, length, maxima, logs);
      else if (length <= chunk)
        long_rows(x, count, length, maxima, logs);
      else
        longest_row(x, length, *maxima, *logs);
    }
  }

private:
  static bool are_most(size_t some, size_t count) { return 8 * some > 7 * count; }

  template <class E>
  [[gnu::noinline, gnu::flatten]] void short_rows(const E *x, size_t count, size_t length, double *maxima,
                                                  double *logs) {
    T *const e = kept.of(x);
    T tops[batch_rows] = {}, steps[batch_rows] = {};
    for (size_t i = 0; i < count; i++)
      tops[i] = row_maximum<T>(x + i * length, length);
    sum_list<T, batch_rows> totals;
#if !defined(__wasm__) // Where size counts more.
    rests_of_rows rests;
    if (had_rests && !far_apart && (parts_lanes<T>(length) || mostly_rests)) {
      compute_rows(exp_of, x, e, count * length);
      for (size_t i = 0; i < count; i++)
        steps[i] = exp_of.steps.v[0];
      if (!parts_lanes<T>(length)) {
        if (rests_first(x, e, count, length, tops, steps, maxima, logs)) return;
      } else if (add_up_with_rests(e, count, length, tops, totals, rests)) {
        return logs_of_totals(x, e, length, count, length, totals, tops, steps, maxima, logs, &rests);
      }
    }
#endif
    exponentials_of_rows(exp_of, x, e, count, length, totals, far_apart, steps);
    logs_of_totals(x, e, length, count, length, totals, tops, steps, maxima, logs);
  }
#if !defined(__wasm__)
  // The logarithms of rows no longer than a block from what they have below their maxima, and from their totals where
  // that is much; false where a total is not surely usual.
  template <class E>
  bool rests_first(const E *x, const T *e, size_t count, size_t length, const T *tops, const T *steps, double *maxima,
                   double *logs) {
    constexpr size_t doubles = vec<double>::lanes;
    rests_of_rows rests;
    T of_maxima[batch_rows];
    for (size_t i = 0; i < count; i += vec<T>::lanes)
      store(of_maxima + i, exp_times_power(load<T>(tops + i), exp_of.steps));
    for (size_t i = 0; i < count; i += group) {
      compensated<vec<double>> sums[group];
      for (size_t k = 0; k < group; k++) {
        sums[k] = {0.0, 0.0};
        if (i + k < count)
          sums[k] = below_top(x + (i + k) * length, e + (i + k) * length, length, tops[i + k], rests.counts[i + k]);
      }
      store(rests.below + i, add_across<T>(sums).high);
    }
    mask<double> usual = vec<double>(0.0) <= vec<double>(0.0);
    for (size_t i = 0; i < count; i += doubles) {
      const vec<double> m = load<double>(tops + i),
                        total = load<double>(rests.below + i) +
                                load<double>(rests.counts + i) * load<double>(of_maxima + i);
      const mask<double> there = first_lanes<double>(count - i < doubles ? count - i : doubles);
      const mask<double> here = {(total > 2 * usual_exp<T>::least).m & (total < usual_exp<T>::most / 2).m &
                                 (abs(m) < double(far_from_large<T>)).m};
      usual.m &= here.m | ~there.m;
      store(logs + i, log1p_rest(load<double>(rests.below + i), tops + i, steps + i, load<double>(rests.counts + i)));
    }
    if (!all_lanes(usual)) return false;
    size_t large = 0;
    for (size_t i = 0; i < count; i++)
      large += logs[i] > total_serves - total_margin;
    mostly_rests = are_most(count - large, count);
    for (size_t i = 0; i < count; i++) {
      maxima[i] = tops[i];
      if (!(logs[i] > total_serves - total_margin)) {
        if (!is_whole(logs[i], rests.below[i], of_maxima[i], length, as_floats))
          logs[i] = log_of_row(x + i * length, length, tops[i]);
        continue;
      }
      const T *const row = e + i * length;
      const double total =
          add_within<T>(sum_short<T, true>(length, [=](size_t j, size_t) { return load<T>(row + j); })).high;
      const double log = log_of_total(total, maxima[i], steps[i]).v[0];
      if (log > total_serves) logs[i] = log;
    }
    return true;
  }
  // The totals of rows of exponentials and their rests, from the same lanes; whether all totals are usual.
  bool add_up_with_rests(const T *e, size_t count, size_t length, const T *tops, sum_list<T, batch_rows> &totals,
                         rests_of_rows &rests) const {
    mask<double> usual = vec<double>(0.0) <= vec<double>(0.0);
    T of_maxima[batch_rows];
    for (size_t i = 0; i < count; i += vec<T>::lanes)
      store(of_maxima + i, exp_times_power(load<T>(tops + i), exp_of.steps));
    for (size_t i = 0; i < count; i += group) {
      compensated<vec<double>> sums[group], below[group], counts[group];
      const size_t here = count - i < group ? count - i : group;
      for (size_t k = 0; k < here; k++) {
        const auto term = [e = e + (i + k) * length](size_t j, size_t) { return load<T>(e + j); };
        const auto add = [&](auto &sums, size_t j, size_t end) { add_blocks(sums, unseen, j, end, term, nothing); };
        const auto lanes = lanes_of_chunk<T, true>(0, length, nothing, term, unseen, add);
        vec<double> count = 0.0;
        sums[k] = fold_lanes<T>([&](size_t l) { return lanes.in_double(l); });
        below[k] = fold_lanes<T>([&](size_t l) { return lanes.below(l, of_maxima[i + k], count); });
        counts[k] = {count, 0.0};
      }
      for (size_t k = here; k < group; k++) {
        sums[k] = {vec<double>(usual_exp<T>::factor), vec<double>(0.0)};
        below[k] = counts[k] = {0.0, 0.0};
      }
      const compensated<vec<double>> sum = add_across<T>(sums);
      usual.m &= is_usual<T>(sum.high).m;
      totals.put(i, sum);
      store(rests.below + i, add_across<T>(below).high);
      store(rests.counts + i, add_across<T>(counts).high);
    }
    return all_lanes(usual);
  }
#endif

  // From where on a tile's exponentials lie, of a row of which none but those of a tile are kept at a time.
  static size_t place_of(size_t j, size_t length) { return length <= chunk ? j : j & (tile<T> - 1); }
  // The sum of a row's exponentials, or of a chunk of them, up to the last levels of the tree; zeros behind them make
  // its blocks whole. `top` becomes the maximum of what it was and of what was read.
  template <class E>
  compensated<vec<double>> add_up(const E *x, T *e, size_t start, size_t end, size_t length, vec<T> &top) const {
    if constexpr (adds_at_once<T>) {
      lane_sum<T, false> sum;
      for (size_t j = start; j < end; j += tile<T>)
        compute_and_add(sum, x + j, e + place_of(j, length), end - j < tile<T> ? end - j : tile<T>, exp_of, top);
      lane_sums<T, false, step<T>> all;
      all.put(0, sum);
      return fold_lanes<T>([&](size_t l) { return all.in_double(l); });
    } else {
      const size_t whole = (end + block<T> - 1) / block<T> * block<T>;
      const auto exponentials = [&](size_t j, size_t stop) {
        T *const to = e + place_of(j, length);
        compute_and_compare(x + j, to, (stop < end ? stop : end) - j, exp_of, top);
        for (size_t k = end; k < stop; k += vec<T>::lanes)
          store(to + (k - j), vec<T>(T(0)));
      };
      const auto kept_at = [=](size_t j, size_t) { return load<T>(e + place_of(j, length)); };
      return sum_chunk<T, false>(start, whole, exponentials, kept_at, unseen);
    }
  }
  // Whether a total is that of a row, whose maximum is `top`.
  static bool suits(const usual_exp<T> &exp_of, T top, double total) {
    return top <= exp_of.ceiling.v[0] && is_usual<T>(total);
  }
  // The total of a row that usual_exp does not suit, or has more than a chunk.
  template <class E> SELDOM double total_of(const E *x, T *e, size_t length, T &top) {
    return total_of_chunks(x, length, top, [&](size_t start, size_t end, vec<T> &most) {
      return add_within<T>(add_up(x, e, start, end, length, most)).high;
    });
  }
  // The same of what add(start, end, most) gives of each chunk, anew where it takes another power of two; that is seen
  // at once of one that is too large.
  template <class E, class A> double total_of_chunks(const E *x, size_t length, T &top, A add) {
    double total;
    bool moved = false;
    do {
      vec<T> most = -T(__builtin_inf());
      bool above = false;
      total = 0;
      for (size_t start = 0; start < length && !above; start += chunk) {
        total += add(start, length - start < chunk ? length : start + chunk, most);
        above = any_greater(most, exp_of.ceiling);
      }
      T tops[vec<T>::lanes];
      store(tops, most);
      top = above ? row_maximum<T>(x, length) : row_maximum<T>(tops, vec<T>::lanes);
      if (above || total != total) total = __builtin_inf();
    } while (!is_usual<T>(total) && !moved && (moved = exp_of.move(top, total, length)));
    return total;
  }
  // Sums and maxima of rows are each folded together. ns per element of logSumExp of rows of 1000, one by one and eight
  // at a time, `npm run bench -- --turns --size 262144 --function logSumExp:1000` on a Xeon: 0.196 and 0.185.
  template <class E>
  [[gnu::noinline, gnu::flatten]] void long_rows(const E *x, size_t count, size_t length, double *maxima,
                                                 double *logs) {
    // As far as the last vector of zeros may reach behind a row.
    const size_t apart = (length + block<T> - 1) / block<T> * block<T> + vec<T>::lanes;
    T *const e = kept.of(x);
    T tops[long_rows_at_once] = {}, steps[long_rows_at_once] = {}, most[long_rows_at_once][vec<T>::lanes];
    compensated<vec<double>> sums[long_rows_at_once];
    for (size_t i = 0; i < count; i++) {
      vec<T> top = -T(__builtin_inf());
      sums[i] = add_up(x + i * length, e + i * apart, 0, length, length, top);
      store(most[i], top);
      steps[i] = exp_of.steps.v[0];
    }
    for (size_t i = count; i < long_rows_at_once; i++)
      sums[i] = {vec<double>(usual_exp<T>::factor), vec<double>(0.0)};
    sum_list<T, long_rows_at_once> totals;
    for (size_t i = 0; i < long_rows_at_once; i += group)
      totals.put(i, add_across<T>(reinterpret_cast<compensated<vec<double>>(&)[group]>(sums[i])));
    const usual_exp<T> tried = exp_of;
    for (size_t i = 0; i < count; i++) {
      tops[i] = row_maximum<T>(most[i], vec<T>::lanes);
      if (suits(tried, tops[i], totals.high[i])) continue;
      totals.high[i] = total_of(x + i * length, e + i * apart, length, tops[i]);
      steps[i] = exp_of.steps.v[0];
    }
    logs_of_totals(x, e, apart, count, length, totals, tops, steps, maxima, logs);
  }
  // A row of more than a chunk, of which there are no exponentials to come back to.
  template <class E>
  [[gnu::noinline, gnu::flatten]] void longest_row(const E *x, size_t length, double &maximum, double &log) {
#if !defined(__wasm__) // Where size counts more.
    const uint8_t rests = longest_rests.load(std::memory_order_relaxed);
    if (rests == many_rests && rest_at_once(x, length, maximum, log)) return;
#endif
    T top;
    const double total = total_of(x, kept.of(x), length, top);
    maximum = top;
    log = has_total(top, total) ? log_of_total(total, maximum, exp_of.steps.v[0]).v[0] : no_total;
#if !defined(__wasm__)
    longest_rests.store(log > total_serves ? 0 : rests < many_rests ? rests + 1 : rests, std::memory_order_relaxed);
#endif
    if (log > total_serves) return;
#if !defined(__wasm__)
    if (log != no_total) log = log_of_rest(x, length, top);
    if (log != no_total) return;
#endif
    log = log_of_row(x, length, top);
  }
#if !defined(__wasm__)
  // As logs_of_rests, from exponentials that are computed again.
  template <class E> [[gnu::noinline, gnu::flatten]] double log_of_rest(const E *x, size_t length, T top) const {
    const auto term = [=, exp_of = exp_of](size_t j, size_t n) { return exp_of.below_ceiling(load_some<T>(x + j, n)); };
    const T of_maximum = exp_times_power(vec<T>(top), exp_of.steps).v[0];
    return log_of_rest(rest_of_row<T>(length, term, of_maximum), length, top, of_maximum);
  }
  double log_of_rest(rest_of_slice rest, size_t length, T top, T of_maximum) const {
    T tops[vec<double>::lanes], steps[vec<double>::lanes];
    for (size_t i = 0; i < vec<double>::lanes; i++)
      tops[i] = top, steps[i] = exp_of.steps.v[0];
    const double told = log1p_rest(vec<double>(rest.below), tops, steps, vec<double>(rest.count)).v[0];
    return is_whole(told, rest.below, of_maximum, length, as_floats) ? told : no_total;
  }
  // The same in one pass, from the lanes of each chunk; false where the row has no rest, or no such total. ns per
  // element of logSumExp of rows of 50257 with a peak of 60 in two passes 0.156, in one 0.117, without a peak 0.092
  // (AVX-512, Zen 5).
  template <class E>
  [[gnu::noinline, gnu::flatten]] bool rest_at_once(const E *x, size_t length, double &maximum, double &log) {
    constexpr size_t most_chunks = 64;
    const size_t chunks = (length + chunk - 1) / chunk;
    if (chunks > most_chunks) return false;
    T *const e = kept.of(x);
    T m;
    lane_sums<T, true, step<T>> lanes[most_chunks];
    const auto kept_at = [=](size_t j, size_t) { return load<T>(e + (j & (tile<T> - 1))); };
    const double total = total_of_chunks(x, length, m, [&](size_t start, size_t end, vec<T> &top) {
      auto &here = lanes[start / chunk];
      here = lanes_of_chunk<T, true>(
          start, end, [&](size_t j, size_t stop) { compute_and_compare(x + j, e, stop - j, exp_of, top); }, kept_at,
          unseen, [&](auto &sums, size_t j, size_t stop) { add_many_blocks(sums, unseen, j, stop, kept_at, nothing); });
      return add_within<T>(fold_lanes<T>([&](size_t l) { return here.in_double(l); })).high;
    });
    maximum = m;
    if (!has_total(m, total) || !(log_of_total(total, maximum, exp_of.steps.v[0]).v[0] < total_serves - total_margin))
      return false;
    const T of_maximum = exp_times_power(vec<T>(m), exp_of.steps).v[0];
    rest_of_slice rest = {0, 0};
    for (size_t i = 0; i < chunks; i++) {
      vec<double> count = 0.0;
      const auto below = fold_lanes<T>([&](size_t l) { return lanes[i].below(l, of_maximum, count); });
      rest = {rest.below + add_within<T>(below).high, rest.count + add_within<T>({count, 0.0}).high};
    }
    log = log_of_rest(rest, length, m, of_maximum);
    return log != no_total;
  }
#endif

  // What totals tell, and of the other rows their exponentials.
  template <class E, size_t most>
  void logs_of_totals(const E *x, const T *e, size_t apart, size_t count, size_t length,
                      const sum_list<T, most> &totals, const T *tops, const T *steps, double *maxima, double *logs,
                      const rests_of_rows *rests = nullptr) {
    constexpr size_t doubles = vec<double>::lanes;
    double told[most];
    for (size_t i = 0; i < count; i += doubles)
      store(told + i, log_of_total(totals.get(i).high, load<double>(tops + i), load<double>(steps + i)));
    for (size_t i = 0; i < count; i++) {
      maxima[i] = tops[i];
      logs[i] = has_total(tops[i], totals.high[i]) ? told[i] : no_total;
    }
    size_t some = 0;
    for (size_t i = 0; i < count; i++)
      some += !(logs[i] > total_serves);
    had_rests = some > 0;
    mostly_rests = are_most(some, count);
    if (some > 0) logs_of_rests(x, e, apart, count, length, tops, steps, logs, as_floats, rests);
  }
};

} // namespace
