// Imports in lib/ run one way, so that nothing can start to depend on what depends on it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, it } from 'vitest';

const lib = join(import.meta.dirname, '..', 'lib');

/** The files of lib/ that a file imports from; all are named from lib/, without their endings. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(lib, `${file}.ts`), 'utf8');
  const paths = [...text.matchAll(/from '(\.[\w./-]+)\.js'|import\('(\.[\w./-]+)\.js'\)/g)].map(([, a, b]) => a ?? b!);
  return paths.map((path) => posix.join(posix.dirname(file), path));
}

it('has no cycle; nothing imports the index, and nothing but the command line imports it', () => {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -3));
  const isCli = (file: string) => /^cli(\/|$)/.test(file);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, `${[...path, file].join(' -> ')} is a cycle`).not.toContain(file);
    if (done.has(file)) return;
    for (const next of importsOf(file)) {
      expect(next, `${file} imports it`).not.toBe('index');
      expect(isCli(next), `${file} imports ${next}`).toBe(isCli(file) && isCli(next));
      visit(next, [...path, file]);
    }
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(done.size).toBe(files.length);
});
