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

// Matrices are copied by tiles of so many rows and columns at most, which keep to the pages that a processor remembers.
constexpr size_t copied_tile = 64;

// Copies a tile, whose rows lie `from` apart, so that its rows are columns, of rows that lie `to` apart: by the
// registers of an instruction set.
using transpose_function = void(const void *source, void *target, size_t height, size_t width, ptrdiff_t from,
                                ptrdiff_t to);

// What is copied: elements of 4 or 8 bytes. (WebAssembly has no such function, and copies in TypeScript.)
struct elements {
  size_t size;
  transpose_function *transpose;
};

// Copies the elements of every index of the dimensions, of which the first is the innermost and none is empty. All
// places must lie in memory, and the source shares none with the target.
void copy_strided(const void *source, void *target, const strided_dimension *dims, size_t rank, const elements &e);

// A matrix of elements: rows of `width`, and where its first lies in each of several arrays, how far apart there the
// elements and the rows do.
struct strided_tile {
  static constexpr size_t most_arrays = 3;
  size_t width, height;
  ptrdiff_t first[most_arrays], step[most_arrays], row[most_arrays];

  // One of its elements, counted from the array's beginning.
  size_t place(size_t array, size_t across = 0, size_t down = 0) const {
    return size_t(first[array] + ptrdiff_t(across) * step[array] + ptrdiff_t(down) * row[array]);
  }
  // Whether they lie side by side, row by row.
  bool is_packed(size_t array) const {
    return (step[array] == 1 || width == 1) && (row[array] == ptrdiff_t(width) || height == 1);
  }
  // The same where each is the first of a slice of so many elements, so far apart.
  bool is_packed_by_slices(size_t array, size_t length, ptrdiff_t apart) const {
    const ptrdiff_t slice = ptrdiff_t(length);
    return (apart == 1 || length == 1) && (step[array] == slice || width == 1) &&
           (row[array] == slice * ptrdiff_t(width) || height == 1);
  }
  // To an array of its own, and back from there.
  void gather(size_t array, const void *from, void *own, const elements &e) const;
  void scatter(size_t array, const void *own, void *to, const elements &e) const;
  // The same of slices.
  void gather_slices(size_t array, const void *from, void *own, size_t length, ptrdiff_t apart,
                     const elements &e) const;
  void scatter_slices(size_t array, const void *own, void *to, size_t length, ptrdiff_t apart, const elements &e) const;
};

// The elements of several arrays with one shape as tiles of up to so many elements, which lie near each other in all of
// them where that can be.
class strided_tiles {
public:
  struct dimension {
    size_t length;
    ptrdiff_t steps[strided_tile::most_arrays];
  };

  // The first dimension is the innermost; none is empty.
  strided_tiles(const dimension *dims, size_t rank, const ptrdiff_t *first, size_t arrays, size_t most);
  size_t count() const { return total; }
  size_t largest() const { return width * height; }
  strided_tile at(size_t tile) const;

private:
  size_t arrays, outer = 0, total = 1, width, height, across, down;
  dimension inner, beside, others[most_strided_dimensions];
  ptrdiff_t first[strided_tile::most_arrays];
};

} // namespace nonlin
