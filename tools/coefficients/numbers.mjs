// The numbers in a definition of C++ or TypeScript, which is found by its name; and those of many digits, wherever they are.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, scripts, searched, unsearched } from './list.mjs';

const literal = /(?<![\w.])(?:0x[\da-f]+\.?[\da-f]*p[+-]?\d+|\d+\.?\d*(?:e[+-]?\d+)?)f?(?![\w.])/g;

/** Whether it has digits that nobody knows by heart. */
const isLong = (text) =>
  text.startsWith('0x')
    ? /^0x1\.[\da-f]{3,}p/.test(text)
    : text.replace(/e.*/, '').replace('.', '').replace(/^0+/, '').length >= 8;

function parsed(text) {
  const [, mantissa, fraction = '', exponent] = /^0x([\da-f]+)\.?([\da-f]*)p([+-]?\d+)f?$/.exec(text) ?? [];
  if (mantissa === undefined) return Number(text.replace(/f$/, ''));
  return Number.parseInt(mantissa + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
}

const withoutComments = (text) => text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));

/** Behind the bracket that closes the one at `from`. */
function closed(code, from) {
  let depth = 0;
  for (let i = from; i < code.length; i++) {
    if ('([{'.includes(code[i])) depth++;
    if (')]}'.includes(code[i]) && --depth === 0) return i + 1;
  }
  return code.length;
}

/** Behind the value that begins at `from`. */
function ended(code, from) {
  let i = from;
  while (i < code.length && !',;'.includes(code[i])) i = '([{'.includes(code[i]) ? closed(code, i) : i + 1;
  return i;
}

/** The first definition of a name: from where to where it goes, which of its numbers count, and whether it is a table of them. */
function definitionOf(code, name) {
  const pattern = name.replace(/[<>:]/g, '\\$&');
  const start = new RegExp(`(?<![\\w.:])${pattern}(?:\\[\\d*\\])*\\s*(=\\s*|(?=[({]))`, 'g');
  const all = () => true;
  for (const match of code.matchAll(start)) {
    const from = match.index + match[0].length;
    if (match[1] !== '') {
      // A table; a function; a number, which may have others of few digits beside it.
      const end = ended(code, from);
      const counts = /^[[{]/.test(code.slice(from)) ? all : /=>/.test(code.slice(from, end)) ? isLong : isFraction;
      return { from, end, counts, isTable: counts === all };
    }
    const end = closed(code, from);
    if (code[from] === '{') return { from, end, counts: isLong };
    if (code[from + 1] === '{') return { from, end, counts: all, isTable: true };
    const body = end + code.slice(end).search(/\S/);
    if (code[body] === '{') return { from: body, end: closed(code, body), counts: isLong };
  }
  return undefined;
}
const isFraction = (text) => /[.p]/.test(text);

/** Each number with its text, where that stands, and in which line. */
function numbersBetween(code, from, end) {
  return [...code.slice(from, end).matchAll(literal)].map(({ 0: text, index }) => {
    const at = from + index;
    const value = /-\s*$/.test(code.slice(from, at)) ? -parsed(text) : parsed(text);
    return { text, value, at, line: code.slice(0, at).split('\n').length };
  });
}

/** The numbers of a definition that are a script's, in their order; undefined where there is none of that name. Signs are theirs in a table, and part of the formula elsewhere. */
export function numbersOf(text, name) {
  const code = withoutComments(text);
  const definition = definitionOf(code, name);
  if (definition === undefined) return undefined;
  return numbersBetween(code, definition.from, definition.end)
    .filter((number) => definition.counts(number.text))
    .map((number) => ({ ...number, hasSign: definition.isTable === true }));
}

/** The text with other values for the numbers of a definition; those that have theirs stay as they are written, others are hexadecimal where one of them is. */
export function rewritten(text, numbers, values) {
  const hexadecimal = numbers.find(({ text }) => text.startsWith('0x'))?.text;
  let written = '';
  let done = 0;
  numbers.forEach(({ at, text: old, value, hasSign }, i) => {
    if (Object.is(value, values[i])) return;
    const sign = hasSign && (values[i] < 0 || Object.is(values[i], -0)) ? '-' : '';
    const before = text.slice(done, at);
    written += (hasSign ? before.replace(/-\s*$/, '') : before) + sign + literalOf(values[i], hexadecimal ?? old);
    done = at + old.length;
  });
  return written + text.slice(done);
}

/** The numbers of many digits that stand in none of the definitions. */
export function othersIn(text, names) {
  const code = withoutComments(text);
  const definitions = names.map((name) => definitionOf(code, name)).filter((definition) => definition !== undefined);
  return numbersBetween(code, 0, code.length).filter(
    (number) => isLong(number.text) && !definitions.some(({ from, end }) => number.at >= from && number.at < end),
  );
}

/** Those of the whole tree: numbers that no script makes. */
export function withoutScript() {
  const files = searched
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(ts|h|cpp|def)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !unsearched.some((folder) => file.startsWith(`${folder}/`)));
  return files.flatMap((file) => {
    const names = Object.values(scripts).flatMap((made) => made[file] ?? []);
    return othersIn(readFileSync(join(root, file), 'utf8'), names).map(({ text, line }) => ({ file, line, text }));
  });
}

/** A number as a literal like the one in whose place it comes, without its sign. */
export function literalOf(value, like) {
  const suffix = like.endsWith('f') ? 'f' : '';
  if (value === 0) return `0.0${suffix}`; // -0 of integers would be 0.
  if (!like.startsWith('0x')) return `${Math.abs(value)}${suffix && Number.isInteger(value) ? '.0' : ''}${suffix}`;
  // 0x1.xxxp+e: the mantissa as an integer of 53 bits, from the bits of the double.
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  const exponent = (bits.getUint16(0) >> 4) - 1023;
  const fraction = (bits.getBigUint64(0) & ((1n << 52n) - 1n)).toString(16).padStart(13, '0').replace(/0+$/, '');
  return `0x1${fraction && `.${fraction}`}p${exponent < 0 ? '' : '+'}${exponent}${suffix}`;
}
