// Small calls of native code, with all that is asked of arrays.
import type { Chosen } from '../../activations/signatures.js';
import { isLike, isThere } from '../../basics/checks.js';
import { byteOffset, copyAt, copyOver, type FloatArray, lengthOfPresent, typeName } from '../../basics/floats.js';
import type { Call } from './addon.js';
import { callSmall, firstOf, float32, float64, integers, type Kind, parameters } from './record.js';

/**
 * A small call of one input in one piece with all that is asked of arrays; what it fills, or undefined, and nothing is done, where x and
 * `out` are not certainly such as it takes. Kept short: V8 inlines 920 bytes of bytecode, and this with its callers is 850.
 */
export function callFew(
  call: Call,
  set: number,
  kind: Kind,
  chosen: Chosen,
  exact: boolean,
  x: FloatArray,
  out: FloatArray | undefined,
): FloatArray | undefined {
  const type = typeName(x);
  const elements = type === 'Float32Array' ? float32 : type === 'Float64Array' ? float64 : undefined;
  if (elements === undefined) return undefined;
  const count = lengthOfPresent(x);
  if (count > elements.most || !isThere(x, count)) return undefined;
  let y = out;
  if (y === undefined) y = emptyOf(type, count);
  else if (
    typeName(y) !== type ||
    lengthOfPresent(y) !== count ||
    !isThere(y, count) ||
    byteOffset(x) !== byteOffset(y)
  )
    return undefined;
  writeFew(set, kind, chosen, exact ? elements.exact : elements.fast, count);
  copyOver(elements.all, x);
  callSmall(call);
  copyOver(y, elements.first[count] ?? firstOf(elements, count));
  return y;
}

/** The same of two inputs. */
export function callFewOfTwo(
  call: Call,
  set: number,
  kind: Kind,
  chosen: Chosen,
  exact: boolean,
  x: FloatArray,
  second: FloatArray,
  out: FloatArray | undefined,
): FloatArray | undefined {
  const type = typeName(x);
  const elements = type === 'Float32Array' ? float32 : type === 'Float64Array' ? float64 : undefined;
  if (elements === undefined) return undefined;
  const count = lengthOfPresent(x);
  if (count > elements.most || !isThere(x, count) || !isLike(second, type, count)) return undefined;
  let y = out;
  if (y === undefined) y = emptyOf(type, count);
  else if (!isLike(y, type, count) || byteOffset(x) !== byteOffset(y) || byteOffset(second) !== byteOffset(y))
    return undefined;
  writeFew(set, kind, chosen, exact ? elements.exact : elements.fast, count);
  copyOver(elements.all, x);
  copyAt(elements.all, second, count);
  callSmall(call);
  copyOver(y, elements.first[count] ?? firstOf(elements, count));
  return y;
}

function writeFew(set: number, kind: Kind, { op, a, b }: Chosen, how: number, count: number): void {
  integers[0] = set;
  integers[1] = kind;
  integers[2] = op;
  integers[3] = how;
  integers[4] = count;
  parameters[0] = a;
  parameters[1] = b;
}

const emptyOf = (type: string | undefined, count: number): FloatArray =>
  type === 'Float32Array' ? new Float32Array(count) : new Float64Array(count);
