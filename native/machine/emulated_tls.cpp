// On Windows only: what is thread_local, which -femulated-tls asks for here. It is made for a thread when that first
// uses it; the system would give what softmax keeps, 1.6 MB, to every thread of the process, and the file would have as
// many zeros in it.
#include <windows.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <malloc.h>

namespace {

// What the compiler writes for each variable.
struct variable {
  size_t size, align;
  std::atomic<uintptr_t> slot; // One more than its number; 0 where there is none yet.
  const void *initial;         // Null where it is zeros.
};

void NTAPI release(void *memory) { _aligned_free(memory); }

} // namespace

extern "C" void *__emutls_get_address(variable *of) {
  uintptr_t slot = of->slot;
  if (slot == 0) {
    const DWORD made = FlsAlloc(release);
    if (made == FLS_OUT_OF_INDEXES) std::abort();
    // Another thread may have been faster.
    if (of->slot.compare_exchange_strong(slot, made + uintptr_t(1)))
      slot = made + uintptr_t(1);
    else
      FlsFree(made);
  }
  void *memory = FlsGetValue(DWORD(slot - 1));
  if (memory != nullptr) return memory;
  memory = _aligned_malloc(of->size, of->align);
  if (memory == nullptr) std::abort();
  if (of->initial != nullptr)
    std::memcpy(memory, of->initial, of->size);
  else
    std::memset(memory, 0, of->size);
  FlsSetValue(DWORD(slot - 1), memory);
  return memory;
}
