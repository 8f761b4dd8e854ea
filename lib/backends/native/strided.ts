// Calls of native code on arrays that lie in steps.
import type { Op } from '../../activations/table.js';
import type { FloatArray } from '../../basics/floats.js';
import type { Runs } from '../copies.js';
import type { Call } from './addon.js';
import { block, elementsOf, type Kind, kinds, recordBytes, writeCall } from './record.js';

/** As many as a tensor has dimensions. */
const mostRuns = 64;
/** The most arrays of a strided call. */
const mostStrided = 3;
/** Where a call, which is never small, says how its arrays lie. */
const ways = new Float64Array(block, recordBytes, (1 + mostStrided) * (1 + mostRuns));

// Copies of fewer elements take less time in TypeScript than a call.
const fewestCopied = 256;

export function isLarge({ lengths }: Runs): boolean {
  let count = 1;
  for (let d = 0; d < lengths.length; d++) count *= lengths[d]!;
  return count >= fewestCopied;
}

/** A copy between memory that lies in steps. */
export function callCopy(
  call: Call,
  source: FloatArray,
  from: number,
  target: FloatArray,
  to: number,
  runs: Runs,
): void {
  writeCall(0, kinds.strided, 0, elementsOf(source));
  ways[0] = runs.lengths.length;
  ways[1] = from;
  ways[2] = to;
  writeRuns(runs);
  call(block, source, target);
}

/** A call on arrays that lie in steps; what it returns. */
export function callStrided(
  call: Call,
  set: number,
  kind: Kind,
  op: Op,
  exact: boolean | undefined,
  input: FloatArray,
  second: FloatArray | undefined,
  y: FloatArray,
  first: readonly number[],
  runs: Runs,
): boolean {
  writeCall(set, kind, op, elementsOf(y), exact);
  ways[0] = runs.lengths.length;
  for (let k = 0; k < first.length; k++) ways[1 + k] = first[k]!;
  writeRuns(runs);
  return second === undefined ? call(block, input, y) === true : call(block, input, second, y) === true;
}

function writeRuns({ lengths, steps }: Runs): void {
  let at = 1 + mostStrided;
  for (let d = 0; d < lengths.length; d++, at += 1 + mostStrided) {
    ways[at] = lengths[d]!;
    for (let k = 0; k < steps.length; k++) ways[at + 1 + k] = steps[k]![d]!;
  }
}
