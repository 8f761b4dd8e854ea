// Softmax and its logarithm under conditions, a temperature or a mask: where a mask only leaves entries out, and of
// softmax in float lanes over a temperature, by the loops of softmax itself, and else by those of tempered.cpp. CMake
// compiles this file once per instruction set.
#define KEEPS_APART // softmax/kept.h
#include "kernels.h"
#include "softmax/conditions/conditioned_rows.h"

namespace nonlin::KERNELS_ROWS {

extern const conditioned_kernels tempered_softmax, tempered_log_softmax;
extern const conditioned_kernels conditioned_softmax, conditioned_log_softmax;

namespace {

constexpr const conditioned_kernels *tempered[slice_count] = {&tempered_softmax, &tempered_log_softmax};

void heated_rows(const void *, const void *x, void *y, size_t rows, size_t length, const conditions &c) {
  softmax_many_rows<float>([&] { return heated_exp(c, *tempered_softmax.rows[float32]); },
                           static_cast<const float *>(x), static_cast<float *>(y), rows, length, false);
}

// x or -x, and a mask at most.
inline bool is_cold(const conditions &c) { return c.temperature == 1 || c.temperature == -1; }

// Of which long rows under a mask are done in one pass: of all but `exact`, and in a module of WebAssembly, whose size
// counts, of floats and flags.
#if defined(__wasm__)
constexpr bool adds_in_one_pass = false, doubles_in_one_pass = false;
#else
constexpr bool adds_in_one_pass = true, doubles_in_one_pass = true;
#endif
template <slice what, arithmetic how>
constexpr bool one_pass = what == softmax_slice && (how == float32 || (how == float64 && doubles_in_one_pass));

template <class E, arithmetic how, slice what>
void rows(const void *g, const void *input, void *output, size_t rows, size_t length, const conditions &c) {
  conditioned_rows_function &general = *tempered[what]->rows[how];
  const E *x = static_cast<const E *>(input);
  E *y = static_cast<E *>(output);
  const bool heated = what == softmax_slice && how == float32 && is_heated(c);
  if (g != nullptr || !(heated || is_cold(c))) return general(g, input, output, rows, length, c);
  if (heated && c.mask == nullptr) return heated_rows(g, x, y, rows, length, c);
  const rows_kernel kernel(c, *KERNELS.slices[what].rows[how], heated ? heated_rows : nullptr);
  const bool only_masked = !heated && c.mask != nullptr;
  const auto by_parts = [&](const E *x, E *y, size_t rows, const conditions &c) {
    if (c.additive)
      added_rows(x, y, rows, length, c, what == log_softmax_slice, kernel, general);
    else
      masked_rows(x, y, rows, length, c, what == log_softmax_slice, kernel);
  };
  if constexpr (one_pass<what, how> && adds_in_one_pass) {
    if (only_masked && length <= short_row<E>)
      return c.additive ? marked_short_rows<E, E>(x, y, rows, length, c, by_parts)
                        : marked_short_rows<E, uint8_t>(x, y, rows, length, c, by_parts);
    if (only_masked && c.additive && suits_long_rows<E>(c, length))
      return added_long_rows(x, y, rows, length, c, by_parts);
  }
  if constexpr (one_pass<what, how>)
    if (only_masked && !c.additive && suits_long_rows<E>(c, length))
      return masked_long_rows(x, y, rows, length, c, kernel);
  by_parts(x, y, rows, c);
}
#if !defined(__wasm__) // As in kernels.cpp.
// Of what only a mask leaves out; others are turned into rows (run/as_rows.h).
template <class E, arithmetic how, slice what>
void columns(const void *x, void *y, size_t length, size_t inner, size_t columns, const conditions &c) {
  masked_columns(static_cast<const E *>(x), static_cast<E *>(y), length, inner, columns, c, what == log_softmax_slice,
                 *KERNELS.slices[what].columns[how]);
}
#endif

// In the order of `arithmetic`.
template <slice what>
constexpr conditioned_kernels kernels_of = {
    {rows<float, float32, what>, rows<float, float32_exact, what>, rows<double, float64, what>},
#if !defined(__wasm__)
    {columns<float, float32, what>, columns<float, float32_exact, what>, columns<double, float64, what>},
#else
    {},
#endif
};

} // namespace

const conditioned_kernels conditioned_softmax = kernels_of<softmax_slice>,
                          conditioned_log_softmax = kernels_of<log_softmax_slice>;

} // namespace nonlin::KERNELS_ROWS
