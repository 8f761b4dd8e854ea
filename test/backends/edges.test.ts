// That no kernel touches memory outside its arrays; test/sets/edges.test.ts tries AVX-512 where this processor lacks it.
import { it } from 'vitest';
import { native } from '../../lib/backends/native/native.js';
import { runEdges } from '../support/processes/edges.js';

it('no kernel reads or writes outside its arrays', () => {
  runEdges(
    'edges',
    native.backends.map(({ name }) => name),
  );
}, 300_000);
