// Softmax over two long columns where the system gives no more memory: prints what differs from the same with memory.
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { setThreads, softmax, softmaxGrad, Tensor } = require('../../dist/cjs/index.js');

const length = 2 ** 20;
const tensor = (count, f) => new Tensor(Float32Array.from({ length: count }, f), { shape: [length, count / length] });
const x = tensor(2 * length, (_, i) => Math.sin(i));
const mask = tensor(length, (_, i) => -(i % 3));
const calls = [
  (options) => softmax(x, options),
  (options) => softmaxGrad(x, x, options),
  (options) => softmax(x, { ...options, mask }),
].flatMap((call) => [1, 2].map((threads) => ({ call, threads, out: tensor(2 * length, () => 0) })));

const limit = (bytes) => spawnSync('prlimit', ['--pid', process.pid, `--as=${bytes}:`]);
// 2 MiB more than there are, half of what a column takes.
const [, kilobytes] = /VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
limit((Number(kilobytes) + 2048) * 1024);
for (const { call, threads, out } of calls) {
  setThreads(threads);
  call({ dim: 0, out });
}
limit('unlimited');
for (const [i, { call, out }] of calls.entries()) {
  const [data, wanted] = [out.data, call({ dim: 0 }).data];
  const wrong = data.findIndex((value, at) => value !== wanted[at]);
  if (wrong >= 0) console.log(`call ${i}: ${data[wrong]} at ${wrong}, not ${wanted[wrong]}`);
}
console.log('done');
