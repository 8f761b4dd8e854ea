// The activations as layers: callable objects that remember their last input for backward(). Nothing here reads the name of a
// class or a function, which bundlers change.

import {
  checkParameters,
  defaultOf,
  type FunctionName,
  type OwnOptions,
  rowOf,
  type Elementwise as Signature,
  signatures,
} from '../activations/signatures.js';
import { describe } from '../basics/errors.js';
import { shareMemory } from '../basics/floats.js';
import { type Given, noOptions, readOptions, readOwn, tooMany } from '../basics/options.js';
import {
  type Input,
  map,
  mapGrad,
  type Operands,
  type Options,
  type Out,
  type Output,
  type Result,
  type SoftmaxOptions,
  softmax,
  softmaxGrad,
  softmaxSignature,
} from './functions.js';

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

  protected abstract compute(x: Input, given: Given): Operands;
  protected abstract computeGrad(grad: Input, x: Input, given: Given): Operands;
  /** What `toString()` and messages call the layer; a class made from one of these may give its own. */
  protected abstract title(): string;
  /** What stands between the brackets of `toString()`. */
  protected describe(): string {
    return '';
  }
  /** The options that calls take besides `out` and `precision`. */
  protected options(): readonly string[] {
    return noOptions.own as readonly string[];
  }
  /** The options that only the constructor takes. */
  protected fixed(): readonly string[] {
    return noOptions.own as readonly string[];
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
    const call = this.compute(x, given);
    if (this.#training) this.#keep(x, given.out !== undefined && shareMemory(call.source, call.target));
    return call.result as Output<X>;
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
    return this.computeGrad(grad, x, given).result as Output<X>;
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
  eval(): this;
  eval(more?: unknown): this {
    if (more !== undefined) throw new TypeError(`${this.title()}: eval takes nothing, got ${describe(more)}`);
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
    return options === undefined ? noOptions : readOptions(options, this.title(), this.options(), this.fixed());
  }

  #keep(x: Input, overwritten: boolean): void {
    this.#input = overwritten ? undefined : x;
    if (overwritten) this.#why = 'the output of the last forward lies among its input';
  }

  #noInput(): Error {
    const mend = `pass it: backward(grad, x)${this.#training ? '' : ', or call train() before forward'}`;
    return new Error(`${this}.backward(grad) needs the input of a forward, and ${this.#why}; ${mend}`);
  }
}

/** The layer of an elementwise function. Nothing can be called by its constructor but what `elementwise` makes. */
export class Elementwise extends Layer {
  readonly #title: string;
  readonly #signature: Signature;
  readonly #own: readonly unknown[];

