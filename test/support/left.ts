// Each file of tests leaves its process as it found it: files share processes, and what one leaves behind would be another's.
import { afterAll, beforeAll, expect } from 'vitest';
import { info } from '../../lib/index.js';

function now() {
  const { backend, threads } = info();
  const variables = Object.entries(process.env).filter(([name]) => name.startsWith('NONLIN_'));
  return { backend, threads, folder: process.cwd(), variables };
}

let found: ReturnType<typeof now>;
beforeAll(() => {
  found = now();
});
afterAll(() => {
  expect(now(), 'what this file of tests leaves behind').toEqual(found);
});
