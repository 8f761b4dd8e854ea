// How many threads a call may use. The addon splits large calls; small ones and the TypeScript backend stay on the caller's.
import { describe } from './errors.js';
import { native } from './native.js';

const most = 256;

let current = 1;

/** The threads that a call may use now. */
export function threads(): number {
  return current;
}

/**
 * Sets how many threads a call may use, the caller's included. It holds for calls from this thread of JavaScript: a worker
 * starts with 1, the main thread with the cores of the machine (8 at most) or with the variable `NONLIN_THREADS`.
 *
 * @throws TypeError where n is not an integer; RangeError outside [1, 256].
 */
export function setThreads(n: number): void {
  current = check(n, 'threads');
  native.addon?.setThreads(n);
}

function check(n: unknown, name: string): number {
  if (!Number.isInteger(n)) throw new TypeError(`${name} must be an integer, got ${describe(n)}`);
  if ((n as number) < 1 || (n as number) > most) throw new RangeError(`${name} must be in [1, ${most}], got ${n}`);
  return n as number;
}

function initial(): number {
  if (native.addon === undefined) return 1;
  const asked = process.env.NONLIN_THREADS;
  if (asked) return check(Number(asked), 'NONLIN_THREADS');
  const { isMainThread } = require('node:worker_threads') as typeof import('node:worker_threads');
  return isMainThread ? Math.min(native.addon.cores, 8) : 1;
}

setThreads(initial());
