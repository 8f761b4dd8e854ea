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
    const { isMainThread } =
      process.getBuiltinModule?.('node:worker_threads') ??
      (require('node:worker_threads') as typeof import('node:worker_threads'));
    return isMainThread;
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

/** The folder of prebuilds/ that this process needs, and the name of its entry for bundlers. */
const target = () => (typeof process === 'object' ? `${process.platform}-${process.arch}` : 'unknown');

/** An addon that was opened, with the file or the entry of this package that it came from; or why there is none. */
export type Opened =
  | { readonly path: string; readonly exports: unknown; readonly reason?: undefined }
  | { readonly reason: string };

/** Opens the addon: the file that NONLIN_BINARY names, or else that of this package for this platform. */
export function openAddon(): Opened {
  const named = variable('NONLIN_BINARY');
  let path = named ?? '';
  try {
    const { resolve } = process.getBuiltinModule?.('node:path') ?? (require('node:path') as typeof import('node:path'));
    // Spelt out so that what collects the files of a deployment by reading code (@vercel/nft) finds it. dist/cjs/ is as deep as this.
    path = resolve(named ?? `${__dirname}/../../prebuilds/${target()}/nonlin.node`);
    return { path, exports: open(path) };
  } catch (error) {
    if (named !== undefined) return { reason: `NONLIN_BINARY: ${refusal(path, error)}` };
    return openGiven() ?? { reason: whyNot(path, error) };
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

/** Why the addon of this package could not be opened, and what to do. */
function whyNot(path: string, error: unknown): string {
  const bundled = `nonlin is in a bundle without its addon: leave it external, or import nonlin/${target()} (docs/bundlers.md)`;
  if (typeof __dirname !== 'string') return bundled;
  try {
    const fs = process.getBuiltinModule?.('node:fs') ?? (require('node:fs') as typeof import('node:fs'));
    const { name } = JSON.parse(fs.readFileSync(`${__dirname}/../../package.json`, 'utf8')) as { name?: unknown };
    if (name !== 'nonlin') return bundled;
    if (!fs.existsSync(path)) return `${path} does not exist: there is no binary for ${target()} here`;
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
