export interface Literal {
  readonly text: string;
  readonly value: number;
  /** The index of its first character. */
  readonly at: number;
  readonly line: number;
  /** Whether the minus before it is its own. */
  readonly hasSign: boolean;
}
export function numbersOf(text: string, name: string): Literal[] | undefined;
export function rewritten(text: string, numbers: readonly Literal[], values: readonly number[]): string;
export function othersIn(text: string, names: readonly string[]): Omit<Literal, 'hasSign'>[];
export function withoutScript(): { readonly file: string; readonly line: number; readonly text: string }[];
export function literalOf(value: number, like: string): string;
