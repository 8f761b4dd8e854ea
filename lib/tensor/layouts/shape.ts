// Shapes and strides: what they are, what is asked of those that are given, and how they broadcast. Nothing here knows the Tensor; they
// are frozen and never written again.
import { shapeText } from '../../basics/allocate.js';
import { checkPresent } from '../../basics/checks.js';
import { counted, describe } from '../../basics/errors.js';
import { type Data, type FloatArray, type HalfDType, lengthOf, lossOf, typeName } from '../../basics/floats.js';

/** Where each element lies: element [i, j] of a matrix is `data[offset + i * strides[0] + j * strides[1]]`. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A layout with its memory, checked: a Tensor made of Parts does not look at them again. */
export class Parts<A extends Data = FloatArray> implements Layout {
  readonly size: number;
  readonly strides: readonly number[];
  /** What isContiguous says, kept: V8 reads frozen arrays, such as shape and strides, by a call for each entry. */
  readonly packed: boolean;

  constructor(
    readonly data: A,
    readonly shape: readonly number[],
    strides?: readonly number[],
    readonly offset = 0,
    packed?: boolean,
    /** What numbers of 16 bits are, which their array does not say. */
    readonly half?: HalfDType,
    size?: number,
  ) {
    this.size = size ?? sizeOf(shape);
    this.strides = strides ?? contiguousStridesOf(shape);
    this.packed = packed ?? (strides === undefined || isContiguous(this));
  }
}

// Lists that were frozen, each beside a copy that V8 reads faster, in a place that follows from its numbers. To freeze one takes 100 ns, as
// much as a small call; and lists that are one and the same need not be compared.
const kept = Array.from({ length: 2 ** 6 }, () => ({
  list: [] as number[],
  frozen: Object.freeze([]) as readonly number[],
  size: 1,
}));
/** The one that was asked for last, whose size is the next that is wanted. */
let found = kept[0]!;

/** A list as a frozen one, which may be that of others: nobody can tell. It takes a list that nobody else has. */
export function frozen(list: number[]): readonly number[] {
  let place = 0;
  for (let i = 0; i < list.length; i++) place = (Math.imul(31, place) + list[i]!) | 0;
  place = Math.imul(place, 0x9e3779b1) >>> 26;
  found = kept[place]!;
  if (isSame(found.list, list)) return found.frozen;
  found = { list: list.slice(), frozen: Object.freeze(list), size: sizeOf(list) };
  kept[place] = found;
  return list;
}

/** A stride of -0 is not 0 to whoever looks. */
function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] || (a[i] === 0 && !Object.is(a[i], b[i]))) return false;
  return true;
}

let lastShape: readonly number[] = Object.freeze([]);
let lastStrides = lastShape;

/** What contiguousStrides gives, kept for the next of the same shape: to make it is a tenth of a small call. */
export function contiguousStridesOf(shape: readonly number[]): readonly number[] {
  if (shape !== lastShape) {
    lastStrides = contiguousStrides(shape);
    lastShape = shape;
  }
  return lastStrides;
}

/** The number of elements in the dimensions from `first` on; 1 where there is none, as in the shape [] of a single number. */
export function sizeOf(shape: readonly number[], first = 0): number {
  if (shape === found.frozen && first === 0) return found.size;
  let size = 1;
  for (let dim = first; dim < shape.length; dim++) {
    // Without this, sizes beyond 2^1024 times 0 are NaN.
    if (shape[dim] === 0) return 0;
    size *= shape[dim]!;
  }
  return size;
}

/** The strides of row-major order without gaps. */
export function contiguousStrides(shape: readonly number[]): readonly number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    strides[dim] = stride;
    // Beside a size of 0 the others may be any, and their strides serve no element.
    stride = Math.min(stride * Math.max(1, shape[dim]!), Number.MAX_SAFE_INTEGER);
  }
  return frozen(strides);
}

/** True where the elements lie in row-major order without gaps; the stride of a dimension of size 1 does not matter. */
export function isContiguous({ shape, strides }: Layout): boolean {
  let stride = 1;
  let contiguous = true;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    if (length === 0) return true;
    if (length !== 1 && strides[dim] !== stride) contiguous = false;
    stride *= length;
  }
  return contiguous;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let dim = 0; dim < a.length; dim++) if (a[dim] !== b[dim]) return false;
  return true;
}

/**
 * A dimension counted from the start, for a shape; a negative one counts from the end. A shape [] has the dimensions 0 and -1.
 *
 * @throws TypeError where dim is not an integer, RangeError where the shape has no such dimension.
 */
