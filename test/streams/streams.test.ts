// A function over a stream gives the bits of a call on all of it, wherever the stream is cut, and says what is left over.
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import * as nl from '../../lib/index.js';
import { type Chunk, type StreamName, transform, transformIterable, transformStream } from '../../lib/streams/node.js';
import { bytesOf, needed, ofRows, streamed } from '../support/streamed.js';

type Loose = (name: string, ...args: unknown[]) => never;
const [anyTransform, anyStream, anyIterable] = [transform, transformStream, transformIterable] as unknown as Loose[];

/** Values of all sizes, in an order that repeats. */
const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => 8 * Math.sin(1 + i * i));

/**
 * Pieces of so many bytes in turn, each at an odd place in memory of its own, which is written over when the next is asked for, where
 * that is not before it has been used.
 */
function* cut(bytes: Uint8Array, lengths: readonly number[], isWrittenOver: boolean): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const next = bytes.subarray(at, at + lengths[i % lengths.length]!);
    const piece = new Uint8Array(next.length + 1).subarray(1);
    piece.set(next);
    yield piece;
    if (isWrittenOver) piece.fill(0xff);
    at += next.length;
  }
}

async function collect(source: AsyncIterable<Chunk>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const chunk of source) pieces.push(Buffer.from(bytesOf(chunk)));
  return Buffer.concat(pieces);
}

/** The three ways of the same stream. */
const ways: Readonly<Record<string, (name: string, source: Iterable<Chunk>, options: object) => AsyncIterable<Chunk>>> =
  {
    transform: (name, source, options) =>
      Readable.from(source, { highWaterMark: 1 }).compose(anyTransform!(name, options)) as AsyncIterable<Chunk>,
    transformStream: (name, source, options) => {
      const iterator = source[Symbol.iterator]();
      const web = new ReadableStream(
        {
          pull(controller) {
            const { done, value } = iterator.next();
            if (done) controller.close();
            else controller.enqueue(value);
          },
        },
        { highWaterMark: 0 },
      );
      return web.pipeThrough(anyStream!(name, options)) as unknown as AsyncIterable<Chunk>;
    },
    transformIterable: (name, source, options) => anyIterable!(name, source, options) as AsyncIterable<Chunk>,
  };

const lengths = [1, 2, 61, 7, 4, 128, 3];

