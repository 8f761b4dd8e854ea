// The Python literals that the header of a .npy file may be made of, parsed and never evaluated, and written for messages.

/** What they stand for. A tuple is an array; a list, which a header of NumPy's has only in types of several fields, is not. */
export type Literal = string | number | boolean | null | readonly Literal[] | PythonList | Map<string, Literal>;

export class PythonList {
  constructor(readonly items: readonly Literal[]) {}
}

/** A structured dtype nests four deep; without a limit, a header of parentheses would exhaust the stack. Python's own is 200. */
const deepest = 100;

const constants = new Map<string, Literal>([
  ['True', true],
  ['False', false],
  ['None', null],
]);

/** What lies between tokens, inside of brackets: spaces, new lines, comments. */
const space = /(?:[ \t\f\r\n]|\\\r?\n|#[^\r\n]*)*/y;
// Integers of files made by Python 2 end in L.
const number =
  '[+-]?[ \\t]*(?:0[xX](?:_?[\\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\\d)*)L?(?![\\w.])';
const long = (quote: string) => `[uUrR]?${quote.repeat(3)}(?:[^\\\\]|\\\\[\\s\\S])*?${quote.repeat(3)}`;
const short = (quote: string) => `[uUrR]?${quote}(?!${quote}${quote})(?:[^${quote}\\\\\\r\\n]|\\\\[\\s\\S])*${quote}`;
const token = new RegExp(
  `(${[long("'"), long('"'), short("'"), short('"')].join('|')})|(${number})|([A-Za-z]+)|([{}()[\\],:])`,
  'y',
);

/** Dictionaries, tuples, lists, strings, integers, True, False and None, as `ast.literal_eval` takes them. */
export function parseLiteral(text: string): Literal {
  let at = 0;
  let depth = 0;

  function fail(): never {
    const rest = text.slice(at).trim();
    const found = rest === '' ? 'its end' : JSON.stringify(rest.length > 20 ? `${rest.slice(0, 20)}...` : rest);
    throw new TypeError(`the header of the .npy file is malformed at ${found}`);
  }
  function peek(): RegExpExecArray | null {
    space.lastIndex = at;
    space.exec(text);
    at = space.lastIndex;
    token.lastIndex = at;
    return token.exec(text);
  }
  function skip(punctuation: string): boolean {
    if (peek()?.[4] !== punctuation) return false;
    at++;
    return true;
  }
  function items<Item>(close: string, item: () => Item): { list: Item[]; comma: boolean } {
    const list: Item[] = [];
    let comma = false;
    while (!skip(close)) {
      if (list.length > 0 && !comma) fail();
      list.push(item());
      comma = skip(',');
    }
    return { list, comma };
  }
  function entry(): readonly [string, Literal] {
    const key = value();
    if (typeof key !== 'string' || !skip(':')) fail();
    return [key, value()];
  }
  function value(): Literal {
    if (++depth > deepest) fail();
    const result = valueAt();
    depth--;
    return result;
  }
  function valueAt(): Literal {
    const [whole, quoted, integer, word = '', punctuation] = peek() ?? fail();
    if (quoted !== undefined) return strings();
    const number = integer === undefined ? Number.NaN : integerOf(integer);
    if (Number.isSafeInteger(number)) {
      at += whole.length;
      return number;
    }
    const constant = constants.get(word);
    if (constant === undefined && !/^[{[(]$/.test(punctuation ?? '')) fail();
    at += whole.length;
    if (constant !== undefined) return constant;
    if (punctuation === '{') return new Map(items('}', entry).list);
    if (punctuation === '[') return new PythonList(items(']', value).list);
    const { list, comma } = items(')', value);
    return list.length === 1 && !comma ? list[0]! : list;
  }
  /** Strings side by side are one. */
  function strings(): string {
    let joined = '';
    for (let quoted = peek()?.[1]; quoted !== undefined; quoted = peek()?.[1]) {
      joined += unquoted(quoted);
      at += quoted.length;
    }
    return joined;
  }

  const result = value();
  peek();
  if (at < text.length) fail();
  return result;
}

const integerOf = (text: string): number => {
  const digits = text.replace(/[\s_L+-]/g, '');
  return (text.startsWith('-') ? -1 : 1) * Number(digits) || 0;
};

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The text of a string, without its prefix and its quotes. What no escape is, Python leaves as it is. */
function unquoted(quoted: string): string {
  const raw = /^[rR]/.test(quoted);
  const text = quoted.replace(/^[uUrR]/, '');
  const quotes = /^('''|""")/.test(text) && text.length >= 6 ? 3 : 1;
  const inside = text.slice(quotes, -quotes);
  if (raw) return inside;
  return inside.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, byte, unit, point, octal, other) => {
      const code = Number.parseInt(byte ?? unit ?? point ?? octal, octal === undefined ? 16 : 8);
      if (other === undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
      return escapes[other] ?? whole;
    },
  );
}

/** A literal as Python writes it. */
export function inPython(value: Literal): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `'${key}': ${inPython(item)}`).join(', ')}}`;
  if (value instanceof PythonList) return `[${value.items.map(inPython).join(', ')}]`;
  return `(${value.map(inPython).join(', ')}${value.length === 1 ? ',' : ''})`;
}
