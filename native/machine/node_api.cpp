// On Windows only: where the functions of Node-API are, asked of the program that loads the addon. An import library
// would name node.exe, which is not what Electron or a renamed Node are called. The linker finds out where one is
// missing here.
#include <windows.h>

// clang-format off
#define FUNCTIONS(F) \
  F(napi_async_destroy) F(napi_call_function) F(napi_close_callback_scope) F(napi_close_escapable_handle_scope) \
  F(napi_close_handle_scope) F(napi_create_array) F(napi_create_bigint_uint64) F(napi_create_double) F(napi_create_error) \
  F(napi_create_external_arraybuffer) F(napi_create_function) \
  F(napi_create_object) F(napi_create_reference) F(napi_create_string_utf8) F(napi_create_type_error) \
  F(napi_define_properties) F(napi_delete_reference) F(napi_escape_handle) F(napi_fatal_error) \
  F(napi_get_and_clear_last_exception) F(napi_get_array_length) F(napi_get_arraybuffer_info) F(napi_get_boolean) F(napi_get_cb_info) \
  F(napi_get_instance_data) F(napi_get_last_error_info) F(napi_get_property) F(napi_get_reference_value) \
  F(napi_get_typedarray_info) F(napi_get_undefined) F(napi_get_value_bool) F(napi_get_value_int64) F(napi_has_property) \
  F(napi_is_exception_pending) F(napi_open_escapable_handle_scope) F(napi_open_handle_scope) F(napi_set_element) \
  F(napi_set_instance_data) F(napi_set_named_property) F(napi_throw) F(napi_throw_range_error) \
  F(napi_throw_type_error) F(napi_typeof)
// clang-format on

// What a call of a function that is imported reads: the compiler's name for its address.
#define ADDRESS(name) FARPROC __imp_##name;
extern "C" {
FUNCTIONS(ADDRESS)
}

namespace {

struct {
  const char *name;
  FARPROC &address;
} const functions[] = {
#define ENTRY(name) {#name, __imp_##name},
    FUNCTIONS(ENTRY)};

} // namespace

// False refuses the addon, which is an error that JavaScript catches.
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  // Node may be a library of another program.
  const HMODULE hosts[] = {GetModuleHandleW(nullptr), GetModuleHandleW(L"libnode.dll")};
  for (const auto &[name, address] : functions) {
    for (const HMODULE host : hosts)
      if (address == nullptr && host != nullptr) address = GetProcAddress(host, name);
    if (address == nullptr) return FALSE;
  }
  return TRUE;
}
