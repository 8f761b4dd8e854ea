// How many threads a call may use. The addon splits large calls; small ones and the TypeScript backend stay on the caller's.

import { isMainThread, problems, variable } from '../environment/node.js';
import { describe } from './errors.js';

const most = 256;
const usualMost = 8;

/** What was asked for; else what is usual, once that has been asked for. */
let current = asked();

/** The threads that a call may use now, on a machine of so many cores. */
export function threads(cores: number): number {
  current ??= cores > 1 && isMainThread() ? Math.min(cores, usualMost) : 1;
  return current;
}

/**
 * Sets how many threads a call may use, the caller's included. It holds for calls from this thread of JavaScript: a worker
 * starts with 1, the main thread with the cores of the machine (8 at most) or with the variable `NONLIN_THREADS`.
 *
 * @throws TypeError where n is not an integer; RangeError outside [1, 256].
 */
export function setThreads(n: number): void {
  if (!Number.isInteger(n)) throw new TypeError(`setThreads: threads must be an integer, got ${describe(n)}`);
  if (!isPossible(n)) throw new RangeError(`setThreads: threads must be in [1, ${most}], got ${n}`);
  current = n;
}

function isPossible(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= most;
}

/** What `NONLIN_THREADS` says. It may stand in the settings of a machine, where a slip must not stop every program. */
function asked(): number | undefined {
  const text = variable('NONLIN_THREADS');
  if (text === undefined) return undefined;
  const n = Number(text);
  if (isPossible(n)) return n;
  const usual = isMainThread()
    ? `as many threads as there are cores, ${usualMost} at most`
    : '1 thread, as a worker does';
  problems.push(
    `NONLIN_THREADS must be an integer in [1, ${most}], got ${describe(text)}: it is ignored, and a call uses ${usual}`,
  );
  return undefined;
}
