# The instruction sets, and the flags that make a formula mean the same under every compiler. The addon and the proof of
# its error bounds (test/programs/prove) both include this file, so that what is proved is what is shipped.
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH native)
include_directories(${native})

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Contraction off: a multiply-add is one only where the formula says fma, so every compiler computes the same bits.
# Integer lanes are bits, whose sums wrap around. The other two say that errno and floating-point traps are not observed;
# neither changes a value. Flags are (run/values.h): they may be set by what a compiler computes and drops, and a part is done again.
add_compile_options(-Wall -Wextra -ffp-contract=off -fwrapv -fno-math-errno -fno-trapping-math)

# The groups of rows, native/rows/*.def, the longest to compile first.
set(groups piecewise gaussian exponential logistic algebraic)

# `flatten` asks GCC for all that a function calls, and Clang only for what stands in it, so that rows of 10 took three
# times as long (softmax with avx2 2.45 ns, 0.74 so; logSoftmax 4.4, 1.6).
set(clang_flatten "$<$<CXX_COMPILER_ID:Clang,AppleClang>:-mllvm;-inline-threshold=1200>")

# The kernels of an instruction set, an object for each group of rows, two for softmax under conditions and one for the
# rest: name of the library and of the set, its register width in bytes, compiler flags.
function(add_kernel_objects library name bytes)
  set(sources ${native}/kernels.cpp ${native}/conditions.cpp ${native}/tempered.cpp)
  foreach(group IN LISTS groups)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${group}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#define GROUP \"rows/${group}.def\"\n#include \"loops.cpp\"\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(${library} OBJECT EXCLUDE_FROM_ALL ${sources})
  if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL wasm32)
    # What is compiled before the loops over short rows would move them: ns per element of softmax of rows of 10 with AVX2
    # 0.59 in a bad place, 0.55 so (Zen 5).
    set_source_files_properties(${native}/kernels.cpp PROPERTIES COMPILE_OPTIONS "${clang_flatten};$<$<CXX_COMPILER_ID:GNU>:-falign-loops=32>")
    # GCC 12 would join what is put aside one by one (loops/rare.h) to vectors, by way of other registers.
    set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/gaussian.cpp
                                PROPERTIES COMPILE_OPTIONS "$<$<CXX_COMPILER_ID:GNU>:-fno-tree-slp-vectorize>")
  endif()
  target_compile_definitions(${library} PRIVATE KERNELS=${name} KERNELS_ROWS=${name}_rows VECTOR_BYTES=${bytes})
  target_compile_options(${library} PRIVATE ${ARGN} ${no_unwinding})
endfunction()

# Nothing throws in a kernel or through one, and how to get out of its functions is 60 KB of tables. Windows walks every
# stack by them.
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  set(no_unwinding -fno-exceptions -fno-unwind-tables -fno-asynchronous-unwind-tables)
endif()

# Bits do not depend on it.
set(KERNEL_OPTIMIZATION -O3 CACHE STRING "how the kernels are optimized")

# Clang repeats the loops whose length is known only when they run, and joins what remains to vectors of its own: 0.18 MB
# on x64, 0.07 on arm64, for the same time (`npm run bench`, 196 figures of avx2 and avx512 at 16 Ki: 1.00 in the mean,
# the gradients of relu and prelu 1.06).
string(CONCAT clang_loops "$<$<CXX_COMPILER_ID:Clang,AppleClang>:"
              "SHELL:-fno-slp-vectorize -mllvm -unroll-runtime=false>")

# So that no loop moves within the lines of a cache where other code grows: softmax of rows of 10 takes 1.06 times as
# long in some places (`npm run bench -- --size 262144 --function softmax:10`, Zen 5). For 0.03 MB.
if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL wasm32)
  set(aligned -falign-functions=64)
endif()

function(add_isa name bytes)
  # The GCC flags: order instructions before registers are given out, as Clang does, and GCC 12 warns of its own
  # avx512fintrin.h. ns per element without the first and with it, measured as in loops/rare.h: sigmoid 0.183 and 0.176,
  # tanh 0.210 and 0.199 (avx2 0.308 and 0.256, 0.490 and 0.446).
  add_kernel_objects(
    ${name} ${name} ${bytes} ${KERNEL_OPTIMIZATION} ${ARGN} "${clang_loops}"
    $<$<CXX_COMPILER_ID:GNU>:-fschedule-insns -fsched-pressure -Wno-uninitialized -Wno-maybe-uninitialized> ${aligned})
endfunction()

# What all of them ask in the last resort, compiled for every one that there is: register width, flags.
function(add_correctly_rounded bytes)
  add_library(correctly_rounded OBJECT EXCLUDE_FROM_ALL ${native}/exact/correctly_rounded.cpp ${native}/exact/shares.cpp)
  target_compile_definitions(correctly_rounded PRIVATE VECTOR_BYTES=${bytes})
  target_compile_options(correctly_rounded PRIVATE ${ARGN} ${no_unwinding})
  if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL wasm32)
    # For few inputs. For few slices -O2, 4 kB more, as one of 1000 entries takes 0.07 ms so, and 0.16 with -Os.
    set_source_files_properties(${native}/exact/correctly_rounded.cpp PROPERTIES COMPILE_OPTIONS -Os)
    set_source_files_properties(${native}/exact/shares.cpp PROPERTIES COMPILE_OPTIONS -O2)
  endif()
endfunction()

# Every instruction set of this processor's family.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(isas avx2 avx512)
  add_correctly_rounded(32 -mavx2 -mfma)
  add_isa(avx2 32 -mavx2 -mfma -mf16c)
  add_isa(avx512 64 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(isas neon)
  add_correctly_rounded(16)
  add_isa(neon 16)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL wasm32)
  set(isas wasm)
  set(wasm_flags -msimd128 -mrelaxed-simd -mbulk-memory -fno-exceptions -fno-rtti)
  add_correctly_rounded(16 -Oz ${wasm_flags})
  # Its size counts, as it is fetched. With -O3 it would be more than twice as large, and sigmoid and tanh gain by it, from
  # 2.04 to 1.44 and from 3.2 to 2.7 ns per element (Node 24 on a Zen 3), as does the softmax that most ask for
  # (wasm/softmax.cpp). None loses where not all is inlined that `flatten` asks for, and rows of 10 gain: 4.25 and 2.55.
  add_isa(wasm 16 ${wasm_flags} -Os)
  target_sources(wasm PRIVATE ${native}/wasm/softmax.cpp)
  set_source_files_properties(${native}/wasm/softmax.cpp PROPERTIES COMPILE_OPTIONS "-O3;-Dflatten=unused")
  set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/logistic.cpp PROPERTIES COMPILE_OPTIONS -O3)
  set_source_files_properties(${native}/kernels.cpp ${native}/conditions.cpp ${native}/tempered.cpp
                              PROPERTIES COMPILE_OPTIONS -Dflatten=unused)
endif()

# All of them, and the choice among them, added to a target.
function(add_kernels target)
  target_sources(${target} PRIVATE ${native}/dispatch.cpp ${native}/arithmetic/claim.cpp ${native}/softmax/kept.cpp
                                   $<TARGET_OBJECTS:correctly_rounded>)
  foreach(isa IN LISTS isas)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${isa}>)
  endforeach()
endfunction()
