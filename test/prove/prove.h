// What the parts of the proof share: what was asked for, the rows they deliver, and work spread over threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace prove {

struct options {
  bool quick = false;
  unsigned threads = 2;
  uint64_t float64_inputs = 10'000'000;
  std::string function; // empty: all

  bool wants(const char *name) const { return function.empty() || function == name; }
};

// One line of the table. `ulp` is infinite where a result is not a number, has the wrong sign of zero or misses a limit.
struct row {
  std::string function;
  const char *direction; // forward, gradient
  const char *dtype;     // float32, float64
  const char *precision; // fast, exact
  uint64_t inputs = 0;
  double ulp = 0;
  double at = 0;                       // the input that attains it
  std::optional<uint64_t> wrong = {};  // results that are not correctly rounded, where they were counted
  uint64_t differ = 0;                 // results whose bits depend on the instruction set
  std::optional<double> differ_at = {}; // one such input
};

// How far the oracle was found from MPFR, relative to the bound it is allowed.
struct check {
  std::string function;
  const char *dtype;
  uint64_t inputs;
  double error;
};

// One line on standard error: rewritten on a terminal, printed once where it is finished elsewhere.
class progress {
public:
  progress(std::string label) : label(std::move(label)) {}
  void show(double share) const {
    if (terminal) std::fprintf(stderr, "\r%-32s %3.0f %%", label.c_str(), 100 * share);
  }
  void finish() const {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "%s%-32s %6.1f s\n", terminal ? "\r" : "", label.c_str(), seconds.count());
  }

private:
  std::string label;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  bool terminal = isatty(STDERR_FILENO);
};

// Calls work(state, block) for every block; each thread has a State of its own, and they are returned together.
template <class State, class Work>
std::vector<State> spread(const options &options, const std::string &label, uint64_t blocks, const State &initial,
                          Work work) {
  std::vector<State> states(options.threads, initial);
  std::atomic<uint64_t> next = 0;
  std::atomic<unsigned> running = options.threads;
  std::vector<std::jthread> threads;
  for (State &state : states)
    threads.emplace_back([&] {
      for (uint64_t block; (block = next++) < blocks;)
        work(state, block);
      running--;
    });
  const progress progress(label);
  while (running) {
    std::this_thread::sleep_for(std::chrono::milliseconds(blocks > 1000 ? 100 : 5));
    progress.show(double(std::min<uint64_t>(next, blocks)) / double(blocks));
  }
  threads.clear();
  progress.finish();
  return states;
}

std::vector<check> check_oracle(const options &);
std::vector<row> prove_float32(const options &);
std::vector<row> prove_float64(const options &);
std::vector<row> prove_softmax(const options &);

} // namespace prove
