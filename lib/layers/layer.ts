// What layers are: callable objects that remember their last input for backward(). Nothing here reads the name of a class or a function,
// which bundlers change.

import { describe } from '../basics/errors.js';
import { type DType, shareMemory } from '../basics/floats.js';
import { afterDim, type Given, isPlainObject, noOptions, ofCalls, readOptions, tooMany } from '../basics/options.js';
import type { Answer, Input, Options, Out, Output, Result } from '../functions/functions.js';
import type { Tensor } from '../tensor/tensor.js';

/** A setting as `toString()` shows it. */
export const quoted = (setting: unknown) => (typeof setting === 'string' ? `'${setting}'` : String(setting));

// A constructor that returns a function makes `layer(x)` work; the fields of the classes below are then the function's.
class Callable {
  constructor() {
    const call = (...args: [Input]): unknown => (call as unknown as Layer).forward(...args);
    // biome-ignore lint/correctness/noConstructorReturn: see above.
    return Object.setPrototypeOf(call, new.target.prototype);
  }
}

/** Asserts that a method was called on a layer, and not on what has the prototype of one alone. */
export let checkLayer: (x: unknown, method: string) => void;

/**
 * What in training, which it is made for, keeps the input of its last `forward` for `backward`: by reference, so that the memory stays
 * alive, and what is written to it in between counts. After `eval()` it keeps nothing.
 */
export abstract class Trainable<Kept> extends Callable {
  #training = true;
  #kept: Kept | undefined;
  #why = 'no forward came before it';

