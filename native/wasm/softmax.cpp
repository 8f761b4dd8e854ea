// Softmax of rows of floats, for kernels.cpp: what most ask for, and of a module that is compiled for size the part
// that is compiled for speed. ns per element of rows of 1000, Node 24 on a Zen 3: 1.81 and 1.27.
#include "kernels.h"
#include "softmax/many_rows.h"

namespace nonlin::KERNELS_ROWS {

rows_function fast_softmax_rows;
void fast_softmax_rows(const void *x, void *y, size_t rows, size_t length, bool stream) {
  softmax_rows<float, float>(x, y, rows, length, stream);
}

} // namespace nonlin::KERNELS_ROWS
