// parallel_for: a range of work shared with a small pool of threads, and nothing else. The pool holds no JavaScript
// handle.
#pragma once

#include <cstddef>

namespace nonlin {

// The threads of this machine that are worth using, the caller's included.
unsigned available_threads();

// Calls f(begin, end) on pieces of [0, n), all of which begin at a multiple of `grain`, on up to `threads` threads of
// which the caller is one. The caller works through the pieces itself and waits in the end only for those that another
// thread has begun. Where another caller has the pool, this one does all the work: calls never queue up; likewise where
// help has cost more than it gave (debt.h).
using range_function = void(const void *context, size_t begin, size_t end);
void parallel_for(size_t n, size_t grain, unsigned threads, range_function *f, const void *context);

template <class F> void parallel_for(size_t n, size_t grain, unsigned threads, const F &f) {
  parallel_for(
      n, grain, threads,
      [](const void *context, size_t begin, size_t end) { (*static_cast<const F *>(context))(begin, end); }, &f);
}

} // namespace nonlin
