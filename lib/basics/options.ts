// Reads options: what a caller wrote is used or refused, never left out in silence, and what the caller did not write is not read.
// They are plain objects, of which the own enumerable properties count, as in Object.keys(options): a name that is hidden, inherited or
// a symbol is none of an option. To look for one takes 37 ns of {} and 85 of one option (Reflect.ownKeys, Node 20), as long as a small call.
import { describe, list } from './errors.js';
import { nothing } from './floats.js';
import { nearest, ours } from './nearest.js';

/** The options of a call as they were given, not yet checked. */
export interface Given {
  readonly out?: unknown;
  readonly precision?: unknown;
  /** What the numbers of a Uint16Array are. */
  readonly dtype?: unknown;
  /** Those that not every function takes, in the order in which a function names its own. */
  readonly own: readonly unknown[];
}

type Dictionary = Readonly<Record<string, unknown>>;

const { hasOwnProperty: isOwn } = Object.prototype;

/** The options of a call without any. */
export const noOptions: Given = Object.freeze({
  out: undefined,
  precision: undefined,
  dtype: undefined,
  own: Object.freeze([]),
});

/** The options of every call, though not all take a dtype. */
export const ofCalls: readonly string[] = ['out', 'precision', 'dtype'];

/** The options of a call by a number alone, which is the `dim` of what takes one. */
const dimAlone = (own: readonly string[]) => own[0] === 'dim';

/** What outAlone gives of options that say more than an `out`. */
const unread = Symbol('unread');
/** Of what is no plain object: a dimension, or something to be refused. */
const odd = Symbol('odd');

/**
 * The `out` of options that say nothing else, as those of most calls; undefined where nothing is said, and what `isAlone` tells from that
 * of what has to be read and may have to be refused. Short, as V8 inlines only so much.
 */
export function outAlone(options: unknown): unknown {
  if (options === undefined) return undefined;
  if (!isObject(options) || !isPlain(options)) return odd;
  let known = false;
  for (const option in options) {
    // What is on Object.prototype nobody asked for here.
    if (option !== 'out' || !isOwn.call(options, option)) return unread;
    known = true;
  }
  return known ? options.out : undefined;
}

/** Whether outAlone gave an `out`, or that there is none. */
export const isAlone = (out: unknown): boolean => out !== unread && out !== odd;

/** What outAlone has read, or else all options. */
export function givenOf(out: unknown, options: unknown, name: string, own: readonly string[]): Given {
  // Whether they are plain is not asked again: it takes 15 ns.
  if (out === unread) return readPlain(options as Dictionary, name, own, noOptions.own as readonly string[], true);
  if (out === odd) return dimOptions(options, name, own);
  return { out, precision: undefined, dtype: undefined, own: noOptions.own };
}

/**
 * The options of a call that takes `out`, `precision` and some of its own, each read once. `fixed` are options that only the
 * constructor of a layer takes.
 */
export function readOptions(
  options: unknown,
  name: string,
  own: readonly string[],
  fixed: readonly string[] = noOptions.own as readonly string[],
  takesDType = false,
): Given {
  if (options === undefined) return noOptions;
  if (!isObject(options) || !isPlain(options)) return dimOptions(options, name, own);
  return readPlain(options, name, own, fixed, takesDType);
}

function readPlain(
  options: Dictionary,
  name: string,
  own: readonly string[],
  fixed: readonly string[],
  takesDType: boolean,
): Given {
  let out: unknown;
  let precision: unknown;
  let dtype: unknown;
  let mine: unknown[] | undefined;
  for (const option in options) {
    // What is on Object.prototype nobody asked for here.
    if (!isOwn.call(options, option)) continue;
    const value = options[option];
    if (option === 'out') out = value;
    else if (option === 'precision') precision = value;
    else if (takesDType && option === 'dtype') dtype = value;
    else {
      // As many as a function of these has: to look beyond the last takes V8 longer.
      mine ??= [undefined, undefined, undefined, undefined];
      mine[placeOf(option, name, own, fixed, takesDType)] = value;
    }
  }
  // Of one shape whatever the caller's objects are, which V8 reads faster than those.
  return { out, precision, dtype, own: mine ?? noOptions.own };
}

// Apart, as V8 inlines what is short, and then makes no object for what was given.

/** The place of one of a function's own options. */
function placeOf(
  option: string,
  name: string,
  own: readonly string[],
  fixed: readonly string[],
  takesDType: boolean,
): number {
  // Array.indexOf is a call, which takes longer.
  for (let place = 0; place < own.length; place++) if (own[place] === option) return place;
  throw noCallOption(option, name, own, fixed, takesDType);
}

/** The options of what a number alone is the dimension of. */
function dimOptions(options: unknown, name: string, own: readonly string[]): Given {
  if (typeof options !== 'number' || !dimAlone(own)) throw notOptions(options, name, own);
  return { out: undefined, precision: undefined, dtype: undefined, own: [options] };
}

