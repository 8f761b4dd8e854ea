// On Windows only: memory that is made for a thread when it first asks for it. What is thread_local the system would
// give to every thread of the process, and the file would have as many zeros in it: 1.6 MB of softmax's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nonlin {

// Names a piece of memory, which each thread has its own of.
struct thread_slot {
  uintptr_t number = 0; // One more than the system's; 0 where there is none yet.
};

// Zeros at first, at a multiple of 64. Released when the thread ends.
void *thread_memory(thread_slot &slot, size_t bytes);

} // namespace nonlin
