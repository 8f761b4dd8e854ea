// Files changed at random, by a number that says how: anywhere, and where their fields are.
import { zipChunks } from '../../../lib/files/zip/write.js';

export type Format = 'npy' | 'npz' | 'safetensors';
export interface File {
  readonly name: string;
  readonly format: Format;
  readonly bytes: Uint8Array;
}

/** A changed file; `isRemade` where it is a whole .npz file of another .npy file. */
export interface Mutated extends File {
  readonly isRemade: boolean;
}

/** Numbers from 0 to below a limit, the same for the same seed (mulberry32). */
export type Random = (below: number) => number;
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const pick = <Item>(random: Random, items: readonly Item[]): Item => items[random(items.length)]!;
const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

type Mutation = (bytes: Uint8Array, random: Random, files: readonly File[]) => Uint8Array;

/** Anywhere in a file, whatever it is. */
const anywhere: readonly Mutation[] = [
  function flipBits(bytes, random) {
    for (let count = 1 + random(8); count > 0; count--) {
      const at = random(bytes.length);
      bytes[at] = bytes[at]! ^ (1 << random(8));
    }
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[random(bytes.length)] = pick(random, [0, 1, 0x20, 0x7f, 0x80, 0xff, random(256)]);
    return bytes;
  },
  function cutEnd(bytes, random) {
    return bytes.subarray(0, random(bytes.length));
  },
  function cutStart(bytes, random) {
    return bytes.subarray(1 + random(bytes.length));
  },
  function cutMiddle(bytes, random) {
    const from = random(bytes.length);
    return joined(bytes.subarray(0, from), bytes.subarray(from + 1 + random(64)));
  },
  function repeat(bytes, random) {
    const from = random(bytes.length);
    const to = from + random(bytes.length - from);
    return joined(bytes.subarray(0, to), bytes.subarray(from));
  },
  function insert(bytes, random) {
    const at = random(bytes.length + 1);
    const more = Uint8Array.from({ length: 1 + random(32) }, () => random(256));
    return joined(bytes.subarray(0, at), more, bytes.subarray(at));
  },
  function splice(bytes, random, files) {
    const other = pick(random, files).bytes;
    return joined(bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1)));
  },
  function setNumber(bytes, random) {
    return withNumber(bytes, random(bytes.length), random);
  },
];

/** Numbers that lie at an edge of something. */
function edge(random: Random, length: number): bigint {
  const power = 2n ** BigInt(pick(random, [0, 7, 8, 15, 16, 31, 32, 53, 63, 64]));
  const near = pick(random, [power, BigInt(length), BigInt(random(length + 1)), 0n]) + BigInt(random(3) - 1);
  return BigInt.asUintN(64, near);
}

/** A number of 2, 4 or 8 bytes written at a place. */
function withNumber(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const width = pick(random, [2, 4, 8]);
  let value = edge(random, bytes.length);
  for (let i = 0; i < width && at + i < bytes.length; i++, value >>= 8n) bytes[at + i] = Number(value & 255n);
  return bytes;
}

/** Another header of text in the place of the one that a file has, its length told. */
function withHeader(bytes: Uint8Array, format: 'npy' | 'safetensors', random: Random): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) return bytes;
  const isFirst = format === 'npy' && bytes[6] === 1;
  const [from, place] = format === 'safetensors' ? [8, 0] : [isFirst ? 10 : 12, 8];
  const length = format === 'npy' && isFirst ? view.getUint16(place, true) : view.getUint32(place, true);
  const text = Buffer.from(bytes.subarray(from, from + length)).toString('latin1');
  const header = Buffer.from(changed(text, random), 'latin1');
  const start = bytes.slice(0, from);
  const told = new DataView(start.buffer);
  if (isFirst) told.setUint16(place, header.length, true);
  else told.setUint32(place, header.length, true);
  return joined(start, header, bytes.subarray(from + length));
}

const words = [
  ...[
    "'<f4'",
    "'>f8'",
    "'<V2'",
    "'|b1'",
    "'<i8'",
    "'f4'",
    "'|O'",
    'True',
    'False',
    'None',
    '(1,)',
    '()',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    ',',
  ],
  ...[
    '"F32"',
    '"F4"',
    '"BF16"',
    '"I64"',
    '"BOOL"',
    '[0,8]',
    '"__metadata__":',
    '{"a":"b"}',
    '"x":',
    'null',
    ':',
    "'",
    '"',
    '\\',
    '#',
    '\n',
    ' ',
    '1e9',
    '0x10',
    '-',
  ],
];

function changed(text: string, random: Random): string {
  const tokens = text.match(/\d+|[A-Za-z_]\w*|'[^']*'|"[^"]*"|\s+|./g) ?? [''];
  const numbers = tokens.flatMap((token, i) => (/^\d/.test(token) ? [i] : []));
  const at = random(2) === 0 && numbers.length > 0 ? pick(random, numbers) : random(tokens.length);
  const how = random(5);
  if (how === 0) tokens.splice(at, 1);
  else if (how === 1) tokens.splice(at, 0, pick(random, words));
  else if (how === 2) tokens[at] = pick(random, words);
  else if (how === 3) tokens[at] = String(edge(random, 1000));
  else tokens.splice(at, 0, ...tokens.slice(at, at + 1 + random(24)));
  return tokens.join('');
}

/** A number in one of the parts of a zip file. */
function inZip(bytes: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const places = [...text.matchAll(/PK/g)].map(({ index }) => index);
  return places.length === 0 ? bytes : withNumber(bytes, pick(random, places) + random(56), random);
}

/** A whole zip file around a .npy file that is not. */
function around(random: Random, files: readonly File[]): Uint8Array {
  const npy = pick(
    random,
    files.filter(({ format }) => format === 'npy'),
  );
  const inner = withHeader(npy.bytes.slice(), 'npy', random);
  return joined(...zipChunks([['x.npy', [inner]]], random(2) === 0));
}

/** A file changed in the way that a number says. */
export function mutated(files: readonly File[], seed: number): Mutated {
  const random = randomOf(seed);
  const file = pick(random, files);
  const { format } = file;
  let bytes: Uint8Array = file.bytes.slice();
  const isRemade = format === 'npz' && random(4) === 0;
  if (isRemade) bytes = around(random, files);
  else if (random(2) === 0) bytes = format === 'npz' ? inZip(bytes, random) : withHeader(bytes, format, random);
  else bytes = pick(random, anywhere)(bytes, random, files);
  // Sometimes once more, elsewhere.
  if (random(4) === 0 && bytes.length > 0) bytes = pick(random, anywhere)(bytes, random, files);
  return { ...file, bytes, isRemade };
}
