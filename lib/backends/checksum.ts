// By what a binary is known to compute the right numbers here (native/addon/self_test.cpp).

/**
 * What the kernels compute on every machine. It changes with a formula of theirs, and then the addon's own says to what:
 * `node -p "require('./prebuilds/linux-x64/nonlin.node').checksums.map((sum) => sum.toString(16))"`.
 */
export const rightChecksum = 0xcf8d985b2dc21a6dn;

/** The same without numbers of 16 bits, which WebAssembly leaves to TypeScript: its module's `checksum()`. */
export const rightChecksumOfWasm = 0x73fd5e166b5d7a38n;
