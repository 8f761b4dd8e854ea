// What JavaScript sees. It trusts its caller for meaning, not for memory: the .node file can be called without lib/, so
// whatever JavaScript passes, no call reads or writes outside an array or ends the process.
#include "addon/calls.h"
#include "addon/self_test.h"
#include "loops/subnormal.h"
#include "machine/pages.h"
#include "machine/parallel.h"
#include "machine/stay.h"

#include <cstdint>
#include <mutex>
#include <vector>

namespace {

using namespace nonlin;

constexpr int64_t max_threads = 256;

// A call whose inputs lie behind the record, in whose places the results are left, first to first. The parts of
// logarithms come behind as many doubles as x has elements, a maximum for each and then a logarithm, as far as there
// are slices.
napi_value call_small(napi_env env, const call_record &record, char *memory, size_t size) {
  if (record.kind == call_record::conditioned) return call_few_conditioned(env, record, memory, size);
  const bool has_parts = record.kind == call_record::log_parts;
  const size_t inputs = has_parts ? 3 : record.inputs(), count = size_t(record.count);
  // Numbers of 32 bits, of which no product overflows.
  if (record.count < 1 || count * inputs * (has_parts ? sizeof(double) : record.element_size()) > size - record_bytes)
    return fail_range(env, "the block does not hold so many elements");
  if (record.has_slices() && !check_fit(env, record, count)) return nullptr;
  if (has_parts) {
    double *const maxima = reinterpret_cast<double *>(memory + record_bytes) + count;
    run_log_parts(*supported_kernels()[size_t(record.set)], arithmetic(record.how), memory + record_bytes, maxima,
                  maxima + count, record.slabs(count), size_t(record.length), size_t(record.inner), 1);
    return nullptr;
  }
  if (record.has_channels() && (record.length != record.count || record.inner != 1))
    return fail_range(env, "a small call has a slope for each element");
  void *arrays[call_record::most_inputs];
  for (size_t i = 0; i < inputs; i++)
    arrays[i] = memory + record_bytes + i * size_t(record.count) * record.element_size();
  return record.run(arrays, arrays, size_t(record.count), 1) ? nullptr : fail_range(env, no_floats);
}

// ([block[, inputs..., outputs...]]): a record, and the arrays where they do not lie behind it; without arguments the
// record of this environment's own block, whose memory need not be asked for: of 16 elements sigmoid takes 5 ns less.
// One function serves all calls, because V8 calls a native function quickly only where it always calls the same one.
// More arguments than these count for nothing.
napi_value call(napi_env env, napi_callback_info info) {
  constexpr size_t most_arrays = call_record::most_inputs + call_record::most_outputs;
  size_t count = 1, size = 0;
  napi_value values[1 + most_arrays];
  void *memory;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &memory) != napi_ok) return nullptr;
  if (count == 0) {
    char *const block = static_cast<environment *>(memory)->block;
    const call_record record(*reinterpret_cast<const volatile call_record *>(block));
    if (!record.is_known() || record.needs_arrays()) return fail_range(env, "there is no such call");
    return call_small(env, record, block, block_bytes);
  }
  // Asked for its memory at every call, as JavaScript may have transferred it.
  if (napi_get_arraybuffer_info(env, values[0], &memory, &size) != napi_ok)
    return fail_type(env, "expected an ArrayBuffer");
  if (size < record_bytes || reinterpret_cast<uintptr_t>(memory) % sizeof(double) != 0)
    return fail_range(env, "the block is too small, or not aligned");
  const call_record record(*static_cast<const volatile call_record *>(memory));
  if (!record.is_known()) return fail_range(env, "there is no such call");
  if (count == 1 && record.needs_arrays()) return fail_type(env, "expected arrays");
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
  const bool is_done = record.run(data, data + inputs, elements, threads_for(env, elements));
  return is_done ? nullptr : fail_range(env, no_floats);
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
  if (data != nullptr) static_cast<environment *>(data)->threads = unsigned(threads);
  return nullptr;
}

// (slow?): whether subnormal numbers take this processor long, and for tests of both ways what is held to be so.
napi_value slow_subnormals(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value;
  bool slow;
  if (napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) != napi_ok) return nullptr;
  if (count > 0 && napi_get_value_bool(env, value, &slow) == napi_ok)
    measured_slow.store(slow, std::memory_order_relaxed);
  return napi_get_boolean(env, subnormals_are_slow(), &value) == napi_ok ? value : nullptr;
}

// (memory): an ArrayBuffer that is about to be written for the first time.
napi_value fresh(napi_env env, napi_callback_info info) {
  size_t count = 1, bytes;
  napi_value value;
  void *data;
  if (napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) != napi_ok) return nullptr;
  if (count < 1 || napi_get_arraybuffer_info(env, value, &data, &bytes) != napi_ok)
    return fail_type(env, "expected an ArrayBuffer");
  prefer_huge_pages(data, bytes);
  return nullptr;
}

Napi::Value function(Napi::Env env, const char *name, napi_callback callback, void *data = nullptr) {
  napi_value value;
  NAPI_THROW_IF_FAILED(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &value), env.Undefined());
  return Napi::Value(env, value);
}

// Those of threads that have ended serve others to come and are never freed: JavaScript may have taken a block along to
// another thread (ArrayBuffer.prototype.transfer), which reads it still.
std::mutex spare_mutex;
std::vector<environment *> &spare_environments() {
  static std::vector<environment *> &spare = *new std::vector<environment *>;
  return spare;
}
environment *take_environment() {
  const std::lock_guard lock(spare_mutex);
  std::vector<environment *> &spare = spare_environments();
  if (spare.empty()) return new environment;
  environment *const own = spare.back();
  spare.pop_back();
  own->threads = 1;
  return own;
}
void leave_environment(napi_env, void *data, void *) {
  const std::lock_guard lock(spare_mutex);
  spare_environments().push_back(static_cast<environment *>(data));
}

// What lib/backends/native/addon.ts calls Addon.
Napi::Object init(Napi::Env env, Napi::Object exports) {
  stay_loaded();
  environment *const own = take_environment();
  NAPI_THROW_IF_FAILED(env, napi_set_instance_data(env, own, leave_environment, nullptr), exports);
  // The memory is the environment's, so that it is there whatever becomes of the buffer. Where JavaScript may only have
  // memory of its own (Electron), there is no such block.
  napi_value block;
  if (napi_create_external_arraybuffer(
          env, own->block, block_bytes, [](napi_env, void *, void *) {}, nullptr, &block) == napi_ok)
    exports["block"] = Napi::Value(env, block);
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
  exports["call"] = function(env, "call", call, own);
  exports["slowSubnormals"] = function(env, "slowSubnormals", slow_subnormals);
  exports["fresh"] = function(env, "fresh", fresh);
  exports["cores"] = Napi::Number::New(env, available_threads());
  exports["sharedElements"] = Napi::Number::New(env, parallel_elements);
  return exports;
}

} // namespace

NODE_API_MODULE(nonlin, init)
