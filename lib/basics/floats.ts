// What a value is and where it lies, asked of the typed array's own getters: a subclass or an own property cannot answer in
// their place, arrays of another realm (a vm context, a Jest test) answer too, and V8 compiles them to a few instructions, where
// `instanceof` walks the prototypes and `x.byteOffset` or `x.BYTES_PER_ELEMENT` is a call (Node 20).

/** The typed arrays that the activations take and give. */
export type FloatArray = Float32Array | Float64Array;

/** Their element types. */
export type FloatDType = 'float32' | 'float64';

// Spelled so that the types do not ask for a library that has it.
type Float16 = typeof globalThis extends { readonly Float16Array: { readonly prototype: infer A } } ? A : never;
/** The typed arrays of numbers of 16 bits, of which halves.ts tells. */
export type HalfArray = Uint16Array | Float16;
export type HalfDType = 'float16' | 'bfloat16';

/** The typed arrays that a Tensor may lie in. */
export type Data = FloatArray | HalfArray;
/** The element types of a Tensor, and the bytes of an element of each. */
export const bytesOf = { float32: 4, float64: 8, float16: 2, bfloat16: 2 } as const satisfies Record<string, number>;
export type DType = FloatDType | HalfDType;

const getter = (name: PropertyKey) =>
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Float32Array.prototype), name)!.get!;
const tag = getter(Symbol.toStringTag);
const length = getter('length');
const offset = getter('byteOffset');
const buffer = getter('buffer');
const { set, values } = Float32Array.prototype;

/** `'Float32Array'` and so on for a typed array, undefined for everything else. */
export function typeName(x: unknown): string | undefined {
  return tag.call(x);
}

export function isFloatArray(x: unknown): x is FloatArray {
  const name = typeName(x);
  return name === 'Float32Array' || name === 'Float64Array';
}

export function isFloat32(x: Data): x is Float32Array {
  return typeName(x) === 'Float32Array';
}

export function dtypeOf(data: FloatArray): FloatDType {
  return isFloat32(data) ? 'float32' : 'float64';
}

// V8 inlines these getters where it knows the hidden class of x, which it learns from an access: to read a property that no array
// has makes 1.5 ns of 5.2 (Node 20). The caller could have a property of any other name.
export const nothing = Symbol();
type Readable = { readonly [nothing]?: never };

/**
 * The number of elements; 0 also where the memory is gone, which `lossOf` tells. Always a call, of some 5 ns: what V8 inlines in its place
 * has for an array that was transferred its old length, once the same code has seen one over a resizable buffer (Node 20).
 */
export function lengthOf(x: ArrayBufferView): number {
  return length.call(x);
}

/** The same in 1.5 ns, of arrays whose memory is known to be there. */
export function lengthOfPresent(x: FloatArray | Uint8Array | Uint16Array): number {
  void (x as Readable)[nothing];
  return length.call(x);
}

/** The first byte of an array in its buffer. */
export function byteOffset(x: FloatArray | Uint8Array | Uint16Array): number {
  void (x as Readable)[nothing];
  return offset.call(x);
}

/** The buffer of an array. V8 keeps one of up to 64 bytes without, and makes it when it is first asked for: 230 ns. */
export function bufferOf(x: FloatArray | Uint8Array | Uint16Array): ArrayBufferLike {
  return buffer.call(x);
}

/** The bytes between one element and the next. */
export function elementBytes(x: Data | Uint8Array): 1 | 2 | 4 | 8 {
  const name = typeName(x);
  return name === 'Float32Array' ? 4 : name === 'Float64Array' ? 8 : name === 'Uint8Array' ? 1 : 2;
}

/** Whether some byte lies in both, as far as their buffers tell. */
export function shareMemory(a: Data | Uint8Array, b: Data): boolean {
  if (a === b) return true;
  const [from, to] = [byteOffset(a), byteOffset(b)];
  // The ranges first: to ask for a buffer is slow.
  if (from >= to + lengthOf(b) * elementBytes(b) || to >= from + lengthOf(a) * elementBytes(a)) return false;
  return bufferOf(a) === bufferOf(b);
}

/** `count` elements from `first` on, in the same memory. */
export function part(x: FloatArray, first: number, count: number): FloatArray {
  const at = byteOffset(x) + first * elementBytes(x);
  return isFloat32(x) ? new Float32Array(bufferOf(x), at, count) : new Float64Array(bufferOf(x), at, count);
}

/** Copies the elements of one array over the first of another. Apart from the next, as V8 inlines what is so short everywhere. */
export function copyOver<A extends FloatArray | Uint16Array>(target: A, source: A): void {
  set.call(target as Float32Array, source as Float32Array);
}

/** The same from `first` on. */
export function copyAt<A extends FloatArray | Uint16Array | Uint8Array>(target: A, source: A, first: number): void {
  set.call(target as Float32Array, source as Float32Array, first);
}

/** What became of the memory of an array without elements: undefined where it is just empty. */
export function lossOf(x: ArrayBufferView): 'transferred' | 'shrunk' | undefined {
  // The methods of an array throw where its memory is gone, in every runtime; this one does nothing else.
  if (!throws(() => values.call(x as Float32Array))) return undefined;
  return throws(() => new Uint8Array(buffer.call(x))) ? 'transferred' : 'shrunk';
}

function throws(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
