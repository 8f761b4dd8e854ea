// What a function over slices may be of besides x.
#pragma once

#include <cstddef>

namespace nonlin {

// Of x / temperature and a mask. A byte that is not 0 keeps an entry, an element is added to it; what is left out has a
// share of 0.
struct conditions {
  double temperature; // Of -x, below 0.
  const void *mask;   // Or null.
  bool additive;      // Its elements are x's, and not bytes.
  bool zero;          // A slice without an entry left has shares of 0, and not NaN.
  // From one of its entries to that of the next one of a slice, and to that of the next slice: elements of the mask.
  size_t along, beside;
};

} // namespace nonlin
