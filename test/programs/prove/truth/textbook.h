// The rows of textbook.def as templates: for R = double, long double and real.
#pragma once

#include "rows/rows.h"

#include <cmath>

namespace prove::by_textbook {

template <class R> struct both { R value, slope; };

template <class R> R logistic(const R &x) {
  using std::exp;
  const R one = 1.0;
  return one / (one + exp(-x));
}

#define TRUTH(name, its_value, its_slope)                                                                              \
  template <class R> both<R> name(const R &x, [[maybe_unused]] nonlin::parameters p) {                                 \
    using std::abs, std::exp, std::expm1, std::log1p, std::sqrt, std::tanh;                                            \
    [[maybe_unused]] const R one = 1.0, a = p.a, b = p.b;                                                              \
    return {its_value, its_slope};                                                                                     \
  }
#include "truth/textbook.def"
#undef TRUTH

} // namespace prove::by_textbook
