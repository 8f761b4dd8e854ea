export const root: string;
export const searched: readonly string[];
export const unsearched: readonly string[];
/** By script and file: names of definitions. */
export const scripts: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
