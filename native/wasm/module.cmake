# The module: no library around it, nothing that it imports, and of what is linked only what its functions reach.
add_executable(nonlin native/wasm/module.cpp native/run/elementwise.cpp native/run/slices.cpp native/run/channels.cpp
                      native/addon/self_test.cpp)
target_link_libraries(nonlin PRIVATE kernels)
target_compile_definitions(nonlin PRIVATE NONLIN_VERSION="${version}" VECTOR_BYTES=16)
target_compile_options(nonlin PRIVATE -Oz ${wasm_flags})
target_link_options(
  nonlin PRIVATE -mexec-model=reactor -nostartfiles -s -Wl,--no-entry -Wl,--export=__heap_base
                 -Wl,-z,stack-size=262144)
set_target_properties(nonlin PROPERTIES SUFFIX .wasm RUNTIME_OUTPUT_DIRECTORY ${ADDON_FOLDER})
