// Softmax in place by two threads, where the system has memory for one of two long slices: of rows of halves, which become floats, or of
// columns under a mask, which become rows. Prints what it threw and the numbers of each slice.
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { setThreads, softmax, Tensor } = require('../../../dist/cjs/index.js');

// Of floats 16 MiB.
const length = 2 ** 22;
const cases = {
  rows() {
    const x = new Tensor(new Uint16Array(2 * length).fill(0x3c00), { dtype: 'float16', shape: [2, length] });
    return { x, options: { out: x } };
  },
  columns() {
    const x = new Tensor(new Float32Array(2 * length), { shape: [length, 2] });
    // Every other entry of the first column.
    const data = new Uint8Array(2 * length).map((_, i) => (i % 4 === 0 ? 0 : 1));
    return { x, options: { out: x, dim: 0, mask: { data, shape: [length, 2] } } };
  },
};
const { x, options } = cases[process.argv[2]]();
softmax(new Tensor([[1, 2]], { dtype: x.dtype }));
setThreads(2);
const limit = (bytes) => spawnSync('prlimit', ['--pid', process.pid, `--as=${bytes}:`]);
const [, kibibytes] = /VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
// Beside a slice, the stack of a thread and what it keeps take 9 MiB.
limit((Number(kibibytes) + 32 * 1024) * 1024);
let thrown = '';
try {
  softmax(x, options);
} catch ({ message }) {
  thrown = message;
}
limit('unlimited');
const [step, next] = x.dtype === 'float16' ? [1, length] : [2, 1];
for (const first of [0, next]) {
  const numbers = new Set();
  for (let i = 0; i < length; i++) numbers.add(x.data[first + i * step]);
  console.log(thrown, numbers);
}
