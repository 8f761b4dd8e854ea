// CMake compiles this with the instructions that all sets of the processor's family have.
#include "correctly_rounded.h"
#include "double_double.h"

namespace nonlin {
namespace {

#define ACTIVATION(name, value, gradient)                                                                              \
  float value_##name(float number) {                                                                                   \
    wide x = number;                                                                                                   \
    return to_float(value);                                                                                            \
  }                                                                                                                    \
  float gradient_##name(float number, float incoming) {                                                                \
    wide x = number, g = incoming;                                                                                     \
    return to_float(gradient);                                                                                         \
  }
#include "activations.def"
#undef ACTIVATION

} // namespace

const correctly_rounded correctly_rounded_of[] = {
#define ACTIVATION(name, value, gradient) {value_##name, gradient_##name},
#include "activations.def"
#undef ACTIVATION
};

} // namespace nonlin
