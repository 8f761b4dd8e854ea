// The only native file that sees JavaScript. It trusts its caller for meaning, not for memory: the .node file can be
// called without lib/, so whatever JavaScript passes, no call reads or writes outside an array or ends the process.
#include "addon/self_test.h"
#include "dispatch.h"
#include "halves/run_halves.h"
#include "machine/pages.h"
#include "machine/parallel.h"
#include "machine/stay.h"
#include "machine/strided.h"
#include "run.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <napi.h>
#include <vector>

namespace {

using namespace nonlin;

constexpr int64_t max_threads = 256;

// What a call is, as lib/backends/record.ts writes it: the first 64 bytes of an ArrayBuffer.
struct call_record {
  // The arrays of a call are its inputs and then its outputs.
  enum kind : int32_t {
    map,                     // x, y
    gradient,                // grad, x, y
    slices,                  // x, y
    slices_gradient,         // grad, x, y
    gate,                    // a, b, y
    gate_gradient,           // grad, a, b, and its two results
    log_parts,               // x, and a Float64Array of the maximum and one of the logarithm for each slice
    channels,                // x, slopes, y; of a small call a slope for each element
    channels_gradient,       // grad, x, slopes, y
    channel_sums,            // grad, x, and a Float64Array of the sum for each channel
    conditioned,             // x, y, or grad, x, y; and a mask where there is one
    strided,                 // source, target
    strided_map,             // x, y
    strided_gradient,        // grad, x, y
    strided_gate,            // a, b, y
    strided_slices,          // x, y
    strided_slices_gradient, // grad, x, y
    convert,                 // x of the type `op`, y
    kind_count
  };
  static constexpr size_t most_inputs = 3, most_outputs = 2;

  int32_t set, kind, op, how;
  int32_t count; // of the elements of a small call
  int32_t flags; // of a conditioned one
  int32_t unused[2];
  double length, inner, a, b;

  // Read once: memory that is shared may change between a check and a second look. And word by word, as it was written:
  // a wider load would wait until all of them have left the processor's store buffer.
  explicit call_record(const volatile call_record &r)
      : set(r.set), kind(r.kind), op(r.op), how(r.how), count(r.count), flags(r.flags), unused{}, length(r.length),
        inner(r.inner), a(r.a), b(r.b) {}

  bool has_slices() const {
    return kind == slices || kind == slices_gradient || kind == log_parts || kind == conditioned;
  }
  bool is_strided() const { return kind >= strided && kind < convert; }
  bool has_strided_slices() const { return kind == strided_slices || kind == strided_slices_gradient; }
  bool has_channels() const { return kind == channels || kind == channels_gradient || kind == channel_sums; }
  size_t inputs() const {
    return kind == map || kind == slices || kind == strided || kind == strided_map || kind == strided_slices ? 1
           : kind == gate_gradient || kind == channels_gradient                                              ? 3
                                                                                                             : 2;
  }
  size_t outputs() const { return kind == gate_gradient ? 2 : 1; }
  // Those that know no sizes.
  bool is_known() const {
    if (kind == convert)
      return 0 <= set && size_t(set) < supported_kernels().size() && is_number_type(op) && is_number_type(how);
    return 0 <= set && size_t(set) < supported_kernels().size() && 0 <= kind && kind < kind_count && 0 <= op &&
           op < int32_t(has_slices() || has_strided_slices() ? unsigned(slice_count) : unsigned(activation_count)) &&
           0 <= how && how < int32_t(takes_halves() ? arithmetic_count + unsigned(half_count) : arithmetic_count);
  }
  bool takes_halves() const { return kind == map || kind == gradient; }
  bool has_halves() const { return how >= int32_t(arithmetic_count); }
  size_t element_size() const {
    return has_halves() ? sizeof(uint16_t) : how == float64 ? sizeof(double) : sizeof(float);
  }
  // Whether so many elements are slices of `length` and `inner`, positive integers.
  bool fits(size_t elements) const {
    constexpr double most = 0x1p53;
    if (!(length >= 1 && inner >= 1 && length <= most && inner <= most)) return false;
    size_t slab;
    if (double(size_t(length)) != length || double(size_t(inner)) != inner) return false;
    return !__builtin_mul_overflow(size_t(length), size_t(inner), &slab) && elements % slab == 0;
  }
  size_t slabs(size_t elements) const { return elements / (size_t(length) * size_t(inner)); }

