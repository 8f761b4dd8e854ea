// Values without a header, little-endian, from wherever they come: as many as come.
import { bytesOf, type DType } from '../../basics/floats.js';
import { hostIsLittleEndian } from '../../files/npy-header.js';
import { kindOf } from '../../files/numbers.js';
import { bytesIn, type Flow, leftOver } from '../../streams/flow.js';
import { Failure } from '../failures.js';
import type { Io } from '../output.js';
import { type Inlet, pump } from './pump.js';
import type { Source } from './sources.js';
import type { Target } from './targets.js';
import { reader, turn } from './values.js';

/** Sends values of a dtype through, converted to that of the flow. Fails where something is left that is no whole value or row. */
export function streamRaw(sources: readonly Source[], dtype: DType, flow: Flow, target: Target, io: Io): void {
  const values = reader({ kind: kindOf[dtype], dtype, swapped: !hostIsLittleEndian }, flow.dtype);
  const unit = (flow.unit / bytesOf[flow.dtype]) * bytesOf[dtype];
  const inlets = sources.map((source): Inlet => ({ source, unit, total: source.size, values }));
  const left = pump(
    inlets,
    flow,
    (results) => {
      const bytes = bytesIn(results);
      if (!hostIsLittleEndian) turn(bytes, bytesOf[flow.dtype]);
      target.write(bytes);
    },
    io,
  );
  for (const [i, { name }] of sources.entries())
    if (left[i]! > 0 && left[i]! < unit) throw new Failure(`${name}: ${leftOver(left[i]!, { ...flow, dtype, unit })}`);
  // What one of two files has beyond the other; what a single one has is what was added while it was read.
  for (const [i, source] of sources.entries())
    if (sources.length > 1 && (left[i]! > 0 || source.read(new Uint8Array(1)) > 0))
      throw new Failure(`${source.name} has more values than the other file`);
  // One of them may be what the result is to replace.
  for (const source of sources) source.close();
}
