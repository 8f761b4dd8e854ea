// The arguments of what reads and writes files, checked.
import { describe, naming } from '../basics/errors.js';
import type { DType } from '../basics/floats.js';
import { checkOptions, isPlainObject, optionOf } from '../basics/options.js';
import { checkDType } from '../tensor/foreign/dtypes.js';
import { isTensorLike } from '../tensor/foreign/layout.js';
import { readParts } from '../tensor/foreign/sources.js';
import { broken, isIntact } from '../tensor/members.js';
import { Tensor, type TensorSource } from '../tensor/tensor.js';

export interface ReadOptions<D extends DType = DType> {
  /** What the numbers become. Without, floats keep their dtype, and integers and booleans are a TypeError. */
  readonly dtype?: D | undefined;
}

export interface NpzOptions {
  /** True to deflate the arrays, as `np.savez_compressed` does; false by default. */
  readonly compress?: boolean | undefined;
}

export interface SafetensorsOptions {
  /** What the file says of itself: `{ format: 'pt' }`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Tensors by their names: an object, a Map, or what gives pairs of both. */
export type TensorsByName = Readonly<Record<string, TensorSource>> | Iterable<readonly [string, TensorSource]>;

type Dictionary = Readonly<Record<string, unknown>> | undefined;

/** The dtype that options of reading have, beside others that `name` takes. */
export function dtypeOption(options: unknown, name: string, more: readonly string[] = []): DType | undefined {
  checkOptions(options, name, ['dtype', ...more], "dtype: 'float32'");
  const dtype = optionOf(options, 'dtype');
  try {
    checkDType(dtype);
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
  return dtype;
}

/** Whether arrays are to be deflated. */
export function compressOption(options: Dictionary, name: string): boolean {
  const compress = optionOf(options, 'compress') ?? false;
  if (typeof compress !== 'boolean')
    throw new TypeError(`${name}: compress must be true or false, got ${describe(compress)}`);
  return compress;
}

const saveOptions = { npy: [], npz: ['compress'], safetensors: ['metadata'] } as const;

/** Asserts that options of `save` are those of a format, and says of which they are otherwise. */
export function checkSaveOptions(options: unknown, format: keyof typeof saveOptions): void {
  const takes: readonly string[] = saveOptions[format];
  if (isPlainObject(options))
    for (const [other, names] of Object.entries(saveOptions))
      for (const option of names)
        if (Object.hasOwn(options, option) && !takes.includes(option))
          throw new TypeError(
            `save: there is no option \`${option}\` for a .${format} file, only for a .${other} file`,
          );
  checkOptions(options, 'save', takes, 'compress: true');
}

/** A copy of what a file is to say of itself. */
export function metadataOption(options: Dictionary, name: string): Readonly<Record<string, string>> | undefined {
  const metadata = optionOf(options, 'metadata');
  if (metadata === undefined) return undefined;
  const entries = isPlainObject(metadata) ? Object.entries(metadata) : [['', undefined]];
  for (const [, value] of entries)
    if (typeof value !== 'string')
      throw new TypeError(`${name}: metadata must be an object of strings, got ${describe(value ?? metadata)}`);
  return Object.fromEntries(entries) as Record<string, string>;
}

export function asTensor(x: TensorSource): Tensor<DType> {
  if (!(x instanceof Tensor)) {
    // In a bundle of its own this file has other Parts, which the Tensor reads by structure.
    const parts = readParts(x, undefined);
    const options = parts.half === undefined ? undefined : { dtype: parts.half };
    return new Tensor(parts, options) as unknown as Tensor<DType>;
  }
  if (!isIntact(x)) throw broken(x, 'x');
  return x as unknown as Tensor<DType>;
}

/** True for a single tensor, where names may be `data` and `shape` too. */
function isOne(x: object): boolean {
  const { data, shape, dims } = x as Readonly<Record<string, unknown>>;
  const sizes = dims ?? shape;
  return ArrayBuffer.isView(x) || (ArrayBuffer.isView(data) && (Array.isArray(sizes) || ArrayBuffer.isView(sizes)));
}

/** The tensor of a file that holds one. */
export function onlyTensor(content: unknown, name: string): Tensor<DType> {
  const isTensor = (x: unknown) => ArrayBuffer.isView(x) || isTensorLike(x);
  const values = content instanceof Map ? [...content.values()] : isPlainObject(content) ? Object.values(content) : [];
  if (values.length > 0 && values.every(isTensor) && !isOne(content as object))
    throw new TypeError(
      `${name}: a .npy file holds one tensor, got ${values.length} by name: let it end in .npz or .safetensors`,
    );
  return naming(name, () => asTensor(content as TensorSource));
}

/** The pairs of names and tensors that something has, all of which are looked at before anything is written. */
export function tensorsIn(tensors: unknown, name: string): readonly (readonly [string, Tensor<DType>])[] {
  if (
    typeof tensors !== 'object' ||
    tensors === null ||
    isOne(tensors) ||
    (Array.isArray(tensors) && tensors.some((pair) => !Array.isArray(pair) || typeof pair[0] !== 'string'))
  )
    throw new TypeError(`${name}: tensors must have names, as in { x: tensor }, got ${describe(tensors)}`);
  const pairs = Symbol.iterator in tensors ? [...(tensors as Iterable<unknown>)] : Object.entries(tensors);
  const names = new Set<string>();
  return pairs.map((pair): readonly [string, Tensor<DType>] => {
    const [key, tensor] = Array.isArray(pair) ? pair : [pair];
    if (typeof key !== 'string') throw new TypeError(`${name}: a name must be a string, got ${describe(key)}`);
    if (/\p{Surrogate}/u.test(key)) throw new TypeError(`${name}: the name ${JSON.stringify(key)} is not Unicode`);
    if (names.has(key)) throw new TypeError(`${name}: there are two tensors ${JSON.stringify(key)}`);
    names.add(key);
    try {
      return [key, asTensor(tensor as TensorSource)];
    } catch (error) {
      const { message } = error as Error;
      throw new TypeError(`${name}: ${JSON.stringify(key)} is no tensor: ${message}`, { cause: error });
    }
  });
}
