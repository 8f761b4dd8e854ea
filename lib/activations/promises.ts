// The largest errors that are promised, once: `npm run prove` holds native code to them, and bounds.ts what lies between native code
// and TypeScript.
import type { Precision } from '../basics/checks.js';
import type { Formula } from './formula.js';
import { type Activation, activations } from './table.js';

/** In ulp of the true value; of float64 in either precision. No more than 0.5 is the correctly rounded result. */
export type Promised = Readonly<Record<Precision | 'float64', number>>;

export const slices = ['softmax', 'logSoftmax'] as const;
export type Subject = Activation | (typeof slices)[number];

// Where a gradient passes through zero, an ulp counts as 2^-26 (float64: 2^-55) at least: no absolute error is small beside a result
// that is nearly zero.
const usual = { fast: 2, exact: 0.5, float64: 2 };
// And of values with other parameters than the defaults.
const ofSlopes = { ...usual, float64: 4 };
/** Of float16 and bfloat16, whatever the row and its parameters. */
export const halfUlp = 0.5;

const ofSlices = {
  softmax: { fast: 4, exact: 0.5, float64: 5 },
  logSoftmax: { fast: 4, exact: 0.501, float64: 5 },
} as const satisfies Record<(typeof slices)[number], Promised>;

// Where grad and its mean cancel, an ulp of `fast` counts as 2^-50 of a share times the largest grad at least, of float64 as 2^-52.
const ofSoftmaxGradient = { fast: 1, exact: 1, float64: 8 };

/** What is promised of a value or of a slope; `isSample` where the parameters are not the defaults. */
export function promised(subject: Subject, isSlope: boolean, isSample: boolean): Promised {
  if (subject === 'softmax' && isSlope) return ofSoftmaxGradient;
  if (subject === 'softmax' || subject === 'logSoftmax') return ofSlices[subject];
  const { ulp }: Formula = activations[subject];
  if (ulp !== undefined) return { fast: ulp, exact: ulp, float64: ulp };
  return isSlope || isSample ? ofSlopes : usual;
}
