// The kernels of native code as a module of WebAssembly, where there is no addon and an engine rounds a multiply-add once: the same
// formulas and the same bits, on one thread. What an engine can is found out when the backend is first asked for.
import { activationNames, type Op, opOf } from '../../activations/table.js';
import {
  bufferOf,
  elementBytes,
  type FloatArray,
  isFloat32,
  isFloatArray,
  lengthOfPresent,
  part,
} from '../../basics/floats.js';
import { hasAddons, openModule } from '../../environment/node.js';
import { compile, type Memory } from '../../environment/webassembly.js';
import { version } from '../../version.js';
import type { Backend, Mask, Slice } from '../backend.js';
import { rightChecksumOfWasm } from '../checksum.js';
import { reference } from '../reference.js';
import { liesOver } from './overlaps.js';
import { aligned, Room } from './room.js';

/** What the module exports (native/wasm/module.cpp). Places are bytes of its memory, 0 stands for an array that there is not. */
interface Exports {
  readonly memory: Memory;
  readonly __heap_base: { readonly value: number };
  about(): number;
  fuses(): number;
  checksum(): bigint;
  map(op: Op, how: number, g: number, x: number, y: number, n: number, a: number, b: number): void;
  gate(op: Op, how: number, x: number, by: number, y: number, n: number, a: number, b: number): void;
  gateGradient(
    op: Op,
    how: number,
    g: number,
    x: number,
    by: number,
    dx: number,
    dby: number,
    n: number,
    a: number,
    b: number,
  ): void;
  channels(
    how: number,
    g: number,
    x: number,
    slopes: number,
    y: number,
    outer: number,
    length: number,
    inner: number,
  ): void;
  slices(
    what: number,
    how: number,
    g: number,
    x: number,
    y: number,
    outer: number,
    length: number,
    inner: number,
    room: number,
  ): void;
  conditioned(
    what: number,
    how: number,
    g: number,
    x: number,
    y: number,
    outer: number,
    length: number,
    inner: number,
    temperature: number,
    mask: number,
    additive: number,
    zero: number,
    along: number,
    beside: number,
    apart: number,
    room: number,
  ): void;
  logParts(
    how: number,
    x: number,
    maxima: number,
    logs: number,
    outer: number,
    length: number,
    inner: number,
    room: number,
  ): void;
}

export interface Wasm {
  readonly backend?: Backend;
  /** Why there is no backend. */
  readonly reason?: string;
}

let loaded: Wasm | undefined;

/** The backend, which is made when it is first asked for. */
export function wasm(): Wasm {
  loaded ??= load();
  return loaded;
}

function load(): Wasm {
  const opened = openModule();
  if (opened.reason !== undefined) return { reason: opened.reason };
  try {
    // Synchronously, as all functions are; engines take a few milliseconds, most of it when a function is first called.
    return of(compile(opened.bytes) as () => Exports);
  } catch (error) {
    const { message } = error as Error;
    // V8 names an option that Node does not know.
    const instead = message.includes('relaxed-simd') ? '; Node takes --experimental-wasm-relaxed-simd' : '';
    return { reason: `this engine does not take the module of WebAssembly: ${message}${instead}` };
  }
}

function of(make: () => Exports): Wasm {
  const exports = make();
  const text = new Uint8Array(exports.memory.buffer, exports.about());
  const about = String.fromCharCode(...text.subarray(0, text.indexOf(0)));
  if (about !== [version, ...activationNames].join(' '))
    return { reason: 'the module of WebAssembly was built from other sources (npm run wasm)' };
  // The specification leaves it to the engine, and the engine to the processor.
  if (exports.fuses() === 0)
    return { reason: 'WebAssembly rounds a multiply-add twice here, so that it would give other numbers' };
  if (BigInt.asUintN(64, exports.checksum()) !== rightChecksumOfWasm)
    return { reason: 'WebAssembly computes wrong numbers here' };
  return { backend: backendOf(make, exports) };
}

