// Imports in lib/ run one way, so that nothing can start to depend on what depends on it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const lib = join(import.meta.dirname, '..', 'lib');

/** The files of lib/ that a file imports from, without their endings. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(lib, `${file}.ts`), 'utf8');
  return [...text.matchAll(/from '\.\/([\w/-]+)\.js'/g)].map(([, name]) => name!);
}

it('has no cycle, and nothing imports the index or the command line', () => {
  const files = readdirSync(lib).filter((name) => name.endsWith('.ts')).map((name) => name.slice(0, -3));
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, `${[...path, file].join(' -> ')} is a cycle`).not.toContain(file);
    if (done.has(file)) return;
    for (const next of importsOf(file)) {
      expect(['index', 'cli'], `${file} imports ${next}`).not.toContain(next);
      visit(next, [...path, file]);
    }
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(done.size).toBe(files.length);
});
