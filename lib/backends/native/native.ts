// The addon's functions as backends, and the reason where there are none. Every other file sees only backends. A build without native
// code has none.ts in the place of this file.
import type { Chosen } from '../../activations/signatures.js';
import { opOf } from '../../activations/table.js';
import { hugePagesBy } from '../../basics/allocate.js';
import { type FloatArray, lengthOfPresent } from '../../basics/floats.js';
import { threads } from '../../basics/threads.js';
import { problems } from '../../environment/node.js';
import type { Backend, BackendName, Numbers, Operation, Slice } from '../backend.js';
import { rightChecksum } from '../checksum.js';
import { reference, reluOfFew } from '../reference.js';
import { type Addon, loaded } from './addon.js';
import {
  callChannelSums,
  callChannels,
  callConvert,
  callGateGradient,
  callHalves,
  callLogParts,
  callNative,
} from './calls.js';
import { callConditioned, callFewUnder } from './conditioned.js';
import { callFew, callFewOfTwo } from './few.js';
import { kinds, writeParameters, writeSlices } from './record.js';
import { callCopy, callStrided, isLarge } from './strided.js';

export interface Native {
  /** The file the addon was loaded from; in a bundle, the entry of this package. */
  readonly path?: string;
  /** Best first; empty where there is no addon, or none of its instruction sets runs here. */
  readonly backends: readonly Backend[];
  /** Why `backends` is empty. */
  readonly reason?: string;
  readonly addon?: Addon;
}

export const native: Native = load();

// Numbers that are converted: below this the loop takes less time than a call; its bits are the same.
const smallestConverted = 64;

// Elements with a slope for each channel, likewise. ns per prelu by the loop and by a call (a Zen 5, Node 20.20): of 16 elements 160 and 200,
// of 36 223 and 255, of 49 261 and 285.
const fewestWithSlopes = 64;

// The threads that the addon was told last.
let told = 1;

/** As native/kernels.h numbers them. */
const sliceOf = { softmax: 0, logSoftmax: 1 } as const satisfies Record<Slice, number>;

const operations = { add: 0, sub: 1, mul: 2, div: 3 } as const satisfies Record<Operation, number>;

/** In the place of a row of the table. */
const rowOf = {
  softmax: { op: sliceOf.softmax, a: 0, b: 0 },
  logSoftmax: { op: sliceOf.logSoftmax, a: 0, b: 0 },
} as const satisfies Record<Slice, Chosen>;

