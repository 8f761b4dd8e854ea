// Copies between memory that lies in steps: what is transposed, sliced, padded, stretched or reversed.
#pragma once

#include <cstddef>

namespace nonlin {

constexpr size_t most_strided_dimensions = 64;

// So many elements, and how far apart they lie in the source and in the target.
struct strided_dimension {
  size_t length;
  ptrdiff_t from, to;
};

// Copies elements of 4 or 8 bytes, those of every index of the dimensions, of which the first is the innermost and none
// is empty. All places must lie in memory, and the source shares none with the target.
void copy_strided(const void *source, void *target, const strided_dimension *dims, size_t rank, size_t element_size);

} // namespace nonlin
