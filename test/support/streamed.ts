// The functions that a stream goes through, and what calls of them need.
import { functions } from '../../lib/cli/functions.js';
import { gateNames } from '../../lib/functions/gates.js';

export const streamed = [...functions.keys()].filter((name) => name !== 'crossEntropy');
/** Those that need whole rows. */
export const ofRows = ['softmax', 'logSoftmax', 'softmin', 'logSumExp', ...gateNames];

/** The options without which a function is none. */
export const needed: Readonly<Record<string, Record<string, number>>> = {
  prelu: { weight: 0.3 },
  threshold: { threshold: 0.5, value: -1 },
  softcap: { cap: 5 },
};

export const bytesOf = (x: ArrayBufferView) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
