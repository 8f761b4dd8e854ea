// What people have of a file of several arrays: tensors by name, each read when it is asked for.

import { describe, inNameOf } from '../basics/errors.js';
import type { DType } from '../basics/floats.js';
import type { OpenFile } from '../environment/storage.js';
import { Tensor } from '../tensor/tensor.js';
import type { Catalogue, Member } from './catalogue.js';
import { areFloats, type NumberArray, type Numbers, type NumbersInfo } from './numbers.js';
import { type Memory, readFile, readFrom } from './reading.js';

/** What a file has, for a method of x. */
let catalogueOf: (x: unknown, method: string) => Catalogue;

/** What a file of tensors says of them before any is read. */
class Named {
  readonly #catalogue: Catalogue;

  static {
    catalogueOf = (x, method) => {
      if (typeof x === 'object' && x !== null && #catalogue in x) return x.#catalogue;
      throw new TypeError(`${method}: this must be the tensors of a file, got ${describe(x)}`);
    };
  }

  /** @internal */
  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** The number of tensors. */
  get size(): number {
    return catalogueOf(this, 'size').members.size;
  }

  /** What a .safetensors file says of itself, its `__metadata__`; {} where there is nothing. */
  get metadata(): Readonly<Record<string, string>> {
    return catalogueOf(this, 'metadata').metadata;
  }

  has(name: string): boolean {
    return catalogueOf(this, 'has').members.has(name);
  }

  keys(): IterableIterator<string> {
    return catalogueOf(this, 'keys').members.keys();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    // Whoever looks for a defect is not to meet another error.
    return #catalogue in this ? String(this) : Object.prototype.toString.call(this);
  }

  /** @internal */
  protected shownAs(what: string): string {
    const [names, most] = [[...catalogueOf(this, 'toString').members.keys()].map((name) => JSON.stringify(name)), 100];
    const more = names.length > most ? [`and ${names.length - most} more`] : [];
    return `${what}(${[...names.slice(0, most), ...more].join(', ')})`;
  }
}

/**
 * The tensors of a .npz or .safetensors file in memory, as a Map has them: a tensor is read when it is asked for. `new Map(tensors)` and
 * `Object.fromEntries(tensors)` read all.
 */
export class Tensors<D extends DType = DType> extends Named implements Iterable<[string, Tensor<D>]> {
  readonly #bytes: Memory;
  readonly #as: As;

  /** @internal */
  constructor(bytes: Memory, catalogue: Catalogue, as: As) {
    super(catalogue);
    this.#bytes = bytes;
    this.#as = as;
  }

