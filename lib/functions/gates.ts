// Gates: y = f(a) * b of two inputs, or of the halves of one.

import { chosenOf, type Elementwise, type Flat, type FunctionName, signatures } from '../activations/signatures.js';
import { backend } from '../backends/select.js';
import { shapeText } from '../basics/allocate.js';
import { checkOverlap, checkPrecision, countOf } from '../basics/checks.js';
import { counted, describe, inNameOf, naming } from '../basics/errors.js';
import { isFloatArray, part } from '../basics/floats.js';
import { named } from '../basics/named.js';
import { type Given, readOptions, tooMany } from '../basics/options.js';
import { copyInto } from '../tensor/copies.js';
import { asTensor, readForeign } from '../tensor/foreign/as-tensor.js';
import { isReadOnly, isTensorLike } from '../tensor/foreign/layout.js';
import { frozen, Parts } from '../tensor/layouts/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { dimOf } from './dims.js';
import { gateFew } from './few.js';
import type { OptionsOf, Out, Result } from './functions.js';
import { allThroughFloats, checkApart, mayBeHalf, throughFloats } from './halves.js';
import { type Answer, answerOf, finished, type Input, type Operands, operands } from './operands.js';

/** Which half of one input is the gate; where it is the first, two inputs are taken as well. */
export type Gating = 'first' | 'second';

/** A gate: by which function, of which half, and the name of its layer. */
interface Row {
  readonly by: FunctionName;
  readonly gating: Gating;
  readonly layer: string;
}

/** Every gate that there is. The package exports each, its gradient and its layer, and the command line has it. */
export const gates = {
  glu: { by: 'sigmoid', gating: 'second', layer: 'GLU' },
  reglu: { by: 'relu', gating: 'first', layer: 'ReGLU' },
  swiglu: { by: 'silu', gating: 'first', layer: 'SwiGLU' },
  geglu: { by: 'gelu', gating: 'first', layer: 'GEGLU' },
} as const satisfies Record<string, Row>;
type Gates = typeof gates;
export type GateName = keyof Gates;
export const gateNames = Object.keys(gates) as readonly GateName[];

/** The options of a gate of one input, which is cut in two along `dim`; default -1, the last. */
export type HalvesOptions<F extends FunctionName, X extends Input = Input, O extends Out<X> = Out<X>> = OptionsOf<
  F,
  X,
  O
> & { readonly dim?: number | undefined };

/** A gate of the halves of one input. */
export type HalvesGate<F extends FunctionName> = <X extends Input, O extends Out<X> = undefined>(
  x: X,
  options?: HalvesOptions<F, X, O>,
) => Result<X, O>;
export type HalvesGradient<F extends FunctionName> = <X extends Input, O extends Out<X> = undefined>(
  grad: Input,
  x: X,
  options?: HalvesOptions<F, X, O>,
) => Result<X, O>;

/** A gate of two inputs, or of the halves of one. */
export interface Gate<F extends FunctionName> {
  <X extends Input, O extends Out<X> = undefined>(gate: X, up: Input, options?: OptionsOf<F, X, O>): Result<X, O>;
  <X extends Input, O extends Out<X> = undefined>(x: X, options?: HalvesOptions<F, X, O>): Result<X, O>;
}
export interface GateGradient<F extends FunctionName> {
  <X extends Input, A extends Out<X> = undefined, B extends Out<X> = undefined>(
    grad: Input,
    gate: X,
    up: Input,
    options?: Flat<Omit<OptionsOf<F>, 'out'> & { readonly out?: readonly [A, B] | undefined }>,
  ): [Result<X, A>, Result<X, B>];
  <X extends Input, O extends Out<X> = undefined>(grad: Input, x: X, options?: HalvesOptions<F, X, O>): Result<X, O>;
}

type GateOf<R extends Row> = R['gating'] extends 'first' ? Gate<R['by']> : HalvesGate<R['by']>;
type GradientOf<R extends Row> = R['gating'] extends 'first' ? GateGradient<R['by']> : HalvesGradient<R['by']>;

/** What the two are called: inputs of their own, or halves of one. */
const apart = { x: 'gate', other: 'up' };
const ofHalves = { x: 'a half of x', other: 'a half of x' };

/** Whether an argument may be options, or is left out; anything else is an input, if a wrong one. */
const isInput = (x: unknown) =>
  x !== undefined &&
  (typeof x !== 'object' || x === null || ArrayBuffer.isView(x) || Array.isArray(x) || isTensorLike(x));

const ofOne = 'x holds both halves, along dim';

