// The .node file: what it exports, and whether it is one that this package can call.
import { activationNames } from '../../activations/table.js';
import type { FloatArray } from '../../basics/floats.js';
import { openAddon } from '../../environment/node.js';
import { version } from '../../version.js';
import type { BackendName } from '../backend.js';

/**
 * Native code: takes a record, and the arrays where they do not lie behind it; without arguments the record in its own block. One
 * function serves all calls, as V8 calls one that it knows 25 ns faster.
 */
export type Call = (block?: ArrayBuffer, ...arrays: (FloatArray | Uint8Array | Uint16Array)[]) => unknown;

/** What the .node file exports (native/addon/addon.cpp). */
export interface Addon {
  /** The version of the package that it is part of. */
  readonly version: string;
  /** The instruction sets that this CPU runs, in the order of their numbers. */
  readonly sets: readonly BackendName[];
  /** Of each set, a checksum of what it computes here (native/addon/self_test.cpp). */
  readonly checksums: readonly bigint[];
  /** The rows of the table, in the order of their numbers. */
  readonly activations: readonly string[];
  /** How many threads a call may use; 1 until it is said. Holds for this thread of JavaScript. */
  setThreads(threads: number): void;
  readonly call: Call;
  /**
   * Whether products of subnormal numbers take this processor long, as was measured when it was loaded: then they go another way, with
   * the same bits. Tests of either say which.
   */
  slowSubnormals(slow?: boolean): boolean;
  /** What a call without arguments reads; not where JavaScript may only have memory of its own (Electron). */
  readonly block?: ArrayBuffer;
  /** Asks for huge pages under memory that is new. */
  fresh(memory: ArrayBuffer): void;
  /** The cores of this machine. */
  readonly cores: number;
  /** The fewest elements that more than one thread is used for. */
  readonly sharedElements: number;
}

type Loaded =
  | { readonly path: string; readonly addon: Addon; readonly reason?: undefined }
  | { readonly reason: string; readonly addon?: undefined };

/** The addon and where it came from, or why there is none. */
export const loaded: Loaded = load();

function load(): Loaded {
  const opened = openAddon();
  if (opened.reason !== undefined) return { reason: opened.reason };
  const { path, exports } = opened;
  const misfit = faultOf(exports);
  return misfit === undefined ? { path, addon: exports as Addon } : { reason: `${path} ${misfit}` };
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
