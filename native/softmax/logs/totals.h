// The parts of a slice (parts.h) from a total of all its exponentials, which in float lanes costs less than a sum
// without the maximum: a slice of some length is first added up as softmax does, and where its largest share comes to
// less than a half, that tells its logarithm as well. What others have below their maximum is added up of the same
// exponentials, kept or computed again.
#pragma once

#include "softmax/logs/parts.h"

namespace {

// From which logarithm on softmax's total serves: above that of 2, as the logarithm of two equal entries is to be right
// to the last bit (of more than 64 entries, where they lie in different lanes).
constexpr double total_serves = 0.7;
// Another sum of the same, which rounds otherwise, tells by no more than this less whether it does.
constexpr double total_margin = 0x1p-7;
// Below this rest what lies so far below the maximum that other ways leave it out could be seen in it, and below this
// sum what usual_exp takes for its floor: 2^-126 for each such entry, where a sum has 48 bits. But not where logarithms
// become floats, and all that lies below makes so little that none shows it.
constexpr double rest_is_whole = 0x1p-85, sum_is_whole = 0x1p-45, no_float = 0x1p-151;
inline bool is_whole(double log, double below, [[maybe_unused]] double of_maximum, [[maybe_unused]] size_t length,
                     [[maybe_unused]] bool as_floats) {
#if !defined(__wasm__) // Where size counts more.
  if (as_floats && below + double(length) * 0x1p-126 < of_maximum * no_float) return true;
#endif
  return log >= rest_is_whole && below >= sum_is_whole;
}
// In the place of a logarithm, that there is no total to tell it.
constexpr double no_total = -1;

// log(sum(e^(x - m))) from a total of e^x times 2^steps. Which power it was must not be seen: the total is first scaled
// to what it would be of an m from ln(2) / 2 to 3 ln(2) / 2.
inline vec<double> log_of_total(vec<double> total, vec<double> m, vec<double> steps) {
  const vec<double> k = fma(m, log2_e<double>, vec<double>(shifter<double>)) - shifter<double> - 1;
  const vec<double> scaled = from_bits<double>(to_bits(total) - (to_bits(shifter<double> + (steps + k)) << 52));
  return log1p(scaled - 1) - fma(k, -ln_2_rest<double>, fma(k, -ln_2<double>, m));
}
// Not where a slice is NaN somewhere, or its maximum such that usual_exp does not come to suit it.
template <class T> bool has_total(T m, double total) {
  return -far_from_large<T> <= m && m <= far_from_large<T> && is_usual<T>(total);
}

// The logarithm of a row from exponentials of its own, scaled by its maximum: with the bits of logs_of_rests where
// there is much of a rest.
template <class T, class E> SELDOM double log_of_row(const E *x, size_t length, T top) {
  const vec<T> m = top;
  const scaled_exp<T> exp_of = exp_below_maximum(m);
  const vec<T> of_top = exp_of(finite_maximum(m));
  const auto below = [=](size_t j, size_t n) { return below_maximum<T>(exp_of, load_some<T>(x + j, n), m); };
  const auto all = [=](size_t j, size_t n) { return select(load_some<T>(x + j, n) >= m, of_top, below(j, n)); };
  const rest_of_slice rest = parts_lanes<T>(length) ? rest_of_row<T>(length, all, of_top.v[0])
                                                    : rest_of_slice{sum_row<T, true>(length, nothing, below).high,
                                                                    count_maxima<T>(x, length, top)};
  T scaled[vec<double>::lanes], steps[vec<double>::lanes];
  for (size_t i = 0; i < vec<double>::lanes; i++) {
    scaled[i] = (finite_maximum(m) - exp_of.shift).v[0];
    steps[i] = exp_of.power.v[0];
  }
  return log1p_rest(vec<double>(rest.below), scaled, steps, vec<double>(rest.count)).v[0];
}

// Of each of some rows what is below its maximum, and how often that is there.
struct rests_of_rows {
  double below[batch_rows], counts[batch_rows];
};

// The exponentials of a row no longer than a block below its maximum, up to the last levels of the tree, and how often
// that is there.
template <class T, class E>
compensated<vec<double>> below_top(const E *x, const T *e, size_t length, T top, double &count) {
  count = count_maxima<T>(x, length, top);
  return sum_short<T, true>(length, [=, m = vec<T>(top)](size_t j, size_t n) {
    return select(load_some<T>(x + j, n) >= m, vec<T>(T(0)), load_some<T>(e + j, n));
  });
}

// The rests of rows with kept exponentials, each row of them `apart` from the one before, for those whose logarithm
// their total does not tell; of so small ones that those kept are not all there is, or where there was no total, from
// other exponentials.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void logs_of_rests(const E *x, const T *e, size_t apart, size_t count, size_t length,
                                                   const T *tops, const T *steps, double *logs, bool as_floats,
                                                   const rests_of_rows *added) {
  constexpr size_t lanes = vec<T>::lanes, doubles = vec<double>::lanes;
  size_t rows[batch_rows], some = 0;
  T maxima[batch_rows] = {}, powers[batch_rows] = {}, of_maxima[batch_rows];
  double below[batch_rows] = {}, counts[batch_rows] = {};
  for (size_t i = 0; i < count; i++) {
    if (logs[i] > total_serves) continue;
    maxima[some] = tops[i];
    powers[some] = steps[i];
    if (added != nullptr) below[some] = added->below[i], counts[some] = added->counts[i];
    rows[some++] = i;
  }
  for (size_t i = 0; i < some; i += lanes)
    store(of_maxima + i, exp_times_power(load<T>(maxima + i), load<T>(powers + i)));
  for (size_t i = 0; added == nullptr && i < some; i += group) {
    compensated<vec<double>> sums[group], numbers[group];
    const size_t here = some - i < group ? some - i : group;
    for (size_t k = here; k < group; k++)
      sums[k] = numbers[k] = {0.0, 0.0};
    if (parts_lanes<T>(length)) {
      for (size_t k = 0; k < here; k++) {
        const auto term = [=, e = e + rows[i + k] * apart](size_t j, size_t n) { return load_some<T>(e + j, n); };
        const auto add = [&](auto &sums, size_t j, size_t end) { add_blocks(sums, unseen, j, end, term, nothing); };
        const rest_of_lanes rest = rest_of_chunk<T>(0, length, term, of_maxima[i + k], add);
        sums[k] = rest.below;
        numbers[k] = rest.count;
      }
      store(counts + i, add_across<T>(numbers).high);
    } else {
      for (size_t k = 0; k < here; k++) {
        const size_t row = rows[i + k];
        sums[k] = below_top(x + row * length, e + row * apart, length, tops[row], counts[i + k]);
      }
    }
    store(below + i, add_across<T>(sums).high);
  }
  double told[batch_rows];
  for (size_t i = 0; i < some; i += doubles)
    store(told + i, log1p_rest(load<double>(below + i), maxima + i, powers + i, load<double>(counts + i)));
  for (size_t i = 0; i < some; i++) {
    const size_t row = rows[i];
    const bool whole = logs[row] != no_total && is_whole(told[i], below[i], of_maxima[i], length, as_floats);
    logs[row] = whole ? told[i] : log_of_row(x + row * length, length, tops[row]);
  }
}

} // namespace
