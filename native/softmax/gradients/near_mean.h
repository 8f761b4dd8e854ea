// What the gradient of softmax, s (g - mean of g), is asked besides in `exact`, which promises 1 ulp. Where a g lies
// near the mean, the digits that rounding took from the mean are missing of their difference: beside a share that is
// all but 1, of gradients that are all alike, and now and then by chance. Then both are counted from the float nearest
// to the mean, from which every g differs by what a double holds, and the mean by a sum of small terms; and where they
// cancel once more, the slice is left to exact/shares.h. Each slice is asked by itself, so that it has the same bits
// anywhere.
#pragma once

#include "softmax/sums.h"

namespace {

// The gradient of softmax, as double lanes make it or within 1 ulp, or that of its logarithm.
enum class slope_of { shares, shares_closely, logs };

// Of shares that are wrong by such a part of themselves, a mean is wrong by as much of the mean size of all, and by
// 2^-51 of it as it is a sum. A g that differs from it by more than this part of that, or of what is larger, differs by
// what is wrong by 2^-26 of itself: a quarter of an ulp at most, beside the half that it loses when it becomes a float.
// Of shares that are worse themselves, infinity.
constexpr double least_difference(double part) { return part > 0x1p-28 ? __builtin_inf() : (part + 0x1p-51) * 0x1p26; }
// The same in lanes of T: those of float move the mean by 2^-24 of it and round the difference.
template <class T> constexpr T least_in_lanes(double part) {
  return T(least_difference(part) + (sizeof(T) == sizeof(float) ? 0x1p-23 : 0));
}

// What is counted from in the place of 0. Of a mean that is no number too, beside those of other slices: 0 leaves all
// as it was.
inline double middle_of(double mean) { return __builtin_isfinite(mean) ? float(mean) : 0; }

// The largest size of n elements; g_at(j, n) as in all sums.
template <class T, class G> T largest_size(size_t n, G g_at) {
  constexpr size_t lanes = vec<T>::lanes;
  vec<T> most = T(0), more = T(0);
  size_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes) {
    most = max(most, abs(g_at(j, lanes)));
    more = max(more, abs(g_at(j + lanes, lanes)));
  }
  for (; j < n; j += lanes) {
    const size_t left = n - j < lanes ? n - j : lanes;
    most = max(most, keep_first(abs(g_at(j, left)), left));
  }
  return largest_of(max(most, more));
}

// Whether some of n elements lies less than that from the middle.
template <class T, class G> bool lies_within(size_t n, vec<T> middle, vec<T> distance, G g_at) {
  constexpr size_t lanes = vec<T>::lanes;
  mask<T> within = distance < T(0);
  for (size_t j = 0; j < n; j += lanes) {
    const size_t left = n - j < lanes ? n - j : lanes;
    const mask<T> here = abs(g_at(j, left) - middle) < distance;
    within.m |= left < lanes ? here.m & first_lanes<T>(left).m : here.m;
  }
  return count_lanes<T>(within) > 0;
}

// Whether some g of n lies near their mean, by lanes of T and shares that may be wrong by such a part of themselves.
template <class T, class G> bool lies_near(size_t n, double mean, double part, G g_at) {
  return lies_within<T>(n, T(mean), largest_size<T>(n, g_at) * least_in_lanes<T>(part), g_at);
}

} // namespace
