// Small calls where the addon has no memory of its own for them, as in Electron: they are handed a block, and give the same bits.
import { expect, it, vi } from 'vitest';

type Library = typeof import('../../lib/index.js');

/** The library over an addon that has a block, or as if it had none; with how many arguments it was called last. */
async function load(own: boolean): Promise<{ readonly nonlin: Library; readonly last: () => number }> {
  vi.resetModules();
  let last = -1;
  vi.doMock('../../lib/environment/node.js', async (original) => {
    const environment = await original<typeof import('../../lib/environment/node.js')>();
    return {
      ...environment,
      openAddon() {
        const opened = environment.openAddon();
        if (opened.reason !== undefined) return opened;
        const { block, call, ...rest } = opened.exports as {
          block: ArrayBuffer;
          call: (...args: unknown[]) => unknown;
        };
        const counted = (...args: unknown[]) => {
          last = args.length;
          return call(...args);
        };
        return { ...opened, exports: { ...rest, call: counted, ...(own ? { block } : {}) } };
      },
    };
  });
  const nonlin = await import('../../lib/index.js');
  vi.doUnmock('../../lib/environment/node.js');
  return { nonlin, last: () => last };
}

it('is handed over where the addon has none', async () => {
  const [with0, with1] = [await load(true), await load(false)];
  for (const Floats of [Float32Array, Float64Array]) {
    const x = new Floats(60).map((_, i) => Math.sin(i) * 5);
    const results = ({ nonlin, last }: typeof with0, expected: number) => {
      const t = new nonlin.Tensor(x, { shape: [3, 4, 5] });
      return [
        () => nonlin.sigmoid(x),
        () => nonlin.geluGrad(x, x, { precision: 'exact' }),
        () => nonlin.swiglu(x, x),
        () => nonlin.swigluGrad(x, x, x)[1],
        () => nonlin.prelu(t, { weight: new Floats([1, 2, 3, 4]) }).data,
        () => nonlin.softmax(t, { dim: 1 }).data,
        () => nonlin.logSumExp(t).data,
      ].map((call) => {
        const y = call();
        expect(last()).toBe(expected);
        return Buffer.from(y.buffer).toString('hex');
      });
    };
    expect(results(with1, 1)).toEqual(results(with0, 0));
  }
});
