// Softmax of two long rows of halves in place by two threads, where the system has memory for one of them: prints whether it is that with
// memory, or what it threw and whether it wrote.
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { setThreads, softmax, Tensor } = require('../../../dist/cjs/index.js');

const length = 2 ** 22;
const rows = new Tensor(new Uint16Array(2 * length).fill(0x3c00), { dtype: 'float16', shape: [2, length] });
softmax(new Tensor([[1, 2]], { dtype: 'float16' }));
setThreads(2);
const limit = (bytes) => spawnSync('prlimit', ['--pid', process.pid, `--as=${bytes}:`]);
const [, kibibytes] = /VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
// A row takes 16 MiB, the stack of a thread and what it keeps 9.
limit((Number(kibibytes) + 32 * 1024) * 1024);
let thrown = '';
try {
  softmax(rows, { out: rows });
} catch ({ message }) {
  thrown = message;
}
limit('unlimited');
// 2^-22 is a subnormal half.
console.log(thrown, new Set(rows.data));
