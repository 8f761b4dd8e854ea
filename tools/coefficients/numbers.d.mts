export interface Literal {
  readonly text: string;
  readonly value: number;
  /** The index of its first character. */
  readonly at: number;
  readonly line: number;
}
export function numbersOf(text: string, name: string): Literal[] | undefined;
export function othersIn(text: string, names: readonly string[]): Literal[];
export function withoutScript(): { readonly file: string; readonly line: number; readonly text: string }[];
export function literalOf(value: number, like: string): string;
