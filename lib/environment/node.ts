// What the process around the library says and gives: its variables, its threads, the file of the addon. Any of it may be refused,
// as Deno's and Node's permissions do, and nothing refused may break the import: the reason is kept for info(). The build for
// browsers has browser.ts in the place of this file.

/** What was asked for by a variable and is not so. */
export const problems: string[] = [];

/** An environment variable; undefined where it is not set, is empty, or may not be read, which is a problem. */
export function variable(name: string): string | undefined {
  try {
    if (wouldAsk(name)) throw new Error('Deno needs --allow-env for it');
    return process.env[name] || undefined;
  } catch (error) {
    problems.push(`${name} could not be read: ${messageOf(error)}`);
    return undefined;
  }
}

/** Deno at a terminal stops the program and asks its user. It may do so for the addon, but not for each variable that is not even set. */
function wouldAsk(name: string): boolean {
  const { Deno } = globalThis as { Deno?: { permissions: { querySync(what: object): { state: string } } } };
  return Deno?.permissions.querySync({ name: 'env', variable: name }).state === 'prompt';
}

/** Whether JavaScript runs here in the main thread of its process; false where that cannot be found out. Node takes 2 ms to tell. */
export function isMainThread(): boolean {
  try {
    return nodeThreads().isMainThread;
  } catch {
    return false;
  }
}

/** `platform-arch` and the runtime, as in `linux-x64 node 20.20.2`. */
export function platform(): string {
  try {
    const { versions } = process;
    const runtime = (['bun', 'deno', 'node'] as const).find((name) => versions[name] !== undefined)!;
    return `${target()} ${runtime} ${versions[runtime]}`;
  } catch {
    return 'unknown';
  }
}

/** The name of a platform, as the folder of prebuilds/ and the entry for bundlers have it. */
const target = () => (typeof process === 'object' ? `${process.platform}-${process.arch}` : 'unknown');

/**
 * The name of the package that has the binary for this process. On Linux the C library counts, that of the process and not of the system:
 * what its own file says that it is to be loaded by. That takes 0.04 ms; Node's report, which tells too, 2 ms, and it asks the network.
 */
function binaryName(): string {
  const usual = target();
  if (process.platform !== 'linux') return usual;
  try {
    const head = Buffer.alloc(4096);
    const fs = nodeFs();
    const file = fs.openSync(process.execPath, 'r');
    try {
      fs.readSync(file, head);
    } finally {
      fs.closeSync(file);
    }
    return loaderOf(head).includes('/ld-musl-') ? `${usual}-musl` : usual;
  } catch {
    // Where that may not be read: nearly everybody has glibc.
    return usual;
  }
}

/** What an ELF file of 64 bits names to load it by: the segment of type 3 (PT_INTERP); empty where it names nothing. */
function loaderOf(head: Buffer): string {
  const segments = Number(head.readBigUInt64LE(32));
  const [size, count] = [head.readUInt16LE(54), head.readUInt16LE(56)];
  for (let at = segments; at < segments + size * count; at += size)
    if (head.readUInt32LE(at) === 3) {
      const from = Number(head.readBigUInt64LE(at + 8));
      return head.toString('latin1', from, from + Number(head.readBigUInt64LE(at + 32)));
    }
  return '';
}

// Modules of Node's; a bundle that is an ES module has no `require`. Each is spelt out, as bundlers warn of names that are not.
const nodeFs = () => process.getBuiltinModule?.('node:fs') ?? (require('node:fs') as typeof import('node:fs'));
const nodePath = () => process.getBuiltinModule?.('node:path') ?? (require('node:path') as typeof import('node:path'));
const nodeModule = () =>
  process.getBuiltinModule?.('node:module') ?? (require('node:module') as typeof import('node:module'));
const nodeThreads = () =>
  process.getBuiltinModule?.('node:worker_threads') ??
  (require('node:worker_threads') as typeof import('node:worker_threads'));

/** An addon that was opened, with the file or the entry of this package that it came from; or why there is none. */
export type Opened =
  | { readonly path: string; readonly exports: unknown; readonly reason?: undefined }
  | { readonly reason: string };

/**
 * Opens the addon: the file that NONLIN_BINARY names; or else what this machine has built in a checkout; the one that a bundle has with
 * it; that of the package for this platform.
 */
