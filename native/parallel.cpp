#include "parallel.h"

#include "debt.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace nonlin {
namespace {

// Some 30 us on the machine measured (Zen 4), about what waking a thread takes.
constexpr int spins_before_sleep = 2000;

using clock = std::chrono::steady_clock;

struct job {
  range_function *f;
  const void *context;
  size_t n, grain;
  unsigned threads;
  std::atomic<size_t> next = 0;
  std::atomic<unsigned> inside = 0;
  // Under the pool's mutex: how many more threads may join, and what all the work would take one thread. Of what they
  // tell the least: a thread may have lost its core meanwhile.
  unsigned seats = threads - 1;
  clock::duration alone = clock::duration::max();

  // Returns what all the work would take this thread, or max() where its part was too small to tell.
  clock::duration work() {
    const clock::time_point start = clock::now();
    size_t done = 0;
    for (size_t begin; (begin = next.fetch_add(grain, std::memory_order_relaxed)) < n;) {
      const size_t end = std::min(n, begin + grain);
      f(context, begin, end);
      done += end - begin;
    }
    // At least one thread does half of an even share.
    if (done * 2 * threads < n) return clock::duration::max();
    return std::chrono::duration_cast<clock::duration>((clock::now() - start) * (double(n) / double(done)));
  }
};

// Lives until the process ends and is never destroyed: its threads may outlast everything that is.
struct pool {
  std::mutex one_caller;
  debt cost; // Under one_caller.

  std::mutex mutex;
  std::condition_variable wake, left;
  std::atomic<job *> current = nullptr;
  unsigned helpers = 0;

  void run(job &shared) {
    {
      std::lock_guard lock(mutex);
      for (; helpers < shared.threads - 1; helpers++) {
        try {
          std::thread([this] { help(); }).detach();
        } catch (const std::system_error &) {
          break; // The system has no thread for us: those there are, or the caller alone, will do.
        }
      }
      current = &shared;
    }
    wake.notify_all();
    const clock::duration alone = shared.work();
    {
      std::lock_guard lock(mutex);
      shared.alone = std::min(shared.alone, alone);
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
      const clock::duration alone = shared.work();
      lock.lock();
      shared.alone = std::min(shared.alone, alone);
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
  const clock::time_point start = clock::now();
  if (shared_pool.cost.none()) {
    job shared = {.f = f, .context = context, .n = n, .grain = grain, .threads = threads};
    shared_pool.run(shared);
    shared_pool.cost.add(clock::now() - start, shared.alone);
  } else {
    f(context, 0, n);
    shared_pool.cost.pay(clock::now() - start);
  }
}

} // namespace nonlin
