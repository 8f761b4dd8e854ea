#include "machine/strided.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace nonlin {
namespace {

// Rows from which on memcpy takes less time than a loop.
constexpr size_t long_row = 16;

// Elements up to which a plane is copied one by one.
constexpr size_t few = 96;

// Where neither side lies in rows, a tile is copied by squares of as many rows as a set of the first cache has ways:
// rows of a power of two all lie in one set.
constexpr size_t square = 8, tile = copied_tile;

// An element as a number, of which a copy keeps every bit, at any address: arrays may begin within one.
template <class T> struct [[gnu::packed, gnu::may_alias]] element { T bits; };

template <class T> void copy_row(const T *s, T *t, const strided_dimension &d) {
  if (d.from == 1 && d.to == 1) {
    if (d.length >= long_row)
      std::memcpy(t, s, d.length * sizeof(T));
    else
      for (size_t i = 0; i < d.length; i++)
        t[i] = s[i];
  } else if (d.to == 1)
    for (size_t i = 0; i < d.length; i++)
      t[i] = s[ptrdiff_t(i) * d.from];
  else
    for (size_t i = 0; i < d.length; i++)
      t[ptrdiff_t(i) * d.to] = s[ptrdiff_t(i) * d.from];
}

// The elements of two dimensions, one by one.
template <class T> void copy_few(const T *s, T *t, const strided_dimension &a, const strided_dimension &b) {
  const auto copy = [=](ptrdiff_t a_from, ptrdiff_t a_to, ptrdiff_t b_from, ptrdiff_t b_to) {
    for (ptrdiff_t j = 0; j < ptrdiff_t(b.length); j++)
      for (ptrdiff_t i = 0; i < ptrdiff_t(a.length); i++)
        t[i * a_to + j * b_to] = s[i * a_from + j * b_from];
  };
  // Rows that become columns as a loop of their own.
  if (a.to == 1 && b.from == 1)
    copy(a.from, 1, 1, b.to);
  else if (a.from == 1 && b.to == 1)
    copy(1, a.to, b.from, 1);
  else
    copy(a.from, a.to, b.from, b.to);
}

// The elements of two dimensions.
template <class T>
void copy_plane(const T *s, T *t, strided_dimension a, strided_dimension b, transpose_function &transpose) {
  if (a.length < b.length && a.length < square) std::swap(a, b);
  const bool is_narrow = b.length < 3 && b.length < a.length;
  // What stands still is near whatever it is.
  const bool in_rows =
      (b.from == 0 || std::abs(a.from) <= std::abs(b.from)) && (b.to == 0 || std::abs(a.to) <= std::abs(b.to));
  if (is_narrow || in_rows) {
    // Of what is narrow, the columns of a tile at a time: its rows stay in the cache from one to the next.
    const size_t step = is_narrow ? tile * square : a.length;
    for (size_t from = 0; from < a.length; from += step) {
      const strided_dimension part = {std::min(step, a.length - from), a.from, a.to};
      for (size_t j = 0; j < b.length; j++)
        copy_row(s + ptrdiff_t(from) * a.from + ptrdiff_t(j) * b.from, t + ptrdiff_t(from) * a.to + ptrdiff_t(j) * b.to,
                 part);
    }
    return;
  }
  if (a.from == 1 && b.to == 1) std::swap(a, b);
  const bool is_transposed = b.from == 1 && a.to == 1, is_read_across = std::abs(a.from) > std::abs(b.to);
  for (size_t outer = 0; outer < b.length; outer += tile)
    for (size_t inner = 0; inner < a.length; inner += tile) {
      const size_t last = std::min(outer + tile, b.length), end = std::min(inner + tile, a.length);
      const auto from = [&](size_t i, size_t j) { return s + ptrdiff_t(i) * a.from + ptrdiff_t(j) * b.from; };
      const auto to = [&](size_t i, size_t j) { return t + ptrdiff_t(i) * a.to + ptrdiff_t(j) * b.to; };
      if (is_transposed) {
        transpose(from(inner, outer), to(inner, outer), end - inner, last - outer, a.from, b.to);
        continue;
      }
      const auto part = [&](size_t i, size_t j) {
        const size_t width = std::min(square, end - i), height = std::min(square, last - j);
        for (size_t k = 0; k < height; k++)
          copy_row(from(i, j + k), to(i, j + k), {width, a.from, a.to});
      };
      // Rows that are far apart are on pages of their own, to which a tile comes once.
      if (is_read_across) {
        for (size_t i = inner; i < end; i += square)
          for (size_t j = outer; j < last; j += square)
            part(i, j);
      } else {
        for (size_t j = outer; j < last; j += square)
          for (size_t i = inner; i < end; i += square)
            part(i, j);
      }
    }
}

template <class T>
void copy_elements(const T *s, T *t, const strided_dimension *dims, size_t rank, transpose_function &transpose) {
  if (rank == 0) {
    *t = *s;
    return;
  }
  if (rank == 1) return copy_row(s, t, dims[0]);
  // The plane of the innermost dimension and the one whose elements lie closest in either memory, beside it.
  size_t beside = 1;
  const auto closest = [&](size_t d) { return std::min(std::abs(dims[d].from), std::abs(dims[d].to)); };
  for (size_t d = 2; d < rank; d++)
    if (dims[beside].length == 1 || (dims[d].length > 1 && dims[d].from != 0 && closest(d) < closest(beside)))
      beside = d;
  size_t index[most_strided_dimensions];
  std::fill_n(index, rank, 0);
  const bool are_rows = dims[0].from == 1 && dims[0].to == 1 && dims[0].length >= long_row;
  const bool are_few = !are_rows && dims[0].length <= few && dims[0].length * dims[beside].length <= few;
  for (;;) {
    if (are_few)
      copy_few(s, t, dims[0], dims[beside]);
    else
      copy_plane(s, t, dims[0], dims[beside], transpose);
    size_t d = 1;
    for (; d < rank; d++) {
      if (d == beside) continue;
      if (++index[d] < dims[d].length) {
        s += dims[d].from;
        t += dims[d].to;
        break;
      }
      s -= ptrdiff_t(index[d] - 1) * dims[d].from;
      t -= ptrdiff_t(index[d] - 1) * dims[d].to;
      index[d] = 0;
    }
    if (d == rank) return;
  }
}

} // namespace

