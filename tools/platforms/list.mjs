// The platforms that have a binary, by the names that lib/environment/node.ts looks for: each is the package @nonlin/NAME, and an entry
// for bundlers, nonlin/NAME.

/** Node 20 asks for glibc 2.28. This one is the oldest that there is for both processors, of 2012, and costs nothing. */
const glibc = '2.17';

const x64 = { processor: 'x86_64', cpu: 'x64' };
const arm64 = { processor: 'aarch64', cpu: 'arm64' };
const linux = { system: 'Linux', os: 'linux' };
/** The oldest that Node 20 runs on. */
const macosVersion = '11.0';
const macos = { system: 'Darwin', os: 'darwin' };

/**
 * What CMake calls the system and the processor, what Zig calls both, whose kernels it may have, as these know nothing of the system but
 * the object format, and how package managers know who is to have it.
 */
export const platforms = {
  'linux-x64': { ...linux, ...x64, target: `x86_64-linux-gnu.${glibc}`, libc: 'glibc' },
  'linux-arm64': { ...linux, ...arm64, target: `aarch64-linux-gnu.${glibc}`, libc: 'glibc' },
  'linux-x64-musl': { ...linux, ...x64, target: 'x86_64-linux-musl', libc: 'musl', kernelsOf: 'linux-x64' },
  'linux-arm64-musl': { ...linux, ...arm64, target: 'aarch64-linux-musl', libc: 'musl', kernelsOf: 'linux-arm64' },
  'darwin-x64': { ...macos, ...x64, target: `x86_64-macos.${macosVersion}` },
  'darwin-arm64': { ...macos, ...arm64, target: `aarch64-macos.${macosVersion}` },
  'win32-x64': { system: 'Windows', os: 'win32', ...x64, target: 'x86_64-windows-gnu' },
};

export const names = Object.keys(platforms);
/** The oldest systems that the binaries are built for. */
export const glibcFloor = glibc;
export const macosFloor = macosVersion;

/** The kernels for engines of WebAssembly, on any platform: in the package itself, and no addon. */
export const wasm = { system: 'Generic', processor: 'wasm32', target: 'wasm32-wasi' };