  constructor(title: string, signature: Signature, options: unknown, more: unknown) {
    super();
    this.#title = title;
    this.#signature = signature;
    this.#own = readOwn(options, more, title, signature.own);
    const given = { own: this.#own };
    rowOf(signature, given, title);
    checkParameters(signature, given, title);
  }

  /** An option as it was given, or its default. */
  protected setting(option: string): unknown {
    const place = this.#signature.own.indexOf(option);
    return this.#own[place] ?? defaultOf(this.#signature, place);
  }
  protected compute(x: Input, given: Given): Operands {
    return map(this.#signature, this.title(), x, this.#with(given));
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Operands {
    return mapGrad(this.#signature, this.title(), grad, x, this.#with(given));
  }
  #with(given: Given): Given {
    return this.#own.length === 0 ? given : { out: given.out, precision: given.precision, own: this.#own };
  }
  protected title(): string {
    return this.#title;
  }
  protected override describe(): string {
    return this.#signature.own.map((option) => `${option}=${quoted(this.setting(option))}`).join(', ');
  }
  protected override fixed(): readonly string[] {
    return this.#signature.own;
  }

  /** A class with a property for each option of a function's own. */
  static of<F extends FunctionName>(title: string, name: F): Constructor<F> {
    const signature = signatures[name];
    class Named extends Elementwise {
      constructor(options?: unknown, more?: unknown) {
        super(title, signature, options, more);
      }
    }
    for (const option of signature.own)
      Object.defineProperty(Named.prototype, option, {
        get(this: Elementwise) {
          return this.setting(option);
        },
      });
    return Named as unknown as Constructor<F>;
  }
}

type Instance<F extends FunctionName> = Elementwise & Required<OwnOptions<F>>;
type Constructor<F extends FunctionName> =
  Record<never, never> extends OwnOptions<F>
    ? new (
        options?: OwnOptions<F>,
      ) => Instance<F>
    : new (
        options: OwnOptions<F>,
      ) => Instance<F>;

const quoted = (setting: unknown) => (typeof setting === 'string' ? `'${setting}'` : String(setting));

/** max(x, 0), like the function `relu`. */
export class ReLU extends Elementwise.of('ReLU', 'relu') {}

/** 1 / (1 + e^-x), like the function `sigmoid`. */
export class Sigmoid extends Elementwise.of('Sigmoid', 'sigmoid') {}

/** The hyperbolic tangent, like the function `tanh`. */
export class Tanh extends Elementwise.of('Tanh', 'tanh') {}

/** x Phi(x) or one of its approximations, like the function `gelu`. */
export class GELU extends Elementwise.of('GELU', 'gelu') {}

/** x, and below 0 negativeSlope x, like the function `leakyRelu`. */
export class LeakyReLU extends Elementwise.of('LeakyReLU', 'leakyRelu') {}

/** x, and below 0 alpha (e^x - 1), like the function `elu`. */
export class ELU extends Elementwise.of('ELU', 'elu') {}

/** x sigmoid(beta x), like the function `silu`. */
export class SiLU extends Elementwise.of('SiLU', 'silu') {}

/** log(1 + e^(beta x)) / beta, like the function `softplus`. */
export class Softplus extends Elementwise.of('Softplus', 'softplus') {}

/** The logarithm of sigmoid, like the function `logSigmoid`. */
export class LogSigmoid extends Elementwise.of('LogSigmoid', 'logSigmoid') {}

/** s x, and below 0 s a (e^x - 1), like the function `selu`. */
export class SELU extends Elementwise.of('SELU', 'selu') {}

/** x, and below 0 alpha (e^(x / alpha) - 1), like the function `celu`. */
export class CELU extends Elementwise.of('CELU', 'celu') {}

/** x tanh(softplus(x)), like the function `mish`. */
export class Mish extends Elementwise.of('Mish', 'mish') {}

/** x - tanh(x), like the function `tanhShrink`. */
export class Tanhshrink extends Elementwise.of('Tanhshrink', 'tanhShrink') {}

/** cap tanh(x / cap), like the function `softcap`. */
export class Softcap extends Elementwise.of('Softcap', 'softcap') {}

/** The dimension may be a number in the place of the options, as in the function: `layer(x, 0)`, `new Softmax(0)`. */
export interface Softmax {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input, O extends Out<X> = undefined>(x: X, options?: SoftmaxOptions<X, O> | number): Result<X, O>;
}

/** e^x over its sum along a dimension, like the function `softmax`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export class Softmax extends Layer {
  readonly #dim: number;
  #lastDim: number;

  /**
   * `dim` serves every call that names none. Default -1.
   *
   * @throws TypeError where it is not an integer.
   */
  constructor(options?: { readonly dim?: number } | number);
  constructor(options?: unknown, more?: unknown) {
    super();
    const [dim] = readOwn(options, more, this.title(), softmaxSignature.own);
    if (dim !== undefined && !Number.isInteger(dim))
      throw new TypeError(`${this.title()}: dim must be an integer, got ${describe(dim)}`);
    this.#dim = (dim as number | undefined) ?? -1;
    this.#lastDim = this.#dim;
  }

  get dim(): number {
    return this.#dim;
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
  protected compute(x: Input, given: Given): Operands {
    const dim = given.own[0] ?? this.#dim;
    const call = softmax(this.title(), x, given, dim);
    // An integer, or it would have thrown.
    this.#lastDim = dim as number;
    return call;
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Operands {
    return softmaxGrad(this.title(), grad, x, given, given.own[0] ?? this.#lastDim);
  }
  protected title(): string {
    return 'Softmax';
  }
  protected override describe(): string {
    return `dim=${this.#dim}`;
  }
  protected override options(): readonly string[] {
    return softmaxSignature.own;
  }
}
