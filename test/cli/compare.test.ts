// `nonlin compare` and `nonlin check`: as processes on the built file, on native code and on addons that are wrong.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../lib/activations/signatures.js';
import { activationNames } from '../../lib/activations/table.js';
import { mostFew } from '../../lib/backends/backend.js';
import { loops } from '../../lib/cli/compare/loops.js';
import { writeNpy } from '../../lib/files/npy.js';
import { backends } from '../../lib/index.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { at, hasNative, nonlin, ownFolder, packageJson, program, quickly } from '../support/processes/cli.js';
import { fakeAddon } from '../support/processes/fake.js';

ownFolder();

const activations = [...activationNames, 'softmax', 'logSoftmax'];
const compared = [...Object.keys(loops), 'softmax'];
/** Rows with each of their parameters, and softmax. */
const operations = [...activationNames.flatMap(casesOf), { label: 'softmax' }, { label: 'logSoftmax' }];

describe.skipIf(!hasNative)('with a native backend (skipped where none runs)', () => {
  it('compare measures what people write as a loop', () => {
    const { code, out, error } = nonlin([...quickly, 'f4.npy', '--json']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const { backend, threads, dtype, shape, copy, rows } = JSON.parse(out);
    expect({ backend, threads, dtype, shape }).toEqual({
      backend: backends()[0],
      threads: 1,
      dtype: 'float32',
      shape: [2, 2],
    });
    expect(rows.map((row: { activation: string }) => row.activation)).toEqual(compared);
    for (const { backend, typescript, loop, copies, relus, timesTypescript, timesLoop, agreement } of rows) {
      for (const { low, median, high, turns } of [copy, backend, typescript, loop]) {
        expect(low).toBeGreaterThan(0);
        expect(median).toBeGreaterThanOrEqual(low);
        expect(high).toBeGreaterThanOrEqual(median);
        expect(turns).toBeGreaterThanOrEqual(5);
      }
      expect(copies).toBeCloseTo(backend.low / copy.low, 9);
      expect(relus).toBeCloseTo(backend.low / rows[0].backend.low, 9);
      expect(timesTypescript).toBeCloseTo(typescript.low / backend.low, 9);
      expect(timesLoop).toBeCloseTo(loop.low / backend.low, 9);
      expect(agreement.ulp).toBeLessThanOrEqual(agreement.bound);
      expect(agreement).toMatchObject({ beyond: 0 });
    }
  });

  it('compare has a table for readers, of 80 columns, and a sentence at its end', () => {
    const { code, out } = nonlin([...quickly, 'f4.npy', '--precision', 'exact', '--threads', '2']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^\S+ on 2 threads, TypeScript and a plain JavaScript loop, in turns\nf4.npy: float32 \[2, 2\], precision exact\n/,
    );
    expect(out).toMatch(/^function +ns +copies +relus +TypeScript +a loop +all 4$/m);
    expect(out).toMatch(/^copy +[\d.]+ +1\.0$/m);
    expect(out).toMatch(/^relu +[\d.]+ +[\d.]+ +1\.0 +[\d.]+x +[\d.]+x +\S* +the same$/m);
    expect(out).toMatch(/\nsigmoid: [\d.]+x (faster|slower) than a JavaScript loop, (at|for) .*copy\n$/);
    const lines = out.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    // Three of what is compared, two of titles, the copy and the sentence, and blank ones after the first and before the last.
    expect(lines.length).toBe(compared.length + 9);
  });

  it('compare and check leave npm start 40 lines of 80 columns in all', () => {
    const root = join(import.meta.dirname, '../..');
    const logits = 'test/data/ocr-rec-logits.npy';
    const text = [
      [...quickly, logits],
      ['check', '--count', '300', '--function', compared.join()],
    ]
      .map((args) => spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: 'utf8' }).stdout)
      .join('\n');
    const lines = text.split('\n');
    // Four are npm's, four those of the build; then a blank one.
    expect(lines.length - 1).toBeLessThanOrEqual(40 - 4 - 4 - 1);
    for (const line of [...lines, `> ${packageJson.scripts.start}`]) expect(line.length).toBeLessThanOrEqual(80);
    expect(packageJson.scripts).not.toHaveProperty('prestart');
  });

  it('compare measures a float64 tensor, also with one dimension and with none', () => {
    for (const shape of [[3], []]) {
      writeFileSync(at('shape.npy'), writeNpy(new Tensor(new Float64Array(shape[0] ?? 1).fill(0.5), { shape })));
      const { code, out } = nonlin([...quickly, 'shape.npy', '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ dtype: 'float64', shape });
    }
  });

  it.each(backends())('compare runs %s where it is asked for, by NONLIN_BACKEND too', (name) => {
    const { out } = nonlin([...quickly, 'f4.npy', '--json', '--backend', name]);
    expect(JSON.parse(out).backend).toBe(name);
    const asked = nonlin([...quickly, 'f4.npy', '--json'], { NONLIN_BACKEND: name });
    expect(JSON.parse(asked.out).backend).toBe(name);
  });

  it('check finds every backend within its bounds', () => {
    const { code, out, error } = nonlin(['check', '--json', '--count', '20000']);
    const { ok, rows } = JSON.parse(out);
    expect(rows.filter((row: { ok: boolean }) => !row.ok)).toEqual([]);
    expect({ code, error, ok }).toEqual({ code: 0, error: '', ok: true });
    // Each native backend, activation and direction, in float32 fast and exact and in float64.
    expect(rows.length).toBe((backends().length - 1) * operations.length * 2 * 3);
  });

  it('check has a line for each function, of 80 columns, and a verdict at its end', () => {
    const { code, out } = nonlin(['check', '--count', '300']);
    expect(code).toBe(0);
    const native = backends().slice(0, -1);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toBe('largest distance from TypeScript in ulp; 300 inputs, seed 1');
    expect(lines[2]!.trim().split(/ +/)).toEqual(native);
    expect(lines[3]!.split(/ +/)).toEqual(['function', ...native.flatMap(() => ['float32', 'exact', 'float64'])]);
    const rows = lines.slice(4, -2);
    expect(rows.map((line) => line.split(' ')[0])).toEqual(activations);
    for (const line of rows) expect(line.match(/✓/g)?.length).toBe(3 * native.length);
    expect(rows[0]).toMatch(/^relu( +✓)+$/);
    const comparisons = native.length * operations.length * 2 * 3;
    expect(lines.at(-1)).toMatch(
      new RegExp(`^ok\\. ${comparisons} passed; 0 failed; nearest to its bound: \\d+ of \\d+ ulp; \\d+\\.\\d s$`),
    );
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('check has a line for each comparison with --verbose', () => {
    const { out } = nonlin(['check', '--count', '300', '--verbose']);
    const lines = out.trimEnd().split('\n');
    expect(lines.length).toBe((backends().length - 1) * operations.length * 2 * 3 + 5);
    expect(lines[2]).toMatch(/^function +backend +dtype +ulp +bound +at$/);
    expect(lines[2 + backends().length]).toMatch(new RegExp(`^reluGrad +${backends()[0]} +float32 +✓ +0$`));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('check knows silu as swish too', () => {
    const { out } = nonlin(['check', '--count', '300', '--json', '--function', 'swish']);
    expect(JSON.parse(out).rows[0].activation).toBe('silu');
  });

  it('check tells a seed from another, and repeats one', () => {
    const run = (seed: string) => {
      const { seconds, ...found } = JSON.parse(nonlin(['check', '--count', '300', '--json', '--seed', seed]).out);
      expect(seconds).toBeGreaterThan(0);
      return found;
    };
    const seven = run('7');
    expect(run('7')).toEqual(seven);
    expect(run('8').rows).not.toEqual(seven.rows);
  });
});

// Beyond a small call, which has other arguments.
const many = `${2 * mostFew}`;

describe('with an addon that is wrong in one place', () => {
  // Plain TypeScript under a native name, but for tanh(0.5) of float32 in fast precision.
  const wrongAddon = (wrong = 'value === 0.5 && (y[i] = 0.4621175)') =>
    fakeAddon(
      at('wrong.cjs'),
      `if (op === ${activationNames.indexOf('tanh')} && !exact && y instanceof Float32Array)
        x.forEach((value, i) => ${wrong});`,
    );

  it('check finds it, and exits with 1', () => {
    const { code, out, error } = nonlin(['check', '--json', '--count', many], wrongAddon());
    expect({ code, error }).toEqual({ code: 1, error: '' });
    const { ok, rows } = JSON.parse(out);
    expect(ok).toBe(false);
    expect(rows.length).toBe(operations.length * 2 * 3);
    const [row, ...others] = rows.filter((row: { ulp: number }) => row.ulp > 0);
    expect(others).toEqual([]);
    // tanh(0.5) is 0.46211717 in float32, whose numbers are 2^-25 apart there.
    expect(row).toMatchObject({ backend: 'avx2', activation: 'tanh', direction: 'forward', dtype: 'float32' });
    expect(row).toMatchObject({ precision: 'fast', ulp: 11, bound: 2, ok: false });
    expect(row.worst).toEqual({
      x: 0.5,
      grad: null,
      native: Math.fround(0.4621175),
      typescript: Math.fround(0.46211717),
    });
  });

  it('check shows it in its line and in full, and says that it failed', () => {
    const { code, out } = nonlin(['check', '--count', many], wrongAddon());
    expect(code).toBe(1);
    expect(out).toMatch(/^tanh +✗ 11 +✓ +✓$/m);
    expect(out).toContain(`
✗ tanh, avx2, float32: 11 ulp apart
  x           0.5
  native      0.4621175
  typescript  0.46211717
  bound       2 ulp: the promised error, against the correctly rounded result
`);
    // Of one backend: forward and gradient, in float32 fast and exact and in float64.
    const comparisons = 2 * 3 * operations.length;
    expect(out).toMatch(
      new RegExp(
        `\\nFAILED\\. ${comparisons - 1} passed; 1 failed; nearest to its bound: 11 of 2 ulp; \\d+\\.\\d s\\n$`,
      ),
    );
  });

  it('check takes a zero of the wrong sign for a difference', () => {
    const { code, out } = nonlin(['check', '--count', many], wrongAddon('value || (y[i] = 0)'));
    expect(code).toBe(1);
    expect(out).toMatch(/^✗ tanh, avx2, float32: Infinity ulp apart\n +x +-0\n +native +0\n +typescript +-0$/m);
  });

  it('compare shows it', () => {
    // Half of the entries are 0.5.
    writeFileSync(at('half.npy'), writeNpy(new Tensor(new Float32Array(2 * mostFew).fill(1).fill(0.5, mostFew))));
    const { rows } = JSON.parse(nonlin([...quickly, 'half.npy', '--json'], wrongAddon()).out);
    const { agreement } = rows.find(({ activation }: { activation: string }) => activation === 'tanh');
    expect(agreement).toEqual({ ulp: 11, bound: 2, beyond: mostFew, identical: 0.5 });
    const { out } = nonlin([...quickly, 'half.npy'], wrongAddon());
    expect(out).toMatch(new RegExp(`^tanh .* but ${mostFew} within 2 ulp$`, 'm'));
  });
});

describe('with two instruction sets, one of which must not run', () => {
  // Plain TypeScript under two native names; under the first, every call throws.
  const twoSets = () => {
    const refusing = `(block, ...arrays) => {
      if (new Int32Array(block)[0] === 0) throw new Error('it must not run');
      call(block, ...arrays);
    }`;
    writeFileSync(at('many.npy'), writeNpy(new Tensor(new Float32Array(2 * mostFew).fill(0.5))));
    return fakeAddon(at('two.cjs'), '', `sets: ['avx512', 'avx2'], call: ${refusing},`);
  };

  it.each([
    ['js', 'NONLIN_BACKEND=js: TypeScript and'],
    ['avx2', 'avx2 on 1 thread, TypeScript and'],
  ])('compare runs %s alone where NONLIN_BACKEND says so', (name, title) => {
    const { code, out, error } = nonlin([...quickly, 'many.npy'], { ...twoSets(), NONLIN_BACKEND: name });
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out.startsWith(`${title} a plain JavaScript loop, in turns\n`)).toBe(true);
  });

  it('check runs avx2 alone where NONLIN_BACKEND or --backend says so', () => {
    for (const { code, out } of [
      nonlin(['check', '--count', many, '--json'], { ...twoSets(), NONLIN_BACKEND: 'avx2' }),
      nonlin(['check', '--count', many, '--json', '--backend', 'avx2'], twoSets()),
    ]) {
      expect(code).toBe(0);
      const names = new Set(JSON.parse(out).rows.map((row: { backend: string }) => row.backend));
      expect([...names]).toEqual(['avx2']);
    }
  });

  it('check has nothing to check with NONLIN_BACKEND=js, and says so', () => {
    const { code, out, error } = nonlin(['check'], { ...twoSets(), NONLIN_BACKEND: 'js' });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toBe('nonlin: NONLIN_BACKEND=js is what the native backends are held against\n');
  });
});
