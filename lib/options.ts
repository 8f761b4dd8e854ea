// Reads options: what a caller wrote is used or refused, never left out in silence, and what the caller did not write is not read.
// They are plain objects, of which the own enumerable properties count, as in Object.keys(options): a name that is hidden, inherited or
// a symbol is none of an option.
import { describe } from './errors.js';
import { nothing } from './floats.js';
import { nearest, ours } from './nearest.js';

/** An option that not every function takes. */
export type OwnOption = 'dim' | 'approximate';

/** The options of a call as they were given, not yet checked. */
export interface Given {
  readonly out?: unknown;
  readonly precision?: unknown;
  readonly dim?: unknown;
  readonly approximate?: unknown;
}

type Dictionary = Readonly<Record<string, unknown>>;

const { hasOwnProperty: isOwn, propertyIsEnumerable: isWritten } = Object.prototype;

/**
 * The options of a call that takes `out`, `precision` and perhaps one of its own, each read once. A number is the `dim` of what
 * takes one. `fixed` is an option that only the constructor of a layer takes.
 */
export function readOptions(options: unknown, name: string, own?: OwnOption, fixed?: OwnOption): Given {
  if (options === undefined) return noOptions;
  if (typeof options === 'number' && own === 'dim') return given(undefined, undefined, own, options);
  if (!isObject(options) || !isPlain(options)) throw notOptions(options, name, own);
  let out: unknown;
  let precision: unknown;
  let mine: unknown;
  for (const option in options) {
    // What is on Object.prototype nobody asked for here.
    if (!isOwn.call(options, option)) continue;
    const value = options[option];
    if (option === 'out') out = value;
    else if (option === 'precision') precision = value;
    else if (option === own) mine = value;
    else throw noCallOption(option, name, own, fixed);
  }
  return given(out, precision, own, mine);
}

// Of one shape whatever the caller's objects are, which V8 reads faster than those.
function given(out: unknown, precision: unknown, own: OwnOption | undefined, mine: unknown): Given {
  return {
    out,
    precision,
    dim: own === 'dim' ? mine : undefined,
    approximate: own === 'approximate' ? mine : undefined,
  };
}

/** The options of a call without any. */
export const noOptions: Given = Object.freeze(given(undefined, undefined, undefined, undefined));

/** The one option that the constructor of a layer takes, or undefined. A number is the `dim`. */
export function readOwn(options: unknown, name: string, own: OwnOption): unknown {
  if (typeof options === 'number' && own === 'dim') return options;
  checkOptions(options, name, [own], own, `to apply it: new ${name}()(x)`);
  return optionOf(options, own);
}

/** Asserts that a constructor without options was given none. */
export function checkNothing(arguments_: readonly unknown[], name: string): void {
  const first = arguments_.find((one) => one !== undefined);
  if (first !== undefined)
    throw new TypeError(
      `${name}: the constructor takes nothing, got ${describe(first)}; to apply it: new ${name}()(x)`,
    );
}

/** For an argument after the options: `softmax(x, 0, { out })` would not write to out, and not say so. */
export function tooMany(more: unknown, name: string, before?: string): TypeError {
  const takes = before === undefined ? 'one object of options' : `${before} and one object of options`;
  return new TypeError(`${name} takes ${takes}, got also ${describe(more)}`);
}

/** Asserts that options, where there are any, are a plain object with nothing in it that `name` does not take. */
export function checkOptions(
  options: unknown,
  name: string,
  takes: readonly string[],
  example: string,
  instead?: string,
): asserts options is Dictionary | undefined {
  if (options === undefined) return;
  if (!isObject(options) || !isPlain(options)) throw notPlain(options, name, example, instead);
  for (const option of Object.keys(options)) if (!takes.includes(option)) throw noOption(option, name, takes);
}

/** An option of an object that checkOptions has seen. */
export function optionOf(options: Dictionary | undefined, option: string): unknown {
  return options !== undefined && isWritten.call(options, option) ? options[option] : undefined;
}

function isObject(options: unknown): options is Dictionary {
  return typeof options === 'object' && options !== null;
}

/** Whether an object was made by `{}`, in any realm, or has no prototype: nothing else has all of its options to itself. */
function isPlain(options: Dictionary): boolean {
  // V8 knows the prototype where it knows the hidden class, which it learns from an access; to ask for it takes 20 ns.
  void (options as { readonly [nothing]?: never })[nothing];
  const prototype: unknown = Object.getPrototypeOf(options);
  return prototype === Object.prototype || prototype === null || Object.hasOwn(prototype as object, 'isPrototypeOf');
}

function notOptions(options: unknown, name: string, own: OwnOption | undefined): TypeError {
  return notPlain(options, name, own ?? 'out', 'pass { out: ... }');
}

/** `instead` is for what may have been meant as an input or an output: a typed array, a list, a tensor. */
function notPlain(options: unknown, name: string, example: string, instead?: string): TypeError {
  const wanted = `${name}: options must be a plain object such as { ${example} }, got ${describe(options)}`;
  const isData = ArrayBuffer.isView(options) || Array.isArray(options) || (isObject(options) && 'data' in options);
  return new TypeError(isData && instead !== undefined ? `${wanted}; ${instead}` : wanted);
}

function noCallOption(option: string, name: string, own?: OwnOption, fixed?: OwnOption): TypeError {
  if (option === fixed)
    return new TypeError(`${name}: \`${option}\` is an option of the constructor: new ${name}({ ${option} })`);
  return noOption(option, name, own === undefined ? ['out', 'precision'] : [own, 'out', 'precision']);
}

function noOption(option: string, name: string, takes: readonly string[]): TypeError {
  const same = ours(option, takes);
  const meant = nearest(option, takes);
  const help =
    meant === undefined ? `${name} takes ${quoted(same === undefined ? takes : [same])}` : `did you mean \`${meant}\`?`;
  return new TypeError(`${name}: there is no option \`${option}\`; ${help}`);
}

/** `a`, `b` and `c`. */
function quoted(names: readonly string[]): string {
  const all = names.map((name) => `\`${name}\``);
  return all.length < 2 ? all.join() : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}
