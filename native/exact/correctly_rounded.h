// What `exact` asks for the inputs whose results doubles leave open: the formulas of activations.def on numbers of 106
// bits, as doubles that are rounded to odd (double_double.h), so that a float or a half of them is rounded once. One
// for all instruction sets of a processor's family, as it need not be fast.
#pragma once

#include "rows/rows.h"

namespace nonlin {

struct correctly_rounded {
  double (*value)(float x, parameters p);
  double (*gradient)(float x, float g, parameters p);
};
extern const correctly_rounded correctly_rounded_of[activation_count];

} // namespace nonlin
