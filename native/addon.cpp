// The only native file that sees JavaScript. It trusts its caller for meaning, not for memory: the .node file can be
// called without lib/, so whatever JavaScript passes, no call reads or writes outside an array or ends the process.
#include "dispatch.h"
#include "pages.h"
#include "parallel.h"
#include "run.h"

#include <cmath>
#include <napi.h>

namespace {

using namespace nonlin;

constexpr const char *activation_names[] = {
#define ACTIVATION(name, value, gradient) #name,
#include "activations.def"
#undef ACTIVATION
};

constexpr int64_t max_threads = 256;

// False with a JavaScript exception pending where a value is not an integer that a number holds exactly. Node-API's own
// conversion cuts off fractions, and makes 0 of NaN.
bool read_integer(napi_env env, napi_value value, int64_t *integer) {
  constexpr double largest = 0x1p53 - 1;
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok || std::trunc(number) != number || std::isinf(number)) {
    napi_throw_type_error(env, nullptr, "expected an integer");
    return false;
  }
  if (std::fabs(number) > largest) {
    napi_throw_range_error(env, nullptr, "expected an integer below 2^53 in size");
    return false;
  }
  *integer = int64_t(number);
  return true;
}

struct array {
  void *data;
  size_t length;
  napi_typedarray_type type;
};

// The arguments of one call: arrays of one float type and one length ([grad,] x, y), then numbers, then `exact`.
template <size_t Arrays, size_t Numbers> struct arguments {
  array arrays[Arrays];
  int64_t numbers[Numbers ? Numbers : 1];
  bool exact = false;
  const kernels *set;

  size_t length() const { return arrays[0].length; }
  const void *grad() const { return Arrays == 3 ? arrays[0].data : nullptr; }
  const void *x() const { return arrays[Arrays - 2].data; }
  void *y() const { return arrays[Arrays - 1].data; }
  arithmetic how() const {
    if (arrays[0].type == napi_float64_array) return float64;
    return exact ? float32_exact : float32;
  }

  // False with a JavaScript exception pending where an argument is not what it must be. More arguments than these count
  // for nothing, as in JavaScript; `exact` may be left out or undefined.
  bool read(napi_env env, napi_callback_info info) {
    constexpr size_t expected = Arrays + Numbers + 1;
    napi_value values[expected];
    size_t count = expected;
    void *data;
    if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok) return false;
    set = static_cast<const kernels *>(data);
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
      // What was not passed is undefined.
      if (!read_integer(env, values[Arrays + i], &numbers[i])) return false;
    }
    if (count >= expected && !read_exact(env, values[expected - 1])) {
      napi_throw_type_error(env, nullptr, "expected a boolean for exact");
      return false;
    }
    return disjoint_or_same(env);
  }

private:
  bool read_exact(napi_env env, napi_value value) {
    if (napi_get_value_bool(env, value, &exact) == napi_ok) return true;
    napi_valuetype type;
    return napi_typeof(env, value, &type) == napi_ok && type == napi_undefined;
  }

  // Whether the output is each of the inputs or shares no memory with it. By address: one memory may have several
  // buffers.
  bool disjoint_or_same(napi_env env) {
    const size_t bytes = length() * (how() == float64 ? sizeof(double) : sizeof(float));
    const uintptr_t to = reinterpret_cast<uintptr_t>(y());
    for (size_t i = 0; i + 1 < Arrays; i++) {
      const uintptr_t from = reinterpret_cast<uintptr_t>(arrays[i].data);
      if (from == to || from >= to + bytes || to >= from + bytes) continue;
      napi_throw_range_error(env, nullptr,
                             i + 2 == Arrays ? "out overlaps part of x; it may be x itself or separate memory"
                                             : "out overlaps part of grad; it may be grad itself or separate memory");
      return false;
    }
    return true;
  }

  static bool fail_type(napi_env env) {
    napi_throw_type_error(env, nullptr, "expected Float32Arrays or Float64Arrays, all of one type");
    return false;
  }
};

// How many threads a call on n elements may use: 1 until setThreads has said otherwise, for this thread of JavaScript.
unsigned threads_for(napi_env env, size_t n) {
  void *threads = nullptr;
  if (n < parallel_elements || napi_get_instance_data(env, &threads) != napi_ok || threads == nullptr) return 1;
  return *static_cast<unsigned *>(threads);
}

// ([grad,] x, y, op[, exact]): op is an index into `activations`. One function serves them all, because V8 calls a
// native function quickly only where it always calls the same one.
template <size_t Arrays> napi_value map(napi_env env, napi_callback_info info) {
  arguments<Arrays, 1> a;
  if (!a.read(env, info)) return nullptr;
  const int64_t op = a.numbers[0];
  if (op < 0 || op >= activation_count) {
    napi_throw_range_error(env, nullptr, "there is no such activation");
    return nullptr;
  }
  run_map(*a.set, activation(op), a.how(), a.grad(), a.x(), a.y(), a.length(), threads_for(env, a.length()));
  return nullptr;
}

// ([grad,] x, y, length, inner[, exact])
template <size_t Arrays> napi_value softmax(napi_env env, napi_callback_info info) {
  arguments<Arrays, 2> a;
  if (!a.read(env, info)) return nullptr;
  const int64_t length = a.numbers[0], inner = a.numbers[1];
  int64_t slab;
  if (length < 1 || inner < 1 || __builtin_mul_overflow(length, inner, &slab) || a.length() % size_t(slab) != 0) {
    napi_throw_range_error(env, nullptr, "length * inner must be positive and divide the arrays' length");
    return nullptr;
  }
  if (a.length() == 0) return nullptr;
  run_softmax(*a.set, a.how(), a.grad(), a.x(), a.y(), a.length() / size_t(slab), size_t(length), size_t(inner),
              threads_for(env, a.length()));
  return nullptr;
}

