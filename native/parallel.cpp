#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace nonlin {
namespace {

// Some 30 us on the machine measured (Zen 4), about what waking a thread takes.
constexpr int spins_before_sleep = 2000;

struct job {
  range_function *f;
  const void *context;
  size_t n, grain;
  unsigned seats; // how many more threads may join, under the pool's mutex
  std::atomic<size_t> next = 0;
  std::atomic<unsigned> inside = 0;

  void work() {
    for (size_t begin; (begin = next.fetch_add(grain, std::memory_order_relaxed)) < n;)
      f(context, begin, std::min(n, begin + grain));
  }
};

// Lives until the process ends and is never destroyed: its threads may outlast everything that is.
struct pool {
  std::mutex one_caller;

  std::mutex mutex;
  std::condition_variable wake, left;
  std::atomic<job *> current = nullptr;
  unsigned helpers = 0;

  void run(job &shared, unsigned threads) {
    {
      std::lock_guard lock(mutex);
      for (; helpers < threads - 1; helpers++) {
        try {
          std::thread([this] { help(); }).detach();
        } catch (const std::system_error &) {
          break; // The system has no thread for us: those there are, or the caller alone, will do.
        }
      }
      current = &shared;
    }
    wake.notify_all();
    shared.work();
    {
      std::lock_guard lock(mutex);
      current = nullptr; // Nobody joins from here on.
    }
    // A helper that has begun is nearly done, unless the system has taken its core: then sleeping frees this one for
    // it.
    for (int spins = 0; spins < spins_before_sleep; spins++) {
      if (shared.inside == 0) return;
      pause();
    }
    std::unique_lock lock(mutex);
    left.wait(lock, [&] { return shared.inside == 0; });
  }

  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  void help() {
    std::unique_lock lock(mutex);
    for (;;) {
      // Calls often follow each other: being awake for the next one saves both sides what waking costs. Then sleep.
      lock.unlock();
      for (int spins = 0; spins < spins_before_sleep && current == nullptr; spins++)
        pause();
      lock.lock();
      wake.wait(lock, [this] {
        job *j = current;
        return j != nullptr && j->seats > 0;
      });
      job &shared = *current;
      shared.seats--;
      shared.inside++;
      lock.unlock();
      shared.work();
      lock.lock();
      if (--shared.inside == 0) left.notify_one();
    }
  }
};

pool &the_pool() {
  static pool *one = new pool;
  return *one;
}

} // namespace

unsigned available_threads() { return std::max(1u, std::thread::hardware_concurrency()); }

void parallel_for(size_t n, size_t grain, unsigned threads, range_function *f, const void *context) {
  if (threads < 2 || n <= grain) return f(context, 0, n);
  pool &shared_pool = the_pool();
  std::unique_lock mine(shared_pool.one_caller, std::try_to_lock);
  if (!mine) return f(context, 0, n);
  job shared = {.f = f, .context = context, .n = n, .grain = grain, .seats = threads - 1};
  shared_pool.run(shared, threads);
}

} // namespace nonlin
