// Changed files, read: each gives a clear error or the right numbers, soon, and no more of them than it has; and a .npz file the same
// where it is not in memory, but read piece by piece.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenFile } from '../../../lib/environment/storage.js';
import { npzIn } from '../../../lib/files/npz.js';
import type { Numbers } from '../../../lib/files/numbers.js';
import { readFile, readFrom } from '../../../lib/files/reading.js';
import { readEachNpy, readNpz, readNumbers, readSafetensors, type Tensors } from '../../../lib/files.js';
import { type File, type Format, type Mutated, mutated } from './mutate.js';

/** What became of the files. */
export interface Outcome {
  readonly files: number;
  /** Arrays of which the numbers are right, and errors. */
  readonly read: number;
  readonly refused: number;
  /** How many different messages there were, their numbers left out. */
  readonly messages: number;
  /** Of the file that took longest. */
  readonly slowest: { readonly seconds: number; readonly seed: number };
}

/** The small files of a folder, and of those in it. */
export function filesIn(folder: string): File[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .flatMap((name): File[] => {
      const format = /\.(npy|npz|safetensors)$/.exec(name)?.[1] as Format | undefined;
      if (format === undefined) return [];
      const bytes = new Uint8Array(readFileSync(join(folder, name)));
      return bytes.length > 20_000 ? [] : [{ name, format, bytes }];
    });
}

const readers = { npz: readNpz, safetensors: readSafetensors };

/** What reads each array of a file. */
function arraysIn({ format, bytes }: Pick<File, 'format' | 'bytes'>): (() => Numbers)[] {
  if (format === 'npy') return [() => readNumbers(bytes)];
  const file: Tensors = readers[format](bytes);
  return [...file.keys()].map((name) => () => file.numbers(name)!);
}

const textOf = ({ data, dtype, shape, strides }: Numbers) =>
  `${data.constructor.name} ${dtype} ${shape} ${strides} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`;

/** What a message of ours says; those of V8's own checks are what this looks for. */
const ours =
  /^(read\w+|numbers): .*\.(npy|npz|safetensors) (file|format)|^(read\w+|numbers): the numbers are no floats/s;
const theirs =
  /outside the bounds|[Ii]nvalid (typed )?array|[Ss]tart offset|call stack|Cannot (read|convert|mix)|not iterable|not a function|allocation failed|cannot be allocated|byte length of/;

export async function fuzz(
  files: readonly File[],
  seed: number,
  count: number,
  tell: (done: number) => void,
): Promise<Outcome> {
  // Members of .npz files have checksums: whatever is read of one that is whole is one of these.
  const whole = new Set<string>();
  const nothing = () => {};
  for (const file of files)
    if (file.format === 'npz')
      for (const numbers of arraysIn(file)) attempt(() => whole.add(textOf(numbers())), nothing);

  const messages = new Set<string>();
  let [read, refused] = [0, 0];
  let slowest = { seconds: 0, seed };
  for (let i = 0; i < count; i++) {
    const file = mutated(files, seed + i);
    const begin = performance.now();
    const refuse = (error: Error) => {
      const { name, message } = error;
      if (!/^(Type|Range)Error$/.test(name) || !ours.test(message) || theirs.test(message))
        throw new Error(`seed ${seed + i}, ${file.name}: ${name}: ${message}`, { cause: error });
      messages.add(message.replace(/"(?:[^"\\]|\\.)*"|\d+/g, ''));
      refused++;
    };
    let total = 0;
    const readOne = (array: () => Numbers) => {
      const numbers = array();
      total += numbers.data.byteLength;
      check(file, numbers, whole);
      read++;
    };
    attempt(() => {
      for (const array of arraysIn(file)) attempt(() => readOne(array), refuse);
    }, refuse);
    if (total > file.bytes.length * (file.format === 'npz' ? 1032 : 1))
      throw new Error(`seed ${seed + i}: ${total} bytes`);
    if (file.format === 'npy') attempt(() => readAll(file.bytes), refuse);
    const seconds = (performance.now() - begin) / 1000;
    if (seconds > slowest.seconds) slowest = { seconds, seed: seed + i };
    // Other threads do a part of it, whose turn comes when it comes.
    if (file.format === 'npz') await compare(file, seed + i);
    tell(i + 1);
  }
  return { files: count, read, refused, messages: messages.size, slowest };
}

function attempt(act: () => void, refuse: (error: Error) => void): void {
  try {
    act();
  } catch (error) {
    refuse(error as Error);
  }
}

/** A file as one on a disk is read, of bytes. */
const opened = (bytes: Uint8Array): OpenFile => ({
  size: bytes.length,
  async read(at, length) {
    assert(at >= 0 && at + length <= bytes.length, 'more than the file has is asked for');
    return { buffer: bytes.slice(at, at + length).buffer, byteOffset: 0, byteLength: length, isOwn: true };
  },
  async close() {},
});

/** Asserts that what is read of a .npz file piece by piece is what is read of its bytes in memory, be it an error. */
async function compare({ bytes, name }: File, seed: number): Promise<void> {
  const file = opened(bytes);
  const same = (what: string, piecemeal: string, atOnce: string) => {
    if (piecemeal !== atOnce)
      throw new Error(`seed ${seed}, ${name}: ${what} is ${piecemeal} of the file and ${atOnce} of its bytes`);
  };
  const keys = ({ members }: { readonly members: ReadonlyMap<string, unknown> }) => [...members.keys()].join();
  const [piecemeal, atOnce] = [readFile(file, npzIn(file.size), 0), async () => readFrom(bytes, npzIn(bytes.length))];
  same('its directory', await told(piecemeal, keys), await told(atOnce(), keys));
  const catalogue = await piecemeal.catch(() => undefined);
  for (const [key, member] of catalogue?.members ?? []) {
    const numbers = async () => readFrom(bytes, member.numbers());
    same(key, await told(readFile(file, member.numbers(), 0), textOf), await told(numbers(), textOf));
    const info = async () => readFrom(bytes, member.info());
    same(
      `info of ${key}`,
      await told(readFile(file, member.info(), 0), JSON.stringify),
      await told(info(), JSON.stringify),
    );
  }
}

/** What something is, or its error, but for the words of whoever decompresses. */
const told = <Value>(value: Promise<Value>, text: (value: Value) => string): Promise<string> =>
  value.then(text, ({ name, message }: Error) => `${name} ${message.replace(/(?<=is said to have): .*/, '')}`);

function readAll(bytes: Uint8Array): void {
  for (const tensor of readEachNpy(bytes, { dtype: 'float64' })) tensor.size;
}

/** Asserts that what was read lies in the file. */
function check(file: Mutated, numbers: Numbers, whole: ReadonlySet<string>): void {
  const { data, shape, strides } = numbers;
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  assert(data.length === count, `${data.length} numbers for shape ${shape}`);
  assert(strides.length === shape.length, 'strides of another length');
  if (file.format === 'npz')
    assert(file.isRemade || whole.has(textOf(numbers)), 'a member that is none of those written');
  else assert(count === 0 || liesIn(numbers, file.bytes), 'numbers that are not in the file');
}

/** Whether the bytes of numbers stand in a file, in one order or the other. */
function liesIn({ data }: Numbers, bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const own = Buffer.from(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  if (file.includes(own)) return true;
  const width = data.BYTES_PER_ELEMENT;
  if (width > 1) own[`swap${(8 * width) as 16 | 32 | 64}`]();
  return file.includes(own);
}

function assert(holds: boolean, otherwise: string): asserts holds {
  // An error that is none of those allowed.
  if (!holds) throw new Error(`a wrong reading: ${otherwise}`);
}
