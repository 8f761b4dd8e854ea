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
// The same for a up to 4.5, where nearly all are, in sixteen pieces, in the distance from multiples of a step:
// 2^-37.16, where 2^-37 is allowed. Faster where a lookup is one instruction.
constexpr double quick_gelu_near_end = 4.5, quick_gelu_step = 0x1.294a6p-2;
static_assert(quick_gelu_near_end < 15.5 * quick_gelu_step); // There is no piece 16.
constexpr double quick_gelu[9][16] = {
    {0, 0x1.cac2afd7b48cep-4, 0x1.4dd85137f70fbp-3, 0x1.56465bf31dc45p-3, 0x1.23f79f78979afp-3, 0x1.b3dac9ce141b1p-4,
     0x1.22d1dd9a2331bp-4, 0x1.5eac9321daf0dp-5, 0x1.805e2435e61ddp-6, 0x1.8054a4b3a360ep-7, 0x1.5f5cb16ac87bbp-8,
     0x1.2620efac057c7p-9, 0x1.c35a759215a2fp-11, 0x1.3da3e693f594ap-12, 0x1.9a4518284371cp-14, 0x1.e6757d780f49bp-16},
    {0x1p-1, 0x1.19560fe0a236dp-2, 0x1.5c49706a15fa2p-4, -0x1.7805641a47546p-5, -0x1.d0090de20868fp-4,
     -0x1.076ab52838c7ep-3, -0x1.c95cad8181d78p-4, -0x1.4ed9da74ff63ap-4, -0x1.accfd697f0723p-5, -0x1.e8b4cd5ae2aep-6,
     -0x1.f47da5d99d94fp-7, -0x1.cf50d0e2be395p-8, -0x1.85323d0d22b72p-9, -0x1.29757afa7c982p-10,
     -0x1.9e7ccada00a88p-12, -0x1.079e7de261eb8p-13},
    {-0x1.9884533d449bbp-2, -0x1.7726fecf51ap-2, -0x1.1ef5e95a8638p-2, -0x1.5b0ed0182b6b6p-3, -0x1.0f2c26caabffep-4,
     0x1.e88efed41e1d5p-8, 0x1.72b603b4e9042p-5, 0x1.b965eaa7efc58p-5, 0x1.75d042a31a91ep-5, 0x1.03af9925b751fp-5,
     0x1.369015beb174cp-6, 0x1.46ec23ba7b2f4p-7, 0x1.32ae962454fc8p-8, 0x1.02534546b83bbp-9, 0x1.88b8dd22ac505p-11,
     0x1.0e560fcf9b60cp-12},
    {0x1.99474f32b0e18p-35, 0x1.28d4810f8a22cp-4, 0x1.e95eed055d94ap-4, 0x1.07167efcdb2fbp-3, 0x1.ab425df3900dfp-4,
     0x1.04ebdbfd216fdp-4, 0x1.91ea5134b7c6cp-6, -0x1.24288b10f18dfp-9, -0x1.db8a3d571d47cp-7, -0x1.08f080e7ae8ddp-6,
     -0x1.9e16b6e0d1623p-7, -0x1.071ebd82bd271p-7, -0x1.1de20501684b9p-8, -0x1.0fe829c15cd5p-9, -0x1.cac9d72a1a15ap-11,
     -0x1.5a28f82e875a7p-12},
    {0x1.105836c85e686p-4, 0x1.be1c655839937p-5, 0x1.938035c6ed151p-6, -0x1.11d81aa64671fp-7, -0x1.f686c7ef552dcp-6,
     -0x1.2b9ba20e6a63cp-5, -0x1.dfd9c39696282p-6, -0x1.0f37edbd61f6fp-6, -0x1.5638fd2f4813bp-8, 0x1.94a62f3f29cafp-10,
     0x1.0254102376ec4p-8, 0x1.e6c8241ec0986p-9, 0x1.4e90927923042p-9, 0x1.78eb85b0f9f85p-10, 0x1.6b80191b7698p-11,
     0x1.32a0cee58754p-12},
    {0x1.2f6dff89d6416p-24, -0x1.02f1f0bb6f24bp-6, -0x1.80e8bbd32b4b3p-6, -0x1.4c27fb05e4af3p-6, -0x1.41450b4bf6015p-7,
     0x1.45d9aba1ee77ep-10, 0x1.00d1dcb34a719p-7, 0x1.233b6df352e09p-7, 0x1.a164fbf152affp-8, 0x1.8925406777409p-9,
     0x1.12b898084192cp-11, -0x1.4dbf988218e27p-11, -0x1.bef35737fe52cp-11, -0x1.54e3cc4546777p-11,
     -0x1.90244d737e68ep-12, -0x1.8709eeae2812cp-13},
    {-0x1.46d88ba6740b9p-7, -0x1.e0f3fdb54f1eep-8, -0x1.3d59f25e507d2p-10, 0x1.2823dd69925afp-8, 0x1.be78e549e6908p-8,
     0x1.5fb8830f5502p-8, 0x1.14bc6c189245ep-9, -0x1.6a6750fb9be5cp-11, -0x1.f826606c20f92p-10, -0x1.d1909d65e74b8p-10,
     -0x1.0e92675d4f9b1p-10, -0x1.66f8f2c46e588p-12, 0x1.57d65f9b73ad9p-15, 0x1.4a4831ed1a813p-13,
     0x1.22718c6a3211fp-13, 0x1.64d88e99d7997p-14},
    {0x1.e3ccd578dfcdbp-18, 0x1.3d37417644bc4p-9, 0x1.a7d569a7d4f11p-9, 0x1.15433a5c2b0c2p-9, 0x1.f8e64aa551c5ap-14,
     -0x1.6270fe591160ap-10, -0x1.accad5770bc65p-10, -0x1.0bcc47c8d28f5p-10, -0x1.c31346ee85882p-13,
     0x1.291e776444056p-12, 0x1.9740d0df7fd44p-12, 0x1.1a3170c92b862p-12, 0x1.dc2ca0b8c8927p-14, 0x1.d1d1571192476p-17,
     -0x1.886b65ca07629p-16, -0x1.a9cf86ec1d68ep-16},
    {0x1.3135773119277p-10, 0x1.9bee7062cc88dp-11, -0x1.9f8e860c70077p-14, -0x1.97de1e5b4f5d8p-11,
     -0x1.b370a268f2dbap-11, -0x1.937442949917cp-12, 0x1.f7db2f0ca67adp-14, 0x1.759808ce78e22p-12,
     0x1.3ab7eb33b7938p-12, 0x1.fcc7cae217d22p-14, -0x1.4bb75d566a8c9p-16, -0x1.2532de903939ap-14,
     -0x1.e17f3941a23e1p-15, -0x1.cebb84d0f9fd3p-16, -0x1.969a0919db9d6p-18, 0x1.7fc918a3686edp-19},
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
