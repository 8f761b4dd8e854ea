// MPFR's numbers of 400 bits, with the operators and functions of a textbook.
#pragma once

#include <mpfr.h>

#include <utility>

namespace prove {

class real {
public:
  real() {
    mpfr_init2(number, 400);
    mpfr_set_zero(number, 1);
  }
  real(double x) : real() { mpfr_set_d(number, x, MPFR_RNDN); }
  real(long double x) : real() { mpfr_set_ld(number, x, MPFR_RNDN); }
  explicit real(const char *decimal) : real() { mpfr_set_str(number, decimal, 10, MPFR_RNDN); }
  real(const real &other) : real() { mpfr_set(number, other.number, MPFR_RNDN); }
  real &operator=(real other) {
    mpfr_swap(number, other.number);
    return *this;
  }
  ~real() { mpfr_clear(number); }

  // Rounded once, to the nearest, ties to even; subnormals as well.
  float to_float() const { return mpfr_get_flt(number, MPFR_RNDN); }
  // To so many bits.
  real rounded(int bits) const {
    real result = *this;
    mpfr_prec_round(result.number, bits, MPFR_RNDN);
    mpfr_prec_round(result.number, mpfr_get_prec(number), MPFR_RNDN);
    return result;
  }
  double to_double() const { return mpfr_get_d(number, MPFR_RNDN); }

  friend real operator+(const real &a, const real &b) { return apply(mpfr_add, a, b); }
  friend real operator-(const real &a, const real &b) { return apply(mpfr_sub, a, b); }
  friend real operator*(const real &a, const real &b) { return apply(mpfr_mul, a, b); }
  friend real operator/(const real &a, const real &b) { return apply(mpfr_div, a, b); }
  friend real operator-(const real &a) { return apply(mpfr_neg, a); }
  friend real abs(const real &a) { return apply(mpfr_abs, a); }
  friend real max(const real &a, const real &b) { return apply(mpfr_max, a, b); }
  friend real sqrt(const real &a) { return apply(mpfr_sqrt, a); }
  friend real exp(const real &a) { return apply(mpfr_exp, a); }
  friend real log(const real &a) { return apply(mpfr_log, a); }
  // Toward zero: what lies within 1 stays there, as a multiple of it may lie beside a middle.
  friend real expm1(const real &a) { return toward_zero(mpfr_expm1, a); }
  friend real log1p(const real &a) { return apply(mpfr_log1p, a); }
  friend real erfc(const real &a) { return apply(mpfr_erfc, a); }
  friend real tanh(const real &a) { return toward_zero(mpfr_tanh, a); }
  friend real sech(const real &a) { return apply(mpfr_sech, a); }
  friend bool operator<(const real &a, const real &b) { return mpfr_less_p(a.number, b.number); }
  friend bool operator>(const real &a, const real &b) { return mpfr_greater_p(a.number, b.number); }
  static real pi() {
    real result;
    mpfr_const_pi(result.number, MPFR_RNDN);
    return result;
  }
  // 2^k, k the exponent of the unit in the last place of this number among those of `digits` bits, `least` at least.
  real ulp(int digits, int least) const {
    const long exponent = mpfr_zero_p(number) ? least : long(mpfr_get_exp(number)) - digits;
    real result = 1.0;
    mpfr_mul_2si(result.number, result.number, exponent < least ? least : exponent, MPFR_RNDN);
    return result;
  }

private:
  template <class F, class... Operands> static real apply(F f, const Operands &...operands) {
    real result;
    f(result.number, operands.number..., MPFR_RNDN);
    return result;
  }
  template <class F> static real toward_zero(F f, const real &a) {
    real result;
    f(result.number, a.number, MPFR_RNDZ);
    return result;
  }
  mpfr_t number;
};

} // namespace prove
