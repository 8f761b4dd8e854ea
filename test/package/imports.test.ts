// Imports run one way, in lib/ and in native/: between the rooms, and between the files of one.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** The rooms, each of which may use those before it; '' are the files beside the rooms. */
const orders = {
  lib: [
    'environment',
    'basics',
    'arithmetic',
    'activations',
    'backends',
    'tensor',
    'functions',
    'layers',
    'files',
    '',
    'streams',
    'cli',
  ],
  native: [
    'machine',
    'arithmetic',
    'rows',
    'formulas',
    'exact',
    'loops',
    'softmax',
    '',
    'run',
    'halves',
    'addon',
    'wasm',
  ],
};
/** What stands before its room. */
const exceptions: Readonly<Record<string, string>> = {
  version: 'environment', // A number that everybody may name.
  cli: 'cli', // The program, which lends the process to lib/cli.
};

/** The files that a file takes in, by their names from the folder on. */
function importsOf(folder: keyof typeof orders, file: string): string[] {
  const text = readFileSync(join(root, folder, folder === 'lib' ? `${file}.ts` : file), 'utf8');
  if (folder === 'native') return [...text.matchAll(/#include "([\w./]+)"/g)].map(([, path]) => path!);
  const paths = [...text.matchAll(/from '(\.[\w./-]+)\.js'|import\('(\.[\w./-]+)\.js'\)/g)].map(([, a, b]) => a ?? b!);
  return paths.map((path) => posix.join(posix.dirname(file), path));
}

describe.each(['lib', 'native'] as const)('%s', (folder) => {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|h|cpp|def)$/.test(name))
    .map((name) => name.replace(/\.ts$/, ''));
  const roomOf = (file: string) => exceptions[file] ?? (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
  const placeOf = (file: string) => (orders[folder] as readonly string[]).indexOf(roomOf(file));

  it('has no file that uses one of a later room', () => {
    for (const file of files) {
      expect(placeOf(file), `${file} stands in no room`).toBeGreaterThanOrEqual(0);
      for (const used of importsOf(folder, file))
        expect(placeOf(used), `${file} uses ${used}`).toBeLessThanOrEqual(placeOf(file));
    }
  });

  it('has no cycle', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `${[...path, file].join(' -> ')} is a cycle`).not.toContain(file);
      if (done.has(file)) return;
      for (const next of importsOf(folder, file)) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(done.size).toBe(files.length);
  });

  it('has no room of more than a dozen files', () => {
    for (const room of new Set(files.map((file) => posix.dirname(file)))) {
      const inIt = files.filter((file) => posix.dirname(file) === room);
      expect(inIt.length, `${folder}/${room}: ${inIt.join(' ')}`).toBeLessThanOrEqual(12);
    }
  });
});

/** What is an entry of its own, and takes the functions of the other. */
const entries = ['streams/streamed'];

it('nothing in lib imports the index but other entries', () => {
  const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const importing = files.map((file) => file.slice(0, -3)).filter((file) => importsOf('lib', file).includes('index'));
  expect(importing).toEqual(entries);
});

it('Windows looks for every function of Node-API that native code calls', () => {
  const sources = readdirSync(join(root, 'native'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(h|cpp)$/.test(name),
  );
  const textOf = (name: string) => readFileSync(join(root, 'native', name), 'utf8');
  const called = sources.flatMap((name) => [...textOf(name).matchAll(/\b(napi_\w+)\(/g)].map(([, called]) => called));
  const found = [...textOf('machine/node_api.cpp').matchAll(/F\((napi_\w+)\)/g)].map(([, name]) => name);
  expect(found).toEqual(expect.arrayContaining(called));
});
