// What the types promise. `tsc`, which `npm run lint` runs, is what checks them; vitest shows that the calls do what they say.
import ndarray, { type NdArray } from 'ndarray';
import * as ort from 'onnxruntime-common';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type load, type open, readNpy, readNpz, writeNpy, writeNpz, writeSafetensors } from '../../lib/files.js';
import {
  CrossEntropyLoss,
  crossEntropy,
  crossEntropyGrad,
  type DType,
  ELU,
  elu,
  type FloatArray,
  type FloatDType,
  GELU,
  type GELUOptions,
  gelu,
  geluGrad,
  glu,
  gluGrad,
  type HalfArray,
  type HalfDType,
  hardTanh,
  type Input,
  type IntegerList,
  type Integers,
  LogSumExp,
  logSumExp,
  logSumExpGrad,
  type Mask,
  type Nested,
  type NewArray,
  type Options,
  type Output,
  PReLU,
  prelu,
  type Reduction,
  ReLU,
  relu,
  reluGrad,
  Softcap,
  Softmax,
  type SoftmaxOptions,
  SwiGLU,
  softcap,
  softmax,
  softmaxGrad,
  swiglu,
  swigluGrad,
  Tensor,
  type TensorConstructor,
  type TensorJSON,
  type TensorLike,
  type TensorOptions,
  type TensorSource,
  type Tolerance,
  threshold,
} from '../../lib/index.js';
import { transformIterable } from '../../lib/streams/node.js';

const f32 = Float32Array.of(1, 2);
const f64 = Float64Array.of(1, 2);
const tensor = new Tensor([1, 2]);
const theirs = () => new ort.Tensor('float32', Float32Array.of(1, 2), [2]);

