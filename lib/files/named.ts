// Files by their names, of which the last letters tell the format.
import { describe } from '../basics/errors.js';
import type { DType } from '../basics/floats.js';
import { type Chunks, type FilePath, type OpenFile, openFile, replaceFile } from '../environment/storage.js';
import type { Tensor } from '../tensor/tensor.js';
import { npyAt, npysIn } from './npy.js';
import { npzIn } from './npz.js';
import { readFile } from './reading.js';
import { safetensorsIn } from './safetensors.js';
import { type As, inFileOf, namesIn, TensorFile, tensorOf } from './tensors.js';

const formats = { npy: npysIn, npz: npzIn, safetensors: safetensorsIn };
export type Format = keyof typeof formats;

/** The format that a path says, for the function `name`. */
export function formatOf(path: unknown, name: string): Format {
  const href = typeof path === 'object' && path !== null ? (path as { readonly href?: unknown }).href : path;
  if (typeof href !== 'string')
    throw new TypeError(`${name}: the path must be a string or a URL, got ${describe(path)}`);
  const [, ending = ''] = /\.(\w+)$/.exec(href) ?? [];
  const format = ending.toLowerCase();
  if (!Object.hasOwn(formats, format))
    throw new TypeError(`${name}: the path must end in .npy, .npz or .safetensors, got ${describe(href)}`);
  return format as Format;
}

const textOf = (path: FilePath) => (typeof path === 'string' ? path : path.href);

/** A file that is open, with what it has, for `open` or for whoever opens it; closed again where that cannot be read. */
export async function openAs(path: FilePath, format: Format, dtype: DType | undefined, by?: string) {
  const as: As = { ...(by !== undefined && { by }), what: textOf(path), dtype };
  return opened(path, as, async (file) => new TensorFile(file, await readFile(file, formats[format](file.size)), as));
}

async function opened<Result>(path: FilePath, { by = 'open', what }: As, use: (file: OpenFile) => Promise<Result>) {
  let file: OpenFile | undefined;
  try {
    file = await openFile(path);
    return await use(file);
  } catch (error) {
    await file?.close();
    throw inFileOf(by, what, error);
  }
}

/** One tensor of a file: by its name, or the only one; of a .npy file the first. */
export async function loadFrom(
  path: FilePath,
  format: Format,
  member: string | undefined,
  dtype: DType | undefined,
): Promise<Tensor<DType>> {
  const as: As = { by: 'load', what: textOf(path), dtype };
  if (format === 'npy' && member === undefined)
    return opened(path, as, async (file) => {
      const tensor = tensorOf(await readFile(file, npyAt(0, file.size)), dtype);
      await file.close();
      return tensor;
    });
  const file = await openAs(path, format, dtype, 'load');
  try {
    const [only] = file.keys();
    if (member === undefined && file.size !== 1)
      throw new TypeError(
        `load: ${as.what} has ${file.size} tensors: pass { name } with one of them${namesIn(file.keys())}`,
      );
    return await file.get(member ?? only!);
  } finally {
    await file.close();
  }
}

/** Writes the pieces of a file, in the place of one of that name. */
export async function saveAs(path: FilePath, chunks: Chunks): Promise<void> {
  try {
    await replaceFile(path, chunks);
  } catch (error) {
    throw inFileOf('save', textOf(path), error);
  }
}
