// Softmax and its logarithm over slices of halves, and their gradients: as floats, correctly rounded, and then once
// more. That is within 0.501 of a half's last place.
#include "halves/run_halves.h"

#include "machine/parallel.h"
#include "run/run.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <new>

namespace nonlin {
namespace {

// Floats at a time, as far as rows allow: those of x, of g and of results stay in the core's own cache.
constexpr size_t near_floats = 16384;
// And of columns, in slabs.
constexpr size_t slab_floats = size_t(1) << 20;
// A vector more is written than there are.
constexpr size_t room = 16;

const uint16_t *halves_at(const void *p, size_t i) { return static_cast<const uint16_t *>(p) + i; }
uint16_t *halves_at(void *p, size_t i) { return static_cast<uint16_t *>(p) + i; }

// Memory for so many floats, small ones on the stack.
class floats {
  alignas(64) float few[1024 + room];
  const std::unique_ptr<float[]> many;
  const bool is_few;

public:
  explicit floats(size_t n)
      : many(n + room > std::size(few) ? new (std::nothrow) float[n + room] : nullptr),
        is_few(n + room <= std::size(few)) {}
  float *get() { return is_few ? few : many.get(); }
};

} // namespace

bool run_half_slices(const kernels &set, slice what, half type, const void *g, const void *x, void *y, size_t outer,
                     size_t length, size_t inner, unsigned threads) {
  const size_t slab = length * inner, near = inner == 1 ? near_floats : slab_floats;
  const size_t most = std::min(outer, std::max<size_t>(1, near / slab));
  // Of results in the place of x, and beside it g.
  const size_t both = g == nullptr ? most * slab : 2 * (most * slab + room);
  // Rows are shared among threads by blocks of them, columns within a block.
  const unsigned within = inner == 1 ? 1 : threads;
  std::atomic<bool> failed = false;
  const auto blocks = [&](size_t begin, size_t end) {
    floats memory(both);
    float *const own = memory.get(), *const grads = own + most * slab + room;
    if (own == nullptr) failed = true;
    for (size_t first = begin; own != nullptr && first < end; first += most) {
      const size_t count = std::min(most, end - first), n = count * slab, at = first * slab;
      set.widen[type](halves_at(x, at), own, n);
      if (g != nullptr) set.widen[type](halves_at(g, at), grads, n);
      run_slices(set, what, float32_exact, g == nullptr ? nullptr : grads, own, own, count, length, inner, within);
      set.narrow[type](own, halves_at(y, at), n);
    }
  };
  // Asked before anything is written, too: it may be all there is.
  if (floats(both).get() == nullptr) return false;
  if (inner == 1)
    parallel_for(outer, most, threads, blocks);
  else
    blocks(0, outer);
  return !failed;
}

} // namespace nonlin
