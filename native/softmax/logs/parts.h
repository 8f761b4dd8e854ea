// What the logarithm of softmax rests on: of a slice its maximum m and log1p(rest), the rest being the sum of e^(x - m)
// over all entries but the one that m is. In log(sum(e^x)) = m + log1p(rest) nothing that matters to the largest share
// is lost: of a slice in which one entry is all but certain, 1 + rest would be 1.
#pragma once

#include "arithmetic/log.h"
#include "arithmetic/matrix.h"
#include "softmax/short_rows.h"

namespace {

// The logarithm of one slice or of several, from their sums of exponentials below the maximum, what makes a part of e^m
// of those, and how many entries are the maximum.
inline vec<double> log1p_rest(vec<double> below, vec<double> part, vec<double> count) {
  return log1p(fma(below, part, count - 1));
}
// The same of exponentials times 2^steps, of which e^top is the largest. Of floats it is taken in double, so that a
// rest is no more wrong than their sum; of doubles it is one of them, that its error may be theirs.
template <class T> vec<double> log1p_rest(vec<double> below, const T *top, const T *steps, vec<double> count) {
  const vec<double> x = load<double>(top), power = load<double>(steps);
  if constexpr (sizeof(T) == sizeof(double)) return log1p(below / exp_times_power(x, power) + (count - 1));
  return log1p_rest(below, exp_times_power(-x, -power), count);
}

template <class T> vec<T> finite_maximum(vec<T> m) { return max(min(m, largest<T>), -largest<T>); }
// e^x scaled for a slice with that maximum, as far below it as even so many entries come to something together. An
// infinite maximum counts as the largest number, so that the sums are NaN where an entry is, and only there.
template <class T> scaled_exp<T> exp_below_maximum(vec<T> m) {
  scaled_exp<T> exp_of{finite_maximum(m)};
  exp_of.floor = exp_of.floor + (reach<T> - (sizeof(T) == 4 ? T(122.5) : T(1000)));
  return exp_of;
}

// The terms of both sums. An entry that is NaN is not the maximum, and makes NaN of its sum.
template <class T> vec<T> below_maximum(const scaled_exp<T> &exp_of, vec<T> x, vec<T> m) {
  const mask<T> nothing = {(x >= m).m | (x - exp_of.shift <= exp_of.floor).m};
  return select(nothing, vec<T>(T(0)), exp_of(x));
}

// How many entries of a row are its maximum m.
template <class T, class E> double count_maxima(const E *x, size_t length, T m) {
  constexpr size_t lanes = vec<T>::lanes;
  unsigned count = 0;
  size_t j = 0;
  for (; j + lanes <= length; j += lanes)
    count += count_lanes(load<T>(x + j) >= m);
  if (j < length) count += count_lanes<T>({(load<T>(x + j, length - j) >= m).m & first_lanes<T>(length - j).m});
  return count;
}

// What a slice of more than a block has below its maximum, in float lanes: there the largest of each lane lie apart,
// and those that are the maximum's exponential are counted, once for each lane. So x need not be read for them.
template <class T> constexpr bool parts_lanes(size_t length) { return sizeof(T) == sizeof(float) && length > block<T>; }
// Of a chunk, up to the last levels of the tree.
struct rest_of_lanes {
  compensated<vec<double>> below, count;
};
template <class T, class F, class A>
rest_of_lanes rest_of_chunk(size_t start, size_t end, F term, double of_maximum, A add) {
  const auto lanes = lanes_of_chunk<T, true>(start, end, nothing, term, unseen, add);
  vec<double> count = 0.0;
  const auto below = fold_lanes<T>([&](size_t l) { return lanes.below(l, of_maximum, count); });
  return {below, {count, 0.0}};
}
struct rest_of_slice {
  double below, count;
};
template <class T, class F> rest_of_slice rest_of_row(size_t length, F term, double of_maximum) {
  rest_of_slice all = {0, 0};
  for (size_t start = 0; start < length; start += chunk) {
    const size_t end = length - start < chunk ? length : start + chunk;
    const auto add = [&](auto &sums, size_t j, size_t whole) {
      add_many_blocks(sums, unseen, j, whole, term, nothing);
    };
    const rest_of_lanes here = rest_of_chunk<T>(start, end, term, of_maximum, add);
    all = {all.below + add_within<T>(here.below).high, all.count + add_within<T>(here.count).high};
  }
  return all;
}

template <class T> struct log_parts { T maximum, log; };

// Of less entries than these, as many slices are done at once as a register has lanes, which takes the same time
// whatever they are. ns per element of logSoftmax of rows of 20 and 32 so, and by totals (totals.h), of N(0,1) 0.46
// and 0.55, 0.38 and 0.34, of N(0,3) 0.45 and 0.76, 0.36 and 0.47 (AVX-512, Zen 5).
template <class T> constexpr size_t few = sizeof(T) == sizeof(float) ? 26 : 16;
// From how many on totals serve.
template <class T> constexpr size_t total_from = sizeof(T) == sizeof(float) ? few<T> : SIZE_MAX;

// Their parts: entry j of all of them at t[j]. The terms are added in double, one after another.
template <class T> void log_parts_of_lanes(const vec<T> *t, size_t length, double *maxima, double *logs) {
  constexpr size_t lanes = vec<T>::lanes, doubles = vec<double>::lanes;
  vec<T> m = -T(__builtin_inf()), number = T(0);
  for (size_t j = 0; j < length; j++)
    m = max(m, t[j]);
  const scaled_exp<T> exp_of = exp_below_maximum(m);
  T e[few<T>][lanes], tops[lanes], scaled[lanes], powers[lanes], counts[lanes];
  for (size_t j = 0; j < length; j++) {
    number = number + select(t[j] >= m, vec<T>(T(1)), vec<T>(T(0)));
    store(e[j], below_maximum<T>(exp_of, t[j], m));
  }
  store(tops, m);
  store(scaled, finite_maximum(m) - exp_of.shift);
  store(powers, exp_of.power);
  store(counts, number);
  compensated<vec<double>> below[lanes / doubles];
  for (auto &sum : below)
    sum = {0.0, 0.0};
  for (size_t j = 0; j < length; j++)
    for (size_t i = 0; i < lanes; i += doubles)
      join<T>(below[i / doubles], {load<double>(&e[j][i]), 0.0});
  for (size_t i = 0; i < lanes; i += doubles) {
    const vec<double> sum = sizeof(T) == sizeof(float) ? below[i / doubles].high : value_of(below[i / doubles]);
    store(maxima + i, load<double>(&tops[i]));
    store(logs + i, log1p_rest(sum, &scaled[i], &powers[i], load<double>(&counts[i])));
  }
}
// Of rows, to be put in arrays of batch_rows.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void log_parts_of_few(const E *x, size_t count, size_t length, double *maxima,
                                                      double *logs) {
  constexpr size_t lanes = vec<T>::lanes;
  for (size_t i = 0; i < count; i += lanes) {
    vec<T> t[(few<T> + lanes - 1) / lanes * lanes];
    for (size_t c = 0; c < length; c += lanes) {
      auto &columns = reinterpret_cast<vec<T>(&)[lanes]>(t[c]);
      for (size_t r = 0; r < lanes; r++) {
        const size_t place = (i + r) * length + c, left = place < count * length ? count * length - place : 0;
        columns[r] = load_some<T>(x + place, left < lanes ? left : lanes);
      }
      transpose(columns);
    }
    log_parts_of_lanes(t, length, maxima + i, logs + i);
  }
}

