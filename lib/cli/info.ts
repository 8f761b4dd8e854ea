// `nonlin info`: what serves here, and why.
import { info as facts } from '../backends/select.js';
import type { Arguments } from './arguments.js';
import { UsageError } from './failures.js';
import { type Io, json, paintFor, pairs } from './output.js';

export function info({ positionals, given }: Arguments, io: Io): number {
  if (positionals.length > 0) throw new UsageError(`info takes no argument, got ${positionals.join(' ')}`);
  io.out.write(given.has('json') ? json(facts()) : pairs(facts(), paintFor(io)));
  return 0;
}
