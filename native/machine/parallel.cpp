#include "machine/parallel.h"

#include "machine/debt.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <thread>

namespace nonlin {
namespace {

// Some 30 us on the machine measured (Zen 4), about what waking a thread takes.
constexpr int spins_before_sleep = 2000;

using clock = std::chrono::steady_clock;

// What a thread did of a job, and how long it was at it.
struct part {
  size_t done;
  clock::duration took;
};

struct job {
  range_function *f;
  const void *context;
  size_t n, grain;
  unsigned threads;
  std::atomic<size_t> next = 0;
  std::atomic<unsigned> inside = 0;
  // Under the pool's mutex: how many more threads may join, and the least time that any took for a piece of work. A
  // thread may have lost its core meanwhile.
  unsigned seats = threads - 1;
  double least = std::numeric_limits<double>::infinity();

  part work() {
    const clock::time_point start = clock::now();
    size_t done = 0;
    for (size_t begin; (begin = next.fetch_add(grain, std::memory_order_relaxed)) < n;) {
      const size_t end = std::min(n, begin + grain);
      f(context, begin, end);
      done += end - begin;
    }
    return {done, clock::now() - start};
  }
  void tell(part p) {
    // Less than half of an even share is too little to tell by. At least one thread has more.
    if (p.done * 2 * threads >= n) least = std::min(least, double(p.took.count()) / double(p.done));
  }
  // What all the work would have taken the thread that did this part. What kept it from its core would have kept it
  // without help as well.
  clock::duration alone(part p) const { return p.took + clock::duration(clock::rep(double(n - p.done) * least)); }
};

// Lives until the process ends and is never destroyed: its threads may outlast everything that is.
struct pool {
  std::mutex one_caller;
  debt cost; // Under one_caller.

  std::mutex mutex;
  std::condition_variable wake, left;
  std::atomic<job *> current = nullptr;
  unsigned helpers = 0;

  // Returns what the work would have taken without help.
  clock::duration run(job &shared) {
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
    const part own = shared.work();
    {
      std::lock_guard lock(mutex);
      shared.tell(own);
      current = nullptr; // Nobody joins from here on.
    }
    wait_for_helpers(shared);
    return shared.alone(own);
  }

  void wait_for_helpers(job &shared) {
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

  // What a thread keeps (softmax/kept.h) it gets with the first touch of what is its own, and the system ends the
  // process where it has none to give: so that comes with the thread's stack, not in the middle of a call.
#if !defined(_WIN32) // Where that is kept in another way (thread_memory.h).
  static inline thread_local volatile char own = 0;
#endif

  void help() {
#if !defined(_WIN32)
    own = 1;
#endif
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
      const part own = shared.work();
      lock.lock();
      shared.tell(own);
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
    const clock::duration alone = shared_pool.run(shared);
    shared_pool.cost.add(clock::now() - start, alone);
  } else {
    f(context, 0, n);
    shared_pool.cost.pay(clock::now() - start);
  }
}

} // namespace nonlin