/** The options that the constructor of a layer was given, and nothing more, in their order. A number is the `dim`. */
export function readOwn(options: unknown, more: unknown, name: string, own: readonly string[]): readonly unknown[] {
  if (own.length === 0) {
    if (options !== undefined || more !== undefined) throw takesNothing(options === undefined ? more : options, name);
    return noOptions.own;
  }
  if (more !== undefined) throw tooMany(more, name);
  if (typeof options === 'number' && dimAlone(own)) return [options];
  checkOptions(options, name, own, own[0]!, `to apply it: new ${name}()(x)`);
  return own.map((option) => optionOf(options, option));
}

function takesNothing(options: unknown, name: string): TypeError {
  const isOut = (option: string) => option === 'out' || ours(option.toLowerCase(), ['out']) !== undefined;
  const isForCall = isPlainObject(options) && Object.keys(options).some(isOut);
  return new TypeError(
    `${name}: the constructor takes nothing, got ${describe(options)}; to apply it: new ${name}()(x${isForCall ? ', { out: x }' : ''})`,
  );
}

/** For an argument after the options: `softmax(x, 0, { out })` would not write to out, and not say so. */
export function tooMany(more: unknown, name: string, before?: string, instead?: string): TypeError {
  const takes = before === undefined ? 'one object of options' : `${before} and one object of options`;
  return alsoGot(`${name} takes ${takes}`, more, instead);
}

/** What is said of options after a `dim` that is one of `takes`, as are those: `softmax(x, 0, { mask })`. */
export function afterDim(dim: unknown, more: unknown, takes: readonly string[]): string | undefined {
  if (!dimAlone(takes) || !Number.isInteger(dim) || !isPlainObject(more)) return undefined;
  const options = Object.keys(more).filter((option) => takes.includes(option));
  return `pass one: { ${[`dim: ${dim}`, ...options.filter((option) => option !== 'dim')].join(', ')} }`;
}

/** For an argument after the last one, such as an `out` of what gives new memory: it would not be seen. */
export const alsoGot = (takes: string, more: unknown, instead?: string) =>
  new TypeError(`${takes}, got also ${describe(more)}${instead === undefined ? '' : `; ${instead}`}`);

/** Asserts that options, where there are any, are a plain object with nothing in it that `name` does not take. */
export function checkOptions(
  options: unknown,
  name: string,
  takes: readonly string[],
  example: string,
  instead?: string,
): asserts options is Dictionary | undefined {
  if (options === undefined) return;
  checkPlain(options, name, example, instead);
  for (const option in options)
    if (isOwn.call(options, option) && !takes.includes(option)) throw noOption(option, name, takes);
}

/** Asserts that options are an object of which whoever reads them sees all. */
export function checkPlain(
  options: unknown,
  name: string,
  example: string,
  instead?: string,
): asserts options is Dictionary {
  if (!isPlainObject(options)) throw notPlain(options, name, example, instead);
}

export const isPlainObject = (x: unknown): x is Dictionary => isObject(x) && isPlain(x);

/** An option of an object that checkOptions has seen. */
export function optionOf(options: Dictionary | undefined, option: string): unknown {
  // V8 asks propertyIsEnumerable in C++, which takes longer than to go through all.
  for (const written in options)
    if (written === option) return isOwn.call(options, option) ? options[option] : undefined;
  return undefined;
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

function notOptions(options: unknown, name: string, own: readonly string[]): TypeError {
  const isList = Array.isArray(options) && own[0] === 'dim';
  return notPlain(options, name, own[0] ?? 'out', isList ? 'pass { dim: ... }' : 'pass { out: ... }');
}

/** `instead` is for what may have been meant as an input or an output: a typed array, a list, a tensor. */
function notPlain(options: unknown, name: string, example: string, instead?: string): TypeError {
  const wanted = `${name}: options must be a plain object such as { ${example} }, got ${describe(options)}`;
  const isData = ArrayBuffer.isView(options) || Array.isArray(options) || (isObject(options) && 'data' in options);
  return new TypeError(isData && instead !== undefined ? `${wanted}; ${instead}` : wanted);
}

function noCallOption(
  option: string,
  name: string,
  own: readonly string[],
  fixed: readonly string[],
  takesDType: boolean,
): TypeError {
  // A name is that of a layer, or of its method: `GELU.backward`.
  const layer = name.replace(/\.\w+$/, '');
  if (fixed.includes(option))
    return new TypeError(`${name}: \`${option}\` is an option of the constructor: new ${layer}({ ${option} })`);
  return noOption(option, name, [...own, ...ofCalls.filter((one) => takesDType || one !== 'dtype')]);
}

function noOption(option: string, name: string, takes: readonly string[]): TypeError {
  const same = ours(option, takes);
  const meant = nearest(option, takes);
  if (takes.length === 0) return new TypeError(`${name}: there is no option \`${option}\`, nor any other`);
  if (option === 'training')
    return new TypeError(
      `${name}: there is no option \`training\`: nothing is drawn at random, it is what evaluation computes`,
    );
  const example = same === 'out' ? ': { out: x } writes over x' : '';
  const help =
    meant === undefined
      ? `${name} takes ${quoted(same === undefined ? takes : [same])}${example}`
      : `did you mean \`${meant}\`?`;
  return new TypeError(`${name}: there is no option \`${option}\`; ${help}`);
}

const quoted = (names: readonly string[]) => list(names.map((name) => `\`${name}\``));
