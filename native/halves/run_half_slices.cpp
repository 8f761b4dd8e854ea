// Softmax and its logarithm over slices of halves, and their gradients: as floats in `exact`, and rounded once more.
// Shares are then within 0.501 of a half's last place.
#include "halves/run_halves.h"

#include "machine/parallel.h"
#include "run/run.h"
#include "run/spare_memory.h"

#include <algorithm>

namespace nonlin {
namespace {

// Floats at a time, as far as rows allow: those of x, of g and of results stay in the core's own cache.
constexpr size_t near_floats = 16384;
// And of columns, in slabs.
constexpr size_t slab_floats = size_t(1) << 20;
// A vector more is written than there are.
constexpr size_t room = 16;
// So many, with that, lie on the stack.
constexpr size_t few_floats = 1024;

} // namespace

bool run_half_slices(const kernels &set, slice what, half type, const void *g, const void *x, void *y, size_t outer,
                     size_t length, size_t inner, unsigned threads) {
  const size_t slab = length * inner, near = inner == 1 ? near_floats : slab_floats;
  const size_t most = std::min(outer, std::max<size_t>(1, near / slab));
  // Of results in the place of x, and behind them g.
  const size_t of_x = most * slab + room, floats = g == nullptr ? of_x : 2 * of_x;
  // Rows are shared among threads by blocks of them, columns within a block.
  const unsigned within = inner == 1 ? 1 : threads;
  const auto some = [&](size_t begin, size_t end, float *own) {
    float *const grads = g == nullptr ? nullptr : own + of_x;
    for (size_t first = begin; first < end; first += most) {
      const size_t count = std::min(most, end - first), n = count * slab, at = first * slab;
      set.widen[type](halves_at(x, at), own, n);
      if (g != nullptr) set.widen[type](halves_at(g, at), grads, n);
      run_slices(set, what, float32_exact, grads, own, own, count, length, inner, within);
      set.narrow[type](own, halves_at(y, at), n);
    }
  };
  if (floats <= few_floats) {
    alignas(64) float few[few_floats];
    some(0, outer, few);
    return true;
  }
  spare_memory memory(floats * sizeof(float));
  if (!memory.is_there()) return false;
  const auto blocks = [&](size_t begin, size_t end) {
    memory.use([&](char *own) { some(begin, end, reinterpret_cast<float *>(own)); });
  };
  if (inner == 1)
    parallel_for(outer, most, threads, blocks);
  else
    blocks(0, outer);
  return true;
}

} // namespace nonlin
