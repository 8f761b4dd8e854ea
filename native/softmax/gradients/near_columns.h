// The gradient of columns of which some g lies near the mean, in `exact` (near_mean.h).
#pragma once

#include "softmax/column_sums.h"

namespace {

// The two sums that are counted: of numbers as they are, and of their sizes. By a mask, so that one loop serves for
// both.
enum counted { themselves, sizes, counted_sums };
inline vec<double> counted_as(counted which, vec<double> d) {
  return from_bits<double>(to_bits(d) & (which == sizes ? ~sign_bit<double> : int64_t(-1)));
}

// In which columns of a band some g of floats lies near the mean, as lies_near says of a row; whether in any. There are
// means for all lanes of its registers.
[[gnu::noinline, gnu::flatten]] inline bool find_near(const float *g, size_t length, size_t inner,
                                                      band_width<float> width, const double *means, double part,
                                                      uint8_t *near) {
  constexpr size_t lanes = vec<float>::lanes;
  bool any = false;
  for (size_t r = 0; r < width.registers(); r++) {
    const auto g_at = [=](size_t j) { return width.load(g + j * inner, r); };
    vec<float> most = abs(g_at(0)), more = most;
    for (size_t j = length % 2; j < length; j += 2) {
      most = max(most, abs(g_at(j)));
      more = max(more, abs(g_at(j + 1)));
    }
    const vec<float> mean = load<float>(means + r * lanes), enough = max(most, more) * least_in_lanes<float>(part);
    mask<float> within = enough < 0;
    for (size_t j = 0; j < length; j++) {
      const mask<float> here = abs(g_at(j) - mean) < enough;
      within.m |= here.m;
    }
    within.m &= first_lanes<float>(width.lanes_in(r)).m;
    any = any || count_lanes<float>(within) > 0;
    for (size_t i = 0; i < lanes; i++)
      near[r * lanes + i] = within.m[i] != 0;
  }
  return any;
}

// The gradient of a band of floats if some g of a column lies near its mean. Exponentials lie at e in rows so far
// apart, all, or if not, those of a block, as again(rows from, to) computes them: one function for all that make them,
// as it is large.
using again_function = void(const void *context, size_t j, size_t end);
[[gnu::noinline, gnu::flatten]] inline bool gradient_near_means(again_function *again_of, const void *context,
                                                                const share<double> *share_of, const vec<double> *means,
                                                                const double *e, size_t apart, bool whole,
                                                                const float *g, const float *x, float *y, size_t length,
                                                                size_t inner, band_width<double> width) {
  constexpr size_t lanes = vec<double>::lanes;
  const size_t registers = width.registers();
  // Registers of floats are half as many, and the last one may be half empty.
  double means_of[band_registers * lanes] = {};
  for (size_t r = 0; r < registers; r++)
    store(means_of + r * lanes, means[r]);
  uint8_t near[band_registers * lanes];
  if (!find_near(g, length, inner, {width.columns}, means_of, part_of_share, near)) return false;
  // Columns of which none does are counted from 0, and so what they were.
  vec<double> middles[band_registers], rests[band_registers], enough[band_registers];
  for (size_t r = 0; r < registers; r++)
    for (size_t i = 0; i < lanes; i++)
      middles[r].v[i] = near[r * lanes + i] ? middle_of(means[r].v[i]) : 0;

  const auto share_at = [&](size_t j, size_t r) {
    return share_of[r](load<double>(e + (whole ? j : j % block<double>)*apart + r * lanes));
  };
  const auto again = [&](size_t j, size_t end) {
    if (!whole) again_of(context, j, end);
  };
  const auto above = [&](size_t j, size_t r) { return width.load(g + j * inner, r) - middles[r]; };
  column_sums<double> sums[band_registers];
  for (int which = themselves; which < counted_sums; which++) {
    sum_columns<double, false>(length, registers, sums, again, [&](size_t j, size_t r) {
      return share_at(j, r) * counted_as(counted(which), above(j, r));
    });
    for (size_t r = 0; r < registers; r++)
      (which == sizes ? enough : rests)[r] = sums[r].values();
  }
  mask<double> decided[band_registers];
  for (size_t r = 0; r < registers; r++) {
    enough[r] = enough[r] * vec<double>(least_difference(part_of_share));
    decided[r] = enough[r] < 0;
    for (size_t j = 0; j < length; j++) {
      const mask<double> here = abs(above(j, r) - rests[r]) < enough[r];
      decided[r].m = decided[r].m | here.m;
    }
    for (size_t i = 0; i < lanes; i++) {
      const size_t column = r * lanes + i;
      if (!near[column]) decided[r].m[i] = 0;
      if (decided[r].m[i] != 0)
        nonlin::close_gradient({x + column, inner}, g + column, middles[r].v[i], y + column, length);
    }
  }
  for (size_t j = 0; j < length; j++) {
    if (j % block<double> == 0) again(j, length - j < block<double> ? length : j + block<double>);
    for (size_t r = 0; r < registers; r++) {
      float *const row = y + j * inner;
      const vec<double> dx = share_at(j, r) * (above(j, r) - rests[r]);
      // What is decided is left as it is.
      width.store(row, r, select(decided[r], width.load(row, r), dx));
    }
  }
  return true;
}

} // namespace
