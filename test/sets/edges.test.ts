// AVX-512 where this processor lacks it touches no memory outside its arrays either; elsewhere `npm test` tries it as it is.
import { it } from 'vitest';
import { native } from '../../lib/backends/native/native.js';
import { runEdges } from '../support/processes/edges.js';

const absent = process.arch === 'x64' && native.backends.every(({ name }) => name !== 'avx512');
it.runIf(absent)(
  'no kernel of AVX-512, emulated, reads or writes outside its arrays',
  () => runEdges('edges-emulated', ['avx512'], '29'),
  300_000,
);
