// An addon whose functions are those of the TypeScript backend, for tests of what happens where one of them is wrong.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callOf, signatures } from '../../lib/activations/signatures.js';
import { activationNames, activations, type Formula } from '../../lib/activations/table.js';
import { version } from '../../lib/version.js';

/** How the public function of each row is called. */
const rows = activationNames.map((row) => {
  const { name, own } = callOf(row);
  const { parameters = {} }: Formula = activations[row];
  return {
    name,
    own: own.length === 0 ? {} : { [signatures[name].own[0]!]: own[0] },
    parameters: Object.keys(parameters),
  };
});
const typescript = join(import.meta.dirname, '../../dist/cjs/js.js');

/**
 * Writes a file that takes the addon's place, and gives the variables with which a process reads it. `after` is JavaScript that runs
 * after each call of a row, with its x, y, op and exact, `exports` some of an object's properties, which take the place of what it exports.
 */
export function fakeAddon(file: string, after = '', exports = ''): Record<string, string> {
  const text = `
    // It has one backend only, whichever the process is to have.
    const { NONLIN_BACKEND } = process.env;
    delete process.env.NONLIN_BACKEND;
    const js = require(${JSON.stringify(typescript)});
    if (NONLIN_BACKEND !== undefined) process.env.NONLIN_BACKEND = NONLIN_BACKEND;
    const names = ${JSON.stringify(activationNames)};
    const rows = ${JSON.stringify(rows)};
    const call = (block, ...arrays) => {
      const [, kind, op, how, count] = new Int32Array(block, 0, 5);
      const [length, inner] = new Float64Array(block, 32, 2);
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
      const { name, own, parameters } = rows[op];
      const numbers = new Float64Array(block, 48, 2);
      const options = { ...own, ...Object.fromEntries(parameters.map((parameter, i) => [parameter, numbers[i]])) };
      const [x, y] = arrays.slice(-2);
      const exact = how === 1;
      js[name + suffix](...arrays.slice(0, -1), { out: y, ...options });
      if (kind === 0) {
        ${after}
      }
    };
    process.dlopen = (module) => {
      module.exports = {
        version: ${JSON.stringify(version)},
        activations: names,
        sets: ['avx2'],
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
