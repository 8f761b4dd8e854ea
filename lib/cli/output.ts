// What the commands write: tables, pairs, JSON and colour. Nothing here touches the process; the streams come from outside.

import { stripVTControlCharacters, styleText } from 'node:util';
import type { DType } from '../basics/floats.js';

export interface Output {
  /** Has taken bytes when it returns: their memory may be used again. */
  write(chunk: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
}

/** The world as the commands see it. */
export interface Io {
  readonly out: Output;
  readonly error: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads what comes next of standard input, waiting for it: the number of bytes; 0 at the end. */
  readSome(into: Uint8Array): number;
  /** Whether standard input is a terminal, where nothing is piped in. */
  readonly inputIsTTY: boolean;
}

/**
 * Text of unknown origin, a file's name or what stands in it, on one line: what a terminal would obey or not show is written as an
 * escape (control codes, the marks that turn the direction of writing, line separators).
 */
export function inSight(text: string): string {
  const code = (character: string) => character.codePointAt(0)!.toString(16);
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]/gu, (character) => `\\u{${code(character)}}`);
}

export type Paint = (format: 'bold' | 'green' | 'red', text: string) => string;

/** Colours for a terminal, nothing for anything else or where NO_COLOR is set (no-color.org: to any but the empty string). */
export function paintFor({ out, environment }: Io): Paint {
  // Node has styleText from 20.12 on; later versions look at the process's own streams, unless told not to.
  const coloured = out.isTTY === true && !environment.NO_COLOR && typeof styleText === 'function';
  return (format, text) => (coloured ? styleText(format, text, { validateStream: false }) : text);
}

/**
 * Columns as wide as their widest cell; those of numbers are aligned to the right. A group's title stands above the columns from its
 * own on to that of the next group.
 */
export function table(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  groups: readonly string[] = [],
): string {
  const lines = [titles.map((title) => paint('bold', title)), ...rows];
  const width = (cell: string) => stripVTControlCharacters(cell).length;
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))));
  const numeric = titles.map((_, column) => rows.every((row) => /^$|^-?[\d.∞]|^NaN|^-$/.test(row[column] ?? '')));
  const pad = (cell: string, column: number) => {
    const space = ' '.repeat(widths[column]! - width(cell));
    return numeric[column] ? space + cell : cell + space;
  };
  let above = '';
  let start = 0;
  for (const [column, group] of groups.entries()) {
    if (group) above = above.padEnd(start) + group;
    start += widths[column]! + 2;
  }
  const text = lines.map((line) => `${line.map(pad).join('  ').trimEnd()}\n`).join('');
  return above === '' ? text : `${paint('bold', above)}\n${text}`;
}

/** A share of `width` columns, in eighths of one. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(8 * width * share);
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7];
}

/** `key  value` lines; a nested object's keys are joined by a dot. */
export function pairs(object: object, paint: Paint, indent = ''): string {
  const flat = flatten(object);
  const width = Math.max(0, ...flat.map(([key]) => key.length));
  return flat.map(([key, text]) => `${indent}${paint('bold', key.padEnd(width))}  ${inSight(text)}\n`).join('');
}

function flatten(object: object, prefix = ''): [key: string, text: string][] {
  return Object.entries(object).flatMap(([name, value]: [string, unknown]): [string, string][] => {
    const key = prefix + name;
    if (value === undefined) return [];
    if (value === null) return [[key, 'none']];
    if (Array.isArray(value)) return [[key, value.join(', ') || 'none']];
    if (typeof value === 'object') return flatten(value, `${key}.`);
    return [[key, String(value)]];
  });
}

/** What JSON has no number for is written as a string: "NaN", "Infinity", "-Infinity" and "-0". */
export function json(value: unknown): string {
  const replace = (_key: string, item: unknown) =>
    typeof item === 'number' && (!Number.isFinite(item) || Object.is(item, -0)) ? short(item) : item;
  return `${JSON.stringify(value, replace, 2)}\n`;
}

/** About six digits. */
export function short(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return String(Number(value.toPrecision(6)));
}

/** As few digits as tell a number from its neighbours in its dtype. */
export function shortest(value: number, dtype: DType): string {
  if (Object.is(value, -0)) return '-0';
  if (dtype === 'float64' || !Number.isFinite(value)) return String(value);
  const rounded = (digits: number) => Number(value.toPrecision(digits));
  // Most need 7 and more.
  let digits = Math.fround(rounded(6)) === value ? 1 : 7;
  while (digits < 9 && Math.fround(rounded(digits)) !== value) digits++;
  return String(rounded(digits));
}

/** One line on a terminal's standard error that each call overwrites, and the last one (without text) removes. */
export function progress({ error }: Io, text = ''): void {
  if (error.isTTY) error.write(`\r\x1b[K${text}`);
}
