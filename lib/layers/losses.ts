// The loss of logits as a layer.

import { describe } from '../basics/errors.js';
import type { DType } from '../basics/floats.js';
import { tooMany } from '../basics/options.js';
import type { Input, Output } from '../functions/functions.js';
import {
  type CrossEntropyOptions,
  type LossOf,
  lossGrad,
  lossOf,
  type Probabilities,
  type Reduction,
  readSettings,
  type Settings,
  type Targets,
} from '../functions/losses/losses.js';
import { keptWeights, weightsOf } from '../functions/losses/weights.js';
import { readForeign } from '../tensor/foreign/as-tensor.js';
import { Tensor } from '../tensor/tensor.js';
import { checkLayer, quoted, Trainable } from './layer.js';

/** It is called as `loss(logits, target)`, which is `loss.forward(logits, target)`. */
export interface CrossEntropyLoss<R extends Reduction = 'mean'> {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input>(logits: X, target: Targets | Probabilities<X>): LossOf<X, R>;
}

function keptOf(given: unknown): Tensor<DType> {
  const weight = readForeign(given, undefined, 'weight', 'CrossEntropyLoss');
  return keptWeights(weight, weightsOf(weight, 'CrossEntropyLoss'), 'class', 'CrossEntropyLoss');
}

/** What the last `forward` was given. */
interface Compared {
  readonly logits: Input;
  readonly target: unknown;
}

/** The loss of logits against classes or probabilities, like the function `crossEntropy`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export class CrossEntropyLoss<R extends Reduction = 'mean'> extends Trainable<Compared> {
  readonly #settings: Settings;

  /** @throws TypeError, RangeError where an option is of the wrong kind or size. */
  constructor(options?: CrossEntropyOptions<R>);
  constructor(options?: unknown, more?: unknown) {
    super();
    if (more !== undefined) throw tooMany(more, 'CrossEntropyLoss');
    const settings = readSettings(options, 'CrossEntropyLoss');
    const { dim, weight } = settings;
    if (dim !== undefined && !Number.isInteger(dim))
      throw new TypeError(`CrossEntropyLoss: dim must be an integer, got ${describe(dim)}`);
    this.#settings = weight === undefined ? settings : { ...settings, weight: keptOf(weight) };
  }

  /** The dimension of the classes, where one was given. */
  get dim(): number | undefined {
    checkLayer(this, 'dim');
    return this.#settings.dim as number | undefined;
  }
  /** What becomes of the losses of the slices. */
  get reduction(): R {
    checkLayer(this, 'reduction');
    return (this.#settings.reduction ?? 'mean') as R;
  }
  /** The class that does not count. */
  get ignoreIndex(): number {
    checkLayer(this, 'ignoreIndex');
    return this.#settings.ignoreIndex ?? -100;
  }
  /** How much of each target is spread over all classes. */
  get labelSmoothing(): number {
    checkLayer(this, 'labelSmoothing');
    return this.#settings.labelSmoothing ?? 0;
  }

  /** The weights of the classes, where there are any: in the memory they were given in, in which they may be changed. */
  get weight(): Tensor<DType> | undefined {
    checkLayer(this, 'weight');
    return this.#settings.weight as Tensor<DType> | undefined;
  }

  /**
   * The loss: a number, or with `none` a Tensor of one for each slice.
   *
   * @throws like the function `crossEntropy`.
   */
  forward<X extends Input>(logits: X, target: Targets | Probabilities<X>): LossOf<X, R>;
  forward(logits: Input, target: unknown, more?: unknown): unknown {
    checkLayer(this, 'forward');
    if (more !== undefined) throw new TypeError(`${this.title()} takes logits and target, got also ${describe(more)}`);
    const loss = lossOf(this.title(), logits, target, this.#settings);
    this.keep({ logits, target });
    return loss;
  }

  /**
   * The gradient of the last `forward`'s loss by its logits, like the function `crossEntropyGrad`; with `none` of the sum of the losses,
   * or of that of their products with `grad`, a number for each. Its kind is that of the logits, of which TypeScript is told:
   * `loss.backward<Tensor>()`.
   *
   * @throws Error where no `forward` came before, or after `eval()`; TypeError where there is a `grad` for a loss that is one number, or
   * of another dtype than the logits, RangeError where it has another shape than the losses.
   */
  backward<X extends Input = Input>(grad?: R extends 'none' ? Input : undefined): Output<X>;
  backward(grad?: unknown, more?: unknown): unknown {
    checkLayer(this, 'backward');
    if (more !== undefined)
      throw new TypeError(`${this.title()}.backward takes grad alone, got also ${describe(more)}`);
    if (grad !== undefined && this.reduction !== 'none')
      throw new TypeError(
        `${this.title()}.backward takes no grad for reduction '${this.reduction}', whose loss is one number, got ${describe(grad)}`,
      );
    const { logits, target } = this.kept('backward()', 'crossEntropyGrad(logits, target)');
    return lossGrad(`${this.title()}.backward`, logits, target, this.#settings, grad);
  }

  protected title(): string {
    return 'CrossEntropyLoss';
  }
  protected override describe(): string {
    const settings: readonly (readonly [string, unknown])[] = Object.entries(this.#settings);
    return settings
      .filter(([, value]) => value !== undefined)
      .map(([option, value]) =>
        value instanceof Tensor ? `${option} of ${value.size} classes` : `${option}=${quoted(value)}`,
      )
      .join(', ');
  }
}
