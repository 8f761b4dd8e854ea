// How a tensor prints, by PyTorch's rules of thumb: one notation for all numbers, chosen from their range, in aligned columns.
import { type Data, lossOf } from '../basics/floats.js';
import { checkReach, type Parts } from './layouts/shape.js';

const decimals = 4;
const lineWidth = 80;
/** A larger tensor shows only the first and the last entries of a long dimension. */
const summaryAbove = 1000;
const widestEdge = 3;
/** Nor does any tensor show more numbers than this: of many dimensions the edges are shorter, in the end none. */
const mostShown = 2 ** 16;

/** What is left to print of a dimension: numbers or rows, with undefined where entries are left out. */
type Shown = number | undefined | readonly Shown[];

/** The numbers in nested brackets, without dtype and shape; on one line where there is one row that fits. */
export function format(tensor: Parts): string {
  checkReach(tensor.data, tensor);
  if (tensor.size === 0) return '[]';
  const shown = select(tensor, 0, tensor.offset, edgeOf(tensor));
  const numbers = numbersIn(shown);
  const write = notation(numbers);
  const oneLine = render(shown, 0, Number.POSITIVE_INFINITY, write);
  const rank = tensor.shape.length;
  if (!oneLine.includes('\n') && oneLine.length <= lineWidth) return oneLine;
  const width = numbers.reduce((widest, number) => Math.max(widest, write(number).length), 0);
  // A row shares its line with at most `rank` brackets on either side.
  const perLine = Math.max(1, Math.floor((lineWidth + 2 - 2 * rank) / (width + 2)));
  return render(shown, 0, perLine, (number) => write(number).padStart(width));
}

/** In a word what keeps a tensor from being printed, as its memory may have gone; undefined where nothing does. */
export function missing(tensor: Parts<Data>): string | undefined {
  try {
    checkReach(tensor.data, tensor);
    return undefined;
  } catch {
    return lossOf(tensor.data) === 'transferred' ? 'detached' : 'beyond its buffer';
  }
}

/** How many of the first and of the last entries of each dimension are shown. */
function edgeOf({ shape, size }: Parts): number {
  if (size <= summaryAbove) return summaryAbove;
  let edge = widestEdge;
  while (shape.reduce((shown, length) => shown * Math.min(length, 2 * edge), 1) > mostShown) edge--;
  return edge;
}

/** The entries to print from dimension `dim` on, where the index in data is `at`. */
function select(tensor: Parts, dim: number, at: number, edge: number): Shown {
  const length = tensor.shape[dim];
  if (length === undefined) return tensor.data[at]!;
  const from = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => select(tensor, dim + 1, at + (first + i) * tensor.strides[dim]!, edge));
  if (length <= 2 * edge) return from(0, length);
  return [...from(0, edge), undefined, ...from(length - edge, edge)];
}

function numbersIn(shown: Shown): number[] {
  if (Array.isArray(shown)) return (shown as readonly Shown[]).flatMap(numbersIn);
  return typeof shown === 'number' ? [shown] : [];
}

/** Integers bare; else four decimals; powers of ten where numbers are large, small, or more than 1000 times apart. */
function notation(numbers: readonly number[]): (value: number) => string {
  let least = Number.POSITIVE_INFINITY;
  let greatest = 0;
  let whole = true;
  for (const number of numbers) {
    if (!Number.isFinite(number) || number === 0) continue;
    least = Math.min(least, Math.abs(number));
    greatest = Math.max(greatest, Math.abs(number));
    whole &&= Number.isInteger(number);
  }
  const powers = greatest >= 1e8 || (!whole && (least < 1e-4 || greatest / least > 1e3));
  return (value) => {
    if (!Number.isFinite(value)) return String(value);
    const text = powers ? value.toExponential(decimals) : value.toFixed(whole ? 0 : decimals);
    return Object.is(value, -0) ? `-${text}` : text;
  };
}

function render(shown: Shown, depth: number, perLine: number, write: (value: number) => string): string {
  if (shown === undefined) return '...';
  if (typeof shown === 'number') return write(shown);
  const parts = shown.map((entry) => render(entry, depth + 1, perLine, write));
  const indent = ' '.repeat(depth + 1);
  const height = heightOf(shown);
  // Rows stand under each other, matrices a blank line apart, and so on.
  if (height > 1) return `[${parts.join(`,${'\n'.repeat(height - 1)}${indent}`)}]`;
  const lines: string[] = [];
  for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(', '));
  return `[${lines.join(`,\n${indent}`)}]`;
}

/** How many dimensions are below: 1 for a row of numbers. */
function heightOf(shown: Shown): number {
  return Array.isArray(shown) ? 1 + heightOf((shown as readonly Shown[])[0]) : 0;
}
