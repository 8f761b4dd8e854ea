// Inputs with their results from arbitrary precision, which test/vectors/make.py writes.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = join(import.meta.dirname, '../vectors');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });

/** The vectors of that name; those of a row lie in the folder of its group. */
export function vectorsOf<T>(name: string): T {
  const file = files.find((path) => basename(path) === `${name}.json`);
  if (file === undefined) throw new Error(`there are no vectors of ${name}; test/vectors/make.py writes them`);
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as T;
}

/** Whether there are some of that name. */
export const hasVectors = (name: string): boolean => files.some((path) => basename(path) === `${name}.json`);
