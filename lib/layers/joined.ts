// Layers of more than one row of the table: gates of the halves of their input, and a GELU that ends.

import {
  checkOwn,
  type Flat,
  type OwnOptions,
  type Elementwise as Signature,
  settingOf,
  signatures,
} from '../activations/signatures.js';
import { describe } from '../basics/errors.js';
import { type DType, isFloatArray } from '../basics/floats.js';
import { isHalfArray } from '../basics/halves.js';
import { type Given, readOwn } from '../basics/options.js';
import { map, mapGrad } from '../functions/functions.js';
import { type GateName, type Gating, gateHalves, gateHalvesGrad, gates, halvesOptions } from '../functions/gates.js';
import type { Answer, Input } from '../functions/operands.js';
import { readForeign } from '../tensor/foreign/as-tensor.js';
import { isTensorLike } from '../tensor/foreign/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkLayer, Layer, quoted } from './layer.js';

/** The layer of a gate: of the halves of x along `dim`, which is the last one where nothing else is said. */
export class Halves extends Layer {
  readonly #title: string;
  readonly #of: Signature;
  readonly #gating: Gating;
  readonly #own: readonly unknown[];

  constructor(title: string, of: Signature, gating: Gating, options: unknown, more: unknown) {
    super();
    this.#title = title;
    this.#of = of;
    this.#gating = gating;
    this.#own = readOwn(options, more, title, halvesOptions(of));
    const dim = this.#own[of.own.length];
    if (dim !== undefined && !Number.isInteger(dim))
      throw new TypeError(`${title}: dim must be an integer, got ${describe(dim)}`);
    checkOwn(of, this.#ofRow(), title);
  }

  /** The dimension that is cut in two. */
  get dim(): number {
    checkLayer(this, 'dim');
    return (this.#own[this.#of.own.length] as number | undefined) ?? -1;
  }

  protected compute(x: Input, given: Given): Answer {
    const from = readForeign(x, given.dtype, 'x', this.title());
    const { result, target, source } = gateHalves(this.#of, this.title(), from, this.#with(given), this.#gating);
    // The result may lie in the other half as well.
    if (isHalfArray(source)) return { result, target, source };
    return { result, target, source: isFloatArray(from) ? from : (from as Tensor<DType>).data };
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Answer {
    return gateHalvesGrad(this.#of, this.backwardTitle(), grad, x, this.#with(given), this.#gating);
  }
  protected title(): string {
    return this.#title;
  }
  protected override describe(): string {
    const own = this.#of.own.map((option) => {
      const setting = settingOf(this.#of, this.#ofRow(), option);
      return `${option}=${quoted(setting)}`;
    });
    return [...own, `dim=${this.dim}`].join(', ');
  }
  protected override fixed(): readonly string[] {
    return halvesOptions(this.#of);
  }

  protected override refuse(options: unknown): void {
    if (ArrayBuffer.isView(options) || Array.isArray(options) || isTensorLike(options))
      throw new TypeError(
        `${this.#title} takes one input, of which it cuts halves, and options, got ${describe(options)}; of two inputs there is the function ${this.#title.toLowerCase()}(a, b)`,
      );
  }

  #with({ out, precision, dtype }: Given): Given {
    return { out, precision, dtype, own: this.#own };
  }
  #ofRow(): readonly unknown[] {
    return this.#own.slice(0, this.#of.own.length);
  }

  /** The class for a gate. */
  static of<N extends GateName>(
    name: N,
  ): new (
    options?: Flat<OwnOptions<(typeof gates)[N]['by']> & { readonly dim?: number | undefined }>,
  ) => Halves {
    const { by, gating, layer } = gates[name];
    class Named extends Halves {
      constructor(options?: unknown, more?: unknown) {
        super(layer, signatures[by], gating, options, more);
      }
    }
    return Named;
  }
}

/** a sigmoid(b) of the halves a and b of x, like the function `glu`. */
export class GLU extends Halves.of('glu') {}

/** relu(a) b of the halves a and b of x, like the function `reglu`. */
export class ReGLU extends Halves.of('reglu') {}

/** silu(a) b of the halves a and b of x, like the function `swiglu`. */
export class SwiGLU extends Halves.of('swiglu') {}

/** gelu(a) b of the halves a and b of x, like the function `geglu`. */
export class GEGLU extends Halves.of('geglu') {}

/** gelu(x) between -10 and 10: `gelu_10` of transformers. */
export class ClippedGELU extends Layer {
  static readonly #ends = [-10, 10] as const;

  protected compute(x: Input, given: Given): Answer {
    const call = map(signatures.gelu, this.title(), x, given);
    const out = call.result;
    const { dtype } = given;
    map(signatures.hardTanh, this.title(), out as Input, { out, precision: undefined, dtype, own: ClippedGELU.#ends });
    return call;
  }
  protected computeGrad(grad: Input, x: Input, given: Given): Answer {
    const { precision, dtype } = given;
    const y = map(signatures.gelu, this.backwardTitle(), x, { out: undefined, precision, dtype, own: [] }).result;
    const ends = { out: undefined, precision, dtype, own: ClippedGELU.#ends };
    const inside = mapGrad(signatures.hardTanh, this.backwardTitle(), grad, y as Input, ends).result;
    return mapGrad(signatures.gelu, this.backwardTitle(), inside, x, given);
  }
  protected title(): string {
    return 'ClippedGELU';
  }
}
