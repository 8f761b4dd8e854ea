/** Packs nonlin and the packages of some platforms, name: file of the addon, into a folder; returns the tarballs' paths. */
export function pack(binaries: Record<string, string>, folder: string): string[];
