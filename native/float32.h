// The primitives of math.h for vec<float>. Errors are in u = 2^-24, the relative half-unit of the last place just above
// a power of two. Coefficients are from Sollya's fpminimax for the relative error, each rounded to float with the
// others.
#pragma once

#include "exp.h"
#include "simd.h"

namespace {

// e^r as 1 + r + r^2 q(r), degree 6: 0.06 u. One degree less would make 1.8 u.
inline vec<float> exp_minus_one(vec<float> r) {
  vec<float> r2 = r * r;
  vec<float> high = fma(0x1.694cd4p-10f, r2, fma(0x1.123988p-7f, r, 0x1.555a26p-5f));
  vec<float> low = fma(0x1.555492p-3f, r, 0x1.fffffap-2f);
  return fma(fma(high, r2, low), r2, r);
}

// A function as eight polynomials of degree 7, in the distance from a centre. The first centre is zero, where the
// function is; at the others it is nearly a float (the best of 400 near the middle), so that c0 costs nothing and the
// last fma makes almost all of the error. Which of the eight: the exponent and first bit of the mantissa of slope * a +
// start, which is from 2 to 32. They meet where it is 3, 4, 6, 8, 12, 16 and 24.
struct pieces {
  float slope, start;
  float centre[8], c0[8], c1[8], c2[8], c3[8], c4[8], c5[8], c6[8], c7[8];
};
inline vec<float> place_of(const pieces &f, vec<float> a) { return fma(a, f.slope, f.start); }
inline vec<float> evaluate(const pieces &f, vec<float> place, vec<float> a) {
  vec<float>::bits piece = to_bits(place) >> 22;
  vec<float> d = a - lookup(f.centre, piece);
  vec<float> y = fma(lookup(f.c7, piece), d, lookup(f.c6, piece));
  y = fma(y, d, lookup(f.c5, piece));
  y = fma(y, d, lookup(f.c4, piece));
  y = fma(y, d, lookup(f.c3, piece));
  y = fma(y, d, lookup(f.c2, piece));
  y = fma(y, d, lookup(f.c1, piece));
  return fma(y, d, lookup(f.c0, piece));
}

// 0.5 u before the roundings.
constexpr pieces tanh_pieces = {
    .slope = 3.26f,
    .start = 2.4f,
    .centre = {0, 0x1.5a056p-2f, 0x1.98770cp-1f, 0x1.69b484p+0f, 0x1.2adb58p+1f, 0x1.c786bp+1f, 0x1.59cf66p+2f,
               0x1.f70406p+2f},
    .c0 = {0, 0x1.4d6d0ap-2f, 0x1.5359f4p-1f, 0x1.c6b67p-1f, 0x1.f67d0ep-1f, 0x1.ff2ba6p-1f, 0x1.fffabp-1f,
           0x1.fffff6p-1f},
    .c1 = {1, 0x1.c9b764p-1f, 0x1.1f145p-1f, 0x1.b0a8d2p-3f, 0x1.2d8abap-5f, 0x1.a85bdcp-9f, 0x1.53e45ep-14f,
           0x1.3fe5e8p-21f},
    .c2 = {-0x1.a1b2dep-28f, -0x1.2a133ep-2f, -0x1.7c8d32p-2f, -0x1.803fcep-3f, -0x1.27edeap-5f, -0x1.a7aeaap-9f,
           -0x1.54c3a8p-14f, -0x1.40bedp-21f},
    .c3 = {-0x1.55553p-2f, -0x1.a02a5cp-3f, 0x1.e6c3dep-5f, 0x1.8a1264p-4f, 0x1.7bce8p-6f, 0x1.198a12p-9f,
           0x1.c6b546p-15f, 0x1.ac1dc4p-22f},
    .c4 = {-0x1.27b3dcp-16f, 0x1.4e32b2p-3f, 0x1.5a842ep-4f, -0x1.775c84p-6f, -0x1.5fa29p-7f, -0x1.175c58p-10f,
           -0x1.b8d974p-16f, -0x1.9ef558p-23f},
    .c5 = {0x1.1197c4p-3f, 0x1.17b7c2p-5f, -0x1.03e33ap-4f, -0x1.cd197ap-8f, 0x1.db4078p-9f, 0x1.b93cc4p-12f,
           0x1.5f18dep-17f, 0x1.4a06acp-24f},
    .c6 = {-0x1.dd4d5p-10f, -0x1.22979cp-4f, 0x1.e2ac4ep-9f, 0x1.423396p-7f, -0x1.66b1b4p-11f, -0x1.2b403ep-13f,
           -0x1.281826p-18f, -0x1.175102p-25f},
    .c7 = {-0x1.8dca8ap-5f, 0x1.873882p-7f, 0x1.29086cp-6f, -0x1.273f62p-8f, -0x1.3d2fa4p-14f, 0x1.412138p-15f,
           0x1.55c80ep-20f, 0x1.44dfa8p-27f},
};
inline vec<float> tanh_tail(vec<float> a) { return evaluate(tanh_pieces, place_of(tanh_pieces, a), a); }

// f(a) e^(-a*a/2) * huge from pieces of f(a) * huge. The first piece has e^(-a*a/2) in it already: near zero the
// products of a polynomial with a and with the exponential would each round, to 2.08 ulp where the result is just below
// 1/16.
inline vec<float> times_bell(const pieces &f, vec<float> a) {
  vec<float> place = place_of(f, a);
  exponential<float> bell = exponential_of(product(-0.5f * a, a));
  bell.minus_one = select(place < 3, vec<float>(0), bell.minus_one);
  return exp_times(evaluate(f, place, a), bell);
}

// a Phi(-a) e^(a*a/2): 0.3 u before the roundings.
constexpr pieces gelu_pieces = {
    .slope = 2,
    .start = 2.4f,
    .centre = {0, 0x1.19f644p-1f, 0x1.4d402cp+0f, 0x1.2692acp+1f, 0x1.e67872p+1f, 0x1.73713p+2f, 0x1.1a02a6p+3f,
               0x1.9a2134p+3f},
    .c0 = {0, 0x1.7dd5d6p+61f, 0x1.2c248ep+62f, 0x1.63c1a2p+62f, 0x1.80b36cp+62f, 0x1.8d55d6p+62f, 0x1.9372b8p+62f,
           0x1.9612f4p+62f},
    .c1 = {0x1p+63f, 0x1.c5b01ap+61f, 0x1.65f574p+60f, 0x1.0952cp+59f, 0x1.56aaf4p+57f, 0x1.c86dd2p+55f,
           0x1.1c04bap+54f, 0x1.7f82a8p+52f},
    .c2 = {-0x1.988454p+62f, -0x1.364626p+61f, -0x1.9104c4p+59f, -0x1.d3223p+57f, -0x1.bbcf88p+55f, -0x1.aaf33cp+53f,
           -0x1.70d5eep+51f, -0x1.5ec80cp+49f},
    .c3 = {0x1.496142p+43f, 0x1.53c60ep+60f, 0x1.6fe976p+58f, 0x1.589b1ep+56f, 0x1.ec7f08p+53f, 0x1.5b8de2p+51f,
           0x1.a52d38p+48f, 0x1.1b9af6p+46f},
    .c4 = {0x1.104bd2p+60f, -0x1.401d18p+59f, -0x1.26fd7ap+57f, -0x1.c4745ep+54f, -0x1.ee063p+51f, -0x1.03be9cp+49f,
           -0x1.bc304p+45f, -0x1.ab152cp+42f},
    .c5 = {0x1.c7cdeap+50f, 0x1.0d51bap+58f, 0x1.ab625ep+55f, 0x1.103ef2p+53f, 0x1.cd841cp+49f, 0x1.6dae4ep+46f,
           0x1.bd16fcp+42f, 0x1.330a54p+39f},
    .c6 = {-0x1.57c5bap+57f, -0x1.a34b46p+56f, -0x1.2b8716p+54f, -0x1.3c135cp+51f, -0x1.bdaceep+47f, -0x1.02bb4ap+44f,
           -0x1.e31f7ap+39f, -0x1.c4c1d4p+35f},
    .c7 = {0x1.44694ap+54f, 0x1.251a62p+55f, 0x1.816fdap+52f, 0x1.5528a6p+49f, 0x1.8088e4p+45f, 0x1.553a44p+41f,
           0x1.d830bap+36f, 0x1.39d7dap+32f},
};
inline vec<float> gelu_tail(vec<float> a) { return times_bell(gelu_pieces, a); }

// (Phi(-a) - a phi(a)) e^(a*a/2): 0.25 u before the roundings. Piece 1, which holds the zero at 0.7518, is fitted for
// the absolute error: 0.006 * 2^-24.
constexpr pieces gelu_slope_pieces = {
    .slope = 2,
    .start = 2.4f,
    .centre = {0, 0x1.199998p-1f, 0x1.4ceab2p+0f, 0x1.26768p+1f, 0x1.e6c306p+1f, 0x1.735034p+2f, 0x1.19f34p+3f,
               0x1.99dd9ap+3f},
    .c0 = {0x1p+63f, 0x1.e89688p+60f, -0x1.2c8cdp+62f, -0x1.889444p+63f, -0x1.6b1672p+64f, -0x1.1fb464p+65f,
           -0x1.bc342ap+65f, -0x1.450b42p+66f},
    .c1 = {-0x1.988454p+63f, -0x1.392368p+63f, -0x1.0280fep+63f, -0x1.cd4e52p+62f, -0x1.b04efep+62f, -0x1.a3b4a8p+62f,
           -0x1.9d9676p+62f, -0x1.9af67ep+62f},
    .c2 = {0x1.31fcbcp+44f, 0x1.c6207cp+60f, 0x1.667bbep+59f, 0x1.09864p+58f, 0x1.562ae2p+56f, 0x1.c8dc1ep+54f,
           0x1.1c327ep+53f, 0x1.803cd4p+51f},
    .c3 = {0x1.1052b6p+62f, -0x1.9e2cb4p+59f, -0x1.0bd8aep+58f, -0x1.37b72ap+56f, -0x1.27532ep+54f, -0x1.1ce7f6p+52f,
           -0x1.ec6584p+49f, -0x1.d44baap+47f},
    .c4 = {0x1.8d29c8p+51f, 0x1.543698p+58f, 0x1.7079eep+56f, 0x1.58e616p+54f, 0x1.ea8a28p+51f, 0x1.5be626p+49f,
           0x1.a491fap+46f, 0x1.1c2f4ap+44f},
    .c5 = {-0x1.f1abeap+59f, -0x1.01015cp+57f, -0x1.d6c8cep+54f, -0x1.6ac3ap+52f, -0x1.8970acp+49f, -0x1.a8bfecp+46f,
           -0x1.5da8d2p+43f, -0x1.76e56cp+40f},
    .c6 = {0x1.2aa44cp+55f, 0x1.6ba394p+55f, 0x1.292d7p+53f, 0x1.75e724p+50f, 0x1.49b522p+47f, 0x1.fcec2cp+43f,
           0x1.4569acp+40f, 0x1.b3a554p+36f},
    .c7 = {0x1.cde56ap+56f, -0x1.992708p+53f, -0x1.7ee9f8p+51f, -0x1.5fa3dap+48f, -0x1.04ccfep+45f, -0x1.3b53b8p+40f,
           -0x1.4807d6p+37f, 0x1.0cab7ap+33f},
};
inline vec<float> gelu_slope_tail(vec<float> a) { return times_bell(gelu_slope_pieces, a); }

} // namespace