/** As native/kernels.h numbers them. */
const sliceOf = { softmax: 0, logSoftmax: 1 } as const satisfies Record<Slice, number>;
const arithmeticOf = (x: FloatArray, exact = false) => (isFloat32(x) ? Number(exact) : 2);

// As in native.ts: below this TypeScript takes less time.
const smallestRelu = 32;
// The bytes of what is computed at a time: all arrays of it stay in the core's first cache; of rows in its second.
const blockBytes = 2 ** 15;
const sliceBytes = 2 ** 17;
/** As native/wasm/module.cpp has it. */
const columnsAtOnce = 16;
/** Inputs up to this size are copied as a whole where results would overwrite them unseen; larger ones to an array of their own. */
const mostWhole = 2 ** 25;
/** The bytes of memory that are kept after a call. */
const mostKept = 2 ** 26;

/** Whether y may be written over a part of x without a buffer telling it (backend.ts). */
function mayOverlap(x: FloatArray, y: FloatArray): boolean {
  if (x === y) return false;
  const [from, to] = [bufferOf(x), bufferOf(y)];
  return from !== to && (hasAddons || (isShared(from) && isShared(to)));
}
const isShared = (buffer: ArrayBufferLike) =>
  typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer;

const inputsOf = (grad: FloatArray | undefined, x: FloatArray) => (grad === undefined ? [x] : [grad, x]);

/** Where in a mask that of an outer slice begins. */
function beginOf({ steps }: Mask, slice: number): number {
  let begin = 0;
  for (const { size, stride } of steps) {
    begin += (slice % size) * stride;
    slice = Math.floor(slice / size);
  }
  return begin;
}

/** The memory of an instance, with room for the arrays of small calls. */
function roomOf({ memory, __heap_base: { value } }: Exports): Room {
  const room = new Room(memory, value);
  if (!room.has(4 * blockBytes)) throw new Error('there is no memory for its arrays');
  return room;
}

