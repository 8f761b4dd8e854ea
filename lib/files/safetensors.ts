// .safetensors files: a header of JSON, and the numbers of one tensor after another, in little-endian order.
import { bytesOf, type DType } from '../basics/floats.js';
import { contiguousStrides } from '../tensor/layouts/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Catalogue, Member } from './catalogue.js';
import { elementsOf } from './npy.js';
import { hostIsLittleEndian } from './npy-header.js';
import { littleEndian, nameOf, numbersAt } from './numbers.js';
import { bytesIn, type Reading, viewOf } from './reading.js';
import { type Entry, mostHeader, safetensorsHeader } from './safetensors-header.js';

/** The tensors of a file of `size` bytes, in the order in which they lie. */
export function* safetensorsIn(size: number): Reading<Catalogue> {
  const { entries, metadata } = yield* safetensorsHeader(size);
  return { members: new Map(entries.map((entry) => [entry.name, memberOf(entry)])), metadata };
}

function memberOf({ dtype, kind, shape, at }: Entry): Member {
  return {
    // biome-ignore lint/correctness/useYield: it is known already, and elsewhere it has to be read
    *info() {
      return { dtype: kind === undefined ? dtype : nameOf(kind), shape };
    },
    *numbers() {
      if (kind === undefined)
        throw new TypeError(
          `its dtype ${dtype} is not read: accepted are floats of 16, 32 and 64 bits, integers and BOOL`,
        );
      return yield* numbersAt(at, kind, !hostIsLittleEndian, shape, contiguousStrides(shape));
    },
  };
}

/** In the order in which tensors are written: of a size to be a multiple of, the largest first, so that each lies aligned. */
const names: Readonly<Record<DType, string>> = { float64: 'F64', float32: 'F32', bfloat16: 'BF16', float16: 'F16' };
const order = Object.keys(names);

/** The pieces of a .safetensors file, the same bytes that its own implementation writes. */
export function* safetensorsChunks(
  tensors: Iterable<readonly [string, Tensor<DType>]>,
  metadata: Readonly<Record<string, string>> | undefined,
): Generator<Uint8Array> {
  const sorted = [...tensors].sort(
    ([a, { dtype: c }], [b, { dtype: d }]) => order.indexOf(c) - order.indexOf(d) || (a < b ? -1 : 1),
  );
  let at = 0;
  const entries = sorted.map(([name, { dtype, shape, size }]): readonly [string, unknown] => {
    if (name === '__metadata__') throw new TypeError('no tensor can have the name __metadata__');
    const from = at;
    at += size * bytesOf[dtype];
    return [name, { dtype: names[dtype], shape, data_offsets: [from, at] }];
  });
  const header: readonly (readonly [string, unknown])[] =
    metadata === undefined ? entries : [['__metadata__', metadata], ...entries];
  yield headerOf(header);
  for (const [, tensor] of sorted) yield* bytesIn(littleEndian(elementsOf(tensor), bytesOf[tensor.dtype]));
}

function headerOf(entries: readonly (readonly [string, unknown])[]): Uint8Array {
  // Not of an object, which would put names that are numbers first.
  const fields = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const text = new TextEncoder().encode(`{${fields.join()}}`);
  if (text.length > mostHeader)
    throw new RangeError(`the header has ${text.length} bytes: the format allows ${mostHeader}`);
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  viewOf(header).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}
