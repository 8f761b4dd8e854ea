// The thread pool and its debt; how long anything takes decides nothing here. One line for each thing that is not as it
// should be, and exit code 1; in the end the process ends while the pool is at work.
#include "machine/debt.h"
#include "machine/parallel.h"

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

using namespace nonlin;
using namespace std::chrono_literals;

std::atomic<int> failures = 0;

void expect(bool holds, const char *what) {
  if (holds) return;
  std::printf("not so: %s\n", what);
  failures++;
}

void debt_lets_help_cost_little() {
  debt cost;
  expect(cost.none(), "there is no debt at first");
  cost.add(60us, 100us);
  expect(cost.none(), "a call that gains makes none");
  cost.add(150us, 100us);
  expect(cost.none(), "one loss of less than 100 us makes none");
  cost.add(60us, 100us);
  cost.add(190us, 100us);
  expect(cost.none(), "later gains make up for it");
  cost.add(130us, 100us);
  expect(!cost.none(), "losses that come to more than 100 us make one");
  cost.pay(25'999us);
  expect(!cost.none(), "it is 200 times what was lost");
  cost.pay(1us);
  expect(cost.none(), "calls without help pay it off");
  cost.add(21us, 10us);
  expect(!cost.none(), "a call that takes more than twice the time makes one at once");
  cost.pay(1h);
  cost.add(150us, 100us);
  expect(cost.none(), "a debt paid is forgotten");
}

// Every element of [0, n) comes once, in pieces that begin at a multiple of the grain.
void cover(size_t n, size_t grain, unsigned threads) {
  std::vector<unsigned char> times(n);
  std::atomic<bool> aligned = true;
  parallel_for(n, grain, threads, [&](size_t begin, size_t end) {
    if (begin % grain != 0) aligned = false;
    for (size_t i = begin; i < end; i++)
      times[i]++;
  });
  bool once = true;
  for (const unsigned char count : times)
    once &= count == 1;
  expect(once, "every element comes once");
  expect(aligned, "pieces begin at a multiple of the grain");
}

void cover_all() {
  for (int round = 0; round < 20; round++)
    for (unsigned threads = 1; threads <= 8; threads++)
      for (const size_t n : {0, 1, 7, 64, 65, 1000, 100'000})
        for (const size_t grain : {1, 64, 16'384})
          cover(n, grain, threads);
}

void cover_from_many_threads() {
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; i++)
    callers.emplace_back(cover_all);
  for (std::thread &caller : callers)
    caller.join();
}

} // namespace

int main() {
  debt_lets_help_cost_little();
  cover_all();
  cover_from_many_threads();
  std::thread([] {
    for (;;)
      cover(1 << 20, 64, 4);
  }).detach();
  std::this_thread::yield();
  return failures > 0;
}
