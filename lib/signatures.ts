// What each elementwise function takes besides its arrays, from the table: the option that chooses one of its rows, where it has
// several, and the parameters of its row.
import {
  type Activation,
  activationNames,
  activations,
  type Formula,
  type Parameter,
  variants,
} from './activations.js';
import { type Op, opOf } from './backend.js';
import { describe, list } from './errors.js';
import type { Given } from './options.js';

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

/** A row with numbers for its parameters, as a backend takes them for float32 and float64 alike. */
export interface Case {
  /** `elu`, and for others than the defaults `elu(alpha=2)`. */
  readonly label: string;
  readonly row: Activation;
  readonly op: Op;
  readonly a: number;
  readonly b: number;
}

/** Every row with its defaults, and with each of its samples. */
export function casesOf(row: Activation): readonly Case[] {
  const { parameters = {} }: Formula = activations[row];
  const names = Object.keys(parameters);
  const all = Object.values(parameters);
  const op = opOf[row];
  const at = (label: string, numbers: readonly (number | undefined)[]) => {
    const [a = 0, b = 0] = numbers.map((number) => Math.fround(number!));
    return { label, row, op, a, b };
  };
  const samples = Math.max(0, ...all.map((parameter) => parameter.samples?.length ?? 0));
  const tried = Array.from({ length: samples }, (_, i) => {
    const numbers = all.map((parameter) => parameter.samples?.[i] ?? parameter.default);
    return at(`${row}(${names.map((name, k) => `${name}=${numbers[k]}`).join(', ')})`, numbers);
  });
  const isWhole = all.every((parameter) => parameter.default !== undefined);
  return isWhole
    ? [
        at(
          row,
          all.map((parameter) => parameter.default),
        ),
        ...tried,
      ]
    : tried;
}

/** What an option of a function's own is where it is left out; undefined where it is needed. */
export function defaultOf({ op, own, rows, parameters }: Elementwise, place: number): unknown {
  const i = place - (own.length - parameters.length);
  return i < 0 ? [...rows!].find(([, row]) => row === op)![0] : parameters[i]!.default;
}

/** The row that the options choose. */
export function rowOf({ op, rows, own }: Elementwise, given: Given, name: string): Op {
  const choice = given.own[0];
  if (rows === undefined || choice === undefined) return op;
  const chosen = rows.get(choice);
  if (chosen !== undefined) return chosen;
  throw new TypeError(
    `${name}: ${own[0]} must be ${list(
      [...rows.keys()].map((word) => `'${word}'`),
      'or',
    )}, got ${describe(choice)}`,
  );
}

/** The parameter of that number, rounded to the dtype of x; 0 where the row has none. */
export function parameterOf(
  { own, parameters }: Elementwise,
  i: 0 | 1,
  given: Given,
  single: boolean,
  name: string,
): number {
  const parameter = parameters[i];
  if (parameter === undefined) return 0;
  const option = own[own.length - parameters.length + i]!;
  const value = given.own[own.length - parameters.length + i] ?? parameter.default;
  if (value === undefined) throw new TypeError(`${name}: \`${option}\` is needed, a number`);
  if (typeof value !== 'number') throw new TypeError(`${name}: ${option} must be a number, got ${describe(value)}`);
  const rounded = single ? Math.fround(value) : value;
  const { least = -Infinity, above = -Infinity } = parameter;
  if (!Number.isFinite(rounded)) {
    const wanted = Number.isFinite(value) ? 'a finite float32' : 'finite';
    throw new RangeError(`${name}: ${option} must be ${wanted}, got ${value}`);
  }
  if (!(rounded >= least)) throw new RangeError(`${name}: ${option} must be at least ${least}, got ${value}`);
  if (!(rounded > above)) throw new RangeError(`${name}: ${option} must be above ${above}, got ${value}`);
  return rounded;
}
