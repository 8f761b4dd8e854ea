#include "dispatch.h"

#include <vector>

namespace nonlin {

std::span<const kernels *const> supported_kernels() {
  static const std::vector<const kernels *> supported = [] {
    std::vector<const kernels *> list;
#if defined(__x86_64__)
    // The compiler's run-time support also asks the operating system whether it saves these registers.
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
      list.push_back(&avx512);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) list.push_back(&avx2);
#elif defined(__aarch64__)
    list.push_back(&neon);
#endif
    return list;
  }();
  return supported;
}

} // namespace nonlin
