// Two tensors, element by element, with broadcasting. The loops in loops.ts see even steps and one type; what lies otherwise comes to
// them by blocks that fit the cache.
import type { Operation } from '../backends/backend.js';
import { copyRuns } from '../backends/copies.js';
import { backend } from '../backends/select.js';
import { allocate } from '../basics/allocate.js';
import { describe } from '../basics/errors.js';
import { bufferOf, dtypeOf, type FloatArray, type FloatDType, isFloat32 } from '../basics/floats.js';
import { checkOptions, optionOf } from '../basics/options.js';
import { copyOf, fewElements, spread } from './copies.js';
import type { Flags } from './foreign/masks.js';
import { type Block, forEachBlock, forEachRow, mergeRuns, stepsOver } from './layouts/runs.js';
import { broadcastShapes, broadcastStrides, checkPlace, Parts, sizeOf } from './layouts/shape.js';
import { type Closeness, closeLoops, equalLoops, fillPairs, fillWords, operationLoops, widen } from './loops.js';

// Results below which a loop takes less time than a call of native code, whose bits are the same. ns of `a.mul(b)` by the loop and by a call
// (`npm run bench:forms -- --size 16`, 32; a Xeon with AVX-512, Node 20.20): of 256 elements 920 and 620, of 1024 2960 and 890.
const fewestCombined = 256;

/** The result, fresh and contiguous; float64 where an operand is. float32 is computed as float32: each result is rounded once. */
export function combine(op: Operation, a: Parts, b: Parts): Parts {
  const shape = broadcastShapes(a.shape, b.shape);
  const dtype = widerOf(a, b);
  const out = allocate(dtype, shape === a.shape ? a.size : sizeOf(shape), op, shape);
  const loop = operationLoops[op][dtype];
  forEachPair(a, b, shape, dtype, (x, i, iStep, y, j, jStep, length, done) => {
    if (length < fewestCombined || backend.combineStrided === undefined)
      loop(x, i, iStep, y, j, jStep, out, done, done + length);
    // True, as the result is new.
    else backend.combineStrided(op, x, y, out, [i, j, done], { lengths: [length], steps: [[iStep], [jStep], [1]] });
    return true;
  });
  // To make strides takes as long as to add some thirty elements.
  return a.packed && shape === a.shape ? new Parts(out, shape, a.strides, 0, true) : new Parts(out, shape);
}

/** A fresh copy of x with `value` where the flags are not 0, which broadcast to its shape. */
export function fillWhere(x: Parts, flags: Flags, value: number): Parts {
  const out = copyOf(x);
  if (x.size > fewElements) fillMany(out, x.shape, flags, value);
  else {
    const marks = roomForFlags();
    spread(flags.data, flags, x.shape, x.size, marks);
    for (let k = 0; k < x.size; k++) if (marks[k] !== 0) out[k] = value;
  }
  return x.packed ? new Parts(out, x.shape, x.strides, 0, true) : new Parts(out, x.shape);
}

function fillMany(out: FloatArray, shape: readonly number[], flags: Flags, value: number): void {
  const isSingle = isFloat32(out);
  const bits = new Int32Array((isSingle ? Float32Array : Float64Array).of(value).buffer);
  const words = new Int32Array(bufferOf(out));
  const fill = isSingle ? fillWords : fillPairs;
  const marks = { strides: broadcastStrides(flags, shape), offset: flags.offset };
  const { lengths } = mergeRuns(shape, [marks.strides])!;
  if (lengths.length < 2 || lengths[0]! >= longRow) {
    let done = 0;
    forEachRow(shape, [marks], ([at = 0], [step = 0], length) => {
      fill(words, flags.data, at, step, bits, done, done + length);
      done += length;
    });
    return;
  }
  const room = roomForFlags();
  forEachBlock(shape, [marks], blockElements, ({ lengths, at, count, done }, [steps]) => {
    copyRuns(flags.data, at[0]!, room, 0, { lengths, steps: [steps!, stepsOver(lengths)] });
    fill(words, room, 0, 1, bits, done, done + count);
    return true;
  });
}

/** True where all pairs of elements are `===`. */
export function allEqual(a: Parts, b: Parts): boolean {
  const dtype = widerOf(a, b);
  const loop = equalLoops[dtype];
  return forEachPair(a, b, broadcastShapes(a.shape, b.shape), dtype, loop);
}

export interface Tolerance {
  /** How far apart two values may be, relative to the other tensor's. Default 1e-5. */
  readonly rtol?: number | undefined;
  /** How far apart two values may be, added to the relative part. Default 1e-8. */
  readonly atol?: number | undefined;
  /** Whether NaN is close to NaN. Default false. */
  readonly equalNan?: boolean | undefined;
}

const tolerances = ['rtol', 'atol', 'equalNan'] as const satisfies (keyof Tolerance)[];

/** What the option of `allClose` says. */
export function readTolerance(tolerance: unknown): Closeness {
  checkOptions(tolerance, 'allClose', tolerances, 'atol: 1e-6');
  const rtol = toleranceOf('rtol', optionOf(tolerance, 'rtol'), 1e-5);
  const atol = toleranceOf('atol', optionOf(tolerance, 'atol'), 1e-8);
  const equalNan = optionOf(tolerance, 'equalNan') ?? false;
  if (typeof equalNan !== 'boolean')
    throw new TypeError(`allClose: equalNan must be true or false, got ${describe(equalNan)}`);
  return { rtol, atol, equalNan };
}