export function normalizeDim(dim: number, shape: readonly number[], what = 'dim'): number {
  if (!Number.isInteger(dim)) {
    const instead = typeof dim === 'object' && dim !== null && what in dim ? `; pass the ${what} itself` : '';
    throw new TypeError(`${what} must be an integer, got ${describe(dim)}${instead}`);
  }
  const rank = Math.max(1, shape.length);
  if (dim < -rank || dim >= rank)
    throw new RangeError(`${what} must be in [${-rank}, ${rank - 1}] for shape ${shapeText(shape)}, got ${dim}`);
  return dim < 0 ? dim + rank : dim;
}

/**
 * A list of dimensions as it is now; everything else as it is. Its entries may be getters, which can do anything to the memory of x: so
 * before that is found. Of more entries than there are dimensions some are the same, whichever they are.
 */
export const listed = (dim: unknown): unknown =>
  Array.isArray(dim) ? Array.from({ length: Math.min(dim.length, mostDimensions + 1) }, (_, i) => dim[i]) : dim;

/** The dimensions that a list which was `listed` names, in their order. */
export function normalizeDims(list: readonly unknown[], shape: readonly number[]): readonly number[] {
  if (list.length === 0) throw new RangeError('dim must name a dimension, got an empty list');
  const dims = list.map((dim) => normalizeDim(dim as number, shape));
  const twice = dims.find((dim, i) => dims.indexOf(dim) !== i);
  if (twice !== undefined) throw new RangeError(`dim names dimension ${twice} twice`);
  return dims.sort((a, b) => a - b);
}

/** Where a new dimension goes in a shape, which has a place more than dimensions. */
export function placeFor(dim: number, shape: readonly number[]): number {
  const most = shape.length;
  if (!Number.isInteger(dim)) throw new TypeError(`dim must be an integer, got ${describe(dim)}`);
  if (dim < -most - 1 || dim > most)
    throw new RangeError(`a new dim must be in [${-most - 1}, ${most}] for shape ${shapeText(shape)}, got ${dim}`);
  return dim < 0 ? dim + most + 1 : dim;
}

/** As many as NumPy and PyTorch have. An array can claim any length and hold nothing, and a list can contain itself. */
export const mostDimensions = 64;

/**
 * The integers in an array or a typed array, each read once: what is checked here is what is used from then on. A list of the same that
 * was read `before` is given itself, unless there is a 0 in it, as -0 is another number.
 */
export function readIntegers(list: unknown, what: string, wanted: string, before?: number[]): number[] {
  if (!Array.isArray(list) && typeName(list) === undefined)
    throw new TypeError(`${what} must be an array of ${wanted}, got ${describe(list)}`);
  // Of an array whose buffer was transferred no entry is left.
  if (!Array.isArray(list) && lossOf(list as FloatArray) !== undefined)
    throw new TypeError(`${what} is detached, or outside of its buffer, which has shrunk`);
  const entries = list as ArrayLike<unknown>;
  const { length } = entries;
  if (length > mostDimensions)
    throw new RangeError(`${what} may have at most ${mostDimensions} entries, got ${describe(list)}`);
  let integers = length === before?.length ? undefined : new Array<number>(length);
  for (let k = 0; k < length; k++) {
    const entry = entries[k];
    if (integers === undefined && entry === before![k] && entry !== 0) continue;
    // ONNX counts its sizes in 64 bits.
    const integer = typeof entry === 'bigint' ? Number(entry) : entry;
    if (!Number.isInteger(integer)) throw new TypeError(`${what} must hold integers, got ${describe(entry)}`);
    integers ??= before!.slice();
    integers[k] = integer as number;
  }
  return integers ?? before!;
}

// The lists that were read last: a call often has those of the one before it.
let shapeBefore = found;
let stridesBefore = found;

/** A frozen copy of a shape, all of it sizes. */
export function checkShape(shape: unknown): readonly number[] {
  const sizes = readIntegers(shape, 'shape', 'sizes', shapeBefore.list);
  if (sizes === shapeBefore.list) found = shapeBefore;
  else {
    checkSizes(sizes);
    shapeBefore = found;
  }
  return shapeBefore.frozen;
}

function checkSizes(shape: number[]): readonly number[] {
  for (let dim = 0; dim < shape.length; dim++)
    if (!(shape[dim]! >= 0 && shape[dim]! <= Number.MAX_SAFE_INTEGER))
      throw new RangeError(`shape must hold sizes from 0 to 2^53 - 1, got ${shapeText(shape)}`);
  return frozen(shape);
}

