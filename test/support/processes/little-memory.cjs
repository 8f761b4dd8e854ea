// Softmax over two long columns where the system gives no more memory: prints what differs from the same with memory, and what those do
// that cannot go without.
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { setThreads, softmax, softmaxGrad, Tensor } = require('../../../dist/cjs/index.js');

const length = 2 ** 20;
const tensor = (columns, f) => {
  const data = new Float32Array(columns * length);
  for (let i = 0; i < data.length; i++) data[i] = f(i);
  return new Tensor(data, { shape: [length, columns] });
};
const x = tensor(2, (i) => (i % 1013) / 100);
const mask = tensor(1, (i) => -(i % 3));
const calls = [(options) => softmax(x, options), (options) => softmaxGrad(x, x, options)].flatMap((call) =>
  [1, 2].map((threads) => ({ call, threads, out: tensor(2, () => 0) })),
);

// Rows of halves, for which one thread has memory and another has not.
const halves = new Tensor(
  Float32Array.from({ length: 2 * length }, (_, i) => (i % 997) / 100),
  { shape: [2, length] },
).to('float16');
// What a thread keeps for itself, which it cannot do without, it gets when it begins.
setThreads(2);
const short = new Tensor(new Uint16Array(length), { dtype: 'float16', shape: [length / 128, 128] });
for (let i = 0; i < 20; i++) softmax(short, { out: short });
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
const fromHalves = [1, 2].map((threads) => ({ threads, out: halves.clone() }));

const refusals = [];
const notHalved = halves.clone();
const untouched = tensor(2, () => 7);
const limit = (bytes) => spawnSync('prlimit', ['--pid', process.pid, `--as=${bytes}:`]);
// 2 MiB more than there are, half of what a column takes.
const [, kilobytes] = /VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
limit((Number(kilobytes) + 2048) * 1024);
for (const { call, threads, out } of calls) {
  setThreads(threads);
  call({ dim: 0, out });
}
for (const refused of [
  () => softmax(x, { dim: 0, mask, out: untouched }),
  () => softmaxGrad(x, x, { dim: 0, temperature: 2, out: untouched }),
  () => softmax(notHalved, { out: notHalved }),
])
  try {
    refused();
    console.log('there was memory');
  } catch ({ name, message }) {
    refusals.push(`${name}: ${message}`);
  }
limit((Number(kilobytes) + 6 * 1024) * 1024);
for (const { threads, out } of fromHalves) {
  setThreads(threads);
  softmax(out, { out });
}
limit('unlimited');
console.log(refusals.join('\n'), untouched.data.every((value) => value === 7) && notHalved.equals(halves));
for (const { threads, out } of fromHalves)
  if (!out.equals(softmax(halves))) console.log(`halves by ${threads} threads differ`);
for (const [i, { call, out }] of calls.entries()) {
  const [got, wanted] = [out, call({ dim: 0 })].map(({ data }) => Buffer.from(data.buffer));
  if (!got.equals(wanted)) console.log(`call ${i} differs`);
}
console.log('done');
