// Pseudo-random numbers that one seed repeats on every machine.

export interface Random {
  /** 32 random bits, as a number in [0, 2^32). */
  bits(): number;
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Of the standard normal distribution. */
  normal(): number;
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  // A Weyl sequence (the golden ratio's bits) through a 32-bit mixer: two rounds of shift and multiply.
  function bits(): number {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
  const unit = () => (bits() + 0.5) / 2 ** 32;
  return {
    bits,
    uniform: (low, high) => low + (high - low) * unit(),
    // Box and Muller: a random radius and a random angle.
    normal: () => Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit()),
  };
}
