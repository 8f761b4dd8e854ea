// (bytes, first, second): two ArrayBuffers of so many bytes over one block of memory, which begin at its bytes `first`
// and `second`. Memory mapped from a file or lent by another library begins anywhere, and can have several buffers.
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdlib.h>

static napi_value buffers(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value values[3], pair;
  int64_t bytes, first, second;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok ||
      napi_get_value_int64(env, values[0], &bytes) != napi_ok ||
      napi_get_value_int64(env, values[1], &first) != napi_ok ||
      napi_get_value_int64(env, values[2], &second) != napi_ok || napi_create_array(env, &pair) != napi_ok)
    return NULL;
  // For as long as the process lives: either buffer may be the last.
  char *memory = aligned_alloc(64, (size_t)((bytes + (first > second ? first : second) + 63) / 64 * 64));
  const int64_t begins[2] = {first, second};
  for (uint32_t i = 0; i < 2; i++) {
    napi_value buffer;
    if (napi_create_external_arraybuffer(env, memory + begins[i], (size_t)bytes, NULL, NULL, &buffer) != napi_ok)
      return NULL;
    napi_set_element(env, pair, i, buffer);
  }
  return pair;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "buffers", NAPI_AUTO_LENGTH, buffers, NULL, &function);
  napi_set_named_property(env, exports, "buffers", function);
  return exports;
}
