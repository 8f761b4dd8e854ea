// The elementwise functions as layers, a line for each.

import {
  checkOwn,
  type FunctionName,
  type OwnOptions,
  type Elementwise as Signature,
  settingOf,
  signatures,
} from '../activations/signatures.js';
import { type Given, readOwn } from '../basics/options.js';
import { type Answer, type Input, map, mapGrad } from '../functions/functions.js';
import { Layer, quoted } from './layer.js';

/** The layer of an elementwise function. Nothing can be called by its constructor but what `elementwise` makes. */
export class Elementwise extends Layer {
  readonly #title: string;
  readonly #signature: Signature;
  readonly #own: readonly unknown[];

  constructor(title: string, signature: Signature, options: unknown, more: unknown) {
    super();
    this.#title = title;
    this.#signature = signature;
    const own = readOwn(options, more, title, signature.own);
    checkOwn(signature, own, title);
    // A call without any is the quickest.
    this.#own = own.every((option) => option === undefined) ? [] : own;
  }

  /** An option as it was given, or its default. */
  protected setting(option: string): unknown {
    return settingOf(this.#signature, this.#own, option);
  }
  protected compute(x: Input, given: Given): Answer {
    return map(this.#signature, this.title(), x, this.#with(given));
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Answer {
    return mapGrad(this.#signature, this.title(), grad, x, this.#with(given));
  }
  #with(given: Given): Given {
    return this.#own.length === 0
      ? given
      : { out: given.out, precision: given.precision, dtype: given.dtype, own: this.#own };
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
