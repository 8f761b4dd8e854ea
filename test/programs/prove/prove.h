// What the parts of the proof share: what was asked for, the rows they deliver, and work spread over threads.
#pragma once

#include "kernels.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace prove {

// A row of activations.def with numbers for its parameters.
struct subject {
  std::string label;
  nonlin::activation activation;
  nonlin::parameters p;
  bool sampled; // not all float32 inputs
};

struct options {
  bool quick = false;
  unsigned threads = 2;
  uint64_t float64_inputs = 100'000'000;
  std::vector<subject> subjects;
  std::vector<nonlin::slice> slices;
};

enum direction { forward, gradient, product, direction_count };
constexpr const char *direction_names[] = {"forward", "gradient", "product"};

// Where the slope of a row passes through zero, if it does, and what lies beside it. Beside a result that is nearly
// zero no error is small, so there a unit in the last place counts as no less than that of numbers from 1/8 on: 2^-26,
// for float64 2^-55.
struct zero {
  double at, width;
};
inline zero zero_of(const subject &subject, direction direction) {
  if (direction != gradient) return {HUGE_VAL, 0};
  const nonlin::zero_of_slope &zero = nonlin::rows[subject.activation].zero;
  return {zero.of(subject.p), 0.35 / zero.scale(subject.p)};
}
inline bool is_beside(const zero &zero, double x) { return std::abs(x - zero.at) < zero.width; }

// One line of the table. `ulp` is infinite where a result is not a number, has the wrong sign of zero or misses a
// limit.
struct row {
  std::string function;
  const char *direction; // forward; gradient, for grad = 1; product, of a slope and any grad
  const char *precision; // fast, exact, float64, float16, bfloat16
  uint64_t inputs;
  double ulp;
  std::string at;                // where it is attained
  std::optional<uint64_t> wrong; // results that are not the correctly rounded ones, where that was looked at
  uint64_t differ;               // results whose bits depend on the instruction set
  std::string differ_at;         // where, once
  // Results whose bits depend on what else is in the array, where that was looked at; a gradient's for any grad.
  std::optional<uint64_t> depend = {};
  std::string depend_at = {};
};

// What one thread has found of many results, and at which places.
template <class Place> struct tally_of {
  double ulp = 0;
  Place at = {};
  uint64_t inputs = 0, wrong = 0, differ = 0;
  Place differ_at = {};

  void add(const tally_of &other) {
    if (other.ulp > ulp) {
      ulp = other.ulp;
      at = other.at;
    }
    if (other.differ > 0) differ_at = other.differ_at;
    inputs += other.inputs;
    wrong += other.wrong;
    differ += other.differ;
  }
};

// How far the oracle was found from MPFR, or a step of `exact` from the truth, as a share of the error it is allowed.
struct check {
  std::string function;
  const char *precision;
  uint64_t inputs;
  double share;
};

// Enough digits to give the number back.
inline std::string decimal(double x, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, x);
  return text;
}

// Random bits from a counter, the same in every run and on every thread.
inline uint64_t random_bits(uint64_t counter) {
  uint64_t z = (counter + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
inline double random_unit(uint64_t counter) { return double(random_bits(counter) >> 11) * 0x1p-53; }

// Inputs of every magnitude that matters, for what cannot be tried in full.
double sample(uint64_t counter);

// One line on standard error: rewritten on a terminal, printed once where it is finished elsewhere.
class progress {
public:
  progress(std::string label) : label(std::move(label)) {}
  bool is_shown() const { return terminal; }
  void show(double share) const { std::fprintf(stderr, "\r%-32s %3.0f %%", label.c_str(), 100 * share); }
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
  std::vector<std::thread> threads;
  for (State &state : states)
    threads.emplace_back([&] {
      for (uint64_t block; (block = next++) < blocks;)
        work(state, block);
      running--;
    });
  const progress progress(label);
  while (progress.is_shown() && running) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    progress.show(double(std::min<uint64_t>(next, blocks)) / double(blocks));
  }
  for (std::thread &thread : threads)
    thread.join();
  progress.finish();
  return states;
}

std::vector<check> check_oracle(const options &);
std::vector<check> check_double_double(const options &);
std::vector<check> check_softmax(const options &);
// And the first steps of `exact`.
std::vector<row> prove_float32(const options &, std::vector<check> &passes);
std::vector<row> prove_float64(const options &);
std::vector<row> prove_halves(const options &);
std::vector<row> prove_softmax(const options &);
std::vector<row> prove_softmax_gradient(const options &);
// Into the rows of the others.
void ask_for_company(const options &, std::vector<row> &);

} // namespace prove
