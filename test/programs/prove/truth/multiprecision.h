// The functions from their textbook definitions, in MPFR's numbers of 400 bits: they decide what the oracle cannot, and
// find an oracle that is wrong. Nothing here is fast, and nothing here shares a formula with what it judges.
#pragma once

#include "prove.h"
#include "truth/oracle.h"
#include "truth/real.h"

namespace prove {

struct real_truth {
  real value, slope;
};

// For finite x.
real_truth evaluate(const subject &, double x);

// The error of an oracle's result as a share of its bound, which is relative to `terms`. Terms too small for any result
// to tell them from zero count as the smallest that are not.
template <class R> double share_of_bound(R result, const real &wanted, R terms) {
  const real least = sizeof(R) == sizeof(double) ? 0x1p-200L : 0x1p-1140L;
  const real allowed = real(oracle_bound<R>) * max(abs(real(terms)), least);
  const double share = (abs(real(result) - wanted) / allowed).to_double();
  return std::isnan(share) ? HUGE_VAL : share;
}

} // namespace prove
