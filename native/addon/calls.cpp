// Calls whose arrays are of several types or lengths.
#include "addon/calls.h"

namespace nonlin {

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
  void *const out[call_record::most_outputs] = {y.data};
  record.run(in, out, elements, threads_for(env, elements));
  return nullptr;
}

} // namespace nonlin
