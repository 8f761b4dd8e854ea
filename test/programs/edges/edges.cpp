// edges [step]: runs every kernel, of every length or of every so many, on arrays that begin or end where the memory of
// the process does: reading or writing a byte outside of them ends it with a signal. It says on standard output what it
// is about to run, of which the last line then tells.
#include "dispatch.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using namespace nonlin;

// Pages between two that nobody may touch. `shift` 0 puts an array at their end; from 1 on, so many bytes after their
// beginning less one: not always a multiple of an element, since kernels take arrays at any address.
class fenced {
public:
  explicit fenced(size_t most) : bytes((most + page - 1) / page * page) {
    void *all = mmap(nullptr, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) std::abort();
    inside = static_cast<char *>(all) + page;
    if (mprotect(inside, bytes, PROT_READ | PROT_WRITE) != 0) std::abort();
  }
  template <class E> E *array(size_t length, size_t shift) {
    E *end = reinterpret_cast<E *>(inside + bytes);
    return shift == 0 ? end - length : reinterpret_cast<E *>(inside + shift - 1);
  }

private:
  static inline const size_t page = size_t(sysconf(_SC_PAGESIZE));
  size_t bytes;
  char *inside;
};

// From one length to the next. Above 1, for kernels that are slow to run, the longest are left out too.
size_t step = 1;

constexpr size_t most_bytes = size_t(1) << 20;
fenced memory_g(most_bytes), memory_x(most_bytes), memory_y(most_bytes), memory_mask(most_bytes);

// x[i] = value(i), at any address.
template <class E, class F> void fill(E *x, size_t length, F value) {
  for (size_t i = 0; i < length; i++) {
    const E element = E(value(i));
    __builtin_memcpy(reinterpret_cast<char *>(x) + i * sizeof(E), &element, sizeof(E));
  }
}
// Values of every kind, so that every branch is taken somewhere.
template <class E> void fill(E *x, size_t length) {
  static unsigned next = 1;
  fill(x, length, [](size_t) {
    next = next * 1664525 + 1013904223;
    const double value = (double(next) / 4294967296 - 0.5) * 12;
    return next >> 24 == 0 ? value / 0.0 : next >> 24 < 8 ? value * 1000 : value;
  });
}

// Calls f(g, x, y, stream) with arrays at both ends of the memory, and with the output in the place of x. Only outputs
// at a multiple of an element's size may be written past the cache.
template <class E, class F> void at_the_edges(size_t length, F f) {
  for (size_t shift : {size_t(0), size_t(1), size_t(4), 1 + sizeof(E), 1 + 3 * sizeof(E)}) {
    E *g = memory_g.array<E>(length, shift), *x = memory_x.array<E>(length, shift);
    E *y = memory_y.array<E>(length, shift);
    fill(g, length);
    fill(x, length);
    // Of some calls gradients that are all alike, or that cancel with their mean to the last digit.
    static unsigned calls = 0;
    if (++calls % 3 == 1) fill(g, length, [](size_t) { return 0.7; });
    if (calls % 3 == 2) {
      fill(g, length, [](size_t i) { return double(i % 3) - 1; });
      fill(x, length, [](size_t) { return 0.5; });
    }
    const bool stream = reinterpret_cast<uintptr_t>(y) % sizeof(E) == 0;
    f(g, x, y, stream);
    f(g, x, x, stream);
  }
}

template <class E> void elementwise(const kernels &set, arithmetic how) {
  for (unsigned op = 0; op < activation_count; op++) {
    for (size_t length = 0; length < 200; length += step) {
      std::printf("%s: arithmetic %d, activation %u of %zu elements\n", set.name, how, op, length);
      at_the_edges<E>(length, [&](const E *g, const E *x, E *y, bool stream) {
        set.rows[op]->map_grad[how](g, x, y, length, {});
        set.rows[op]->map[how](x, y, length, {});
        if (stream && set.rows[op]->past_cache[how] != nullptr) set.rows[op]->past_cache[how](x, y, length, {});
        if (how != float32) return;
        if (set.rows[op]->careful != nullptr) set.rows[op]->careful(x, y, length, {});
        if (set.rows[op]->careful_grad != nullptr) set.rows[op]->careful_grad(g, x, y, length, {});
      });
    }
  }
}

