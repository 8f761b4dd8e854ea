// The module of WebAssembly, which the build for browsers puts in the place of this file: it has to be there when a function is called,
// and what a browser fetches comes later. Compressed, as base64 would be half as long again on its way as what it stands for.

/** Raw deflate as base64; empty where the build has no module. */
export const binary: string = '';
/** Its bytes when it is decompressed. */
export const size: number = 0;
