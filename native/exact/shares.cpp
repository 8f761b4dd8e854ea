// CMake compiles this as it does correctly_rounded.cpp. lib/arithmetic/shares.ts is the same in TypeScript.
#include "exact/shares.h"
#include "exact/double_double.h"

namespace nonlin {
namespace {

// At any address, as arrays may begin anywhere.
float at(const float *x, size_t i) {
  float a;
  __builtin_memcpy(&a, reinterpret_cast<const char *>(x) + i * sizeof(float), sizeof(float));
  return a;
}
void put(float *y, size_t i, double a) {
  const float rounded = float(a);
  __builtin_memcpy(reinterpret_cast<char *>(y) + i * sizeof(float), &rounded, sizeof(float));
}

// No share has anything left of e to the first, and no gradient of e to the second, times a float and over the lowest
// temperature.
constexpr double share_end = -110, gradient_end = -350;

// Entries by what they are above the largest, so that no temperature makes infinity of both.
class entries {
  const open_slice &slice;
  double top = 0, bias_of_top = 0; // Which writing in place is to leave as they are.

  double bias(size_t i) const { return slice.added == nullptr ? 0 : double(at(slice.added, i * slice.along)); }
  // -Infinity of one that is left out; else of the size of x, but infinite or NaN where the entry is.
  double size_of(size_t i) const {
    const bool kept = slice.flags == nullptr || slice.flags[i * slice.along] != 0;
    if (!kept || bias(i) == -__builtin_inf()) return -__builtin_inf();
    const double x = at(slice.x, i * slice.step);
    return (slice.temperature < 0 ? -x : x) + bias(i);
  }
  // Of an entry that is left.
  wide above_top(size_t i) const {
    wide z = wide::exact_sum(at(slice.x, i * slice.step), -top);
    if (slice.temperature != 1) {
      const double quotient = z.high / slice.temperature;
      z = __builtin_fabs(quotient) < 0x1p900 ? z / slice.temperature : wide(quotient);
    }
    if (slice.added == nullptr || __builtin_isinf(z.high)) return z;
    return z + wide::exact_sum(bias(i), -bias_of_top);
  }

public:
  const double farthest; // Below the largest, of what something may be left.

  bool is_left_out(size_t i) const { return size_of(i) == -__builtin_inf(); }

  bool is_usual = true, is_empty; // Something is left, and all of it is finite; nothing is.

