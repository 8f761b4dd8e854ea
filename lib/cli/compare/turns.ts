// Times contestants in short turns, so that what else the machine does falls on all of them alike. A turn of a tenth of a
// millisecond mostly passes undisturbed beside a busy process, a call of some milliseconds does not: what takes longer is
// taken in parts, and a contestant's figure is the sum over its parts of what each takes when nothing disturbs it.
import type { Random } from '../random.js';

export interface Contestant {
  readonly rows: number;
  /** Elements of a row. */
  readonly columns: number;
  /** Whether `call` may be given some of the rows only; without it, all are one part, as they lie past the caches or among threads. */
  readonly inParts: boolean;
  /** A call that does the work of the rows in [from, to). */
  call(from: number, to: number): () => void;
  /** What a turn starts with, untimed: it chooses the backend. */
  enter?(): void;
}

/** Nanoseconds per element: a tenth, half and nine tenths of the turns took no longer. */
export interface Figure {
  readonly low: number;
  readonly median: number;
  readonly high: number;
  readonly turns: number;
}

export interface Clock {
  /** Milliseconds. */
  now(): number;
}

/** Milliseconds. */
const turn = 0.1;
/** Before anything counts, each contestant is called for this share of the time, for V8 to compile it. */
const warmUp = 0.01;
/** Of longer work, so many parts at even distances stand for all: each has to come often enough to pass undisturbed. */
const mostParts = 16;
/** Each part has so many turns even if the time is up. */
const fewestTurns = 5;

interface Part {
  readonly call: () => void;
  readonly elements: number;
  readonly times: number[];
}

interface Runner {
  readonly contestant: Contestant;
  readonly enter: () => void;
  readonly parts: readonly Part[];
  /** Calls in a turn. */
  readonly calls: number;
  /** So many rounds from one of its turns to the next: more where a turn is long, for none to have more time than another. */
  readonly every: number;
  due: number;
  next: number;
}

/** The figure of each contestant, after about `time` milliseconds. `progress` is told the share that is done. */
export function measure(
  contestants: readonly Contestant[],
  time: number,
  random: Random,
  progress: (done: number) => void = () => {},
  clock: Clock = performance,
): ReadonlyMap<Contestant, Figure> {
  const runners = contestants.map((contestant) => runnerOf(contestant, warmUp * time, clock));
  const start = clock.now();
  let told = start;
  for (let round = 0; clock.now() - start < time; round++) {
    // In no order: the slices of time that processes get have a beat too.
    shuffle(runners, random);
    for (const runner of runners) {
      if (runner.due > round) continue;
      takeTurn(runner, clock);
      runner.due += runner.every;
    }
    const now = clock.now();
    if (now - told < 100) continue;
    told = now;
    progress(Math.min((now - start) / time, 1));
  }
  for (const runner of runners)
    while (runner.parts.some(({ times }) => times.length < fewestTurns)) takeTurn(runner, clock);
  return new Map(runners.map((runner) => [runner.contestant, figureOf(runner)]));
}

function runnerOf(contestant: Contestant, warmUp: number, clock: Clock): Runner {
  const { rows, columns, inParts, call, enter = () => {} } = contestant;
  enter();
  const start = clock.now();
  for (let some = inParts ? 1 : rows; clock.now() - start < warmUp; some = Math.min(2 * some, rows)) call(0, some)();
  // Doubled until it takes a turn at the beginning, in the middle or at the end: rows may take longer than others.
  const takesTurn = (length: number) =>
    [0, rows - length, Math.floor((rows - length) / 2)].some((at) => fastest(call(at, at + length), clock) >= turn);
  let some = inParts ? 1 : rows;
  while (some < rows && !takesTurn(some)) some = Math.min(2 * some, rows);
  const count = Math.ceil(rows / some);
  const chosen = Math.min(count, mostParts);
  const parts = Array.from({ length: chosen }, (_, i): Part => {
    const at = Math.floor((i * count) / chosen);
    const [from, to] = [at, at + 1].map((edge) => Math.floor((edge * rows) / count)) as [number, number];
    return { call: call(from, to), elements: (to - from) * columns, times: [] };
  });
  const each = Math.max(...parts.map((part) => fastest(part.call, clock)));
  const calls = Math.max(1, Math.round(turn / each));
  return { contestant, enter, parts, calls, every: Math.max(1, Math.floor(each / turn)), due: 0, next: 0 };
}

/** The least time of three calls, as one may be interrupted; not nothing, as a coarse clock may say of a short one. */
function fastest(call: () => void, clock: Clock): number {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    const start = clock.now();
    call();
    least = Math.min(least, clock.now() - start);
  }
  return Math.max(least, 1e-4);
}

function takeTurn(runner: Runner, clock: Clock): void {
  const { enter, parts, calls } = runner;
  const { call, times } = parts[runner.next]!;
  runner.next = (runner.next + 1) % parts.length;
  enter();
  // A turn begins with the caches as another contestant left them: that call does not count, where it is one of several.
  if (calls > 1) call();
  const start = clock.now();
  for (let i = 0; i < calls; i++) call();
  times.push((clock.now() - start) / calls);
}

function figureOf({ parts }: Runner): Figure {
  const elements = parts.reduce((sum, part) => sum + part.elements, 0);
  for (const { times } of parts) times.sort((a, b) => a - b);
  const quantile = (share: number) =>
    (1e6 * parts.reduce((sum, { times }) => sum + times[Math.floor(share * (times.length - 1))]!, 0)) / elements;
  const turns = parts.reduce((sum, { times }) => sum + times.length, 0);
  return { low: quantile(0.1), median: quantile(0.5), high: quantile(0.9), turns };
}

function shuffle(items: unknown[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.bits() % (i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