describe.each(Object.keys(ways))('%s', (way) => {
  // Node's Readable asks for the next before.
  const pieces = (bytes: Uint8Array, lengths: readonly number[]) => cut(bytes, lengths, way !== 'transform');
  const through = (name: string, source: Iterable<Chunk>, options: object) =>
    collect(ways[way]!(name, source, options));

  it.each(streamed)('%s has the bits of one call', async (name) => {
    const x = numbers(60);
    const row = ofRows.includes(name) ? 6 : undefined;
    const f = nl[name as 'relu'] as (x: nl.Tensor, options: object) => nl.Tensor;
    const whole = f(new nl.Tensor(x, { shape: row === undefined ? [60] : [10, 6] }), needed[name] ?? {});
    const options = { ...needed[name], ...(row !== undefined && { row }) };
    expect(await through(name, pieces(bytesOf(x), lengths), { ...options, dtype: 'float32' })).toEqual(
      bytesOf(whole.data),
    );
    const parts = [x.subarray(0, 1), x.subarray(1, 1), x.subarray(1, 27), x.subarray(27)];
    expect(await through(name, parts, options)).toEqual(bytesOf(whole.data));
  });

  it.each(['float64', 'float16', 'bfloat16'] as const)('of %s', async (dtype) => {
    const x = nl.Tensor.from(numbers(60), { dtype }).reshape([10, 6]);
    const whole = nl.softmax(x as nl.Tensor<typeof dtype>);
    expect(await through('softmax', pieces(bytesOf(x.data), lengths), { dtype, row: 6 })).toEqual(bytesOf(whole.data));
    const gelu = nl.gelu(x as nl.Tensor<typeof dtype>);
    expect(await through('gelu', [x.data], { dtype })).toEqual(bytesOf(gelu.data));
    const sums = nl.logSumExp(x as nl.Tensor<typeof dtype>);
    expect(await through('logSumExp', pieces(bytesOf(x.data), lengths), { dtype, row: 6 })).toEqual(bytesOf(sums.data));
    const weight = x.select(0, 0);
    const leaky = nl.prelu(x as nl.Tensor<typeof dtype>, { weight });
    expect(await through('prelu', [x.data], { dtype, row: 6, weight })).toEqual(bytesOf(leaky.data));
  });

  it('takes the options of the function', async () => {
    const x = numbers(60);
    const masks = { mask: [true, false, true, true, false, true], temperature: 2 };
    const whole = nl.softmax(new nl.Tensor(x, { shape: [10, 6] }), masks);
    expect(await through('softmax', [x], { row: 6, ...masks })).toEqual(bytesOf(whole.data));
    const slopes = [1, 2, 3, 4, 5, 6];
    const leaky = nl.prelu(new nl.Tensor(x, { shape: [10, 6] }), { weight: slopes });
    expect(await through('prelu', [x], { row: 6, weight: slopes })).toEqual(bytesOf(leaky.data));
    expect(await through('gelu', [x], { approximate: 'tanh', precision: 'exact' })).toEqual(
      bytesOf(nl.gelu(x, { approximate: 'tanh', precision: 'exact' })),
    );
  });

  it('takes rows of one value', async () => {
    expect(await through('logSumExp', [numbers(5), numbers(5)], { row: 1 })).toEqual(
      bytesOf(Float32Array.of(...numbers(5), ...numbers(5))),
    );
    // Bytes are copied where they lie at an odd place, and might take the result.
    expect(await through('logSumExp', pieces(bytesOf(numbers(5)), [5]), { row: 1, dtype: 'float32' })).toEqual(
      bytesOf(numbers(5)),
    );
  });

  it('gives chunks of the kind that it gets, and leaves those as they are', async () => {
    for (const x of [numbers(4), Float64Array.from(numbers(4)), bytesOf(numbers(4))]) {
      const before = Buffer.from(bytesOf(x));
      const dtype = x instanceof Uint8Array ? { dtype: 'float32' } : {};
      for await (const y of ways[way]!('tanh', [x], dtype)) {
        expect(Object.prototype.toString.call(y)).toBe(Object.prototype.toString.call(x));
        expect(y.buffer).not.toBe(x.buffer);
      }
      expect(bytesOf(x)).toEqual(before);
    }
  });

  it('fails with what is left', async () => {
    const [x, got] = [bytesOf(numbers(5)), [] as Chunk[]];
    const cuts: [object, number, number, string][] = [
      [{ dtype: 'float32' }, 19, 16, 'relu: 3 bytes are left at the end: a value of float32 has 4'],
      [{ dtype: 'float32', row: 2 }, 20, 16, 'relu: 4 bytes are left at the end: a row of 2 float32 values has 8'],
      [{ dtype: 'float64' }, 9, 8, 'relu: 1 byte is left at the end: a value of float64 has 8'],
    ];
    for (const [options, length, written, message] of cuts) {
      got.length = 0;
      const all = (async () => {
        for await (const chunk of ways[way]!('relu', pieces(x.subarray(0, length), [5]), options)) got.push(chunk);
      })();
      await expect(all).rejects.toThrow(new RangeError(message));
      // A Node stream that fails drops what nobody has read yet.
      if (way !== 'transform') expect(got.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(written);
    }
  });

  it.each<[object, unknown[], string]>([
    [{}, [new Uint8Array(4)], "relu: what a Uint8Array holds, dtype must say: { dtype: 'bfloat16' }"],
    [{}, [new Uint16Array(4)], "relu: what a Uint16Array holds, dtype must say: { dtype: 'bfloat16' }"],
    [{ dtype: 'float64' }, [numbers(1)], 'relu: a chunk must hold float64, as dtype says, got Float32Array of 1'],
    [
      { dtype: 'float64' },
      [new Uint16Array(1)],
      'relu: a chunk must hold float64, as dtype says, got Uint16Array of 1',
    ],
    [
      {},
      [numbers(1), new Float64Array(2)],
      'relu: a chunk must be a Float32Array like the first, got Float64Array of 2',
    ],
    [{}, [new Int32Array(2)], 'relu: a chunk must be bytes or an array of floats, got Int32Array of 2'],
    [{}, ['text'], 'relu: a chunk must be bytes or an array of floats, got "text"'],
    [{}, [[1, 2]], 'relu: a chunk must be bytes or an array of floats, got an Array of 2'],
  ])('fails on a wrong chunk: %j, %j', async (options, chunks, message) => {
    await expect(through('relu', chunks as Chunk[], options)).rejects.toThrow(new TypeError(message));
  });

  it('fails on a chunk whose memory is gone', async () => {
    const [transferred, bytes] = [numbers(4), new Uint8Array(8)];
    structuredClone([transferred, bytes], { transfer: [transferred.buffer, bytes.buffer] });
    const lost = new TypeError('relu: a chunk is detached: its buffer was transferred');
    await expect(through('relu', [numbers(1), transferred], {})).rejects.toThrow(lost);
    await expect(through('relu', [bytes], { dtype: 'float32' })).rejects.toThrow(lost);
    const { ArrayBuffer: Resizable } = globalThis as unknown as {
      ArrayBuffer: new (length: number, options: object) => ArrayBuffer & { resize(length: number): void };
    };
    const buffer = new Resizable(16, { maxByteLength: 16 });
    const shrunk = new Float32Array(buffer, 8, 2);
    buffer.resize(8);
    await expect(through('relu', [shrunk], {})).rejects.toThrow(
      new RangeError('relu: a chunk lies outside of its buffer, which has shrunk'),
    );
  });

  it('asks the array itself where it lies', async () => {
    const lying = class extends Float32Array {
      override get byteLength() {
        return 4;
      }
      override get buffer(): ArrayBuffer {
        throw new Error('asked');
      }
    };
    expect(await through('relu', [new lying([-1, 2])], {})).toEqual(bytesOf(Float32Array.of(0, 2)));
  });
});

describe.each<[string, Loose]>([
  ['transform', anyTransform!],
  ['transformStream', anyStream!],
  ['transformIterable', ((name, options) => anyIterable!(name, [], options)) as Loose],
])('%s refuses at once', (maker, make) => {
  it.each<[unknown, object | undefined, ErrorConstructor, string]>([
    ['gellu', undefined, TypeError, `no stream goes through "gellu"; did you mean 'gelu'?`],
    ['gleu', undefined, TypeError, `no stream goes through "gleu"; did you mean 'gelu'?`],
    ['crossEntropy', undefined, TypeError, 'no stream goes through "crossEntropy"; there are '],
    ['geluGrad', undefined, TypeError, 'no stream goes through "geluGrad"'],
    ['info', undefined, TypeError, 'no stream goes through "info"'],
    ['Tensor', undefined, TypeError, 'no stream goes through "Tensor"'],
    ['toString', undefined, TypeError, 'no stream goes through "toString"'],
    [3, undefined, TypeError, 'no stream goes through 3'],
    ['softmax', undefined, TypeError, 'softmax: row is needed, the number of values that make a row'],
    ['glu', { dtype: 'float32' }, TypeError, 'glu: row is needed'],
    ['glu', { row: 3 }, RangeError, 'glu: x has shape [1, 3], of which there are no halves'],
    ['relu', { row: 0 }, RangeError, 'relu: row must be an integer of at least 1, got 0'],
    ['relu', { row: 1.5 }, RangeError, 'relu: row must be an integer of at least 1, got 1.5'],
    [
      'relu',
      { row: 1e12 },
      RangeError,
      'relu: a float32 array of shape [1000000000000], 4000000000000 bytes, cannot be allocated',
    ],
    ['relu', { row: '2' }, TypeError, 'relu: row must be a number of values, got "2"'],
    [
      'relu',
      { dtype: 'int8' },
      TypeError,
      `relu: dtype must be 'float32', 'float64', 'float16' or 'bfloat16', got "int8"`,
    ],
    ['relu', { dtype: 'toString' }, TypeError, 'relu: dtype must be'],
    ['relu', { dtype: ['float32'] }, TypeError, 'relu: dtype must be'],
    ['relu', { dtpye: 'float32' }, TypeError, 'relu: there is no option `dtpye`'],
    [
      'softmax',
      { row: 2, foo: 2 },
      TypeError,
      'softmax: there is no option `foo`; softmax takes `temperature`, `mask`, `empty`, `precision`, `dtype` and `row`',
    ],
    ['relu', { foo: 2 }, TypeError, 'relu takes `precision`, `dtype` and `row`'],
    ['softmax', { row: 2, axis: 0 }, TypeError, 'softmax: there is no option `axis`; softmax takes `row`'],
    ['softmax', { row: 2, dims: 1 }, TypeError, 'softmax: there is no option `dims`; a stream has no `dim`'],
    ['softmax', { row: 2, rows: 2 }, TypeError, 'softmax: there is no option `rows`; did you mean `row`?'],
    ['softmax', { row: 2, mak: 1 }, TypeError, 'softmax: there is no option `mak`; did you mean `mask`?'],
    ['softmax', { row: 2, temprature: 0 }, TypeError, 'did you mean `temperature`?'],
    ['softmax', { row: 2, dim: 0 }, TypeError, 'softmax: there is no `dim` in a stream'],
    ['prelu', { row: 2, weight: [1], channelDim: 0 }, TypeError, 'prelu: there is no `channelDim` in a stream'],
    ['logSumExp', { row: 2, keepdim: true }, TypeError, 'logSumExp: there is no `keepdim` in a stream'],
    ['relu', { out: new Float32Array(1) }, TypeError, 'relu: there is no `out` in a stream'],
    ['gelu', { approximate: 'erf' }, TypeError, 'approximate'],
    ['threshold', {}, TypeError, 'threshold'],
    [
      'relu',
      numbers(1),
      TypeError,
      "relu: options must be a plain object such as { dtype: 'float32' }, got Float32Array of 1",
    ],
    ['relu', [], TypeError, 'relu: options must be a plain object'],
    ['relu', new Map([['row', 2]]), TypeError, 'relu: options must be a plain object'],
  ])('%j with %j', (name, options, kind, message) => {
    const call = () => make(name as string, options);
    expect(call).toThrow(kind);
    expect(call).toThrow(message.startsWith('no stream') ? `${maker}: ${message}` : message);
  });

  it('no option that is hidden or inherited, as a call does not', () => {
    for (const [option, value] of Object.entries({ dtype: 'int8', row: 0, unknown: 1 })) {
      expect(() => make('relu', Object.defineProperty({}, option, { value }))).not.toThrow();
      Object.defineProperty(Object.prototype, option, { value, configurable: true });
      try {
        expect(() => make('relu', {})).not.toThrow();
      } finally {
        delete (Object.prototype as Record<string, unknown>)[option];
      }
    }
  });
});

it('holds little more than a row of pieces that are small', async () => {
  const row = 2 ** 18;
  const before = process.memoryUsage().rss;
  let most = 0;
  const bytes = (function* () {
    for (let at = 0; at < 4 * row; at++) {
      if (at % 2 ** 17 === 0) most = Math.max(most, process.memoryUsage().rss - before);
      yield new Uint8Array(1);
    }
  })();
  const y = await collect(transformIterable('softmax', bytes, { dtype: 'float32', row }));
  expect(y.equals(bytesOf(new Float32Array(row).fill(1 / row)))).toBe(true);
  expect(most).toBeLessThan(100e6);
});

it('refuses a source that is none', () => {
  for (const source of [undefined, 3, 'text', {}, numbers(2)])
    expect(() => anyIterable!('relu', source)).toThrow('relu: source must be an iterable of chunks');
});

describe('waits for whoever reads', () => {
  const size = 2 ** 12;
  const most = 12;

  it('in Node', async () => {
    let [made, taken, ahead] = [0, 0, 0];
    const source = Readable.from(
      (function* () {
        for (; made < 200; made++) yield numbers(size);
      })(),
      { highWaterMark: 1 },
    );
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        ahead = Math.max(ahead, made - ++taken);
        setImmediate(done);
      },
    });
    await pipeline(source, transform('relu'), slow);
    expect(taken).toBe(200);
    expect(ahead).toBeLessThanOrEqual(most);
  });

  it('in web streams', async () => {
    let made = 0;
    const web = new ReadableStream(
      {
        pull(controller) {
          made++;
          controller.enqueue(numbers(size));
        },
      },
      { highWaterMark: 0 },
    );
    const reader = web.pipeThrough(transformStream('relu')).getReader();
    for (let taken = 1; taken <= 50; taken++) {
      await reader.read();
      await new Promise(setImmediate);
      expect(made - taken).toBeLessThanOrEqual(most);
    }
    await reader.cancel();
  });

  it('over iterables, and is done with the source when it is left', async () => {
    let [made, done] = [0, false];
    const source = (function* () {
      try {
        for (; ; made++) yield numbers(size);
      } finally {
        done = true;
      }
    })();
    for await (const y of transformIterable('relu', source)) {
      expect(y).toEqual(nl.relu(numbers(size)));
      if (made === 5) break;
    }
    expect({ made, done }).toEqual({ made: 5, done: true });
  });
});

