// The arrays of a call: what JavaScript passed, where it lies, and whether it may be written.
#pragma once

#include "addon/record.h"

#include <cstdint>
#include <napi.h>

namespace nonlin {

// What one of JavaScript's threads has of the addon's. Nothing of JavaScript runs there when it ends.
struct environment {
  // How many a call may use: 1 until setThreads has said otherwise.
  unsigned threads = 1;
  // Of small calls. Where elements lie as in a cache's lines a load reads one of them.
  alignas(64) char block[block_bytes] = {};
};

struct array {
  void *data;
  size_t length, bytes;
};

inline napi_value fail_type(napi_env env, const char *message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}
inline napi_value fail_range(napi_env env, const char *message) {
  napi_throw_range_error(env, nullptr, message);
  return nullptr;
}

// A Float32Array, Float64Array or Uint16Array, whichever `element_size` says. False with an exception pending for
// anything else.
inline bool read_array(napi_env env, napi_value value, size_t element_size, array &a) {
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
inline bool read_bytes(napi_env env, napi_value value, array &a) {
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
inline bool read_alike(napi_env env, napi_value value, size_t element_size, array *all, size_t i) {
  if (!read_array(env, value, element_size, all[i])) return false;
  if (all[i].length == all[0].length) return true;
  fail_range(env, "the arrays differ in length");
  return false;
}

// False with an exception pending where so many elements are not what the record says.
inline bool check_fit(napi_env env, const call_record &record, size_t elements) {
  if (record.fits(elements)) return true;
  fail_range(env, "length * inner must be positive and divide the number of elements");
  return false;
}

inline bool share_memory(const array &x, const array &y) {
  const uintptr_t from = reinterpret_cast<uintptr_t>(x.data), to = reinterpret_cast<uintptr_t>(y.data);
  return from < to + y.bytes && to < from + x.bytes;
}
// What is wrong where an output is none of the inputs and yet shares memory with one, or with the other output; null
// where nothing is. By address: one memory may have several buffers.
inline const char *overlap_of(const array *in, size_t inputs, const array *out, size_t outputs) {
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

// How many threads a call on n elements may use.
inline unsigned threads_for(napi_env env, size_t n) {
  void *data = nullptr;
  if (n < parallel_elements || napi_get_instance_data(env, &data) != napi_ok || data == nullptr) return 1;
  return static_cast<environment *>(data)->threads;
}

// A whole number, or nothing that can be one of a place in memory.
constexpr size_t no_place = SIZE_MAX;
inline size_t place_of(double number) { return number >= 0 && number <= 0x1p53 ? size_t(number) : no_place; }

} // namespace nonlin
