// The samples that rows give of their parameters, by which everything else is tried, are numbers that these may be.
import { expect, it } from 'vitest';
import { casesOf, checkOwn, signatures } from '../../lib/activations/signatures.js';
import { activationNames } from '../../lib/activations/table.js';

it.each(activationNames)('%s', (row) => {
  for (const { name, own, label } of casesOf(row)) expect(() => checkOwn(signatures[name], own, label)).not.toThrow();
});