  entries(const open_slice &slice, size_t length, double farthest) : slice(slice), farthest(farthest) {
    bool found = false;
    for (size_t i = 0; i < length; i++) {
      const double size = size_of(i);
      if (!(size < __builtin_inf())) is_usual = false;
      if (!__builtin_isfinite(size) || (found && !(above_top(i) > 0).m)) continue;
      found = true;
      top = at(slice.x, i * slice.step);
      bias_of_top = bias(i);
    }
    is_empty = is_usual && !found;
    is_usual = is_usual && found;
  }
  // -Infinity where nothing of it is left.
  wide operator[](size_t i) const {
    const wide z = __builtin_isfinite(size_of(i)) ? above_top(i) : wide(-__builtin_inf());
    return z.high > farthest ? z : wide(-__builtin_inf());
  }
};

// Of the exponentials, by the way that takes longest.
wide total_of(const entries &of, size_t length) {
  wide total = 0.0;
  for (size_t i = 0; i < length; i++)
    if (const wide z = of[i]; z.high > of.farthest) total = total + exp(z);
  return total;
}

#if defined(__wasm__)

// In a module whose size counts, nothing but that.
void compute(const entries &of, const open_slice &slice, float *y, size_t length) {
  const wide total = total_of(of, length);
  for (size_t i = 0; i < length; i++) {
    const wide z = of[i];
    put(y, i * slice.step, z.high > of.farthest ? to_odd(exp(z) / total) : 0);
  }
}

#else

// What is computed at a time, in loops that compilers make vectors of; and sums side by side.
constexpr size_t part = 64, side_by_side = 8;

// e^z as high + low for z = difference + lost <= 0: 2^-72 of it, and nothing from e^farthest on. z = k ln 2 + r, and
// e^r - 1 is squared four times from that of s = r / 16: s + s^2 / 2 + s^3 / 6, as sums of two doubles, and terms of
// which one is enough. |s| < 0.022, so the first that is left out is below 2^-86. Near 0 it is better, 2^-100: of two
// entries d apart the shares are 1/2 + d/4 - d^3/48, and the first two terms may be a middle.
constexpr double sixth = 1.0 / 6, sixth_rest = sixth * 0x1p-54; // Its digits repeat.
void exponentials(const double *difference, const double *lost, double *high, double *low, size_t n, double farthest) {
  for (size_t i = 0; i < n; i++) {
    const double z = difference[i] > farthest ? difference[i] : farthest;
    const double shifted = z * log2_e<double> + shifter<double>, k = shifted - shifter<double>;
    // The first product is exact, and so is the difference.
    const double most = z - k * ln_2_parts[0], rest = lost[i] - k * ln_2_parts[1];
    const double r = most + rest, s = r * 0x1p-4, s_low = (rest - (r - most)) * 0x1p-4;

    const double square = s * s, square_low = fused(s, s, -square) + 2 * s * s_low;
    const double cube = square * s, cube_low = fused(square, s, -cube) + square_low * s + square * s_low;
    const double third = cube * sixth, third_low = fused(cube, sixth, -third) + cube * sixth_rest + cube_low * sixth;
    double more = 1.0 / 3628800;
    for (const double c : {1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24})
      more = fused(more, s, c);
    const double half = square / 2, two = s + half, two_low = half - (two - s);
    const double three = two + third, three_low = third - (three - two);
    const double left = square * square * more + (two_low + three_low + third_low + square_low / 2 + s_low);
    double t = three + left, t_low = left - (t - three);
    for (int n = 0; n < 4; n++) { // (1 + t)^2 - 1
      const double product = t * t, product_low = fused(t, t, -product) + 2 * t * t_low;
      const double sum = 2 * t + product, sum_low = (product - (sum - 2 * t)) + 2 * t_low + product_low;
      t = sum + sum_low;
      t_low = sum_low - (t - sum);
    }
    const double one = 1 + t, one_low = (t - (one - 1)) + t_low;
    const int64_t exponent = __builtin_bit_cast(int64_t, shifted) << 52;
    const double power = __builtin_bit_cast(double, exponent + __builtin_bit_cast(int64_t, 1.0));
    const double kept = difference[i] > farthest ? power : 0;
    const double sum = one + one_low;
    high[i] = sum * kept;
    low[i] = (one_low - (sum - one)) * kept;
  }
}

// The exponentials of a part of a slice, from its entry j on; of what is beyond its end, 0.
struct exponentials_of_part {
  double high[part], low[part];
  size_t n; // Of them, a multiple of those side by side: rows are short as a rule.

