// The way through the elements of a small tensor in row-major order, worked out once for each: V8 reads frozen arrays, such as shape and
// strides, by a call for each entry, and to ask whether a layout lies in its memory takes as long as a copy of it.
import { isThere } from '../../basics/checks.js';
import { type Data, type FloatArray, lengthOfPresent, typeName } from '../../basics/floats.js';
import { areApart, overlapsItself } from './overlaps.js';
import type { Layout } from './shape.js';

/** Rows of elements, from the first one's index in data on. */
export interface Rows {
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly step: number;
  readonly offset: number;
}

/** The same of a layout of its own, and between which indices they lie. */
export interface Walk extends Rows {
  readonly least: number;
  readonly most: number;
  /** Whether two elements are one place, so that it cannot hold a result. */
  readonly overlaps: boolean;
}

/** The way found last, for the next tensor of the same layout, as one that is made at every call. */
let last: (Layout & { readonly walk: Walk | null }) | undefined;

/** Of up to two dimensions, none of them 0; null of others, and of an offset that is no place. */
export function walkThrough({ shape, strides, offset }: Layout): Walk | null {
  if (!(Number.isSafeInteger(offset) && offset >= 0)) return null;
  if (last !== undefined && shape === last.shape && strides === last.strides)
    return offset === last.offset ? last.walk : shifted(last.walk, offset);
  const walk = newWalk({ shape, strides, offset });
  // Of a copy of the members of a Tensor they may be lists that change.
  if (Object.isFrozen(shape) && Object.isFrozen(strides)) last = { shape, strides, offset, walk };
  return walk;
}

/** The same way from another place, as the rows of one tensor have it. */
function shifted(walk: Walk | null, offset: number): Walk | null {
  if (walk === null) return null;
  const { rows, columns, rowStep, step, overlaps } = walk;
  const by = offset - walk.offset;
  return { rows, columns, rowStep, step, offset, least: walk.least + by, most: walk.most + by, overlaps };
}

function newWalk(layout: Layout): Walk | null {
  const { shape, strides, offset } = layout;
  const rank = shape.length;
  if (rank > 2) return null;
  const columns = rank > 0 ? shape[rank - 1]! : 1;
  const step = rank > 0 ? strides[rank - 1]! : 0;
  const rows = rank > 1 ? shape[0]! : 1;
  const rowStep = rank > 1 ? strides[0]! : 0;
  if (rows === 0 || columns === 0) return null;
  const [across, along] = [(rows - 1) * rowStep, (columns - 1) * step];
  const least = offset + Math.min(across, 0) + Math.min(along, 0);
  const most = offset + Math.max(across, 0) + Math.max(along, 0);
  const overlaps = !areApart(rows, columns, rowStep, step) && overlapsItself(layout);
  return { rows, columns, rowStep, step, offset, least, most, overlaps };
}

/** Whether data is floats and the elements lie in it. */
export function liesIn(data: Data, { least, most }: Walk): data is FloatArray {
  const type = typeName(data);
  if (type !== 'Float32Array' && type !== 'Float64Array') return false;
  const count = lengthOfPresent(data as FloatArray);
  return least >= 0 && most < count && isThere(data as FloatArray, count);
}

// One for floats and one for integers: of a number that may be either V8 makes an object.

/** Copies the elements to those of an array from `to` on; the place after the last. */
export function gather(
  data: FloatArray,
  { rows, columns, rowStep, step, offset }: Rows,
  target: FloatArray,
  to = 0,
): number {
  let end = to;
  for (let row = 0, first = offset; row < rows; row++, first += rowStep)
    for (let at = first, last = end + columns; end < last; at += step) target[end++] = data[at]!;
  return end;
}

/** The same of integers. */
export function gatherIntegers(
  data: Uint8Array | Uint16Array,
  { rows, columns, rowStep, step, offset }: Rows,
  target: Uint8Array | Uint16Array,
  to = 0,
): number {
  let end = to;
  for (let row = 0, first = offset; row < rows; row++, first += rowStep)
    for (let at = first, last = end + columns; end < last; at += step) target[end++] = data[at]!;
  return end;
}

/** Copies the first ones of an array to the elements. */
export function scatterTo(source: FloatArray, data: FloatArray, { rows, columns, rowStep, step, offset }: Rows): void {
  let end = 0;
  for (let row = 0, first = offset; row < rows; row++, first += rowStep)
    for (let at = first, last = end + columns; end < last; at += step) data[at] = source[end++]!;
}
