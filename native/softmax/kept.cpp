#include "softmax/kept.h"

namespace nonlin {

#if !defined(_WIN32)
alignas(64) constinit thread_local char kept_memory[kept_band_bytes] = {};
#endif

} // namespace nonlin
