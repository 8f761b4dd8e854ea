// In the place of native/dispatch.cpp: AVX-512 on a CPU without it.
#include "dispatch.h"

namespace nonlin {

std::span<const kernels *const> supported_kernels() {
  static const kernels *const emulated[] = {&avx512};
  return emulated;
}

} // namespace nonlin
