// The calls that have more to say than a record, each with its arrays as it was given them: an exception is pending
// where one is refused, and nothing was written.
#pragma once

#include "addon/arrays.h"

namespace nonlin {

constexpr char no_memory[] = "there is no memory to put the slices side by side",
               no_floats[] = "there is no memory for the slices as floats";

// A number for each slice as outputs.
napi_value call_log_parts(napi_env env, const call_record &record, const napi_value *values);
// From one type of number to another.
napi_value call_convert(napi_env env, const call_record &record, const napi_value *values);
// With a slope, or a sum, for each channel.
napi_value call_channels(napi_env env, const call_record &record, const napi_value *values);
// Over slices with a temperature or a mask; `memory` is the block.
napi_value call_conditioned(napi_env env, const call_record &record, const char *memory, size_t size,
                            const napi_value *values, size_t count);
// The same of few elements, which lie behind the record: x, or a gradient and x, and a mask as large as x where there
// is one. The result is left in the place of the first.
napi_value call_few_conditioned(napi_env env, const call_record &record, char *memory, size_t size);
// On arrays that lie in steps. False, and nothing written, where a result shares memory with an input that does not lie
// in the same places.
napi_value call_strided(napi_env env, const call_record &record, const char *memory, size_t size,
                        const napi_value *values);

} // namespace nonlin
