// Whether asking other threads for help is worth it, from what it has cost: time in, a decision out, no clock of its
// own.
#pragma once

#include <algorithm>
#include <chrono>

namespace nonlin {

// Waking a thread takes its caller microseconds, even where it comes too late, and one that loses its core in the midst
// of a piece of work keeps the caller waiting for milliseconds. What calls lose by help is a debt, `weight` times over:
// calls go without help until the time they take has paid it off. So no more than 1/weight of the time is lost. And a
// call that lost more than it would have taken alone is followed by so many without help that among calls of one size
// at most one in `weight` takes more than twice its time.
class debt {
public:
  using duration = std::chrono::steady_clock::duration;

  bool none() const { return owed <= duration::zero(); }

  // A call with help took `taken`; without, it would have taken `alone`.
  void add(duration taken, duration alone) {
    lost = std::max(lost + taken - alone, duration::zero());
    if (taken - alone <= alone && lost <= patience) return;
    owed = weight * lost;
    lost = duration::zero();
  }

  // A call without help took `alone`.
  void pay(duration alone) { owed -= alone; }

private:
  // The 99th percentile is to be within twice the time of one thread: one call in 100, and as many to spare.
  static constexpr int weight = 200;
  // The first of several calls loses time to threads that sleep, and the next ones gain it back: some 20 us for tanh of
  // 131072 elements on the machine measured (2 cores, Zen 4), which takes 36 us with one thread and then 20 with two.
  static constexpr duration patience = std::chrono::microseconds(100);

  duration lost = duration::zero(), owed = duration::zero();
};

} // namespace nonlin
