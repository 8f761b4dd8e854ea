// What to pass in place of what cannot be read, for the end of the message of an error.

import { shapeText } from '../../basics/allocate.js';
import { bytesOf, lengthOf, typeName } from '../../basics/floats.js';
import { sizeOf } from '../layouts/shape.js';
import { isArrow } from './arrow.js';

/** An object of another library's, of which nothing is known. */
export type Foreign = Readonly<Record<string | symbol, unknown>>;

/** What to pass in place of x, for the end of the message of an error; empty where there is nothing to say. */
export function advice(x: unknown): string {
  const name = tagOf(x);
  if (name === 'ArrayBuffer' || name === 'SharedArrayBuffer') return '; pass new Float32Array(x)';
  if (name === 'Uint8Array')
    return "; pass Float32Array.from(x) for its numbers, new Tensor(x, { dtype: 'float32' }) for the floats in its bytes";
  if (name === 'DataView') return '; pass new Float32Array(x.buffer.slice(x.byteOffset, x.byteOffset + x.byteLength))';
  if (typeof x !== 'object' || x === null) return '';
  if (Array.isArray(x)) return '; pass new Tensor(x)';
  if (typeName(x) === 'Uint16Array')
    return `; pass new Tensor(x, ${kindsOfBits}) for its bits, ${conversion('x', x)} for its numbers`;
  const given = x as Foreign;
  if (typeName(x) !== undefined) return `; pass ${conversion('x', x)}`;
  if (typeof given.then === 'function') return '; await it first';
  if (isArrow(x)) return '; pass new Tensor(x)';
  if (typeof given.toArray === 'function') return '; pass x.toArray()';
  if ('values' in x && 'shape' in x) return '; pass { data: x.values, shape: x.shape }';
  return 'selection' in x ? '; pass x.selection' : '';
}

/** What to pass in place of a flat array that has the elements of a shape, and messages call `what`. */
export function shapeAdvice(x: unknown, what: string, shape: readonly number[]): string {
  if (typeName(x) === undefined || lengthOf(x as ArrayBufferView) !== sizeOf(shape)) return '';
  return `; pass new Tensor(${what}, { shape: ${shapeText(shape)} })`;
}

/** Like `advice`, for the data of a tensor that is otherwise as it should be, and whose numbers are to be of a kind. */
export function dataAdvice(data: unknown, like: Foreign, kind = 'Float32Array'): string {
  if (typeof data === 'function')
    return typeof like.dataSync === 'function'
      ? '; pass { data: x.dataSync(), shape: x.shape }'
      : '; pass { data, shape } with what it returns';
  // Of transformers.js, whose own conversion knows every type.
  if ('ort_tensor' in like) return `; pass x.to('float32')`;
  const type = like.dtype ?? like.type;
  if (typeName(data) === 'Uint16Array' && (type === 'float16' || type === 'bfloat16')) return `; pass new Tensor(x)`;
  // What toJSON writes.
  const isJSON = Array.isArray(data) && Object.keys(like).sort().join() === 'data,dtype,shape';
  if (isJSON && Object.hasOwn(bytesOf, String(like.dtype))) return '; pass Tensor.fromJSON(x)';
  const numbers = conversion('x.data', data, kind);
  if (numbers === undefined) return '';
  const layout = ['dims' in like ? 'dims' : 'shape', 'strides', 'stride', 'offset'].filter((name) => name in like);
  const converted = `{ data: ${[numbers, ...layout.map((name) => `${name}: x.${name}`)].join(', ')} }`;
  if (typeName(data) !== 'Uint16Array') return `; pass ${converted}`;
  return `; pass new Tensor(x, ${kindsOfBits}) for its bits, ${converted} for its numbers`;
}

/** What says what the bits of a Uint16Array are. */
const kindsOfBits = "{ dtype: 'float16' or 'bfloat16' }";

/** The expression that makes a typed array of what has numbers in it, or undefined where that has none. */
function conversion(name: string, data: unknown, kind = 'Float32Array'): string | undefined {
  const first = typeName(data) !== undefined || Array.isArray(data) ? (data as ArrayLike<unknown>)[0] : '';
  if (typeof first === 'string') return undefined;
  return `${kind}.from(${name}${typeof first === 'bigint' ? ', Number' : ''})`;
}

function tagOf(x: unknown): string {
  // `x instanceof ArrayBuffer` is false for one of another realm.
  return Object.prototype.toString.call(x).slice('[object '.length, -1);
}
