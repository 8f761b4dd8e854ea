// The Python literals that the header of a .npy file may be made of, parsed and never evaluated, and written for messages.

/** What they stand for: a sequence of any kind is an array. */
export type Literal = string | number | boolean | null | Literal[] | Map<string, Literal>;

/** A structured dtype nests four deep; without a limit, a header of parentheses would exhaust the stack. */
const deepest = 16;

const constants = new Map<string, Literal>([
  ['True', true],
  ['False', false],
  ['None', null],
]);

/** The Python literals that a header may be made of: dictionaries, tuples, lists, strings, integers, True, False, None. */
export function parseLiteral(text: string): Literal {
  // Integers of files made by Python 2 end in L.
  const token = /\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|(-?\d+)L?(?![\w.])|([A-Za-z]+)|([{}()[\],:]))/y;
  let at = 0;
  let depth = 0;

  function fail(): never {
    const rest = text.slice(at).trim();
    const found = rest === '' ? 'its end' : JSON.stringify(rest.length > 20 ? `${rest.slice(0, 20)}...` : rest);
    throw new TypeError(`the header of the .npy file is malformed at ${found}`);
  }
  function next(): RegExpExecArray {
    token.lastIndex = at;
    const found = token.exec(text) ?? fail();
    at = token.lastIndex;
    return found;
  }
  function skip(punctuation: string): boolean {
    token.lastIndex = at;
    if (token.exec(text)?.[5] !== punctuation) return false;
    at = token.lastIndex;
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
    const start = at;
    if (++depth > deepest) fail();
    const result = valueAt(start);
    depth--;
    return result;
  }
  function valueAt(start: number): Literal {
    const [, single, double, integer, word = '', punctuation] = next();
    const quoted = single ?? double;
    if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
    if (integer !== undefined && Number.isSafeInteger(Number(integer))) return Number(integer);
    const constant = constants.get(word);
    if (constant !== undefined) return constant;
    if (punctuation === '{') return new Map(items('}', entry).list);
    if (punctuation === '[') return items(']', value).list;
    if (punctuation === '(') {
      const { list, comma } = items(')', value);
      return list.length === 1 && !comma ? list[0]! : list;
    }
    at = start;
    return fail();
  }

  const result = value();
  if (text.slice(at).trim() !== '') fail();
  return result;
}

/** A literal as Python writes it; sequences as tuples. */
export function inPython(value: Literal): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `'${key}': ${inPython(item)}`).join(', ')}}`;
  return `(${value.map(inPython).join(', ')}${value.length === 1 ? ',' : ''})`;
}