describe('a result', () => {
  it('is a new array of the same kind, which is not shared', () => {
    expectTypeOf(relu(f32)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    expectTypeOf(softmax(f64, { dim: 0 })).toEqualTypeOf<Float64Array<ArrayBuffer>>();
    const shared = new Float32Array(new SharedArrayBuffer(8));
    expectTypeOf(relu(shared)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    expectTypeOf(geluGrad(shared, shared)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    expect(relu(shared).buffer).toBeInstanceOf(ArrayBuffer);
    expectTypeOf(relu(f32 as FloatArray)).toEqualTypeOf<NewArray[FloatDType]>();
  });

  it('is a Tensor of the dtype of x, as far as that is known', () => {
    expectTypeOf(relu(tensor)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(softmax(new Tensor(f64))).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(relu(theirs())).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(relu(theirs() as ort.Tensor)).toEqualTypeOf<Tensor<DType>>();
    expectTypeOf(relu(tensor as TensorLike)).toEqualTypeOf<Tensor<DType>>();
    expectTypeOf(relu(tensor as Input)).toEqualTypeOf<NewArray[FloatDType] | HalfArray | Tensor<DType>>();
    // biome-ignore lint/suspicious/noExplicitAny: what models without types return.
    expectTypeOf(relu(tensor as any)).toBeAny();
    expect(relu(theirs())).toBeInstanceOf(Tensor);
  });

  it('is `out` where there is one, as what it was given', () => {
    const out = theirs();
    expectTypeOf(softmax(tensor, { out })).toEqualTypeOf<typeof out>();
    expect(softmax(tensor, { out })).toBe(out);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    expectTypeOf(gelu(f32, { out: shared })).toEqualTypeOf<Float32Array<SharedArrayBuffer>>();
    expect(gelu(f32, { out: shared })).toBe(shared);
    const own = { data: f32, shape: [2] };
    expectTypeOf(reluGrad(tensor, tensor, { out: own })).toEqualTypeOf<typeof own>();
    expectTypeOf(softmaxGrad(tensor, tensor, { out: tensor, dim: 0 })).toEqualTypeOf<Tensor<'float32'>>();
  });

  it('may be a typed array for a Tensor of one dimension', () => {
    const out = new Float32Array(2);
    expectTypeOf(gelu(tensor, { out })).toEqualTypeOf<typeof out>();
    for (const y of [gelu(tensor, { out }), softmax(tensor, { out }), new GELU()(tensor, { out })]) expect(y).toBe(out);
    // @ts-expect-error a float64 `out` for float32
    expect(() => gelu(tensor, { out: f64 })).toThrow(TypeError);
    // @ts-expect-error of 16 bits a Tensor
    expect(() => gelu(tensor.to('float16'), { out: new Uint16Array(2) })).toThrow(TypeError);
    const pair = [out, new Tensor([0, 0])] as const;
    const [ofGate, ofUp] = swigluGrad(tensor, tensor, tensor, { out: pair });
    expectTypeOf(ofGate).toEqualTypeOf<typeof out>();
    expectTypeOf(ofUp).toEqualTypeOf<Tensor<'float32'>>();
    expect([ofGate, ofUp]).toEqual(pair);
    expectTypeOf(swigluGrad(f64, f64, f64)).toEqualTypeOf<[Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>]>();
  });

  it('may be either where it is not known whether there is an `out`', () => {
    const options: Options<Tensor> = { precision: 'exact' };
    expectTypeOf(relu(tensor as Tensor, options)).toEqualTypeOf<Tensor | TensorLike | FloatArray>();
    expect(relu(tensor as Tensor, options)).toBeInstanceOf(Tensor);
  });

  it('of a layer is that of the function', () => {
    const out = theirs();
    expectTypeOf(new ReLU()(f32)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    expectTypeOf(new GELU().forward(tensor, { out })).toEqualTypeOf<typeof out>();
    expectTypeOf(new Softmax()(tensor, 0)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(new Softmax()(tensor, { out })).toEqualTypeOf<typeof out>();
    expectTypeOf(new Softmax().backward(f64, f64)).toEqualTypeOf<Float64Array<ArrayBuffer>>();
    expectTypeOf(new ReLU().backward(tensor, tensor, { out })).toEqualTypeOf<typeof out>();
    expect(new Softmax()(tensor, { out })).toBe(out);
  });
});

describe('a loss', () => {
  const targets = [1];
  const shares = new Tensor([[0.5, 0.5]]);
  const logits = new Tensor([[1, 2]]);

  it('is a number, or with none a Tensor', () => {
    expectTypeOf(crossEntropy(logits, targets)).toEqualTypeOf<number>();
    expectTypeOf(crossEntropy(f64, Float64Array.of(1, 0), { reduction: 'sum' })).toEqualTypeOf<number>();
    expectTypeOf(crossEntropy(logits, shares, { labelSmoothing: 0.1 })).toEqualTypeOf<number>();
    expectTypeOf(crossEntropy(logits, shares, { reduction: 'none' })).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(crossEntropy(f64, 1, { reduction: 'none' })).toEqualTypeOf<Tensor<'float64'>>();
    const reduction = 'sum' as Reduction;
    expectTypeOf(crossEntropy(logits, targets, { reduction })).toEqualTypeOf<number | Tensor<'float32'>>();
    expectTypeOf(crossEntropyGrad(logits, shares)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(crossEntropyGrad(f64, 1)).toEqualTypeOf<Float64Array<ArrayBuffer>>();
    expect(crossEntropy(logits, shares, { reduction: 'none' })).toBeInstanceOf(Tensor);
  });

  it('takes classes as integers of any type', () => {
    const two = new Tensor([
      [1, 2],
      [3, 4],
    ]);
    const lists = [
      crossEntropy(two, BigUint64Array.of(0n, 1n)),
      crossEntropy(two, Uint8ClampedArray.of(0, 1)),
      crossEntropy(two, [0n, 1n]),
      crossEntropy(two, [0n, 1]),
      new CrossEntropyLoss()(two, [0n, 1n]),
    ];
    for (const loss of lists) expect(loss).toBe(crossEntropy(two, [0, 1]));
  });

  it('of a layer follows its reduction', () => {
    const [mean, none] = [new CrossEntropyLoss(), new CrossEntropyLoss({ reduction: 'none' })];
    expectTypeOf(mean(logits, targets)).toEqualTypeOf<number>();
    expectTypeOf(none(logits, shares)).toEqualTypeOf<Tensor<'float32'>>();
    mean(logits, targets);
    expectTypeOf(mean.backward()).toEqualTypeOf<NewArray[FloatDType] | HalfArray | Tensor<DType>>();
    expectTypeOf(mean.backward<Tensor<'float32'>>()).toEqualTypeOf<Tensor<'float32'>>();
    // @ts-expect-error one number has no grad
    expect(() => mean.backward(tensor)).toThrow(TypeError);
    none(logits, shares);
    expect(none.backward(new Tensor([2]))).toBeInstanceOf(Tensor);
  });

  it('of 16 bits is a number, or a Tensor of the dtype', () => {
    const half = logits.to('bfloat16');
    const bits = Uint16Array.of(0, 0);
    expectTypeOf(crossEntropy(half, half)).toEqualTypeOf<number>();
    expectTypeOf(crossEntropy(half, targets, { reduction: 'none' })).toEqualTypeOf<Tensor<'bfloat16'>>();
    expectTypeOf(crossEntropyGrad(half, targets, { weight: half.reshape(2) })).toEqualTypeOf<Tensor<'bfloat16'>>();
    const own = { dtype: 'float16', reduction: 'none' } as const;
    expectTypeOf(crossEntropy(bits, 1, own)).toEqualTypeOf<Tensor<HalfDType>>();
    expectTypeOf(crossEntropyGrad(bits, 1, own)).toEqualTypeOf<typeof bits>();
    expectTypeOf(new CrossEntropyLoss().weight).toEqualTypeOf<Tensor<DType> | undefined>();
    // @ts-expect-error bits do not say what they are
    expect(() => crossEntropy(half, targets, { weight: bits })).toThrow(TypeError);
  });

  it('takes probabilities of its own dtype', () => {
    // @ts-expect-error float64 for float32
    expect(() => crossEntropy(f32, f64)).toThrow(TypeError);
    // Lists of lists are classes.
    expect(() => crossEntropy(logits, [[0.5, 0.5]])).toThrow('probabilities are a Tensor or an array of floats');
  });
});

describe('logSumExp', () => {
  it('is a number of a typed array, and its gradient takes one', () => {
    expectTypeOf(logSumExp(f32)).toEqualTypeOf<number>();
    expectTypeOf(logSumExp(tensor, { keepdim: true })).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(logSumExpGrad(1, f64)).toEqualTypeOf<Float64Array<ArrayBuffer>>();
    expectTypeOf(logSumExpGrad(new Tensor(1), tensor)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(new LogSumExp()(f32)).toEqualTypeOf<number>();
    expectTypeOf(new LogSumExp(0)(tensor)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(new LogSumExp().backward(1, f32)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    const half = tensor.to('float16');
    expectTypeOf(logSumExp(half)).toEqualTypeOf<Tensor<'float16'>>();
    expectTypeOf(logSumExpGrad(logSumExp(half), half)).toEqualTypeOf<Tensor<'float16'>>();
    const bits = Uint16Array.of(1);
    expectTypeOf(logSumExp(bits, { dtype: 'bfloat16' })).toEqualTypeOf<number>();
    expectTypeOf(logSumExpGrad(1, bits, { dtype: 'bfloat16' })).toEqualTypeOf<typeof bits>();
    // @ts-expect-error a number for a tensor
    expect(() => logSumExpGrad(1, tensor)).toThrow(
      'a Tensor of shape [], as the result for x is, got 1; pass new Tensor(grad)',
    );
    // @ts-expect-error a tensor for a number
    expect(() => logSumExpGrad(tensor, f32)).toThrow(TypeError);
  });
});

describe('what does not fit', () => {
  it('is an error of the compiler before it is one of the call', () => {
    // @ts-expect-error a float64 `out` for float32
    expect(() => relu(f32, { out: f64 })).toThrow(TypeError);
    // @ts-expect-error a Tensor as `out` for a typed array
    expect(() => relu(f32, { out: tensor })).toThrow(TypeError);
    // @ts-expect-error integers
    expect(() => relu(Int32Array.of(1))).toThrow(TypeError);
    // @ts-expect-error lists, which are for the Tensor
    expect(() => relu([1, 2])).toThrow(TypeError);
    // @ts-expect-error there is no such dtype
    expect(() => new Tensor([1], { dtype: 'float8' })).toThrow(TypeError);
    // @ts-expect-error nor such an option
    expect(() => new Tensor([1], { dims: [1] })).toThrow(TypeError);
  });

  it('is so in the place of options, none of which is needed', () => {
    const calls = [
      // @ts-expect-error an output by itself
      () => relu(f32, f32),
      // @ts-expect-error a number where there is no dim
      () => relu(f32, 5),
      // @ts-expect-error a number where there is no dim
      () => reluGrad(f32, f32, 1),
      // @ts-expect-error an option by itself
      () => gelu(f32, 'tanh'),
      // @ts-expect-error an option by itself
      () => geluGrad(f32, f32, 'tanh'),
      // @ts-expect-error an option by itself
      () => elu(f32, 2),
      // @ts-expect-error no option of elu
      () => elu(f32, { beta: 2 }),
      // @ts-expect-error a dim by itself
      () => glu(f32, 0),
      // @ts-expect-error a dim by itself
      () => gluGrad(f32.subarray(1), f32, 0),
      // @ts-expect-error a dim by itself
      () => swiglu(f32, 0),
      // @ts-expect-error a dim by itself
      () => swiglu(f32, f32, 0),
      // @ts-expect-error a dim by itself
      () => swigluGrad(f32, f32, f32, 0),
      // @ts-expect-error an option by itself
      () => new ReLU()(f32, 5),
      // @ts-expect-error an option of calls
      () => new ReLU({ inplace: true }),
      // @ts-expect-error there is no option
      () => new ReLU(5),
      // @ts-expect-error there is no option
      () => new ReLU({}).forward(f32, f32),
      // @ts-expect-error an option by itself
      () => new GELU('tanh'),
      // @ts-expect-error an option by itself
      () => new ELU(2),
      // @ts-expect-error an option by itself
      () => new PReLU(0.1),
      // @ts-expect-error a dim by itself
      () => new SwiGLU(0),
      // @ts-expect-error a reduction by itself
      () => new CrossEntropyLoss('sum'),
      // @ts-expect-error a reduction by itself
      () => crossEntropy(f32, [0], 'sum'),
      // @ts-expect-error no row
      () => transformIterable('softmax', [f32]),
      // @ts-expect-error no row
      () => transformIterable('swiglu', [f32], { beta: 1 }),
      // @ts-expect-error rows by themselves
      () => transformIterable('softmax', [f32], 2),
      // @ts-expect-error no option by itself
      () => transformIterable('relu', [f32], 2),
    ];
    for (const call of calls) expect(call, String(call)).toThrow(TypeError);
    expect(softmax(f32, 0)).toEqual(softmax(f32));
    expect(new Softmax(0).dim).toBe(0);
  });

  it('is so where an option is needed', () => {
    const calls = [
      // @ts-expect-error no cap
      () => softcap(f32),
      // @ts-expect-error no value
      () => threshold(f32, { threshold: 1 }),
      // @ts-expect-error no cap
      () => new Softcap(),
      // @ts-expect-error a cap by itself
      () => new Softcap(30),
      // @ts-expect-error no weight
      () => prelu(f32),
    ];
    for (const call of calls) expect(call, String(call)).toThrow(TypeError);
    expect(new Softcap({ cap: 30 }).cap).toBe(30);
  });
});

describe('the tensors of other libraries', () => {
  it('go in with their own types', () => {
    const nd = ndarray(Float32Array.of(-1, 2));
    expectTypeOf(new Tensor(nd)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(relu(nd)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(relu(nd, { out: nd })).toEqualTypeOf<typeof nd>();
    expectTypeOf<NdArray>().toExtend<TensorLike>();
    expectTypeOf<ort.Tensor>().toExtend<TensorLike>();
    // transformers.js 4, and stdlib.
    expectTypeOf<{ data: unknown; dims: number[]; location: string; stride(): number[] }>().toExtend<TensorLike>();
    expectTypeOf<{
      data: Float64Array;
      shape: ArrayLike<number>;
      strides: ArrayLike<number>;
      offset: number;
      order: 'row-major' | 'column-major';
      flags: { READONLY?: boolean };
    }>().toExtend<TensorLike>();
    expect([...nd.data]).toEqual([0, 2]);
  });
});

describe('a Tensor', () => {
  it('has the dtype of what it is made of', () => {
    expectTypeOf(new Tensor(1)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(new Tensor([[1, true]])).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(new Tensor([1], { dtype: 'float64' })).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(new Tensor(f64, { shape: [2, 1] })).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(new Tensor({ data: f64, dims: [2] })).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(new Tensor(new Tensor(f64))).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(new Tensor(f32 as FloatArray)).toEqualTypeOf<Tensor>();
    expectTypeOf(new Tensor(f32 as TensorSource)).toEqualTypeOf<Tensor<DType>>();
    expectTypeOf(new Tensor(f64).dtype).toEqualTypeOf<'float64'>();
    expect(new Tensor(f64).dtype).toBe('float64');
  });

  it('has data of that type, and keeps it', () => {
    const x = new Tensor(f64, { shape: [2, 1] });
    expectTypeOf(x.data).toEqualTypeOf<Float64Array>();
    for (const view of [x.T, x.reshape(-1), x.view([2]), x.permute(1, 0), x.transpose(0, 1), x.select(0, 1)])
      expectTypeOf(view).toEqualTypeOf<Tensor<'float64'>>();
    for (const copy of [x.clone(), x.contiguous(), x.maskedFill([[true]], 0)])
      expectTypeOf(copy).toEqualTypeOf<Tensor<'float64'>>();
    for (const row of x) expectTypeOf(row).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf((tensor as Tensor).data).toEqualTypeOf<FloatArray>();
    expectTypeOf<Tensor<'float64'>>().toExtend<Tensor>();
    expectTypeOf<Tensor>().not.toExtend<Tensor<'float64'>>();
  });

  it('adds up to the wider dtype', () => {
    const wide = new Tensor(f64);
    expectTypeOf(tensor.add(1)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(wide.mul([1, 2])).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(tensor.sub(wide)).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(wide.div(tensor)).toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf(tensor.add(tensor as Tensor)).toEqualTypeOf<Tensor>();
    expect(tensor.sub(wide).dtype).toBe('float64');
    expect(wide.mul([1, 2]).dtype).toBe('float64');
  });

  it('gives numbers and lists without a cast', () => {
    expectTypeOf(tensor.item(0)).toBeNumber();
    expectTypeOf(tensor.toArray(1)).toEqualTypeOf<number[]>();
    expectTypeOf(new Tensor([[1]]).toArray(2)).toEqualTypeOf<number[][]>();
    expectTypeOf(tensor.toArray()).toEqualTypeOf<Nested>();
    expectTypeOf(tensor.at(0)).toEqualTypeOf<number | Tensor<'float32'>>();
    expect(new Tensor([[1]]).toArray(2)[0]![0]!.toFixed(1)).toBe('1.0');
  });

  it('is what instanceof says, and can be extended', () => {
    const x: unknown = tensor;
    expect(x instanceof Tensor && x.ndim).toBe(1);
    class Named extends Tensor {
      readonly name = 'x';
    }
    expectTypeOf(new Named([1]).shape).toEqualTypeOf<readonly number[]>();
    expect(new Named([1])).toBeInstanceOf(Tensor);
    expectTypeOf(Tensor).toEqualTypeOf<TensorConstructor>();
  });
});

it('an option may be undefined, which is none, under exactOptionalPropertyTypes too', async () => {
  const none = undefined as undefined;
  const number = undefined as number | undefined;
  const x = new Tensor([[1, 2]]);
  const dtype = undefined as 'float32' | undefined;
  expect(softmax(x, { dim: number, temperature: number, mask: none, empty: none, precision: none, dtype }).size).toBe(
    2,
  );
  expect(gelu(x, { approximate: none, out: none })).toEqual(gelu(x));
  expect([elu(x, { alpha: number }), hardTanh(x, { minVal: number, max: number })]).toEqual([elu(x), hardTanh(x)]);
  expect(swiglu(x, { dim: number, beta: number })).toEqual(swiglu(x));
  expect(swigluGrad(x, x, x, { out: none })).toEqual(swigluGrad(x, x, x));
  expect(prelu(x, { weight: 1, channelDim: number })).toEqual(x);
  expect(logSumExp(x, { dim: none, keepdim: none, precision: none, dtype })).toEqual(logSumExp(x));
  const loss = { dim: none, ignoreIndex: none, labelSmoothing: none, weight: none, precision: none };
  expectTypeOf(crossEntropy(x, [0], loss)).toEqualTypeOf<number>();
  expect(crossEntropy(x, [0], { ...loss, dtype })).toBe(crossEntropy(x, [0]));
  expect(new Tensor([1], { shape: none })).toEqual(new Tensor([1]));
  expect(Tensor.from([1], { scale: number, zeroPoint: number, shape: none })).toEqual(new Tensor([1]));
  // Where the type of the result follows the option, it cannot follow what may be undefined.
  // @ts-expect-error float32 or float64
  expect(Tensor.zeros([1], { dtype: none as 'float64' | undefined }).dtype).toBe('float32');
  // @ts-expect-error a number or a Tensor
  expect(crossEntropy(x, [0], { reduction: none as 'none' | undefined })).toBe(crossEntropy(x, [0]));
  expect(x.sum(0, { keepdim: none })).toEqual(x.sum(0));
  expect(x.topk(1, { dim: none, largest: none })).toEqual(x.topk(1));
  expect(x.allClose(x, { rtol: none, atol: none, equalNan: none })).toBe(true);
  const layer = new ELU({ alpha: number });
  expectTypeOf(layer.alpha).toEqualTypeOf<number>();
  expectTypeOf(new GELU().approximate).toEqualTypeOf<'none' | 'tanh' | 'sigmoid'>();
  expect(layer.alpha).toBe(1);
  expect(String(new PReLU({ numParameters: none, init: none, weight: none, channelDim: none }))).toBe(
    String(new PReLU()),
  );
  expect(new SwiGLU({ dim: none, beta: none })(x)).toEqual(swiglu(x));
  expect(writeNpz({ x }, { compress: none })).toEqual(writeNpz({ x }));
  expect(writeSafetensors({ x }, { metadata: none })).toEqual(writeSafetensors({ x }));
  expect(readNpy(writeNpy(x), { dtype: none })).toEqual(x);
  for await (const y of transformIterable('relu', [f32], { dtype: none, row: none, precision: none }))
    expect(y).toEqual(relu(f32));
});

it('every type in a signature has a name to import', () => {
  expectTypeOf<Parameters<Tensor['allClose']>[0]>().toEqualTypeOf<TensorSource>();
  expectTypeOf<Parameters<Tensor['allClose']>[1]>().toEqualTypeOf<Tolerance | undefined>();
  expectTypeOf<Integers>().toEqualTypeOf<readonly number[] | readonly [IntegerList]>();
  expectTypeOf<Parameters<Tensor['maskedFill']>>().toEqualTypeOf<[Mask, number]>();
  expectTypeOf<ReturnType<Tensor<'float64'>['toJSON']>>().toEqualTypeOf<TensorJSON<'float64'>>();
  expectTypeOf<TensorOptions['shape']>().toEqualTypeOf<IntegerList | undefined>();
  expectTypeOf<Output<Float64Array>>().toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf<GELUOptions['approximate']>().toEqualTypeOf<'none' | 'tanh' | 'sigmoid' | undefined>();
  expectTypeOf<SoftmaxOptions['dim']>().toEqualTypeOf<number | readonly number[] | undefined>();
});

describe('what is read from a file', () => {
  it('is of the dtype that is asked for, or of any', () => {
    const x = Tensor.ones([2]);
    const bytes = writeNpz({ x });
    expectTypeOf(readNpy(writeNpy(x))).toEqualTypeOf<Tensor<DType>>();
    expectTypeOf(readNpy(writeNpy(x), { dtype: 'float32' })).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(readNpz(bytes).get('x')).toEqualTypeOf<Tensor<DType> | undefined>();
    expectTypeOf(readNpz(bytes, { dtype: 'bfloat16' }).get('x')).toEqualTypeOf<Tensor<'bfloat16'> | undefined>();
    expectTypeOf<typeof load<'float64'>>().returns.resolves.toEqualTypeOf<Tensor<'float64'>>();
    expectTypeOf<Awaited<ReturnType<typeof open<'float64'>>>['get']>().returns.resolves.toEqualTypeOf<
      Tensor<'float64'>
    >();
    expect(readNpz(bytes, { dtype: 'float64' }).get('x')?.dtype).toBe('float64');
  });
});
