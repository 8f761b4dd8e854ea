// The activations as layers: callable objects that remember their last input for backward(). Nothing here reads the name of a
// class or a function, which bundlers change.
import { type Op, opOf } from './backend.js';
import { describe } from './errors.js';
import { bufferOf, byteOffset, elementBytes, isFloatArray, lengthOf } from './floats.js';
import {
  type Approximate,
  geluOf,
  type Input,
  map,
  mapGrad,
  type Options,
  type Out,
  type Output,
  type Result,
  type SoftmaxOptions,
  softmaxGradOf,
  softmaxOf,
} from './functions.js';
import { checkNothing, type Given, noOptions, type OwnOption, readOptions, readOwn, tooMany } from './options.js';

// A constructor that returns a function makes `layer(x)` work; the fields of the classes below are then the function's.
class Callable {
  constructor() {
    const call = (...args: [Input]): unknown => (call as unknown as Layer).forward(...args);
    // biome-ignore lint/correctness/noConstructorReturn: see above.
    return Object.setPrototypeOf(call, new.target.prototype);
  }
}

/** A layer is called as `layer(x)`, which is `layer.forward(x)`. */
export interface Layer {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input, O extends Out<X> = undefined>(x: X, options?: Options<X, O>): Result<X, O>;
}

/**
 * An activation as an object. It holds no parameters. In training, which it is made for, it keeps the input of its last `forward`
 * for `backward(grad)`: by reference, so that the memory stays alive, and what is written to it in between counts. After `eval()` it
 * keeps nothing.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export abstract class Layer extends Callable {
  #training = true;
  #input: Input | undefined;
  #why = 'no forward came before it';

  protected abstract compute<X extends Input>(x: X, given: Given): Output<X>;
  protected abstract computeGrad<X extends Input>(grad: Input, x: X, given: Given): Output<X>;
  /** What `toString()` and messages call the layer; a class made from one of these may give its own. */
  protected abstract title(): string;
  /** What stands between the brackets of `toString()`. */
  protected describe(): string {
    return '';
  }
  /** The option that calls take besides `out` and `precision`. */
  protected option(): OwnOption | undefined {
    return undefined;
  }
  /** The option that only the constructor takes. */
  protected fixed(): OwnOption | undefined {
    return undefined;
  }

  /**
   * The activation of x: a typed array for a typed array, a Tensor for everything else.
   *
   * @throws TypeError, RangeError where x or an option is of the wrong kind or size, before anything is written.
   */
  forward<X extends Input, O extends Out<X> = undefined>(x: X, options?: Options<X, O>): Result<X, O>;
  forward<X extends Input>(x: X, options?: unknown, more?: unknown): Output<X> {
    if (more !== undefined) throw tooMany(more, this.title(), 'x');
    const given = this.#read(options);
    const y = this.compute(x, given);
    if (this.#training) this.#keep(x, given.out);
    return y;
  }

  /**
   * `grad` times the derivative at x, or at the input of the last `forward` where x is not given.
   *
   * @throws Error where there is neither; TypeError, RangeError where the arguments do not fit each other.
   */
  backward<X extends Input, O extends Out<X> = undefined>(grad: X, x?: Input, options?: Options<X, O>): Result<X, O>;
  backward<X extends Input>(grad: X, x: Input | undefined = this.#input, options?: unknown, more?: unknown): Output<X> {
    if (more !== undefined) throw tooMany(more, this.title(), 'grad, x');
    const given = this.#read(options);
    if (x === undefined) throw this.#noInput();
    return this.computeGrad(grad, x, given) as Output<X>;
  }

  /** Whether `forward` keeps its input. */
  get training(): boolean {
    return this.#training;
  }

  /**
   * From now on `forward` keeps its input for `backward(grad)`, or with `train(false)` does not. Returns the layer.
   *
   * @throws TypeError where the mode is not a boolean.
   */
  train(mode = true): this {
    if (typeof mode !== 'boolean') throw new TypeError(`${this.title()}: train takes a boolean, got ${describe(mode)}`);
    if (mode === this.#training) return this;
    this.#training = mode;
    this.#input = undefined;
    this.#why = mode ? 'no forward came since train()' : 'after eval() none is kept';
    return this;
  }

  /** From now on nothing is kept, nor is what was: `train(false)`. `backward(grad, x)` still works. Returns the layer. */
  eval(): this {
    return this.train(false);
  }

  /** An empty list: activations learn nothing. */
  parameters(): [] {
    return [];
  }

  override toString(): string {
    return `${this.title()}(${this.describe()})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  #read(options: unknown): Given {
    return options === undefined ? noOptions : readOptions(options, this.title(), this.option(), this.fixed());
  }

  #keep(x: Input, out: unknown): void {
    const overwritten = out !== undefined && shareMemory(x, out);
    this.#input = overwritten ? undefined : x;
    if (overwritten) this.#why = 'the output of the last forward lies among its input';
  }

  #noInput(): Error {
    const mend = `pass it: backward(grad, x)${this.#training ? '' : ', or call train() before forward'}`;
    return new Error(`${this}.backward(grad) needs the input of a forward, and ${this.#why}; ${mend}`);
  }
}

/** Whether what lies in one may lie in the other too, as far as their buffers tell. */
function shareMemory(x: Input, out: unknown): boolean {
  const a = isFloatArray(x) ? x : x.data;
  const b = isFloatArray(out) ? out : (out as { data?: unknown }).data;
  if (a === b) return true;
  if (!isFloatArray(a) || !isFloatArray(b)) return false;
  const [from, to] = [byteOffset(a), byteOffset(b)];
  if (from >= to + lengthOf(b) * elementBytes(b) || to >= from + lengthOf(a) * elementBytes(a)) return false;
  return bufferOf(a) === bufferOf(b);
}

abstract class Elementwise extends Layer {
  protected abstract readonly op: Op;

  constructor();
  constructor(...given: readonly unknown[]) {
    super();
    checkNothing(given, this.title());
  }

  protected compute<X extends Input>(x: X, given: Given): Output<X> {
    return map<X, undefined>(this.op, this.title(), x, given);
  }
  protected computeGrad<X extends Input>(grad: Input, x: X, given: Given): Output<X> {
    return mapGrad<X, undefined>(this.op, this.title(), grad, x, given);
  }
}

/** max(x, 0), like the function `relu`. */
export class ReLU extends Elementwise {
  protected readonly op = opOf.relu;
  protected title(): string {
    return 'ReLU';
  }
}

/** 1 / (1 + e^-x), like the function `sigmoid`. */
export class Sigmoid extends Elementwise {
  protected readonly op = opOf.sigmoid;
  protected title(): string {
    return 'Sigmoid';
  }
}

/** The hyperbolic tangent, like the function `tanh`. */
export class Tanh extends Elementwise {
  protected readonly op = opOf.tanh;
  protected title(): string {
    return 'Tanh';
  }
}

/** x Phi(x) or one of its approximations, like the function `gelu`. */
export class GELU extends Elementwise {
  readonly approximate: Approximate;
  protected readonly op: Op;

  /** @throws TypeError where `approximate` is not `'none'` (default), `'tanh'` or `'sigmoid'`. */
  constructor(options?: { readonly approximate?: Approximate });
  constructor(options?: unknown, more?: unknown) {
    super();
    if (more !== undefined) throw tooMany(more, this.title());
    const approximate = readOwn(options, this.title(), 'approximate');
    this.op = geluOf(approximate, this.title());
    this.approximate = (approximate as Approximate | undefined) ?? 'none';
  }
  protected title(): string {
    return 'GELU';
  }
  protected override describe(): string {
    return `approximate='${this.approximate}'`;
  }
  protected override fixed(): OwnOption {
    return 'approximate';
  }
}

/** The dimension may be a number in the place of the options, as in the function: `layer(x, 0)`, `new Softmax(0)`. */
export interface Softmax {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input, O extends Out<X> = undefined>(x: X, options?: SoftmaxOptions<X, O> | number): Result<X, O>;
}

/** e^x over its sum along a dimension, like the function `softmax`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export class Softmax extends Layer {
  readonly dim: number;
  #lastDim: number;

  /**
   * `dim` serves every call that names none. Default -1.
   *
   * @throws TypeError where it is not an integer.
   */
  constructor(options?: { readonly dim?: number } | number);
  constructor(options?: unknown, more?: unknown) {
    super();
    if (more !== undefined) throw tooMany(more, this.title());
    const dim = readOwn(options, this.title(), 'dim');
    if (dim !== undefined && !Number.isInteger(dim))
      throw new TypeError(`${this.title()}: dim must be an integer, got ${describe(dim)}`);
    this.dim = (dim as number | undefined) ?? -1;
    this.#lastDim = this.dim;
  }

  override forward<X extends Input, O extends Out<X> = undefined>(
    x: X,
    options?: SoftmaxOptions<X, O> | number,
  ): Result<X, O>;
  override forward<X extends Input>(...call: [X]): unknown {
    return super.forward(...call);
  }
  /** The gradient along the dimension of the last `forward`, also after `eval()`, unless the options name another. */
  override backward<X extends Input, O extends Out<X> = undefined>(
    grad: X,
    x?: Input,
    options?: SoftmaxOptions<X, O> | number,
  ): Result<X, O>;
  override backward<X extends Input>(...call: [X]): unknown {
    return super.backward(...call);
  }
  protected compute<X extends Input>(x: X, given: Given): Output<X> {
    const dim = given.dim === undefined ? this.dim : given.dim;
    const y = softmaxOf<X, undefined>(x, given, this.title(), dim);
    // An integer, or it would have thrown.
    this.#lastDim = dim as number;
    return y;
  }
  protected computeGrad<X extends Input>(grad: Input, x: X, given: Given): Output<X> {
    const dim = given.dim === undefined ? this.#lastDim : given.dim;
    return softmaxGradOf<X, undefined>(grad, x, given, this.title(), dim);
  }
  protected title(): string {
    return 'Softmax';
  }
  protected override describe(): string {
    return `dim=${this.dim}`;
  }
  protected override option(): OwnOption {
    return 'dim';
  }
}
