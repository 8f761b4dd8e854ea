// The kernels as a WebAssembly module, which asks nothing of who runs it. Its functions take places in its own memory,
// of which lib/backends/wasm/ has all from __heap_base on: there are no arrays of JavaScript's here, and no threads.
#include "addon/self_test.h"
#include "arithmetic/memory.h"
#include "machine/parallel.h"
#include "run/run.h"
#include "run/work.h"

#define EXPORT(name) __attribute__((export_name(#name)))

namespace nonlin {

void parallel_for(size_t n, size_t, unsigned, range_function *f, const void *context) { f(context, 0, n); }

namespace {

// Whether a product and a sum are rounded once, which the engine may do as it likes: 2^-24 and 2^-54 are what is left
// of a square then, else nothing.
bool fuses_floats() {
  volatile float a = 1 + 0x1p-12f, c = -1 - 0x1p-11f;
  return fma(vec<float>(a), vec<float>(a), vec<float>(c)).v[0] != 0;
}
bool fuses_doubles() {
  volatile double a = 1 + 0x1p-27, c = -1 - 0x1p-26;
  return fused(a, a, c) != 0;
}

// Columns are turned into rows, whose kernels give the same bits as those of columns, which are as large again.
constexpr size_t columns_at_once = 16;

template <class E> void turn(const E *from, E *to, size_t length, size_t inner, size_t columns) {
  for (size_t j = 0; j < length; j++)
    for (size_t c = 0; c < columns; c++)
      to[c * length + j] = from[j * inner + c];
}
template <class E> void turn_back(const E *from, E *to, size_t length, size_t inner, size_t columns) {
  for (size_t j = 0; j < length; j++)
    for (size_t c = 0; c < columns; c++)
      to[j * inner + c] = from[c * length + j];
}
void to_rows(arithmetic how, const void *x, void *rows, size_t length, size_t inner, size_t columns) {
  if (how == float64)
    turn(static_cast<const double *>(x), static_cast<double *>(rows), length, inner, columns);
  else
    turn(static_cast<const float *>(x), static_cast<float *>(rows), length, inner, columns);
}
void from_rows(arithmetic how, const void *rows, void *y, size_t length, size_t inner, size_t columns) {
  if (how == float64)
    turn_back(static_cast<const double *>(rows), static_cast<double *>(y), length, inner, columns);
  else
    turn_back(static_cast<const float *>(rows), static_cast<float *>(y), length, inner, columns);
}

// Calls f(g, x, slab, first column, columns) for some columns at a time of all slabs, as rows in the room.
template <class F>
void for_each_band(arithmetic how, const void *g, const void *x, size_t outer, size_t length, size_t inner, void *room,
                   F f) {
  const size_t size = element_size(how);
  char *rows = static_cast<char *>(room), *own = rows + std::min(inner, columns_at_once) * length * size;
  for (size_t slab = 0; slab < outer; slab++) {
    for (size_t first = 0; first < inner; first += columns_at_once) {
      const size_t n = std::min(columns_at_once, inner - first), from = (slab * length * inner + first) * size;
      to_rows(how, at(x, from), rows, length, inner, n);
      if (g != nullptr) to_rows(how, at(g, from), own, length, inner, n);
      f(g == nullptr ? nullptr : own, rows, slab, first, n);
    }
  }
}

} // namespace

extern "C" {

// The version of the package and the rows, in the order of their numbers.
EXPORT(about) const char *about() {
  return NONLIN_VERSION
#define ACTIVATION(name, value, gradient, ...) " " #name
#include "rows/activations.def"
#undef ACTIVATION
      ;
}
EXPORT(fuses) bool fuses() { return fuses_floats() && fuses_doubles(); }
EXPORT(checksum) uint64_t self_test() { return checksum(wasm); }

// As run/run.h has them, for one thread; where there is a g, the gradient.
EXPORT(map)
void map(activation op, arithmetic how, const void *g, const void *x, void *y, size_t n, double a, double b) {
  run_map(wasm, op, {a, b}, how, g, x, y, n, 1);
}
EXPORT(gate)
void gate(activation op, arithmetic how, const void *x, const void *by, void *y, size_t n, double a, double b) {
  run_gate(wasm, op, {a, b}, how, x, by, y, n, 1);
}
EXPORT(gateGradient)
void gate_gradient(activation op, arithmetic how, const void *g, const void *x, const void *by, void *dx, void *dby,
                   size_t n, double a, double b) {
  run_gate_gradient(wasm, op, {a, b}, how, g, x, by, dx, dby, n, 1);
}
EXPORT(channels)
void channels(arithmetic how, const void *g, const void *x, const void *slopes, void *y, size_t outer, size_t length,
              size_t inner) {
  run_channels(wasm, how, g, x, slopes, y, outer, length, inner, 1);
}
// Over slices `room` has as many elements as `columns_at_once` of them for each of g and x, where inner is not 1.
EXPORT(slices)
void slices(slice what, arithmetic how, const void *g, const void *x, void *y, size_t outer, size_t length,
            size_t inner, void *room) {
  const slice_kernels &loops = wasm.slices[what];
  const auto compute = [&](const void *g, const void *x, void *y, size_t rows) {
    if (g == nullptr)
      loops.rows[how](x, y, rows, length, false);
    else
      loops.rows_grad[how](g, x, y, rows, length);
  };
  if (inner == 1) return compute(g, x, y, outer);
  for_each_band(how, g, x, outer, length, inner, room,
                [&](const void *g, void *x, size_t slab, size_t first, size_t n) {
                  compute(g, x, x, n);
                  from_rows(how, x, at(y, (slab * length * inner + first) * element_size(how)), length, inner, n);
                });
}
// The mask is that of the first slice, and that of the next outer one lies `apart`.
EXPORT(conditioned)
void conditioned(slice what, arithmetic how, const void *g, const void *x, void *y, size_t outer, size_t length,
                 size_t inner, double temperature, const void *mask, bool additive, bool zero, size_t along,
                 size_t beside, size_t apart, void *room) {
  const size_t size = element_size(how), mask_size = additive ? size : 1;
  conditioned_rows_function &rows = *wasm.conditioned[what]->rows[how];
  if (inner == 1) return rows(g, x, y, outer, length, {temperature, mask, additive, zero, along, apart});
  for_each_band(how, g, x, outer, length, inner, room,
                [&](const void *g, void *x, size_t slab, size_t first, size_t n) {
                  const void *own = at(mask, (slab * apart + first * beside) * mask_size);
                  rows(g, x, x, n, length, {temperature, own, additive, zero, along, beside});
                  from_rows(how, x, at(y, (slab * length * inner + first) * size), length, inner, n);
                });
}
EXPORT(logParts)
void log_parts(arithmetic how, const void *x, double *maxima, double *logs, size_t outer, size_t length, size_t inner,
               void *room) {
  log_parts_rows_function &rows = *wasm.log_parts_rows[how];
  if (inner == 1) return rows(x, maxima, logs, outer, length);
  for_each_band(how, nullptr, x, outer, length, inner, room,
                [&](const void *, void *x, size_t slab, size_t first, size_t n) {
                  rows(x, maxima + slab * inner + first, logs + slab * inner + first, n, length);
                });
}

} // extern "C"

} // namespace nonlin
