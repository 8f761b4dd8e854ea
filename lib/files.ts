// What nonlin/files exports: .npy, .npz and .safetensors, from bytes and to bytes, and in Node by the names of files.
import { describe, naming } from './basics/errors.js';
import type { DType } from './basics/floats.js';
import { checkOptions, optionOf } from './basics/options.js';
import type { FilePath } from './environment/storage.js';
import type { Catalogue } from './files/catalogue.js';
import { formatOf, loadFrom, openAs, saveAs } from './files/named.js';
import { npyChunks, npysIn, readNumbers as read } from './files/npy.js';
import { npzChunks, npzIn, npzStream } from './files/npz.js';
import type { NumberArray, Numbers, NumbersInfo } from './files/numbers.js';
import { checkBytes, joined, type Reading, readFrom } from './files/reading.js';
import { safetensorsChunks, safetensorsIn } from './files/safetensors.js';
import {
  asTensor,
  checkSaveOptions,
  compressOption,
  dtypeOption,
  metadataOption,
  type NpzOptions,
  onlyTensor,
  type ReadOptions,
  type SafetensorsOptions,
  type TensorsByName,
  tensorsIn,
} from './files/settings.js';
import { type TensorFile, Tensors, tensorOf } from './files/tensors.js';
import type { Tensor, TensorSource } from './tensor/tensor.js';

export type {
  FilePath,
  NpzOptions,
  NumberArray,
  Numbers,
  NumbersInfo,
  ReadOptions,
  SafetensorsOptions,
  TensorFile,
  Tensors,
  TensorsByName,
};

/**
 * The first array of a .npy file, as `np.load` reads it: of format 1.0, 2.0 or 3.0, float16, float32, float64 or bfloat16 as ml_dtypes
 * writes it, of either byte order, in C or Fortran order. Its memory is that of `bytes` where it lies there as it has to, else a copy. What
 * follows the array is left alone.
 *
 * @throws TypeError where it is no such file or holds integers and there is no `dtype` to convert them to, RangeError where it ends
 * too early.
 * @example readNpy(await readFile('x.npy')).shape; // [2, 3]
 */
export function readNpy<D extends DType = DType>(bytes: Uint8Array, options?: ReadOptions<D>): Tensor<D> {
  const dtype = dtypeOption(options, 'readNpy');
  return naming('readNpy', () => tensorOf(read(bytes), dtype)) as Tensor<D>;
}

/** All arrays of a .npy file to which several were written, one after another. Reads, and throws, like {@link readNpy}. */
export function* readEachNpy<D extends DType = DType>(
  bytes: Uint8Array,
  options?: ReadOptions<D>,
): Generator<Tensor<D>, void> {
  const name = 'readEachNpy';
  const dtype = dtypeOption(options, name);
  const { members } = naming(name, () => {
    checkBytes(bytes, '.npy');
    return readFrom(bytes, npysIn(bytes.length));
  });
  for (const member of members.values())
    yield naming(name, () => tensorOf(readFrom(bytes, member.numbers()), dtype)) as Tensor<D>;
}

/** The numbers of a .npy file as they are, also integers and booleans (as bytes), with their shape and strides. Throws like {@link readNpy}. */
export function readNumbers(bytes: Uint8Array): Numbers {
  return naming('readNumbers', () => read(bytes));
}

/**
 * The bytes of a .npy file that holds a tensor: format 1.0, C order, the byte order of this machine. bfloat16 is written as ml_dtypes
 * does, and `np.load(file).view(ml_dtypes.bfloat16)` reads it.
 *
 * @throws TypeError where x is no tensor, nor anything that one can be made of.
 */
export function writeNpy(x: TensorSource): Uint8Array {
  return naming('writeNpy', () => joined(npyChunks(asTensor(x))));
}

/**
 * The arrays of a .npz file by their names, stored or deflated, each read when it is asked for and held against its checksum. Above 4 GiB
 * deflated ones are read by {@link load} and {@link open}.
 *
 * @throws TypeError where it is no such file, RangeError where its directory is damaged.
 * @example readNpz(await readFile('weights.npz')).get('bias'); // a Tensor
 */
export function readNpz<D extends DType = DType>(bytes: Uint8Array, options?: ReadOptions<D>): Tensors<D> {
  return tensorsOf(bytes, options, 'readNpz', '.npz', npzIn);
}

/**
 * The bytes of a .npz file of tensors, the same for the same tensors at any time. Above 4 GiB {@link save} compresses.
 *
 * @throws TypeError where what is to be written is not tensors by names, or an option is of the wrong kind; RangeError where there are more
 * bytes than an array may have.
 */
