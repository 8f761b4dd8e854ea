// That a transferred array is refused by optimized code too, in a process of its own on the built file: once the same code has seen an array
// over a resizable buffer, V8 has in Node 20 the old length for one whose memory is gone.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backends } from '../../lib/index.js';

const script = `
  const nonlin = require(${JSON.stringify(join(import.meta.dirname, '../../dist/cjs/index.js'))});
  const { Tensor, sigmoid, softmax, swiglu, tanhGrad } = nonlin;
  nonlin.useBackend(process.argv[1]);
  const some = () => Float32Array.of(1, 2, 3);
  const gone = () => {
    const x = some();
    structuredClone(x.buffer, { transfer: [x.buffer] });
    return x;
  };
  const forms = {
    array: (data) => data,
    Tensor: (data) => Object.assign(new Tensor(some()), { data }),
    view: (data) => Object.assign(new Tensor({ data: some(), shape: [2], strides: [2] }), { data }),
    like: (data) => ({ data, dims: [3] }),
  };
  const calls = {
    sigmoid: (x, out) => sigmoid(x, { out }),
    softmax: (x, out) => softmax(x, { out }),
    tanhGrad: (x, out) => tanhGrad(x, x, { out }),
    swiglu: (x, out) => swiglu(x, x, { out }),
  };
  for (const [form, as] of Object.entries(forms))
    for (const [name, call] of Object.entries(calls)) {
      const [x, out, resizable] = [some(), some(), new Float32Array(new ArrayBuffer(12, { maxByteLength: 24 }))].map(as);
      for (let i = 0; i < 5000; i++) call(i % 2 ? x : resizable, i % 3 ? resizable : out);
      for (const [x, out] of [[as(gone()), as(some())], [as(some()), as(gone())]]) {
        let message = 'nothing';
        try {
          call(x, out);
        } catch (error) {
          message = error.message;
        }
        if (!message.endsWith('is detached: its buffer was transferred')) console.log(form, name, message);
      }
    }
`;

it.each(backends())('%s', (backend) => {
  const args = [...process.execArgv.filter((arg) => arg.includes('wasm')), '-e', script, backend];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
