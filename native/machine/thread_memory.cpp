#include "machine/thread_memory.h"

#include <windows.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <malloc.h>

namespace nonlin {
namespace {

void NTAPI release(void *memory) { _aligned_free(memory); }

} // namespace

void *thread_memory(thread_slot &slot, size_t bytes) {
  const std::atomic_ref<uintptr_t> shared(slot.number);
  uintptr_t number = shared;
  if (number == 0) {
    const DWORD made = FlsAlloc(release);
    if (made == FLS_OUT_OF_INDEXES) std::abort();
    // Another thread may have been faster.
    if (shared.compare_exchange_strong(number, made + uintptr_t(1)))
      number = made + uintptr_t(1);
    else
      FlsFree(made);
  }
  void *memory = FlsGetValue(DWORD(number - 1));
  if (memory != nullptr) return memory;
  memory = _aligned_malloc(bytes, 64);
  if (memory == nullptr) std::abort();
  std::memset(memory, 0, bytes);
  FlsSetValue(DWORD(number - 1), memory);
  return memory;
}

} // namespace nonlin