void copy_strided(const void *source, void *target, const strided_dimension *dims, size_t rank, const elements &e) {
  if (e.size == sizeof(element<uint32_t>))
    copy_elements(static_cast<const element<uint32_t> *>(source), static_cast<element<uint32_t> *>(target), dims, rank,
                  *e.transpose);
  else
    copy_elements(static_cast<const element<uint64_t> *>(source), static_cast<element<uint64_t> *>(target), dims, rank,
                  *e.transpose);
}

void strided_tile::gather(size_t array, const void *from, void *own, const elements &e) const {
  const strided_dimension dims[] = {{width, step[array], 1}, {height, row[array], ptrdiff_t(width)}};
  copy_strided(static_cast<const char *>(from) + first[array] * ptrdiff_t(e.size), own, dims, 2, e);
}

void strided_tile::scatter(size_t array, const void *own, void *to, const elements &e) const {
  const strided_dimension dims[] = {{width, 1, step[array]}, {height, ptrdiff_t(width), row[array]}};
  copy_strided(own, static_cast<char *>(to) + first[array] * ptrdiff_t(e.size), dims, 2, e);
}

void strided_tile::gather_slices(size_t array, const void *from, void *own, size_t length, ptrdiff_t apart,
                                 const elements &e) const {
  const strided_dimension dims[] = {
      {length, apart, 1}, {width, step[array], ptrdiff_t(length)}, {height, row[array], ptrdiff_t(width * length)}};
  copy_strided(static_cast<const char *>(from) + first[array] * ptrdiff_t(e.size), own, dims, 3, e);
}

void strided_tile::scatter_slices(size_t array, const void *own, void *to, size_t length, ptrdiff_t apart,
                                  const elements &e) const {
  const strided_dimension dims[] = {
      {length, 1, apart}, {width, ptrdiff_t(length), step[array]}, {height, ptrdiff_t(width * length), row[array]}};
  copy_strided(own, static_cast<char *>(to) + first[array] * ptrdiff_t(e.size), dims, 3, e);
}

strided_tiles::strided_tiles(const dimension *dims, size_t rank, const ptrdiff_t *first, size_t arrays, size_t most)
    : arrays(arrays), inner{1, {}}, beside{1, {}} {
  std::copy_n(first, arrays, this->first);
  if (rank > 0) inner = dims[0];
  const auto closest = [&](size_t d) {
    ptrdiff_t least = PTRDIFF_MAX;
    for (size_t k = 0; k < arrays; k++)
      if (dims[d].steps[k] != 0) least = std::min(least, std::abs(dims[d].steps[k]));
    return least;
  };
  size_t chosen = 1;
  for (size_t d = 2; d < rank; d++)
    if (closest(d) < closest(chosen)) chosen = d;
  for (size_t d = 1; d < rank; d++)
    (d == chosen ? beside : others[outer++]) = dims[d];
  bool crosses = false;
  for (size_t k = 0; k < arrays; k++)
    crosses |= beside.steps[k] != 0 && std::abs(inner.steps[k]) > std::abs(beside.steps[k]);
  width = std::min({inner.length, most, crosses ? 64 : most});
  height = std::min(beside.length, std::max<size_t>(1, most / width));
  across = (inner.length + width - 1) / width;
  down = (beside.length + height - 1) / height;
  total = across * down;
  for (size_t d = 0; d < outer; d++)
    total *= others[d].length;
}

strided_tile strided_tiles::at(size_t tile) const {
  const size_t line = tile % down * height;
  tile /= down;
  const size_t column = tile % across * width;
  tile /= across;
  strided_tile t = {std::min(width, inner.length - column), std::min(height, beside.length - line), {}, {}, {}};
  for (size_t k = 0; k < arrays; k++) {
    t.first[k] = first[k] + ptrdiff_t(column) * inner.steps[k] + ptrdiff_t(line) * beside.steps[k];
    t.step[k] = inner.steps[k];
    t.row[k] = beside.steps[k];
  }
  for (size_t d = 0; d < outer; d++) {
    for (size_t k = 0; k < arrays; k++)
      t.first[k] += ptrdiff_t(tile % others[d].length) * others[d].steps[k];
    tile /= others[d].length;
  }
  return t;
}

} // namespace nonlin
