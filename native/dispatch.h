// Which of the instruction sets compiled in this CPU runs. Choosing among them is JavaScript's business.
#pragma once

#include "kernels.h"

#include <cstddef>
#include <span>

namespace nonlin {

// Best first; empty on a CPU that none of them fits.
std::span<const kernels *const> supported_kernels();

#if defined(__x86_64__)
// How many bytes behind what is written next a loop claims memory (claim_ahead in memory.h).
extern const std::ptrdiff_t claimed_ahead;
#endif

} // namespace nonlin
