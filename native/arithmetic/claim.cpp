// How many bytes behind what is written next a loop claims memory (claim_ahead in memory.h).
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>

namespace nonlin {
namespace {

bool is_amd() {
  unsigned eax, vendor[3];
  return __get_cpuid(0, &eax, &vendor[0], &vendor[2], &vendor[1]) && std::memcmp(vendor, "AuthenticAMD", 12) == 0;
}

} // namespace

// ns per element of relu, 256 Ki (`npm run bench -- --turns --size 262144`): on a Xeon with AVX-512 0.127 with 2048 and
// 0.143 with no claim, a copy 0.119; 1024 or 4096 do as well. AMD's see by themselves what comes, and are slower for
// being told: they claim what was written a moment ago, which costs nothing. Zen 4 with 2048 and with -256: 0.101 and
// 0.088, a copy 0.083; -64 to -512 do as well.
extern const std::ptrdiff_t claimed_ahead;
const std::ptrdiff_t claimed_ahead = is_amd() ? -256 : 2048;

} // namespace nonlin
#endif
