// What a function over dimensions may be asked to do besides: divide by a temperature, heed a mask, give shares of 0 where nothing is left.
import type { Conditions, FewConditions } from '../backends/backend.js';
import { describe } from '../basics/errors.js';

/** Whether they are those of a call that names none. */
export const areUsual = ({ temperature, mask, zero }: Conditions | FewConditions): boolean =>
  temperature === 1 && mask === undefined && !zero;

/** Rounded to x's dtype, as parameters are. */
export function temperatureOf(temperature: unknown, single: boolean, name: string): number {
  if (temperature === undefined) return 1;
  if (typeof temperature !== 'number')
    throw new TypeError(`${name}: temperature must be a number, got ${describe(temperature)}`);
  const rounded = single ? Math.fround(temperature) : temperature;
  if (!(Number.isFinite(rounded) && rounded > 0))
    throw new RangeError(
      `${name}: temperature must be finite and above 0${single ? ' as a float32' : ''}, got ${temperature}`,
    );
  return rounded;
}

export function isZero(empty: unknown, name: string): boolean {
  if (empty === undefined || empty === 'nan') return false;
  if (empty === 'zero') return true;
  throw new TypeError(`${name}: empty must be 'nan' or 'zero', got ${describe(empty)}`);
}
