// One stream's way through a function: chunks in, as they happen to be cut, and those of results out, each in new memory.
import { checkPresent } from '../basics/checks.js';
import { describe, list } from '../basics/errors.js';
import { bufferOf, byteOffset, bytesOf, type Data, type DType, lengthOf, typeName } from '../basics/floats.js';
import { ofBits } from '../basics/halves.js';
import { nearest } from '../basics/nearest.js';
import { checkPlain } from '../basics/options.js';
import { type AnyFunction, bytesIn, type Flow, flowOf, leftOver, valuesIn, withoutMeaning } from './flow.js';

/** Bytes of little-endian values, or values. */
export type Chunk = Uint8Array | Data;

/** What becomes of a chunk: of a Buffer bare bytes. */
export type Results<C extends Chunk> = C extends Uint8Array ? Uint8Array : C;

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** What the values of an array are; undefined where the stream's `dtype` has to say it. */
const dtypesOf: Readonly<Record<string, DType | undefined>> = {
  Uint8Array: undefined,
  Uint16Array: undefined,
  Float16Array: 'float16',
  Float32Array: 'float32',
  Float64Array: 'float64',
};

export class Passage {
  /** A function's options without those of the stream. */
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #dtype: DType | undefined;
  readonly #row: number | undefined;
  #flow: Flow;
  /** The class of the first chunk, which all have. */
  #kind: string | undefined;
  /** Bytes that make no whole value or row yet, the first so many of these. */
  #held = new Uint8Array();
  #count = 0;

  constructor(
    readonly name: string,
    readonly f: AnyFunction,
    given: unknown,
  ) {
    if (given !== undefined) checkPlain(given, name, "dtype: 'float32'");
    // Of its own and enumerable ones, as in a call.
    const { dtype, row, ...options } = Object.assign(Object.create(null), given) as Record<string, unknown>;
    this.#options = options;
    this.#dtype = dtype as DType | undefined;
    this.#row = row as number | undefined;
    // What is wrong with the options is said now.
    this.#flow = this.#flowOf(this.#dtype ?? 'float32');
  }

  /** The results of what a chunk makes whole; undefined where that is nothing. */
  next<C extends Chunk>(chunk: C): Results<C> | undefined {
    this.#enter(chunk);
    const { dtype, unit } = this.#flow;
    const isBytes = this.#kind === 'Uint8Array';
    // By the array's own getters, in whose place a subclass cannot answer.
    const bytes = new Uint8Array(
      bufferOf(chunk as Uint8Array),
      byteOffset(chunk as Uint8Array),
      lengthOf(chunk) * (isBytes ? 1 : bytesOf[dtype]),
    );
    const whole = Math.floor((this.#count + bytes.length) / unit) * unit;
    if (whole === 0) return this.#hold(bytes);
    const turns = isBytes && !isLittleEndian;
    const isReady = this.#count === 0 && bytes.byteOffset % bytesOf[dtype] === 0 && !turns;
    const source = isReady ? bytes.subarray(0, whole) : this.#joined(bytes, whole);
    const rest = bytes.subarray(whole - this.#count);
    if (turns) turn(source, bytesOf[dtype]);
    const results = this.#flow.compute([valuesIn(source, dtype)], !isReady);
    this.#count = 0;
    this.#hold(rest);
    if (turns) turn(bytesIn(results), bytesOf[dtype]);
    if (isBytes) return bytesIn(results) as Results<C>;
    return (results instanceof Uint16Array ? ofBits(results, 'float16', chunk as Uint16Array) : results) as Results<C>;
  }

  /** @throws RangeError where something is left that is no whole value or row. */
  end(): void {
    if (this.#count > 0) throw new RangeError(`${this.name}: ${leftOver(this.#count, this.#flow)}`);
  }

  #flowOf(dtype: DType): Flow {
    try {
      return flowOf(this.name, this.f, { dtype, row: this.#row, options: this.#options });
    } catch (error) {
      throw inStream(error);
    }
  }

  /** Checks a chunk, and takes from the first one what the stream is of. */
  #enter(chunk: unknown): void {
    const kind = typeName(chunk);
    if (kind !== undefined && lengthOf(chunk as Chunk) === 0) checkPresent(chunk as Chunk, `${this.name}: a chunk`);
    if (kind === this.#kind && kind !== undefined) return;
    if (kind === undefined || !Object.hasOwn(dtypesOf, kind))
      throw new TypeError(`${this.name}: a chunk must be bytes or an array of floats, got ${describe(chunk)}`);
    if (this.#kind !== undefined)
      throw new TypeError(`${this.name}: a chunk must be a ${this.#kind} like the first, got ${describe(chunk)}`);
    const dtype = dtypesOf[kind] ?? this.#dtype;
    if (dtype === undefined)
      throw new TypeError(`${this.name}: what a ${kind} holds, dtype must say: { dtype: 'bfloat16' }`);
    if ((this.#dtype ?? dtype) !== dtype || (kind === 'Uint16Array' && bytesOf[dtype] !== 2))
      throw new TypeError(`${this.name}: a chunk must hold ${this.#dtype}, as dtype says, got ${describe(chunk)}`);
    if (dtype !== this.#flow.dtype) this.#flow = this.#flowOf(dtype);
    this.#kind = kind;
  }

  /** Keeps a copy: whoever made a chunk may write to it again. */
  #hold(bytes: Uint8Array): undefined {
    const count = this.#count + bytes.length;
    if (count > this.#held.length) {
      const more = new Uint8Array(Math.min(Math.max(count, 2 * this.#held.length), this.#flow.unit));
      more.set(this.#held.subarray(0, this.#count));
      this.#held = more;
    }
    this.#held.set(bytes, this.#count);
    this.#count = count;
  }

  /** What is held, and as much of a chunk as makes `whole` bytes, in new memory. */
  #joined(bytes: Uint8Array, whole: number): Uint8Array {
    const joined = new Uint8Array(whole);
    joined.set(this.#held.subarray(0, this.#count));
    joined.set(bytes.subarray(0, whole - this.#count), this.#count);
    return joined;
  }
}

/** A function's error of an option that there is not, which alone knows them, in terms of a stream of it; any other as it is. */
function inStream(error: unknown): unknown {
  const { message } = error as Error;
  const [, before, option, help] = /^(.* there is no option `([^`]*)`; )(.*)$/s.exec(message) ?? [];
  if (help === undefined) return error;
  const named = [...help.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  const left = named.filter((name) => !withoutMeaning.includes(name));
  const isGuess = help.startsWith('did you mean');
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``);
  let other = help;
  if (nearest(option!, ['row']) !== undefined) other = 'did you mean `row`?';
  else if (!isGuess) other = help.replace(/`.*`/s, list(quoted([...left, 'row'])));
  else if (left.length === 0) other = `a stream has no ${quoted(named)[0]}`;
  return new TypeError(`${before}${other}`, { cause: error });
}

function turn(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
