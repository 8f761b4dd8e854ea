// An addon whose functions are those of the TypeScript backend, for tests of what happens where one of them is wrong.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Formula } from '../../../lib/activations/formula.js';
import { callOf } from '../../../lib/activations/signatures.js';
import { activationNames, activations } from '../../../lib/activations/table.js';
import { rightChecksum } from '../../../lib/backends/checksum.js';
import { version } from '../../../lib/version.js';

const typescript = join(import.meta.dirname, '../../../dist/cjs/js.js');

/** By what function and options the TypeScript backend computes each row; `parameters` are the names of its numbers. */
const calls = activationNames.map((row) => {
  const { name, own } = callOf(row);
  const parameters = Object.keys((activations[row] as Formula).parameters ?? {});
  return { name, options: name === 'gelu' ? { approximate: own[0] } : {}, parameters };
});

/**
 * Writes a file that takes the addon's place, and gives the variables with which a process reads it. `after` is JavaScript that runs
 * after each call of a row, with its x, y, op and exact, `exports` some of an object's properties, which take the place of what it exports.
 */
export function fakeAddon(file: string, after = '', exports = ''): Record<string, string> {
  const text = `
    // It has one backend only, whichever the process is to have.
    delete globalThis.WebAssembly;
    const { NONLIN_BACKEND } = process.env;
    delete process.env.NONLIN_BACKEND;
    const js = require(${JSON.stringify(typescript)});
    if (NONLIN_BACKEND !== undefined) process.env.NONLIN_BACKEND = NONLIN_BACKEND;
    const names = ${JSON.stringify(activationNames)};
    const calls = ${JSON.stringify(calls)};
    const call = (block, ...arrays) => {
      const [, kind, op, how, count] = new Int32Array(block, 0, 5);
      const [length, inner, ...numbers] = new Float64Array(block, 32, 4);
      if (arrays.length === 0) {
        // Of the fake, small calls are of float32.
        const x = new Float32Array(block, 64, count);
        arrays = kind % 2 === 0 ? [x, x] : [new Float32Array(block, 64 + 4 * count, count), x, x];
      }
      const suffix = kind % 2 === 0 ? '' : 'Grad';
      if (kind === 2 || kind === 3) {
        const tensors = arrays.map((data) => new js.Tensor(data, { shape: [-1, length, inner] }));
        js[['softmax', 'logSoftmax'][op] + suffix](...tensors.slice(0, -1), { out: tensors.at(-1), dim: 1 });
        return;
      }
      const { name, options, parameters } = calls[op];
      const [x, y] = arrays.slice(-2);
      const exact = how === 1;
      const given = parameters.map((parameter, i) => [parameter, numbers[i]]);
      js[name + suffix](...arrays.slice(0, -1), { ...options, ...Object.fromEntries(given), out: y });
      if (kind === 0) {
        ${after}
      }
    };
    process.dlopen = (module) => {
      module.exports = {
        version: ${JSON.stringify(version)},
        activations: names,
        sets: ['avx2'],
        checksums: [${rightChecksum}n, ${rightChecksum}n],
        call,
        cores: 1,
        sharedElements: Infinity,
        fresh() {},
        setThreads() {},
        ${exports}
      };
    };`;
  writeFileSync(file, text);
  return { NODE_OPTIONS: `--require ${JSON.stringify(file)}` };
}
