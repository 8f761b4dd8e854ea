// prelu with a slope for each channel, and its gradients. A long channel is served by the kernels of the row; short
// ones by those that take a slope for each element, which are laid out in a block for as much of x as it holds: whole
// periods, or some of a period's channels.
#include "run/run.h"

#include "machine/parallel.h"
#include "run/values.h"

#include <cstring>

namespace nonlin {

namespace {

// From here on a call for each channel costs less than loading slopes. ns per element of float32 [64, 16, inner] with
// AVX2: 0.21 for an inner of 255 with slopes loaded, 0.17 for 256 and 0.13 for 512 with calls; leakyRelu takes 0.10.
constexpr size_t long_channel = 256;

// How a matrix [outer, length, inner] is cut into tiles of so many elements at most, which are contiguous: of `repeats`
// periods, or where a period does not fit, of `channels`. An inner is no more than a tile.
struct tiles {
  size_t outer, length, inner, channels, repeats;

  tiles(size_t most, size_t outer, size_t length, size_t inner)
      : outer(outer), length(length), inner(inner), channels(std::min(length, most / inner)),
        repeats(channels < length ? 1 : std::min(outer, most / (length * inner))) {}

  size_t period() const { return length * inner; }
  // Tiles of the same channels; and how many such columns of tiles there are.
  size_t down() const { return (outer + repeats - 1) / repeats; }
  size_t across() const { return (length + channels - 1) / channels; }
  size_t channels_in(size_t column) const { return std::min(channels, length - column * channels); }
  size_t first(size_t column, size_t row) const { return row * repeats * period() + column * channels * inner; }
  size_t elements(size_t column, size_t row) const {
    return std::min(repeats, outer - row * repeats) * channels_in(column) * inner;
  }
};

// A block and what is written past the end of its last channel: no more than a register holds of floats, at its widest.
constexpr size_t spill = 16;
struct alignas(64) slope_block {
  char bytes[(block_elements + spill) * sizeof(double)];
};

template <class E> void lay_out(const E *slopes, E *to, const tiles &t, size_t column) {
  const size_t count = t.channels_in(column), period = count * t.inner;
  for (size_t c = 0; c < count; c++) {
    const E slope = slopes[column * t.channels + c];
    // As many at once as make no loop; the next channel overwrites what is too much.
    E *from = to + c * t.inner;
    std::fill_n(from, spill, slope);
    if (t.inner > spill) std::fill_n(from + spill, t.inner - spill, slope);
  }
  for (size_t i = 1; i < t.repeats; i++)
    std::memcpy(to + i * period, to, period * sizeof(E));
}

double slope_at(const void *slopes, arithmetic how, size_t i) {
  return how == float64 ? static_cast<const double *>(slopes)[i] : static_cast<const float *>(slopes)[i];
}

// y[i] = f(x[i]) by so many slopes, or its gradient, the usual way, which is right, until the processor tells that it
// was slow.
void run_slopes(const kernels &set, arithmetic how, const void *g, const void *x, const void *slopes, void *y, size_t n,
                bool stream) {
  const auto usual = [&](size_t from, size_t count) {
    if (g == nullptr)
      set.slopes[how](at(x, from), at(slopes, from), at(y, from), count, stream);
    else
      set.slopes_grad[how](at(g, from), at(x, from), at(slopes, from), at(y, from), count);
  };
#if defined(__x86_64__)
  constexpr size_t size = sizeof(float);
  if (how != float64 && tells_subnormal && subnormals_are_slow())
    return watch(
        careful_slopes_left, n, grain_elements, [&](size_t i, size_t count) { usual(i * size, count); },
        [&](size_t i, size_t count, bool tried) {
          if (tried) return;
          if (g == nullptr)
            set.carefully.slopes(at(x, i * size), at(slopes, i * size), at(y, i * size), count);
          else
            set.carefully.slopes_grad(at(g, i * size), at(x, i * size), at(slopes, i * size), at(y, i * size), count);
        });
#endif
  usual(0, n);
}

// Calls f(first element, how many) for each run of so many elements, or for the parts of it that threads share, which
// may write past the cache.
template <class F> void for_each_run(size_t n, size_t run, unsigned threads, F f) {
  parallel_for(n, grain_elements, threads, [&](size_t begin, size_t end) {
    for (size_t count; begin < end; begin += count)
      f(begin, count = std::min((begin / run + 1) * run, end) - begin);
    fence();
  });
}

} // namespace

void run_channels(const kernels &set, arithmetic how, const void *g, const void *x, const void *slopes, void *y,
                  size_t outer, size_t length, size_t inner, unsigned threads) {
  const size_t size = element_size(how), n = outer * length * inner;
  if (n < parallel_short_elements) threads = 1;
  const bool stream = streams(y, n * size, size);
  const auto combine = [&](size_t first, const void *factors, size_t count) {
    const size_t from = first * size;
    run_slopes(set, how, g == nullptr ? g : at(g, from), at(x, from), factors, at(y, from), count, stream);
  };
  if (inner >= long_channel) {
    for_each_run(n, inner, threads, [&](size_t first, size_t count) {
      const parameters p = {slope_at(slopes, how, first / inner % length)};
      const size_t from = first * size;
      if (g == nullptr)
        run_values(set, activation_prelu, p, how, at(x, from), at(y, from), count, stream);
      else
        run_gradients(set, activation_prelu, p, how, at(g, from), at(x, from), at(y, from), count, stream);
    });
    return;
  }
  // The slopes lie as x does.
  if (inner == 1 && length >= long_channel) {
    for_each_run(n, length, threads,
                 [&](size_t first, size_t count) { combine(first, at(slopes, first % length * size), count); });
    return;
  }
  const tiles t(block_elements, outer, length, inner);
  parallel_for(t.across() * t.down(), grain_elements / block_elements, threads, [&](size_t begin, size_t end) {
    slope_block block;
    for (size_t i = begin; i < end; i++) {
      const size_t column = i / t.down(), row = i % t.down();
      if (i == begin || row == 0) {
        if (how == float64)
          lay_out(static_cast<const double *>(slopes), reinterpret_cast<double *>(block.bytes), t, column);
        else
          lay_out(static_cast<const float *>(slopes), reinterpret_cast<float *>(block.bytes), t, column);
      }
      combine(t.first(column, row), block.bytes, t.elements(column, row));
    }
    if (stream) fence();
  });
}

// The order of a sum follows from the sizes alone, so that no thread and no instruction set changes a bit; lib/backends
// has the same. A sum is kept for each element of a tile, or of a stretch of a longer channel, with its rounding
// errors; then those of a channel are added, one after another.
namespace {

// It fixes the order of a sum, and so its bits: lib/backends/channels.ts has the same. Both arrays of them take 8 KiB.
constexpr size_t sums_at_once = 512;

struct running_sums {
  alignas(64) double sums[sums_at_once] = {}, lost[sums_at_once] = {};
};

struct running_sum {
  double sum = 0, lost = 0;

