// What each elementwise function takes besides its arrays, from the table: the option that chooses one of its rows, where it has
// several, and the parameters of its row.

import { describe, list } from '../basics/errors.js';
import { type FloatArray, isFloat32 } from '../basics/floats.js';
import type { Given } from '../basics/options.js';
import {
  type Activation,
  activationNames,
  activations,
  type Formula,
  type Op,
  opOf,
  type Parameter,
  variants,
} from './table.js';

export { activationNames };

type Variants = typeof variants;
type RowsOf<F extends keyof Variants> = Variants[F]['rows'];
type Variant = { [F in keyof Variants]: Exclude<RowsOf<F>[keyof RowsOf<F>], F> }[keyof Variants];

/** The names of the functions: rows that are not a variant of another. */
export type FunctionName = Exclude<Activation, Variant>;

type ParametersOf<F extends FunctionName> = (typeof activations)[F] extends { readonly parameters: infer P }
  ? P
  : Record<never, never>;
type NeededOf<P> = { [N in keyof P]: P[N] extends { readonly default: number } ? never : N }[keyof P];

/** The options of a function's own, by its name. */
export type OwnOptions<F extends FunctionName> = {
  readonly [N in Exclude<keyof ParametersOf<F>, NeededOf<ParametersOf<F>>>]?: number;
} & {
  readonly [N in NeededOf<ParametersOf<F>>]: number;
} & (F extends keyof Variants
    ? { readonly [N in Variants[F]['option']]?: keyof RowsOf<F> }
    : Readonly<Record<never, never>>);

/** The options that a function or a layer takes besides `out` and `precision`, in the order of `Given.own`. */
export interface Signature {
  readonly own: readonly string[];
}

export interface Elementwise extends Signature {
  /** Its row, as far as no option chooses another. */
  readonly op: Op;
  /** The rows that own[0] chooses from. */
  readonly rows: ReadonlyMap<unknown, Op> | undefined;
  /** In the order of their names, which are the last of `own`. */
  readonly parameters: readonly Parameter[];
}

function signatureOf(name: FunctionName): Elementwise {
  const { parameters = {} }: Formula = activations[name];
  const choice = Object.hasOwn(variants, name) ? variants[name as keyof Variants] : undefined;
  return {
    own: [...(choice === undefined ? [] : [choice.option]), ...Object.keys(parameters)],
    op: opOf[name],
    // Map.get is a few instructions; the two lookups by a name that varies took 12 ns more.
    rows: choice && new Map(Object.entries(choice.rows).map(([word, row]) => [word, opOf[row]])),
    parameters: Object.values(parameters),
  };
}

const variantNames = Object.entries(variants).flatMap(([name, { rows }]) =>
  Object.values(rows).filter((row) => row !== name),
) as Activation[];

export const functionNames = activationNames.filter((name) => !variantNames.includes(name)) as FunctionName[];

export const signatures = Object.fromEntries(functionNames.map((name) => [name, signatureOf(name)])) as Readonly<
  Record<FunctionName, Elementwise>
>;

/** The function that a row belongs to, with what chooses the row. */
export function callOf(row: Activation): { readonly name: FunctionName; readonly own: readonly unknown[] } {
  for (const [name, { rows }] of Object.entries(variants))
    for (const [word, variant] of Object.entries(rows))
      if (variant === row && row !== name) return { name: name as FunctionName, own: [word] };
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
    return caseOf(`${row}(${names.map((option, k) => `${option}=${numbers[k]}`).join(', ')})`, numbers);
  });
  const standard = all.map((parameter) => parameter.default);
  return standard.includes(undefined) ? tried : [caseOf(row, standard), ...tried];
}

/** What an option of a function's own is where it is left out; undefined where it is needed. */
export function defaultOf({ op, own, rows, parameters }: Elementwise, place: number): unknown {
  const i = place - (own.length - parameters.length);
  return i < 0 ? [...rows!].find(([, row]) => row === op)![0] : parameters[i]!.default;
}

// What is asked at every call is apart from what is not: V8 inlines only so much code into a function, and counts what never runs.

/** The row that the options choose. */
export function rowOf(of: Elementwise, given: Given, name: string): Op {
  return of.rows === undefined || given.own[0] === undefined
    ? of.op
    : chosenRow(of.rows, of.own[0]!, given.own[0], name);
}

function chosenRow(rows: ReadonlyMap<unknown, Op>, option: string, choice: unknown, name: string): Op {
  const chosen = rows.get(choice);
  if (chosen !== undefined) return chosen;
  const words = [...rows.keys()].map((word) => `'${word}'`);
  throw new TypeError(`${name}: ${option} must be ${list(words, 'or')}, got ${describe(choice)}`);
}

/** The parameter of that number, rounded to the dtype of x; 0 where the row has none. */
export function parameterOf(of: Elementwise, i: 0 | 1, given: Given, x: FloatArray, name: string): number {
  return i < of.parameters.length ? chosenParameter(of, i, given, isFloat32(x), name) : 0;
}

/** Asserts that the parameters are allowed, whatever the dtype. */
export function checkParameters(of: Elementwise, given: Given, name: string): void {
  for (let i = 0; i < of.parameters.length; i++) chosenParameter(of, i, given, false, name);
}

function chosenParameter(
  { own, parameters }: Elementwise,
  i: number,
  given: Given,
  single: boolean,
  name: string,
): number {
  const parameter = parameters[i]!;
  const place = own.length - parameters.length + i;
  const value = given.own[place] ?? parameter.default;
  const rounded = single ? Math.fround(value as number) : (value as number);
  if (typeof value !== 'number' || !isAllowed(rounded, parameter))
    throw notAllowed(value, parameter, own[place]!, name);
  return rounded;
}

const isAllowed = (value: number, { least = -Infinity, above = -Infinity }: Parameter) =>
  Number.isFinite(value) && value >= least && value > above;

function notAllowed(value: unknown, { least, above }: Parameter, option: string, name: string): Error {
  if (value === undefined) return new TypeError(`${name}: \`${option}\` is needed, a number`);
  if (typeof value !== 'number') return new TypeError(`${name}: ${option} must be a number, got ${describe(value)}`);
  const range = least !== undefined ? `, at least ${least}` : above !== undefined ? `, above ${above}` : '';
  const wanted = Number.isFinite(value) && range === '' ? 'finite as a float32' : `finite${range}`;
  return new RangeError(`${name}: ${option} must be ${wanted}, got ${value}`);
}
