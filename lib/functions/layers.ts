// The activations as layers: callable objects that remember their last input for backward(). Nothing here reads the name of a
// class or a function, which bundlers change.

import {
  checkParameters,
  type FunctionName,
  type OwnOptions,
  rowOf,
  type Elementwise as Signature,
  settingOf,
  signatures,
} from '../activations/signatures.js';
import { shapeText } from '../basics/allocate.js';
import { describe } from '../basics/errors.js';
import { type FloatArray, shareMemory } from '../basics/floats.js';
import { type Given, noOptions, readOptions, readOwn, tooMany } from '../basics/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { listed } from './dims.js';
import {
  type Input,
  map,
  mapGrad,
  type Operands,
  type Options,
  type Out,
  type Output,
  type Result,
} from './functions.js';
import { apply, applyGrad, keptWeight, newWeight, type Weight, weightGrad } from './prelu.js';
import {
  isZero,
  type SliceName,
  type SoftmaxOptions,
  sliceOptions,
  slices,
  slicesGrad,
  temperatureOf,
} from './slices.js';

// A constructor that returns a function makes `layer(x)` work; the fields of the classes below are then the function's.
class Callable {
  constructor() {
    const call = (...args: [Input]): unknown => (call as unknown as Layer).forward(...args);
    // biome-ignore lint/correctness/noConstructorReturn: see above.
    return Object.setPrototypeOf(call, new.target.prototype);
  }
}

/**
 * What in training, which it is made for, keeps the input of its last `forward` for `backward`: by reference, so that the memory stays
 * alive, and what is written to it in between counts. After `eval()` it keeps nothing.
 */
export abstract class Trainable<Kept> extends Callable {
  #training = true;
  #kept: Kept | undefined;
  #why = 'no forward came before it';

  abstract forward(...args: never): unknown;
  /** What `toString()` and messages call the layer; a class made from one of these may give its own. */
  protected abstract title(): string;
  /** What stands between the brackets of `toString()`. */
  protected describe(): string {
    return '';
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
    this.#kept = undefined;
    this.#why = mode ? 'no forward came since train()' : 'after eval() none is kept';
    return this;
  }

  /** From now on nothing is kept, nor is what was: `train(false)`. `backward(grad, x)` still works. Returns the layer. */
  eval(): this;
  eval(more?: unknown): this {
    if (more !== undefined) throw new TypeError(`${this.title()}: eval takes nothing, got ${describe(more)}`);
    return this.train(false);
  }

  /** What is learned: of most activations nothing. */
  parameters(): Tensor[] {
    return [];
  }