function backendOf(make: () => Exports, exports: Exports): Backend {
  let room = roomOf(exports);
  const { start } = room;

  /** Memory does not shrink: where there is much of it, another instance begins anew. */
  function letGo(): void {
    try {
      const others = make();
      room = roomOf(others);
      exports = others;
    } catch {
      // There may be no memory for two.
    }
  }

  /**
   * Calls run(the first byte of each input, elements) for all elements, `step` of them at a time, and copies results out, which lie
   * where the first inputs did. False, and nothing written, where there is no room. `rest` bytes follow behind the inputs.
   */
  function inParts(
    inputs: readonly FloatArray[],
    outputs: readonly FloatArray[],
    step: number,
    rest: number,
    fresh: boolean | undefined,
    run: (places: readonly number[], count: number, first: number, rest: number) => void,
  ): boolean {
    const count = lengthOfPresent(inputs[0]!);
    const size = elementBytes(inputs[0]!);
    let from = inputs;
    let isWhole = false;
    if (count > step && !fresh && outputs.some((y) => inputs.some((x) => mayOverlap(x, y) && liesOver(y, x)))) {
      isWhole = aligned(count * size) * inputs.length <= mostWhole;
      if (!isWhole) from = inputs.map((x) => (isFloat32(x) ? new Float32Array(x) : new Float64Array(x)));
    }
    const each = aligned(Math.min(count, isWhole ? count : step) * size);
    if (!room.has(each * inputs.length + rest)) return false;
    const begins = inputs.map((_, k) => start + k * each);
    const behind = start + inputs.length * each;
    if (isWhole || count <= step) for (let k = 0; k < inputs.length; k++) room.put(from[k]!, begins[k]!);
    for (let first = 0; first < count; first += step) {
      const here = Math.min(step, count - first);
      const places = isWhole ? begins.map((at) => at + first * size) : begins;
      if (!isWhole && count > step)
        for (let k = 0; k < inputs.length; k++) room.put(part(from[k]!, first, here), begins[k]!);
      run(places, here, first, behind);
      for (let k = 0; k < outputs.length; k++)
        room.take(count > step ? part(outputs[k]!, first, here) : outputs[k]!, places[k]!);
    }
    if (room.bytes > mostKept) letGo();
    return true;
  }

  const elementsOf = (x: FloatArray, arrays: number) => blockBytes / elementBytes(x) / arrays;
  /** As many whole slabs of so many elements as are computed at a time. */
  const slabsOf = (x: FloatArray, slab: number) => Math.max(1, Math.floor(sliceBytes / elementBytes(x) / slab)) * slab;
  /** The bytes that columns are turned into rows in. */
  const turned = (x: FloatArray, length: number, inner: number, arrays: number) =>
    inner === 1 ? 0 : aligned(length * Math.min(inner, columnsAtOnce) * elementBytes(x)) * arrays;

  // Both ways of a call, forward and, where there is a grad, back: false where there is no room.

  function channels(
    grad: FloatArray | undefined,
    x: FloatArray,
    slopes: FloatArray,
    y: FloatArray,
    inner: number,
    exact: boolean | undefined,
    fresh: boolean | undefined,
  ): boolean {
    const how = arithmeticOf(x, exact);
    const length = lengthOfPresent(slopes);
    const slab = length * inner;
    const own = aligned(length * elementBytes(x));
    return inParts(inputsOf(grad, x), [y], slabsOf(x, slab), own, fresh, (places, n, first, rest) => {
      if (first === 0) room.put(slopes, rest);
      const g = grad === undefined ? 0 : places[0]!;
      exports.channels(how, g, places.at(-1)!, rest, places[0]!, n / slab, length, inner);
    });
  }

  function slices(
    grad: FloatArray | undefined,
    x: FloatArray,
    y: FloatArray,
    slice: Slice,
    length: number,
    inner: number,
    exact: boolean | undefined,
    fresh: boolean | undefined,
  ): boolean {
    const how = arithmeticOf(x, exact);
    const slab = length * inner;
    const inputs = inputsOf(grad, x);
    const columns = turned(x, length, inner, inputs.length);
    return inParts(inputs, [y], slabsOf(x, slab), columns, fresh, (places, n, _, rest) => {
      const g = grad === undefined ? 0 : places[0]!;
      exports.slices(sliceOf[slice], how, g, places.at(-1)!, places[0]!, n / slab, length, inner, rest);
    });
  }

  return {
    name: 'wasm',
    map(x, y, op, a, b, exact, fresh) {
      const count = lengthOfPresent(x);
      if (op === opOf.relu && count < smallestRelu) return reference.map(x, y, op, a, b, exact, fresh);
      const how = arithmeticOf(x, exact);
      if (count <= elementsOf(x, 1)) {
        room.put(x, start);
        exports.map(op, how, 0, start, start, count, a, b);
        room.take(y, start);
        return;
      }
      const done = inParts([x], [y], elementsOf(x, 1), 0, fresh, ([at], n) =>
        exports.map(op, how, 0, at!, at!, n, a, b),
      );
      if (!done) reference.map(x, y, op, a, b, exact, fresh);
    },
    mapGrad(grad, x, y, op, a, b, exact, fresh) {
      const how = arithmeticOf(x, exact);
      const done = inParts([grad, x], [y], elementsOf(x, 2), 0, fresh, ([g, at], n) =>
        exports.map(op, how, g!, at!, g!, n, a, b),
      );
      if (!done) reference.mapGrad(grad, x, y, op, a, b, exact, fresh);
    },
    gate(x, by, y, op, a, b, exact, fresh) {
      const how = arithmeticOf(x, exact);
      const done = inParts([x, by], [y], elementsOf(x, 2), 0, fresh, ([at, other], n) =>
        exports.gate(op, how, at!, other!, at!, n, a, b),
      );
      if (!done) reference.gate(x, by, y, op, a, b, exact, fresh);
    },
    gateGrad(grad, x, by, dx, dby, op, a, b, exact) {
      const how = arithmeticOf(x, exact);
      const done = inParts([grad, x, by], [dx, dby], elementsOf(x, 4), 0, false, ([g, at, other], n) =>
        exports.gateGradient(op, how, g!, at!, other!, g!, at!, n, a, b),
      );
      if (!done) reference.gateGrad(grad, x, by, dx, dby, op, a, b, exact);
    },
    channels(x, slopes, y, inner, exact, fresh) {
      if (!channels(undefined, x, slopes, y, inner, exact, fresh))
        reference.channels(x, slopes, y, inner, exact, fresh);
    },
    channelsGrad(grad, x, slopes, y, inner, exact, fresh) {
      if (!channels(grad, x, slopes, y, inner, exact, fresh))
        reference.channelsGrad(grad, x, slopes, y, inner, exact, fresh);
    },
    // A sum's order is that of all of its terms.
    channelSums: reference.channelSums,
    slices(x, y, slice, length, inner, exact, fresh) {
      if (!slices(undefined, x, y, slice, length, inner, exact, fresh))
        reference.slices(x, y, slice, length, inner, exact, fresh);
    },
    slicesGrad(grad, x, y, slice, length, inner, exact, fresh) {
      if (!slices(grad, x, y, slice, length, inner, exact, fresh))
        reference.slicesGrad(grad, x, y, slice, length, inner, exact, fresh);
    },
    conditioned(grad, x, y, slice, length, inner, conditions, exact, fresh) {
      const how = arithmeticOf(x, exact);
      const slab = length * inner;
      const { mask, temperature, zero } = conditions;
      const inputs = inputsOf(grad, x);
      const columns = turned(x, length, inner, inputs.length);
      const maskSize = mask?.additive ? elementBytes(x) : 1;
      // As many slabs as lie evenly in the mask are computed at a time.
      const { size: even, stride: apart } = mask?.steps[0] ?? { size: Infinity, stride: 0 };
      const done = inParts(
        inputs,
        [y],
        slabsOf(x, slab),
        columns + aligned(mask === undefined ? 0 : lengthOfPresent(mask.data) * maskSize),
        fresh,
        (places, n, first, rest) => {
          if (first === 0 && mask !== undefined) {
            if (isFloatArray(mask.data)) room.put(mask.data, rest + columns);
            else room.putBytes(mask.data, rest + columns);
          }
          for (let i = first / slab, end = i + n / slab, count: number; i < end; i += count) {
            count = Math.min(end - i, even - (i % even));
            const from = (i * slab - first) * elementBytes(x);
            const at = places.at(-1)! + from;
            exports.conditioned(
              sliceOf[slice],
              how,
              grad === undefined ? 0 : places[0]! + from,
              at,
              places[0]! + from,
              count,
              length,
              inner,
              temperature,
              mask === undefined ? 0 : rest + columns + beginOf(mask, i) * maskSize,
              Number(mask?.additive ?? false),
              Number(zero),
              mask?.along ?? 0,
              mask?.across ?? 0,
              apart,
              rest,
            );
          }
        },
      );
      if (!done) reference.conditioned(grad, x, y, slice, length, inner, conditions, exact, fresh);
    },
    logParts(x, maxima, logs, length, inner, exact) {
      const how = arithmeticOf(x, exact);
      const slab = length * inner;
      const columns = turned(x, length, inner, 1);
      const step = slabsOf(x, slab);
      const results = aligned((Math.min(step, lengthOfPresent(x)) / length) * 8);
      const done = inParts([x], [], step, columns + 2 * results, true, ([at], n, first, rest) => {
        const [one, other] = [rest + columns, rest + columns + results];
        exports.logParts(how, at!, one, other, n / slab, length, inner, rest);
        room.take(maxima.subarray(first / length, (first + n) / length), one);
        room.take(logs.subarray(first / length, (first + n) / length), other);
      });
      if (!done) reference.logParts(x, maxima, logs, length, inner, exact);
    },
    halves: reference.halves,
    convert: reference.convert,
    copy: reference.copy,
  };
}
