// The logarithm of a sum of exponentials as a layer.

import { shapeText } from '../basics/allocate.js';
import { describe } from '../basics/errors.js';
import { tooMany } from '../basics/options.js';
import type { Input, Output } from '../functions/functions.js';
import { type LogSumExpOptions, readSettings, type Settings, type SumOf, sum, sumGrad } from '../functions/sums.js';
import type { TensorLike } from '../tensor/tensor.js';
import { checkLayer, Trainable } from './layer.js';

/** It is called as `layer(x)`, which is `layer.forward(x)`. */
export interface LogSumExp {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input>(x: X): SumOf<X>;
}

/** log(sum(e^x)) along dimensions, like the function `logSumExp`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export class LogSumExp extends Trainable<Input> {
  readonly #settings: Settings;

  /** @throws TypeError where an option is of the wrong kind. */
  constructor(options?: LogSumExpOptions | number);
  constructor(options?: unknown, more?: unknown) {
    super();
    if (more !== undefined) throw tooMany(more, 'LogSumExp');
    const settings = readSettings(options, 'LogSumExp');
    const { dim = -1 } = settings;
    for (const one of Array.isArray(dim) ? dim : [dim])
      if (!Number.isInteger(one)) throw new TypeError(`LogSumExp: dim must be an integer, got ${describe(one)}`);
    this.#settings = { ...settings, dim: Array.isArray(dim) ? Object.freeze(dim) : dim };
  }

  /** The dimension, or the list of them. */
  get dim(): number | readonly number[] {
    checkLayer(this, 'dim');
    return this.#settings.dim as number | readonly number[];
  }
  /** Whether the result has them with size 1. */
  get keepdim(): boolean {
    checkLayer(this, 'keepdim');
    return this.#settings.keepdim;
  }

  /**
   * log(sum(e^x)): a number for a typed array, a Tensor for everything else.
   *
   * @throws like the function `logSumExp`.
   */
  forward<X extends Input>(x: X): SumOf<X>;
  forward(x: Input, more?: unknown): unknown {
    checkLayer(this, 'forward');
    if (more !== undefined) throw new TypeError(`${this.title()} takes x alone, got also ${describe(more)}`);
    const result = sum(this.title(), x, this.#settings);
    this.keep(x);
    return result;
  }

  /**
   * `grad * softmax(x)`, like the function `logSumExpGrad`, at x or at the input of the last `forward`.
   *
   * @throws Error where there is neither; else like that function.
   */
  backward<X extends Input = Input>(grad: number | TensorLike, x?: X): Output<X>;
  backward(grad: unknown, x?: Input, more?: unknown): unknown {
    checkLayer(this, 'backward');
    if (more !== undefined)
      throw new TypeError(`${this.title()}.backward takes grad and x, got also ${describe(more)}`);
    const at = x === undefined ? this.kept('backward(grad)', 'backward(grad, x)') : x;
    return sumGrad(`${this.title()}.backward`, grad, at, this.#settings);
  }

  protected title(): string {
    return 'LogSumExp';
  }
  protected override describe(): string {
    const { dim } = this;
    return `dim=${typeof dim === 'number' ? dim : shapeText(dim)}${this.keepdim ? ', keepdim=true' : ''}`;
  }
}