// How many rows are done at a time: what is the same for each is then done for a register of them.
template <class T> size_t rows_of_logs(size_t length) {
  const size_t fit = batch<T> / length;
  return fit < 1 ? 1 : fit < batch_rows ? fit : batch_rows;
}
// The parts of so many rows, to be put in arrays of batch_rows, in double lanes.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void log_parts_of_rows(const E *x, size_t count, size_t length, double *maxima,
                                                       double *logs) {
  constexpr size_t lanes = vec<T>::lanes, doubles = vec<double>::lanes;
  // What scaled_exp has for each row, e^m as it scales it, and how many entries are m.
  T tops[batch_rows] = {}, shifts[batch_rows], floors[batch_rows], powers[batch_rows], scaled_tops[batch_rows];
  double counts[batch_rows] = {};
  for (size_t i = 0; i < count; i++) {
    tops[i] = row_maximum<T>(x + i * length, length);
    maxima[i] = tops[i];
    counts[i] = count_maxima<T>(x + i * length, length, tops[i]);
  }
  for (size_t i = 0; i < count; i += lanes) {
    const vec<T> m = load<T>(tops + i);
    const scaled_exp<T> exp_of = exp_below_maximum(m);
    store(shifts + i, exp_of.shift);
    store(floors + i, exp_of.floor);
    store(powers + i, exp_of.power);
    store(scaled_tops + i, finite_maximum(m) - exp_of.shift);
  }
  const auto term_of = [&](size_t i) {
    scaled_exp<T> exp_of;
    exp_of.shift = shifts[i];
    exp_of.floor = floors[i];
    exp_of.power = powers[i];
    return [exp_of, row = x + i * length, m = vec<T>(tops[i])](size_t j, size_t n) {
      return below_maximum<T>(exp_of, load_some<T>(row + j, n), m);
    };
  };
  sum_list<T, batch_rows> below;
#if defined(__wasm__) // Smaller, and quicker: logSoftmax of float64 rows of 64 4.6 ns per element in batches, 3.7 so.
  constexpr bool in_batches = false;
#else
  const bool in_batches = length <= short_row_with_log<T>;
#endif
  if (in_batches) {
    sum_rows<T, false>(count, length, below, term_of);
  } else {
    below = {};
    for (size_t i = 0; i < count; i++) {
      const compensated<double> sum = sum_row<T, false>(length, nothing, term_of(i));
      below.high[i] = sum.high;
      below.low[i] = sum.low;
    }
  }
  for (size_t i = 0; i < count; i += doubles)
    store(logs + i, log1p_rest(value_of(below.get(i)), scaled_tops + i, powers + i, load<double>(counts + i)));
}

} // namespace
