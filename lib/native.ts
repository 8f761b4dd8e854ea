// Loads the addon, and keeps the reason where it cannot. Every other file sees only backends.
import { type Backend, type BackendName, backendNames, type FloatArray, opOf } from './backend.js';
import { lengthOf } from './floats.js';
import { reference } from './reference.js';
import { callSmall, mostElements, type SmallCall, softmaxOp } from './small.js';

/** A backend's methods, and the number by which a small call names the set. */
type Methods = Omit<Backend, 'name'> & { readonly number: number };

/** What the .node file exports (native/addon.cpp). */
interface Addon {
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
}

export interface Native {
  /** The file the addon was loaded from. */
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
  // The ES module build is for browsers and bundlers: it has no `require`, and a browser no `process` either.
  if (typeof require !== 'function' || typeof process !== 'object')
    return { backends: [], reason: 'this is the ES module build, which is TypeScript only' };
  let path = '';
  try {
    const { join } = require('node:path') as typeof import('node:path');
    const root = __filename.endsWith('.ts') ? join(__dirname, '..') : join(__dirname, '..', '..');
    path = process.env.NONLIN_BINARY ?? join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'nonlin.node');
    const addon = require(path) as Addon;
    const backends: Backend[] = [];
    for (const name of backendNames) {
      const methods = addon.sets[name];
      if (methods !== undefined) backends.push(backendOf(name, methods, addon.small));
    }
    if (backends.length > 0) return { path, backends, addon };
    return { path, backends, reason: `${path} needs a CPU with AVX2 and FMA, AVX-512, or NEON` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Node appends the chain of requiring modules on further lines.
    return { backends: [], reason: `${path || 'the addon'} could not be loaded: ${message.split('\n')[0]}` };
  }
}
