// `npm run prove:typescript`: precision 'exact' gives the bits of the TypeScript backend for every float32 input,
// gradients too; and WebAssembly those of native code (`npm run prove:wasm`).
import * as nonlin from 'nonlin';

import { elementwise, neededBy } from '../../../bench/functions.mjs';
import { askForRelaxedSimd, listOf, oneOf, read, whole } from '../../../bench/options.mjs';

const help = `npm run prove:typescript -- [options]

Runs all 2^32 float32 inputs through the best native backend with precision 'exact' and through the TypeScript backend, and compares
the bits (NaN equals NaN). One to three minutes for each line; of WebAssembly and native code half of it. Exit code 1 where an input
differs.

  --function NAME[,...]  an elementwise one by its name, gelu:tanh, gelu:sigmoid (default: all)
  --result NAME[,...]    value, slope (the gradient for grad = 1), product (for a random grad at each input) (default: all)
  --backend NAME         that backend (default: the best)
  --against NAME         and that one, or native for the best of native code (default js)
  --precision NAME       exact or fast, in which TypeScript differs (default exact)
  --every N              every Nth input only (default 1)
  --json                 the counts as JSON
  --help                 this text
`;
const all = ['avx512', 'avx2', 'neon', 'wasm', 'js'];
const results = ['value', 'slope', 'product'];
const options = read('prove:typescript', help, {
  function: [listOf(oneOf(elementwise)), elementwise.join()],
  result: [listOf(oneOf(results)), results.join()],
  backend: [oneOf(all)],
  against: [oneOf([...all, 'native']), 'js'],
  precision: [oneOf(['exact', 'fast']), 'exact'],
  every: [whole(1, 2 ** 32), '1'],
});
const [best] = nonlin.backends();
if (best === 'js') {
  console.error(`prove:typescript: no native backend runs here: ${nonlin.info().reason}`);
  process.exit(2);
}
const { backend = best, precision } = options;
const against = options.against === 'native' ? best : options.against;
if (backend === 'wasm' || against === 'wasm') askForRelaxedSimd();
for (const name of [backend, against]) {
  try {
    nonlin.useBackend(name);
  } catch (error) {
    console.error(`prove:typescript: ${error.message}`);
    process.exit(2);
  }
}

const block = 2 ** 18;
const { every } = options;
const inputs = new Uint32Array(block);
const x = new Float32Array(inputs.buffer);
const grads = new Uint32Array(block);
const g = new Float32Array(grads.buffer);
const [native, typescript] = [new Float32Array(block), new Float32Array(block)];
const [nativeBits, typescriptBits] = [new Int32Array(native.buffer), new Int32Array(typescript.buffer)];

/** A finite float32 of any magnitude, as bits: the same for an input in every run. */
function gradOf(input) {
  const bits = Math.imul(input ^ (input >>> 15), 0x2c1b3c6d) ^ 0x5bd1e995;
  return ((bits >>> 23) & 0xff) === 0xff ? bits ^ 0x40000000 : bits;
}

/** How many inputs give other bits, and the first of them. */
function compare(name, result) {
  const [base, approximate = 'none'] = name.split(':');
  const run = (backend, out) => {
    nonlin.useBackend(backend);
    const own = base === 'gelu' ? { approximate } : neededBy(base);
    const how = { out, precision, ...own };
    if (result === 'value') nonlin[base](x, how);
    else nonlin[`${base}Grad`](g, x, how);
  };
  if (result === 'slope') g.fill(1);
  let differ = 0;
  let first = null;
  let compared = 0;
  for (let start = 0; start < 2 ** 32; start += block * every) {
    for (let i = 0; i < block; i++) inputs[i] = start + i * every;
    if (result === 'product') for (let i = 0; i < block; i++) grads[i] = gradOf(inputs[i]);
    run(backend, native);
    run(against, typescript);
    for (let i = 0; i < block; i++) {
      if (nativeBits[i] === typescriptBits[i] || (Number.isNaN(native[i]) && Number.isNaN(typescript[i]))) continue;
      first ??= x[i];
      differ++;
    }
    compared += block;
    if (process.stderr.isTTY) process.stderr.write(`\r${name}, ${result} ${((100 * start) / 2 ** 32).toFixed(0)} % `);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return { function: name, result, backend, against, precision, compared, differ, first };
}

const rows = options.function.flatMap((name) =>
  options.result.map((result) => {
    const row = compare(name, result);
    if (!options.json)
      console.log(`${name}, ${result}: ${row.differ} of ${row.compared} inputs differ${differing(row)}`);
    return row;
  }),
);
if (options.json) console.log(JSON.stringify(rows, null, 2));
process.exit(rows.every((row) => row.differ === 0) ? 0 : 1);

function differing({ first }) {
  return first === null ? '' : `, the first at ${first}`;
}
