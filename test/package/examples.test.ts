// The examples of doc comments, as far as they say what comes out: `call; // result`, numbers with four decimals or as they are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const root = join(import.meta.dirname, '../..');
const files = ['lib/index.ts', 'lib/functions/prelu.ts', 'lib/tensor/tensor.ts'];

/** The lines of each `@example` of a file. */
function examplesOf(file: string): string[][] {
  const comments = readFileSync(join(root, file), 'utf8').match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const lines = comment.split('\n').map((line) => line.replace(/^\s*(\/?\*+\/?) ?/, ''));
    const at = lines.findIndex((line) => line.startsWith('@example'));
    if (at < 0) return [];
    const rest = lines.slice(at).map((line) => line.replace(/^@example ?/, '').replace(/ *\*\/$/, ''));
    const end = rest.findIndex((line, i) => i > 0 && line.startsWith('@'));
    return [rest.slice(0, end < 0 ? rest.length : end).filter((line) => line !== '')];
  });
}

const rounded = (x: number) => (Object.is(x, -0) ? '-0' : String(Number(x.toFixed(4))));
const whole = (x: number) => (Object.is(x, -0) ? '-0' : String(x));
/** A result in the words of the examples. */
function textOf(x: unknown, number: (x: number) => string): string {
  const text = (x: unknown) => textOf(x, number);
  if (x instanceof nonlin.Tensor) return `Tensor(${x.dtype}, ${text([...x.shape])}) ${text(x.toArray())}`;
  if (ArrayBuffer.isView(x)) return `${x.constructor.name} ${text([...(x as Float32Array)])}`;
  if (Array.isArray(x)) return `[${x.map(text).join(', ')}]`;
  return typeof x === 'number' ? number(x) : String(x);
}

const examples = files.flatMap((file) => examplesOf(file).map((lines) => [lines[0]!, lines] as const));

it('there are examples', () => expect(examples.length).toBeGreaterThan(25));

it.each(examples)('%s', (_, lines) => {
  const context = { ...nonlin, Float32Array, Float64Array, Int8Array, Infinity };
  const results = lines.join('\n').matchAll(/^(?!const )(.*?);\s*\/\/ (.*)$/gm);
  const before = lines.filter((line) => line.startsWith('const ')).join('\n');
  let count = 0;
  for (const [, call, said] of results) {
    count++;
    const result: unknown = runInNewContext(`{ ${before}\n(${call}) }`, context);
    const exact = textOf(result, whole);
    const text = said!.startsWith(exact) ? exact : textOf(result, rounded);
    // What is said after the result are words.
    expect(said!.slice(0, text.length), call).toBe(text);
    expect(said!.slice(text.length), call).toMatch(/^($|[,;] )/);
  }
  expect(count, lines.join('\n')).toBeGreaterThan(0);
});
