// The only native file that sees JavaScript. It trusts its caller for meaning, not for memory: the .node file can be
// called without lib/, so whatever JavaScript passes, no call reads or writes outside an array or ends the process.
#include "dispatch.h"
#include "parallel.h"

#include <napi.h>

#include <vector>

namespace {

using namespace nonlin;

constexpr const char *activation_names[] = {
#define ACTIVATION(name, value, gradient) #name,
#include "activations.def"
#undef ACTIVATION
};

// What a function exported to JavaScript is bound to; lives as long as the process.
struct binding {
  const kernels *set;
  activation op;
};

constexpr int64_t max_threads = 256;

struct array {
  void *data;
  size_t length;
  napi_typedarray_type type;
};

// The arguments of one call: up to three arrays of one float type and one length, then numbers.
template <size_t Arrays, size_t Numbers> struct arguments {
  array arrays[Arrays];
  int64_t numbers[Numbers ? Numbers : 1];
  bool exact = false;
  const binding *bound;

  size_t length() const { return arrays[0].length; }
  size_t element_size() const { return arrays[0].type == napi_float32_array ? sizeof(float) : sizeof(double); }
  arithmetic how() const {
    if (arrays[0].type == napi_float64_array) return float64;
    return exact ? float32_exact : float32;
  }

  // False with a JavaScript exception pending where an argument is not what it must be.
  bool read(napi_env env, napi_callback_info info) {
    constexpr size_t expected = Arrays + Numbers + 1;
    napi_value values[expected];
    size_t count = expected;
    void *data;
    if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok) return false;
    bound = static_cast<const binding *>(data);
    for (size_t i = 0; i < Arrays; i++) {
      // A type this version of Node-API does not know (Float16Array in some) leaves `type` as it was.
      arrays[i].type = static_cast<napi_typedarray_type>(-1);
      if (i >= count || napi_get_typedarray_info(env, values[i], &arrays[i].type, &arrays[i].length, &arrays[i].data,
                                                 nullptr, nullptr) != napi_ok)
        return fail_type(env);
      if (arrays[i].type != napi_float32_array && arrays[i].type != napi_float64_array) return fail_type(env);
      if (arrays[i].type != arrays[0].type) return fail_type(env);
      if (arrays[i].length != arrays[0].length) {
        napi_throw_range_error(env, nullptr, "the arrays differ in length");
        return false;
      }
    }
    for (size_t i = 0; i < Numbers; i++) {
      if (Arrays + i >= count || napi_get_value_int64(env, values[Arrays + i], &numbers[i]) != napi_ok) {
        napi_throw_type_error(env, nullptr, "expected a number");
        return false;
      }
    }
    if (count == expected && napi_get_value_bool(env, values[expected - 1], &exact) != napi_ok) {
      napi_throw_type_error(env, nullptr, "expected a boolean for exact");
      return false;
    }
    return true;
  }

private:
  static bool fail_type(napi_env env) {
    napi_throw_type_error(env, nullptr, "expected Float32Arrays or Float64Arrays, all of one type");
    return false;
  }
};

// Outputs of this many bytes and more are written past the cache: half of the last-level cache of the machine measured
// (32 MiB, Zen 4). ns per element of relu with and without, at 4 Mi elements 0.18 and 0.21, at 16 Mi 0.23 and 0.30, at
// 1 Mi 0.15 and 0.09.
constexpr size_t stream_bytes = size_t(16) << 20;

// Work is shared out from here on, in pieces of this many elements.
constexpr size_t parallel_elements = 65536, grain_elements = 16384;

// How many threads a call of this environment (the main thread, or a worker) may use.
unsigned threads_of(napi_env env) {
  void *threads = nullptr;
  napi_get_instance_data(env, &threads);
  return threads == nullptr ? 1 : *static_cast<unsigned *>(threads);
}

napi_value map(napi_env env, napi_callback_info info) {
  arguments<2, 0> a;
  if (!a.read(env, info)) return nullptr;
  const size_t n = a.length(), size = a.element_size();
  const auto *x = static_cast<const char *>(a.arrays[0].data);
  auto *y = static_cast<char *>(a.arrays[1].data);
  map_function &f = *a.bound->set->map[a.bound->op][a.how()];
  const bool stream = n * size >= stream_bytes;
  if (n < parallel_elements) {
    f(x, y, n, stream);
  } else {
    parallel_for(n, grain_elements, threads_of(env),
                 [&](size_t begin, size_t end) { f(x + begin * size, y + begin * size, end - begin, stream); });
  }
  return nullptr;
}

