// Plain JavaScript loops that lib/cli/compare/loops.ts does not have: one that is faster than the usual one, and softmax down the columns.

/** relu of float32 by its sign bit, over views as integers. */
export const reluByBits = (x, y) => {
  for (let i = 0; i < x.length; i++) y[i] = x[i] & ~(x[i] >> 31);
};
// Row after row with a sum for each column: walking down one column at a time would miss the cache at every step.
export const softmaxColumns = (x, y, columns) => {
  const largest = new Float64Array(columns).fill(-Infinity);
  const sum = new Float64Array(columns);
  for (let start = 0; start < x.length; start += columns)
    for (let j = 0; j < columns; j++) if (x[start + j] > largest[j]) largest[j] = x[start + j];
  for (let start = 0; start < x.length; start += columns)
    for (let j = 0; j < columns; j++) sum[j] += y[start + j] = Math.exp(x[start + j] - largest[j]);
  for (let start = 0; start < x.length; start += columns) for (let j = 0; j < columns; j++) y[start + j] /= sum[j];
};
