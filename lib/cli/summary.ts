// What a result is like, told of the whole or of one block after the other: the same either way.
import { shapeText } from '../basics/allocate.js';
import type { DType } from '../basics/floats.js';
import { contiguousData } from '../tensor/copies.js';
import { asFloats } from '../tensor/halves.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Io, json, paintFor, pairs, short, shortest } from './output.js';

/** Tells it as JSON or in lines. */
export function tell(told: object, isJson: boolean, io: Io): void {
  if (isJson) io.out.write(json(told));
  else if ('value' in told) io.out.write(`${shortest(told.value as number, (told as Single).dtype)}\n`);
  else io.out.write(pairs(readable(told as Facts), paintFor(io)));
}

/** Of one number there is nothing to tell but itself. */
interface Single {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly value: number;
}

/** What there is to tell of a whole result. */
export function factsOf(y: Tensor<DType>): Single | Facts {
  const { shape, dtype } = y;
  if (y.ndim === 0) return { shape, dtype, value: y.item() };
  const summary = new Summary();
  summary.add(y);
  return summary.of(shape, dtype);
}

interface Facts {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Of all values but NaN; null where there is none. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Shares of all values. */
  readonly zeros: number;
  readonly nans: number;
}

export class Summary {
  #min = Infinity;
  #max = -Infinity;
  #sum = 0;
  #zeros = 0;
  #nans = 0;
  #count = 0;

  /** Takes the next values. */
  add(y: Tensor<DType>): void {
    const data = contiguousData(asFloats(y));
    let [min, max, sum, zeros, nans] = [this.#min, this.#max, this.#sum, 0, 0];
    for (const value of data) {
      if (Number.isNaN(value)) {
        nans++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      if (value === 0) zeros++;
      sum += value;
    }
    [this.#min, this.#max, this.#sum] = [min, max, sum];
    this.#zeros += zeros;
    this.#nans += nans;
    this.#count += data.length;
  }

  of(shape: readonly number[], dtype: DType): Facts {
    const counted = this.#count - this.#nans;
    const size = Math.max(this.#count, 1);
    const range =
      counted === 0
        ? { min: null, max: null, mean: null }
        : { min: this.#min + 0, max: this.#max + 0, mean: this.#sum / counted };
    return { shape, dtype, ...range, zeros: this.#zeros / size, nans: this.#nans / size };
  }
}

function readable({ shape, dtype, min, max, mean, zeros, nans }: Facts): object {
  const number = (value: number | null) => (value === null ? 'none' : short(value));
  const share = (value: number) => `${short(value * 100)} %`;
  return {
    shape: shapeText(shape),
    dtype,
    min: number(min),
    max: number(max),
    mean: number(mean),
    zeros: share(zeros),
    ...(nans > 0 && { nans: share(nans) }),
  };
}