  static {
    checkLayer = (x, method) => {
      if (typeof x === 'function' && #training in x) return;
      const got = typeof x === 'object' && x !== null ? 'an object that is none' : describe(x);
      throw new TypeError(`${method}: this must be a layer that its constructor made, got ${got}`);
    };
  }

  abstract forward(...args: never): unknown;
  /** What `toString()` and messages call the layer; a class made from one of these may give its own. */
  protected abstract title(): string;
  /** What stands between the brackets of `toString()`. */
  protected describe(): string {
    return '';
  }

  /** Whether `forward` keeps its input. */
  get training(): boolean {
    checkLayer(this, 'training');
    return this.#training;
  }

  /**
   * From now on `forward` keeps its input for `backward(grad)`, or with `train(false)` does not. Returns the layer.
   *
   * @throws TypeError where the mode is not a boolean.
   */
  train(mode = true): this {
    checkLayer(this, 'train');
    if (typeof mode !== 'boolean') throw new TypeError(`${this.title()}: train takes a boolean, got ${describe(mode)}`);
    if (mode === this.#training) return this;
    this.#training = mode;
    this.#kept = undefined;
    this.#why = mode ? 'no forward came since train()' : 'after eval() none is kept';
    return this;
  }

  /** From now on nothing is kept, nor is what was: `train(false)`. `backward(grad, x)` still works. Returns the layer. */
  eval(): this;
  eval(more?: unknown): this {
    checkLayer(this, 'eval');
    if (more !== undefined) throw new TypeError(`${this.title()}: eval takes nothing, got ${describe(more)}`);
    return this.train(false);
  }

  /** What is learned: of most activations nothing. */
  parameters(): Tensor<DType>[] {
    return [];
  }

  override toString(): string {
    checkLayer(this, 'toString');
    return `${this.title()}(${this.describe()})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    // Whoever looks for a defect is not to meet another error.
    return typeof (this as unknown) === 'function' ? String(this) : Object.prototype.toString.call(this);
  }

  /** Keeps an input in training, unless a call with an `out` overwrote it. */
  protected keep(input: Kept, into?: Pick<Answer, 'source' | 'target'>): void {
    if (!this.#training) return;
    const overwritten = into !== undefined && shareMemory(into.source, into.target);
    this.#kept = overwritten ? undefined : input;
    if (overwritten) this.#why = 'the output of the last forward lies among its input';
  }

  /** The input of the last `forward`, for a method as it was called; `instead` is how to do without. */
  protected kept(call: string, instead: string): Kept {
    if (this.#kept !== undefined) return this.#kept;
    const mend = `pass it: ${instead}${this.#training ? '' : ', or call train() before forward'}`;
    throw new Error(`${this}.${call} needs the input of a forward, and ${this.#why}; ${mend}`);
  }
}

/** A layer is called as `layer(x)`, which is `layer.forward(x)`. */
export interface Layer {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input, O extends Out<X> = undefined>(x: X, options?: Options<X, O>): Result<X, O>;
}

/** An activation as an object: of x's shape, with the input of its last `forward` for `backward(grad)`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export abstract class Layer extends Trainable<Input> {
  #backwardTitle: string | undefined;

  protected abstract compute(x: Input, given: Given): Answer;
  protected abstract computeGrad(grad: Input, x: Input, given: Given): Answer;
  /** What messages of `backward` begin with; to put it together at each call takes 4 ns of 90. */
  protected backwardTitle(): string {
    this.#backwardTitle ??= `${this.title()}.backward`;
    return this.#backwardTitle;
  }
  /** The options that calls take besides `out`, `precision` and `dtype`. */
  protected options(): readonly string[] {
    return noOptions.own as readonly string[];
  }
  /** The options that only the constructor takes. */
  protected fixed(): readonly string[] {
    return noOptions.own as readonly string[];
  }

  /** Throws where something is given in the place of options that has a better answer than that it is none. */
  protected refuse(_options: unknown): void {}

  /**
   * The activation of x: a typed array for a typed array, a Tensor for everything else.
   *
   * @throws TypeError, RangeError where x or an option is of the wrong kind or size, before anything is written.
   */
  forward<X extends Input, O extends Out<X> = undefined>(x: X, options?: Options<X, O>): Result<X, O>;
  forward<X extends Input>(x: X, options?: unknown, more?: unknown): Output<X> {
    checkLayer(this, 'forward');
    if (more !== undefined) throw tooMany(more, this.title(), 'x', afterDim(options, more, this.#takes()));
    const given = options === undefined ? noOptions : this.#read(options, this.title());
    const call = this.compute(x, given);
    this.keep(x, given.out === undefined ? undefined : call);
    return call.result as Output<X>;
  }

  /**
   * `grad` times the derivative at x, or at the input of the last `forward` where x is undefined: what the function's gradient gives,
   * for ReLU `reluGrad(grad, x)`. Options are this call's: `precision` is
   * `fast` after an `exact` forward, too, where none is given.
   *
   * @throws Error where there is neither; TypeError, RangeError where the arguments do not fit each other.
   */
  backward<X extends Input, O extends Out<X> = undefined>(grad: X, x?: Input, options?: Options<X, O>): Result<X, O>;
  backward<X extends Input>(grad: X, x: Input | undefined, options?: unknown, more?: unknown): Output<X> {
    checkLayer(this, 'backward');
    if (more !== undefined)
      throw tooMany(more, this.backwardTitle(), 'grad, x', afterDim(options, more, this.#takes()));
    const given = options === undefined ? noOptions : this.#read(options, this.backwardTitle());
    return this.computeGrad(grad, this.inputOf('backward', x), given).result as Output<X>;
  }

  #takes(): readonly string[] {
    return [...this.options(), ...ofCalls];
  }

  #read(options: unknown, name: string): Given {
    this.refuse(options);
    return readOptions(options, name, this.options(), this.fixed(), true);
  }

  /** x, or the input of the last `forward` for a method that needs one. */
  protected inputOf(method: string, x?: Input): Input {
    if (isPlainObject(x) && Object.keys(x).some((option) => this.#takes().includes(option)))
      throw new TypeError(`${this.title()}: options come after x: ${method}(grad, undefined, options)`);
    return x === undefined ? this.kept(`${method}(grad)`, `${method}(grad, x)`) : x;
  }
}
