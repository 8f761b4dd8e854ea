// The primitives for vec<quick>: what `exact` computes first (exact.h). For values, and for slopes that need
// no more of them. Errors are relative.
#pragma once

#include "arithmetic/exp.h"
#include "arithmetic/float64.h"
#include "arithmetic/lookup.h"
#include "arithmetic/simd.h"

namespace {

// e^x = 2^(k / 8) (1 + rest): 2^-40.6, and `rest` itself 2^-36.1, by a polynomial of degree 5 that begins with x, from
// Sollya's fpminimax.
constexpr double quick_terms[] = {0x1.ffffffe5c777ep-2, 0x1.555555459deb2p-3, 0x1.555c29f0f49cap-5,
                                  0x1.11163c333531ep-7};

constexpr eighths_table eighths({1, 0x1.172b83c7d517bp+0, 0x1.306fe0a31b715p+0, 0x1.4bfdad5362a27p+0,
                                 0x1.6a09e667f3bcdp+0, 0x1.8ace5422aa0dbp+0, 0x1.ae89f995ad3adp+0,
                                 0x1.d5818dcfba487p+0});

// 2^exponent e^(value * y) as power * (1 + left * slope).
struct quick_factors {
  vec<double> power, left, slope;
};
inline quick_factors quick_exp(int exponent, const unit<quick> &u, vec<double> y) {
  const double start = shifter<double> + 8 * exponent, v = u.value;
  vec<double> shifted = fma(y, 8 * u.log2_e, start);
  vec<double> left = fma(shifted - start, u.ln_2 / -8, y);
  vec<double> slope = fma(left, quick_terms[3] * v * v * v * v * v, quick_terms[2] * v * v * v * v);
  slope = fma(slope, left, quick_terms[1] * v * v * v);
  slope = fma(fma(slope, left, quick_terms[0] * v * v), left, v);
  return {eighths.power(shifted), left, slope};
}

inline vec<quick> one_plus_exp(const unit<quick> &u, vec<quick> y) {
  quick_factors e = quick_exp(tiny_exponent<double>, u, as_double(y));
  return fma(e.power, fma(e.left, e.slope, 1), tiny<double>).v;
}
inline vec<quick> one_plus_exp_minus(vec<quick> x) { return one_plus_exp(minus_one<quick>, x); }
inline vec<quick> one_plus_exp(const unit<quick> &u, cubic<quick> y) {
  return one_plus_exp(u, y.a * fma(y.a, y.a, y.most + y.rest));
}

// (e^2x - 1) / (e^2x + 1), which needs no symmetry, and from 20 on is 1. The 1 is subtracted in the order that leaves
// -0 as it is.
inline vec<quick> tanh(vec<quick> x) {
  constexpr unit<quick> two = {2, 0x1.71547652b82fep+1, 0x1.62e42fefa39efp-2, 0};
  x = max(min(x, 20), -20);
  quick_factors e = quick_exp(0, two, as_double(x));
  vec<double> numerator = fma(e.power, e.left * e.slope, -(1 - e.power));
  return (numerator / (numerator + 2)).v;
}

// a Phi(-a) as s e^(-a*a/2) and a polynomial in s = a / (a + 5), up to a = 14.45, where it is zero as a float: 2^-39.9.
constexpr double quick_gelu_terms[] = {
    0x1.4000000000000p1,   -0x1.de4ec20ee479ep+2, 0x1.b9b13dc4a47cep+3,  -0x1.0c89cd53dcfbcp+4, 0x1.9eec0b07e1a95p+3,
    -0x1.3ff3c96141c2cp+2, -0x1.82be5c38d4c25p-1, 0x1.88e614c002c3ap+0,  -0x1.354ecd20c632p-3,  -0x1.bd145232513bp-3,
    -0x1.6d207413aae6ap-2, 0x1.2144250487004p-1,  -0x1.2601e66f58c15p-2, 0x1.b93ec8b80d584p-5,
};
template <> constexpr quick gelu_end<quick> = 21;
inline vec<double> quick_gelu_whole(vec<double> a) {
  constexpr unit<quick> minus_half = {-0.5, -0x1.71547652b82fep-1, -0x1.62e42fefa39efp+0, 0};
  a = min(a, double(gelu_end<quick>));
  quick_factors e = quick_exp(0, minus_half, a * a);
  vec<double> s = a / (a + 5);
  return s * polynomial(quick_gelu_terms, s) * e.power * fma(e.left, e.slope, 1);
}

#if VECTOR_BYTES == 64
// The same for a up to 4.25, where nearly all are, in sixteen pieces, in the distance from multiples of a step:
// 2^-37.9. Faster where a lookup is one instruction.
constexpr double quick_gelu_near_end = 4.25, quick_gelu_step = 0x1.18c64p-2;
constexpr double quick_gelu[9][16] = {
    {0, 0x1.b837dafa76016p-4, 0x1.479f41afd9682p-3, 0x1.59fb2439ebe05p-3, 0x1.32503857e0febp-3, 0x1.de658611b5356p-4,
     0x1.50b6f20e636cfp-4, 0x1.afea3e48b818p-5, 0x1.fbf59d4640b3ep-6, 0x1.12de65eb06fcp-6, 0x1.1262cd92db2f3p-7,
     0x1.fa112244c44c1p-9, 0x1.af941e0877dd7p-10, 0x1.549e1e544ba8dp-11, 0x1.f1d6b78d53cbep-13, 0x1.5100639825ccep-14},
    {0x1p-1, 0x1.257ead1d02c0bp-2, 0x1.a7dad26012667p-4, -0x1.d4842da320db7p-6, -0x1.a794362a595fcp-4,
     -0x1.072d2cd5bf731p-3, -0x1.e9f73a33dc714p-4, -0x1.809d7d6eac85cp-4, -0x1.09632670f93ffp-4, -0x1.4836d98a6cab1p-5,
     -0x1.6fa0db628a6fp-6, -0x1.77515005ccc4fp-7, -0x1.5eafcfe266f8dp-8, -0x1.2cbe533b1693bp-9, -0x1.da636c91d60c1p-11,
     -0x1.589a3ab3da214p-12},
    {-0x1.9884533d44295p-2, -0x1.7aa7c18f9f7ccp-2, -0x1.2aa27b1eab574p-2, -0x1.8170cf281bc8p-3, -0x1.64e3e2124471fp-4,
     -0x1.3397d9a74f719p-7, 0x1.2a547dd6e014ap-5, 0x1.b427245baf0a4p-5, 0x1.9e601beaa263bp-5, 0x1.3e1f26bf28ecbp-5,
     0x1.a44780fe3521dp-6, 0x1.eaeaf4abbca47p-7, 0x1.012b1dd919298p-7, 0x1.e781b4c4b5c34p-9, 0x1.a45caba67d71fp-10,
     0x1.4b0249fc73691p-11},
    {0x1.11f688803df14p-35, 0x1.1a4608c11563dp-4, 0x1.db5b6f161ab33p-4, 0x1.09688583d6605p-3, 0x1.c9dc00f811ea1p-4,
     0x1.355678a68044dp-4, 0x1.2b7d5ca25cea4p-5, 0x1.a3028d17d6bfcp-8, -0x1.5ddbc681061bp-7, -0x1.0b6c9721c5f6cp-6,
     -0x1.e9cf940b5a009p-7, -0x1.62782c13fb0dep-7, -0x1.b4492657946abp-8, -0x1.d70801470dfc4p-9, -0x1.c56a1ea3faab3p-10,
     -0x1.88f482e1e6ddfp-11},
    {0x1.105836fd428b3p-4, 0x1.c8509ce835e9ep-5, 0x1.d13619e165cedp-6, -0x1.b0d4dbcd6398ep-9, -0x1.bbc65f39a1542p-6,
     -0x1.2b3b0d0dbf2a4p-5, -0x1.0c219cf5a8d5p-5, -0x1.62ad59f52c522p-6, -0x1.40c4dd3c083dcp-7, -0x1.4016d149cabacp-10,
     0x1.90ec32c934dc7p-9, 0x1.0a0c015e3e006p-8, 0x1.b92b03d8d922dp-9, 0x1.2248ac414a94ap-9, 0x1.448a5d0441f71p-10,
     0x1.3d989c3af4b51p-11},
    {0x1.c7ca1e7a00f04p-25, -0x1.ee30f04edc3aap-7, -0x1.7be7cb0b97518p-6, -0x1.5fdc7ba77fbd2p-6, -0x1.96ef2665ff525p-7,
     -0x1.9063f8252eb6p-10, 0x1.9bd62d33cc386p-8, 0x1.28aeaf064477dp-7, 0x1.fb99ffff65725p-8, 0x1.309fdfc424f1fp-8,
     0x1.c75c69bf371a1p-10, -0x1.327f8d976133ep-14, -0x1.9c1509501df7bp-11, -0x1.ad506c573f13ep-11,
     -0x1.34846dc82a79p-11, -0x1.673bbb5b20587p-12},
    {-0x1.46d6d9d39e376p-7, -0x1.f29401dbe7a6ap-8, -0x1.fe3e9f8110437p-10, 0x1.eb87ea593594dp-9, 0x1.b48a25080dfd6p-8,
     0x1.8ce12f6e360acp-8, 0x1.a91baa6c03d21p-9, 0x1.f7b63c321372ep-13, -0x1.9e75e82005d23p-10, -0x1.0315e4d8d9307p-9,
     -0x1.81d9571446d52p-10, -0x1.813ef48353dc7p-11, -0x1.7657dc0ac292p-13, 0x1.8d5fadde4d2b5p-14,
     0x1.50a3395826655p-13, 0x1.10e718a3c3fe5p-13},
    {0x1.97926d5ac7301p-18, 0x1.2fe7ab9c3f1d4p-9, 0x1.a9cd48eca4326p-9, 0x1.3b07acd38a704p-9, 0x1.266859e4cf2f6p-11,
     -0x1.146e81952fadfp-10, -0x1.b64473677a632p-10, -0x1.5ad918bc2abc6p-10, -0x1.233d9415639abp-11,
     0x1.6e2d8d84278fbp-14, 0x1.85c9dc1591685p-12, 0x1.763f14f19b892p-12, 0x1.c1c628daf0783p-13, 0x1.4a4f0dbd3f04fp-14,
     0x1.f77ab9007039ap-21, -0x1.aa0e5eee4af74p-16},
    {0x1.31dc579290b3cp-10, 0x1.b1242f252d36fp-11, 0x1.f4e7db8f0aec8p-21, -0x1.712b96d6b0d13p-11,
     -0x1.caab0f9a27c69p-11, -0x1.1869c3295a39p-11, -0x1.e12fa7abe0732p-16, 0x1.3f4963b5c25ep-12, 0x1.718df66086d9ap-12,
     0x1.c11087bca411ap-13, 0x1.94e11c13bec9ap-15, -0x1.a020df5d54fa3p-15, -0x1.26f2fdd21c8d6p-14,
     -0x1.9dd45e069254fp-15, -0x1.6c1d163bdde87p-16, -0x1.fd48a38e6dc73p-19},
};
inline vec<double> quick_gelu_near(vec<double> a) {
  vec<double> shifted = fma(a, 1 / quick_gelu_step, shifter<double>);
  vec<double> d = fma(shifted - shifter<double>, -quick_gelu_step, a);
  vec<double> y = lookup(quick_gelu[8], to_bits(shifted));
  for (int i = 8; i-- > 0;)
    y = fma(y, d, lookup(quick_gelu[i], to_bits(shifted)));
  return y;
}
#endif

inline vec<quick> minus_gelu_tail(vec<quick> ramp, vec<quick> x) {
  vec<double> a = as_double(x);
#if VECTOR_BYTES == 64
  vec<double> y = quick_gelu_near(a);
  if (any_greater(a, quick_gelu_near_end)) [[unlikely]]
    y = select(a > quick_gelu_near_end, quick_gelu_whole(a), y);
#else
  vec<double> y = quick_gelu_whole(a);
#endif
  return ramp - y.v;
}

} // namespace
