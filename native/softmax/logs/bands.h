// The parts of slices (parts.h) that are columns, a band of them at a time, with the bits of rows: by their totals
// (totals.h), and where these do not tell, by what is below the maxima.
#pragma once

#include "softmax/logs/totals.h"

namespace {

// The parts of the columns of a band, and of as many as its registers have.
template <class T> struct band_of_parts {
  static constexpr size_t most = band_registers * vec<T>::lanes;
  double maxima[most] = {}, logs[most] = {}; // A subnormal number there would take as long as all the rest.
};
// Of columns of no less than `few` entries, whose maxima are m and what makes their exponentials exp_of, from those
// that are kept, in rows so far apart, or from x. Which power of two they are times does not matter.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void rests_of_band(const E *x, size_t length, size_t inner, band_width<T> width,
                                                   const vec<T> *m, const scaled_exp<T> *exp_of, const T *kept,
                                                   size_t apart, band_of_parts<T> &parts) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t registers = width.registers();
  column_sums<T> below[band_registers];
  double counts[band_registers][lanes] = {};
  if (parts_lanes<T>(length)) {
    if constexpr (sizeof(T) == sizeof(float)) {
      T of_maxima[band_registers][lanes];
      for (size_t r = 0; r < registers; r++)
        store(of_maxima[r], exp_of[r](finite_maximum(m[r])));
      const auto lane_of = [&](const auto &lanes, size_t r, size_t i) {
        vec<double> count = load<double>(&counts[r][i]);
        const auto sum = lanes.below(i, load<double>(&of_maxima[r][i]), count);
        store(&counts[r][i], count);
        return sum;
      };
      if (kept != nullptr) {
        const auto term = [=](size_t j, size_t r) { return load<T>(kept + j * apart + r * lanes); };
        sum_columns<T, true>(length, registers, below, nothing, term, lane_of);
      } else {
        const auto term = [&](size_t j, size_t r) {
          const vec<T> entry = width.load(x + j * inner, r);
          return select(entry >= m[r], load<T>(of_maxima[r]), below_maximum<T>(exp_of[r], entry, m[r]));
        };
        sum_columns<T, true>(length, registers, below, nothing, term, lane_of);
      }
    }
  } else {
    // In float lanes all of them in double, one after another.
    typename vec<T>::bits count[band_registers] = {};
    sum_columns<T, sizeof(T) == sizeof(float)>(length, registers, below, nothing, [&](size_t j, size_t r) {
      const vec<T> entry = width.load(x + j * inner, r);
      const mask<T> is_maximum = entry >= m[r];
      count[r] -= is_maximum.m;
      if (kept != nullptr) return select(is_maximum, vec<T>(T(0)), load<T>(kept + j * apart + r * lanes));
      return below_maximum<T>(exp_of[r], entry, m[r]);
    });
    for (size_t r = 0; r < registers; r++)
      for (size_t i = 0; i < lanes; i++)
        counts[r][i] = double(count[r][i]);
  }
  for (size_t r = 0; r < registers; r++) {
    T maxima[lanes], scaled[lanes], powers[lanes];
    store(maxima, m[r]);
    store(scaled, finite_maximum(m[r]) - exp_of[r].shift);
    store(powers, exp_of[r].power);
    for (size_t i = 0; i < lanes; i += vec<double>::lanes) {
      store(&parts.maxima[r * lanes + i], load<double>(&maxima[i]));
      store(&parts.logs[r * lanes + i],
            log1p_rest(value_of(below[r].get(i)), &scaled[i], &powers[i], load<double>(&counts[r][i])));
    }
  }
}
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void log_parts_of_band(const E *x, size_t length, size_t inner, band_width<T> width,
                                                       band_of_parts<T> &parts) {
  constexpr size_t lanes = vec<T>::lanes;
  const size_t registers = width.registers();
  if (length < few<T>) {
    for (size_t r = 0; r < registers; r++) {
      vec<T> t[few<T>];
      for (size_t j = 0; j < length; j++)
        t[j] = width.load(x + j * inner, r);
      log_parts_of_lanes(t, length, &parts.maxima[r * lanes], &parts.logs[r * lanes]);
    }
    return;
  }
  vec<T> m[band_registers];
  scaled_exp<T> exp_of[band_registers];
  column_maxima<T>(x, length, inner, width, m);
  for (size_t r = 0; r < registers; r++)
    exp_of[r] = exp_below_maximum(m[r]);
  rests_of_band(x, length, inner, width, m, exp_of, static_cast<const T *>(nullptr), 0, parts);
}

