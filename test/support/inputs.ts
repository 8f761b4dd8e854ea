// Inputs for the tests: values where something happens, and reproducible random ones.

/** NaN, zeros, infinities, the ends of the subnormal and of the normal range, and the thresholds of the formulas. */
export function specials(dtype: 'float32' | 'float64'): number[] {
  const [least, normal, largest] =
    dtype === 'float32' ? [2 ** -149, 2 ** -126, 3.4028234663852886e38] : [5e-324, 2 ** -1022, Number.MAX_VALUE];
  const positive = [0, least, 3 * least, normal - least, normal, 1e-20, 1e-10, 2 ** -24, 1e-4, largest, Infinity];
  // Where exponentials are reduced, results become subnormal or zero, and slopes vanish.
  for (let i = 1; i <= 64; i++) positive.push(i / 8, i / 2, (i * Math.LN2) / 2, i * 12);
  positive.push(
    0.7518,
    0.7525,
    0.7512,
    8.32,
    8.66,
    9.01,
    13.1,
    14.2,
    14.5,
    37.5,
    38.6,
    87.3,
    88.7,
    103.9,
    104,
    708.4,
    745.2,
  );
  // Limits of the kernels' pieces and loops, and the floats beside them.
  for (const limit of [2 ** -126, 2 ** -125, 1.206689, 3.5161377, 4.1538627, 4.25, 5.4, 6, 8.8, 9.1, 14.75, 109])
    for (let steps = -2; steps <= 2; steps++) {
      const float = Float32Array.of(limit);
      new Int32Array(float.buffer)[0]! += steps;
      positive.push(float[0]!);
    }
  return [NaN, ...positive, ...positive.map((x) => -x)];
}

/** `count` numbers in [-scale, scale]; without a scale a mixture of [-20, 20] and of random bit patterns. */
export function random(dtype: 'float32' | 'float64', count: number, scale?: number): number[] {
  let state = 0x9e3779b9 ^ count;
  // xorshift32
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const uniform = () => (next() / 2 ** 32 + next() / 2 ** 64) * 2 - 1;
  const words = new Uint32Array(2);
  const bits = dtype === 'float32' ? new Float32Array(words.buffer, 0, 1) : new Float64Array(words.buffer);
  return Array.from({ length: count }, (_, i) => {
    if (scale !== undefined) return uniform() * scale;
    if (i % 2 === 0) return uniform() * 20;
    words[0] = next();
    words[1] = next();
    return bits[0]!;
  });
}

/** `length` elements, of an array again and again. */
export function repeated(x: Float32Array, length: number): Float32Array {
  const y = new Float32Array(length);
  y.set(x);
  for (let done = x.length; done < length; done *= 2) y.copyWithin(done, 0, done);
  return y;
}
