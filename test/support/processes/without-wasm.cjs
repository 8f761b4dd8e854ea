// Before a program: WebAssembly, which is not what it is about.
delete globalThis.WebAssembly;
