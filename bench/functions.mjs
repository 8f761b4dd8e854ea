// The functions by the names that the scripts give them: gelu:tanh is gelu with that `approximate`, softmax:1000 is over rows of so many.
import { createRequire } from 'node:module';

const { functionNames, signatures } = createRequire(import.meta.url)('../build/scripts/signatures.js');

/** relu first, as others are measured in it. */
const activations = [...functionNames].sort((a, b) => Number(b === 'relu') - Number(a === 'relu'));

export const elementwise = activations.flatMap((name) =>
  name === 'gelu' ? [name, 'gelu:tanh', 'gelu:sigmoid'] : [name],
);

/** Their gradients, by the same names with Grad before the colon. */
export const gradients = elementwise.map((name) => name.replace(/^[^:]+/, (base) => `${base}Grad`));

/** The options that a function cannot do without, as they are measured and compared. */
export function neededBy(name) {
  const needed =
    signatures[name.replace(/Grad$/, '')]?.parameters.filter(({ parameter }) => parameter.default === undefined) ?? [];
  if (needed.length === 0) return undefined;
  return Object.fromEntries(needed.map(({ name: option, parameter }) => [option, parameter.samples[0]]));
}

export const isRows = (name) => /^softmax:[1-9]\d{0,9}$/.test(name);
/** The same, or of slices of so many over so many columns. */
export const isSlices = (name) => /^softmax:[1-9]\d{0,9}(x[1-9]\d{0,9})?$/.test(name);
export const extentsOf = (name) => name.split(':')[1].split('x').map(Number);
/** What rests on softmax, of rows likewise. */
export const logarithms = ['logSoftmax', 'logSumExp', 'crossEntropy'];
/** Whether it is of slices. */
export const isSliced = (name) => name.startsWith('softmax') || logarithms.includes(name.split(':')[0]);
/** What softmax of rows, and its gradient, may be under: a boolean mask that leaves half out, the same as -Infinity to be added, or in x itself; a temperature. */
export const conditions = ['mask', 'added', 'infinite', 'temperature'];
export const isConditionedRows = (name) => {
  const [base, rows, condition, ...rest] = name.split(':');
  if (logarithms.includes(base)) return condition === undefined && isSlices(`softmax:${rows}`);
  return (
    isSlices(`${base.replace(/Grad$/, '')}:${rows}`) &&
    (condition === undefined || conditions.includes(condition)) &&
    rest.length === 0
  );
};
/** Those whose rows fit in so many elements; what does not is said. */
export function fitting(names, size) {
  const [fit, longer] = [[], []];
  const isLonger = (name) => isSliced(name) && extentsOf(name).reduce((product, extent) => product * extent) > size;
  for (const name of names) (isLonger(name) ? longer : fit).push(name);
  if (longer.length > 0) console.error(`left out, as their rows are longer than ${size}: ${longer.join(', ')}`);
  return fit;
}
/** Whether the scripts measure it on numbers of 16 bits. */
export const isOfHalves = (name) => {
  const [base, , condition] = name.split(':');
  return condition === undefined && !['logSumExp', 'crossEntropy'].includes(base);
};