  void run(const void *const *in, void *const *out, size_t elements, unsigned threads) const {
    const kernels &kernels = *supported_kernels()[size_t(set)];
    const activation row = activation(op);
    const arithmetic how = arithmetic(this->how);
    const parameters p = {a, b};
    if (elements == 0) return;
    if (has_halves())
      return run_halves(kernels, row, p, half(this->how - arithmetic_count), kind == map ? nullptr : in[0],
                        in[kind == map ? 0 : 1], out[0], elements, threads);
    const size_t outer = has_slices() ? slabs(elements) : 0;
    switch (kind) {
    case map:
      return run_map(kernels, row, p, how, nullptr, in[0], out[0], elements, threads);
    case gradient:
      return run_map(kernels, row, p, how, in[0], in[1], out[0], elements, threads);
    case slices:
      return run_slices(kernels, slice(op), how, nullptr, in[0], out[0], outer, size_t(length), size_t(inner), threads);
    case slices_gradient:
      return run_slices(kernels, slice(op), how, in[0], in[1], out[0], outer, size_t(length), size_t(inner), threads);
    case gate:
      return run_gate(kernels, row, p, how, in[0], in[1], out[0], elements, threads);
    case gate_gradient:
      return run_gate_gradient(kernels, row, p, how, in[0], in[1], in[2], out[0], out[1], elements, threads);
    case channels:
      return run_channels(kernels, how, nullptr, in[0], in[1], out[0], slabs(elements), size_t(length), size_t(inner),
                          threads);
    case channels_gradient:
      return run_channels(kernels, how, in[0], in[1], in[2], out[0], slabs(elements), size_t(length), size_t(inner),
                          threads);
    }
  }
};
constexpr size_t record_bytes = 64;
static_assert(sizeof(call_record) == record_bytes);

struct array {
  void *data;
  size_t length, bytes;
};

napi_value fail_type(napi_env env, const char *message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}
napi_value fail_range(napi_env env, const char *message) {
  napi_throw_range_error(env, nullptr, message);
  return nullptr;
}

// A Float32Array, Float64Array or Uint16Array, whichever `element_size` says. False with an exception pending for
// anything else.
bool read_array(napi_env env, napi_value value, size_t element_size, array &a) {
  // A type this version of Node-API does not know (Float16Array in some) leaves `type` as it was.
  napi_typedarray_type type = static_cast<napi_typedarray_type>(-1);
  if (napi_get_typedarray_info(env, value, &type, &a.length, &a.data, nullptr, nullptr) != napi_ok ||
      type != (element_size == sizeof(double)  ? napi_float64_array
               : element_size == sizeof(float) ? napi_float32_array
                                               : napi_uint16_array)) {
    fail_type(env, "expected Float32Arrays, Float64Arrays or Uint16Arrays, as the record says");
    return false;
  }
  a.bytes = a.length * element_size;
  return true;
}

// A Uint8Array.
bool read_bytes(napi_env env, napi_value value, array &a) {
  napi_typedarray_type type = static_cast<napi_typedarray_type>(-1);
  if (napi_get_typedarray_info(env, value, &type, &a.length, &a.data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    fail_type(env, "expected a Uint8Array, as the record says");
    return false;
  }
  a.bytes = a.length;
  return true;
}

// all[i], as long as all[0].
bool read_alike(napi_env env, napi_value value, size_t element_size, array *all, size_t i) {
  if (!read_array(env, value, element_size, all[i])) return false;
  if (all[i].length == all[0].length) return true;
  fail_range(env, "the arrays differ in length");
  return false;
}

// False with an exception pending where so many elements are not what the record says.
bool check_fit(napi_env env, const call_record &record, size_t elements) {
  if (record.fits(elements)) return true;
  fail_range(env, "length * inner must be positive and divide the number of elements");
  return false;
}

bool share_memory(const array &x, const array &y) {
  const uintptr_t from = reinterpret_cast<uintptr_t>(x.data), to = reinterpret_cast<uintptr_t>(y.data);
  return from < to + y.bytes && to < from + x.bytes;
}
// What is wrong where an output is none of the inputs and yet shares memory with one, or with the other output; null
// where nothing is. By address: one memory may have several buffers.
const char *overlap_of(const array *in, size_t inputs, const array *out, size_t outputs) {
  if (outputs > 1 && share_memory(out[0], out[1])) return "the results share memory";
  for (size_t j = 0; j < outputs; j++)
    for (size_t i = inputs; i-- > 0;)
      if (in[i].data != out[j].data && share_memory(in[i], out[j])) {
        if (outputs > 1) return "a result overlaps part of an input; it may be an input itself or separate memory";
        return i + 1 == inputs ? "out overlaps part of x; it may be x itself or separate memory"
                               : "out overlaps part of grad; it may be grad itself or separate memory";
      }
  return nullptr;
}

// How many threads a call on n elements may use: 1 until setThreads has said otherwise, for this thread of JavaScript.
unsigned threads_for(napi_env env, size_t n) {
  void *threads = nullptr;
  if (n < parallel_elements || napi_get_instance_data(env, &threads) != napi_ok || threads == nullptr) return 1;
  return *static_cast<unsigned *>(threads);
}

// A call whose inputs lie behind the record, in whose places the results are left, first to first.
napi_value call_small(napi_env env, const call_record &record, char *memory, size_t size) {
  const size_t inputs = record.inputs();
  if (record.count < 1 || size_t(record.count) > (size - record_bytes) / record.element_size() / inputs)
    return fail_range(env, "the block does not hold so many elements");
  if (record.has_slices() && !check_fit(env, record, size_t(record.count))) return nullptr;
  if (record.has_channels() && (record.length != record.count || record.inner != 1))
    return fail_range(env, "a small call has a slope for each element");
  void *arrays[call_record::most_inputs];
  for (size_t i = 0; i < inputs; i++)
    arrays[i] = memory + record_bytes + i * size_t(record.count) * record.element_size();
  record.run(arrays, arrays, size_t(record.count), 1);
  return nullptr;
}

// A call whose outputs are a number for each slice.
napi_value call_log_parts(napi_env env, const call_record &record, const napi_value *values) {
  array x, parts[2];
  if (!read_array(env, values[0], record.element_size(), x)) return nullptr;
  if (!check_fit(env, record, x.length)) return nullptr;
  const size_t slices = x.length / size_t(record.length);
  for (size_t i = 0; i < 2; i++) {
    if (!read_array(env, values[1 + i], sizeof(double), parts[i])) return nullptr;
    if (parts[i].length != slices) return fail_range(env, "expected a number for each slice");
    if (share_memory(x, parts[i])) return fail_range(env, "a result overlaps x");
  }
  if (share_memory(parts[0], parts[1])) return fail_range(env, "the results share memory");
  if (slices > 0)
    run_log_parts(*supported_kernels()[size_t(record.set)], arithmetic(record.how), x.data,
                  static_cast<double *>(parts[0].data), static_cast<double *>(parts[1].data),
                  slices / size_t(record.inner), size_t(record.length), size_t(record.inner),
                  threads_for(env, x.length));
  return nullptr;
}

napi_value call_convert(napi_env env, const call_record &record, const napi_value *values) {
  array x, y;
  if (!read_array(env, values[0], number_size(unsigned(record.op)), x) ||
      !read_array(env, values[1], number_size(unsigned(record.how)), y))
    return nullptr;
  if (x.length != y.length) return fail_range(env, "the arrays differ in length");
  if (share_memory(x, y)) return fail_range(env, "the result overlaps x");
  run_convert(*supported_kernels()[size_t(record.set)], unsigned(record.op), unsigned(record.how), x.data, y.data,
              x.length, threads_for(env, x.length));
  return nullptr;
}

// A call with a slope, or a sum, for each channel.
napi_value call_channels(napi_env env, const call_record &record, const napi_value *values) {
  const bool sums = record.kind == call_record::channel_sums;
  const size_t size = record.element_size();
  // Where the slopes are, or the sums: y is the last of the others, and there is none where there are sums.
  const size_t place = record.kind == call_record::channels ? 1 : 2, others = sums ? place : place + 1;
  array own, all[call_record::most_inputs];
  for (size_t i = 0; i < others; i++)
    if (!read_alike(env, values[i < place ? i : i + 1], size, all, i)) return nullptr;
  if (!read_array(env, values[place], sums ? sizeof(double) : size, own)) return nullptr;
  const size_t elements = all[0].length;
  if (!check_fit(env, record, elements)) return nullptr;
  if (double(own.length) != record.length)
    return fail_range(env, sums ? "expected a sum for each channel" : "expected a slope for each channel");
  if (sums) {
    if (share_memory(all[0], own) || share_memory(all[1], own)) return fail_range(env, "a result overlaps an input");
    if (elements > 0)
      run_channel_sums(*supported_kernels()[size_t(record.set)], arithmetic(record.how), all[0].data, all[1].data,
                       static_cast<double *>(own.data), record.slabs(elements), size_t(record.length),
                       size_t(record.inner), threads_for(env, elements));
    return nullptr;
  }
  const array &y = all[place];
  if (share_memory(y, own)) return fail_range(env, "out overlaps the slopes");
  if (const char *wrong = overlap_of(all, place, &y, 1)) return fail_range(env, wrong);
  const void *in[] = {all[0].data, place == 1 ? own.data : all[1].data, own.data};
  void *const out[] = {y.data};
  record.run(in, out, elements, threads_for(env, elements));
  return nullptr;
}

// What a conditioned call says of itself, as flags and in numbers behind the record, whose a is the temperature.
enum condition_flag : int32_t { has_gradient = 1, has_mask = 2, is_additive = 4, is_zero = 8 };
struct condition_numbers {
  double along, beside, count;
  struct step {
    double size, stride;
  } steps[outer_steps::most];
};

// A whole number, or nothing that can be one of a place in memory.
constexpr size_t no_place = SIZE_MAX;
size_t place_of(double number) { return number >= 0 && number <= 0x1p53 ? size_t(number) : no_place; }

// Adds up how far `size` steps lead, false where that is beyond all memory.
bool reach_on(size_t &last, size_t size, size_t stride) {
  size_t distance;
  return size > 0 && stride != no_place && !__builtin_mul_overflow(size - 1, stride, &distance) &&
         !__builtin_add_overflow(last, distance, &last);
}

napi_value call_conditioned(napi_env env, const call_record &record, const char *memory, size_t size,
                            const napi_value *values, size_t count) {
  const bool gradient = record.flags & has_gradient, masked = record.flags & has_mask;
  const size_t arrays = gradient ? 3 : 2;
  if (count < arrays + masked) return fail_type(env, "expected as many arrays as the record says");
  if (size < record_bytes + sizeof(condition_numbers)) return fail_range(env, "the block is too small");
  if (!(record.a != 0 && record.a - record.a == 0)) return fail_range(env, "the temperature must be finite and not 0");
  array all[3], mask = {nullptr, 0, 0};
  for (size_t i = 0; i < arrays; i++)
    if (!read_alike(env, values[i], record.element_size(), all, i)) return nullptr;
  const size_t elements = all[0].length;
  if (!check_fit(env, record, elements)) return nullptr;
  const array &y = all[arrays - 1];
  if (const char *wrong = overlap_of(all, arrays - 1, &y, 1)) return fail_range(env, wrong);
  const size_t length = size_t(record.length), inner = size_t(record.inner), outer = elements / (length * inner);
  conditions c = {record.a, nullptr, (record.flags & is_additive) != 0, (record.flags & is_zero) != 0, 0, 0};
  outer_steps steps;
  if (masked) {
    if (c.additive ? !read_array(env, values[arrays], record.element_size(), mask)
                   : !read_bytes(env, values[arrays], mask))
      return nullptr;
    if (share_memory(mask, y)) return fail_range(env, "out overlaps the mask");
    // Once, as memory that is shared may change.
    condition_numbers numbers;
    std::memcpy(&numbers, memory + record_bytes, sizeof numbers);
    c.mask = mask.data;
    c.along = place_of(numbers.along);
    c.beside = place_of(numbers.beside);
    steps.count = place_of(numbers.count);
    size_t last = 0, slices = 1;
    bool fits = steps.count <= outer_steps::most && reach_on(last, length, c.along) && reach_on(last, inner, c.beside);
    for (size_t i = 0; fits && i < steps.count; i++) {
      steps.sizes[i] = place_of(numbers.steps[i].size);
      steps.strides[i] = place_of(numbers.steps[i].stride);
      fits =
          reach_on(last, steps.sizes[i], steps.strides[i]) && !__builtin_mul_overflow(slices, steps.sizes[i], &slices);
    }
    if (!fits || (elements > 0 && (slices != outer || last >= mask.length)))
      return fail_range(env, "the mask does not reach all slices");
  }
  if (elements > 0)
    run_conditioned(*supported_kernels()[size_t(record.set)], slice(record.op), arithmetic(record.how), c, steps,
                    gradient ? all[0].data : nullptr, all[arrays - 2].data, y.data, outer, length, inner,
                    threads_for(env, elements));
  return nullptr;
}

// How the arrays of a strided call lie, in numbers behind the record: their first elements, and of each dimension its
// length and its steps in each of them.
struct strided_numbers {
  double rank, first[strided_tile::most_arrays];
  struct dimension {
    double length, steps[strided_tile::most_arrays];
  } dims[most_strided_dimensions];
};

// A call on arrays that lie in steps. False, and nothing written, where a result shares memory with an input that does
// not lie in the same places.
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
                 static_cast<char *>(y.data) + size_t(first[1]) * bytes, two, rank, bytes);
  } else if (record.has_strided_slices()) {
    run_slices_strided(*supported_kernels()[size_t(record.set)], slice(record.op), arithmetic(record.how),
                       inputs > 1 ? all[0].data : nullptr, all[inputs - 1].data, y.data, dims, rank, first,
                       threads_for(env, elements));
  } else {
    const bool gradient = record.kind == call_record::strided_gradient, gate = record.kind == call_record::strided_gate;
    run_map_strided(*supported_kernels()[size_t(record.set)], activation(record.op), {record.a, record.b},
                    arithmetic(record.how), gradient ? all[0].data : nullptr, all[gradient ? 1 : 0].data,
                    gate ? all[1].data : nullptr, y.data, dims, rank, first, threads_for(env, elements));
  }
  return done;
}

