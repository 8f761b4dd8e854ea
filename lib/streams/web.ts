// The package's functions over web streams and async iterables, as `nonlin/streams` has them in browsers.
import type { Flat, FunctionName, OwnOptions } from '../activations/signatures.js';
import type { Precision } from '../basics/checks.js';
import { describe } from '../basics/errors.js';
import type { DType } from '../basics/floats.js';
import type { GateName, gates } from '../functions/gates.js';
import type { PReLUOptions } from '../functions/prelu.js';
import type { SliceName, SoftmaxOptions } from '../functions/slices.js';
import type { Chunk, Results } from './passage.js';
import { passage, type StreamName } from './streamed.js';

export type { Chunk, Results } from './passage.js';
export type { StreamName } from './streamed.js';

type Own<N extends StreamName> = N extends 'prelu'
  ? Pick<PReLUOptions, 'weight'>
  : N extends FunctionName
    ? OwnOptions<N>
    : N extends 'swish'
      ? OwnOptions<'silu'>
      : N extends GateName
        ? OwnOptions<(typeof gates)[N]['by']>
        : N extends SliceName
          ? Pick<SoftmaxOptions, 'temperature' | 'mask' | 'empty'>
          : Record<never, never>;

interface StreamRow {
  /** How many values make a row: needed by functions along a dimension, and by gates, whose row is gate and input. */
  readonly row: number;
}
type RowOf<N extends StreamName> = N extends SliceName | 'logSumExp' | GateName
  ? StreamRow
  : { readonly [R in keyof StreamRow]?: StreamRow[R] | undefined };

/** The options of the function, as in a call, and what the stream is of. */
export type StreamOptions<N extends StreamName> = Flat<
  Own<N> &
    RowOf<N> & {
      /** What bytes or the numbers of a Uint16Array are; other arrays say it themselves. */
      readonly dtype?: DType | undefined;
      readonly precision?: Precision | undefined;
    }
>;

/** Options, which are needed where one of them is. */
export type StreamArguments<N extends StreamName> =
  Record<never, never> extends StreamOptions<N> ? [options?: StreamOptions<N>] : [options: StreamOptions<N>];

/**
 * A web TransformStream through a function: Uint8Array of little-endian values, or typed arrays, in and out, cut anywhere. Every chunk of
 * results is new memory; their bits are those that a call on all of it at once has.
 *
 * ```ts
 * const probabilities = response.body.pipeThrough(transformStream('softmax', { dtype: 'float32', row: 1000 }));
 * ```
 *
 * @throws TypeError or RangeError where there is no such function or an option is wrong. The stream fails with a TypeError on a chunk of
 * another kind, and with a RangeError that says how many bytes are left where it ends within a value or a row.
 */
export function transformStream<N extends StreamName>(name: N, ...[options]: StreamArguments<N>): TransformStream {
  const through = passage('transformStream', name, options);
  return new TransformStream({
    transform(chunk, controller) {
      const results = through.next(chunk);
      if (results !== undefined) controller.enqueue(results);
    },
    flush: () => through.end(),
  });
}

/**
 * The same over anything that `for await` takes: chunks in, chunks of results out, one at a time.
 *
 * ```ts
 * for await (const y of transformIterable('gelu', chunks, { approximate: 'tanh' })) send(y);
 * ```
 *
 * @throws TypeError or RangeError where there is no such function, an option is wrong or the source is none; while it is read, where
 * {@link transformStream} fails.
 */
export function transformIterable<N extends StreamName, C extends Chunk>(
  name: N,
  source: AsyncIterable<C> | Iterable<C>,
  ...[options]: StreamArguments<N>
): AsyncGenerator<Results<C>, void, undefined> {
  const through = passage('transformIterable', name, options);
  const isIterable = typeof source === 'object' && source !== null && !ArrayBuffer.isView(source);
  if (!isIterable || !(Symbol.asyncIterator in source || Symbol.iterator in source))
    throw new TypeError(`${name}: source must be an iterable of chunks, got ${describe(source)}`);
  return (async function* () {
    for await (const chunk of source) {
      const results = through.next(chunk);
      if (results !== undefined) yield results;
    }
    through.end();
  })();
}
