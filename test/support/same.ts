import { expect } from 'vitest';

type Floats = Float32Array | Float64Array;
/** Its memory. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Floats) => new Uint8Array(buffer, byteOffset, byteLength);

/** `expect(a).toEqual(b)` of long arrays, at once where they have the same bits: Vitest compares one element after the other. */
export function expectSame(a: Floats, b: Floats): void {
  if (a.constructor !== b.constructor || Buffer.compare(bytesOf(a), bytesOf(b)) !== 0) expect(a).toEqual(b);
}
