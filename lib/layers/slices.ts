// The functions over dimensions as layers: softmax, its logarithm, softmin.

import { shapeText } from '../basics/allocate.js';
import { describe } from '../basics/errors.js';
import { type Given, readOwn } from '../basics/options.js';
import { isZero, temperatureOf } from '../functions/conditions.js';
import type { Answer, Input, Out, Result } from '../functions/functions.js';
import { type SliceName, type SoftmaxOptions, sliceOptions, slices, slicesGrad } from '../functions/slices.js';
import { listed } from '../tensor/layouts/shape.js';
import { checkLayer, Layer, quoted } from './layer.js';

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
    checkLayer(this, 'dim');
    return (this.#own[0] as number | readonly number[] | undefined) ?? -1;
  }
  /** What calls divide by that name no temperature. */
  get temperature(): number {
    checkLayer(this, 'temperature');
    return (this.#own[1] as number | undefined) ?? 1;
  }
  /** What slices get of which nothing is left. */
  get empty(): 'nan' | 'zero' {
    checkLayer(this, 'empty');
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
  protected compute(x: Input, given: Given): Answer {
    const own = over(this.#own, given.own);
    const call = slices(this.#what, this.title(), x, given, own);
    this.#last = own;
    return call;
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Answer {
    return slicesGrad(this.#what, this.backwardTitle(), grad, x, given, over(this.#last, given.own));
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
function over(before: readonly unknown[], own: readonly unknown[]): readonly unknown[] {
  if (own.length === 0) return before;
  const all = [...before];
  for (let place = 0; place < own.length; place++) if (own[place] !== undefined) all[place] = own[place];
  all[0] = listed(all[0]);
  return all;
}

/** e^x over its sum along a dimension, like the function `softmax`. */
export class Softmax extends AlongDim.of('Softmax', 'softmax') {}

/** Its logarithm, like the function `logSoftmax`. */
export class LogSoftmax extends AlongDim.of('LogSoftmax', 'logSoftmax') {}

/** Softmax of -x, like the function `softmin`. */
export class Softmin extends AlongDim.of('Softmin', 'softmin') {}
