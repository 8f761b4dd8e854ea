// Values through a function, block by block, in memory that is used again: as little for terabytes as for a page.
import type { Flow, Values } from '../../streams/flow.js';
import { type Io, progress } from '../output.js';
import type { Source } from './sources.js';

/** One input of a function. */
export interface Inlet {
  readonly source: Source;
  /** The bytes of a value or a row there. */
  readonly unit: number;
  /** How many bytes there are; undefined where there are as many as come. */
  readonly total: number | undefined;
  /** The values that lie in whole units, which they may be written over. */
  values(bytes: Uint8Array): Values;
}

/**
 * The bytes of a block, or one unit where that is larger. What a pipe gives at a time; of files the fastest size too, as the values are
 * still in the core's cache when they are written: sigmoid of 1.5 GB, 2.3 GB/s in blocks of 64 KiB to 256 KiB and 1.3 in blocks of 1 MiB.
 */
const block = 2 ** 17;

/** An inlet's memory, and what of it is filled. Of large rows it grows with what comes: a header may say that a row has terabytes. */
class Feed {
  #bytes: Uint8Array;
  readonly #most: number;
  #held = 0;
  #rest: number;

  constructor(
    readonly inlet: Inlet,
    units: number,
  ) {
    this.#most = units * inlet.unit;
    this.#bytes = new Uint8Array(Math.min(this.#most, 4 * block));
    this.#rest = inlet.total ?? Infinity;
  }

  get held(): number {
    return this.#held;
  }

  /** Holds at least so many bytes, unless there are not so many. */
  ask(wanted: number): void {
    while (this.#held < wanted) {
      if (this.#held === this.#bytes.length) this.#grow();
      const room = this.#bytes.subarray(this.#held, Math.min(this.#bytes.length, this.#held + this.#rest));
      const count = room.length === 0 ? 0 : this.inlet.source.read(room);
      if (count === 0) return;
      this.#held += count;
      this.#rest -= count;
    }
  }

  #grow(): void {
    const more = new Uint8Array(Math.min(this.#most, 2 * this.#bytes.length));
    more.set(this.#bytes);
    this.#bytes = more;
  }

  /** The first bytes, which are then to be given back. */
  take(count: number): Uint8Array {
    return this.#bytes.subarray(0, count);
  }

  giveBack(count: number): void {
    this.#bytes.copyWithin(0, count, this.#held);
    this.#held -= count;
  }
}

/** Sends all that the inlets have through, a whole unit as soon as it is there. Returns the bytes that are left of each: no whole unit. */
export function pump(inlets: readonly Inlet[], flow: Flow, write: (results: Values) => void, io: Io): number[] {
  const units = Math.max(1, Math.floor(block / flow.unit));
  const feeds = inlets.map((inlet) => new Feed(inlet, units));
  const show = meter(inlets[0]!, io);
  const [first, ...others] = feeds as [Feed, ...Feed[]];
  try {
    while (step()) {}
  } finally {
    progress(io);
  }
  return feeds.map(({ held }) => held);

  /** Sends a block through; false where there is no whole unit more. */
  function step(): boolean {
    first.ask(first.inlet.unit);
    let whole = Math.floor(first.held / first.inlet.unit);
    for (const feed of others) {
      feed.ask(whole * feed.inlet.unit);
      whole = Math.min(whole, Math.floor(feed.held / feed.inlet.unit));
    }
    if (whole === 0) return false;
    const values = feeds.map((feed) => feed.inlet.values(feed.take(whole * feed.inlet.unit)));
    write(flow.compute(values, true));
    for (const feed of feeds) feed.giveBack(whole * feed.inlet.unit);
    show(whole * first.inlet.unit);
    return true;
  }
}

/** Milliseconds from one line on a terminal to the next. */
const pause = 100;

/** Shows on a terminal how far it is. */
function meter({ source, total }: Inlet, io: Io): (bytes: number) => void {
  if (!io.error.isTTY) return () => {};
  const start = performance.now();
  let [done, shown] = [0, start];
  return (bytes) => {
    done += bytes;
    const now = performance.now();
    if (now - shown < pause) return;
    shown = now;
    const gigabytes = (count: number) => `${(count / 1e9).toFixed(2)} GB`;
    const share = total === undefined ? '' : ` of ${gigabytes(total)}, ${Math.floor((100 * done) / total)} %`;
    progress(io, `${source.name}: ${gigabytes(done)}${share}, ${gigabytes((done / (now - start)) * 1000)}/s`);
  };
}
