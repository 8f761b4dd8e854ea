// What a backend does: one method per shape of work. Arguments have been checked; a backend may assume them.
import type { Activation } from './activations.js';

/** The typed arrays that the activations take and give. */
export type FloatArray = Float32Array | Float64Array;

/** The instruction sets of the native addon, best first, then plain TypeScript. */
export const backendNames = ['avx512', 'avx2', 'neon', 'js'] as const;
export type BackendName = (typeof backendNames)[number];

/**
 * The arrays of one call have one type and one length; the last is the output, which is one of the inputs or overlaps none.
 * `exact` asks for results rounded once from float64; for float64 arrays it changes nothing.
 */
export type Map = (x: FloatArray, y: FloatArray, exact?: boolean) => void;
export type MapGrad = (grad: FloatArray, x: FloatArray, y: FloatArray, exact?: boolean) => void;

export interface Backend {
  readonly name: BackendName;
  /** y = f(x), element by element. */
  readonly map: Readonly<Record<Activation, Map>>;
  /** y = grad * f'(x), element by element. */
  readonly mapGrad: Readonly<Record<Activation, MapGrad>>;
  /** Softmax over the middle dimension of x as [outer, length, inner]; outer follows from the length of x. */
  softmax(x: FloatArray, y: FloatArray, length: number, inner: number, exact?: boolean): void;
  /** The gradient of softmax(x) over the same dimension: y = s * (grad - sum(grad * s)), s = softmax(x). */
  softmaxGrad(
    grad: FloatArray,
    x: FloatArray,
    y: FloatArray,
    length: number,
    inner: number,
    exact?: boolean,
  ): void;
}
