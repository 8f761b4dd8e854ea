// Doubles of the tensors of libraries too large to be installed for a test: all that nonlin could read of them, member for member.
// `npm run interop` runs the same cases with the libraries themselves, and holds the members of each double against them.
import * as ort from 'onnxruntime-common';
import { type Column, vector } from '../support/arrow.js';
import type { Libraries } from './cases.js';

/** The Tensor of transformers.js 4, over one of onnxruntime's; a number for a key is an index. */
class TransformersTensor {
  readonly ort_tensor: ort.Tensor;

  constructor(type: ort.Tensor.Type, data: ort.Tensor.DataTypeMap[ort.Tensor.Type], dims: readonly number[]) {
    this.ort_tensor = new ort.Tensor(type, data as never, dims);
    // biome-ignore lint/correctness/noConstructorReturn: what its constructor does.
    return new Proxy(this, {
      get: (tensor, key) =>
        typeof key === 'string' && Number.isInteger(Number(key)) ? tensor.row(Number(key)) : Reflect.get(tensor, key),
    });
  }
  get dims() {
    return this.ort_tensor.dims;
  }
  get type() {
    return this.ort_tensor.type;
  }
  get data() {
    return this.ort_tensor.data;
  }
  get size() {
    return this.ort_tensor.size;
  }
  get location() {
    return this.ort_tensor.location;
  }
  stride(): number[] {
    return this.dims.map((_, dim) => this.dims.slice(dim + 1).reduce((product, length) => product * length, 1));
  }
  to(type: 'float32'): TransformersTensor {
    return new TransformersTensor(type, Float32Array.from(this.data as never, Number), this.dims);
  }
  private row(index: number): TransformersTensor {
    const [, ...dims] = this.dims;
    const size = dims.reduce((product, length) => product * length, 1);
    const data = (this.data as Float32Array).subarray(index * size, (index + 1) * size);
    return new TransformersTensor(this.type, data, dims);
  }
}

/** The Tensor of tfjs-core 4. Its strides lack the last one. */
class TfjsTensor {
  readonly #values: Float32Array | Int32Array;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly size: number;
  readonly strides: readonly number[];

  constructor(values: readonly number[], shape: readonly number[], dtype: 'float32' | 'int32') {
    this.#values = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    this.shape = shape;
    this.dtype = dtype;
    this.size = values.length;
    this.strides = shape.slice(1);
  }
  async data() {
    return this.#values;
  }
  dataSync() {
    return this.#values;
  }
  bufferSync() {
    return { dtype: this.dtype, shape: this.shape, size: this.size, values: this.#values, strides: this.strides };
  }
}

/** The ndarray of stdlib: everything is a getter, and shape, strides and flags are copies. */
class StdlibArray {
  readonly _flags = { ROW_MAJOR_CONTIGUOUS: false, COLUMN_MAJOR_CONTIGUOUS: false, READONLY: false };
  readonly #dtype: string;
  readonly #data: unknown;
  readonly #shape: readonly number[];
  readonly #strides: readonly number[];
  readonly #offset: number;
  readonly #order: string;

  constructor(
    dtype: string,
    data: unknown,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
    order: string,
  ) {
    this.#dtype = dtype;
    this.#data = data;
    this.#shape = shape;
    this.#strides = strides;
    this.#offset = offset;
    this.#order = order;
  }
  get dtype() {
    return this.#dtype;
  }
  get data() {
    return this.#data;
  }
  get shape() {
    return [...this.#shape];
  }
  get strides() {
    return [...this.#strides];
  }
  get offset() {
    return this.#offset;
  }
  get order() {
    return this.#order;
  }
  get flags() {
    return { ...this._flags };
  }
}

/** A vector of Arrow's, a chunk for each list; a null is a 0 that is counted. */
const arrow: Libraries['arrow'] = (kind, ...chunks) =>
  vector(
    ...chunks.map((entries): Column => {
      const [type, array] = arrowTypes[kind];
      const numbers = entries.flat().map((entry) => entry ?? 0);
      // Arrow makes room in steps of 64 bytes.
      const values = new array(Math.ceil((numbers.length * array.BYTES_PER_ELEMENT) / 64) * 16);
      values.set(numbers);
      const counted = { nullCount: entries.filter((entry) => entry === null).length };
      const leaf = { type, length: numbers.length, values };
      if (kind !== 'rows') return { ...leaf, ...counted };
      return { type: { typeId: 16, listSize: 2 }, length: entries.length, ...counted, children: [leaf] };
    }),
  );

const arrowTypes = {
  float32: [{ typeId: 3 }, Float32Array],
  float64: [{ typeId: 3 }, Float64Array],
  int32: [{ typeId: 2 }, Int32Array],
  rows: [{ typeId: 3 }, Float32Array],
} as const;

export const doubles: Libraries = {
  transformers: (type, data, dims) => new TransformersTensor(type, data, dims),
  tfjs: (values, shape, dtype) => new TfjsTensor(values, shape, dtype),
  stdlib: (dtype, data, shape, strides, offset, order) => new StdlibArray(dtype, data, shape, strides, offset, order),
  arrow,
};
