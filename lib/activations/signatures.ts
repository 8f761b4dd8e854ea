// What each elementwise function takes besides its arrays, from the table: the option that chooses one of its rows, where it has
// several, and the parameters of its row.

import { describe, list } from '../basics/errors.js';
import { type FloatArray, isFloat32 } from '../basics/floats.js';
import type { Given } from '../basics/options.js';
import type { Formula, Parameter, Together } from './formula.js';
import { type Activation, activationNames, activations, type Op, opOf, parametrized, variants } from './table.js';

export { activationNames };

type Variants = typeof variants;
type RowsOf<F extends keyof Variants> = Variants[F]['rows'];
type Parametrized = typeof parametrized;
type Variant =
  | { [F in keyof Variants]: Exclude<RowsOf<F>[keyof RowsOf<F>], F> }[keyof Variants]
  | Parametrized[keyof Parametrized];

/** The names of the functions: rows that are not a variant of another. */
export type FunctionName = Exclude<Activation, Variant>;

type ParametersOfRow<R extends Activation> = (typeof activations)[R] extends { readonly parameters: infer P }
  ? P
  : Record<never, never>;
type ParametersOf<F extends FunctionName> = ParametersOfRow<F extends keyof Parametrized ? Parametrized[F] : F>;
type AliasOf<P> = P extends { readonly alias: infer A extends string } ? A : never;
type NeededOf<P> = { [N in keyof P]: P[N] extends { readonly default: number } ? never : N }[keyof P];

/**
 * One object type of several, as an editor shows it. TypeScript refuses what has no option in common with a type of optional ones, but
 * not where `{}` is intersected with it. `infer` leaves no name of this type in what it shows.
 */
export type Flat<T> = T extends infer U ? { [N in keyof U]: U[N] } : never;

/** The options of a function's own, by its name. */
export type OwnOptions<F extends FunctionName> = Flat<
  {
    readonly [N in Exclude<keyof ParametersOf<F>, NeededOf<ParametersOf<F>>>]?: number | undefined;
  } & {
    readonly [N in NeededOf<ParametersOf<F>>]: number;
  } & {
    readonly [N in keyof ParametersOf<F> as AliasOf<ParametersOf<F>[N]>]?: number | undefined;
  } & (F extends keyof Variants
      ? { readonly [N in Variants[F]['option']]?: keyof RowsOf<F> | undefined }
      : Readonly<Record<never, never>>)
>;

/** The options that a function or a layer takes besides `out` and `precision`, in the order of `Given.own`. */
export interface Signature {
  readonly own: readonly string[];
}

export interface Elementwise extends Signature {
  /** Its row, as far as no option chooses another. */
  readonly op: Op;
  /** The rows that own[0] chooses from. */
  readonly rows: ReadonlyMap<unknown, Op> | undefined;
  /** The row that a parameter chooses where it is given. */
  readonly parametrized: Op | undefined;
  readonly parameters: readonly Option[];
  readonly together: Together | undefined;
  /** What a call without options of its own chooses; undefined where it depends on the dtype, or some option must be given. */
  readonly usual: Chosen | undefined;
}

/** What a backend computes: a row and its parameters, rounded to the dtype; 0 where the row has none. */
export interface Chosen {
  readonly op: Op;
  readonly a: number;
  readonly b: number;
}

/** A parameter as an option. */
interface Option {
  readonly name: string;
  readonly parameter: Parameter;
  /** Its place in `own`, and that of its alias. */
  readonly place: number;
  readonly other: number | undefined;
}

function signatureOf(name: FunctionName): Elementwise {
  const choice = Object.hasOwn(variants, name) ? variants[name as keyof Variants] : undefined;
  const row = Object.hasOwn(parametrized, name) ? parametrized[name as keyof Parametrized] : name;
  const { parameters = {}, together }: Formula = activations[row];
  const own = choice === undefined ? [] : [choice.option as string];
  const first = own.push(...Object.keys(parameters)) - Object.keys(parameters).length;
  const op = opOf[name];
  const defaults = Object.values(parameters).map((parameter) => parameter.default);
  const [a = 0, b = 0] = defaults;
  return {
    op,
    usual: defaults.every((value) => value !== undefined && Math.fround(value) === value) ? { op, a, b } : undefined,
    // Map.get is a few instructions; the two lookups by a name that varies took 12 ns more.
    rows: choice && new Map(Object.entries(choice.rows).map(([word, row]) => [word, opOf[row]])),
    parametrized: row === name ? undefined : opOf[row],
    parameters: Object.entries(parameters).map(([name, parameter], i) => ({
      name,
      parameter,
      place: first + i,
      other: parameter.alias === undefined ? undefined : own.push(parameter.alias) - 1,
    })),
    together,
    own,
  };
}

