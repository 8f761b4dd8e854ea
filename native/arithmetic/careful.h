// The primitives for vec<careful>, which are those of vec<float>, and the steps at which a subnormal number is met. To
// multiply one, or to make one by a product, takes Intel's processors 35 ns an instruction, a hundred times as long as
// others: sigmoid took 34 times as long of subnormal inputs, 7 of U(-100,100) (`npm run bench -- --function sigmoid
// --input even`, Sapphire Rapids). What adds, compares or converts one, and whatever integers do, takes no longer.
#pragma once

#include "arithmetic/float32/pieces.h"

namespace {

inline unit<float> as_float(const unit<careful> &u) { return __builtin_bit_cast(unit<float>, u); }
inline pair<float> as_float(pair<careful> a) { return {as_float(a.high), as_float(a.low)}; }
inline cubic<float> as_float(cubic<careful> c) { return {as_float(c.a), c.most, c.rest}; }

inline vec<careful> exp_minus_one(vec<careful> r) { return exp_minus_one(as_float(r)).v; }
inline vec<careful> one_plus_exp(const unit<careful> &u, vec<careful> y) {
  return one_plus_exp(as_float(u), as_float(y)).v;
}
inline vec<careful> one_plus_exp(const unit<careful> &u, cubic<careful> y) {
  return one_plus_exp(as_float(u), as_float(y)).v;
}
inline vec<careful> one_plus_exp(pair<careful> y) { return one_plus_exp(as_float(y)).v; }
inline vec<careful> one_plus_exp_minus(vec<careful> x) { return one_plus_exp_minus(as_float(x)).v; }
inline pair<careful> huge_log1p_exp(pair<careful> x) {
  const pair<float> y = huge_log1p_exp_kept(as_float(x));
  return {y.high.v, y.low.v};
}
inline vec<careful> tanh_tail(vec<careful> a) { return tanh_tail(as_float(a)).v; }
inline tanh_shrink_piece<careful> tanh_shrink_piece_of(vec<careful> a) {
  const tanh_shrink_piece<float> piece = tanh_shrink_piece_of(as_float(a));
  return {piece.value.v, {piece.is_near.m}};
}

// From 2^23 on a float is an integer: added to it, a product is rounded to one, and the low bits of the sum are that
// integer. So those of 2^23 + |q| |c| 2^149 are the float nearest to |q c|, where that is below 2^-126.
inline vec<float> subnormal_product(vec<float> q, vec<float> c) {
  const vec<float> sum = fma(abs(q) * 0x1p64f, abs(c) * 0x1p85f, 0x1p23f);
  return from_bits<float>((to_bits(sum) - to_bits(vec<float>(0x1p23f))) |
                          ((to_bits(q) ^ to_bits(c)) & sign_bit<float>));
}
// q c + r for a power of two c from 2^-103 to 2^41, where q and r are no subnormal numbers and |q| is below 2^63 where
// its product is one.
template <> inline vec<careful> last_step<careful>(vec<careful> q, vec<careful> c, vec<careful> r) {
  const vec<float> size = as_float(abs(q)), least = 0x1p-126f / as_float(abs(c));
  const mask<float> lost = {(size < least).m & (size > 0).m & (abs(r) <= 0).m};
  const vec<float> y = fma(select<float>(lost, 1, as_float(q)), as_float(c), as_float(r));
  return select(lost, subnormal_product(as_float(q), as_float(c)), y).v;
}
// The same of nothing more than q c, for a c above 0 that is no more than 2^-22: in half as many steps.
inline vec<float> lower(vec<float> q, float c) {
  const vec<float> size = abs(q), one = 0x1p23f;
  const mask<float> lost = size < 0x1p-126f / c;
  const vec<float>::bits integer = to_bits(fma(size, c * 0x1p85f * 0x1p64f, one)) - to_bits(one);
  return select(lost, from_bits<float>(integer | (to_bits(q) & sign_bit<float>)), select<float>(lost, 1, q) * c);
}
// And of a q below 0: in fewer still. Of other q anything.
inline vec<float> last_product(vec<float> q, float c) {
  const vec<float> one = 0x1p23f;
  const vec<float>::bits rounded = to_bits(fma(q, float(double(c) * -0x1p149), one)) - to_bits(one);
  const int32_t exponents = __builtin_bit_cast(int32_t, c) - __builtin_bit_cast(int32_t, 1.0f);
  return from_bits<float>((q > -0x1p-126f / c).m ? rounded | sign_bit<float> : to_bits(q) + exponents);
}

inline vec<careful> mish(vec<careful> x) {
  const vec<float> from = as_float(x), near = mish_near(max(from, mish_begin));
  if (!any_greater(mish_begin, from)) return near.v;
  const vec<float> far = last_product(huge_mish_far(from), 1 / huge<float>);
  return select(from < mish_begin, far, near).v;
}

// c / d for a power of two c, where 1 / d is below 2^63.
template <> inline vec<careful> last_quotient<careful>(vec<careful> c, vec<careful> d) {
  return last_step<careful>(1 / d, c, careful(0));
}

inline vec<careful> minus_gelu_tail(vec<careful> ramp, vec<careful> a) {
  const vec<careful> near = ramp + vec<careful>(near_tail(gelu_pieces, as_float(a)).v);
  if (!any_greater(as_float(a), near_end)) return near;
  const vec<float> far = gelu_far(max(min(as_float(a), gelu_end<float>), near_end));
  return select(a > near_end, last_step<careful>(far.v, careful(1 / huge<float>), ramp), near);
}

// q times its power of two, from 2^-109 to 1, in the lanes of which q is no subnormal number; q itself in the others.
// What is subnormal is rounded from `a` times `by`, whose nearest float is q: by default from q.
inline vec<float> lowered(vec<float> q, vec<float> unit, mask<float> these, vec<float> a, float by) {
  unit = select<float>(these, unit, 1);
  const vec<float>::bits exponents = to_bits(vec<float>(1.0f)) - to_bits(unit);
  const mask<float> lost = {(to_bits(abs(q)) < exponents + (1 << 23)) & these.m};
  // As in subnormal_product.
  const vec<float> scale = from_bits<float>(to_bits(unit) + (85 << 23)), one = 0x1p23f;
  const vec<float>::bits integer =
      to_bits(fma(select<float>(lost, abs(a), 1) * 0x1p64f, scale * by, one)) - to_bits(one);
  return from_bits<float>(lost.m ? integer | (to_bits(q) & sign_bit<float>) : to_bits(q) - exponents);
}
inline vec<float> lowered(vec<float> q, vec<float> unit, mask<float> these) { return lowered(q, unit, these, q, 1); }

// A small x as the product of what has its digits, from 2^-40 to 2^-39 in size, and of a power of two. Anything where x
// is zero.
struct small_float {
  vec<float> digits, unit;

  explicit small_float(vec<float> x) {
    constexpr int32_t exponents = 0x7f800000, at = (127 - 40) << 23, lift = 90;
    // The bits of a subnormal number are an integer, which 2^23 takes along.
    const vec<float> size = from_bits<float>(to_bits(abs(x)) | to_bits(vec<float>(0x1p23f))) - vec<float>(0x1p23f);
    const mask<float> subnormal = is_smaller(x, 0x1p-126f);
    const vec<float>::bits bits = to_bits(select(subnormal, size * (0x1p-149f * 0x1p90f), x)) & ~sign_bit<float>;
    digits = from_bits<float>((bits & ~exponents) | at | (to_bits(x) & sign_bit<float>));
    unit = from_bits<float>((bits & exponents) + ((127 << 23) - at) - (subnormal.m & (lift << 23)));
  }
};

} // namespace
