// How an error message names what came.
import { lengthOf, typeName } from './floats.js';

/** Marks the Tensor of every copy of this package, where `instanceof` knows only one. */
export const brand = Symbol.for('nonlin.tensor');

/** `Int32Array of 5`, `an Array of 3`, `"abc"`, `1.5`, `null`, `a Map`: what a value is, for the reader of an error message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return `an Array of ${value.length}`;
  const name = nameOfClass(value);
  if (typeName(value) !== undefined) return `${name} of ${lengthOf(value as ArrayBufferView)}`;
  if (!name || name === 'Object') return 'an object';
  // Such as a Proxy of an array.
  if (name.endsWith('Array') || (name === 'Tensor' && !('data' in value)))
    return `an object with the prototype of ${name}`;
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** `1 element`, `2 elements`. */
export const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** `a`, `a and b`, `a, b and c`. */
export function list(names: readonly string[], last: 'and' | 'or' = 'and'): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`;
}

/** Of the caller's classes, whose names are the caller's; our own may have another in a bundle. */
function nameOfClass(value: object): string | undefined {
  try {
    if ((value as { [brand]?: unknown })[brand] === true) return 'Tensor';
    return (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name;
  } catch {
    // A getter's error would stand in the place of the one that is being told.
    return undefined;
  }
}

/** What `act` gives; its errors with the name of who called it in front. */
export function naming<A>(name: string, act: () => A): A {
  try {
    return act();
  } catch (error) {
    throw inNameOf(name, error);
  }
}

/** An error of a part that does not know for whom it works, with the name of who called it in front; of one that does as it is. */
export function inNameOf(name: string, error: unknown): unknown {
  // Not by instanceof: the errors of an addon are of its own realm, and a Jest test runs in another.
  if (typeof error !== 'object' || error === null) return error;
  const { name: kind, message } = error as Error;
  const Kind = kind === 'RangeError' ? RangeError : kind === 'TypeError' ? TypeError : undefined;
  if (Kind === undefined || message.startsWith(`${name}: `)) return error;
  return new Kind(`${name}: ${message}`, { cause: error });
}
