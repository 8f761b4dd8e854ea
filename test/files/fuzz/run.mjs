// `npm run fuzz:files`: files of all formats, changed at random, and what nonlin/files makes of them.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { read } from '../../../bench/options.mjs';

const help = `npm run fuzz:files -- [options]

Reads .npy, .npz and .safetensors files that were changed at random: bits, cuts, pieces of others, numbers and words of their headers.
Each is to give an error that names the format, or the numbers that are in it; exit code 1 where one does not.

  --count N   the files (default 100000, some 35 s)
  --seed N    of the first one; the next ones count on from it (default 1)
  --json      what became of them as JSON
  --help      this text
`;
const whole = (text) => {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`a whole number up to 999999999 is wanted, got ${text}`);
  return Number(text);
};
const { count, seed, json } = read('fuzz:files', help, { count: [whole, '100000'], seed: [whole, '1'] });

const require = createRequire(import.meta.url);
const { filesIn, fuzz } = require('../../../build/scripts/fuzz.js');
const files = filesIn(join(import.meta.dirname, '../../data'));
const before = process.resourceUsage().maxRSS;
let told = 0;
const tell = (done) => {
  if (!process.stderr.isTTY || performance.now() - told < 500) return;
  told = performance.now();
  process.stderr.write(`\rfuzz:files: ${done} of ${count} `);
};
try {
  const outcome = await fuzz(files, seed, count, tell);
  if (told > 0) process.stderr.write('\r\x1b[K');
  const megabytes = Math.round((process.resourceUsage().maxRSS - before) / 1024);
  const { read, refused, messages, slowest } = outcome;
  const facts = { seed, ...outcome, megabytes };
  console.log(
    json
      ? JSON.stringify(facts, null, 2)
      : `${count} files, seeds from ${seed}: ${read} arrays read, ${refused} errors with ${messages} messages; ` +
          `the slowest took ${(1000 * slowest.seconds).toFixed(1)} ms (seed ${slowest.seed}); ${megabytes} MB more at most`,
  );
  // The largest file has 20 kB.
  if (slowest.seconds > 2 || megabytes > 500) process.exit(1);
} catch (error) {
  if (told > 0) process.stderr.write('\n');
  console.error(`fuzz:files: ${error.stack}`);
  process.exit(1);
}
