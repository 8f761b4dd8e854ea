// What makes a layer of an elementwise function.

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
import { checkLayer, Layer, quoted } from './layer.js';

/** The layer of an elementwise function. Nothing can be called by its constructor but the classes that `of` makes. */
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
    return mapGrad(this.#signature, this.backwardTitle(), grad, x, this.#with(given));
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
      static readonly function = name;
      constructor(options?: unknown, more?: unknown) {
        super(title, signature, options, more);
      }
    }
    for (const option of signature.own)
      Object.defineProperty(Named.prototype, option, {
        get(this: Elementwise) {
          checkLayer(this, option);
          return this.setting(option);
        },
      });
    return Named as unknown as Constructor<F>;
  }
}

type Instance<F extends FunctionName> = Elementwise & {
  readonly [N in keyof OwnOptions<F>]-?: Exclude<OwnOptions<F>[N], undefined>;
};
type Constructor<F extends FunctionName> = { readonly function: F } & (new (...options: Settings<F>) => Instance<F>);
/** What a constructor takes: options where there are any, which are needed where one of them is. */
type Settings<F extends FunctionName> = [keyof OwnOptions<F>] extends [never]
  ? []
  : Record<never, never> extends OwnOptions<F>
    ? [options?: OwnOptions<F>]
    : [options: OwnOptions<F>];