export function writeNpz(tensors: TensorsByName, options?: NpzOptions): Uint8Array {
  checkOptions(options, 'writeNpz', ['compress'], 'compress: true');
  const compress = compressOption(options, 'writeNpz');
  const all = tensorsIn(tensors, 'writeNpz');
  return naming('writeNpz', () => joined(npzChunks(all, compress)));
}

/**
 * The tensors of a .safetensors file by their names, each read when it is asked for, and its `metadata`. The header is checked as
 * Hugging Face's own implementation does.
 *
 * @throws TypeError where it is no such file, RangeError where sizes and places in it do not fit.
 */
export function readSafetensors<D extends DType = DType>(bytes: Uint8Array, options?: ReadOptions<D>): Tensors<D> {
  return tensorsOf(bytes, options, 'readSafetensors', '.safetensors', safetensorsIn);
}

/**
 * The bytes of a .safetensors file of tensors, the same that Hugging Face's own implementation writes.
 *
 * @throws like {@link writeNpz}; TypeError where `metadata` is not of strings.
 */
export function writeSafetensors(tensors: TensorsByName, options?: SafetensorsOptions): Uint8Array {
  checkOptions(options, 'writeSafetensors', ['metadata'], "metadata: { format: 'pt' }");
  const metadata = metadataOption(options, 'writeSafetensors');
  const all = tensorsIn(tensors, 'writeSafetensors');
  return naming('writeSafetensors', () => joined(safetensorsChunks(all, metadata)));
}

/**
 * One tensor of a file, of which no more is read than that takes: by its `name`, where there are several. The ending of the path tells the
 * format, .npy, .npz or .safetensors; of a .npy file it is the first array. Files may have any size.
 *
 * @throws TypeError, RangeError like {@link readNpz}, and an Error with Node's `code` where there is no such file.
 * @example await load('model.safetensors', { name: 'lm_head.weight' });
 */
export async function load<D extends DType = DType>(
  path: FilePath,
  options?: ReadOptions<D> & { readonly name?: string | undefined },
): Promise<Tensor<D>> {
  const dtype = dtypeOption(options, 'load', ['name']);
  const name = optionOf(options as Readonly<Record<string, unknown>> | undefined, 'name');
  if (name !== undefined && typeof name !== 'string')
    throw new TypeError(`load: name must be a string, got ${describe(name)}`);
  return (await loadFrom(path, formatOf(path, 'load'), name, dtype)) as Tensor<D>;
}

/**
 * Opens a file of several tensors, to read some of them by name, each from its place; of a .npy file with several arrays they are
 * `arr_0`, `arr_1` and so on. It is to be closed.
 *
 * @throws like {@link load}.
 * @example const file = await open('model.safetensors');
 * for await (const [name, tensor] of file) console.log(name, tensor.shape);
 * await file.close();
 */
export async function open<D extends DType = DType>(path: FilePath, options?: ReadOptions<D>): Promise<TensorFile<D>> {
  const dtype = dtypeOption(options, 'open');
  return (await openAs(path, formatOf(path, 'open'), dtype)) as TensorFile<D>;
}

/**
 * Writes a tensor to a .npy file, or tensors by name to a .npz or .safetensors file, as the ending of the path tells. The file is written
 * under another name beside its own and then renamed: whoever reads it has the old one or the new one, and where anything fails
 * nothing stays.
 *
 * @throws TypeError where the ending is none of these, or what is to be written does not fit it; an Error with Node's `code` where it cannot be.
 * @example await save('y.npy', y);
 * await save('out.npz', { x, y }, { compress: true });
 */
export async function save(
  path: FilePath,
  content: TensorSource | TensorsByName,
  options?: NpzOptions & SafetensorsOptions,
): Promise<void> {
  const format = formatOf(path, 'save');
  checkSaveOptions(options, format);
  if (format === 'npy') return saveAs(path, npyChunks(onlyTensor(content, 'save')));
  const all = tensorsIn(content, 'save');
  const given = options as Readonly<Record<string, unknown>> | undefined;
  if (format === 'npz') return saveAs(path, npzStream(all, compressOption(given, 'save')));
  return saveAs(path, safetensorsChunks(all, metadataOption(given, 'save')));
}

function tensorsOf<D extends DType>(
  bytes: unknown,
  options: unknown,
  name: string,
  ending: string,
  reader: (size: number) => Reading<Catalogue>,
): Tensors<D> {
  const dtype = dtypeOption(options, name);
  const what = `the ${ending} file`;
  return naming(name, () => {
    checkBytes(bytes, ending);
    const catalogue = naming(what, () => readFrom(bytes, reader(bytes.length)));
    return new Tensors(bytes, catalogue, { what, dtype });
  });
}
