// A few of the changed files of `npm run fuzz:files`, always the same.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { filesIn, fuzz } from './fuzz/fuzz.js';

it('gives an error that names the format, or what is in the file, of 3000 changed files', async () => {
  const files = filesIn(join(import.meta.dirname, '../data'));
  expect(new Set(files.map(({ format }) => format)).size).toBe(3);
  const { read, refused, messages, slowest } = await fuzz(files, 1, 3000, () => {});
  // Not all of one kind, so that both are looked at.
  expect(read).toBeGreaterThan(800);
  expect(refused).toBeGreaterThan(800);
  expect(messages).toBeGreaterThan(60);
  expect(slowest.seconds).toBeLessThan(2);
});
