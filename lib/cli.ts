#!/usr/bin/env node
// The program `nonlin`: lends the process to lib/cli/main.ts. Nothing is decided here but how a broken pipe ends.
import { isatty } from 'node:tty';
import { main } from './cli/main.js';
import type { Io } from './cli/output.js';

const io: Io = {
  out: process.stdout,
  error: process.stderr,
  environment: process.env,
  async readInput() {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    return Buffer.concat(chunks);
  },
  inputIsTTY: isatty(0),
};

function fail(error: Error): never {
  process.stderr.write(`nonlin: ${error.message}\n`);
  process.exit(1);
}

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? process.exit(0) : fail(error)));

main(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
