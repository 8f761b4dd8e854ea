// Whether the kernels of an instruction set compute here what they compute everywhere: a compiler, an emulator or a
// processor may be wrong, and a wrong number is worse than a slow one.
#pragma once

#include "kernels.h"

#include <cstdint>

namespace nonlin {

// A checksum of the results of some rows and of softmax, in every arithmetic, for some forty inputs, and of numbers of
// 16 bits. It makes loading take 0.06 ms longer (Zen 3), and leaves alone what uses memory of the thread's, which takes
// 1 ms to make. What it has to be stands in lib/backends/checksum.ts.
uint64_t checksum(const kernels &set);

} // namespace nonlin
