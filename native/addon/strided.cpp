// Calls on arrays that lie in steps.
#include "machine/strided.h"
#include "addon/calls.h"
#include "run/work.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nonlin {
namespace {

// How the arrays of a strided call lie, in numbers behind the record: their first elements, and of each dimension its
// length and its steps in each of them.
struct strided_numbers {
  double rank, first[strided_tile::most_arrays];
  struct dimension {
    double length, steps[strided_tile::most_arrays];
  } dims[most_strided_dimensions];
};

} // namespace

napi_value call_strided(napi_env env, const call_record &record, const char *memory, size_t size,
                        const napi_value *values) {
  // Once, as memory that is shared may change; and no more of it than there is.
  strided_numbers numbers = {};
  std::memcpy(&numbers, memory + record_bytes, std::min(size - record_bytes, sizeof numbers));
  const size_t inputs = record.inputs(), bytes = record.element_size(), rank = place_of(numbers.rank);
  if (rank > most_strided_dimensions) return fail_range(env, "a strided call has at most 64 dimensions");
  if (record.has_strided_slices() && !(rank > 0 && numbers.dims[0].length <= most_strided_slice))
    return fail_range(env, "a strided slice has at most 16384 elements");
  array all[strided_tile::most_arrays];
  for (size_t k = 0; k <= inputs; k++)
    if (!read_array(env, values[k], bytes, all[k])) return nullptr;
  strided_tiles::dimension dims[most_strided_dimensions];
  ptrdiff_t first[strided_tile::most_arrays], low[strided_tile::most_arrays], high[strided_tile::most_arrays];
  bool fits = true;
  for (size_t k = 0; k <= inputs; k++) {
    fits &= place_of(numbers.first[k]) != no_place;
    first[k] = low[k] = high[k] = fits ? ptrdiff_t(numbers.first[k]) : 0;
  }
  size_t elements = 1;
  for (size_t d = 0; fits && d < rank; d++) {
    constexpr double most = 0x1p53;
    const double length = numbers.dims[d].length;
    fits = length >= 1 && length <= most;
    dims[d].length = fits ? size_t(length) : 1;
    fits = fits && !__builtin_mul_overflow(elements, dims[d].length, &elements);
    for (size_t k = 0; fits && k <= inputs; k++) {
      const double step = numbers.dims[d].steps[k];
      ptrdiff_t span;
      fits = std::abs(step) <= most;
      dims[d].steps[k] = fits ? ptrdiff_t(step) : 0;
      fits = fits && !__builtin_mul_overflow(ptrdiff_t(dims[d].length - 1), dims[d].steps[k], &span);
      ptrdiff_t &end = fits && span < 0 ? low[k] : high[k];
      fits = fits && !__builtin_add_overflow(end, span, &end);
    }
  }
  for (size_t k = 0; fits && k <= inputs; k++)
    fits = low[k] >= 0 && size_t(high[k]) < all[k].length;
  // More elements than the result has are several in one place, and could be any number.
  if (!fits || elements > all[inputs].length) return fail_range(env, "the steps lead out of an array");
  const array &y = all[inputs];
  bool apart = true;
  for (size_t k = 0; k < inputs; k++) {
    bool same = record.kind != call_record::strided && all[k].data == y.data && first[k] == first[inputs];
    for (size_t d = 0; d < rank; d++)
      same &= dims[d].length == 1 || dims[d].steps[k] == dims[d].steps[inputs];
    apart &= same || !share_memory(all[k], y);
  }
  napi_value done = nullptr;
  napi_get_boolean(env, apart, &done);
  if (!apart) return done;
  if (record.kind == call_record::strided) {
    strided_dimension two[most_strided_dimensions];
    for (size_t d = 0; d < rank; d++)
      two[d] = {dims[d].length, dims[d].steps[0], dims[d].steps[1]};
    copy_strided(static_cast<const char *>(all[0].data) + size_t(first[0]) * bytes,
                 static_cast<char *>(y.data) + size_t(first[1]) * bytes, two, rank,
                 elements_of(*supported_kernels()[size_t(record.set)], arithmetic(record.how)));
  } else if (record.has_strided_slices()) {
    if (!run_slices_strided(*supported_kernels()[size_t(record.set)], slice(record.op), arithmetic(record.how),
                            inputs > 1 ? all[0].data : nullptr, all[inputs - 1].data, y.data, dims, rank, first,
                            threads_for(env, elements)))
      return fail_range(env, no_memory);
  } else if (record.kind == call_record::strided_combine) {
    run_combine_strided(*supported_kernels()[size_t(record.set)], operation(record.op), arithmetic(record.how),
                        all[0].data, all[1].data, y.data, dims, rank, first, threads_for(env, elements));
  } else {
    const bool gradient = record.kind == call_record::strided_gradient, gate = record.kind == call_record::strided_gate;
    run_map_strided(*supported_kernels()[size_t(record.set)], activation(record.op), {record.a, record.b},
                    arithmetic(record.how), gradient ? all[0].data : nullptr, all[gradient ? 1 : 0].data,
                    gate ? all[1].data : nullptr, y.data, dims, rank, first, threads_for(env, elements));
  }
  return done;
}

} // namespace nonlin
