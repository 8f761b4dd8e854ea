// The gradients of short rows, a batch at a time, within 1 ulp in `exact` (near_mean.h).
#pragma once

#include "softmax/short_rows.h"

namespace {

// The gradients dx of short rows, in `exact`, from such means and shares, which may be wrong by such a part of
// themselves, in row i by least_part(i), which is asked where much depends on it; g_at(j, n) are the g of all rows from
// the j-th on, of which lanes of L tell whether they lie near, and decide(i, middle, y) leaves what is dx of row i over
// some factor at y.
template <class L, class P, class G, class D>
[[gnu::noinline, gnu::flatten]] void gradients_closely(size_t count, size_t length, double part, P least_part,
                                                       const double *s, const sum_list<double, batch_rows> &means,
                                                       double *dx, G g_at, D decide, double factor = 1) {
  constexpr size_t lanes = vec<double>::lanes;
  const size_t n = count * length;
  const auto mean_of = [](const sum_list<double, batch_rows> &sums, size_t i) {
    return value_of(compensated<double>{sums.high[i], sums.low[i]});
  };
  const auto lanes_at = [=](size_t j) { return g_at(double(), j, n - j < lanes ? n - j : lanes); };
  // First of all rows at once, with room for what lanes of float round.
  const double largest = largest_size<L>(n, [=](size_t j, size_t n) { return g_at(L(), j, n); });
  const vec<double> enough = largest * (least_in_lanes<L>(part) + (sizeof(L) == sizeof(float) ? 0x1p-22 : 0));
  mask<double> any = enough < 0;
  fill_rows(dx, count, length, [&](size_t i) {
    return [=, &any, mean = vec<double>(mean_of(means, i))](size_t j) {
      const vec<double> difference = lanes_at(j) - mean;
      const mask<double> here = abs(difference) < enough;
      any.m |= here.m;
      return load<double>(s + j) * difference;
    };
  });
  if (count_lanes<double>(any) == 0 || length == 1) return;
  bool near[batch_rows], has_near = false;
  for (size_t i = 0; i < count; i++) {
    near[i] =
        lies_near<L>(length, mean_of(means, i), part, [=](size_t j, size_t n) { return g_at(L(), i * length + j, n); });
    has_near = has_near || near[i];
  }
  if (!has_near) return;
  // The means of the distances from their middle; of WebAssembly, where size counts more, each when it is asked for.
  const auto term_of = [=](size_t at, double middle, auto f) {
    return [=, middle = vec<double>(middle)](size_t j, size_t) {
      return load<double>(s + at + j) * f(lanes_at(at + j) - middle);
    };
  };
  const auto itself = [](vec<double> d) { return d; };
  const auto size_of = [](vec<double> d) { return abs(d); };
#if !defined(__wasm__)
  sum_list<double, batch_rows> rests, sizes;
  sum_rows<double, false>(count, length, rests,
                          [&](size_t i) { return term_of(i * length, middle_of(mean_of(means, i)), itself); });
  sum_rows<double, false>(count, length, sizes,
                          [&](size_t i) { return term_of(i * length, middle_of(mean_of(means, i)), size_of); });
#endif
  for (size_t i = 0; i < count; i++) {
    if (!near[i]) continue;
    const size_t at = i * length;
    const double middle = middle_of(mean_of(means, i));
#if defined(__wasm__)
    const double rest = sum_of(length, nothing, term_of(at, middle, itself)),
                 size = sum_of(length, nothing, term_of(at, middle, size_of));
#else
    const double rest = mean_of(rests, i), size = mean_of(sizes, i);
#endif
    const auto difference = [=, middle = vec<double>(middle), rest = vec<double>(rest)](size_t j, size_t) {
      return lanes_at(at + j) - middle - rest;
    };
    const vec<double> enough = size * least_difference(part);
    mask<double> cancels = enough < 0;
    for (size_t j = 0; j < length; j += lanes) {
      const size_t left = length - j < lanes ? length - j : lanes;
      const vec<double> d = difference(j, left);
      const mask<double> here = abs(d) < enough;
      cancels.m |= here.m & first_lanes<double>(left).m;
      store(dx + at + j, load<double>(s + at + j) * d, left);
    }
    if (count_lanes<double>(cancels) == 0) continue;
    if (!lies_within<double>(length, vec<double>(0.0), size * least_difference(least_part(i)), difference)) continue;
    float y[short_row_with_gradient<double>];
    decide(i, middle, y);
    for (size_t j = 0; j < length; j++)
      dx[at + j] = y[j] * factor;
  }
}

// The gradient of softmax, or of its logarithm: a step for all of some rows before the next one.
template <class T, class E>
[[gnu::noinline, gnu::flatten]] void softmax_short_rows_grad(const E *g, const E *x, E *y, size_t rows, size_t length,
                                                             slope_of what) {
  constexpr size_t lanes = vec<T>::lanes;
  auto &kept = kept_here<kept_row<T>>();
  T *const e = kept.e, *const s = e + batch<T> + 2 * lanes; // And then the results.
  usual_exp<T> exp_of;
  const size_t most = rows_of_batch<T>(length);
  bool far_apart = false;
  for (size_t first = 0; first < rows; first += most) {
    const size_t count = rows - first < most ? rows - first : most, n = count * length;
    const E *const by = g + first * length;
    sum_list<T, batch_rows> sums;
    exponentials_of_rows(exp_of, x + first * length, e, count, length, sums, far_apart);
    const shares<T, batch_rows> share_of(sums, count);
    fill_rows(s, count, length,
              [&](size_t i) { return [e, share = share_of.of(i)](size_t j) { return share(load<T>(e + j)); }; });
    if (what == slope_of::logs)
      sum_rows<T, false>(count, length, sums, [=](size_t i) {
        return [=, row = by + i * length](size_t j, size_t n) { return load_some<T>(row + j, n); };
      });
    else
      sum_rows<T, false>(count, length, sums, [=](size_t i) {
        return [=, at = i * length](size_t j, size_t n) { return load<T>(s + at + j) * load_some<T>(by + at + j, n); };
      });
    const auto by_at = [=](size_t j) { return load_some<T>(by + j, n - j < lanes ? n - j : lanes); };
    const auto sum_of = [&](size_t i) {
      return vec<T>(T(value_of(compensated<double>{sums.high[i], sizeof(T) == sizeof(float) ? 0 : sums.low[i]})));
    };
    if (what == slope_of::logs)
      fill_rows(e, count, length, [&](size_t i) {
        return [=, sum = sum_of(i)](size_t j) { return fma(-load<T>(s + j), sum, by_at(j)); };
      });
    else if (what == slope_of::shares || !is_decided<T, E>)
      fill_rows(e, count, length, [&](size_t i) {
        return [=, mean = sum_of(i)](size_t j) { return load<T>(s + j) * (by_at(j) - mean); };
      });
    else if constexpr (is_decided<T, E>)
      gradients_closely<E>(
          count, length, part_of_share, [](size_t) { return part_of_share; }, s, sums, e,
          [=]<class L>(L, size_t j, size_t n) { return load_some<L>(by + j, n); },
          [&](size_t i, double middle, E *y) {
            nonlin::close_gradient({x + (first + i) * length, 1}, by + i * length, middle, y, length);
          });
    // Only now, since y may be g or x.
    for (size_t j = 0; j < n; j += lanes)
      store_some(y + first * length + j, load<T>(e + j), n - j < lanes ? n - j : lanes);
  }
}

} // namespace