const variantNames = [
  ...Object.entries(variants).flatMap(([name, { rows }]) => Object.values(rows).filter((row) => row !== name)),
  ...Object.values(parametrized),
] as Activation[];

export const functionNames = activationNames.filter((name) => !variantNames.includes(name)) as FunctionName[];

export const signatures = Object.fromEntries(functionNames.map((name) => [name, signatureOf(name)])) as Readonly<
  Record<FunctionName, Elementwise>
>;

/** The function that a row belongs to, with the word that chooses the row where an option does. */
export function callOf(row: Activation): { readonly name: FunctionName; readonly own: readonly unknown[] } {
  for (const [name, { rows }] of Object.entries(variants))
    for (const [word, variant] of Object.entries(rows))
      if (variant === row && row !== name) return { name: name as FunctionName, own: [word] };
  for (const [name, other] of Object.entries(parametrized))
    if (other === row) return { name: name as FunctionName, own: [] };
  return { name: row as FunctionName, own: [] };
}

/** A row with numbers for its parameters. */
export interface Case {
  /** `elu`, and for others than the defaults `elu(alpha=2)`. */
  readonly label: string;
  readonly row: Activation;
  /** As a backend takes it, for float32 and float64 alike. */
  readonly op: Op;
  readonly a: number;
  readonly b: number;
  /** The function with the options that make it so. */
  readonly name: FunctionName;
  readonly own: readonly unknown[];
}

/** A label's numbers: four digits tell samples apart. */
const shortly = (number: number) => Number(number.toPrecision(4));

/** A row with its defaults, where it has them, and then with each of its samples. */
export function casesOf(row: Activation): readonly Case[] {
  const { parameters = {} }: Formula = activations[row];
  const names = Object.keys(parameters);
  const all = Object.values(parameters);
  const { name, own } = callOf(row);
  const caseOf = (label: string, numbers: readonly (number | undefined)[]): Case => {
    const rounded = numbers.map((number) => Math.fround(number!));
    const [a = 0, b = 0] = rounded;
    return { label, row, op: opOf[row], a, b, name, own: [...own, ...rounded] };
  };
  const samples = Math.max(0, ...all.map((parameter) => parameter.samples?.length ?? 0));
  const tried = Array.from({ length: samples }, (_, i) => {
    const numbers = all.map((parameter) => parameter.samples?.[i] ?? parameter.default);
    return caseOf(`${row}(${names.map((option, k) => `${option}=${shortly(numbers[k]!)}`).join(', ')})`, numbers);
  });
  const standard = all.map((parameter) => parameter.default);
  return standard.includes(undefined) ? tried : [caseOf(row, standard), ...tried];
}

/** An option of a function's own as it was given, or its default; undefined where it is needed. */
export function settingOf(
  { own, op, rows, parameters }: Elementwise,
  given: readonly unknown[],
  option: string,
): unknown {
  const place = own.indexOf(option);
  const of = parameters.find((parameter) => parameter.place === place || parameter.other === place);
  if (of === undefined) return given[place] ?? [...rows!].find(([, row]) => row === op)![0];
  return givenOf(of, given);
}

// What is asked at every call is apart from what is not: V8 inlines only so much code into a function, and counts what never runs.

// What a call with options of its own chooses: one object for all, as it is read at once, and nothing else runs meanwhile.
const asked = { op: 0 as Op, a: 0.5, b: 0.5 };

/** What a call chooses for x; without an x, for float32. Throws where its options are not allowed. */
export function chosenOf(of: Elementwise, given: Given, x: FloatArray | undefined, name: string): Chosen {
  if (given.own.length === 0 && of.usual !== undefined) return of.usual;
  return ask(of, given.own, x === undefined || isFloat32(x), name);
}

function ask(of: Elementwise, given: readonly unknown[], single: boolean, name: string): Chosen {
  const { parameters, rows, parametrized, op } = of;
  asked.op = rows === undefined && parametrized === undefined ? op : chosenRow(of, given, name);
  asked.a = parameters.length > 0 ? chosenParameter(parameters[0]!, given, single, name) : 0;
  asked.b = parameters.length > 1 ? chosenParameter(parameters[1]!, given, single, name) : 0;
  if (of.together !== undefined) checkTogether(of, given, asked.a, asked.b, name);
  return asked;
}