void of_small_numbers(const kernels &set) {
  float slopes[200], rest[200];
  for (size_t length = 0; length < 200; length += step) {
    std::printf("%s: small numbers, %zu elements\n", set.name, length);
    at_the_edges<float>(length, [&](const float *g, const float *x, float *y, bool) {
      set.stand_in(x, y, length, 1, 2);
      set.has_unusual(x, length, 1, 2);
      __builtin_memcpy(slopes, x, length * sizeof *slopes);
      set.part_small(g, slopes, y, rest, length);
    });
  }
}

template <class E> void combine(const kernels &set, arithmetic how) {
  for (size_t length = 0; length < 200; length += step) {
    std::printf("%s: arithmetic %d, sums and so on of %zu elements\n", set.name, how, length);
    at_the_edges<E>(length, [&](const E *g, const E *x, E *y, bool stream) {
      for (const auto &operation : set.combine) {
        operation[how](g, x, y, length, false);
        operation[how](g, x, y, length, stream);
      }
    });
  }
}

// Matrices at one end of the memory as columns at the same end of another, whose rows may have gaps between them.
template <class E> void transposed(const kernels &set, arithmetic how) {
  constexpr size_t most = copied_tile;
  const auto next = [](size_t size) { return size < 40 ? size + step : size < most ? most : most + 1; };
  for (size_t height = 1; height <= most; height = next(height))
    for (size_t width = 1; width <= most; width = next(width)) {
      std::printf("%s: arithmetic %d, a matrix of %zu x %zu\n", set.name, how, height, width);
      for (size_t from : {width, width + 3, size_t(512)})
        for (size_t to : {height, height + 1, size_t(512)})
          for (size_t shift : {size_t(0), size_t(1), 1 + sizeof(E), size_t(2)}) {
            const size_t length = (height - 1) * from + width, turned = (width - 1) * to + height;
            E *x = memory_x.array<E>(length, shift), *y = memory_y.array<E>(turned, shift);
            fill(x, length);
            set.transpose[how](x, y, height, width, ptrdiff_t(from), ptrdiff_t(to));
            set.transpose[how](x + (height - 1) * from, y, height, width, -ptrdiff_t(from), ptrdiff_t(to));
          }
    }
}

template <class E> void slices(const kernels &set, arithmetic how, size_t outer, size_t length, size_t inner) {
  std::printf("%s: arithmetic %d, slices of %zu x %zu x %zu\n", set.name, how, outer, length, inner);
  static double parts[2][most_bytes / sizeof(float)];
  at_the_edges<E>(outer * length * inner, [&](const E *g, const E *x, E *y, bool stream) {
    if (inner == 1)
      set.log_parts_rows[how](x, parts[0], parts[1], outer, length);
    else
      set.log_parts_columns[how](x, parts[0], parts[1], outer, length, inner, inner);
    for (const slice_kernels &loops : set.slices) {
      if (inner == 1) {
        loops.rows_grad[how](g, x, y, outer, length);
        loops.rows[how](x, y, outer, length, false);
        loops.rows[how](x, y, outer, length, stream);
      } else {
        loops.columns_grad[how](g, x, y, outer, length, inner, inner);
        loops.columns[how](x, y, outer, length, inner, inner);
      }
    }
  });
}

