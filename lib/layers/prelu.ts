// prelu as a layer, which has the slopes.

import { describe } from '../basics/errors.js';
import type { Data, DType } from '../basics/floats.js';
import { type Given, readOwn, tooMany } from '../basics/options.js';
import type { Answer, Input } from '../functions/functions.js';
import { apply, applyGrad, keptWeight, newWeight, type Weight, weightGrad } from '../functions/prelu.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkLayer, Layer } from './layer.js';

export interface PReLULayerOptions {
  /** How many slopes are made, each of them `init`: 1 (default), or as many as x has channels. */
  readonly numParameters?: number | undefined;
  /** Default 0.25. */
  readonly init?: number | undefined;
  /** The slopes themselves, in the place of those two: a typed array or a Tensor is shared, and what is written to it counts. */
  readonly weight?: Weight | undefined;
  /** The dimension of the channels, as in the function. */
  readonly channelDim?: number | undefined;
}

/** x, and below 0 x times a slope for all or for each channel, like the function `prelu`. */
export class PReLU extends Layer {
  readonly #own: readonly [number | Tensor<DType>, number | undefined];

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
  get weight(): number | Tensor<DType> {
    checkLayer(this, 'weight');
    return this.#own[0];
  }
  /** The number of slopes. */
  get numParameters(): number {
    checkLayer(this, 'numParameters');
    const [weight] = this.#own;
    return typeof weight === 'number' ? 1 : weight.size;
  }
  /** The dimension of the channels, where one was given. */
  get channelDim(): number | undefined {
    checkLayer(this, 'channelDim');
    return this.#own[1];
  }
  /** The weight, unless it is a number. */
  override parameters(): Tensor<DType>[] {
    checkLayer(this, 'parameters');
    const [weight] = this.#own;
    return typeof weight === 'number' ? [] : [weight];
  }
  /**
   * The gradient by the weight, like the function `preluWeightGrad`, at x or at the input of the last `forward`.
   *
   * @throws like `backward`.
   */
  weightGrad(grad: Input, x?: Input): number | Data | Tensor<DType>;
  weightGrad(grad: Input, x?: Input, more?: unknown): unknown {
    checkLayer(this, 'weightGrad');
    const name = `${this.title()}.weightGrad`;
    if (more !== undefined) throw tooMany(more, name, 'grad, x');
    return weightGrad(name, grad, this.inputOf('weightGrad', x), { own: this.#own });
  }
  protected compute(x: Input, given: Given): Answer {
    return apply(this.title(), x, { out: given.out, precision: given.precision, dtype: given.dtype, own: this.#own });
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Answer {
    return applyGrad(this.backwardTitle(), grad, x, {
      out: given.out,
      precision: given.precision,
      dtype: given.dtype,
      own: this.#own,
    });
  }
  protected title(): string {
    return 'PReLU';
  }
  protected override describe(): string {
    const [weight, channelDim] = this.#own;
    const slopes = typeof weight === 'number' ? `weight=${weight}` : `numParameters=${weight.size}`;
    return channelDim === undefined ? slopes : `${slopes}, channelDim=${channelDim}`;
  }
  protected override fixed(): readonly string[] {
    return preluOptions;
  }
}
const preluOptions = ['numParameters', 'init', 'weight', 'channelDim'];
