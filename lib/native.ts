// The addon's functions as backends, and the reason where there are none. Every other file sees only backends. A build without native
// code has native-none.ts in the place of this file.
import { activationNames } from './activations.js';
import { type Backend, type BackendName, backendNames, type FloatArray, opOf } from './backend.js';
import { openAddon } from './environment/node.js';
import { lengthOf } from './floats.js';
import { reference } from './reference.js';
import { callSmall, mostElements, type SmallCall, softmaxOp } from './small.js';
import { threads } from './threads.js';
import { version } from './version.js';

/** A backend's methods, and the number by which a small call names the set. */
type Methods = Omit<Backend, 'name'> & { readonly number: number };

/** What the .node file exports (native/addon.cpp). */
interface Addon {
  /** The version of the package that it is part of. */
  readonly version: string;
  /** A backend's methods for each instruction set that this CPU runs. */
  readonly sets: Readonly<Partial<Record<BackendName, Methods>>>;
  /** Their names, in the order of the numbers that `map` takes. */
  readonly activations: readonly string[];
  /** How many threads a call may use; 1 until it is said. Holds for this thread of JavaScript. */
  setThreads(threads: number): void;
  /** A call on a few elements, of any method and set. */
  readonly small: SmallCall;
  /** Asks for huge pages under an array that nothing has been written to. */
  fresh(y: FloatArray): void;
  /** The cores of this machine. */
  readonly cores: number;
  /** The fewest elements that more than one thread is used for. */
  readonly sharedElements: number;
}

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

// Below this the loop takes less time than a call; its bits are the same. ns of both, `npm run bench -- --function relu` on Zen 4: 35
// and 78 for 8 elements, 58 and 89 for 16, 73 and 90 for 24, 88 and 90 for 32, 118 and 96 for 48.
const smallestRelu = 32;

/** A backend of an instruction set's functions. */
function backendOf(name: BackendName, methods: Methods, small: SmallCall): Backend {
  const { number } = methods;
  return {
    name,
    map(x, y, op, exact, fresh) {
      const count = lengthOf(x);
      if (count > mostElements) methods.map(x, y, op, exact);
      else if (op === opOf.relu && count < smallestRelu) reference.map(x, y, op, exact, fresh);
      else callSmall(small, number, count, undefined, x, y, op, 1, 1, exact);
    },
    mapGrad(grad, x, y, op, exact) {
      const count = lengthOf(x);
      if (count > mostElements) methods.mapGrad(grad, x, y, op, exact);
      else callSmall(small, number, count, grad, x, y, op, 1, 1, exact);
    },
    softmax(x, y, length, inner, exact) {
      const count = lengthOf(x);
      if (count > mostElements) methods.softmax(x, y, length, inner, exact);
      else callSmall(small, number, count, undefined, x, y, softmaxOp, length, inner, exact);
    },
    softmaxGrad(grad, x, y, length, inner, exact) {
      const count = lengthOf(x);
      if (count > mostElements) methods.softmaxGrad(grad, x, y, length, inner, exact);
      else callSmall(small, number, count, grad, x, y, softmaxOp, length, inner, exact);
    },
  };
}

function load(): Native {
  const opened = openAddon();
  if (opened.reason !== undefined) return { backends: [], reason: opened.reason };
  const { path } = opened;
  const fault = faultOf(opened.exports);
  if (fault !== undefined) return { backends: [], reason: `${path} ${fault}` };
  const addon = opened.exports as Addon;
  const backends: Backend[] = [];
  for (const name of backendNames) {
    const methods = addon.sets[name];
    if (methods !== undefined) backends.push(backendOf(name, sharing(methods, addon), addon.small));
  }
  if (backends.length > 0) return { path, backends, addon };
  return { path, backends, reason: `${path} needs a CPU with AVX2 and FMA, AVX-512, or NEON` };
}

/** What is wrong with what a file exports: NONLIN_BINARY may name another addon, and a build may be an old one. */
function faultOf(addon: unknown): string | undefined {
  const { version: its, activations } = Object(addon) as Partial<Record<keyof Addon, unknown>>;
  if (its !== version)
    return typeof its === 'string' ? `is of nonlin ${its}, not ${version}` : `is not an addon of nonlin ${version}`;
  // Native code knows an activation by its number.
  if (String(activations) === String(activationNames)) return undefined;
  return 'has other activations: it was built from other sources (npm run build)';
}

// What the addon was told last.
let told = 1;

/** Methods that tell the addon how many threads it may use, before a call that could use several: to find out takes time. */
function sharing(methods: Methods, addon: Addon): Methods {
  const tell = (x: FloatArray) => {
    if (lengthOf(x) < addon.sharedElements || told === threads(addon.cores)) return;
    told = threads(addon.cores);
    addon.setThreads(told);
  };
  return {
    number: methods.number,
    map(x, y, op, exact) {
      tell(x);
      methods.map(x, y, op, exact);
    },
    mapGrad(grad, x, y, op, exact) {
      tell(x);
      methods.mapGrad(grad, x, y, op, exact);
    },
    softmax(x, y, length, inner, exact) {
      tell(x);
      methods.softmax(x, y, length, inner, exact);
    },
    softmaxGrad(grad, x, y, length, inner, exact) {
      tell(x);
      methods.softmaxGrad(grad, x, y, length, inner, exact);
    },
  };
}