// Under a mask of its own length, or of one slice, at the same end of the memory; its bytes are 0 or not.
template <class E> void conditioned(const kernels &set, arithmetic how, size_t outer, size_t length, size_t inner) {
  std::printf("%s: arithmetic %d, masked slices of %zu x %zu x %zu\n", set.name, how, outer, length, inner);
  for (const bool additive : {false, true}) {
    for (const double temperature : {1.0, 0.7}) {
      for (const bool beside : {false, true}) {
        at_the_edges<E>(outer * length * inner, [&](const E *g, const E *x, E *y, bool) {
          const size_t shift = g == memory_g.array<E>(outer * length * inner, 0) ? 0 : 1;
          const size_t entries = length * (inner > 1 && beside ? inner : 1) * (inner == 1 && beside ? outer : 1);
          E *added = memory_mask.array<E>(entries, shift);
          uint8_t *flags = memory_mask.array<uint8_t>(entries, shift);
          if (additive) fill(added, entries);
          for (size_t i = 0; !additive && i < entries; i++)
            flags[i] = uint8_t(i % 3);
          const void *mask = additive ? static_cast<void *>(added) : flags;
          const conditions c = {temperature,
                                mask,
                                additive,
                                true,
                                inner > 1 && beside ? inner : 1,
                                !beside     ? size_t(0)
                                : inner > 1 ? size_t(1)
                                            : length};
          for (const conditioned_kernels *loops : set.conditioned) {
            for (const bool back : {true, false}) {
              if (inner == 1) {
                loops->rows[how](back ? g : nullptr, x, y, outer, length, c);
              } else if (!back && !additive && temperature == 1) { // Other columns are turned into rows.
                for (const bool zero : {true, false}) {
                  conditions here = c;
                  here.zero = zero;
                  for (size_t i = 0; i < outer * length * inner; i += length * inner)
                    loops->columns[how](x + i, y + i, length, inner, inner, here);
                }
              }
            }
          }
        });
      }
    }
  }
}

// Numbers of 16 bits; the floats beside them have room for a vector more, except those that are narrowed.
void halves(const kernels &set) {
  constexpr size_t most = 300, vector = 16;
  static float x[most + vector], y[most + vector], g[most + vector];
  static open_results open;
  for (const half type : {float16, bfloat16})
    for (size_t length = 0; length < most; length += step) {
      std::printf("%s: %zu numbers of 16 bits, type %d\n", set.name, length, type);
      for (size_t shift : {0, 1, 2, 3, 4, 7}) {
        uint16_t *from = memory_x.array<uint16_t>(length, shift), *to = memory_y.array<uint16_t>(length, shift);
        float *narrowed = memory_g.array<float>(length, shift);
        fill(narrowed, length);
        set.narrow[type](narrowed, from, length);
        set.widen[type](from, x, length);
        double *doubles = memory_g.array<double>(length, shift);
        set.widen_to_doubles[type](from, doubles, length);
        set.narrow_doubles[type](doubles, from, length);
        fill(y, most);
        fill(g, most);
        for (const float width : {0.0f, 1.0f}) {
          open.count = 0;
          set.round[type](y, x, width > 0 ? g : nullptr, to, length, {0x1p-12f, 0.5f, width, 0x1p-9f}, open, 0);
        }
      }
    }
}

template <class E> void all(const kernels &set, arithmetic how) {
  elementwise<E>(set, how);
  combine<E>(set, how);
  if (how != float32_exact) transposed<E>(set, how); // Which moves elements as float32 does.
  for (size_t length = 1; length < 150; length += step)
    for (size_t outer : {1, 2, 17, 70})
      slices<E>(set, how, outer, length, 1);
  slices<E>(set, how, 1, 4097, 1);
  for (size_t inner = 2; inner < 150; inner += step)
    for (size_t length : {1, 2, 5, 33})
      slices<E>(set, how, 2, length, inner);
  // Seven times as much work.
  for (size_t length = 1; length < 150; length += 7 * step)
    for (size_t outer : {1, 5})
      conditioned<E>(set, how, outer, length, 1);
  for (size_t inner = 2; inner < 150; inner += 7 * step)
    for (size_t length : {1, 2, 33})
      conditioned<E>(set, how, 2, length, inner);
  if (step > 1) return;
  conditioned<E>(set, how, 2, 33000, 1);
  for (size_t length : {1000, 32769, 70001})
    slices<E>(set, how, 1, length, 1);
  slices<E>(set, how, 1, 100, 1000);
  slices<E>(set, how, 1, 40000, 3);
}

} // namespace

int main(int count, char **words) {
  if (count > 1) step = std::strtoul(words[1], nullptr, 10);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ); // So that what was printed last is what was run last.
  for (const kernels *set : supported_kernels()) {
    all<float>(*set, float32);
    all<float>(*set, float32_exact);
    all<double>(*set, float64);
    halves(*set);
    of_small_numbers(*set);
  }
  std::puts("done");
}
