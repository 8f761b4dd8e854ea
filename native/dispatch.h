// Which of the instruction sets compiled in this CPU runs. Choosing among them is JavaScript's business.
#pragma once

#include "kernels.h"

#include <span>

namespace nonlin {

// Best first; empty on a CPU that none of them fits.
std::span<const kernels *const> supported_kernels();

} // namespace nonlin
