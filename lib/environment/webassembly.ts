// What this library uses of WebAssembly, whose types TypeScript has only among those of browsers; not every engine has it.

/** A module's memory. `buffer` is another one when it has grown. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The exports of a module that imports nothing. Throws where there is no WebAssembly, or it does not take the module. */
export function instantiate(bytes: Uint8Array): unknown {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { readonly exports: unknown };
    };
  };
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}
