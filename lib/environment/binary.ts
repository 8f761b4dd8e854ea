// The module of WebAssembly as base64, which the build for browsers puts in the place of this file: it has to be there when a function
// is called, and what a browser fetches comes later.
export const binary: string = '';
