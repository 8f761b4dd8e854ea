#!/usr/bin/env node
// The program `nonlin`: lends the process to lib/cli/main.ts. Nothing is decided here but how a broken pipe ends.
import { isatty } from 'node:tty';
import { main } from './cli/main.js';
import type { Io, Output } from './cli/output.js';
import { readSome, writeAll } from './cli/streams/descriptors.js';

/** A reader that has seen enough, such as `head`, is no failure. */
function fail(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`nonlin: cannot write standard output: ${error.message}\n`);
  process.exit(1);
}

/** Not `process.stdout`, unless a terminal: that would keep what it is given for later, and makes a pipe one that does not wait. */
const output: Output = {
  write(chunk) {
    try {
      writeAll(1, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
  },
};

const io: Io = {
  out: isatty(1) ? process.stdout : output,
  error: process.stderr,
  environment: process.env,
  readSome: (into) => readSome(0, into),
  inputIsTTY: isatty(0),
};

main(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