// (block[, inputs..., outputs...]): a record, and the arrays where they do not lie behind it. One function serves all
// calls, because V8 calls a native function quickly only where it always calls the same one. More arguments than these
// count for nothing.
napi_value call(napi_env env, napi_callback_info info) {
  constexpr size_t most_arrays = call_record::most_inputs + call_record::most_outputs;
  size_t count = 1, size = 0;
  napi_value values[1 + most_arrays];
  void *memory;
  if (napi_get_cb_info(env, info, &count, values, nullptr, nullptr) != napi_ok) return nullptr;
  // Asked for its memory at every call, as JavaScript may have transferred it.
  if (count < 1 || napi_get_arraybuffer_info(env, values[0], &memory, &size) != napi_ok)
    return fail_type(env, "expected an ArrayBuffer");
  if (size < record_bytes || reinterpret_cast<uintptr_t>(memory) % sizeof(double) != 0)
    return fail_range(env, "the block is too small, or not aligned");
  const call_record record(*static_cast<const volatile call_record *>(memory));
  if (!record.is_known()) return fail_range(env, "there is no such call");
  if (count == 1 &&
      (record.kind == call_record::log_parts || record.kind == call_record::conditioned ||
       record.kind == call_record::channel_sums || record.kind == call_record::convert || record.is_strided()))
    return fail_type(env, "expected arrays");
  if (count == 1) return call_small(env, record, static_cast<char *>(memory), size);

  // Asked for apart, as a small call has none of them.
  count = 1 + most_arrays;
  if (napi_get_cb_info(env, info, &count, values, nullptr, nullptr) != napi_ok) return nullptr;
  const size_t inputs = record.inputs(), outputs = record.outputs();
  if (record.kind == call_record::log_parts) {
    if (count < 4) return fail_type(env, "expected as many arrays as the record says");
    return call_log_parts(env, record, values + 1);
  }
  if (record.kind == call_record::convert) {
    if (count < 3) return fail_type(env, "expected as many arrays as the record says");
    return call_convert(env, record, values + 1);
  }
  if (record.kind == call_record::conditioned)
    return call_conditioned(env, record, static_cast<const char *>(memory), size, values + 1,
                            count < 1 + most_arrays ? count - 1 : most_arrays);
  if (count < 1 + inputs + outputs) return fail_type(env, "expected as many arrays as the record says");
  if (record.is_strided()) return call_strided(env, record, static_cast<const char *>(memory), size, values + 1);
  if (record.has_channels()) return call_channels(env, record, values + 1);
  array all[most_arrays];
  void *data[most_arrays];
  for (size_t i = 0; i < inputs + outputs; i++) {
    if (!read_alike(env, values[1 + i], record.element_size(), all, i)) return nullptr;
    data[i] = all[i].data;
  }
  const size_t elements = all[0].length;
  if (record.has_slices() && !check_fit(env, record, elements)) return nullptr;
  if (const char *wrong = overlap_of(all, inputs, all + inputs, outputs)) return fail_range(env, wrong);
  record.run(data, data + inputs, elements, threads_for(env, elements));
  return nullptr;
}

