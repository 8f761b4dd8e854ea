// The header of NumPy's .npy files: bytes of unknown origin, of which every field is checked before it is used.
import type { DType } from '../basics/floats.js';
import { inPython, type Literal, parseLiteral } from './python-literal.js';

/** What the header of a .npy file says of the data behind it. */
export interface NpyHeader {
  /** The type of an element as the file has it, as `'<f4'`, in Python's writing: for messages. */
  readonly descr: string;
  /** The same without its byte order, `'f4'`: of floats, integers or booleans; undefined for everything else. */
  readonly kind: NumberKind | undefined;
  /** Of floats, what they are. */
  readonly dtype: DType | undefined;
  readonly shape: readonly number[];
  /** True where the first dimension lies densest. */
  readonly fortranOrder: boolean;
  /** True where the bytes of an element lie in the order that this machine has not. */
  readonly swapped: boolean;
  /** The bytes before the data. */
  readonly start: number;
}

/** The bytes of an element of each kind of number. NumPy has no bfloat16: that of ml_dtypes is written as two bytes of anything. */
export const widths = {
  b1: 1,
  u1: 1,
  i1: 1,
  u2: 2,
  i2: 2,
  f2: 2,
  V2: 2,
  u4: 4,
  i4: 4,
  f4: 4,
  u8: 8,
  i8: 8,
  f8: 8,
} as const;
export type NumberKind = keyof typeof widths;
const dtypes: Partial<Readonly<Record<NumberKind, DType>>> = {
  f2: 'float16',
  V2: 'bfloat16',
  f4: 'float32',
  f8: 'float64',
};

/** Other names that NumPy takes for them, those of 64 bits as they are on machines of 64 bits. */
const names: Partial<Readonly<Record<NumberKind, string>>> = {
  b1: '? bool bool_',
  i1: 'b int8 byte',
  u1: 'B uint8 ubyte',
  i2: 'h int16 short',
  u2: 'H uint16 ushort',
  i4: 'i int32 intc',
  u4: 'I uint32 uintc',
  i8: 'l q p n int int64 intp long longlong',
  u8: 'L Q P N uint uint64 uintp ulong ulonglong',
  f2: 'e float16 half',
  f4: 'f float32 single',
  f8: 'd float float64 double',
  V2: 'bfloat16',
};
const kindsByName = new Map(
  Object.entries(names).flatMap(([kind, all]) => all.split(' ').map((name) => [name, kind as NumberKind] as const)),
);

/** The bytes of a header; an array of numbers needs a hundred, and long ones would take minutes to read, or the stack. */
const mostHeader = 65535;
export const magic = '\x93NUMPY';
export const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** What a version and a length of header take, before which nothing of either is known. */
export const longestPreamble = 12;

/**
 * Reads the header that a .npy file of format 1.0, 2.0 or 3.0 begins with, of which `bytes` may be the first few. Throws a TypeError
 * for what is not such a file, a RangeError where it ends in its header.
 */
export function readHeader(bytes: Uint8Array): NpyHeader {
  const { from, start } = readPreamble(bytes);
  if (bytes.length < start) {
    const present = `${bytes.length - from} of ${start - from} bytes`;
    throw new RangeError(`the .npy file is truncated: it has ${present} of its header`);
  }
  // Format 3.0 allows UTF-8, but only in field names, and an array of numbers has none: byte by byte is enough.
  const { descr, fortranOrder, shape } = parseHeader(latin1(bytes.subarray(from, start)));
  const { order, kind } = typeIn(descr);
  const swapped = kind !== undefined && widths[kind] > 1 && order !== '' && (order === '<') !== hostIsLittleEndian;
  const dtype = kind && dtypes[kind];
  return { descr: inPython(descr), kind, dtype, shape, fortranOrder, swapped, start };
}

/** Asserts that the first few bytes of a file of another format are not those of a .npy file. */
export function checkNotNpy(bytes: Uint8Array): void {
  if (bytes.length > 3 && magic.startsWith(latin1(bytes.subarray(0, magic.length))))
    throw new TypeError('it is a .npy file, which load() reads by that ending, and readNpy() from bytes');
}

/** Where the header of a .npy file begins, and where its data does, which its first `longestPreamble` bytes tell. */
export function readPreamble(bytes: Uint8Array): { readonly from: number; readonly start: number } {
  if (latin1(bytes.subarray(0, magic.length)) !== magic) {
    throw new TypeError(`not a .npy file: it does not start with \\x93NUMPY`);
  }
  const [major, minor] = [bytes[6], bytes[7]];
  if (major === undefined || minor === undefined) throw new RangeError('the .npy file is truncated: it has no version');
  if (major < 1 || major > 3 || minor !== 0) {
    throw new TypeError(`unsupported .npy format ${major}.${minor}: accepted are 1.0, 2.0 and 3.0`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = major === 1 ? 10 : 12;
  if (bytes.length < from) throw new RangeError('the .npy file is truncated: it ends before its header');
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > mostHeader) {
    throw new RangeError(
      `the header of the .npy file has ${length} bytes: accepted are ${mostHeader}, as format 1.0 has`,
    );
  }
  return { from, start: from + length };
}

/** The kind of number that a type in a header is, and the order of its bytes, empty for that of this machine. */
function typeIn(descr: Literal): { readonly order: string; readonly kind: NumberKind | undefined } {
  // A type with a shape of its own, which for one element changes nothing.
  if (Array.isArray(descr) && descr.length === 2) {
    const [type, shape] = descr as readonly Literal[];
    const isOne = shape === 1 || (Array.isArray(shape) && shape.every((size) => size === 1));
    return isOne && (typeof type === 'string' || Array.isArray(type)) ? typeIn(type!) : { order: '', kind: undefined };
  }
  const [, order = '', name = ''] = (typeof descr === 'string' && /^([<>=|]?)1?(\w+|\?)$/.exec(descr)) || [];
  const given = Object.hasOwn(widths, name) ? (name as NumberKind) : kindsByName.get(name);
  // NumPy takes an order before what it writes itself and single letters, not before words.
  const kind = order !== '' && name.length > 2 ? undefined : given;
  return { order: order.replace(/[=|]/, ''), kind };
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

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** The bytes of a header of format 1.0 for data in C order, of a length that is a multiple of 64; `kind` is as `'f4'`. */
export function writeHeader(kind: string, shape: readonly number[]): Uint8Array {
  const order = hostIsLittleEndian ? '<' : '>';
  const header = `{'descr': '${order}${kind}', 'fortran_order': False, 'shape': ${inPython([...shape])}, }`;
  const prefix = magic.length + 4;
  const start = Math.ceil((prefix + header.length + 1) / 64) * 64;
  const text = `${magic}\x01\x00\x00\x00${header.padEnd(start - prefix - 1)}\n`;
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  new DataView(bytes.buffer).setUint16(prefix - 2, start - prefix, true);
  return bytes;
}