// As is_whole, of exponentials by exp_below_maximum, whose floor is 2^-176 of the maximum's.
inline bool is_whole_by_maximum(double log, bool as_floats) { return log >= 0x1p-100 || (as_floats && log < no_float); }
// As logs_of_rows, of the columns of a band. Where all have a total that tells, x is not read a third time; `keeps`
// says whether the last band had rests, for which this one's exponentials are then kept, and becomes what the next is
// to be told. A matrix is a band that is all there is (matrices.h).
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void logs_of_band(const E *x, size_t length, size_t inner, band_width<T> width,
                                                  bool is_matrix, band_of_parts<T> &parts, bool as_floats,
                                                  bool &keeps) {
  if (sizeof(T) == sizeof(double) || length < total_from<T>)
    return log_parts_of_band<T>(x, length, inner, width, parts);
  constexpr size_t lanes = vec<T>::lanes;
  const size_t registers = width.registers();
  vec<T> m[band_registers];
  scaled_exp<T> exp_of[band_registers];
  column_maxima<T>(x, length, inner, width, m);
  for (size_t r = 0; r < registers; r++)
    exp_of[r] = exp_below_maximum(m[r]);
  column_sums<T> totals[band_registers];
  const auto add_up = [&](auto prepare, auto term) {
    if (length <= short_row_with_log<T>)
      sum_columns<T, true>(length, registers, totals, prepare, term);
    else // As logs_of_rows.
      sum_columns<T, false>(length, registers, totals, prepare, term);
  };
  const auto term = [&](size_t j, size_t r) { return exp_of[r](width.load(x + j * inner, r)); };
  auto &kept = kept_here<kept_row<T>>();
  size_t apart = registers * lanes;
  is_matrix = is_matrix && length * inner <= kept.capacity;
  keeps = is_matrix || (keeps && length * apart <= kept.capacity);
  if (is_matrix) {
    apart = inner;
    exp_of_columns<T> exp_of_each;
    for (size_t r = 0; r < registers; r++)
      exp_of_each.put(r * lanes, exp_of[r]);
    exp_of_each.compute(x, kept.e, length, inner);
    add_up(nothing, [=, e = kept.e](size_t j, size_t r) { return load<T>(e + j * inner + r * lanes); });
  } else if (!keeps && width.columns < band_columns<T> / 2) {
    // To store those of a few takes longer: ns per element of logSumExp over 1000 of 8 columns 0.40 and 0.46 (AVX2).
    add_up(nothing, term);
  } else {
    const auto at = [=, e = kept.e, keeps = keeps](size_t j, size_t r) {
      return e + (keeps ? j : j % block<T>)*apart + r * lanes;
    };
    const auto compute_rows = [=](size_t j, size_t end) {
      for (; j < end; j++)
        for (size_t r = 0; r < registers; r++) {
          __builtin_prefetch(x + (j + 4) * inner + r * lanes);
          store(at(j, r), term(j, r));
        }
    };
    add_up(compute_rows, [=](size_t j, size_t r) { return load<T>(at(j, r)); });
  }
  bool all = true, all_have = true;
  for (size_t r = 0; r < registers; r++) {
    T tops[lanes], powers[lanes];
    double told[lanes];
    store(tops, m[r]);
    store(powers, exp_of[r].power);
    for (size_t i = 0; i < lanes; i += vec<double>::lanes)
      store(told + i, log_of_total(totals[r].get(i).high, load<double>(tops + i), load<double>(powers + i)));
    for (size_t i = 0; i < width.lanes_in(r); i++) {
      const size_t column = r * lanes + i;
      parts.maxima[column] = tops[i];
      const bool has = has_total(tops[i], totals[r].high[i]);
      parts.logs[column] = has ? told[i] : no_total;
      all_have = all_have && has;
      all = all && parts.logs[column] > total_serves;
    }
  }
  const bool are_kept = keeps;
  keeps = !all;
  if (all) return;
  band_of_parts<T> others;
  bool whole = are_kept && all_have;
  if (whole) {
    rests_of_band(x, length, inner, width, m, exp_of, kept.e, apart, others);
    for (size_t i = 0; i < width.columns; i++)
      whole = whole && (parts.logs[i] > total_serves || is_whole_by_maximum(others.logs[i], as_floats));
  }
  if (!whole) log_parts_of_band<T>(x, length, inner, width, others);
  for (size_t i = 0; i < width.columns; i++)
    if (!(parts.logs[i] > total_serves)) parts.logs[i] = others.logs[i];
}

} // namespace
