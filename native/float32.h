// The primitives of math.h for vec<float>. Their errors are given in u = 2^-24, half a unit in the last place of a
// number just above a power of two. Coefficients are Sollya's fpminimax for the relative error, each of them a float.
#pragma once

#include "simd.h"

namespace {

// e^r as 1 + r + r^2 q(r), degree 6: 0.06 u. One degree less would make 1.8 u.
inline vec<float> exp_minus_one(vec<float> r) {
  vec<float> r2 = r * r;
  vec<float> high = fma(0x1.694cd4p-10f, r2, fma(0x1.123988p-7f, r, 0x1.555a26p-5f));
  vec<float> low = fma(0x1.555492p-3f, r, 0x1.fffffap-2f);
  return fma(fma(high, r2, low), r2, r);
}

// A function as eight polynomials of degree 6, each about a centre at which the function is nearly a float. So the last
// fma makes almost all of the error. Which of the eight is the exponent of v(a) = split[0] a^2 + split[1] a + split[2],
// from 2 to 2^9.
struct pieces {
  float split[3];
  float centre[8], c0[8], c1[8], c2[8], c3[8], c4[8], c5[8], c6[8];
};

inline vec<float> evaluate(const pieces &f, vec<float> a) {
  auto piece = to_bits(fma(fma(a, f.split[0], f.split[1]), a, f.split[2])) >> 23;
  vec<float> d = a - lookup(f.centre, piece);
  vec<float> y = fma(lookup(f.c6, piece), d, lookup(f.c5, piece));
  y = fma(y, d, lookup(f.c4, piece));
  y = fma(y, d, lookup(f.c3, piece));
  y = fma(y, d, lookup(f.c2, piece));
  y = fma(y, d, lookup(f.c1, piece));
  return fma(y, d, lookup(f.c0, piece));
}

// 0.62 u before the last rounding.
constexpr pieces tanh_pieces = {
    .split = {5.96f, 2.3f, 2.5f},
    .centre = {0, 0x1.21e164p-1f, 0x1.0e7894p+0f, 0x1.aeef5p+0f, 0x1.4480fp+1f, 0x1.db862ap+1f, 0x1.57d91p+2f,
               0x1.ec5f4ap+2f},
    .c0 = {0, 0x1.066c08p-1f, 0x1.9193dap-1f, 0x1.ddd8a6p-1f, 0x1.f99bfcp-1f, 0x1.ff649ap-1f, 0x1.fffa5ap-1f,
           0x1.fffff2p-1f},
    .c1 = {1, 0x1.797f66p-1f, 0x1.8a0f7ap-2f, 0x1.081d9p-3f, 0x1.967408p-6f, 0x1.36a80cp-9f, 0x1.69f128p-14f,
           0x1.c31352p-21f},
    .c2 = {-0x1.37808ap-18f, -0x1.82f7d8p-2f, -0x1.351306p-2f, -0x1.ecfe62p-4f, -0x1.916058p-6f, -0x1.3645dcp-9f,
           -0x1.69ce3p-14f, -0x1.bd6358p-21f},
    .c3 = {-0x1.5521bcp-2f, -0x1.ab22aep-5f, 0x1.bc3fdep-4f, 0x1.1c2d7ep-4f, 0x1.04d1ecp-6f, 0x1.9b33dep-10f,
           0x1.da4f5cp-15f, 0x1.153436p-21f},
    .c4 = {-0x1.65968cp-9f, 0x1.38c04ep-3f, 0x1.fe59e6p-7f, -0x1.93758p-6f, -0x1.ef7fdcp-8f, -0x1.9986cep-11f,
           -0x1.daf252p-16f, -0x1.21ec18p-22f},
    .c5 = {0x1.334f3p-3f, -0x1.57683ap-5f, -0x1.45f94cp-5f, 0x1.1ad7d4p-9f, 0x1.6752e6p-9f, 0x1.5e38d2p-12f,
           0x1.c14136p-17f, 0x1.420dc6p-23f},
    .c6 = {-0x1.87478ap-5f, -0x1.30e1ep-5f, 0x1.3039c4p-6f, 0x1.af3584p-9f, -0x1.661938p-11f, -0x1.c6bd9p-14f,
           -0x1.2a694ep-18f, -0x1.8d4c96p-25f},
};
inline vec<float> tanh_tail(vec<float> a) { return evaluate(tanh_pieces, a); }

// a Phi(-a) e^(a*a/2): 0.64 u before the last rounding.
constexpr pieces gelu_pieces = {
    .split = {2.06f, 3.9f, 2.125f},
    .centre = {0, 0x1.635c1cp-1f, 0x1.671506p+0f, 0x1.3309p+1f, 0x1.e638ccp+1f, 0x1.717b0ap+2f, 0x1.122fbcp+3f,
               0x1.909a3ep+3f},
    .c0 = {0, 0x1.b8f75p-3f, 0x1.34af5cp-2f, 0x1.66da12p-2f, 0x1.80ae18p-2f, 0x1.8d39a8p-2f, 0x1.932a6cp-2f,
           0x1.95f568p-2f},
    .c1 = {0.5f, 0x1.7653a8p-3f, 0x1.4028e2p-4f, 0x1.e78476p-6f, 0x1.571a36p-7f, 0x1.cf09fep-9f, 0x1.33cccp-10f,
           0x1.9ad96cp-12f},
    .c2 = {-0x1.9883d8p-2f, -0x1.ec54aap-4f, -0x1.5d94aep-5f, -0x1.a3e08ap-7f, -0x1.bc859cp-9f, -0x1.b309eep-11f,
           -0x1.9a1218p-13f, -0x1.805012p-15f},
    .c3 = {0x1.ffde6p-3f, 0x1.0461e8p-4f, 0x1.394efcp-6f, 0x1.2f60eep-8f, 0x1.ecda56p-11f, 0x1.6316a6p-13f,
           0x1.df3d76p-16f, 0x1.3d1756p-18f},
    .c4 = {-0x1.0ed256p-3f, -0x1.db7c16p-6f, -0x1.ec4b6ap-8f, -0x1.8701a8p-10f, -0x1.efa772p-13f, -0x1.0a8602p-15f,
           -0x1.03da14p-18f, -0x1.e81624p-22f},
    .c5 = {0x1.e05f16p-5f, 0x1.8c8364p-7f, 0x1.6932dap-9f, 0x1.e37086p-12f, 0x1.eb46dap-15f, 0x1.9321bap-18f,
           0x1.2036dep-21f, 0x1.833ed8p-25f},
    .c6 = {-0x1.170716p-6f, -0x1.2c977ap-8f, -0x1.de0f1cp-11f, -0x1.0d9a3ep-13f, -0x1.b70642p-17f, -0x1.131b6ap-20f,
           -0x1.225006p-24f, -0x1.187986p-28f},
};
inline vec<float> gelu_factor(vec<float> a) { return evaluate(gelu_pieces, a); }

// (Phi(-a) - a phi(a)) e^(a*a/2): 0.34 u before the last rounding; about its zero at 0.7518, 0.05 * 2^-24 absolute.
constexpr pieces gelu_slope_pieces = {
    .split = {2.06f, 3.9f, 2.125f},
    .centre = {0, 0x1.630148p-1f, 0x1.67666p+0f, 0x1.33333ep+1f, 0x1.e67954p+1f, 0x1.716a16p+2f, 0x1.120f18p+3f,
               0x1.903056p+3f},
    .c0 = {0.5f, 0x1.1461e2p-5f, -0x1.61929cp-2f, -0x1.9f739cp-1f, -0x1.6ad838p+0f, -0x1.1e25dap+1f, -0x1.af7356p+1f,
           -0x1.3d4692p+2f},
    .c1 = {-0x1.98845p-1f, -0x1.2a571cp-1f, -0x1.fc3fe4p-2f, -0x1.ca248cp-2f, -0x1.b0552cp-2f, -0x1.a3cff6p-2f,
           -0x1.9ddf76p-2f, -0x1.9b1494p-2f},
    .c2 = {0x1.fffda2p-3f, 0x1.76ab16p-4f, 0x1.3fba3ap-5f, 0x1.e6fa7cp-7f, 0x1.56aa6ap-8f, 0x1.cf43ecp-10f,
           0x1.3434fp-11f, 0x1.9c17d4p-13f},
    .c3 = {-0x1.1032c4p-3f, -0x1.488d38p-5f, -0x1.d139ap-7f, -0x1.176a5ap-8f, -0x1.27aa02p-10f, -0x1.21fbfp-12f,
           -0x1.119aacp-14f, -0x1.00ed4ep-16f},
    .c4 = {0x1.fbaa46p-5f, 0x1.04b2c2p-6f, 0x1.387d16p-8f, 0x1.2eb268p-10f, 0x1.ebb3dcp-13f, 0x1.6338eap-15f,
           0x1.e05968p-18f, 0x1.3eb9e4p-20f},
    .c5 = {-0x1.92683p-6f, -0x1.8320f4p-8f, -0x1.930128p-10f, -0x1.43444cp-12f, -0x1.9e29c8p-15f, -0x1.c15824p-18f,
           -0x1.b9311p-21f, -0x1.a29ce2p-24f},
    .c6 = {0x1.a03f22p-8f, 0x1.097076p-9f, 0x1.eec84p-12f, 0x1.482ee4p-14f, 0x1.4a413ap-17f, 0x1.0fce06p-20f,
           0x1.817f56p-24f, 0x1.0325a4p-27f},
};
inline vec<float> gelu_slope_factor(vec<float> a) { return evaluate(gelu_slope_pieces, a); }

} // namespace
