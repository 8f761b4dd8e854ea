// The activations as layers: callable objects that remember their last input for backward(). Nothing here reads the name of a
// class or a function, which bundlers change.
import { type Op, opOf } from './backend.js';
import { checkOptions } from './check.js';
import {
  type Approximate,
  geluOf,
  type Input,
  map,
  mapGrad,
  type Options,
  type Out,
  type Output,
  type Result,
  type SoftmaxOptions,
  softmaxGradOf,
  softmaxOf,
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

/** An activation as an object. It holds no parameters, only the input of its last `forward`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export abstract class Layer extends Callable {
  #input: Input | undefined;
  #why = 'no forward came before it';

  protected abstract compute<X extends Input>(x: X, options: Options<X> | undefined): Output<X>;
  protected abstract computeGrad<X extends Input>(grad: Input, x: X, options: Options<X> | undefined): Output<X>;
  /** What `toString()` and messages call the layer; a class made from one of these may give its own. */
  protected abstract title(): string;
  /** What stands between the brackets of `toString()`. */
  protected abstract describe(): string;

  /**
   * The activation of x: a typed array for a typed array, a Tensor for everything else.
   *
   * @throws TypeError, RangeError where x or an option is of the wrong kind or size, before anything is written.
   */
  forward<X extends Input, O extends Out<X> = undefined>(x: X, options?: Options<X, O>): Result<X, O>;
  forward<X extends Input>(x: X, options?: Options<X>): Output<X> {
    const y = this.compute(x, options);
    const overwritten = sharesMemory(x, options?.out);
    this.#input = overwritten ? undefined : x;
    if (overwritten) this.#why = 'the last forward overwrote its input';
    return y;
  }

  /**
   * `grad` times the derivative at x, or at the input of the last `forward` where x is not given.
   *
   * @throws Error where there is neither; TypeError, RangeError where the arguments do not fit each other.
   */
  backward<X extends Input, O extends Out<X> = undefined>(grad: X, x?: Input, options?: Options<X, O>): Result<X, O>;
  backward<X extends Input>(grad: X, x?: Input, options?: Options): Output<X> {
    const at = x ?? this.#input;
    if (at === undefined)
      throw new Error(
        `${this}.backward(grad) needs the input of a forward, and ${this.#why}; pass it: backward(grad, x)`,
      );
    return this.computeGrad(grad, at, options) as Output<X>;
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
}

function sharesMemory(x: Input, out: unknown): boolean {
  const a = ArrayBuffer.isView(x) ? x : x.data;
  const b = ArrayBuffer.isView(out) ? out : (out as { data?: unknown } | undefined)?.data;
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return false;
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

abstract class Elementwise extends Layer {
  protected abstract readonly op: Op;
  protected compute<X extends Input>(x: X, options: Options<X> | undefined): Output<X> {
    return map<X, undefined>(this.op, this.title(), x, checkOptions(options, this.title()));
  }
  protected computeGrad<X extends Input>(grad: Input, x: X, options: Options<X> | undefined): Output<X> {
    return mapGrad<X, undefined>(this.op, this.title(), grad, x, checkOptions(options, this.title()));
  }
  protected describe(): string {
    return '';
  }
}

/** max(x, 0), like the function `relu`. */
export class ReLU extends Elementwise {
  protected readonly op = opOf.relu;
  protected title(): string {
    return 'ReLU';
  }
}

/** 1 / (1 + e^-x), like the function `sigmoid`. */
export class Sigmoid extends Elementwise {
  protected readonly op = opOf.sigmoid;
  protected title(): string {
    return 'Sigmoid';
  }
}

/** The hyperbolic tangent, like the function `tanh`. */
export class Tanh extends Elementwise {
  protected readonly op = opOf.tanh;
  protected title(): string {
    return 'Tanh';
  }
}

/** x Phi(x) or one of its approximations, like the function `gelu`. */
export class GELU extends Elementwise {
  readonly approximate: Approximate;
  protected readonly op: Op;

  /** @throws TypeError where `approximate` is not `'none'` (default), `'tanh'` or `'sigmoid'`. */
  constructor(options?: { readonly approximate?: Approximate }) {
    super();
    this.op = geluOf(checkOptions(options, 'GELU')?.approximate);
    this.approximate = options?.approximate ?? 'none';
  }
  protected title(): string {
    return 'GELU';
  }
  protected override describe(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** The layer takes the dimension of a call as a number too: `softmax(x, 0)`. */
export interface Softmax {
  // biome-ignore lint/style/useShorthandFunctionType: it merges with the class below.
  <X extends Input, O extends Out<X> = undefined>(x: X, options?: SoftmaxOptions<X, O> | number): Result<X, O>;
}

/** e^x over its sum along a dimension, like the function `softmax`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface says that it can be called, which Callable makes true.
export class Softmax extends Layer {
  readonly dim: number;
  #lastDim: number;

  /** `dim` serves every call that names none. Default -1. */
  constructor(options?: { readonly dim?: number }) {
    super();
    this.dim = checkOptions(options, 'Softmax')?.dim ?? -1;
    this.#lastDim = this.dim;
  }

  override forward<X extends Input, O extends Out<X> = undefined>(
    x: X,
    options?: SoftmaxOptions<X, O> | number,
  ): Result<X, O>;
  override forward<X extends Input>(x: X, options?: SoftmaxOptions<X> | number): unknown {
    const named: SoftmaxOptions<X> | undefined =
      typeof options === 'number' ? { dim: options } : checkOptions(options, 'Softmax');
    const complete: SoftmaxOptions<X> = { ...named, dim: named?.dim ?? this.dim };
    return super.forward(x, complete);
  }
  protected compute<X extends Input>(x: X, options: SoftmaxOptions<X>): Output<X> {
    const y = softmaxOf<X, undefined>(x, options, this.title());
    this.#lastDim = options.dim ?? this.dim;
    return y;
  }
  /** The gradient along the dimension of the last forward, unless the options name another. */
  protected computeGrad<X extends Input>(grad: Input, x: X, options?: SoftmaxOptions<X>): Output<X> {
    const complete = { ...checkOptions(options, 'Softmax'), dim: options?.dim ?? this.#lastDim };
    return softmaxGradOf<X, undefined>(grad, x, complete, this.title());
  }
  protected title(): string {
    return 'Softmax';
  }
  protected describe(): string {
    return `dim=${this.dim}`;
  }
}