napi_value map_grad(napi_env env, napi_callback_info info) {
  arguments<3, 0> a;
  if (!a.read(env, info)) return nullptr;
  a.bound->set->map_grad[a.bound->op][a.how()](a.arrays[0].data, a.arrays[1].data, a.arrays[2].data, a.length());
  return nullptr;
}

// True where [outer, length, inner] fits the arrays, for some whole outer.
template <class Arguments> bool check_shape(napi_env env, const Arguments &a) {
  int64_t length = a.numbers[0], inner = a.numbers[1];
  int64_t slab;
  if (length > 0 && inner > 0 && !__builtin_mul_overflow(length, inner, &slab) && a.length() % size_t(slab) == 0)
    return true;
  napi_throw_range_error(env, nullptr, "length * inner must be positive and divide the arrays' length");
  return false;
}

napi_value softmax(napi_env env, napi_callback_info info) {
  arguments<2, 2> a;
  if (!a.read(env, info) || a.length() == 0 || !check_shape(env, a)) return nullptr;
  size_t length = size_t(a.numbers[0]), inner = size_t(a.numbers[1]);
  auto *x = static_cast<const char *>(a.arrays[0].data);
  auto *y = static_cast<char *>(a.arrays[1].data);
  const kernels &set = *a.bound->set;
  if (inner == 1) {
    set.softmax_rows[a.how()](x, y, a.length() / length, length, a.length() * a.element_size() >= stream_bytes);
  } else {
    size_t slab = length * inner * a.element_size();
    for (size_t i = 0; i < a.length() * a.element_size(); i += slab)
      set.softmax_columns[a.how()](x + i, y + i, length, inner, inner);
  }
  return nullptr;
}

napi_value softmax_grad(napi_env env, napi_callback_info info) {
  arguments<3, 2> a;
  if (!a.read(env, info) || a.length() == 0 || !check_shape(env, a)) return nullptr;
  size_t length = size_t(a.numbers[0]), inner = size_t(a.numbers[1]);
  auto *g = static_cast<const char *>(a.arrays[0].data);
  auto *x = static_cast<const char *>(a.arrays[1].data);
  auto *y = static_cast<char *>(a.arrays[2].data);
  const kernels &set = *a.bound->set;
  if (inner == 1) {
    set.softmax_rows_grad[a.how()](g, x, y, a.length() / length, length);
  } else {
    size_t slab = length * inner * a.element_size();
    for (size_t i = 0; i < a.length() * a.element_size(); i += slab)
      set.softmax_columns_grad[a.how()](g + i, x + i, y + i, length, inner, inner);
  }
  return nullptr;
}

Napi::Value function(Napi::Env env, const char *name, napi_callback callback, const binding *bound = nullptr) {
  napi_value value;
  NAPI_THROW_IF_FAILED(
      env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<binding *>(bound), &value),
      env.Undefined());
  return Napi::Value(env, value);
}

// The share of a Backend (lib/backend.ts) that one instruction set provides; `bound` has an entry per activation.
Napi::Object describe(Napi::Env env, const binding *bound) {
  Napi::Object set = Napi::Object::New(env), maps = Napi::Object::New(env), grads = Napi::Object::New(env);
  for (unsigned op = 0; op < activation_count; op++) {
    const char *name = activation_names[op];
    maps[name] = function(env, name, map, &bound[op]);
    grads[name] = function(env, name, map_grad, &bound[op]);
  }
  set["map"] = maps;
  set["mapGrad"] = grads;
  set["softmax"] = function(env, "softmax", softmax, bound);
  set["softmaxGrad"] = function(env, "softmaxGrad", softmax_grad, bound);
  return set;
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

Napi::Object init(Napi::Env env, Napi::Object exports) {
  static const std::vector<binding> bindings = [] {
    std::vector<binding> all;
    for (const kernels *set : supported_kernels())
      for (unsigned op = 0; op < activation_count; op++)
        all.push_back({set, activation(op)});
    return all;
  }();
  NAPI_THROW_IF_FAILED(
      env,
      napi_set_instance_data(
          env, new unsigned(1), [](napi_env, void *data, void *) { delete static_cast<unsigned *>(data); }, nullptr),
      exports);
  // One property per instruction set that this CPU runs, best first.
  Napi::Object sets = Napi::Object::New(env);
  for (size_t i = 0; i < bindings.size(); i += activation_count)
    sets[bindings[i].set->name] = describe(env, &bindings[i]);
  exports["sets"] = sets;
  exports["setThreads"] = function(env, "setThreads", set_threads);
  exports["cores"] = Napi::Number::New(env, available_threads());
  return exports;
}

} // namespace

NODE_API_MODULE(nonlin, init)
