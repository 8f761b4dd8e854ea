// A model of one node in onnxruntime: what it gives goes in, and what comes out goes back (`npm run interop`).
import { createRequire } from 'node:module';
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import { expect, it } from 'vitest';
import { gelu, relu, softmax, Tensor } from '../../lib/index.js';

const ort: {
  Tensor: TensorConstructor;
  InferenceSession: { create(model: Uint8Array): Promise<InferenceSession> };
} = createRequire(import.meta.url)('onnxruntime-node');

/** One of theirs, as far as its types say what it is. */
type Theirs = OrtTensor & { readonly data: Float32Array; readonly type: 'float32' };

/** A field of a protobuf message: a number, or bytes. */
const field = (number: number, value: number | string | Buffer): Buffer => {
  if (typeof value === 'number') return Buffer.of(number << 3, value);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
};
const message = (...fields: Buffer[]) => Buffer.concat(fields);

/** What onnx.proto calls its types. */
const elementTypes = { float32: 1, float16: 10, float64: 11 };

/** A model that gives its input of two rows of three: y = Identity(x). */
function model(type: keyof typeof elementTypes): Uint8Array {
  const dims = message(...[2, 3].map((size) => field(1, field(1, size))));
  const tensor = field(1, message(field(1, elementTypes[type]), field(2, dims)));
  const value = (name: string) => message(field(1, name), field(2, tensor));
  const node = message(field(1, 'x'), field(2, 'y'), field(4, 'Identity'));
  const graph = message(field(1, node), field(2, 'g'), field(11, value('x')), field(12, value('y')));
  return message(field(1, 8), field(7, graph), field(8, message(field(1, ''), field(2, 13))));
}

const rows = [
  [-1, 2, -3],
  [4, -5, 6],
];

it.each(['float32', 'float64', 'float16'] as const)('of %s gives and takes tensors', async (type) => {
  const session = await ort.InferenceSession.create(model(type));
  const x = new Tensor(rows).to(type);
  // All that a result needs to go back: its dtype, its data where that is contiguous, and its shape.
  const asTheirs = ({ dtype, data, shape }: typeof x) =>
    new ort.Tensor(dtype as 'float32', data as Float32Array, shape);
  const { y } = (await session.run({ x: asTheirs(x) })) as { y: Theirs };
  const ours = new Tensor(y);
  expect([ours.dtype, ours.shape, ours.toArray()]).toEqual([type, [2, 3], rows]);
  expect(ours.data).toBe(y.data);

  const again = gelu(ours) as unknown as typeof x;
  const { y: back } = (await session.run({ x: asTheirs(again) })) as { y: Theirs };
  expect(new Tensor(back).equals(again)).toBe(true);
  expect(softmax(y).dtype).toBe(type);
  // Columns are copied to rows first.
  const turned = new Tensor(
    new ort.Tensor(y.type as 'float32', y.data as Float32Array, [3, 2]) as never,
  ).T.contiguous();
  const { y: columns } = (await session.run({ x: asTheirs(turned as unknown as typeof x) })) as { y: Theirs };
  expect(new Tensor(columns).equals(turned)).toBe(true);
  expect(relu(y, { out: y })).toBe(y);
  expect(new Tensor(y).toArray()).toEqual(rows.map((row) => row.map((value) => Math.max(value, 0))));
});