/** The gate of that name. */
export const gate = <N extends GateName>(name: N): GateOf<Gates[N]> => gateBy(name, gates[name]);

/** Its gradient: for two inputs a pair. */
export const gateGradient = <N extends GateName>(name: N): GradientOf<Gates[N]> =>
  gateGradientBy(`${name}Grad`, gates[name]);

/** A gate as a row says, under any name. */
export function gateBy<R extends Row>(name: string, { by, gating }: R): GateOf<R> {
  const of = signatures[by];
  const own = halvesOptions(of);
  const halves = (x: Input, options: unknown, more: unknown) => {
    if (isInput(options)) throw tooMany(options, name, 'x', ofOne);
    if (more !== undefined) throw tooMany(more, name, 'x');
    return gateHalves(of, name, x, readOptions(options, name, own, undefined, true), gating).result;
  };
  if (gating === 'second') return named(name, halves) as GateOf<R>;
  return named(name, (a: Input, b: unknown, options: unknown, more: unknown) => {
    if (!isInput(b)) return halves(a, b, options);
    if (more !== undefined) throw tooMany(more, name, 'gate, up');
    return apply(of, name, a, b, readOptions(options, name, of.own, undefined, true)).result;
  }) as GateOf<R>;
}

export function gateGradientBy<R extends Row>(name: string, { by, gating }: R): GradientOf<R> {
  const of = signatures[by];
  const own = halvesOptions(of);
  const halves = (grad: Input, x: Input, options: unknown, more: unknown) => {
    if (isInput(options)) throw tooMany(options, name, 'grad, x', ofOne);
    if (more !== undefined) throw tooMany(more, name, 'grad, x');
    return gateHalvesGrad(of, name, grad, x, readOptions(options, name, own, undefined, true), gating).result;
  };
  if (gating === 'second') return named(name, halves) as GradientOf<R>;
  return named(name, (grad: Input, a: Input, b: unknown, options: unknown, more: unknown) => {
    if (!isInput(b)) return halves(grad, a, b, options);
    if (more !== undefined) throw tooMany(more, name, 'grad, gate, up');
    const given = readOptions(options, name, of.own, undefined, true);
    const { out } = given;
    if (out !== undefined && (!Array.isArray(out) || out.length !== 2))
      throw new TypeError(
        `${name}: out must be an array of two, for the gradients of gate and up, got ${describe(out)}`,
      );
    const [da, db] = out === undefined ? [undefined, undefined] : [...out];
    return applyGradient(of, name, grad, a, b, given, da, db);
  }) as GradientOf<R>;
}

/** The options of a gate of halves, in the order of `Given.own`. */
export const halvesOptions = (of: Elementwise): readonly string[] => [...of.own, 'dim'];

export function gateHalves(of: Elementwise, name: string, input: Input, given: Given, gating: Gating): Answer {
  const x = readForeign(input, given.dtype, 'x', name);
  const half = mayBeHalf(x, given)
    ? throughFloats(name, [x], ['x'], given, ([x], given) => gateHalves(of, name, x!, given, gating))
    : undefined;
  if (half !== undefined) return half;
  const [first, second] = cutInTwo(x, given.own[of.own.length], 'x', name);
  const [a, b] = gating === 'first' ? [first, second] : [second, first];
  return apply(of, name, a, b, given, ofHalves);
}

export function gateHalvesGrad(
  of: Elementwise,
  name: string,
  grad: Input,
  input: Input,
  given: Given,
  gating: Gating,
): Answer {
  const x = readForeign(input, given.dtype, 'x', name);
  const half = mayBeHalf(x, given)
    ? throughFloats(name, [x, grad], ['x', 'grad'], given, ([x, grad], given) =>
        gateHalvesGrad(of, name, grad!, x!, given, gating),
      )
    : undefined;
  if (half !== undefined) return half;
  const dim = given.own[of.own.length];
  const from = isFloatArray(x) ? x : asTensor(x, 'x', name);
  const whole = operands(name, from, given.out);
  const [first, second] = cutInTwo(from, dim, 'x', name);
  const [a, b] = gating === 'first' ? [first, second] : [second, first];
  const results = applyGradient(of, name, grad, a, b, given, undefined, undefined, ofHalves).map((result) =>
    asTensor(result, 'x', name),
  );
  const y = new Tensor(new Parts(whole.y, whole.shape ?? [whole.count]));
  const [firstOut, secondOut] = cutInTwo(y, dim, 'x', name) as [Tensor, Tensor];
  const [ofFirst, ofSecond] = gating === 'first' ? results : results.reverse();
  naming(`${name}: out`, () => {
    copyInto(firstOut, ofFirst!.data);
    copyInto(secondOut, ofSecond!.data);
  });
  return finished(whole);
}

