// The program that gives kernels arrays at the edge of their memory; on its own, as a signal may end it.
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { program } from '../../programs/build.mjs';

/** Runs the program, and asserts that it came to its end with the kernels of these sets. */
export function runEdges(name: string, expected: readonly string[], ...args: string[]): void {
  const { signal, stdout } = spawnSync(program(name)!, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const lines = stdout.trimEnd().split('\n');
  expect({ signal, last: lines.at(-1) }).toEqual({ signal: null, last: 'done' });
  expect([...new Set(lines.slice(0, -1).map((line) => line.split(':')[0]))]).toEqual(expected);
}
