// What to pass in place of what cannot be read, for the end of the message of an error.

import { shapeText } from '../../basics/allocate.js';
import { brand } from '../../basics/errors.js';
import { bytesOf, lengthOf, typeName } from '../../basics/floats.js';
import { sizeOf } from '../layouts/shape.js';
import { isArrow } from './arrow.js';

/** An object of another library's, of which nothing is known. */
export type Foreign = Readonly<Record<string | symbol, unknown>>;

/**
 * What to pass in place of x, which messages call `what`, for the end of the message of an error; empty where there is nothing to say, and
 * of an `out`, as what would make an input of it would not be it.
 */
export function advice(x: unknown, what: string): string {
  if (what === 'out') return '';
  const name = tagOf(x);
  if (name === 'ArrayBuffer' || name === 'SharedArrayBuffer') return `; pass new Float32Array(${what})`;
  if (name === 'Uint8Array')
    return `; pass Float32Array.from(${what}) for its numbers, new Tensor(${what}, { dtype: 'float32' }) for the floats in its bytes`;
  if (name === 'DataView') {
    const place = `${what}.byteOffset, ${what}.byteOffset + ${what}.byteLength`;
    return `; pass new Float32Array(${what}.buffer.slice(${place}))`;
  }
  if (typeof x !== 'object' || x === null) return '';
  if (Array.isArray(x)) return `; pass new Tensor(${what})`;
  if (typeName(x) === 'Uint16Array')
    return `; pass new Tensor(${what}, ${kindsOfBits}) for its bits, ${conversion(what, x)} for its numbers`;
  const given = x as Foreign;
  if (typeName(x) !== undefined) return `; pass ${conversion(what, x)}`;
  if (typeof given.then === 'function') return '; await it first';
  if (isArrow(x)) return `; pass new Tensor(${what})`;
  if (typeof given.toArray === 'function' && given[brand] !== true) return `; pass ${what}.toArray()`;
  if ('values' in x && 'shape' in x) return `; pass { data: ${what}.values, shape: ${what}.shape }`;
  return 'selection' in x ? `; pass ${what}.selection` : '';
}

/** What to pass in place of a flat array that has the elements of a shape, and messages call `what`. */
export function shapeAdvice(x: unknown, what: string, shape: readonly number[]): string {
  if (typeName(x) === undefined || lengthOf(x as ArrayBufferView) !== sizeOf(shape)) return '';
  return `; pass new Tensor(${what}, { shape: ${shapeText(shape)} })`;
}

/** Like `advice`, for the data of a tensor that is otherwise as it should be, and whose numbers are to be in an array of a kind. */
export function dataAdvice(data: unknown, like: Foreign, what: string, kind: string | undefined): string {
  if (what === 'out') return '';
  if (typeof data === 'function')
    return typeof like.dataSync === 'function'
      ? `; pass { data: ${what}.dataSync(), shape: ${what}.shape }`
      : '; pass { data, shape } with what it returns';
  // Of transformers.js, whose own conversion knows every type.
  if ('ort_tensor' in like) return `; pass ${what}.to('float32')`;
  const type = like.dtype ?? like.type;
  if (typeName(data) === 'Uint16Array' && (type === 'float16' || type === 'bfloat16'))
    return `; pass new Tensor(${what})`;
  // What toJSON writes.
  const isJSON = Array.isArray(data) && Object.keys(like).sort().join() === 'data,dtype,shape';
  if (isJSON && kind === 'Float32Array' && Object.hasOwn(bytesOf, String(like.dtype)))
    return `; pass Tensor.fromJSON(${what})`;
  const numbers = kind && conversion(`${what}.data`, data, kind);
  if (!numbers) return '';
  const layout = ['dims' in like ? 'dims' : 'shape', 'strides', 'stride', 'offset'].filter((name) => name in like);
  const converted = `{ data: ${[numbers, ...layout.map((name) => `${name}: ${what}.${name}`)].join(', ')} }`;
  if (typeName(data) !== 'Uint16Array') return `; pass ${converted}`;
  return `; pass new Tensor(${what}, ${kindsOfBits}) for its bits, ${converted} for its numbers`;
}

/** What says what the bits of a Uint16Array are. */
const kindsOfBits = "{ dtype: 'float16' or 'bfloat16' }";

/** The expression that makes a typed array of what has numbers in it, or undefined where that has none. */
function conversion(name: string, data: unknown, kind = 'Float32Array'): string | undefined {
  const first = typeName(data) !== undefined || Array.isArray(data) ? (data as ArrayLike<unknown>)[0] : '';
  // Of a list within a list it would make NaN.
  if (typeof first === 'string' || typeof first === 'object') return undefined;
  return `${kind}.from(${name}${typeof first === 'bigint' ? ', Number' : ''})`;
}

function tagOf(x: unknown): string {
  // `x instanceof ArrayBuffer` is false for one of another realm.
  return Object.prototype.toString.call(x).slice('[object '.length, -1);
}
