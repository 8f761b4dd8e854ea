// The public functions: their types, and the way of a call through its options to the backend that serves.
import {
  chosenOf,
  type Elementwise,
  type Flat,
  type FunctionName,
  type OwnOptions,
  signatures,
} from '../activations/signatures.js';
import { backend } from '../backends/select.js';
import { checkPrecision, type Precision } from '../basics/checks.js';
import { inNameOf } from '../basics/errors.js';
import { type FloatArray, type FloatDType, type HalfArray, type HalfDType, isFloatArray } from '../basics/floats.js';
import { named } from '../basics/named.js';
import { type Given, givenOf, isAlone, outAlone, tooMany } from '../basics/options.js';
import { readForeign } from '../tensor/foreign/as-tensor.js';
import type { DataOf, DTypeOf, Tensor, TensorLike } from '../tensor/tensor.js';
import { mapFew, mapFewOf, mapGradFew, mapGradFewOf } from './few.js';
import { checkDTypeOf, type HalfCall, halfCall, mayBeHalf } from './halves.js';
import { type Answer, answerOf, finished, type Input, operands, otherArray, resultArray } from './operands.js';

export type { Answer, Input, Operands } from './operands.js';

/** A new array of results. It lies in an ArrayBuffer, whatever x lies in, and TypeScript before 5.7 cannot say so. */
export type NewArray = {
  readonly float32: ReturnType<typeof Float32Array.of>;
  readonly float64: ReturnType<typeof Float64Array.of>;
};

// biome-ignore lint/suspicious/noExplicitAny: who has no types for x wants none for the result.
type Anything = any;

/** What a function gives: a new typed array for a typed array, a Tensor for everything else, anything for any, as only `1 & any` is extended by 0. */
export type Output<X> = 0 extends 1 & X
  ? Anything
  : X extends FloatArray
    ? NewArray[DTypeOf<X>]
    : X extends HalfArray
      ? X
      : Tensor<DTypeOf<X>>;

/** What may be filled with the result for x, where anything is: for a Tensor of floats of one dimension also a typed array. */
export type Out<X> =
  | (X extends FloatArray
      ? DataOf<DTypeOf<X>>
      : X extends HalfArray
        ? X
        : TensorLike | DataOf<Extract<DTypeOf<X>, FloatDType>>)
  | undefined;

/** What a function gives with options: `out` itself, where there is one. */
export type Result<X, O> = [O] extends [undefined]
  ? Output<X>
  : undefined extends O
    ? Output<X> | Exclude<O, undefined>
    : O;

export interface Options<X extends Input = Input, O extends Out<X> = Out<X>> {
  /** Filled and returned instead of something new; has the kind, dtype and size of x, and may be x itself. */
  readonly out?: O;
  /** `'fast'` (default) computes float32 in float32; `'exact'` rounds correctly, once. float64 is the same in both. */
  readonly precision?: Precision | undefined;
  /** What the numbers of a Uint16Array are; of other inputs their own dtype. */
  readonly dtype?: HalfDType | FloatDType | undefined;
}

/** The options of an elementwise function, by its name: those of its own besides. */
export type OptionsOf<F extends FunctionName, X extends Input = Input, O extends Out<X> = Out<X>> = Flat<
  Options<X, O> & OwnOptions<F>
>;

/** The options of `gelu`. */
export type GELUOptions<X extends Input = Input, O extends Out<X> = Out<X>> = OptionsOf<'gelu', X, O>;

/** Whether some option must be given. */
type IsNeeded<F extends FunctionName> = Record<never, never> extends OwnOptions<F> ? false : true;

/** An elementwise function. */
export type Forward<F extends FunctionName> =
  IsNeeded<F> extends true
    ? <X extends Input, O extends Out<X> = undefined>(x: X, options: OptionsOf<F, X, O>) => Result<X, O>
    : <X extends Input, O extends Out<X> = undefined>(x: X, options?: OptionsOf<F, X, O>) => Result<X, O>;

/** Its gradient. */
export type Gradient<F extends FunctionName> =
  IsNeeded<F> extends true
    ? <X extends Input, O extends Out<X> = undefined>(grad: Input, x: X, options: OptionsOf<F, X, O>) => Result<X, O>
    : <X extends Input, O extends Out<X> = undefined>(grad: Input, x: X, options?: OptionsOf<F, X, O>) => Result<X, O>;

