// Whether a result lies over an input under a buffer that does not tell (backend.ts): asked of the memory itself, as JavaScript has no
// addresses.
import { bufferOf, byteOffset, elementBytes, type FloatArray, lengthOf } from '../../basics/floats.js';

/** Every so many words of the result are turned over. Of 64 Ki and 4 Mi elements it takes some 2 % of sigmoid's time. */
const apart = 1024;

const wordsOf = (x: FloatArray) => new Int32Array(bufferOf(x), byteOffset(x), (lengthOf(x) * elementBytes(x)) / 4);

/**
 * Whether y, which has as many bytes as x, lies over some of them. Then it lies over the first or the last of them: either over so many
 * that a word which is turned over is among as many as lie between two, or over fewer, and then its own first or last word is. y is as
 * it was afterwards.
 */
export function liesOver(y: FloatArray, x: FloatArray): boolean {
  const [from, to] = [wordsOf(x), wordsOf(y)];
  const rest = Math.max(0, from.length - apart);
  const [head, tail] = [from.slice(0, apart), from.slice(rest)];
  turnOver(to);
  const isOver = head.some((word, i) => word !== from[i]) || tail.some((word, i) => word !== from[rest + i]);
  turnOver(to);
  return isOver;
}

function turnOver(words: Int32Array): void {
  const last = words.length - 1;
  for (let i = 0; i < last; i += apart) words[i] = ~words[i]!;
  words[last] = ~words[last]!;
}
