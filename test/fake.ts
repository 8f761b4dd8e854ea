// An addon whose functions are those of the TypeScript backend, for tests of what happens where one of them is wrong.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { activationNames } from '../lib/activations.js';
import { version } from '../lib/version.js';

const typescript = join(import.meta.dirname, '../dist/cjs/js.js');

/**
 * Writes a file that takes the addon's place, and gives the variables with which a process reads it. `after` is JavaScript that runs
 * after each call of `map(x, y, op, exact)`, `exports` some of an object's properties, which take the place of what it exports.
 */
export function fakeAddon(file: string, after = '', exports = ''): Record<string, string> {
  const text = `
    // It has one backend only, whichever the process is to have.
    const { NONLIN_BACKEND } = process.env;
    delete process.env.NONLIN_BACKEND;
    const js = require(${JSON.stringify(typescript)});
    if (NONLIN_BACKEND !== undefined) process.env.NONLIN_BACKEND = NONLIN_BACKEND;
    const names = ${JSON.stringify(activationNames)};
    const variants = { geluTanh: 'tanh', geluSigmoid: 'sigmoid' };
    const call = (suffix, op, arrays, out) => {
      const approximate = variants[names[op]];
      const name = approximate === undefined ? names[op] : 'gelu';
      js[name + suffix](...arrays, approximate === undefined ? { out } : { out, approximate });
    };
    const set = {
      map(x, y, op, exact) {
        call('', op, [x], y);
        ${after}
      },
      mapGrad: (grad, x, y, op) => call('Grad', op, [grad, x], y),
      softmax(x, y, length, inner) {
        const [from, out] = [x, y].map((data) => new js.Tensor(data, { shape: [-1, length, inner] }));
        js.softmax(from, { out, dim: 1 });
      },
      softmaxGrad(grad, x, y, length, inner) {
        const [g, from, out] = [grad, x, y].map((data) => new js.Tensor(data, { shape: [-1, length, inner] }));
        js.softmaxGrad(g, from, { out, dim: 1 });
      },
    };
    process.dlopen = (module) => {
      module.exports = {
        version: ${JSON.stringify(version)},
        activations: names,
        sets: { avx2: set },
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