it('computes on the backend of the package', async () => {
  const before = nl.info().backend;
  nl.useBackend('js');
  try {
    const x = numbers(1000);
    expect(await collect(transformIterable('gelu', [x]))).toEqual(bytesOf(nl.gelu(x)));
  } finally {
    nl.useBackend(before);
  }
});

it('has types that know the options of each function', () => {
  const typed = () => {
    transform('gelu', { approximate: 'tanh', dtype: 'bfloat16' });
    transform('threshold', { threshold: 1, value: 0 });
    transformStream('softmax', { row: 4, temperature: 2 });
    const floats: AsyncGenerator<Float32Array> = transformIterable('swiglu', [numbers(2)], { row: 2, beta: 2 });
    const bytes = transformIterable('relu', [Buffer.alloc(4)], { dtype: 'float32' });
    // @ts-expect-error: what comes of a Buffer is none
    const buffers: AsyncGenerator<Buffer> = bytes;
    // @ts-expect-error: there is no such function
    const wrong: StreamName = 'crossEntropy';
    // @ts-expect-error: nor such an option
    transform('relu', { alpha: 1 });
    // @ts-expect-error: both are needed
    transform('threshold');
    // @ts-expect-error: its row is its dimension
    transform('softmax', { row: 4, dim: 0 });
    return [floats, buffers, wrong];
  };
  expect(typed).toBeTypeOf('function');
});