  override toString(): string {
    return `${this.title()}(${this.describe()})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Keeps an input in training, unless a call with an `out` overwrote it. */
  protected keep(input: Kept, into?: Pick<Operands, 'source' | 'target'>): void {
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
  protected abstract compute(x: Input, given: Given): Operands;
  protected abstract computeGrad(grad: Input, x: Input, given: Given): Operands;
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
    this.keep(x, given.out === undefined ? undefined : call);
    return call.result as Output<X>;
  }

  /**
   * `grad` times the derivative at x, or at the input of the last `forward` where x is not given.
   *
   * @throws Error where there is neither; TypeError, RangeError where the arguments do not fit each other.
   */
  backward<X extends Input, O extends Out<X> = undefined>(grad: X, x?: Input, options?: Options<X, O>): Result<X, O>;
  backward<X extends Input>(grad: X, x: Input | undefined, options?: unknown, more?: unknown): Output<X> {
    if (more !== undefined) throw tooMany(more, this.title(), 'grad, x');
    const given = this.#read(options);
    return this.computeGrad(grad, this.inputOf('backward', x), given).result as Output<X>;
  }

  #read(options: unknown): Given {
    return options === undefined ? noOptions : readOptions(options, this.title(), this.options(), this.fixed());
  }

  /** x, or the input of the last `forward` for a method that needs one. */
  protected inputOf(method: string, x?: Input): Input {
    return x === undefined ? this.kept(`${method}(grad)`, `${method}(grad, x)`) : x;
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
    return settingOf(this.#signature, this.#own, option);
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
    const { own, parameters } = this.#signature;
    const isAlias = (place: number) => parameters.some(({ other }) => other === place);
    const options = own.filter((_, place) => !isAlias(place));
    return options.map((option) => `${option}=${quoted(this.setting(option))}`).join(', ');
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

/** x between 0 and 6, like the function `relu6`. */
export class ReLU6 extends Elementwise.of('ReLU6', 'relu6') {}

/** x between min and max, like the function `hardTanh`. */
export class Hardtanh extends Elementwise.of('Hardtanh', 'hardTanh') {}

/** x beyond lambda on either side and 0 between, like the function `hardShrink`. */
export class Hardshrink extends Elementwise.of('Hardshrink', 'hardShrink') {}

/** x nearer to 0 by lambda, like the function `softShrink`. */
export class Softshrink extends Elementwise.of('Softshrink', 'softShrink') {}

/** x above a threshold and a value elsewhere, like the function `threshold`. */
export class Threshold extends Elementwise.of('Threshold', 'threshold') {}

/** max(x, 0)^2, like the function `relu2`. */
export class ReLU2 extends Elementwise.of('ReLU2', 'relu2') {}

/** x / (1 + |x|), like the function `softsign`. */
export class Softsign extends Elementwise.of('Softsign', 'softsign') {}

/** x, like the function `identity`. */
export class Identity extends Elementwise.of('Identity', 'identity') {}

/** x, and below 0 x times the middle of lower and upper, like the function `rrelu`; training draws no slopes. */
export class RReLU extends Elementwise.of('RReLU', 'rrelu') {}

/** x / 6 + 1 / 2 or alpha x + beta between 0 and 1, like the function `hardSigmoid`. */
export class Hardsigmoid extends Elementwise.of('Hardsigmoid', 'hardSigmoid') {}

/** x (x / 6 + 1 / 2) between -3 and 3, like the function `hardSwish`. */
export class Hardswish extends Elementwise.of('Hardswish', 'hardSwish') {}

/** (x + sqrt(x^2 + b)) / 2, like the function `squareplus`. */
export class Squareplus extends Elementwise.of('Squareplus', 'squareplus') {}

export interface PReLULayerOptions {
  /** How many slopes are made, each of them `init`: 1 (default), or as many as x has channels. */
  readonly numParameters?: number;
  /** Default 0.25. */
  readonly init?: number;
  /** The slopes themselves, in the place of those two: a typed array or a Tensor is shared, and what is written to it counts. */
  readonly weight?: Weight;
  /** The dimension of the channels, as in the function. */
  readonly channelDim?: number;
}

/** x, and below 0 x times a slope for all or for each channel, like the function `prelu`. */
export class PReLU extends Layer {
  readonly #own: readonly [number | Tensor, number | undefined];

  constructor(options?: PReLULayerOptions);
  constructor(options?: unknown, more?: unknown) {
    super();
    const [numParameters, init, weight, channelDim] = readOwn(options, more, 'PReLU', preluOptions);
    if (weight !== undefined && (numParameters !== undefined || init !== undefined))
      throw new TypeError(
        'PReLU: a `weight` has its number of slopes and their values; leave out `numParameters` and `init`',
      );
    if (channelDim !== undefined && !Number.isInteger(channelDim))
      throw new TypeError(`PReLU: channelDim must be an integer, got ${describe(channelDim)}`);
    const slopes = weight === undefined ? newWeight(numParameters, init, 'PReLU') : keptWeight(weight, 'PReLU');
    this.#own = [slopes, channelDim as number | undefined];
  }

  /** The slopes: a number where one was given, else a Tensor of `numParameters`. */
  get weight(): number | Tensor {
    return this.#own[0];
  }
  /** The number of slopes. */
  get numParameters(): number {
    const [weight] = this.#own;
    return typeof weight === 'number' ? 1 : weight.size;
  }
  /** The dimension of the channels, where one was given. */
  get channelDim(): number | undefined {
    return this.#own[1];
  }
  /** The weight, unless it is a number. */
  override parameters(): Tensor[] {
    const [weight] = this.#own;
    return typeof weight === 'number' ? [] : [weight];
  }
  /**
   * The gradient by the weight, like the function `preluWeightGrad`, at x or at the input of the last `forward`.
   *
   * @throws like `backward`.
   */
  weightGrad(grad: Input, x?: Input): number | FloatArray | Tensor;
  weightGrad(grad: Input, x?: Input, more?: unknown): unknown {
    if (more !== undefined) throw tooMany(more, this.title(), 'grad, x');
    return weightGrad(this.title(), grad, this.inputOf('weightGrad', x), { own: this.#own });
  }
  protected compute(x: Input, given: Given): Operands {
    return apply(this.title(), x, { out: given.out, precision: given.precision, own: this.#own });
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Operands {
    return applyGrad(this.title(), grad, x, { out: given.out, precision: given.precision, own: this.#own });
  }
  protected title(): string {
    return 'PReLU';
  }
  protected override describe(): string {
    const [weight] = this.#own;
    return typeof weight === 'number' ? `weight=${weight}` : `numParameters=${weight.size}`;
  }
  protected override fixed(): readonly string[] {
    return preluOptions;
  }
}
const preluOptions = ['numParameters', 'init', 'weight', 'channelDim'];

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
export interface AlongDim {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input, O extends Out<X> = undefined>(x: X, options?: SoftmaxOptions<X, O> | number): Result<X, O>;
}

/** What the constructor of such a layer takes; a mask comes with a call. */
export type SoftmaxSettings = Pick<SoftmaxOptions, 'dim' | 'temperature' | 'empty'>;
const settings = sliceOptions.filter((option) => option !== 'mask');

/** The layer of a function over dimensions, whose options calls may choose anew. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export class AlongDim extends Layer {
  readonly #title: string;
  readonly #what: SliceName;
  /** In the order of sliceOptions. */
  readonly #own: readonly unknown[];
  #last: readonly unknown[];

  constructor(title: string, what: SliceName, options: unknown, more: unknown) {
    super();
    const [dim, temperature, empty] = readOwn(options, more, title, settings);
    for (const one of Array.isArray(dim) ? dim : [dim === undefined ? -1 : dim])
      if (!Number.isInteger(one)) throw new TypeError(`${title}: dim must be an integer, got ${describe(one)}`);
    temperatureOf(temperature, false, title);
    isZero(empty, title);
    this.#title = title;
    this.#what = what;
    this.#own = [Array.isArray(dim) ? Object.freeze([...dim]) : dim, temperature, undefined, empty];
    this.#last = this.#own;
  }

  /** The dimension of every call that names none, or the list of them. */
  get dim(): number | readonly number[] {
    return (this.#own[0] as number | readonly number[] | undefined) ?? -1;
  }
  /** What calls divide by that name no temperature. */
  get temperature(): number {
    return (this.#own[1] as number | undefined) ?? 1;
  }
  /** What slices get of which nothing is left. */
  get empty(): 'nan' | 'zero' {
    return (this.#own[3] as 'nan' | 'zero' | undefined) ?? 'nan';
  }

  override forward<X extends Input, O extends Out<X> = undefined>(
    x: X,
    options?: SoftmaxOptions<X, O> | number,
  ): Result<X, O>;
  override forward<X extends Input>(...call: [X]): unknown {
    return super.forward(...call);
  }
  /** The gradient under the options of the last `forward`, its mask too, also after `eval()`, unless others are given. */
  override backward<X extends Input, O extends Out<X> = undefined>(
    grad: X,
    x?: Input,
    options?: SoftmaxOptions<X, O> | number,
  ): Result<X, O>;
  override backward<X extends Input>(...call: [X]): unknown {
    return super.backward(...call);
  }
  protected compute(x: Input, given: Given): Operands {
    const own = over(this.#own, given.own);
    const call = slices(this.#what, this.title(), x, given, own);
    this.#last = own;
    return call;
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Operands {
    return slicesGrad(this.#what, this.title(), grad, x, given, over(this.#last, given.own));
  }
  protected title(): string {
    return this.#title;
  }
  protected override describe(): string {
    const [dim = -1, temperature, , empty] = this.#own;
    return [
      `dim=${Array.isArray(dim) ? shapeText(dim) : dim}`,
      ...(temperature === undefined ? [] : [`temperature=${temperature}`]),
      ...(empty === undefined ? [] : [`empty=${quoted(empty)}`]),
    ].join(', ');
  }
  protected override options(): readonly string[] {
    return sliceOptions;
  }

  /** The class for a function. */
  static of(title: string, what: SliceName): new (options?: SoftmaxSettings | number) => AlongDim {
    class Named extends AlongDim {
      constructor(options?: unknown, more?: unknown) {
        super(title, what, options, more);
      }
    }
    return Named;
  }
}

/** The options of a call in place of others, as far as they are given; a list of dimensions as it is now. */
const over = (before: readonly unknown[], own: readonly unknown[]): readonly unknown[] =>
  own.length === 0
    ? before
    : sliceOptions.map((_, place) => {
        const given = own[place] === undefined ? before[place] : own[place];
        return place === 0 ? listed(given) : given;
      });

/** e^x over its sum along a dimension, like the function `softmax`. */
export class Softmax extends AlongDim.of('Softmax', 'softmax') {}

/** Its logarithm, like the function `logSoftmax`. */
export class LogSoftmax extends AlongDim.of('LogSoftmax', 'logSoftmax') {}

/** Softmax of -x, like the function `softmin`. */
export class Softmin extends AlongDim.of('Softmin', 'softmin') {}