/** Asserts that options of a function's own are allowed, whatever the dtype. */
export function checkOwn(of: Elementwise, given: readonly unknown[], name: string): void {
  ask(of, given, false, name);
}

function chosenRow(
  { own, op, rows, parametrized, parameters }: Elementwise,
  given: readonly unknown[],
  name: string,
): Op {
  if (rows === undefined) return parameters.every((of) => isReal(of, given)) ? op : parametrized!;
  const [choice] = given;
  if (choice === undefined) return op;
  const chosen = rows.get(choice);
  if (chosen !== undefined) return chosen;
  const words = [...rows.keys()].map((word) => `'${word}'`);
  throw new TypeError(`${name}: ${own[0]} must be ${list(words, 'or')}, got ${describe(choice)}`);
}

/** Whether a parameter is the real number of its default: not given, or that default where it is a float. */
function isReal(of: Option, given: readonly unknown[]): boolean {
  const isGiven = given[of.place] !== undefined || (of.other !== undefined && given[of.other] !== undefined);
  const value = givenOf(of, given);
  return !isGiven || (value === of.parameter.default && Math.fround(value as number) === value);
}

/** Asserts what the two parameters must be together. */
function checkTogether(
  { together, parameters }: Elementwise,
  given: readonly unknown[],
  a: number,
  b: number,
  name: string,
): void {
  if (together === undefined || together.holds(a, b)) return;
  const got = parameters.map((of, i) => `${saidOf(of, given)} ${i === 0 ? a : b}`);
  throw new RangeError(`${name}: ${together.wanted}, got ${list(got)}`);
}

/** What a parameter was given as, by either name, or its default. */
function givenOf({ parameter, place, other }: Option, given: readonly unknown[]): unknown {
  const value = given[place];
  if (value !== undefined) return value;
  const same = other === undefined ? undefined : given[other];
  return same === undefined ? parameter.default : same;
}

function chosenParameter(of: Option, given: readonly unknown[], single: boolean, name: string): number {
  const value = givenOf(of, given);
  // To Math.fround an object would be a number by code of its own, and a BigInt an error of another text.
  const rounded = typeof value !== 'number' ? Number.NaN : single ? Math.fround(value) : value;
  if (!isAllowed(rounded, of.parameter) || isTwice(of, given)) throw notAllowed(value, of, given, name);
  return rounded;
}

const isTwice = ({ place, other }: Option, given: readonly unknown[]) =>
  other !== undefined && given[other] !== undefined && given[place] !== undefined;

/** The name by which a parameter was given. */
const saidOf = ({ name, other, parameter }: Option, given: readonly unknown[]) =>
  other !== undefined && given[other] !== undefined ? parameter.alias! : name;

const leastNormal = 2 ** -126;
const isTooSmall = (value: number, { normal = false }: Parameter) =>
  normal && value !== 0 && Math.abs(value) < leastNormal;

const isAllowed = (value: number, parameter: Parameter) => {
  const { least = -Infinity, above = -Infinity } = parameter;
  return Number.isFinite(value) && value >= least && value > above && !isTooSmall(value, parameter);
};

function notAllowed(value: unknown, of: Option, given: readonly unknown[], name: string): Error {
  const { least, above, alias } = of.parameter;
  if (isTwice(of, given)) return new TypeError(`${name}: \`${of.name}\` and \`${alias}\` are the same option`);
  if (value === undefined) return new TypeError(`${name}: \`${of.name}\` is needed, a number`);
  const said = saidOf(of, given);
  if (typeof value !== 'number') return new TypeError(`${name}: ${said} must be a number, got ${describe(value)}`);
  if (isTooSmall(value, of.parameter) && !(value <= (above ?? -Infinity)))
    return new RangeError(`${name}: ${said} must be no smaller than ${leastNormal} in size, got ${value}`);
  const range = least !== undefined ? `, at least ${least}` : above !== undefined ? `, above ${above}` : '';
  const wanted = Number.isFinite(value) && range === '' ? 'finite as a float32' : `finite${range}`;
  return new RangeError(`${name}: ${said} must be ${wanted}, got ${value}`);
}
