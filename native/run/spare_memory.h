// Memory beside the arrays for pieces of work that threads share, asked for before anything is written.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <new>

namespace nonlin {

// As much for each thread as one piece needs. Where the system has no more than the first, threads take turns with it.
class spare_memory {
  const size_t bytes;
  const std::unique_ptr<char[]> first;
#if !defined(__wasm__) // Which has one thread.
  std::mutex one;
#endif

public:
  explicit spare_memory(size_t bytes) : bytes(bytes), first(new (std::nothrow) char[bytes]) {}
  bool is_there() const { return first != nullptr; }

  // Calls work(memory).
  template <class F> void use(F work) {
#if !defined(__wasm__)
    std::unique_lock lock(one, std::try_to_lock);
    if (!lock) {
      const std::unique_ptr<char[]> own(new (std::nothrow) char[bytes]);
      if (own != nullptr) return work(own.get());
      lock.lock();
    }
#endif
    work(first.get());
  }
};

} // namespace nonlin
