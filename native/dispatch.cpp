#include "dispatch.h"

#include <cstddef>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace nonlin {
namespace {

#if defined(__x86_64__)
// What this CPU has and the operating system saves the registers of, by the manuals of Intel and AMD: `leaf` of cpuid
// in bits of ebx or ecx, and xcr0 for the registers. Asked here and not of the compiler's run-time support, which clang
// for other targets lacks.
struct features {
  unsigned leaf1_ecx = 0, leaf7_ebx = 0;
  unsigned long long saved = 0;

  features() {
    unsigned eax, ebx, ecx, edx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) leaf1_ecx = ecx;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) leaf7_ebx = ebx;
    if (leaf1_ecx & bit_OSXSAVE) {
      unsigned low, high;
      asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
      saved = (static_cast<unsigned long long>(high) << 32) | low;
    }
  }
  static bool all(unsigned long long word, unsigned long long bits) { return (word & bits) == bits; }

  // xmm and ymm; of zmm also the upper halves, the sixteen new ones and the masks.
  bool avx2() const {
    return all(saved, 0x6) && all(leaf1_ecx, bit_FMA | bit_F16C | bit_AVX) && all(leaf7_ebx, bit_AVX2);
  }
  bool avx512() const {
    return avx2() && all(saved, 0xe6) && all(leaf7_ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL);
  }
};
#endif

} // namespace

std::span<const kernels *const> supported_kernels() {
  static const struct supported {
    const kernels *list[2] = {};
    size_t count = 0;

    supported() {
#if defined(__x86_64__)
      const features cpu;
      if (cpu.avx512()) list[count++] = &avx512;
      if (cpu.avx2()) list[count++] = &avx2;
#elif defined(__aarch64__)
      list[count++] = &neon;
#elif defined(__wasm__)
      list[count++] = &wasm;
#endif
    }
  } supported;
  return {supported.list, supported.count};
}

} // namespace nonlin
