// `nonlin/streams` in Node: Node's own streams as well.
import { Transform } from 'node:stream';
import { passage, type StreamName } from './streamed.js';
import type { StreamArguments } from './web.js';

export * from './web.js';

/** How many chunks wait on either side, which a caller may make of any size. */
const highWaterMark = 2;

/**
 * A Node Transform through a function: Buffers of little-endian values, or typed arrays, in and out, cut anywhere. Every chunk of results is
 * new memory; their bits are those that a call on all of it at once has. It waits for whoever reads.
 *
 * ```ts
 * await pipeline(createReadStream('x.f32'), transform('gelu', { dtype: 'float32' }), createWriteStream('y.f32'));
 * ```
 *
 * @throws TypeError or RangeError where there is no such function or an option is wrong. The stream fails with a TypeError on a chunk of
 * another kind, and with a RangeError that says how many bytes are left where it ends within a value or a row.
 */
export function transform<N extends StreamName>(name: N, ...[options]: StreamArguments<N>): Transform {
  const through = passage('transform', name, options);
  return new Transform({
    objectMode: true,
    highWaterMark,
    transform(chunk, _, done) {
      try {
        const results: unknown = through.next(chunk);
        done(
          null,
          results instanceof Uint8Array ? Buffer.from(results.buffer, results.byteOffset, results.length) : results,
        );
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        through.end();
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