/** A frozen copy of the strides of a shape. */
export function checkStrides(strides: unknown, shape: readonly number[]): readonly number[] {
  const given = readIntegers(strides, 'strides', 'integers', stridesBefore.list);
  if (given !== stridesBefore.list && !given.every(Number.isSafeInteger))
    throw new RangeError(`strides must hold integers below 2^53 in size, got ${shapeText(given)}`);
  // stdlib gives its 0-d arrays one stride.
  if (shape.length === 0) return contiguousStrides(shape);
  if (given.length !== shape.length)
    throw new RangeError(`strides ${shapeText(given)} and shape ${shapeText(shape)} differ in length`);
  if (given !== stridesBefore.list) {
    frozen(given);
    stridesBefore = found;
  }
  return stridesBefore.frozen;
}

/** A shape for `size` elements, in which one -1 stands for what the other sizes leave. */
export function resolveShape(shape: unknown, size: number): readonly number[] {
  const given = readIntegers(shape, 'shape', 'sizes');
  const open = given.indexOf(-1);
  if (open < 0) return checkSize(checkSizes(given), size);
  if (given.indexOf(-1, open + 1) >= 0) throw new RangeError(`shape ${shapeText(given)} has more than one -1`);
  const rest = sizeOf(checkSizes(given.toSpliced(open, 1)));
  if (rest === 0) throw new RangeError(`shape ${shapeText(given)} leaves the size of -1 open`);
  if (size % rest !== 0) throw new RangeError(`shape ${shapeText(given)} does not fit ${counted(size, 'element')}`);
  return frozen(given.with(open, size / rest));
}

/** A shape itself, where it is one of `size` elements. */
export function checkSize(shape: readonly number[], size: number): readonly number[] {
  if (sizeOf(shape) === size) return shape;
  throw new RangeError(
    `shape ${shapeText(shape)} has ${counted(sizeOf(shape), 'element')}, but there ${size === 1 ? 'is' : 'are'} ${size}`,
  );
}

/** The first place of a layout's elements in data, and the last; of none [0, -1]. */
export function placesOf({ shape, strides, offset }: Layout): readonly [first: number, last: number] {
  let first = offset;
  let last = offset;
  for (let dim = 0; dim < shape.length; dim++) {
    if (shape[dim] === 0) return [0, -1];
    const span = (shape[dim]! - 1) * strides[dim]!;
    if (span < 0) first += span;
    else last += span;
  }
  return [first, last];
}

/**
 * Asserts that every element lies in data. Checked when a tensor is made, and again before its memory is read or written,
 * for its buffer may have been transferred or have shrunk.
 */
export function checkReach(data: Data | Uint8Array, layout: Layout): void {
  const count = lengthOf(data);
  if (count === 0) checkPresent(data, 'data');
  const [first, last] = placesOf(layout);
  if (first >= 0 && last < count) return;
  const { shape, strides, offset } = layout;
  const text = `shape ${shapeText(shape)}, strides ${shapeText(strides)}, offset ${offset}`;
  throw new RangeError(`${text} reach elements ${first} to ${last}, but data has ${count}`);
}

/** The same of checked parts, whose memory alone may be another: of what is contiguous, less is asked. */
export function checkPlace(parts: Parts<Data>): void {
  if (parts.packed) {
    const count = lengthOf(parts.data);
    // An empty array may be one whose memory has gone.
    if (count > 0 && parts.offset >= 0 && parts.offset + parts.size <= count) return;
  }
  checkReach(parts.data, parts);
}

/** The shape of both after broadcasting: aligned at the last dimension, a size of 1 or none stretches to the other's. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): readonly number[] {
  if (stretchesTo(b, a)) return a;
  if (stretchesTo(a, b)) return b;
  const rank = Math.max(a.length, b.length);
  const shape = Array.from({ length: rank }, (_, dim) => {
    const m = a[dim - rank + a.length] ?? 1;
    const n = b[dim - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new RangeError(
        `shapes ${shapeText(a)} and ${shapeText(b)} do not broadcast: ${m} and ${n} at ${dim - rank}`,
      );
    return m === 1 ? n : m;
  });
  return frozen(shape);
}

/** Whether a shape broadcasts to another as it is, which is what broadcasting most often comes to. */
export function stretchesTo(from: readonly number[], shape: readonly number[]): boolean {
  if (from === shape) return true;
  const added = shape.length - from.length;
  if (added < 0) return false;
  for (let dim = 0; dim < from.length; dim++) {
    const length = from[dim]!;
    if (length !== 1 && length !== shape[dim + added]) return false;
  }
  return true;
}

/** The strides of a layout seen in a shape it broadcasts to: a stretched dimension stands still. */
export function broadcastStrides(layout: Layout, shape: readonly number[]): readonly number[] {
  const added = shape.length - layout.shape.length;
  return shape.map((_, dim) => ((layout.shape[dim - added] ?? 1) === 1 ? 0 : layout.strides[dim - added]!));
}
