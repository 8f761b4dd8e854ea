// What this library uses of WebAssembly, whose types TypeScript has only among those of browsers; not every engine has it.

/** A module's memory. `buffer` is another one when it has grown. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/**
 * What makes instances of a module that imports nothing, and gives their exports. Throws where there is no WebAssembly, or it does not
 * take the module.
 */
export function compile(bytes: Uint8Array): () => unknown {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { readonly exports: unknown };
    };
  };
  const module = new WebAssembly.Module(bytes);
  return () => new WebAssembly.Instance(module).exports;
}
