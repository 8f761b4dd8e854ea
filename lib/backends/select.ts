// Which backend serves, and why that one. The choice is made when the module loads and changed only by useBackend.

import { describe } from '../basics/errors.js';
import { nearest } from '../basics/nearest.js';
import { threads } from '../basics/threads.js';
import { platform, problems, variable } from '../environment/node.js';
import { version } from '../version.js';
import { type Backend, type BackendName, backendNames } from './backend.js';
import { native } from './native/native.js';
import { reference } from './reference.js';
import { wasm } from './wasm/wasm.js';

/** Those that can run here, best first. WebAssembly is loaded for it, which takes some milliseconds. */
function available(): readonly Backend[] {
  const { backend } = wasm();
  return [...native.backends, ...(backend === undefined ? [] : [backend]), reference];
}

/** The best of them, WebAssembly left alone where there is a better one. */
const best = (): Backend => native.backends[0] ?? available()[0]!;

/** What is wrong with `NONLIN_BACKEND`, where another backend serves than the one it asks for. */
export let refusal: string | undefined;

/** The backend that serves now. */
export let backend: Backend = initial();

/** What `NONLIN_BACKEND` asks for, or the best. It may stand in the settings of a machine: no import may fail of it. */
function initial(): Backend {
  const name = variable('NONLIN_BACKEND')?.trim();
  if (name === undefined) return best();
  try {
    return find(name, 'NONLIN_BACKEND', 'NONLIN_BACKEND');
  } catch (error) {
    refusal = (error as Error).message;
    problems.push(refusal);
    return best();
  }
}

/** The backend of that name, which is `what` of `source`. */
function find(name: unknown, source: string, what: string): Backend {
  const isNamed = (candidate: Backend) => candidate.name === name;
  const found = native.backends.find(isNamed) ?? (name === 'js' ? reference : available().find(isNamed));
  if (found !== undefined) return found;
  const here = backends();
  const list = here.join(', ');
  if (!backendNames.includes(name as BackendName)) {
    const meant = typeof name === 'string' ? nearest(name, here) : undefined;
    const help = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw new TypeError(`${what} must be one of those that run here, ${list}, got ${describe(name)}${help}`);
  }
  const why = name === 'wasm' ? wasm().reason : native.reason;
  const reason = why === undefined ? '' : ` (${why})`;
  throw new Error(`${source}: ${name} cannot run here; ${list} can${reason}`);
}

/** The backends that can run here, best first; the last is always `'js'`. */
export function backends(): BackendName[] {
  return available().map((candidate) => candidate.name);
}

/**
 * Makes a backend serve all calls from now on, in this thread.
 *
 * @throws TypeError where there is no backend of that name; Error where it cannot run here. Both list what can be asked for.
 */
export function useBackend(name: BackendName): void {
  backend = find(name, 'useBackend', 'useBackend: backend');
}

/** What `info()` tells. */
export interface Info {
  readonly version: string;
  /** The backend that serves now. */
  readonly backend: BackendName;
  /** Those that can run here, best first. */
  readonly backends: readonly BackendName[];
  /** The threads that a native call may use. */
  readonly threads: number;
  /** `platform-arch` and the runtime, as in `linux-x64 node 20.20.2`. */
  readonly platform: string;
  /** The file of the native addon, in a bundle the entry it came with, or null where there is none. */
  readonly native: string | null;
  /** Why the native addon is absent; null where it is present. */
  readonly reason: string | null;
  /** Why WebAssembly cannot serve; null where it can. */
  readonly wasmReason: string | null;
  /**
   * What an environment variable asks for and is not so, or which instruction sets are left out as they compute wrong numbers here, a
   * sentence each; empty as a rule. The usual serves in their place.
   */
  readonly problems: readonly string[];
}

/** Which backend serves, which could, and why native code is absent where it is. */
export function info(): Info {
  return {
    version,
    backend: backend.name,
    backends: backends(),
    threads: threads(native.addon?.cores ?? 1),
    platform: platform(),
    native: native.path ?? null,
    reason: native.reason ?? null,
    wasmReason: wasm().reason ?? null,
    problems: [...problems],
  };
}
