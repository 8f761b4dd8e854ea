// NumPy's .npy files, read and written. A file is bytes of unknown origin: every field is checked before it is used, and
// the header, a Python literal, is parsed and never evaluated.

import { describe } from '../basics/errors.js';
import { bytesOf, type DType, type FloatArray, type HalfDType } from '../basics/floats.js';
import { contiguousData } from '../tensor/copies.js';
import { contiguousBits } from '../tensor/halves.js';
import { contiguousStrides, type Parts } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a .npy file holds; of floats `new Tensor(parts)` reads it. */
export interface NpyParts<Data = FloatArray | Uint16Array> {
  readonly data: Data;
  /** Of numbers of 16 bits, what they are. */
  readonly dtype?: HalfDType;
  readonly shape: readonly number[];
  /** In elements. Fortran order is kept as it lies in the file, and told by the strides. */
  readonly strides: readonly number[];
}

/** Floats, integers, and the bytes of booleans. */
export type NumberArray =
  | FloatArray
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array;

interface ArrayOf<Data> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Data;
}

/** Arrays by what follows the byte order in a dtype. */
interface Kinds<Data> {
  readonly arrays: Readonly<Record<string, ArrayOf<Data>>>;
  /** For messages. */
  readonly accepted: string;
}

const everyFloat = { f2: Uint16Array, V2: Uint16Array, f4: Float32Array, f8: Float64Array };
const floats: Kinds<FloatArray | Uint16Array> = {
  arrays: everyFloat,
  accepted: "'<f2', '<f4' and '<f8' (float16, float32 and float64) of either byte order, and '<V2' (bfloat16)",
};
// NumPy has no bfloat16: that of ml_dtypes is written as two bytes of anything, which JAX reads as bfloat16 again.
const halves: Readonly<Record<string, HalfDType>> = { f2: 'float16', V2: 'bfloat16' };
const numbers: Kinds<NumberArray> = {
  arrays: {
    ...everyFloat,
    b1: Uint8Array,
    u1: Uint8Array,
    i1: Int8Array,
    u2: Uint16Array,
    i2: Int16Array,
    u4: Uint32Array,
    i4: Int32Array,
    u8: BigUint64Array,
    i8: BigInt64Array,
  },
  accepted: 'floats of 16, 32 and 64 bits, integers and booleans',
};

/** The bytes of a header; an array of numbers needs a hundred, and long ones would take minutes to read, or the stack. */
const mostHeader = 65535;
const magic = '\x93NUMPY';
const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Reads a .npy file of format 1.0, 2.0 or 3.0. The data is shared with `bytes` where its alignment and byte order allow it,
 * and copied otherwise. Throws a TypeError for what is not such a file, a RangeError for one too short or too long.
 */
export const readNpy = (bytes: Uint8Array): NpyParts => read(bytes, floats);

/** The same for a file of integers or booleans as well, whose data tells which. */
export const readNumbers = (bytes: Uint8Array): NpyParts<NumberArray> => read(bytes, numbers);

function read<Data>(bytes: Uint8Array, { arrays, accepted }: Kinds<Data>): NpyParts<Data> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`expected the bytes of a .npy file, got ${describe(bytes)}`);
  const { text, end } = headerOf(bytes);
  const { descr, fortranOrder, shape } = parseHeader(text);
  // A single byte has no order, which is written |.
  const [, order, kind = ''] = (typeof descr === 'string' && /^([<>]|\|(?=.1|V))([bfiu]\d|V2)$/.exec(descr)) || [];
  if (!Object.hasOwn(arrays, kind)) {
    throw new TypeError(`unsupported dtype ${inPython(descr)} in the .npy file: accepted are ${accepted}`);
  }

  const array = arrays[kind]!;
  const width = array.BYTES_PER_ELEMENT;
  // A product of large sizes may be Infinity, and Infinity times 0 is not 0.
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  const needed = count * width;
  const present = bytes.length - end;
  if (present !== needed) {
    const verdict = present < needed ? 'truncated' : 'too long';
    const want = `shape ${inPython([...shape])} of ${descr} needs ${needed}`;
    throw new RangeError(`the .npy file is ${verdict}: it has ${present} bytes of data, ${want}`);
  }

  const dtype = halves[kind];
  const swapped = width > 1 && (order !== '>') !== hostIsLittleEndian;
  const start = bytes.byteOffset + end;
  const shared = !swapped && start % width === 0;
  // Not slice(): a Buffer's shares its memory.
  const raw = shared ? bytes.subarray(end) : new Uint8Array(bytes.subarray(end));
  if (swapped) reverseEach(raw, width);
  const data = new array(raw.buffer, raw.byteOffset, count);
  const strides = fortranOrder ? contiguousStrides(shape.toReversed()).toReversed() : contiguousStrides(shape);
  return dtype === undefined ? { data, shape, strides } : { data, dtype, shape, strides };
}

