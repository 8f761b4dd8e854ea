/** Builds `names`, or everything, for this processor or for another. Throws an error that begins with the compiler's message. */
export function build(names?: readonly string[], target?: 'arm64' | 'arm64-quick'): void;
/** Where a program is; null where it cannot be built here. */
export function program(name: string, target?: 'arm64' | 'arm64-quick'): string | null;
