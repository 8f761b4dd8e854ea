// The program in a folder with some files: as a process on the built file, as a user runs it, and in the test's own process, where
// nothing but what it does with its command line matters. A process takes 0.12 s to start.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { main } from '../../../lib/cli/main.js';
import { writeNpy } from '../../../lib/files/npy.js';
import { backends, info, useBackend } from '../../../lib/index.js';
import { Tensor } from '../../../lib/tensor/tensor.js';

export const program = join(import.meta.dirname, '../../../dist/cjs/cli.js');
export const packageJson = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));
export const hasNative = backends().length > 1;
/** TypeScript alone: neither an addon nor WebAssembly. */
export const noNative = {
  NONLIN_BINARY: join(import.meta.dirname, '../../no-such.node'),
  NODE_OPTIONS: `--require ${JSON.stringify(join(import.meta.dirname, 'without-wasm.cjs'))}`,
};

let folder = '';
export const at = (name: string) => join(folder, name);

/** A folder for this file of tests alone, with what most of them read: others that share its process write the same names. */
export function ownFolder(): void {
  if (!existsSync(program)) throw new Error('dist/cjs/cli.js is missing: run npm run build:ts first');
  const own = mkdtempSync(join(tmpdir(), 'nonlin-cli-'));
  folder = own;
  afterAll(() => rmSync(own, { recursive: true, force: true }));
  const two = new Tensor([
    [-6, -1],
    [0.5, 3],
  ]);
  const three = [
    [1, 2, 3],
    [3, 2, 1],
  ];
  writeFileSync(at('f4.npy'), writeNpy(two));
  writeFileSync(at('f8.npy'), writeNpy(new Tensor(three, { dtype: 'float64' })));
  writeFileSync(at('edges.npy'), writeNpy(new Tensor([NaN, -1, 0, Infinity])));
  writeFileSync(at('empty.npy'), writeNpy(new Tensor(new Float32Array(), { shape: [0, 3] })));
  writeFileSync(at('text.npy'), 'hello');
  writeFileSync(at('nothing.npy'), '');
  writeFileSync(at('cut.npy'), writeNpy(two).subarray(0, -1));
}

export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
  readonly bytes: Buffer;
}

export function nonlin(args: readonly string[], environment: Record<string, string> = {}, input?: Uint8Array): Result {
  // What chooses among backends for the tests does not choose for the program.
  const env = { ...process.env, NONLIN_BACKEND: '', NONLIN_THREADS: '', ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, env, input });
  return { code: status, out: stdout.toString(), error: stderr.toString(), bytes: stdout };
}

/** Standard input of these bytes, of which some come at a time. */
export function pieces(bytes: Uint8Array, some = 2 ** 16): (into: Uint8Array) => number {
  let at = 0;
  return (into) => {
    const next = bytes.subarray(at, at + Math.min(some, into.length));
    into.set(next);
    at += next.length;
    return next.length;
  };
}

/** The same as `nonlin`, in this process, with its backend and on the code of lib/. */
export async function run(args: readonly string[], input?: Uint8Array): Promise<Result> {
  const written = { out: [] as Uint8Array[], error: [] as Uint8Array[] };
  const output = (key: 'out' | 'error') => ({
    write: (chunk: string | Uint8Array) => written[key].push(Buffer.from(chunk as Uint8Array)),
  });
  const [{ backend }, before] = [info(), process.cwd()];
  process.chdir(folder);
  try {
    const code = await main(args, {
      out: output('out'),
      error: output('error'),
      environment: {},
      readSome: pieces(input ?? new Uint8Array()),
      inputIsTTY: false,
    });
    const bytes = Buffer.concat(written.out);
    return { code, out: bytes.toString(), error: Buffer.concat(written.error).toString(), bytes };
  } finally {
    process.chdir(before);
    useBackend(backend);
  }
}

/** So short that the figures say nothing. */
export const quickly = ['compare', '--time', '0.02'];
