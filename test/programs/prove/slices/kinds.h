// What softmax, its logarithm and its gradient are asked of, rows of many lengths and kinds, and what is found of them.
#pragma once

#include "prove.h"

namespace prove {

// What a row holds: value number i of all.
struct kind {
  const char *name;
  double (*value)(uint64_t i);
};
inline double normal(uint64_t i) {
  return std::sqrt(-2 * std::log(1 - random_unit(2 * i))) * std::cos(6.283185307179586 * random_unit(2 * i + 1));
}
constexpr kind kinds[] = {
    {"uniform in [-100, 100]", [](uint64_t i) { return 200 * random_unit(i) - 100; }},
    {"uniform in [-20, 20]", [](uint64_t i) { return 40 * random_unit(i) - 20; }},
    {"normal", normal},
    {"all the same", [](uint64_t) { return 0.7; }},
    {"normal + 1e4", [](uint64_t i) { return 1e4 + normal(i); }},
    {"1e30 (1 + normal)", [](uint64_t i) { return 1e30 * (1 + normal(i)); }},
    // Of rows of two and of four some shares lie 2^-74 of them from a middle between two floats.
    {"last bits apart", [](uint64_t i) { return 1 + 0x1p-23 * std::floor(4 * random_unit(i)); }},
};
// Around the register widths, typical, and longer than what is summed at once.
constexpr uint64_t lengths[] = {1, 2, 7, 10, 16, 33, 100, 1000, 32000, 100003, 1 << 20};

// What was found of rows, at the places that these sentences name.
using found = tally_of<std::string>;

} // namespace prove
