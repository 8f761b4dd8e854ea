// What `exact` asks for the inputs whose results doubles leave open: the formulas of activations.def on numbers of 106
// bits, as doubles that are rounded to odd (double_double.h), so that a float or a half of them is rounded once. One
// for all instruction sets of a processor's family, as it need not be fast. Of rows of a textbook it is also what
// computes doubles, and they are without bounds.
#pragma once

#include "rows/rows.h"

namespace nonlin {

using precise_value = double(double x, parameters p);
using precise_gradient = double(double x, double g, parameters p);
struct correctly_rounded {
  // Of a float.
  precise_value *value;
  precise_gradient *gradient;
  // Of any double, as a double: of rows of a textbook.
  precise_value *value_of_double = nullptr;
  precise_gradient *gradient_of_double = nullptr;
};
extern const correctly_rounded correctly_rounded_of[activation_count];

} // namespace nonlin
