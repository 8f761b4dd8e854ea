// The calls that are measured, by the names of --function.
import * as nonlin from 'nonlin';
import { extentsOf, isSliced, neededBy } from './functions.mjs';
import { inDType } from './inputs.mjs';

/** Softmax of slices that are not contiguous. */
export const columnwise = {
  'softmax:axis0': { shape: [1000, 1000], dim: 0 },
  'softmax:axis1': { shape: [128, 32, 1000], dim: 1 },
};

/** Gates of two inputs, and their gradients, which have two results. */
export const gates = Object.keys(nonlin).filter((name) => /.glu$/.test(name));
export const gateGradients = gates.map((name) => `${name}Grad`);

const slicesOf = (extents, elements) => ({
  shape: [Math.floor(extents.reduce((rest, extent) => rest / extent, elements)), ...extents],
  dim: 1,
});

/** What a function of that name is over, for so many elements. */
export function shapeOf(name, elements) {
  return columnwise[name] ?? slicesOf(extentsOf(name), elements);
}

/** The call that a row measures: `name` as in --function. */
export function callOf(name, x, out, precision, dtype) {
  const [base, detail, condition] = name.split(':');
  const random = () =>
    inDType(
      Float32Array.from(x, () => 2 * Math.random() - 1),
      dtype,
    );
  if (gateGradients.includes(base)) {
    const [f, grad, up, other] = [nonlin[base], random(), random(), out.slice()];
    return () => f(grad, x, up, { out: [out, other], precision, dtype });
  }
  if (base.endsWith('Grad') && !isSliced(base)) {
    const f = nonlin[base];
    const grad = random();
    const more = { ...neededBy(base), ...(detail === undefined ? {} : { approximate: detail }) };
    return () => f(grad, x, { out, precision, dtype, ...more });
  }
  if (base === 'gelu') return () => nonlin.gelu(x, { out, precision, dtype, approximate: detail ?? 'none' });
  // Not in the call: to find a name in a module's namespace takes longer than relu of 16 elements.
  const f = nonlin[base];
  if (gates.includes(base)) {
    const up = random();
    return () => f(x, up, { out, precision, dtype });
  }
  const needed = neededBy(base);
  if (needed !== undefined) return () => f(x, { out, precision, dtype, ...needed });
  if (!isSliced(base)) return () => f(x, { out, precision, dtype });
  const { shape, dim } = shapeOf(name, x.length);
  const elements = shape.reduce((product, extent) => product * extent);
  const tensor = (data) => new nonlin.Tensor(data.subarray(0, elements), { shape, dtype });
  const [from, to] = [tensor(x), tensor(out)];
  if (base === 'logSumExp') return () => f(from, { dim, precision });
  if (base === 'crossEntropy') {
    const data = Int32Array.from({ length: elements / shape[1] }, () => Math.floor(Math.random() * shape[1]));
    const classes = { data, shape: shape.filter((_, i) => i !== dim) };
    return () => f(from, classes, { precision });
  }
  const grad = base.endsWith('Grad') ? tensor(random()) : undefined;
  const callOn = (from, more) =>
    grad === undefined
      ? () => f(from, { out: to, dim, precision, ...more })
      : () => f(grad, from, { out: to, dim, precision, ...more });
  if (condition === undefined) return callOn(from);
  const keeps = Uint8Array.from({ length: elements }, () => Math.round(Math.random()));
  const masked = (data) => tensor(data.map((value, i) => (keeps[i] === 0 ? -Infinity : value)));
  if (condition === 'infinite') return callOn(masked(x.subarray(0, elements)));
  const more = {
    mask: { mask: { data: keeps, shape } },
    added: { mask: masked(new x.constructor(elements)) },
    temperature: { temperature: 0.7 },
  }[condition];
  return callOn(from, more);
}