export function openAddon(): Opened {
  const named = variable('NONLIN_BINARY');
  let path = named ?? '';
  try {
    // Spelt out so that what collects the files of a deployment by reading code (@vercel/nft) finds it. dist/cjs/ is as deep as this.
    path = nodePath().resolve(named ?? `${__dirname}/../../prebuilds/${target()}/nonlin.node`);
    return { path, exports: open(path) };
  } catch (error) {
    if (named !== undefined) return { reason: `NONLIN_BINARY: ${refusal(path, error)}` };
    return openGiven() ?? openInstalled(path, error);
  }
}

/** The addon of the package for this platform. `path` and `error` are those of a checkout's. */
function openInstalled(path: string, error: unknown): Opened {
  let installed = '';
  try {
    const name = binaryName();
    try {
      installed = nodeModule().createRequire(__filename).resolve(`@nonlin/${name}`);
    } catch {
      // A bundle that is an ES module lies nowhere.
      if (typeof __dirname !== 'string') throw error;
      // For deployments of files that were collected, as above: this is where package managers put it, but for some.
      installed = nodePath().resolve(`${__dirname}/../../../@nonlin/${name}/nonlin.node`);
      if (!nodeFs().existsSync(installed)) throw error;
    }
    return { path: installed, exports: open(installed) };
  } catch (failure) {
    return { reason: failure === error ? whyNot(path, error) : refusal(installed || path, failure) };
  }
}

// Not `require`: bundlers put something of theirs in its place, and it takes 0.3 ms more.
function open(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

/** What an entry for bundlers, such as nonlin/linux-x64, leaves here before it loads the rest (tools/build.mjs). */
interface Given {
  readonly entry: string;
  /** The addon; as `default` of a module where a bundler has made it one. */
  open(): unknown;
}

/** The addon of a bundle. */
function openGiven(): Opened | undefined {
  const given = (globalThis as { [key: symbol]: Given | undefined })[Symbol.for('nonlin.addon')];
  if (given === undefined) return undefined;
  try {
    const exports = given.open() as { default?: unknown };
    return { path: given.entry, exports: exports.default ?? exports };
  } catch (error) {
    return { reason: refusal(given.entry, error) };
  }
}

/** The module of WebAssembly, or why there is none. */
export type Module = { readonly bytes: Uint8Array; readonly reason?: undefined } | { readonly reason: string };

/** Whether memory may have buffers that JavaScript has not made. */
export const hasAddons: boolean = true;

/** Reads the module, which lies beside the code: in a checkout where it has been built, in the package always. */
export function openModule(): Module {
  try {
    return { bytes: nodeFs().readFileSync(`${__dirname}/../../dist/nonlin.wasm`) };
  } catch (error) {
    return { reason: `the module of WebAssembly ${whyNoModule(error)}` };
  }
}

/** What keeps the module from being read. */
function whyNoModule(error: unknown): string {
  const { code, path = '' } = error as { readonly code?: unknown; readonly path?: string };
  if (code !== 'ENOENT') return `could not be read: ${messageOf(error)}`;
  const { dirname, join, resolve } = nodePath();
  const file = resolve(path);
  // What only a checkout has.
  const isCheckout = nodeFs().existsSync(join(dirname(dirname(file)), 'CMakeLists.txt'));
  return isCheckout ? `is not built: \`npm run wasm\` makes ${file}` : `is missing: ${file}`;
}

/** Why there is no addon, and what to do. `path` and `error` are those of a checkout's. */
function whyNot(path: string, error: unknown): string {
  const bundled = `nonlin is in a bundle without its addon: leave it external, or import nonlin/${target()} (docs/bundlers.md)`;
  if (typeof __dirname !== 'string') return bundled;
  try {
    const fs = nodeFs();
    const { name } = JSON.parse(fs.readFileSync(`${__dirname}/../../package.json`, 'utf8')) as { name?: unknown };
    if (name !== 'nonlin') return bundled;
    if (!fs.existsSync(path)) {
      const name = binaryName();
      return `@nonlin/${name} is not installed: it is an optional dependency of nonlin, where there is a binary for ${name}`;
    }
  } catch (failure) {
    // Where files may not be read, what the system said of the addon is all that is known.
    if ((failure as { code?: unknown }).code === 'ENOENT') return bundled;
  }
  return refusal(path || 'the addon', error);
}

/** The system begins with the path as well, and Node goes on with the chain of requiring modules on further lines. */
function refusal(path: string, error: unknown): string {
  const message = messageOf(error);
  return `${path} could not be loaded: ${message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message}`;
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
