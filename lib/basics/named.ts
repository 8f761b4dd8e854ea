// Functions that are made for a name have it: in a stack, in what a console shows, and for code that asks.

/** f, called `name`. */
export function named<F extends (...args: never[]) => unknown>(name: string, f: F): F {
  return Object.defineProperty(f, 'name', { value: name, configurable: true });
}
