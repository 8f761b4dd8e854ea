// node.ts where there is no process: the build for browsers has this file in its place, so that nothing of Node's is in it.
import type * as node from './node.js';

export const problems: typeof node.problems = [];

export const variable: typeof node.variable = () => undefined;

export const isMainThread: typeof node.isMainThread = () => false;

export const platform: typeof node.platform = () => 'browser';