  /**
   * The tensor of a name, which shares the memory of the file where that is possible; undefined where there is none.
   *
   * @throws TypeError where it holds what is no float, and no dtype was given to convert it to; RangeError where it is damaged.
   */
  get(name: string): Tensor<D> | undefined {
    const member = catalogueOf(this, 'get').members.get(name);
    if (member === undefined) return undefined;
    return ofMember('get', this.#as, name, () =>
      tensorOf(readFrom(this.#bytes, member.numbers()), this.#as.dtype),
    ) as Tensor<D>;
  }

  /** Its numbers as they are, also integers and booleans. */
  numbers(name: string): Numbers<NumberArray> | undefined {
    const member = catalogueOf(this, 'numbers').members.get(name);
    return member && ofMember('numbers', this.#as, name, () => readFrom(this.#bytes, member.numbers()));
  }

  /** Its dtype, as `'float32'` or `'int64'`, and its shape. */
  info(name: string): NumbersInfo | undefined {
    const member = catalogueOf(this, 'info').members.get(name);
    return member && ofMember('info', this.#as, name, () => readFrom(this.#bytes, member.info()));
  }

  /** The names, as the console shows it: `Tensors("x", "y")`. */
  override toString(): string {
    return this.shownAs('Tensors');
  }

  *values(): IterableIterator<Tensor<D>> {
    for (const [, tensor] of this) yield tensor;
  }

  *entries(): IterableIterator<[string, Tensor<D>]> {
    for (const name of this.keys()) yield [name, this.get(name)!];
  }

  [Symbol.iterator](): IterableIterator<[string, Tensor<D>]> {
    return this.entries();
  }

  forEach(act: (tensor: Tensor<D>, name: string, all: Tensors<D>) => void): void {
    for (const [name, tensor] of this) act(tensor, name, this);
  }
}

/** The tensors of a file that is open, each read from its place when it is asked for. To be closed. */
export class TensorFile<D extends DType = DType> extends Named {
  readonly #file: OpenFile;
  readonly #as: As;

  /** @internal */
  constructor(file: OpenFile, catalogue: Catalogue, as: As) {
    super(catalogue);
    this.#file = file;
    this.#as = as;
  }

  /** The tensor of a name, in new memory. Throws like `get` of Tensors, and a TypeError where there is no such tensor. */
  async get(name: string): Promise<Tensor<D>> {
    const has = catalogueOf(this, 'get');
    return this.#read('get', has, name, async (member) =>
      tensorOf(await readFile(this.#file, member.numbers()), this.#as.dtype),
    ) as Promise<Tensor<D>>;
  }

  /** Its numbers as they are, also integers and booleans. */
  async numbers(name: string): Promise<Numbers<NumberArray>> {
    const has = catalogueOf(this, 'numbers');
    return this.#read('numbers', has, name, (member) => readFile(this.#file, member.numbers()));
  }

  /** Its dtype, as `'float32'` or `'int64'`, and its shape. */
  async info(name: string): Promise<NumbersInfo> {
    const has = catalogueOf(this, 'info');
    return this.#read('info', has, name, (member) => readFile(this.#file, member.info()));
  }

  /** The names, as the console shows it: `TensorFile("x", "y")`. */
  override toString(): string {
    return this.shownAs('TensorFile');
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<[string, Tensor<D>]> {
    for (const name of this.keys()) yield [name, await this.get(name)];
  }

  async close(): Promise<void> {
    catalogueOf(this, 'close');
    return this.#file.close();
  }

  async #read<Result>(
    method: string,
    { members }: Catalogue,
    name: string,
    read: (member: Member) => Promise<Result>,
  ): Promise<Result> {
    const member = members.get(name);
    const { by = method, what } = this.#as;
    if (member === undefined)
      throw new TypeError(`${by}: ${what}: there is no tensor ${describe(name)}${namesIn(members.keys())}`);
    try {
      return await read(member);
    } catch (error) {
      throw named(by, what, name, error);
    }
  }
}

/** For whom a file is read, and what its numbers become. */
export interface As {
  /** Who reads, where nobody calls a method. */
  readonly by?: string;
  /** The file, for messages. */
  readonly what: string;
  readonly dtype: DType | undefined;
}

const mostNames = 8;

/** What names there are, for the end of a message. */
export function namesIn(keys: Iterable<string>): string {
  const all = [...keys];
  const names = all.slice(0, mostNames).map((name) => JSON.stringify(name));
  return `; there ${all.length === 1 ? 'is' : 'are'} ${names.join(', ') || 'none'}${all.length > mostNames ? ', ...' : ''}`;
}

const ofMember = <Result>(method: string, { what }: As, name: string, read: () => Result): Result => {
  try {
    return read();
  } catch (error) {
    throw named(method, what, name, error);
  }
};

const named = (caller: string, what: string, name: string, error: unknown) =>
  inFileOf(caller, `${what}: in ${JSON.stringify(name)}`, error);

/** An error with who called and the file in front; what the system says of a path names it itself. */
export function inFileOf(caller: string, what: string, error: unknown): unknown {
  if (error instanceof Error && error.name === 'Error' && 'code' in error) {
    const from = 'path' in error ? caller : `${caller}: ${what}`;
    // With its code, path and so on.
    return Object.assign(new Error(`${from}: ${error.message}`, { cause: error }), error);
  }
  return inNameOf(caller, inNameOf(what, error));
}

/** A tensor of numbers: of floats that shares them, in another dtype converted. */
export function tensorOf(numbers: Numbers, dtype: DType | undefined): Tensor<DType> {
  if (areFloats(numbers)) {
    const tensor = new Tensor(numbers) as unknown as Tensor<DType>;
    return dtype === undefined ? tensor : tensor.to(dtype);
  }
  if (dtype === undefined)
    throw new TypeError(
      `the numbers are no floats (${describe(numbers.data)}), as a Tensor has: { dtype: 'float32' } converts them`,
    );
  return Tensor.from(numbers, { dtype });
}
