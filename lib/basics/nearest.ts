// What a name that there is not was meant to be: for error messages, so it may take its time.

/** What other libraries call an option of ours. */
const elsewhere: Readonly<Record<string, string>> = { axis: 'dim', inplace: 'out', dims: 'shape' };

/** The one of `names` that other libraries call `name`. */
export function ours(name: string, names: readonly string[]): string | undefined {
  return Object.hasOwn(elsewhere, name) ? names.find((candidate) => candidate === elsewhere[name]) : undefined;
}

/**
 * The name that `name` is most likely a misspelling of, whatever their order: one that it begins or that begins it, by three letters at
 * least, or that a slip in every third letter makes of it. Capitals do not count, but among equals, where the same first letter does and
 * then the alphabet. Undefined where none is near.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const given = name.slice(0, longest).toLowerCase();
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    const lower = candidate.toLowerCase();
    const slips = slipsBetween(given, lower);
    // Letters that were left out at the end count a third, and so do those that are there twice or not: softmaxGrad is rather
    // softmaxGrad:ROW than softmax:ROW, and gellu rather gelu than geglu.
    const isLess = lower.startsWith(given) || once(lower) === once(given);
    const cost = (isLess ? slips / 3 : slips) + (candidate[0] === name[0] ? 0 : 0.1);
    const isBetter = cost < fewest || (cost === fewest && candidate < best!);
    if (isBetter && isNear(given, lower, slips)) [best, fewest] = [candidate, cost];
  }
  return best;
}

// No name is as long; what a caller passes may be a whole file.
const longest = 64;

/** Each letter once where it stands several times in a row. */
const once = (name: string) => name.replace(/(.)\1+/gs, '$1');

function isNear(a: string, b: string, slips: number): boolean {
  if (slips <= Math.max(a.length, b.length) / 3) return true;
  return Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a));
}

/** How many letters were left out, added, mistaken or exchanged with the next (the optimal string alignment distance). */
function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}
