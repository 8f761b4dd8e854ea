// The primitives for vec<float> that come from sixteen polynomials each, one for a part of an interval: tanh, mish, the
// tails of gelu, and slopes. Errors and coefficients are as in exponentials.h, by which what lies beyond is computed.
#pragma once

#include "arithmetic/float32/exponentials.h"

namespace {

// A function as sixteen polynomials, in the distance from a centre. Where zero is a centre, the function is zero there
// and its slope a power of two; at the others it is nearly a float (the best of 400 near the middle), so that c[0]
// costs nothing and the last fma makes almost all of the error.
template <int degree> struct pieces {
  float centre[16], c[degree + 1][16];

  vec<float> operator()(vec<float>::bits piece, vec<float> a) const {
    const vec<float> d = a - lookup(centre, piece);
    return fma(before_last(piece, d), d, lookup(c[0], piece));
  }
  // With what the last fma rounds away.
  pair<float> and_rest(vec<float>::bits piece, vec<float> a) const {
    const vec<float> d = a - lookup(centre, piece), y = before_last(piece, d), first = lookup(c[0], piece);
    const vec<float> sum = fma(y, d, first);
    return {sum, fma(y, d, first - sum)};
  }

private:
  vec<float> before_last(vec<float>::bits piece, vec<float> d) const {
    vec<float> y = lookup(c[degree], piece);
    for (int i = degree; i-- > 1;)
      y = fma(y, d, lookup(c[i], piece));
    return y;
  }
};

// tanh(a), 0.42 u before the roundings. Which piece: the exponent and the first two bits of the mantissa of 3.32 a + 2,
// so that they grow with a.
constexpr float tanh_slope_of_place = 0x1.a84d32p+1f;
constexpr pieces<5> tanh_pieces = {
    .centre = {0, 0x1.cf5ef4p-3f, 0x1.8222bp-2f, 0x1.0e4d48p-1f, 0x1.8224f6p-1f, 0x1.0e4d3ap+0f, 0x1.5b86a8p+0f,
               0x1.a8bfeep+0f, 0x1.0e4d9ap+1f, 0x1.5b864cp+1f, 0x1.a8c2a4p+1f, 0x1.f5fbfp+1f, 0x1.34e9cp+2f,
               0x1.822266p+2f, 0x1.cf5feap+2f, 0x1.0df428p+3f},
    .c =
        {
            {0, 0x1.c79f66p-3f, 0x1.70d15ep-2f, 0x1.ef6934p-2f, 0x1.4678ep-1f, 0x1.917278p-1f, 0x1.c06b24p-1f,
             0x1.dc36eap-1f, 0x1.f137aep-1f, 0x1.fb8818p-1f, 0x1.fea8cp-1f, 0x1.ff9934p-1f, 0x1.ffef2cp-1f,
             0x1.fffe7ep-1f, 0x1.ffffdep-1f, 0x1.fffffcp-1f},
            {0x1p+0f, 0x1.e6a8cp-1f, 0x1.bd94acp-1f, 0x1.8829p-1f, 0x1.2fd3f8p-1f, 0x1.8a783p-2f, 0x1.dd11a8p-3f,
             0x1.14477cp-3f, 0x1.d236p-5f, 0x1.1cba98p-6f, 0x1.56cd0cp-8f, 0x1.9b06dcp-10f, 0x1.0d41dap-12f,
             0x1.81b8dcp-16f, 0x1.14234ap-19f, 0x1.943d3ep-23f},
            {0x1.a9698cp-21f, -0x1.b111fcp-3f, -0x1.40f8cep-2f, -0x1.7b740cp-2f, -0x1.83775ep-2f, -0x1.354c72p-2f,
             -0x1.a1d4a4p-3f, -0x1.00f88p-3f, -0x1.c4bc7cp-5f, -0x1.1a35d8p-6f, -0x1.55da4ep-8f, -0x1.9aa3dep-10f,
             -0x1.0c7d6ap-12f, -0x1.7d9e2p-16f, -0x1.407442p-19f, 0x1.9c748ep-22f},
            {-0x1.5561a4p-2f, -0x1.144476p-2f, -0x1.6adec8p-3f, -0x1.377728p-4f, 0x1.63fb28p-5f, 0x1.bc17cep-4f,
             0x1.9dd964p-4f, 0x1.25d5bep-4f, 0x1.1c4ca2p-5f, 0x1.71b55p-7f, 0x1.c56a4ap-9f, 0x1.11545p-10f,
             0x1.65d602p-13f, 0x1.00dcbp-16f, 0x1.6f341cp-20f, 0x1.0ae096p-23f},
            {0x1.b0bc88p-11f, 0x1.0a33dep-3f, 0x1.578d04p-3f, 0x1.47932ap-3f, 0x1.9309dap-4f, 0x1.0ac16ep-6f,
             -0x1.498fcap-6f, -0x1.962096p-6f, -0x1.f6b5aap-7f, -0x1.697304p-8f, -0x1.c7d8e8p-10f, -0x1.150e44p-11f,
             -0x1.7f8922p-14f, -0x1.2474ccp-17f, 0x1.92f372p-23f, -0x1.c6dda6p-20f},
            {0x1.072334p-3f, 0x1.507fcep-4f, 0x1.0c74bep-6f, -0x1.186408p-5f, -0x1.0224fep-4f, -0x1.47744cp-5f,
             -0x1.6308c4p-7f, 0x1.18ffep-9f, 0x1.252eaep-8f, 0x1.0b57fap-9f, 0x1.649114p-11f, 0x1.b83eap-13f,
             0x1.323b66p-15f, 0x1.affde4p-19f, 0x1.3a555cp-22f, 0x1.079feap-25f},
        },
};
inline vec<float> tanh_tail(vec<float> a) {
  vec<float> place = fma(a, tanh_slope_of_place, 2.0f);
  return tanh_pieces(to_bits(place) >> 21, a);
}
inline pair<float> tanh_tail_and_rest(vec<float> a) {
  return tanh_pieces.and_rest(to_bits(fma(a, tanh_slope_of_place, 2.0f)) >> 21, a);
}

// a - tanh(a) in the same pieces: near 0 (a - tanh(a)) / a^3, and from there on 1 - tanh(a), to which a - 1 is to be
// added. 0.3 u of their results before the roundings.
constexpr float tanh_shrink_near = 6.0f;
constexpr pieces<5> tanh_shrink_pieces = {
    .centre = {0x1.36f5d6p-4f, 0x1.cf5f7cp-3f, 0x1.8222e2p-2f, 0x1.0e4d6p-1f, 0x1.8223aap-1f, 0x1.0e4deep+0f,
               0x1.5b86d4p+0f, 0x1.a8bfeep+0f, 0x1.0e4d7ep+1f, 0x1.5b8576p+1f, 0x1.a8c2a6p+1f, 0x1.f5fa6p+1f,
               0x1.34e8dcp+2f, 0x1.8222f8p+2f, 0x1.cf5d46p+2f, 0x1.0df5e8p+3f},
    .c = {{0x1.548c5ap-2f, 0x1.4e7c5ep-2f, 0x1.42f9c2p-2f, 0x1.332308p-2f, 0x1.16347cp-2f, 0x1.d8dc6ep-3f,
           0x1.fca63cp-4f, 0x1.1e48bp-4f, 0x1.d90b0cp-6f, 0x1.1dfdb8p-7f, 0x1.573ff6p-9f, 0x1.9b3a0ap-11f,
           0x1.0d4776p-13f, 0x1.81b274p-17f, 0x1.1433aap-20f, 0x1.93f65p-24f},
          {-0x1.4a261ap-6f, -0x1.da66dep-5f, -0x1.70459p-4f, -0x1.d1ac6ep-4f, -0x1.1030bep-3f, -0x1.11ef9p-3f,
           -0x1.dd1118p-3f, -0x1.14477cp-3f, -0x1.d236c4p-5f, -0x1.1cbe46p-6f, -0x1.56cd02p-8f, -0x1.9b10e4p-10f,
           -0x1.0d494ep-12f, -0x1.81bafp-16f, -0x1.143a1ep-19f, -0x1.93fedep-23f},
          {-0x1.0d4424p-3f, -0x1.e1ap-4f, -0x1.7e086cp-4f, -0x1.0642cap-4f, -0x1.6bdcb6p-6f, 0x1.f6226ap-7f,
           0x1.a1d438p-3f, 0x1.00f87ep-3f, 0x1.c4bd36p-5f, 0x1.1a397ap-6f, 0x1.55da32p-8f, 0x1.9aadc8p-10f,
           0x1.0c8516p-12f, 0x1.80ac48p-16f, 0x1.1378f6p-19f, 0x1.92f85cp-23f},
          {0x1.096a2cp-6f, 0x1.68eb1ep-5f, 0x1.f6455cp-5f, 0x1.0de996p-4f, 0x1.bfba6ap-5f, 0x1.cd29d6p-6f,
           -0x1.9dd93p-4f, -0x1.25d5b2p-4f, -0x1.1c4d7p-5f, -0x1.71baap-7f, -0x1.c56a18p-9f, -0x1.115adep-10f,
           -0x1.65e11p-13f, -0x1.006688p-16f, -0x1.6f3c2ap-20f, -0x1.0c9a32p-23f},
          {0x1.a97dccp-5f, 0x1.3c6396p-5f, 0x1.268c96p-6f, -0x1.0634b2p-9f, -0x1.4030a2p-6f, -0x1.549682p-6f,
           0x1.4992eep-6f, 0x1.9623b8p-6f, 0x1.f6b658p-7f, 0x1.6976eep-8f, 0x1.c7db5ap-10f, 0x1.1516c8p-11f,
           0x1.7f91fp-14f, 0x1.12ff48p-17f, 0x1.89e522p-21f, 0x1.1f617ep-24f},
          {-0x1.43b5a4p-7f, -0x1.8d57cep-6f, -0x1.d5566ap-6f, -0x1.80e338p-6f, -0x1.0be132p-7f, 0x1.1a7aaep-8f,
           0x1.62ce04p-7f, -0x1.194b4ap-9f, -0x1.2513a6p-8f, -0x1.0b42ep-9f, -0x1.6494ap-11f, -0x1.b84ce8p-13f,
           -0x1.323848p-15f, -0x1.b791e6p-19f, -0x1.3ad794p-22f, -0x1.cb807ep-26f}}};
template <class T> struct tanh_shrink_piece {
  vec<T> value;
  mask<T> is_near;
};
inline tanh_shrink_piece<float> tanh_shrink_piece_of(vec<float> a) {
  const vec<float> place = fma(a, tanh_slope_of_place, 2.0f);
  return {tanh_shrink_pieces(to_bits(place) >> 21, a), place < tanh_shrink_near};
}

// x tanh(log(1 + e^x)) from -8.8 on: x times a piece, 0.28 u before the roundings. Which one: the exponent and the
// first four bits of the mantissa of 1.0554 x + 28.3, so that the last three, from 3.5 on, are twice as wide as the
// others.
constexpr float mish_begin = -8.8f, mish_first = 0x1.c49f62p+4f, mish_slope_of_place = 0x1.0e319cp+0f;
constexpr pieces<7> mish_pieces = {
    .centre = {0x1.1dac08p+2f, 0x1.96f3eap+2f, 0x1.081a1ap+3f, -0x1.0a73ep+3f, -0x1.d84ed2p+2f, -0x1.9ba952p+2f,
               -0x1.5f05b4p+2f, -0x1.226442p+2f, -0x1.cb80dep+1f, -0x1.523bdp+1f, -0x1.b1e87ep+0f, -0x1.7eb3bep-1f,
               0x1.9997bap-3f, 0x1.25c0c6p+0f, 0x1.0c2822p+1f, 0x1.856d4ap+1f},
    .c = {{0x1.ffdep-1f, 0x1.ffff38p-1f, 0x1.fffffcp-1f, 0x1.fb69aep-13f, 0x1.46e806p-11f, 0x1.a56c1p-10f,
           0x1.0f63b2p-8f, 0x1.5cca9p-7f, 0x1.bdfda8p-6f, 0x1.193a02p-4f, 0x1.55fe1p-3f, 0x1.7a3a3ap-2f, 0x1.5373fp-1f,
           0x1.c7cfb8p-1f, 0x1.f3d93cp-1f, 0x1.fde14ep-1f},
          {0x1.0cddaep-11f, 0x1.9069a2p-17f, 0x1.234d72p-22f, 0x1.fb59f6p-13f, 0x1.46cdeap-11f, 0x1.a51534p-10f,
           0x1.0ed34p-8f, 0x1.5aea4cp-7f, 0x1.b7c1aap-6f, 0x1.0eeb86p-4f, 0x1.34d684p-3f, 0x1.1c30ap-2f, 0x1.3b8b22p-2f,
           0x1.427a2p-3f, 0x1.561ffap-5f, 0x1.0273d6p-7f},
          {-0x1.08426cp-11f, -0x1.9aabdap-17f, -0x1.41e29ap-21f, 0x1.fb3a8ap-14f, 0x1.4699b6p-12f, 0x1.a4678p-11f,
           0x1.0db25cp-9f, 0x1.5729fp-8f, 0x1.ab4d2p-7f, 0x1.f4e3p-6f, 0x1.e9dbc2p-5f, 0x1.f58f4cp-5f, -0x1.60064ep-5f,
           -0x1.66208ap-4f, -0x1.16a81p-5f, -0x1.df8ba2p-8f},
          {0x1.571548p-12f, 0x1.094354p-17f, 0x1.80274p-23f, 0x1.51fd22p-15f, 0x1.b2ed04p-14f, 0x1.175dc6p-12f,
           0x1.6495bep-11f, 0x1.bf8e5ep-10f, 0x1.0c4c4ap-8f, 0x1.1805ecp-7f, 0x1.4f779p-7f, -0x1.130924p-6f,
           -0x1.600c2p-5f, 0x1.a1ae7p-7f, 0x1.0548a2p-6f, 0x1.1c16dcp-8f},
          {-0x1.47eb06p-13f, -0x1.8657d8p-19f, 0x1.dc64fcp-21f, 0x1.51a64ep-17f, 0x1.b1d22p-16f, 0x1.158c6cp-14f,
           0x1.5e9158p-13f, 0x1.ab918ep-12f, 0x1.d6a08ep-11f, 0x1.5de9d4p-10f, -0x1.b55a3ep-10f, -0x1.a3fc26p-7f,
           0x1.f047c4p-8f, 0x1.4a4b7p-7f, -0x1.facaccp-9f, -0x1.d46cd8p-10f},
          {0x1.edd83ap-15f, 0x1.9ff748p-20f, 0x1.53e666p-25f, 0x1.0d96e8p-19f, 0x1.58f732p-18f, 0x1.b5dedap-17f,
           0x1.0f09ep-15f, 0x1.3573ap-14f, 0x1.0f4a62p-13f, -0x1.43b87ap-15f, -0x1.a4a79ap-10f, -0x1.663618p-10f,
           0x1.f6a888p-8f, -0x1.53b694p-8f, -0x1.080b7p-12f, 0x1.09ae12p-11f},
          {-0x1.41a83p-16f, -0x1.5f7a28p-20f, -0x1.8d1568p-21f, 0x1.68d4a4p-22f, 0x1.cb45b6p-21f, 0x1.1e46a2p-19f,
           0x1.50699cp-18f, 0x1.474c82p-17f, 0x1.32e4ap-18f, -0x1.abd228p-14f, -0x1.dcaec4p-12f, 0x1.6e7cfp-10f,
           -0x1.12b968p-10f, -0x1.29174ep-12f, 0x1.4083bep-11f, -0x1.326d78p-14f},
          {0x1.2de2f2p-18f, 0x1.51bd0ep-23f, 0x1.5033a6p-30f, 0x1.999a5p-25f, 0x1.1d9ac2p-23f, 0x1.56c09ep-22f,
           0x1.246d12p-21f, 0x1.1de92cp-20f, -0x1.c78a8cp-19f, -0x1.2a17acp-15f, -0x1.c97004p-16f, 0x1.33187ep-11f,
           -0x1.51b312p-10f, 0x1.c48cb4p-11f, -0x1.c3626cp-13f, -0x1.87de96p-17f}}};
inline vec<float> mish_near(vec<float> x) {
  const vec<float> end = min(x, mish_end<float>);
  return x * mish_pieces(to_bits(fma(end, mish_slope_of_place, mish_first)) >> 19, end);
}
// Before -8.8, times huge: x n (1 - n / 2), n = e^x, of whose n^4 / 4 nothing is left. n / 2 counts as no less than
// 2^-61, so that it is no subnormal number.
inline vec<float> huge_mish_far(vec<float> x) {
  x = min(max(x, -109.0f), mish_begin); // Where nothing is left, and so that no exponent leaves its bits for others.
  const factors e = exp_factors_times(64, x);
  const vec<float> power = max(e.power, huge<float> * 0x1p-60f), one = e.rest + 1.0f;
  const vec<float> rest = fma(power * (-0.5f / huge<float>), one * one, e.rest);
  return fma(e.power, rest, e.power) * x;
}
inline vec<float> mish_far(vec<float> x) { return times<float>(huge_mish_far(x), 1 / huge<float>); }
inline vec<float> mish(vec<float> x) {
  vec<float> y = mish_near(x);
  if (any_greater(mish_begin, x)) [[unlikely]]
    y = select(x < mish_begin, mish_far(x), y);
  return y;
}

// Its slope times huge from -8.8 on, in pieces of degree 8: 0.58 u before the last rounding, and 0.3 * 2^-26 around its
// zero at -1.1924. Which one, as above, of 0.9644 x + 27.49.
constexpr float mish_slope_end = 10.8f; // From where on it rounds to 1.
constexpr float mish_slope_first = 0x1.b7cc74p+4f, mish_slope_step = 0x1.edc15p-1f;
constexpr pieces<8> mish_slope_pieces = {
    .centre = {0x1.6dd5fep+2f, 0x1.f290dp+2f, 0x1.3ba0b4p+3f, -0x1.090672p+3f, -0x1.cfb6ep+2f, -0x1.8d5a04p+2f,
               -0x1.4afe5p+2f, -0x1.08a0acp+2f, -0x1.8c839p+1f, -0x1.07cab2p+1f, -0x1.061dcp+0f, 0x1.ab9d0cp-7f,
               0x1.0ccd42p+0f, 0x1.0b208ap+1f, 0x1.8fdd12p+1f, 0x1.0a4a48p+2f},
    .c = {{0x1.000eacp+64f, 0x1.000054p+64f, 0x1.000002p+64f, -0x1.e2df5cp+54f, -0x1.23c148p+56f, -0x1.56a532p+57f,
           -0x1.8163bcp+58f, -0x1.936838p+59f, -0x1.6e4dccp+60f, -0x1.c353dep+60f, 0x1.a1b382p+59f, 0x1.3778c4p+63f,
           0x1.0ec154p+64f, 0x1.1071a8p+64f, 0x1.04832cp+64f, 0x1.00de3ap+64f},
          {-0x1.a60c92p+52f, -0x1.3784d8p+47f, -0x1.9c490cp+41f, -0x1.a06e4p+54f, -0x1.e9a05ep+55f, -0x1.14174ep+57f,
           -0x1.227b4cp+58f, -0x1.0ac39p+59f, -0x1.504b4cp+59f, 0x1.9ef8e4p+58f, 0x1.5b369p+62f, 0x1.46fd8ep+63f,
           0x1.46b2d6p+61f, -0x1.e30488p+59f, -0x1.a9733cp+58f, -0x1.74af3p+56f},
          {0x1.7549e2p+52f, 0x1.0cb712p+47f, -0x1.75a686p+42f, -0x1.5de44cp+53f, -0x1.8b6d24p+54f, -0x1.a216f6p+55f,
           -0x1.84546p+56f, -0x1.fad1bep+56f, 0x1.159dcep+56f, 0x1.36e762p+60f, 0x1.c5fbacp+61f, -0x1.c40fp+59f,
           -0x1.f67fd6p+61f, -0x1.52f4dcp+55f, 0x1.0e48a6p+58f, 0x1.2a8ccp+56f},
          {-0x1.b0ffd8p+51f, -0x1.6132d2p+46f, -0x1.e9827ep+40f, -0x1.7990eep+51f, -0x1.90e12ep+52f, -0x1.786406p+53f,
           -0x1.fda724p+53f, 0x1.815162p+52f, 0x1.3d8bbep+57f, 0x1.4b4686p+59f, 0x1.8070ap+58f, -0x1.77be98p+61f,
           0x1.6044ap+60f, 0x1.0702d6p+59f, -0x1.33ff8ap+56f, -0x1.27a2fcp+55f},
          {0x1.790174p+50f, 0x1.56b328p+46f, 0x1.519e38p+45f, -0x1.202eb8p+49f, -0x1.113186p+50f, -0x1.7efc42p+50f,
           0x1.181e5ep+48f, 0x1.bfe58ep+53f, 0x1.1b300ap+56f, 0x1.3818aap+57f, -0x1.1d0cf6p+59f, 0x1.3aeebcp+54f,
           0x1.2fb7cp+59f, -0x1.6b6914p+58f, -0x1.50369ep+53f, 0x1.7b3254p+53f},
          {-0x1.da19cp+48f, -0x1.d01004p+43f, -0x1.42dcd6p+38f, -0x1.3d22d4p+46f, -0x1.ca60eap+46f, -0x1.21e49ap+40f,
           0x1.e53e2ep+49f, 0x1.54d8fp+52f, 0x1.204a46p+54f, -0x1.b070ep+52f, -0x1.2b83dcp+58f, 0x1.821d6ep+59f,
           -0x1.1c19acp+59f, 0x1.8c2e8ep+56f, 0x1.4ed6c6p+54f, -0x1.0334d6p+51f},
          {0x1.a522c2p+45f, -0x1.fa2eb8p+45f, -0x1.eb47ecp+45f, -0x1.c841bp+42f, -0x1.3a6bc8p+40f, 0x1.a7d1ap+45f,
           0x1.41f536p+48f, 0x1.4475f2p+50f, 0x1.35f37ep+51f, -0x1.45bd88p+54f, -0x1.3097eep+54f, 0x1.4c23e4p+56f,
           0x1.73b21ap+54f, 0x1.feb3d4p+53f, -0x1.50a9b6p+53f, -0x1.da6c88p+47f},
          {-0x1.641e26p+44f, -0x1.217fd6p+40f, -0x1.3f7c64p+35f, 0x1.88aa9ep+34f, 0x1.4f2d28p+41f, 0x1.10ae4cp+44f,
           0x1.0ee5d2p+46f, 0x1.a1e57ep+47f, -0x1.09a846p+48f, -0x1.0ebf3ep+53f, 0x1.5ddcc6p+55f, -0x1.3150b2p+57f,
           0x1.c327b2p+56f, -0x1.87f6cep+54f, 0x1.6da6b6p+51f, 0x1.53f99p+48f},
          {0x1.0a790cp+45f, 0x1.fa40d4p+44f, 0x1.ca12bap+44f, 0x1.3e9f5cp+37f, 0x1.5bf9c6p+39f, 0x1.ff9ccp+41f,
           0x1.552ea6p+43f, 0x1.21ec8ap+44f, -0x1.fd7bc4p+47f, -0x1.9d38eep+50f, 0x1.2bdff8p+54f, -0x1.1cf7aap+55f,
           -0x1.e4a072p+54f, 0x1.056048p+53f, -0x1.e36522p+47f, -0x1.0ff5e4p+47f}}};
// Before -8.8, n (x + 1 - n (x + 0.5)) with n = e^x, of whose n^4 x nothing is left.
inline vec<float> huge_mish_slope_far(vec<float> x) {
  x = min(max(x, -114.0f), mish_begin); // Where it is 2^-158.
  const factors e = exp_factors_times(64, x);
  const vec<float> power = max(e.power, huge<float> * 0x1p-60f), n = fma(power, e.rest, power) * (1 / huge<float>);
  return times_and_rest(fma(-n, x + 0.5f, x + 1.0f), e);
}
inline vec<float> huge_mish_slope(vec<float> x) {
  const vec<float> end = min(x, mish_slope_end);
  vec<float> y = mish_slope_pieces(to_bits(fma(end, mish_slope_step, mish_slope_first)) >> 19, end);
  if (any_greater(mish_begin, x)) [[unlikely]]
    y = select(x < mish_begin, huge_mish_slope_far(x), y);
  return y;
}

// A tail from `pieces` up to 5.4, where nearly all inputs are: which one, say the first four bits of the mantissa of
// 52 - 4.81 a. Where that falls below 32, at 4.15, the exponent does too, so that the six pieces beyond are half as
// wide as the ten before. Beyond 5.4 from far(a), for which a register waits only where one of its lanes is there.
constexpr float near_end = 5.4f, near_first = 0x1.9ffffep+5f, near_slope = 0x1.34259cp+2f;
inline vec<float> near_tail(const pieces<6> &near, vec<float> a) {
  return near(to_bits(fma(a, -near_slope, near_first)) >> 19, a);
}
template <class F> vec<float> near_or_far(const pieces<6> &near, F far, vec<float> a) {
  vec<float> y = near_tail(near, a);
  if (any_greater(a, near_end)) [[unlikely]]
    y = select(a > near_end, far(min(a, gelu_end<float>)), y);
  return y;
}
// y phi(a) * huge, phi(a) = e^(-a*a/2) / sqrt(2 pi)
inline factors density(vec<float> a) {
  constexpr unit<float> minus_half = {-0.5, -0x1.71547652b82fep-1, -0x1.62e42fefa39efp+0, -0x1.abc9e3b39803fp-55};
  const scale scale = {vec<float>(64 * 16 - 21), 0x1.fb51e4ced6fep-1};
  return exp_factors(scale, minus_half, sharp{a, a, 0});
}
inline vec<float> times_density(vec<float> y, vec<float> a) {
  const factors e = density(a);
  return fma(y, e.rest, y) * e.power;
}

// -a Phi(-a): 0.64 u before the roundings; and from 5.4 on, times huge, 0.03 u, as a polynomial in 1 / a^2 that is -1
// at infinity.
constexpr pieces<6> gelu_pieces = {
    .centre = {0x1.f91c9cp+1f, 0x1.c3f13p+1f, 0x1.8ec514p+1f, 0x1.59999ep+1f, 0x1.247p+1f, 0x1.de85p+0f, 0x1.742eb6p+0f,
               0x1.09d7b6p+0f, 0x1.3f0332p-1f, 0.0f, 0x1.52f5bap+2f, 0x1.45ab16p+2f, 0x1.385dc8p+2f, 0x1.2b147ep+2f,
               0x1.1dca8ep+2f, 0x1.107e2ep+2f},
    .c =
        {
            {-0x1.48928cp-13f, -0x1.7f7968p-11f, -0x1.7710bp-9f, -0x1.32bc38p-7f, -0x1.a1f8aep-6f, -0x1.d7929p-5f,
             -0x1.b2aee6p-4f, -0x1.3e036ap-3f, -0x1.54380ep-3f, -0.0f, -0x1.501ba4p-22f, -0x1.ecce78p-21f,
             -0x1.5a333cp-19f, -0x1.d128cap-18f, -0x1.2b3fap-16f, -0x1.70d71ep-15f},
            {0x1.4213a2p-11f, 0x1.4f461ap-9f, 0x1.1fd252p-7f, 0x1.942f76p-6f, 0x1.c9a912p-5f, 0x1.963d86p-4f,
             0x1.0758d6p-3f, 0x1.79302p-4f, -0x1.fb201ep-5f, -0x1p-1f, 0x1.bc0edep-20f, 0x1.38aaccp-18f,
             0x1.a52e1ap-17f, 0x1.0ec6fap-15f, 0x1.4cb4aap-14f, 0x1.86b134p-13f},
            {-0x1.26d53ap-10f, -0x1.0c9708p-8f, -0x1.892c7ap-7f, -0x1.c3992p-6f, -0x1.82f01ap-5f, -0x1.a98196p-5f,
             -0x1.022b34p-7f, 0x1.b72a96p-4f, 0x1.0f22ap-2f, 0x1.98843p-2f, -0x1.1ac6p-18f, -0x1.7d3ebp-17f,
             -0x1.ea96dep-16f, -0x1.2c93c4p-14f, -0x1.5eff56p-13f, -0x1.867dc4p-12f},
            {0x1.4aab6ap-10f, 0x1.ff6eaap-9f, 0x1.2e5668p-7f, 0x1.f9917p-7f, 0x1.be826p-7f, -0x1.6747cep-7f,
             -0x1.039928p-4f, -0x1.e1e6p-4f, -0x1.f8bb14p-4f, 0x1.14dd8ep-16f, 0x1.ccdee8p-18f, 0x1.2842aap-16f,
             0x1.6a7cfp-15f, 0x1.a50044p-14f, 0x1.d0362p-13f, 0x1.e577fap-12f},
            {-0x1.f1db04p-11f, -0x1.348c08p-9f, -0x1.0145f6p-8f, -0x1.5bcf9ep-9f, 0x1.a80586p-8f, 0x1.87989cp-6f,
             0x1.2b787cp-5f, 0x1.7ae952p-6f, -0x1.417ab4p-6f, -0x1.11066p-4f, -0x1.0ce6fp-17f, -0x1.47f252p-16f,
             -0x1.7b21d4p-15f, -0x1.9e308cp-14f, -0x1.ab3ffap-13f, -0x1.9f148cp-12f},
            {0x1.fec1c6p-12f, 0x1.b2dc9cp-11f, 0x1.b5742ap-12f, -0x1.195e6ap-9f, -0x1.bc313ap-8f, -0x1.2057eap-7f,
             -0x1.3d89e8p-10f, 0x1.df287p-7f, 0x1.800e7p-6f, 0x1.6da96ep-11f, 0x1.deb468p-18f, 0x1.12a61p-16f,
             0x1.2938eep-15f, 0x1.2dd34cp-14f, 0x1.1e9db4p-13f, 0x1.fb315ep-13f},
            {-0x1.3f0246p-13f, -0x1.3e9d3ep-14f, 0x1.00b26cp-11f, 0x1.97cc4ap-10f, 0x1.e30e6p-10f, -0x1.77432ep-11f,
             -0x1.5a5e08p-8f, -0x1.9b244ep-8f, 0x1.2dbfeep-12f, 0x1.21c742p-7f, -0x1.452144p-18f, -0x1.5ba168p-17f,
             -0x1.5e0772p-16f, -0x1.4693fcp-15f, -0x1.141252p-14f, -0x1.b315d4p-14f},
        },
};
inline vec<float> gelu_far(vec<float> a) {
  vec<float> v = 1 / (a * a);
  vec<float> y = fma(v, 0x1.4a527p+8f, -0x1.4c0f52p+6f);
  y = fma(y, v, 0x1.d19a7ap+3f);
  y = fma(y, v, -0x1.7f5a5ep+1f);
  y = fma(y, v, 0x1.fffc4cp-1f);
  y = fma(y, v, -0x1.fffffep-1f);
  return times_density(y, a);
}
inline vec<float> minus_gelu_tail(vec<float> ramp, vec<float> a) {
  return ramp + near_or_far(
                    gelu_pieces, [](vec<float> a) { return gelu_far(a) * (1 / huge<float>); }, a);
}

// (Phi(-a) - a phi(a)) * huge: 0.91 u; the piece around the zero at 0.7518 is fitted for the absolute error, 0.08 *
// 2^-26. From 5.4 on 0.004 u, as -a phi(a) and a polynomial in 1 / a^2 that is 1 at infinity.
constexpr pieces<6> gelu_slope_pieces = {
    .centre = {0x1.f91d1ap+1f, 0x1.c3ef5ap+1f, 0x1.8ec41cp+1f, 0x1.599a82p+1f, 0x1.246f46p+1f, 0x1.de84d6p+0f,
               0x1.7430a4p+0f, 0x1.09d752p+0f, 0x1.3f02eap-1f, 0.0f, 0x1.52f4f2p+2f, 0x1.45aab6p+2f, 0x1.385dcap+2f,
               0x1.2b14fep+2f, 0x1.1dca54p+2f, 0x1.107e5cp+2f},
    .c =
        {
            {-0x1.420f18p+53f, -0x1.4f5588p+55f, -0x1.1fd84ap+57f, -0x1.94293p+58f, -0x1.c9ad76p+59f, -0x1.963dc8p+60f,
             -0x1.075896p+61f, -0x1.792eccp+60f, 0x1.fb2272p+59f, 0x1p+63f, -0x1.bc2a78p+44f, -0x1.38b3bap+46f,
             -0x1.a52ddap+47f, -0x1.0ebd94p+49f, -0x1.4cb9a2p+50f, -0x1.86acdp+51f},
            {0x1.26d17cp+55f, 0x1.0ca1f4p+57f, 0x1.893338p+58f, 0x1.c393ccp+59f, 0x1.82f20ap+60f, 0x1.a9817ap+60f,
             0x1.025a4cp+58f, -0x1.b72ccep+61f, -0x1.0f22d4p+63f, -0x1.988462p+63f, 0x1.1ad6f2p+47f, 0x1.7d492ep+48f,
             0x1.ea96a4p+49f, 0x1.2c89e8p+51f, 0x1.5f044ap+52f, 0x1.8679aap+53f},
            {-0x1.effd0ap+55f, -0x1.7f9d36p+57f, -0x1.c581eap+58f, -0x1.7b27f2p+59f, -0x1.4ee06ep+59f, 0x1.0d681ap+59f,
             0x1.855b6ep+61f, 0x1.696e72p+62f, 0x1.7a9022p+62f, 0x1.472e7ap+48f, -0x1.59bdc8p+48f, -0x1.bc7236p+49f,
             -0x1.0fdf0cp+51f, -0x1.3bb7ecp+52f, -0x1.5c2ddap+53f, -0x1.6c1766p+54f},
            {0x1.f1cb0ap+55f, 0x1.34a074p+57f, 0x1.015946p+58f, 0x1.5bf956p+57f, -0x1.a826dp+58f, -0x1.87a246p+60f,
             -0x1.2b7acap+61f, -0x1.7ae42ep+60f, 0x1.41773ap+60f, 0x1.100be2p+62f, 0x1.0ceb96p+49f, 0x1.47ef2ep+50f,
             0x1.7b1bbp+51f, 0x1.9e22dcp+52f, 0x1.ab3e8ep+53f, 0x1.9f1446p+54f},
            {-0x1.3e92b2p+55f, -0x1.11dc8cp+56f, -0x1.1fd174p+55f, 0x1.5b78cp+57f, 0x1.1678b2p+59f, 0x1.6ce556p+59f,
             0x1.aec542p+56f, -0x1.2d2968p+60f, -0x1.e4e992p+60f, 0x1.09776ap+55f, -0x1.294958p+49f, -0x1.557162p+50f,
             -0x1.71b2a2p+51f, -0x1.77a388p+52f, -0x1.654336p+53f, -0x1.3c2bd4p+54f},
            {0x1.e2de26p+53f, 0x1.b605bcp+52f, -0x1.8f51ep+55f, -0x1.34fe2cp+57f, -0x1.6658b6p+57f, 0x1.279cdp+56f,
             0x1.04d75cp+59f, 0x1.33bed8p+59f, -0x1.aa91dep+54f, -0x1.12ba7ep+60f, 0x1.ef7b3ap+48f, 0x1.09086cp+50f,
             0x1.08defep+51f, 0x1.eb4e98p+51f, 0x1.a30464p+52f, 0x1.43eb4cp+53f},
            {-0x1.ae37e8p+50f, 0x1.47a20ep+53f, 0x1.19753ap+55f, 0x1.4093dp+55f, -0x1.153e8p+55f, -0x1.46348ap+57f,
             -0x1.3454a2p+57f, 0x1.d9914ap+56f, 0x1.6985a6p+58f, 0x1.a93d1ep+57f, -0x1.360982p+48f, -0x1.31a5f6p+49f,
             -0x1.13da6p+50f, -0x1.c953bp+50f, -0x1.48e772p+51f, -0x1.86ddbcp+51f},
        },
};
inline vec<float> gelu_slope_far(vec<float> a) {
  vec<float> v = 1 / (a * a);
  vec<float> y = fma(v, 0x1.86ca9ep+5f, -0x1.a7236cp+3f);
  y = fma(y, v, 0x1.7c4f3cp+1f);
  y = fma(y, v, -0x1.ffe32cp-1f);
  y = fma(y, v, 0x1.ffffecp-1f);
  return times_and_rest(fma(y * v, a, -a), density(a));
}
inline vec<float> gelu_slope_tail(vec<float> a) { return near_or_far(gelu_slope_pieces, gelu_slope_far, a); }

} // namespace