  void add(const running_sums &from, size_t i) {
    const double term = from.sums[i], next = sum + term, added = next - sum;
    lost += from.lost[i] + ((sum - (next - added)) + (term - added));
    sum = next;
  }
  // What an infinite sum has lost is NaN.
  double value() const { return sum - sum == 0 ? sum + lost : sum; }
};

} // namespace

void run_channel_sums(const kernels &set, arithmetic how, const void *g, const void *x, double *sums, size_t outer,
                      size_t length, size_t inner, unsigned threads) {
  const size_t size = element_size(how);
  const auto add = [&](size_t first, running_sums &to, size_t count) {
    set.add_slopes_grad[how](at(g, first * size), at(x, first * size), to.sums, to.lost, count);
  };
  if (inner > sums_at_once) {
    parallel_for(length, std::max<size_t>(1, grain_elements / inner / outer), threads, [&](size_t begin, size_t end) {
      for (size_t channel = begin; channel < end; channel++) {
        running_sums all;
        for (size_t slab = 0; slab < outer; slab++)
          for (size_t i = 0; i < inner; i += sums_at_once)
            add((slab * length + channel) * inner + i, all, std::min(sums_at_once, inner - i));
        running_sum total;
        for (size_t i = 0; i < sums_at_once; i++)
          total.add(all, i);
        sums[channel] = total.value();
      }
    });
    return;
  }
  const tiles t(sums_at_once, outer, length, inner);
  parallel_for(t.across(), std::max<size_t>(1, grain_elements / sums_at_once / t.down()), threads,
               [&](size_t begin, size_t end) {
                 for (size_t column = begin; column < end; column++) {
                   running_sums all;
                   for (size_t row = 0; row < t.down(); row++)
                     add(t.first(column, row), all, t.elements(column, row));
                   const size_t count = t.channels_in(column);
                   for (size_t c = 0; c < count; c++) {
                     running_sum total;
                     for (size_t k = 0; k < t.repeats; k++)
                       for (size_t i = 0; i < inner; i++)
                         total.add(all, (k * count + c) * inner + i);
                     sums[column * t.channels + c] = total.value();
                   }
                 }
               });
}

} // namespace nonlin