/** The backend of an instruction set. */
function backendOf(name: BackendName, set: number, addon: Addon): Backend {
  const { call, sharedElements } = addon;
  // To find out how many threads there are takes time, so the addon is told before a call that could use several.
  const tell = (x: Numbers) => {
    if (lengthOfPresent(x) >= sharedElements && told !== threads(addon.cores)) {
      told = threads(addon.cores);
      addon.setThreads(told);
    }
  };
  return {
    name,
    map(x, y, op, a, b, exact) {
      tell(x);
      writeParameters(a, b);
      callNative(call, set, kinds.map, op, exact, x, undefined, y);
    },
    mapFew(x, out, chosen, exact) {
      const y = chosen.op === opOf.relu ? reluOfFew(x, out) : undefined;
      if (y !== undefined) return y;
      return callFew(call, set, kinds.map, chosen, exact, x as FloatArray, out as FloatArray | undefined);
    },
    mapGradFew(grad, x, out, chosen, exact) {
      const y = out as FloatArray | undefined;
      return callFewOfTwo(call, set, kinds.gradient, chosen, exact, grad as FloatArray, x as FloatArray, y);
    },
    gateFew(x, by, out, chosen, exact) {
      const y = out as FloatArray | undefined;
      return callFewOfTwo(call, set, kinds.gate, chosen, exact, x as FloatArray, by as FloatArray, y);
    },
    slicesFew(x, out, slice, length, inner, exact, under) {
      const [input, y] = [x as FloatArray, out as FloatArray | undefined];
      writeSlices(length, inner);
      return under === undefined
        ? callFew(call, set, kinds.slices, rowOf[slice], exact, input, y)
        : callFewUnder(call, set, sliceOf[slice], exact, input, under, y);
    },
    mapGrad(grad, x, y, op, a, b, exact) {
      tell(x);
      writeParameters(a, b);
      callNative(call, set, kinds.gradient, op, exact, grad, x, y);
    },
    halves(grad, x, y, dtype, op, a, b) {
      tell(x);
      writeParameters(a, b);
      callHalves(call, set, dtype, grad === undefined ? kinds.map : kinds.gradient, op, grad, x, y);
    },
    halfSlices(grad, x, y, dtype, slice, length, inner) {
      tell(x);
      writeSlices(length, inner);
      callHalves(
        call,
        set,
        dtype,
        grad === undefined ? kinds.slices : kinds.slicesGradient,
        sliceOf[slice],
        grad,
        x,
        y,
      );
    },
    convert(x, from, y, to) {
      if (lengthOfPresent(x) < smallestConverted) return reference.convert(x, from, y, to);
      tell(x);
      callConvert(call, set, x, from, y, to);
    },
    gate(x, by, y, op, a, b, exact) {
      tell(x);
      writeParameters(a, b);
      callNative(call, set, kinds.gate, op, exact, x, by, y);
    },
    gateGrad(grad, x, by, dx, dby, op, a, b, exact) {
      tell(x);
      writeParameters(a, b);
      callGateGradient(call, set, op, exact, grad, x, by, dx, dby);
    },
    channels(x, slopes, y, inner, exact, fresh) {
      if (lengthOfPresent(x) < fewestWithSlopes) return reference.channels(x, slopes, y, inner, exact, fresh);
      tell(x);
      callChannels(call, set, exact, undefined, x, slopes, y, inner);
    },
    channelsGrad(grad, x, slopes, y, inner, exact) {
      tell(x);
      callChannels(call, set, exact, grad, x, slopes, y, inner);
    },
    channelSums(grad, x, sums, inner) {
      tell(x);
      callChannelSums(call, set, grad, x, sums, inner);
    },
    slices(x, y, slice, length, inner, exact) {
      tell(x);
      writeSlices(length, inner);
      callNative(call, set, kinds.slices, sliceOf[slice], exact, x, undefined, y);
    },
    slicesGrad(grad, x, y, slice, length, inner, exact) {
      tell(x);
      writeSlices(length, inner);
      callNative(call, set, kinds.slicesGradient, sliceOf[slice], exact, grad, x, y);
    },
    conditioned(grad, x, y, slice, length, inner, conditions, exact) {
      tell(x);
      writeSlices(length, inner);
      callConditioned(call, set, sliceOf[slice], exact, grad, x, y, conditions);
    },
    logParts(x, maxima, logs, length, inner, exact) {
      tell(x);
      writeSlices(length, inner);
      callLogParts(call, set, exact, x, maxima, logs);
    },
    copy(source, from, target, to, runs) {
      if (!isLarge(runs)) return reference.copy(source, from, target, to, runs);
      callCopy(call, source, from, target, to, runs);
    },
    mapStrided(grad, x, y, first, runs, op, a, b, exact) {
      tell(x);
      writeParameters(a, b);
      return grad === undefined
        ? callStrided(call, set, kinds.stridedMap, op, exact, x, undefined, y, first, runs)
        : callStrided(call, set, kinds.stridedGradient, op, exact, grad, x, y, first, runs);
    },
    combineStrided(operation, x, by, y, first, runs) {
      tell(y);
      return callStrided(call, set, kinds.stridedCombine, operations[operation], false, x, by, y, first, runs);
    },
    gateStrided(x, by, y, first, runs, op, a, b, exact) {
      tell(x);
      writeParameters(a, b);
      return callStrided(call, set, kinds.stridedGate, op, exact, x, by, y, first, runs);
    },
    slicesStrided(grad, x, y, first, runs, slice, exact) {
      tell(x);
      return grad === undefined
        ? callStrided(call, set, kinds.stridedSlices, sliceOf[slice], exact, x, undefined, y, first, runs)
        : callStrided(call, set, kinds.stridedSlicesGradient, sliceOf[slice], exact, grad, x, y, first, runs);
    },
  };
}

function load(): Native {
  if (loaded.reason !== undefined) return { backends: [], reason: loaded.reason };
  const { path, addon } = loaded;
  hugePagesBy(addon.fresh);
  const backends = addon.sets.map((name, set) => backendOf(name, set, addon));
  // A number that is wrong on a processor or an emulator of some kind is worse than a slow one.
  const right = backends.filter((_, set) => addon.checksums[set] === rightChecksum);
  const wrong = backends.filter((backend) => !right.includes(backend)).map(({ name }) => name);
  const fault = `${path} computes wrong numbers here with ${wrong.join(' and ')}`;
  if (right.length > 0) {
    if (wrong.length > 0) problems.push(`${fault}, of which none is used`);
    return { path, backends: right, addon };
  }
  if (wrong.length > 0) return { backends: [], reason: fault };
  return { path, backends, reason: `${path} needs a CPU with AVX2 and FMA, AVX-512, or NEON` };
}
