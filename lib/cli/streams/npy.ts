// .npy files larger than memory: which go through a function in blocks, and how.
import { bytesOf, type DType } from '../../basics/floats.js';
import { lengthIn } from '../../files/npy.js';
import {
  longestPreamble,
  type NpyHeader,
  readHeader,
  readPreamble,
  widths,
  writeHeader,
} from '../../files/npy-header.js';
import { countOf, kindOf } from '../../files/numbers.js';
import { type AnyFunction, type Flow, flowOf, needsRow, type Values } from '../../streams/flow.js';
import { attempt } from '../failures.js';
import type { Io } from '../output.js';
import { type Inlet, pump } from './pump.js';
import type { Source } from './sources.js';
import { reader } from './values.js';

/** The header of a file, which remains to be read. */
export function headerOf(source: Source): NpyHeader {
  return attempt(source.name, () => {
    const { start } = readPreamble(source.peek(longestPreamble));
    return readHeader(source.peek(start));
  });
}

/** A call that goes in blocks. */
export interface Plan {
  readonly flow: Flow;
  readonly headers: readonly NpyHeader[];
  readonly dtype: DType;
  /** Of the result. */
  readonly shape: readonly number[];
}

/**
 * How a call goes in blocks; undefined where it needs all at once: Fortran order of several dimensions, a function over another dimension
 * than the last or over several, options in files, a single row, and what is going to be refused.
 */
export function planOf(
  name: string,
  f: AnyFunction,
  headers: readonly NpyHeader[],
  options: Readonly<Record<string, unknown>>,
  to: DType | undefined,
): Plan | undefined {
  const { shape } = headers[0]!;
  const dtype = to ?? headers[0]!.dtype;
  if (dtype === undefined || options.channelDim !== undefined || shape.length === 0) return;
  if (!headers.every((header) => isLike(header, shape, dtype, to))) return;
  if (!needsRow(name, headers.length))
    return { flow: flowOf(name, f, { dtype, inputs: headers.length, options }), headers, dtype, shape };

  const { dim, keepdim, ...others } = options;
  const row = shape.at(-1)!;
  const isLast = dim === undefined || dim === -1 || dim === shape.length - 1;
  if (!isLast || row === 0 || countOf(shape) <= row || (row % 2 === 1 && name.endsWith('glu'))) return;
  const flow = flowOf(name, f, { dtype, row, inputs: headers.length, hasRows: false, options: others });
  const before = shape.slice(0, -1);
  const isSum = name === 'logSumExp' && keepdim !== true;
  return { flow, headers, dtype, shape: isSum ? before : [...before, flow.results] };
}

/** Whether a file lies in the order of its result, and has the shape and the dtype, or another that is to be converted. */
function isLike(header: NpyHeader, shape: readonly number[], dtype: DType, to: DType | undefined): boolean {
  const isInOrder = !header.fortranOrder || shape.filter((size) => size !== 1).length < 2;
  const isSame = header.shape.length === shape.length && header.shape.every((size, i) => size === shape[i]);
  const isOf = to === undefined ? header.dtype === dtype : header.kind !== undefined;
  return isInOrder && isSame && isOf && Number.isSafeInteger(countOf(header.shape) * 8);
}

/** The bytes that a .npy file of the result begins with. */
export const beginning = ({ dtype, shape }: Plan): Uint8Array => writeHeader(kindOf[dtype], shape);

/** Checks that a file has the size that it says it has, where it is known. What follows the data does not matter, as to np.load. */
export function checkSize({ name, size }: Source, header: NpyHeader): void {
  if (size !== undefined && header.kind !== undefined) attempt(name, () => lengthIn(header, size - header.start));
}

/** Sends the files through. */
export function streamNpy(sources: readonly Source[], plan: Plan, write: (results: Values) => void, io: Io): void {
  const { flow, headers, dtype } = plan;
  const inlets = headers.map((header, i): Inlet => {
    const source = sources[i]!;
    source.fill(new Uint8Array(header.start));
    const unit = (flow.unit / bytesOf[dtype]) * widths[header.kind!];
    return { source, unit, total: dataOf(header), values: reader(header, dtype) };
  });
  let done = 0;
  const left = pump(
    inlets,
    flow,
    (results) => {
      done += results.length;
      write(results);
    },
    io,
  );
  for (const [i, { source, unit }] of inlets.entries())
    attempt(source.name, () => lengthIn(headers[i]!, (done / flow.results) * unit + left[i]!));
  // One of them may be what the result is to replace.
  for (const source of sources) source.close();
}

const dataOf = ({ shape, kind }: NpyHeader) => countOf(shape) * widths[kind!];
