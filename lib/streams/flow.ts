// How a stream of values goes through a function: value by value, or by whole rows, into the same bits as all of it at once.
import { noMemory } from '../basics/allocate.js';
import { describe, list } from '../basics/errors.js';
import { bytesOf, type DType } from '../basics/floats.js';
import { dtypeAdvice } from '../tensor/foreign/dtypes.js';

/** The memory of values: the bits of those of 16. */
export type Values = Float32Array | Float64Array | Uint16Array;

/** A function of the package, whose types say more than is known here. */
export type AnyFunction = (...args: unknown[]) => unknown;

export interface FlowOptions {
  readonly dtype: DType;
  /** How many values make a row; undefined where each goes for itself. */
  readonly row?: number | undefined;
  /** How many inputs go in side by side: 1, or 2 for a gate of two and for a gradient. */
  readonly inputs?: number;
  /** Whether some option has as many numbers as a row. */
  readonly hasRows?: boolean;
  /** The function's own. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface Flow {
  readonly dtype: DType;
  readonly row: number | undefined;
  /** The bytes that go through together: of a value or of a row. */
  readonly unit: number;
  /** How many results that gives. */
  readonly results: number;
  /** The result for whole units of each input: in the memory of the first where it has the size of that, if that may be written. */
  compute(inputs: readonly Values[], inPlace: boolean): Values;
}

/** The functions whose results hang on the whole row, beside gates. */
const ofRows: ReadonlySet<string> = new Set(['softmax', 'logSoftmax', 'softmin', 'logSumExp']);

/** Whether a function of so many inputs needs rows: a gate of two goes value by value. */
export const needsRow = (name: string, inputs: number): boolean =>
  ofRows.has(name) || (inputs === 1 && name.endsWith('glu'));

/** Those that give one number for a row, in new memory only. */
const sums: ReadonlySet<string> = new Set(['logSumExp']);

/** On how many values options are tried that are not as long as a row, where the row has more; one more where it has an odd number. */
const mostTried = 64;

/** Options that name a dimension, of which a stream has one, the row; and the output, which is the next in the stream. */
export const withoutMeaning: readonly string[] = ['dim', 'channelDim', 'keepdim', 'out'];

const arrays = { float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array } as const;

/** The values that lie in bytes, whose place is a multiple of theirs. */
export const valuesIn = (bytes: Uint8Array, dtype: DType): Values =>
  new arrays[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / bytesOf[dtype]);

export const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * How values of a dtype go through `f`, whose name in the package is `name`. Its options are tried on zeros first, so that what is wrong
 * with them is said before anything is read.
 */
export function flowOf(
  name: string,
  f: AnyFunction,
  { dtype, row, inputs = 1, hasRows = true, options = {} }: FlowOptions,
): Flow {
  if (typeof dtype !== 'string' || !Object.hasOwn(arrays, dtype))
    throw new TypeError(
      `${name}: dtype must be ${list(dtypes, 'or')}, got ${describe(dtype)}${dtypeAdvice(dtype, Object.keys(arrays))}`,
    );
  checkRow(name, row, inputs);
  for (const option of withoutMeaning)
    if (options[option] !== undefined)
      throw new TypeError(
        `${name}: there is no \`${option}\` in a stream, whose results go on and whose rows are \`row\``,
      );
  const isHalf = dtype === 'float16' || dtype === 'bfloat16';
  const own = isHalf ? { ...options, dtype } : options;

  /** Values as the function takes them: bare, or as rows. */
  const shaped = (values: Values, row: number | undefined) =>
    row === undefined ? values : { data: values, shape: [values.length / row, row], ...(isHalf && { dtype }) };
  const call = (values: readonly Values[], out: Values | undefined, size = row): Values => {
    const given = out === undefined ? own : { ...own, out: shaped(out, size) };
    const result = f(...values.map((input) => shaped(input, size)), given);
    if (out !== undefined) return out;
    const { data } = (ArrayBuffer.isView(result) ? { data: result } : result) as { data: Values };
    return valuesIn(bytesIn(data), dtype);
  };
  const count = row ?? 1;
  // A header may say that a row has terabytes.
  const tried = hasRows || count <= mostTried ? count : mostTried + (count % 2);
  const zeros = Array.from({ length: inputs }, () => zerosOf(dtype, tried, name));
  const share = call(zeros, undefined, row === undefined ? row : tried).length / tried;
  const results = sums.has(name) ? 1 : share * count;
  const fits = share === 1 && !sums.has(name);
  return {
    dtype,
    row,
    unit: count * bytesOf[dtype],
    results,
    compute: (values, inPlace) => call(values, inPlace && fits ? values[0] : undefined),
  };
}

function zerosOf(dtype: DType, length: number, name: string): Values {
  try {
    return new arrays[dtype](length);
  } catch (error) {
    throw noMemory(dtype, length, name, undefined, error);
  }
}

const dtypes = Object.keys(arrays).map((dtype) => `'${dtype}'`);

function checkRow(name: string, row: unknown, inputs: number): void {
  if (row === undefined) {
    if (needsRow(name, inputs)) throw new TypeError(`${name}: row is needed, the number of values that make a row`);
  } else if (typeof row !== 'number') {
    throw new TypeError(`${name}: row must be a number of values, got ${describe(row)}`);
  } else if (!Number.isSafeInteger(row) || row < 1) {
    throw new RangeError(`${name}: row must be an integer of at least 1, got ${describe(row)}`);
  }
}

/** What is to be said of bytes at the end that make no whole unit. */
export function leftOver(bytes: number, { dtype, row, unit }: Flow): string {
  const whole = row === undefined ? `a value of ${dtype}` : `a row of ${row} ${dtype} values`;
  return `${bytes} ${bytes === 1 ? 'byte is' : 'bytes are'} left at the end: ${whole} has ${unit}`;
}
