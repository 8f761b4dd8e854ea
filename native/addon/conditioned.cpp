// Calls under conditions, whose mask may lie in steps of its own.
#include "addon/calls.h"

#include <cstring>

namespace nonlin {
namespace {

// What a conditioned call says of itself, as flags and in numbers behind the record, whose a is the temperature.
enum condition_flag : int32_t { has_gradient = 1, has_mask = 2, is_additive = 4, is_zero = 8 };
struct condition_numbers {
  double along, beside, count;
  struct step {
    double size, stride;
  } steps[outer_steps::most];
};

// Adds up how far `size` steps lead, false where that is beyond all memory.
bool reach_on(size_t &last, size_t size, size_t stride) {
  size_t distance;
  return size > 0 && stride != no_place && !__builtin_mul_overflow(size - 1, stride, &distance) &&
         !__builtin_add_overflow(last, distance, &last);
}

// Whether the temperature is one; an exception is pending where it is not.
bool check_temperature(napi_env env, const call_record &record) {
  if (record.a != 0 && record.a - record.a == 0) return true;
  fail_range(env, "the temperature must be finite and not 0");
  return false;
}

} // namespace

napi_value call_few_conditioned(napi_env env, const call_record &record, char *memory, size_t size) {
  const bool gradient = record.flags & has_gradient, masked = record.flags & has_mask;
  const bool additive = masked && (record.flags & is_additive) != 0;
  const size_t elements = size_t(record.count), bytes = elements * record.element_size(), inputs = gradient ? 2 : 1;
  if (record.count < 1 || inputs * bytes + (additive ? bytes : masked ? elements : 0) > size - record_bytes)
    return fail_range(env, "the block does not hold so many elements");
  if (!check_temperature(env, record) || !check_fit(env, record, elements)) return nullptr;
  const size_t length = size_t(record.length), inner = size_t(record.inner), outer = elements / (length * inner);
  char *const first = memory + record_bytes;
  const conditions c = {
      record.a, masked ? first + inputs * bytes : nullptr, additive, (record.flags & is_zero) != 0, inner, 1};
  outer_steps steps;
  if (masked) {
    steps.count = 1;
    steps.sizes[0] = outer;
    steps.strides[0] = length * inner;
  }
  if (!run_conditioned(*supported_kernels()[size_t(record.set)], slice(record.op), arithmetic(record.how), c, steps,
                       gradient ? first : nullptr, first + (inputs - 1) * bytes, first, outer, length, inner, 1))
    return fail_range(env, no_memory);
  return nullptr;
}

napi_value call_conditioned(napi_env env, const call_record &record, const char *memory, size_t size,
                            const napi_value *values, size_t count) {
  const bool gradient = record.flags & has_gradient, masked = record.flags & has_mask;
  const size_t arrays = gradient ? 3 : 2;
  if (count < arrays + masked) return fail_type(env, "expected as many arrays as the record says");
  if (size < record_bytes + sizeof(condition_numbers)) return fail_range(env, "the block is too small");
  if (!check_temperature(env, record)) return nullptr;
  array all[3], mask = {nullptr, 0, 0};
  for (size_t i = 0; i < arrays; i++)
    if (!read_alike(env, values[i], record.element_size(), all, i)) return nullptr;
  const size_t elements = all[0].length;
  if (!check_fit(env, record, elements)) return nullptr;
  const array &y = all[arrays - 1];
  if (const char *wrong = overlap_of(all, arrays - 1, &y, 1)) return fail_range(env, wrong);
  const size_t length = size_t(record.length), inner = size_t(record.inner), outer = elements / (length * inner);
  conditions c = {record.a, nullptr, masked && (record.flags & is_additive) != 0, (record.flags & is_zero) != 0, 0, 0};
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
  if (elements > 0 && !run_conditioned(*supported_kernels()[size_t(record.set)], slice(record.op),
                                       arithmetic(record.how), c, steps, gradient ? all[0].data : nullptr,
                                       all[arrays - 2].data, y.data, outer, length, inner, threads_for(env, elements)))
    return fail_range(env, no_memory);
  return nullptr;
}

} // namespace nonlin