/** The bytes of a .npy file, format 1.0, in C order and the byte order of this machine; the data starts at a multiple of 64. */
export function writeNpy(tensor: Tensor<DType>): Uint8Array {
  const data = tensor.half === undefined ? contiguousData(tensor as Parts) : contiguousBits(tensor);
  const kind = tensor.dtype === 'bfloat16' ? 'V' : 'f';
  const descr = `${hostIsLittleEndian ? '<' : '>'}${kind}${bytesOf[tensor.dtype]}`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${inPython([...tensor.shape])}, }`;
  const prefix = magic.length + 4;
  const start = Math.ceil((prefix + header.length + 1) / 64) * 64;

  const bytes = new Uint8Array(start + data.byteLength);
  const text = `${magic}\x01\x00\x00\x00${header.padEnd(start - prefix - 1)}\n`;
  for (let index = 0; index < start; index++) bytes[index] = text.charCodeAt(index);
  new DataView(bytes.buffer).setUint16(prefix - 2, start - prefix, true);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

function headerOf(bytes: Uint8Array): { text: string; end: number } {
  if (latin1(bytes.subarray(0, magic.length)) !== magic) {
    throw new TypeError(`not a .npy file: it does not start with \\x93NUMPY`);
  }
  const [major, minor] = [bytes[6], bytes[7]];
  if (major === undefined || minor === undefined) throw new RangeError('the .npy file is truncated: it has no version');
  if (major < 1 || major > 3 || minor !== 0) {
    throw new TypeError(`unsupported .npy format ${major}.${minor}: accepted are 1.0, 2.0 and 3.0`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw new RangeError('the .npy file is truncated: it ends before its header');
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const end = start + length;
  if (length > mostHeader) {
    throw new RangeError(
      `the header of the .npy file has ${length} bytes: accepted are ${mostHeader}, as format 1.0 has`,
    );
  }
  if (bytes.length < end) {
    const present = `${bytes.length - start} of ${length} bytes`;
    throw new RangeError(`the .npy file is truncated: it has ${present} of its header`);
  }
  // Format 3.0 allows UTF-8, but only in field names, and an array of numbers has none: byte by byte is enough.
  return { text: latin1(bytes.subarray(start, end)), end };
}

function parseHeader(text: string): { descr: Literal; fortranOrder: boolean; shape: readonly number[] } {
  const header = parseLiteral(text);
  if (!(header instanceof Map)) throw new TypeError('the header of the .npy file is not a dictionary');
  const keys = [...header.keys()].sort().join(', ');
  if (keys !== 'descr, fortran_order, shape') {
    throw new TypeError(
      `the header of the .npy file has the keys ${keys || '(none)'}: wanted descr, fortran_order, shape`,
    );
  }
  const descr = header.get('descr') ?? null;
  const fortranOrder = header.get('fortran_order') ?? null;
  const shape = header.get('shape') ?? null;
  if (typeof fortranOrder !== 'boolean') {
    throw new TypeError(`fortran_order in the .npy file is ${inPython(fortranOrder)}: wanted True or False`);
  }
  if (!isShape(shape)) {
    throw new TypeError(`shape in the .npy file is ${inPython(shape)}: wanted a tuple of sizes`);
  }
  return { descr, fortranOrder, shape };
}

function isShape(value: Literal): value is number[] {
  return Array.isArray(value) && value.every((size) => typeof size === 'number' && size >= 0);
}

function reverseEach(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

type Literal = string | number | boolean | null | Literal[] | Map<string, Literal>;

/** A structured dtype nests four deep; without a limit, a header of parentheses would exhaust the stack. */
const deepest = 16;

const constants = new Map<string, Literal>([
  ['True', true],
  ['False', false],
  ['None', null],
]);

/** The Python literals that a header may be made of: dictionaries, tuples, lists, strings, integers, True, False, None. */
function parseLiteral(text: string): Literal {
  // Integers of files made by Python 2 end in L.
  const token = /\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|(-?\d+)L?(?![\w.])|([A-Za-z]+)|([{}()[\],:]))/y;
  let at = 0;
  let depth = 0;

  function fail(): never {
    const rest = text.slice(at).trim();
    const found = rest === '' ? 'its end' : JSON.stringify(rest.length > 20 ? `${rest.slice(0, 20)}...` : rest);
    throw new TypeError(`the header of the .npy file is malformed at ${found}`);
  }
  function next(): RegExpExecArray {
    token.lastIndex = at;
    const found = token.exec(text) ?? fail();
    at = token.lastIndex;
    return found;
  }
  function skip(punctuation: string): boolean {
    token.lastIndex = at;
    if (token.exec(text)?.[5] !== punctuation) return false;
    at = token.lastIndex;
    return true;
  }
  function items<Item>(close: string, item: () => Item): { list: Item[]; comma: boolean } {
    const list: Item[] = [];
    let comma = false;
    while (!skip(close)) {
      if (list.length > 0 && !comma) fail();
      list.push(item());
      comma = skip(',');
    }
    return { list, comma };
  }
  function entry(): readonly [string, Literal] {
    const key = value();
    if (typeof key !== 'string' || !skip(':')) fail();
    return [key, value()];
  }
  function value(): Literal {
    const start = at;
    if (++depth > deepest) fail();
    const result = valueAt(start);
    depth--;
    return result;
  }
  function valueAt(start: number): Literal {
    const [, single, double, integer, word = '', punctuation] = next();
    const quoted = single ?? double;
    if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
    if (integer !== undefined && Number.isSafeInteger(Number(integer))) return Number(integer);
    const constant = constants.get(word);
    if (constant !== undefined) return constant;
    if (punctuation === '{') return new Map(items('}', entry).list);
    if (punctuation === '[') return items(']', value).list;
    if (punctuation === '(') {
      const { list, comma } = items(')', value);
      return list.length === 1 && !comma ? list[0]! : list;
    }
    at = start;
    return fail();
  }

  const result = value();
  if (text.slice(at).trim() !== '') fail();
  return result;
}

/** A literal as Python writes it; sequences as tuples. */
function inPython(value: Literal): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `'${key}': ${inPython(item)}`).join(', ')}}`;
  return `(${value.map(inPython).join(', ')}${value.length === 1 ? ',' : ''})`;
}