  exponentials_of_part(const entries &of, size_t j, size_t length) {
    double difference[part], lost[part];
    const size_t left = (length - j + side_by_side - 1) / side_by_side * side_by_side;
    n = left < part ? left : part;
    for (size_t i = 0; i < n; i++) {
      const wide z = j + i < length ? of[j + i] : wide(-__builtin_inf());
      difference[i] = z.high;
      lost[i] = z.low;
    }
    exponentials(difference, lost, high, low, n, of.farthest);
  }
};

void compute(const entries &of, const open_slice &slice, float *y, size_t length) {
  double sum[side_by_side] = {}, rest[side_by_side] = {};
  for (size_t j = 0; j < length; j += part) {
    const exponentials_of_part e(of, j, length);
    for (size_t i = 0; i < e.n; i += side_by_side) {
      for (size_t l = 0; l < side_by_side; l++) {
        const double a = sum[l], b = e.high[i + l], both = a + b, of_b = both - a;
        rest[l] += ((a - (both - of_b)) + (b - of_b)) + e.low[i + l];
        sum[l] = both;
      }
    }
  }
  wide total = 0.0;
  for (size_t l = 0; l < side_by_side; l++)
    total = total + (wide(sum[l]) + rest[l]);
  // A product with this and its error, less than 2^-50 of it; where that decides, the quotient, less than 2^-68; and
  // where that does, what double_double.h has for both, 2^-90. In place this is found before anything is written.
  const double factor = 1 / total.high;
  bool needs_more = false;
  const auto rounds = [](wide a, double part) {
    return float(to_odd(a - a.scaled(part))) != float(to_odd(a + a.scaled(part)));
  };
  const auto for_each_share = [&](auto f) {
    for (size_t j = 0; j < length; j += part) {
      const exponentials_of_part e(of, j, length);
      for (size_t i = 0; i < part && j + i < length; i++) {
        double share = e.high[i] * factor;
        const double error = share * 0x1p-50;
        if (float(share - error) != float(share + error)) {
          const wide quotient = (wide(e.high[i]) + e.low[i]) / total;
          share = to_odd(quotient);
          if (rounds(quotient, 0x1p-68)) {
            if (!needs_more) total = total_of(of, length);
            needs_more = true;
            share = to_odd(exp(of[j + i]) / total);
          }
        }
        f(j + i, share);
      }
    }
  };
  if (slice.x == y) for_each_share([](size_t, double) {});
  for_each_share([&](size_t i, double share) { put(y, i * slice.step, share); });
}

#endif

// Calls f(i, exponential) for all entries that have any: with 2^-72 of it missing, or the way that takes longest.
template <class F> void for_each_exponential(const entries &of, size_t length, [[maybe_unused]] bool quickly, F f) {
#if !defined(__wasm__)
  for (size_t j = 0; quickly && j < length; j += part) {
    const exponentials_of_part e(of, j, length);
    for (size_t i = 0; i < part && j + i < length; i++)
      if (e.high[i] > 0) f(j + i, wide(e.high[i]) + e.low[i]);
  }
  if (quickly) return;
#endif
  for (size_t i = 0; i < length; i++)
    if (const wide z = of[i]; z.high > of.farthest) f(i, exp(z));
}

// s (g - mean of g) from what g and its mean are above `middle`, a number near that. False, and nothing written, where
// the part that is missing of the exponentials might be seen in a float.
bool compute_gradient(const entries &of, const open_slice &slice, const float *g, double middle, float *y,
                      size_t length, bool quickly) {
  constexpr double missing = 0x1p-70; // Of exponentials made quickly, and of a sum of products with them.
  wide total = 0.0, mean = 0.0;
  double size = 0;
  for (bool again : {true, false}) {
    total = mean = 0.0;
    size = 0;
    for_each_exponential(of, length, quickly, [&](size_t i, wide e) {
      const wide term = e * wide::exact_sum(at(g, i * slice.step), -middle);
      total = total + e;
      mean = mean + term;
      size += __builtin_fabs(term.high);
    });
    mean = mean / total;
    // Once more from where it lies, if that was not known well enough.
    const double nearer = float(middle + mean.high);
    if (!again || nearer == middle || !__builtin_isfinite(nearer)) break;
    middle = nearer;
  }
  const double lost = size / total.high * missing;
  const auto difference = [=](size_t i) { return (wide::exact_sum(at(g, i * slice.step), -middle) - mean).high; };
  // Calls f(i, share, whether it is left out) for all entries; those that have no exponential have no share.
  const auto for_each_share = [&](auto f) {
    size_t done = 0;
    const auto until = [&](size_t end, double share) {
      for (; done < end; done++)
        f(done, done + 1 == end ? share : 0, of.is_left_out(done));
    };
    for_each_exponential(of, length, quickly, [&](size_t i, wide e) { until(i + 1, e.high / total.high); });
    until(length, 0);
  };
  bool certain = true;
  if (quickly)
    for_each_share([&](size_t i, double share, bool left_out) {
      const double d = difference(i), room = lost + __builtin_fabs(d) * 0x1p-50;
      certain = certain && (left_out || float(share * (d - room) / slice.temperature) ==
                                            float(share * (d + room) / slice.temperature));
    });
  if (!certain) return false;
  for_each_share([&](size_t i, double share, bool left_out) {
    put(y, i * slice.step, left_out ? 0 : share * difference(i) / slice.temperature);
  });
  return true;
}

} // namespace

void correctly_rounded_shares(const open_slice &slice, float *y, size_t length) {
  const entries of(slice, length, share_end);
  if (!of.is_usual) {
    for (size_t i = 0; i < length; i++)
      put(y, i * slice.step, of.is_empty ? slice.of_nothing : __builtin_nan(""));
    return;
  }
  compute(of, slice, y, length);
}

void close_gradient(const open_slice &slice, const float *g, double middle, float *y, size_t length) {
  const entries of(slice, length, gradient_end);
#if !defined(__wasm__)
  if (compute_gradient(of, slice, g, middle, y, length, true)) return;
#endif
  compute_gradient(of, slice, g, middle, y, length, false);
}

} // namespace nonlin
