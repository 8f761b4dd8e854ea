// What the three formats have in common once their directory is read: arrays by name, none of which is read before it is asked for.
import type { Numbers, NumbersInfo } from './numbers.js';
import type { Reading } from './reading.js';

export interface Catalogue {
  readonly members: ReadonlyMap<string, Member>;
  /** What a .safetensors file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Member {
  info(): Reading<NumbersInfo>;
  numbers(): Reading<Numbers>;
}

export const noMetadata: Readonly<Record<string, string>> = Object.freeze({});
