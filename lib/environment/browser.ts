// node.ts where there is no process: the build for browsers has this file in its place, so that nothing of Node's is in it.
import { inflateSync } from 'fflate';
import { binary, size } from './binary.js';
import type * as node from './node.js';

export const problems: typeof node.problems = [];

export const variable: typeof node.variable = () => undefined;

export const isMainThread: typeof node.isMainThread = () => false;

export const platform: typeof node.platform = () => 'browser';

/** No memory has two buffers here unless it is shared. */
export const hasAddons: typeof node.hasAddons = false;

export const openModule: typeof node.openModule = () => {
  if (binary === '') return { reason: 'this build has no module of WebAssembly' };
  const text = atob(binary);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return { bytes: inflateSync(bytes, { out: new Uint8Array(size) }) };
};