// What a block begins with (lib/small.ts). From byte block_header on it holds x, where the result is left, then grad.
struct small_call {
  int32_t set, op, how, arrays, count, length, inner;

  // Reads each word once: memory that is shared may change between a check and a second look.
  explicit small_call(const volatile int32_t *word)
      : set(word[0]), op(word[1]), how(word[2]), arrays(word[3]), count(word[4]), length(word[5]), inner(word[6]) {}

  size_t bytes() const { return size_t(count) * (how == float64 ? sizeof(double) : sizeof(float)); }
  bool fits(size_t available) const {
    if (set < 0 || size_t(set) >= supported_kernels().size()) return false;
    if (op < 0 || op > softmax_op || how < 0 || how >= int(arithmetic_count) || arrays < 1 || arrays > 2) return false;
    if (count < 1) return false;
    if (op == softmax_op && (length < 1 || inner < 1 || count % (int64_t(length) * inner) != 0)) return false;
    return bytes() <= available / size_t(arrays);
  }

  static constexpr int32_t softmax_op = activation_count;
};

constexpr size_t block_header = 64;

// (block): an ArrayBuffer, asked for its memory at every call, as JavaScript may have transferred it.
napi_value small(napi_env env, napi_callback_info info) {
  size_t count = 1, size = 0;
  napi_value block;
  void *memory;
  if (napi_get_cb_info(env, info, &count, &block, nullptr, nullptr) != napi_ok) return nullptr;
  if (count < 1 || napi_get_arraybuffer_info(env, block, &memory, &size) != napi_ok) {
    napi_throw_type_error(env, nullptr, "expected an ArrayBuffer");
    return nullptr;
  }
  if (size < block_header || reinterpret_cast<uintptr_t>(memory) % sizeof(double) != 0) {
    napi_throw_range_error(env, nullptr, "the block is too small, or not aligned");
    return nullptr;
  }
  const small_call c(static_cast<const int32_t *>(memory));
  if (!c.fits(size - block_header)) {
    napi_throw_range_error(env, nullptr, "the block does not hold such a call");
    return nullptr;
  }
  const kernels &set = *supported_kernels()[size_t(c.set)];
  char *x = static_cast<char *>(memory) + block_header;
  const char *g = c.arrays == 2 ? x + c.bytes() : nullptr;
  if (c.op == c.softmax_op)
    run_softmax(set, arithmetic(c.how), g, x, x, size_t(c.count) / (size_t(c.length) * size_t(c.inner)),
                size_t(c.length), size_t(c.inner), 1);
  else
    run_map(set, activation(c.op), arithmetic(c.how), g, x, x, size_t(c.count), 1);
  return nullptr;
}

napi_value set_threads(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value;
  int64_t threads;
  void *data = nullptr;
  if (napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) != napi_ok) return nullptr;
  if (!read_integer(env, value, &threads)) return nullptr;
  if (threads < 1 || threads > max_threads) {
    napi_throw_range_error(env, nullptr, "expected a number of threads");
    return nullptr;
  }
  napi_get_instance_data(env, &data);
  if (data != nullptr) *static_cast<unsigned *>(data) = unsigned(threads);
  return nullptr;
}

// (y): an array that is about to be written for the first time.
napi_value fresh(napi_env env, napi_callback_info info) {
  arguments<1, 0> a;
  if (!a.read(env, info)) return nullptr;
  prefer_huge_pages(a.y(), a.length() * (a.how() == float64 ? sizeof(double) : sizeof(float)));
  return nullptr;
}

Napi::Value function(Napi::Env env, const char *name, napi_callback callback, const kernels *set = nullptr) {
  napi_value value;
  NAPI_THROW_IF_FAILED(env,
                       napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<kernels *>(set), &value),
                       env.Undefined());
  return Napi::Value(env, value);
}

// What lib/native.ts calls Addon.
Napi::Object init(Napi::Env env, Napi::Object exports) {
  NAPI_THROW_IF_FAILED(
      env,
      napi_set_instance_data(
          env, new unsigned(1), [](napi_env, void *data, void *) { delete static_cast<unsigned *>(data); }, nullptr),
      exports);
  Napi::Object sets = Napi::Object::New(env);
  int32_t number = 0;
  for (const kernels *set : supported_kernels()) {
    Napi::Object methods = Napi::Object::New(env);
    methods["map"] = function(env, "map", map<2>, set);
    methods["mapGrad"] = function(env, "mapGrad", map<3>, set);
    methods["softmax"] = function(env, "softmax", softmax<2>, set);
    methods["softmaxGrad"] = function(env, "softmaxGrad", softmax<3>, set);
    methods["number"] = Napi::Number::New(env, number++);
    sets[set->name] = methods;
  }
  Napi::Array names = Napi::Array::New(env);
  for (unsigned op = 0; op < activation_count; op++)
    names[op] = activation_names[op];
  exports["version"] = NONLIN_VERSION;
  exports["sets"] = sets;
  exports["activations"] = names;
  exports["setThreads"] = function(env, "setThreads", set_threads);
  exports["small"] = function(env, "small", small);
  exports["fresh"] = function(env, "fresh", fresh);
  exports["cores"] = Napi::Number::New(env, available_threads());
  exports["sharedElements"] = Napi::Number::New(env, parallel_elements);
  return exports;
}

} // namespace

NODE_API_MODULE(nonlin, init)