napi_value set_threads(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value;
  int64_t threads;
  void *data = nullptr;
  if (napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) != napi_ok) return nullptr;
  if (count < 1 || napi_get_value_int64(env, value, &threads) != napi_ok || threads < 1 || threads > max_threads) {
    napi_throw_range_error(env, nullptr, "expected a number of threads");
    return nullptr;
  }
  napi_get_instance_data(env, &data);
  if (data != nullptr) *static_cast<unsigned *>(data) = unsigned(threads);
  return nullptr;
}

// (y): a Float32Array or Float64Array that is about to be written for the first time.
napi_value fresh(napi_env env, napi_callback_info info) {
  size_t count = 1, length;
  napi_value value;
  void *data;
  napi_typedarray_type type = static_cast<napi_typedarray_type>(-1);
  if (napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) != napi_ok) return nullptr;
  if (count < 1 || napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      (type != napi_float32_array && type != napi_float64_array))
    return fail_type(env, "expected a Float32Array or a Float64Array");
  prefer_huge_pages(data, length * (type == napi_float64_array ? sizeof(double) : sizeof(float)));
  return nullptr;
}

Napi::Value function(Napi::Env env, const char *name, napi_callback callback) {
  napi_value value;
  NAPI_THROW_IF_FAILED(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &value),
                       env.Undefined());
  return Napi::Value(env, value);
}

