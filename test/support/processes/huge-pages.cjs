// Prints how many KiB of this process lie where it asked for huge pages, beside a result of 64 MiB.
const { readFileSync } = require('node:fs');
const { relu } = require('../../../dist/cjs/index.js');

const y = relu(new Float32Array(2 ** 24));
let size = 0;
let asked = 0;
for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
  const [, kibibytes] = /^Size:\s+(\d+)/.exec(line) ?? [];
  if (kibibytes !== undefined) size = Number(kibibytes);
  if (/^VmFlags:.* hg\b/.test(line)) asked += size;
}
console.log(asked, y.length);