function toleranceOf(name: string, value: unknown, usual: number): number {
  if (value === undefined) return usual;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${describe(value)}`);
  if (!(value >= 0)) throw new RangeError(`${name} must not be negative or NaN, got ${value}`);
  return value;
}

/** True where all pairs of elements are close. */
export function allClose(a: Parts, b: Parts, closeness: Closeness): boolean {
  const dtype = widerOf(a, b);
  const loop = closeLoops[dtype];
  return forEachPair(a, b, broadcastShapes(a.shape, b.shape), dtype, (x, i, iStep, y, j, jStep, length) =>
    loop(x, i, iStep, y, j, jStep, length, closeness),
  );
}

const widerOf = (a: Parts, b: Parts): FloatDType => (dtypeOf(a.data) === 'float64' ? 'float64' : dtypeOf(b.data));

/** Sees pairs of elements; `done` counts those before them. False ends the walk. */
type PairRow = (
  x: FloatArray,
  i: number,
  iStep: number,
  y: FloatArray,
  j: number,
  jStep: number,
  length: number,
  done: number,
) => boolean;

/** Calls `row` for the pairs of two layouts broadcast to a shape, as arrays of one type, in row-major order; true where it always was. */
function forEachPair(a: Parts, b: Parts, shape: readonly number[], dtype: FloatDType, row: PairRow): boolean {
  checkPlace(a);
  checkPlace(b);
  const size = shape === a.shape ? a.size : sizeOf(shape);
  const iStep = evenStep(a, size);
  const jStep = evenStep(b, size);
  if (iStep !== undefined && jStep !== undefined && dtypeOf(a.data) === dtypeOf(b.data))
    return row(a.data, a.offset, iStep, b.data, b.offset, jStep, size, 0);
  if (size <= fewElements) {
    // Where it lies, or a copy.
    const own = iStep !== undefined && dtypeOf(a.data) === dtype;
    const other = jStep !== undefined && dtypeOf(b.data) === dtype;
    const x = own ? a.data : few(a, shape, size, dtype, 0);
    const y = other ? b.data : few(b, shape, size, dtype, 1);
    return row(x, own ? a.offset : 0, own ? iStep : 1, y, other ? b.offset : 0, other ? jStep : 1, size, 0);
  }
  const operands = [a, b].map((operand) => ({ strides: broadcastStrides(operand, shape), offset: operand.offset }));
  const [x, y] = [feedOf(a, iStep, dtype, 0), feedOf(b, jStep, dtype, 1)];
  return forEachBlock(shape, operands, blockElements, (block, [xSteps, ySteps]) => {
    const i = x.ready(block, block.at[0]!, xSteps!);
    const j = y.ready(block, block.at[1]!, ySteps!);
    return row(x.data, i, x.step, y.data, j, y.step, block.count, block.done);
  });
}

/** A copy of few elements, in the type of the result. */
function few(operand: Parts, shape: readonly number[], size: number, dtype: FloatDType, place: number): FloatArray {
  const room = roomOf(dtype, place);
  spread(operand.data, operand, shape, size, room);
  return room;
}

/** The step that serves the whole of a shape without a walk: of a number, and of what is contiguous and not stretched. */
function evenStep(operand: Parts, size: number): 0 | 1 | undefined {
  if (operand.size === 1) return 0;
  return operand.size === size && operand.packed ? 1 : undefined;
}

// Rows of a mask from which on a loop for each costs less than a copy of many.
const longRow = 32;

// The elements of a block: two of them and a part of the result fit the second cache, and 16 rows of 1000 are one.
const blockElements = 2 ** 14;

/** An operand by blocks of one type, of which those are copied whose elements do not lie side by side. */
interface Feed {
  readonly data: FloatArray;
  readonly step: 0 | 1;
  /** Makes a block ready, and gives the place of its first element in `data`. */
  ready(block: Block, from: number, steps: readonly number[]): number;
}

function feedOf({ data }: Parts, step: 0 | 1 | undefined, dtype: FloatDType, place: number): Feed {
  const isWide = dtypeOf(data) === dtype;
  if (step !== undefined && isWide) return { data, step, ready: (_, from) => from };
  const room = roomOf(dtype, place);
  const ready = ({ lengths, count }: Block, from: number, steps: readonly number[]): number => {
    if (step !== undefined) widen(data, from, room, step === 0 ? 1 : count);
    else {
      const copy = isWide ? room : roomOf('float32', place);
      backend.copy(data, from, copy, 0, { lengths, steps: [steps, stepsOver(lengths)] });
      if (!isWide) widen(copy, 0, room, count);
    }
    return 0;
  };
  return { data: room, step: step ?? 1, ready };
}

// Where blocks are copied to, of each type and for each operand: nothing else runs while one is in use.
const rooms: Record<FloatDType, FloatArray[]> = { float32: [], float64: [] };
let flagRoom: Uint8Array | undefined;

function roomOf(dtype: FloatDType, place: number): FloatArray {
  rooms[dtype][place] ??= allocate(dtype, blockElements);
  return rooms[dtype][place];
}

function roomForFlags(): Uint8Array {
  flagRoom ??= new Uint8Array(blockElements);
  return flagRoom;
}
