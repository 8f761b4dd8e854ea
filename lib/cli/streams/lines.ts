// JSON lines: an array of numbers in, one out, in the same order; for engines that pipe text.
import type { DType } from '../../basics/floats.js';
import { readParts } from '../../tensor/foreign/sources.js';
import { type Nested, Tensor } from '../../tensor/tensor.js';
import { attempt, Failure } from '../failures.js';
import { shortest } from '../output.js';
import type { Source } from './sources.js';
import type { Target } from './targets.js';

const newline = 0x0a;

/** Sends each line through, as a tensor of a dtype; what has come is answered before more is waited for. */
export function streamLines(source: Source, dtype: DType, f: (x: Tensor<DType>) => unknown, target: Target): void {
  const room = new Uint8Array(2 ** 16);
  /** The beginning of a line whose end has not come. */
  let pieces: Uint8Array[] = [];
  let number = 0;
  const answer = (line: Uint8Array): string => {
    number++;
    const subject = `${source.name}, line ${number}`;
    const y = attempt(subject, () => f(new Tensor(readParts(listOf(Buffer.from(line).toString()), dtype))));
    return `${textOf(y instanceof Tensor ? y.toArray() : (y as number), dtype)}\n`;
  };
  for (let count = source.read(room); count > 0; count = source.read(room)) {
    const bytes = room.slice(0, count);
    let answers = '';
    let from = 0;
    try {
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
        answers += answer(Buffer.concat([...pieces, bytes.subarray(from, end)]));
        pieces = [];
        from = end + 1;
      }
    } finally {
      // Those before a bad line too.
      target.write(Buffer.from(answers));
    }
    if (from < count) pieces.push(bytes.subarray(from));
  }
  if (pieces.length > 0) target.write(Buffer.from(answer(Buffer.concat(pieces))));
  source.close();
}

/** The numbers that Tensor.toJSON writes as words. */
const words: ReadonlyMap<unknown, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

function listOf(text: string): number | Nested[] {
  if (text.trim() === '') throw new Failure('it is empty, and must be an array of numbers');
  let value: unknown;
  try {
    // Only strings can be such words, and to look at each item takes ten times as long.
    value = text.includes('"') ? JSON.parse(text, (_, item) => words.get(item) ?? item) : JSON.parse(text);
  } catch (error) {
    throw new Failure(`it is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'number' && !Array.isArray(value))
    throw new Failure('it must be an array of numbers, or of such arrays');
  return value as number | Nested[];
}

/** Numbers by as few digits as tell them from their neighbours. */
function textOf(value: Nested, dtype: DType): string {
  if (typeof value !== 'number') return `[${value.map((item) => textOf(item, dtype)).join(',')}]`;
  if (Object.is(value, -0)) return '-0.0';
  const text = shortest(value, dtype);
  return Number.isFinite(value) ? text : `"${text}"`;
}
