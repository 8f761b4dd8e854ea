// Raw deflate (RFC 1951), for the module of WebAssembly in the build for browsers, where nothing decompresses at once. It is given what
// this library's build has compressed, and checks nothing.

/** A Huffman code: how many codes have each length, and the symbols in their order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function codeOf(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(16);
  for (let i = 0; i < lengths.length; i++) counts[lengths[i]!]!++;
  const places = new Uint16Array(16);
  for (let length = 1; length < 15; length++) places[length + 1] = places[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) if (lengths[i]! > 0) symbols[places[lengths[i]!]!++] = i;
  // Those of length 0 are no codes.
  counts[0] = 0;
  return { counts, symbols };
}

// Of the symbols from 257 on, the least length that each stands for, and the bits to be added; likewise of the distances.
const lengthBits = Array.from({ length: 29 }, (_, i) => (i < 8 || i === 28 ? 0 : (i >> 2) - 1));
const distanceBits = Array.from({ length: 30 }, (_, i) => (i < 4 ? 0 : (i >> 1) - 1));
const leastOf = (bits: readonly number[], first: number) => {
  const least = [first];
  for (const more of bits) least.push(least.at(-1)! + 2 ** more);
  return least;
};
const leastLength = leastOf(lengthBits, 3);
// One length has a symbol of its own.
leastLength[28] = 258;
const leastDistance = leastOf(distanceBits, 1);

const fixedCodes = [
  codeOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  codeOf(new Uint8Array(30).fill(5)),
] as const;
/** In which order the lengths of the code for lengths stand. */
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Decompresses to `size` bytes. */
export function inflate(data: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let written = 0;
  let read = 0;
  let held = 0;
  let bits = 0;

  const take = (count: number) => {
    for (; bits < count; bits += 8) held |= data[read++]! << bits;
    const value = held & ((1 << count) - 1);
    held >>>= count;
    bits -= count;
    return value;
  };
  const symbolOf = ({ counts, symbols }: Code) => {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; ; length++) {
      if (bits === 0) {
        held = data[read++]!;
        bits = 8;
      }
      code |= held & 1;
      held >>>= 1;
      bits--;
      const count = counts[length]!;
      if (code - count < first) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
  };
  const codes = (): readonly [Code, Code] => {
    const [literals, distances, ofLengths] = [take(5) + 257, take(5) + 1, take(4) + 4];
    const small = new Uint8Array(19);
    for (let i = 0; i < ofLengths; i++) small[order[i]!] = take(3);
    const code = codeOf(small);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length; ) {
      const symbol = symbolOf(code);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      const value = symbol === 16 ? lengths[i - 1]! : 0;
      const times = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
      lengths.fill(value, i, i + times);
      i += times;
    }
    return [codeOf(lengths.subarray(0, literals)), codeOf(lengths.subarray(literals))];
  };

  for (let isLast = 0; isLast === 0; ) {
    isLast = take(1);
    const kind = take(2);
    if (kind === 0) {
      // As it is, from a whole byte on.
      held = 0;
      bits = 0;
      const count = data[read]! | (data[read + 1]! << 8);
      bytes.set(data.subarray(read + 4, read + 4 + count), written);
      read += 4 + count;
      written += count;
      continue;
    }
    const [literal, distance] = kind === 1 ? fixedCodes : codes();
    for (;;) {
      const symbol = symbolOf(literal);
      if (symbol === 256) break;
      if (symbol < 256) {
        bytes[written++] = symbol;
        continue;
      }
      const end = written + leastLength[symbol - 257]! + take(lengthBits[symbol - 257]!);
      const far = symbolOf(distance);
      const apart = leastDistance[far]! + take(distanceBits[far]!);
      // One after another, as it may copy what it has just written.
      for (; written < end; written++) bytes[written] = bytes[written - apart]!;
    }
  }
  return bytes;
}
