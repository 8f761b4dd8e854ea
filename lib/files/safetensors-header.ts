// The header of a .safetensors file: JSON of unknown origin, of which everything is checked as the format's own implementation does
// (huggingface/safetensors, tensor.rs): its size, its types, and that the tensors lie one after another without a gap.

import { checkNotNpy, type NumberKind } from './npy-header.js';
import { countOf } from './numbers.js';
import { bytesAt, type Reading, viewOf } from './reading.js';
import { textOf } from './zip/names.js';

/** As many bytes as the format allows. */
export const mostHeader = 100_000_000;

/** The types of the format: what NumPy calls those that nonlin reads, and how many bits others have. */
const types: Readonly<Record<string, NumberKind | number>> = {
  BOOL: 'b1',
  U8: 'u1',
  I8: 'i1',
  U16: 'u2',
  I16: 'i2',
  U32: 'u4',
  I32: 'i4',
  U64: 'u8',
  I64: 'i8',
  F16: 'f2',
  BF16: 'V2',
  F32: 'f4',
  F64: 'f8',
  C64: 64,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E5M2FNUZ: 8,
  F8_E4M3FNUZ: 8,
  F8_E8M0: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
};

/** What a header says of one tensor. */
export interface Entry {
  readonly name: string;
  /** As the file has it. */
  readonly dtype: string;
  /** What NumPy calls it; undefined where nonlin does not read it. */
  readonly kind: NumberKind | undefined;
  readonly shape: readonly number[];
  /** Where it begins in the file. */
  readonly at: number;
}

export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The header of a file of `size` bytes, its tensors in the order in which they lie. */
export function* safetensorsHeader(size: number): Reading<Header> {
  if (size < 8) throw new RangeError(`it is truncated: it has ${size} of the 8 bytes that say how long its header is`);
  const first = yield* bytesAt(0, 8);
  checkNotNpy(first);
  const length = viewOf(first).getBigUint64(0, true);
  if (length > mostHeader)
    throw new RangeError(`its header is said to have ${length} bytes: accepted are ${mostHeader}`);
  const start = 8 + Number(length);
  if (start > size) throw new RangeError(`it is truncated: it has ${size - 8} of ${length} bytes of its header`);
  const bytes = yield* bytesAt(8, Number(length));
  if (bytes[0] !== 0x7b) throw new TypeError('its header does not start with {');
  const text = textOf(bytes, 'it has a header');
  const { __metadata__: metadata, ...tensors } = parse(text);
  const entries = Object.entries(tensors).map(([name, info]) => entryOf(name, info));
  checkOffsets(entries, size - start);
  return {
    entries: entries.map(({ name, dtype, kind, shape, from }) => ({ name, dtype, kind, shape, at: start + from })),
    metadata: checkMetadata(metadata),
  };
}

type Dictionary = Record<string, unknown>;
const isDictionary = (value: unknown): value is Dictionary =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(text: string): Dictionary {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`its header is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new TypeError(`its header has two entries ${JSON.stringify(twice)}`);
  return header as Dictionary;
}

/** A key that an object of JSON has twice, of which parsers take either; undefined where there is none. */
function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const letter = json[at];
    if (letter === '{') open.push(new Set());
    else if (letter === '}') open.pop();
    else if (letter === '"') {
      const from = at;
      at = endOfString(json, at);
      behind.lastIndex = at + 1;
      if (!behind.test(json)) continue;
      const key = JSON.parse(json.slice(from, at + 1)) as string;
      if (open.at(-1)!.has(key)) return key;
      open.at(-1)!.add(key);
    }
  }
  return undefined;
}

/** What makes a string a key. */
const behind = /[ \t\r\n]*:/y;

/** The quote that ends the string which begins at a place: the first one behind an even number of backslashes. */
function endOfString(json: string, from: number): number {
  for (let at = json.indexOf('"', from + 1); ; at = json.indexOf('"', at + 1)) {
    let slashes = 0;
    while (json[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at;
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const areSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize);

interface Placed extends Omit<Entry, 'at'> {
  readonly from: number;
  readonly to: number;
}

function entryOf(name: string, info: unknown): Placed {
  const tensor = `its tensor ${JSON.stringify(name)}`;
  if (!isDictionary(info)) throw new TypeError(`${tensor} is described by no object`);
  const { dtype, shape, data_offsets: offsets } = info;
  if (typeof dtype !== 'string' || !Object.hasOwn(types, dtype))
    throw new TypeError(`${tensor} has an unknown dtype, ${JSON.stringify(dtype)}`);
  if (!areSizes(shape)) throw new TypeError(`${tensor} has a shape that is no list of sizes: ${JSON.stringify(shape)}`);
  if (!areSizes(offsets) || offsets.length !== 2)
    throw new TypeError(`${tensor} has data_offsets that are no two places: ${JSON.stringify(offsets)}`);
  const type = types[dtype]!;
  const kind = typeof type === 'string' ? type : undefined;
  const [from, to] = offsets as [number, number];
  const bits = typeof type === 'string' ? 8 * Number(type[1]) : type;
  const bytes = (countOf(shape) * bits) / 8;
  if (bytes !== to - from)
    throw new RangeError(`${tensor} has ${to - from} bytes, shape ${JSON.stringify(shape)} of ${dtype} needs ${bytes}`);
  return { name, dtype, kind, shape, from, to };
}

/** Asserts that tensors fill the data, each beginning where the one before it ends, and puts them in that order. */
function checkOffsets(entries: Placed[], size: number): void {
  entries.sort((a, b) => a.from - b.from || a.to - b.to);
  let end = 0;
  for (const { name, from, to } of entries) {
    if (from !== end) {
      const how = from > end ? 'leaves a gap before it' : 'overlaps the one before it';
      throw new RangeError(
        `its tensor ${JSON.stringify(name)} ${how}: it begins at ${from}, and ${end} bytes are taken`,
      );
    }
    end = to;
  }
  if (end !== size) {
    const verdict = end > size ? 'truncated' : 'too long';
    throw new RangeError(`it is ${verdict}: it has ${size} bytes of data, and its tensors need ${end}`);
  }
}

function checkMetadata(metadata: unknown): Readonly<Record<string, string>> {
  if (metadata === undefined || metadata === null) return Object.freeze({});
  if (!isDictionary(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw new TypeError('its __metadata__ is no object of strings');
  return Object.freeze(metadata as Record<string, string>);
}
