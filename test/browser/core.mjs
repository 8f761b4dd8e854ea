// What all functions compute, as checksums: run by Node and by the page, on the same inputs. Nothing of either is needed here.

/** FNV-1a over the bits, 32 of them at a time; NaN is one. */
function checksum(sum, results) {
  const bits = new Uint32Array(results.buffer, results.byteOffset, results.byteLength / 4);
  const words = results instanceof Float64Array ? 2 : 1;
  for (let i = 0; i < bits.length; i++) {
    const bit = Number.isNaN(results[Math.floor(i / words)]) ? 0xffffffff : bits[i];
    sum = Math.imul(sum ^ bit, 0x01000193);
  }
  return sum >>> 0;
}

const edges = [
  0,
  1e-40,
  1e-20,
  2 ** -24,
  0.0625,
  0.75,
  1.5,
  5,
  9.01,
  14.2,
  17.5,
  38.6,
  88.7,
  104,
  708.4,
  1e4,
  1e30,
  Infinity,
];

/** Edges of both signs and NaN, and as many numbers of the usual range and of any magnitude. */
function inputs(Floats, count) {
  const x = new Floats(count);
  let state = 0x9e3779b9;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Divisions and products by powers of two alone, as engines may differ in others.
  for (let i = 0; i < count; i++)
    x[i] = i % 2 === 0 ? (next() - 0.5) * 32 : (next() - 0.5) * 2 ** Math.floor(next() * 200 - 120);
  x.set([NaN, ...edges, ...edges.map((edge) => -edge)]);
  return x;
}

const arithmetics = [
  { title: 'fast', Floats: Float32Array, precision: 'fast' },
  { title: 'exact', Floats: Float32Array, precision: 'exact' },
  { title: 'float64', Floats: Float64Array, precision: 'fast' },
];

/**
 * function and arithmetic -> checksum, of the backend that serves. `functions` are { name, options } of those that go element by
 * element.
 */
export function checksums(nonlin, functions, count = 20_000) {
  const sums = {};
  for (const { title, Floats, precision } of arithmetics) {
    const x = inputs(Floats, count);
    const g = Floats.from(x, (_, i) => ((i % 17) - 8) / 4);
    const start = 0x811c9dc5;
    for (const { name, options } of functions) {
      const key = [name, ...Object.values(options ?? {})].join(' ');
      sums[`${key}, ${title}`] = [
        nonlin[name](x, { ...options, precision }),
        nonlin[`${name}Grad`](g, x, { ...options, precision }),
      ].reduce(checksum, start);
    }
    for (const name of ['swiglu', 'geglu'])
      sums[`${name}, ${title}`] = checksum(start, nonlin[name](x, g, { precision }));
    // Rows, columns, and rows under a temperature and masks.
    const finite = x.map((value) => (Math.abs(value) < 100 ? value : 1));
    const kept = Uint8Array.from({ length: 100 }, (_, i) => Number(i % 3 !== 0));
    for (const name of ['softmax', 'logSoftmax'])
      for (const [shape, dim] of [
        [[count / 10, 10], 1],
        [[count / 1000, 1000], 1],
        [[100, count / 100], 0],
      ]) {
        const tensor = (data) => new nonlin.Tensor(data, { shape });
        const results = [{}, { temperature: 0.7 }, dim === 0 ? { mask: { data: kept, dims: [100, 1] } } : {}].flatMap(
          (options) => [
            nonlin[name](tensor(finite), { dim, precision, ...options }).data,
            nonlin[`${name}Grad`](tensor(g), tensor(finite), { dim, precision, ...options }).data,
          ],
        );
        sums[`${name} ${shape.join(' x ')} over ${dim}, ${title}`] = results.reduce(checksum, start);
      }
  }
  return sums;
}

/** Of how many float32 inputs `exact` differs from TypeScript. */
export function differences(nonlin, functions, count = 20_000) {
  const x = inputs(Float32Array, count);
  const before = nonlin.info().backend;
  const differ = {};
  for (const { name, options } of functions) {
    const [found, expected] = [before, 'js'].map((backend) => {
      nonlin.useBackend(backend);
      return nonlin[name](x, { ...options, precision: 'exact' });
    });
    differ[[name, ...Object.values(options ?? {})].join(' ')] = found.filter(
      (value, i) => !Object.is(value, expected[i]),
    ).length;
  }
  nonlin.useBackend(before);
  return differ;
}
