// What `exact` asks for the inputs whose results doubles leave open: the formulas of activations.def on numbers of 106
// bits, rounded to the nearest float. One for all instruction sets of a processor's family, as it need not be fast.
#pragma once

#include "rows/rows.h"

namespace nonlin {

struct correctly_rounded {
  float (*value)(float x, parameters p);
  float (*gradient)(float x, float g, parameters p);
};
extern const correctly_rounded correctly_rounded_of[activation_count];

} // namespace nonlin
