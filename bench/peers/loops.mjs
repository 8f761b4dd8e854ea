// The functions as plain JavaScript loops over x and y, the way such code is written: no tables, no tricks that cost a reader.

export const reluByBranch = (x, y) => {
  for (let i = 0; i < x.length; i++) y[i] = x[i] < 0 ? 0 : x[i];
};
export const reluByBits = (x, y) => {
  for (let i = 0; i < x.length; i++) y[i] = x[i] & ~(x[i] >> 31);
};
// Abramowitz and Stegun 7.1.26: the error function that JavaScript code has most often.
const erf = (x) => {
  const a = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * a);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const y = 1 - series * Math.exp(-a * a);
  return x < 0 ? -y : y;
};
export const loops = {
  sigmoid: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]));
  },
  tanh: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i]);
  },
  gelu: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 0.5 * x[i] * (1 + erf(x[i] * Math.SQRT1_2));
  },
  'gelu:tanh': (x, y) => {
    const c = Math.sqrt(2 / Math.PI);
    for (let i = 0; i < x.length; i++) {
      const v = x[i];
      y[i] = 0.5 * v * (1 + Math.tanh(c * (v + 0.044715 * v * v * v)));
    }
  },
};
export const softmaxRows = (x, y, columns) => {
  for (let start = 0; start < x.length; start += columns) {
    const end = start + columns;
    let largest = -Infinity;
    for (let i = start; i < end; i++) if (x[i] > largest) largest = x[i];
    let sum = 0;
    for (let i = start; i < end; i++) sum += y[i] = Math.exp(x[i] - largest);
    for (let i = start; i < end; i++) y[i] /= sum;
  }
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
