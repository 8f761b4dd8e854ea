// The walk over the elements of several layouts together: in rows, in blocks, in as few runs as their strides allow.

/** Where the rows of forEachRow start, one index per operand, and how far apart their elements lie. */
export type Row = (at: readonly number[], step: readonly number[], length: number) => void;

/**
 * Walks several operands together in row-major order of one shape, in rows as long as all of them allow: where all are
 * contiguous there is one row. `at` is written between the calls.
 */
export function forEachRow(
  shape: readonly number[],
  operands: readonly { readonly strides: readonly number[]; readonly offset: number }[],
  row: Row,
): void {
  const runs = mergeRuns(
    shape,
    operands.map((operand) => operand.strides),
  );
  if (runs === undefined) return;
  const { lengths, steps } = runs;
  const [length = 1] = lengths;
  const step = steps.map(([first = 0]) => first);
  const at = operands.map((operand) => operand.offset);
  const index = lengths.map(() => 0);
  for (;;) {
    row(at, step, length);
    let dim = 1;
    for (; dim < lengths.length; dim++) {
      const rewind = ++index[dim]! === lengths[dim];
      if (rewind) index[dim] = 0;
      for (let k = 0; k < at.length; k++) at[k]! += steps[k]![dim]! * (rewind ? 1 - lengths[dim]! : 1);
      if (!rewind) break;
    }
    if (dim >= lengths.length) return;
  }
}

/** A part of a walk in row-major order: its dimensions, innermost first, and where it starts in each operand. */
export interface Block {
  readonly lengths: readonly number[];
  readonly at: readonly number[];
  readonly count: number;
  /** The elements before it. */
  readonly done: number;
}

/**
 * Walks several operands together in row-major order of one shape, in blocks of up to `most` elements. `see` is told the steps of
 * each operand too, innermost first, and ends the walk with false. True where it never did.
 */
export function forEachBlock(
  shape: readonly number[],
  operands: readonly { readonly strides: readonly number[]; readonly offset: number }[],
  most: number,
  see: (block: Block, steps: readonly (readonly number[])[]) => boolean,
): boolean {
  const runs = mergeRuns(
    shape,
    operands.map((operand) => operand.strides),
  );
  if (runs === undefined) return true;
  const { lengths, steps } = runs;
  // A block is all of the first dimensions, and a piece of one.
  let cut = 0;
  let inner = 1;
  while (cut < lengths.length && inner * lengths[cut]! <= most) inner *= lengths[cut++]!;
  const piece = Math.floor(most / inner);
  const whole = lengths.slice(0, cut);
  const at = operands.map((operand) => operand.offset);
  const index = lengths.map(() => 0);
  for (let done = 0; ; ) {
    let by = cut < lengths.length ? Math.min(piece, lengths[cut]! - index[cut]!) : 1;
    const count = inner * by;
    if (!see({ lengths: cut < lengths.length ? [...whole, by] : whole, at, count, done }, steps)) return false;
    done += count;
    let dim = cut;
    for (; dim < lengths.length; dim++) {
      index[dim]! += by;
      const rewind = index[dim] === lengths[dim];
      if (rewind) index[dim] = 0;
      for (let k = 0; k < at.length; k++) at[k]! += steps[k]![dim]! * (rewind ? by - lengths[dim]! : by);
      if (!rewind) break;
      by = 1;
    }
    if (dim >= lengths.length) return true;
  }
}

/** The steps of row-major order without gaps for dimensions that begin with the innermost. */
export function stepsOver(lengths: readonly number[]): number[] {
  let step = 1;
  return lengths.map((length) => {
    const own = step;
    step *= length;
    return own;
  });
}

/**
 * The dimensions of a shape, innermost first, without those of size 1, and with neighbours joined where every operand crosses
 * both in even steps. Undefined where there is no element.
 */
export function mergeRuns(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
): { lengths: number[]; steps: number[][] } | undefined {
  const lengths: number[] = [];
  const steps: number[][] = strides.map(() => []);
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    if (length === 0) return undefined;
    if (length === 1) continue;
    const top = lengths.length - 1;
    if (top >= 0 && steps.every((step, k) => strides[k]![dim] === step[top]! * lengths[top]!)) {
      lengths[top]! *= length;
    } else {
      lengths.push(length);
      for (const [k, step] of steps.entries()) step.push(strides[k]![dim]!);
    }
  }
  return { lengths, steps };
}

/** The same where the order does not matter, as of what goes element by element: the shortest steps of the last operand innermost. */
export function mergeRunsInAnyOrder(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
): { lengths: number[]; steps: number[][] } | undefined {
  const last = strides.at(-1)!;
  const dims = Array.from(shape.keys()).sort((a, b) => Math.abs(last[b]!) - Math.abs(last[a]!));
  const ordered = (list: readonly number[]) => dims.map((dim) => list[dim]!);
  return mergeRuns(ordered(shape), strides.map(ordered));
}
