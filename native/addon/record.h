// A call as JavaScript describes it, in numbers: read once, checked for what is known without the arrays, and run.
#pragma once

#include "dispatch.h"
#include "halves/run_halves.h"
#include "run/run.h"

#include <cstdint>

namespace nonlin {

// What a call is, as lib/backends/native/record.ts writes it: the first 64 bytes of an ArrayBuffer.
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
    strided_combine,         // a, b, y
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

  // Whether there are calls of its kind only with arrays.
  bool needs_arrays() const { return kind == channel_sums || kind == convert || is_strided(); }
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
           op < int32_t(operations()) && 0 <= how &&
           how < int32_t(takes_halves() ? arithmetic_count + unsigned(half_count) : arithmetic_count);
  }
  // How many there are of what `op` is one of.
  unsigned operations() const {
    if (kind == strided_combine) return operation_count;
    return has_slices() || has_strided_slices() ? unsigned(slice_count) : unsigned(activation_count);
  }
  bool takes_halves() const { return kind <= slices_gradient; }
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

  // False, and nothing written, where there is no memory.
  bool run(const void *const *in, void *const *out, size_t elements, unsigned threads) const {
    if (elements == 0) return true;
    if (!has_halves()) {
      run_floats(in, out, elements, threads);
      return true;
    }
    const kernels &kernels = *supported_kernels()[size_t(set)];
    const half type = half(how - arithmetic_count);
    const void *const grad = inputs() > 1 ? in[0] : nullptr, *const x = in[inputs() - 1];
    if (has_slices())
      return run_half_slices(kernels, slice(op), type, grad, x, out[0], slabs(elements), size_t(length), size_t(inner),
                             threads);
    run_halves(kernels, activation(op), {a, b}, type, grad, x, out[0], elements, threads);
    return true;
  }

private:
  void run_floats(const void *const *in, void *const *out, size_t elements, unsigned threads) const {
    const kernels &kernels = *supported_kernels()[size_t(set)];
    const activation row = activation(op);
    const arithmetic how = arithmetic(this->how);
    const parameters p = {a, b};
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
// The most elements of each input of a small call (`mostFew` of lib/backends/backend.ts), and a record with all of
// them.
constexpr size_t most_few = 1024;
constexpr size_t block_bytes = record_bytes + call_record::most_inputs * most_few * sizeof(double);

} // namespace nonlin