// What lib/backends/native.ts calls Addon.
Napi::Object init(Napi::Env env, Napi::Object exports) {
  stay_loaded();
  NAPI_THROW_IF_FAILED(
      env,
      napi_set_instance_data(
          env, new unsigned(1), [](napi_env, void *data, void *) { delete static_cast<unsigned *>(data); }, nullptr),
      exports);
  Napi::Array sets = Napi::Array::New(env), checksums = Napi::Array::New(env);
  // Once in a process.
  static const std::vector<uint64_t> sums = [] {
    std::vector<uint64_t> of_all;
    for (const kernels *set : supported_kernels())
      of_all.push_back(checksum(*set));
    return of_all;
  }();
  for (const kernels *set : supported_kernels()) {
    checksums[sets.Length()] = Napi::BigInt::New(env, sums[sets.Length()]);
    sets[sets.Length()] = set->name;
  }
  Napi::Array names = Napi::Array::New(env);
  for (unsigned op = 0; op < activation_count; op++)
    names[op] = rows[op].called;
  exports["version"] = NONLIN_VERSION;
  exports["sets"] = sets;
  exports["checksums"] = checksums;
  exports["activations"] = names;
  exports["setThreads"] = function(env, "setThreads", set_threads);
  exports["call"] = function(env, "call", call);
  exports["fresh"] = function(env, "fresh", fresh);
  exports["cores"] = Napi::Number::New(env, available_threads());
  exports["sharedElements"] = Napi::Number::New(env, parallel_elements);
  return exports;
}

} // namespace

NODE_API_MODULE(nonlin, init)
