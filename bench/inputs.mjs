// What the functions are measured on, by name: what makes an input slow is its values.
import { Tensor } from 'nonlin';
import { isSliced } from './functions.mjs';

/** An evenly distributed number between two. */
const between = (low, high) => low + Math.random() * (high - low);

/** A normally distributed number, by the polar method of Marsaglia. */
function normal(deviation) {
  for (;;) {
    const [u, v] = [between(-1, 1), between(-1, 1)];
    const square = u * u + v * v;
    if (square > 0 && square < 1) return deviation * u * Math.sqrt((-2 * Math.log(square)) / square);
  }
}

/** Element `column` of row `row`, where functions over rows have those. */
const kinds = {
  uniform: { numbers: 2, element: (low, high) => () => between(low, high) },
  normal: { numbers: 1, element: (deviation) => () => normal(deviation) },
  all: { numbers: 1, element: (value) => () => value },
  outliers: { numbers: 0, element: () => () => (Math.random() < 0.01 ? normal(20) : normal(1)) },
  subnormal: { numbers: 0, element: (least) => () => between(-1, 1) * least },
  around: { numbers: 1, element: (value) => () => value + normal(1) },
  peak: {
    numbers: 1,
    element: (height) => (row, column, length) => normal(3) + (column === (row * 7) % length ? height : 0),
  },
  causal: { numbers: 1, element: (mask) => (row, column, length) => (column > row % length ? mask : normal(3)) },
};

export const inputHelp = `uniform:LOW:HIGH, normal:DEVIATION, all:VALUE, outliers (normal:1 with 1 % of normal:20),
                         subnormal, around:VALUE (normal:1 more than it); and for rows peak:HEIGHT (normal:3 with one entry of a
                         row higher by that), causal:VALUE (normal:3, and VALUE right of the diagonal)`;

/** The distributions that a function's time should not depend on; those of rows for softmax. */
const elementwise = [
  'uniform:-4:4',
  'normal:1',
  'normal:2',
  'uniform:-5:5',
  'outliers',
  'normal:3',
  'uniform:-20:20',
  'uniform:-100:100',
  'all:-50',
  'all:50',
  'uniform:-103:-88',
  'subnormal',
];
const ofRows = [
  'normal:1',
  'normal:3',
  'peak:60',
  'around:60',
  'around:-130',
  'around:1e4',
  'causal:-Infinity',
  'causal:-1e9',
  'causal:-3.4e38',
  'causal:-1e4',
  'uniform:-100:100',
];
export const standard = (name) => (isSliced(name) ? ofRows : elementwise);

/** The name of an input, checked; `even` is all of `standard`. */
export function input(given) {
  const [kind, ...numbers] = given.split(':');
  if (given === 'even') return given;
  const { numbers: wanted } = kinds[kind] ?? {};
  const isNumber = (text) => text.trim() !== '' && !Number.isNaN(Number(text));
  if (wanted === numbers.length && numbers.every(isNumber)) return given;
  throw new Error(`must be even, ${Object.keys(kinds).join(', ')} with their numbers, got "${given}"; see --help`);
}

const arrays = { float32: Float32Array, float64: Float64Array };
const least = { float32: 2 ** -126, float64: 2 ** -1022, float16: 2 ** -14, bfloat16: 2 ** -126 };
export const dtypes = Object.keys(least);

/** That input as an array, whose rows have that length. */
export function inputArray(name, dtype, size, length) {
  const [kind, ...numbers] = name.split(':');
  const element = kinds[kind].element(...(kind === 'subnormal' ? [least[dtype]] : numbers.map(Number)));
  const floats = new (arrays[dtype] ?? Float32Array)(size);
  for (let i = 0; i < size; i++) floats[i] = element(Math.floor(i / length), i % length, length);
  return inDType(floats, dtype);
}

/** Floats as an array of that dtype. */
export const inDType = (floats, dtype) =>
  arrays[dtype] === floats.constructor ? floats : new Tensor(floats).to(dtype).data;