function apply(of: Elementwise, name: string, input: Input, b: unknown, given: Given, words = apart): Answer {
  const few = gateFew(of, name, input, b, given);
  if (few !== undefined) return answerOf(input, few);
  const a = readForeign(input, given.dtype, words.x, name);
  const half = mayBeHalf(a, given)
    ? throughFloats(name, [a, b], ['gate', 'up'], given, ([a, b], given) => apply(of, name, a!, b, given))
    : undefined;
  if (half !== undefined) return half;
  const exact = checkPrecision(given.precision, name);
  const call = operands(name, a, given.out, true, b, words);
  const { op, a: p, b: q } = chosenOf(of, given, call.source, name);
  if (call.strided !== undefined) {
    call.strided.computeGate(op, p, q, exact);
    return finished(call);
  }
  try {
    backend.gate(call.x, call.other!, call.y, op, p, q, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

/** The gradients of a and b, into outputs where there are any. */
function applyGradient(
  of: Elementwise,
  name: string,
  grad: unknown,
  input: Input,
  b: unknown,
  given: Given,
  da?: unknown,
  db?: unknown,
  words = apart,
): [unknown, unknown] {
  const a = readForeign(input, given.dtype, words.x, name);
  if (mayBeHalf(a, given)) {
    const halves = allThroughFloats(
      name,
      [a, b, grad],
      ['gate', 'up', 'grad'],
      given,
      [da, db],
      ([a, b, grad], given) => applyGradient(of, name, grad, a!, b, given),
    );
    if (halves !== undefined) return [halves[0]!.result, halves[1]!.result];
  }
  const exact = checkPrecision(given.precision, name);
  // All that may be getters before the memory of any is found.
  const [from, by, g] = [readAs(a, words.x, name), readAs(b, words.other, name), readAs(grad, 'grad', name)];
  const [ofA, ofB] = [readOut(da, name), readOut(db, name)];
  const first = operands(name, from, ofA, true, by, words);
  const second = operands(name, from, ofB, true, g, { x: words.x, other: 'grad' });
  // New memory meets nothing, and to ask for its buffer would take 230 ns.
  if (ofA !== undefined) checkOverlap(second.other!, first.y, 'grad', name);
  if (ofB !== undefined) checkOverlap(first.other!, second.y, words.other, name);
  if (ofA !== undefined && ofB !== undefined) checkApart(placeOf(first), placeOf(second), name);
  const { op, a: p, b: q } = chosenOf(of, given, first.x, name);
  try {
    backend.gateGrad(second.other!, first.x, first.other!, first.y, second.y, op, p, q, exact);
  } catch (error) {
    throw inNameOf(name, error);
  }
  const [ofFirst, ofSecond] = [finished(first).result, finished(second).result];
  return [da ?? ofFirst, db ?? ofSecond];
}

/** An input as an array or a Tensor; what is none is left to who asks for its memory. */
const readAs = (x: unknown, what: string, name: string) =>
  isFloatArray(x) || !isTensorLike(x) ? (x as Input) : asTensor(x, what, name);

function readOut(out: unknown, name: string): unknown {
  if (out === undefined || isFloatArray(out) || !isTensorLike(out)) return out;
  if (isReadOnly(out)) throw new TypeError(`${name}: out is marked READONLY`);
  return asTensor(out, 'out', name);
}

const placeOf = ({ scatter, y, count }: Operands): Parts => scatter ?? new Parts(y, [count]);

/** The halves of an input along a dimension, in its memory. */
function cutInTwo(x: Input, dim: unknown, what: string, name: string): [Input, Input] {
  if (isFloatArray(x)) {
    const count = countOf(x, name, what);
    dimOf(dim, [count], name);
    if (count % 2 !== 0) throw notEven(counted(count, 'element'), what, name);
    return [part(x, 0, count / 2), part(x, count / 2, count / 2)];
  }
  const { data, shape, strides, offset } = asTensor(x, what, name);
  const at = dimOf(dim, shape, name);
  const length = shape[at]!;
  if (length % 2 !== 0) throw notEven(`shape ${shapeText(shape)}`, what, name);
  const half = frozen(shape.map((extent, i) => (i === at ? extent / 2 : extent)));
  const view = (from: number) => new Tensor(new Parts(data, half, strides, offset + from * strides[at]!));
  return [view(0), view(length / 2)];
}

function notEven(size: string, what: string, name: string): RangeError {
  return new RangeError(`${name}: ${what} has ${size}, of which there are no halves`);
}
