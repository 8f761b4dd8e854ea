// The memory of the WebAssembly module: where arrays are copied to for a call, and out of which results are copied. Nothing else makes
// it grow, so the views are made anew where it has.
import { copyAt, copyOver, elementBytes, type FloatArray, isFloat32, lengthOfPresent } from '../../basics/floats.js';
import type { Memory } from '../../environment/webassembly.js';

/** Up to where it grows for a call; what takes more is left to TypeScript. */
export const mostBytes = 2 ** 28;
/** Arrays begin at the beginning of a cache line. */
const line = 64;
const page = 2 ** 16;

export const aligned = (bytes: number) => Math.ceil(bytes / line) * line;

export class Room {
  readonly #memory: Memory;
  /** Where it begins: before it lies what the module has of its own. */
  readonly start: number;
  #float32!: Float32Array;
  #float64!: Float64Array;
  #bytes!: Uint8Array;
  /** The view that results were copied out of last, as calls of one size often follow each other. */
  #last!: FloatArray;

  constructor(memory: Memory, heap: number) {
    this.#memory = memory;
    this.start = aligned(heap);
    this.#read();
  }

  #read(): void {
    const { buffer } = this.#memory;
    this.#float32 = new Float32Array(buffer);
    this.#float64 = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#last = this.#float32;
  }

  /** The bytes that there are, its beginning included. */
  get bytes(): number {
    return this.#bytes.length;
  }

  /** Whether there is room for so many bytes, once the memory has grown where it has to. */
  has(bytes: number): boolean {
    if (bytes > mostBytes) return false;
    const missing = this.start + bytes - this.bytes;
    if (missing <= 0) return true;
    try {
      this.#memory.grow(Math.ceil(missing / page));
    } catch {
      return false;
    }
    this.#read();
    return true;
  }

  /** Copies an array to a place. */
  put(x: FloatArray, at: number): void {
    if (isFloat32(x)) copyAt(this.#float32, x, at / 4);
    else copyAt(this.#float64, x, at / 8);
  }

  putBytes(x: Uint8Array, at: number): void {
    this.#bytes.set(x, at);
  }

  /** Copies as many elements as an array has to it from a place. */
  take(y: FloatArray, at: number): void {
    const count = lengthOfPresent(y);
    const last = this.#last;
    if (last.byteOffset !== at || last.length !== count || elementBytes(last) !== elementBytes(y)) {
      const { buffer } = this.#bytes;
      this.#last = isFloat32(y) ? new Float32Array(buffer, at, count) : new Float64Array(buffer, at, count);
    }
    copyOver(y, this.#last);
  }
}