/** The function of that name. */
export function forward<F extends FunctionName>(name: F): Forward<F> {
  const signature = signatures[name];
  const { own, usual } = signature;
  return named(name, (x: Input, options: unknown, more: unknown) => {
    if (more !== undefined) throw tooMany(more, name, 'x');
    const out = outAlone(options);
    if (isAlone(out) && usual !== undefined && backend.mapFew !== undefined) {
      const y = backend.mapFew(x, out, usual, false) ?? (isFloatArray(x) ? undefined : mapFewOf(x, out, usual, false));
      if (y !== undefined) return y;
    }
    const given = givenOf(out, options, name, own);
    const few = !isAlone(out) || usual === undefined ? mapFew(signature, name, x, given) : undefined;
    if (few !== undefined) return few;
    if (!isFloatArray(x)) return mapAny(signature, name, x, given).result;
    if (given.dtype !== undefined) checkDTypeOf(x, given.dtype, name);
    const y = resultArray(name, x, given.out);
    values(signature, name, given, x, y, given.out === undefined);
    return y;
  }) as Forward<F>;
}

/** The gradient of the function of that name. */
export function gradient<F extends FunctionName>(of: F): Gradient<F> {
  const signature = signatures[of];
  const { own, usual } = signature;
  const name = `${of}Grad`;
  return named(name, (grad: unknown, x: Input, options: unknown, more: unknown) => {
    if (more !== undefined) throw tooMany(more, name, 'grad, x');
    const out = outAlone(options);
    if (isAlone(out) && usual !== undefined && backend.mapGradFew !== undefined) {
      const y =
        backend.mapGradFew(grad, x, out, usual, false) ??
        (isFloatArray(x) ? undefined : mapGradFewOf(grad, x, out, usual, false));
      if (y !== undefined) return y;
    }
    const given = givenOf(out, options, name, own);
    const few = !isAlone(out) || usual === undefined ? mapGradFew(signature, name, grad, x, given) : undefined;
    if (few !== undefined) return few;
    if (!isFloatArray(x)) return mapGradAny(signature, name, grad, x, given).result;
    if (given.dtype !== undefined) checkDTypeOf(x, given.dtype, name);
    const g = otherArray(name, x, grad);
    const y = resultArray(name, x, given.out, g);
    slopes(signature, name, given, g, x, y, given.out === undefined);
    return y;
  }) as Gradient<F>;
}

/** y = f(x), element by element. */
export function map(of: Elementwise, name: string, x: Input, given: Given): Answer {
  const few = mapFew(of, name, x, given);
  return few === undefined ? mapAny(of, name, x, given) : answerOf(x, few);
}

/** y = grad * f'(x), element by element. */
export function mapGrad(of: Elementwise, name: string, grad: unknown, x: Input, given: Given): Answer {
  const few = mapGradFew(of, name, grad, x, given);
  return few === undefined ? mapGradAny(of, name, grad, x, given) : answerOf(x, few);
}

function mapAny(of: Elementwise, name: string, x: Input, given: Given): Answer {
  const from = readForeign(x, given.dtype, 'x', name);
  const half = mayBeHalf(from, given) ? halfCall(name, from, given) : undefined;
  if (half !== undefined) return halves(of, name, given, half);
  const few = from === x ? undefined : mapFew(of, name, from, given);
  if (few !== undefined) return answerOf(from, few);
  const call = operands(name, from, given.out);
  if (call.strided !== undefined) call.strided.compute(of, given);
  else values(of, name, given, call.x, call.y, call.fresh);
  return finished(call);
}

function mapGradAny(of: Elementwise, name: string, grad: unknown, x: Input, given: Given): Answer {
  const from = readForeign(x, given.dtype, 'x', name);
  const half = mayBeHalf(from, given) ? halfCall(name, from, given, true, grad) : undefined;
  if (half !== undefined) return halves(of, name, given, half);
  const few = from === x ? undefined : mapGradFew(of, name, grad, from, given);
  if (few !== undefined) return answerOf(from, few);
  const call = operands(name, from, given.out, true, grad);
  if (call.strided !== undefined) call.strided.compute(of, given);
  else slopes(of, name, given, call.other!, call.x, call.y, call.fresh);
  return finished(call);
}

/** The parameters are numbers of float32, as in float32, and rounded no further. */
function halves(of: Elementwise, name: string, given: Given, call: HalfCall): Answer {
  checkPrecision(given.precision, name);
  const { op, a, b } = chosenOf(of, given, undefined, name);
  try {
    backend.halves(call.other, call.x, call.y, call.dtype, op, a, b);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return call.finish();
}

function values(of: Elementwise, name: string, given: Given, x: FloatArray, y: FloatArray, fresh: boolean): void {
  const exact = checkPrecision(given.precision, name);
  const { op, a, b } = chosenOf(of, given, x, name);
  try {
    backend.map(x, y, op, a, b, exact, fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
}

function slopes(
  of: Elementwise,
  name: string,
  given: Given,
  grad: FloatArray,
  x: FloatArray,
  y: FloatArray,
  fresh: boolean,
): void {
  const exact = checkPrecision(given.precision, name);
  const { op, a, b } = chosenOf(of, given, x, name);
  try {
    backend.mapGrad(grad, x, y, op, a, b, exact, fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
}
