// The times that `nonlin compare` takes, on a clock that stands still while nothing is called: what the figures should be is known.
import { describe, expect, it } from 'vitest';
import { type Contestant, measure } from '../../lib/cli/compare/turns.js';
import { randomFrom } from '../../lib/cli/random.js';

/** A machine on which work takes milliseconds as told, and which other processes take away meanwhile. */
class Machine {
  private time = 0;
  private left: number;
  private readonly random = randomFrom(2);
  /** About how many milliseconds of work another process leaves at a time, and for how many it has the processor then. */
  constructor(
    private readonly slice = Infinity,
    private readonly away = 0,
    /** How many times as long everything takes, by the time. */
    private readonly slowness = (_time: number) => 1,
  ) {
    this.left = slice;
  }

  now(): number {
    return this.time;
  }

  work(milliseconds: number): void {
    let rest = milliseconds * this.slowness(this.time);
    while (rest >= this.left) {
      this.time += this.left + this.away;
      rest -= this.left;
      this.left = this.random.uniform(0.5, 1.5) * this.slice;
    }
    this.time += rest;
    this.left -= rest;
  }
}

/** A contestant of so many elements that takes `cost(i)` nanoseconds for the element i, and for a call 50 more. */
function contestant(machine: Machine, elements: number, inParts: boolean, cost: (i: number) => number): Contestant {
  const before = new Float64Array(elements + 1);
  for (let i = 0; i < elements; i++) before[i + 1] = before[i]! + cost(i);
  const call = (from: number, to: number) => () => machine.work((before[to]! - before[from]! + 50) / 1e6);
  return { rows: elements, columns: 1, inParts, call };
}

const elements = 2 ** 18;

/** What three contestants take: one as long as native code, one as a loop, one whose elements are not alike. */
function figures(machine: Machine, time = 1000) {
  const contestants = [
    contestant(machine, elements, false, () => 0.2),
    contestant(machine, elements, true, () => 15),
    contestant(machine, elements, true, (i) => (i < elements / 4 ? 2 : 30)),
  ];
  const found = measure(contestants, time, randomFrom(1), () => {}, machine);
  return contestants.map((one) => found.get(one)!);
}

describe('contestants in turns', () => {
  // From 1 ms on, a call of the loop is interrupted once; from 4 ms on, nearly always. The scheduler of Linux gives 3 ms at a time.
  it.each([
    ['alone', new Machine()],
    ['beside a process that wants the processor as much', new Machine(3, 3)],
    ['beside three', new Machine(3, 9)],
    ['where every interruption is short and there are many', new Machine(0.5, 0.25)],
    ['on a machine that slows down meanwhile', new Machine(3, 3, (time) => (time < 500 ? 1 : 1.5))],
    ['on a machine that has fast moments', new Machine(Infinity, 0, (time) => (time % 100 < 20 ? 1 : 1.5))],
  ])('%s: each takes as long as the others as it does alone', (_, machine) => {
    const [native, loop, uneven] = figures(machine);
    expect(loop!.low / native!.low / 75).toBeCloseTo(1, 1);
    // Of elements that take 2 and 30 ns, 23 on average: not those alone that are quick.
    expect(uneven!.low / native!.low / 115).toBeCloseTo(1, 1);
  });

  it('alone, a figure is the time of an element, and has no spread', () => {
    for (const [i, { low, median, high }] of figures(new Machine()).entries()) {
      expect(low / [0.2, 15, 23][i]!).toBeCloseTo(1, 2);
      expect(median / low).toBeCloseTo(1, 6);
      expect(high / low).toBeCloseTo(1, 6);
    }
  });

  it('beside another process, the spread tells of it', () => {
    for (const { low, high } of figures(new Machine(0.4, 0.2))) expect(high / low).toBeGreaterThan(1.3);
  });

  it('short calls are repeated, so that a coarse clock can tell their time', () => {
    const machine = new Machine();
    const coarse = { now: () => Math.floor(machine.now() * 100) / 100 };
    const short = contestant(machine, 4, false, () => 5);
    const found = measure([short], 100, randomFrom(1), () => {}, coarse);
    // 20 ns and the call.
    expect(found.get(short)!.low / (70 / 4)).toBeCloseTo(1, 0);
  });

  it('takes about the time that is given, however long the work', () => {
    for (const [size, cost] of [
      [4, 1],
      [elements, 15],
      [elements, 5000],
    ] as const) {
      const machine = new Machine();
      const [native, loop] = [
        contestant(machine, size, false, () => cost / 75),
        contestant(machine, size, true, () => cost),
      ];
      const found = measure([native, loop], 200, randomFrom(1), () => {}, machine);
      expect(machine.now()).toBeGreaterThan(200);
      expect(machine.now()).toBeLessThan(400);
      expect(found.get(loop)!.turns).toBeGreaterThanOrEqual(5);
    }
  });

  it('tells how far it is, up to the end', () => {
    const machine = new Machine();
    const told: number[] = [];
    measure([contestant(machine, 1000, true, () => 1)], 1000, randomFrom(1), (done) => told.push(done), machine);
    expect(told.length).toBeGreaterThan(8);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBeLessThanOrEqual(1);
  });
});
