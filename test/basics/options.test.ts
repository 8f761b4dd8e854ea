// Options: all that a caller wrote counts or is refused, and nothing that the caller did not write.
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const { GELU, ReLU, Sigmoid, Softmax, Tanh, Tensor } = nonlin;
type Call = (...args: unknown[]) => unknown;
const loose = nonlin as unknown as Record<string, Call & (new (...args: unknown[]) => Call & Record<string, Call>)>;

const x = Float32Array.of(-1, 0.5, 2);
const g = Float32Array.of(1, 2, 3);
const square = new Tensor([
  [1, 2],
  [3, 5],
]);

/** Everything that takes the options of a call: its name in messages, what it takes, and the call. */
const calls: [string, string[], (options: unknown, ...more: unknown[]) => unknown][] = [];
const layers = { relu: ReLU, sigmoid: Sigmoid, tanh: Tanh, gelu: GELU, softmax: Softmax } as const;
for (const [name, Layer] of Object.entries(layers)) {
  const own = name === 'gelu' ? ['approximate'] : name === 'softmax' ? ['dim', 'temperature', 'mask', 'empty'] : [];
  const takes = [...own, 'out', 'precision', 'dtype'];
  const ofLayer = name === 'gelu' ? ['out', 'precision', 'dtype'] : takes;
  const layer = new Layer() as unknown as Call & Record<string, Call>;
  calls.push(
    [name, takes, (...args) => loose[name]!(x, ...args)],
    [`${name}Grad`, takes, (...args) => loose[`${name}Grad`]!(g, x, ...args)],
    [Layer.name, ofLayer, (...args) => layer(x, ...args)],
    [Layer.name, ofLayer, (...args) => layer.forward!(x, ...args)],
    [`${Layer.name}.backward`, ofLayer, (...args) => layer.backward!(g, x, ...args)],
  );
}

it('reads an `out` alone once of long arrays and of Tensors too', () => {
  for (const x of [new Float32Array(1000), new Tensor(new Float32Array(6), { shape: [2, 3] }), { data: g, dims: [3] }])
    for (const call of [
      nonlin.relu,
      nonlin.tanh,
      nonlin.softmax,
      (x: typeof g, o: object) => nonlin.tanhGrad(x, x, o),
    ]) {
      let count = 0;
      const out = x instanceof Float32Array ? new Float32Array(1000) : new Tensor(nonlin.tanh(x));
      const options = {
        get out() {
          count++;
          return out;
        },
      };
      expect((call as Call)(x, options)).toBe(out);
      expect(count).toBe(1);
    }
});

const listed = (names: readonly string[]) => {
  const quoted = names.map((name) => `\`${name}\``);
  return [quoted.slice(0, -1).join(', '), ...quoted.slice(-1)].filter((part) => part !== '').join(' and ');
};

describe.each(calls)('%s, which takes %o', (name, takes, call) => {
  const example = takes[0] === 'out' || name.startsWith('GELU') ? 'out' : takes[0];
  const others = ['dim', 'approximate'].filter((option) => !takes.includes(option));

  it('refuses an option that does not exist', () => {
    const words = fc.oneof(fc.string(), fc.constantFrom('axis', 'Out', 'outt', 'toString', '0', '', ...others));
    fc.assert(
      fc.property(words, fc.anything(), (word, value) => {
        fc.pre(!takes.includes(word) && word !== '__proto__');
        const out = new Float32Array(3).fill(7);
        expect(() => call({ out, [word]: value })).toThrow(TypeError);
        expect(() => call({ out, [word]: value })).toThrow(`\`${word}\``);
        expect(() => call({ [word]: undefined, out })).toThrow(`${name}: `);
        expect(out).toEqual(new Float32Array(3).fill(7));
      }),
      { numRuns: 30 },
    );
  });

  it('names the option that was meant, or those there are', () => {
    const none = (option: string, help: string) => new TypeError(`${name}: there is no option \`${option}\`; ${help}`);
    expect(() => call({ precison: 'exact' })).toThrow(none('precison', 'did you mean `precision`?'));
    expect(() => call({ output: x })).toThrow(none('output', 'did you mean `out`?'));
    const list = listed(takes);
    expect(() => call({ alpha: 1 })).toThrow(none('alpha', `${name} takes ${list}`));
    expect(() => call({ training: true })).toThrow(
      new TypeError(
        `${name}: there is no option \`training\`: nothing is drawn at random, it is what evaluation computes`,
      ),
    );
    expect(() => call({ inplace: true })).toThrow(none('inplace', `${name} takes \`out\`: { out: x } writes over x`));
    expect(() => call({ axis: 0 })).toThrow(none('axis', `${name} takes ${takes.includes('dim') ? '`dim`' : list}`));
    if (takes.includes('approximate'))
      expect(() => call({ aproximate: 'tanh' })).toThrow(none('aproximate', 'did you mean `approximate`?'));
  });

  it('takes a plain object and nothing else', () => {
    const wanted = `${name}: options must be a plain object such as { ${example} }, got `;
    class Options {
      out = new Float32Array(3);
    }
    const refused: [unknown, string][] = [
      [null, 'null'],
      ['tanh', '"tanh"'],
      [true, 'true'],
      [() => 0, 'a function'],
      [new Float32Array(3), 'Float32Array of 3; pass { out: ... }'],
      [new Int8Array(3), 'Int8Array of 3; pass { out: ... }'],
      [square, 'a Tensor; pass { out: ... }'],
      [[1, 2], `an Array of 2; pass { ${takes[0] === 'dim' ? 'dim' : 'out'}: ... }`],
      [new Map([['out', x]]), 'a Map'],
      [new Options(), 'an Options'],
      [
        new (class {
          alpha = 2;
        })(),
        'an object',
      ],
      // Its options are in a prototype, where they are as well hidden as in a class.
      [Object.create({ out: new Float32Array(3) }), 'an object'],
      [Object.create({ precision: 'exact' }, { out: { value: x, enumerable: true } }), 'an object'],
    ];
    for (const [options, got] of refused) expect(() => call(options)).toThrow(new TypeError(`${wanted}${got}`));
    for (const options of [{}, Object.create(null), Object.freeze({}), runInNewContext('({})')])
      expect(call(options)).toEqual(call(undefined));
    const bare = Object.assign(Object.create(null), { out: new Float32Array(3) });
    expect(call(bare)).toBe(bare.out);
    const foreign = Object.assign(runInNewContext('({})'), { out: new Float32Array(3) });
    expect(call(foreign)).toBe(foreign.out);
  });

  it('does not read Object.prototype', () => {
    const plain = call(undefined);
    const options: Record<string, unknown> = {
      out: new Float32Array(3),
      precision: 'none',
      dim: 7,
      approximate: 'none',
    };
    for (const enumerable of [true, false]) {
      for (const [option, value] of Object.entries(options)) {
        Object.defineProperty(Object.prototype, option, { value, enumerable, configurable: true, writable: true });
        try {
          expect(call(undefined)).toEqual(plain);
          expect(call({})).toEqual(plain);
          expect(call({})).not.toBe(value);
          if (option !== 'precision') expect(call({ precision: 'fast' })).toEqual(plain);
          const out = new Float32Array(3);
          expect(call({ out })).toBe(out);
        } finally {
          delete (Object.prototype as unknown as Record<string, unknown>)[option];
        }
      }
    }
  });

  it('reads each option once', () => {
    const values: Record<string, unknown> = {
      out: new Float32Array(3),
      precision: 'fast',
      dim: 0,
      approximate: 'none',
    };
    const reads: string[] = [];
    const options = {};
    for (const option of takes)
      Object.defineProperty(options, option, {
        enumerable: true,
        get: () => {
          reads.push(option);
          return values[option];
        },
      });
    call(options);
    expect(reads).toEqual(takes);
    // Alone it is read in another way.
    for (const out of [values.out, undefined, null, new Float32Array(4), Object.create(null)]) {
      let count = 0;
      const alone = {
        get out() {
          count++;
          return out;
        },
      };
      if (out === values.out) expect(call(alone)).toBe(out);
      else if (out === undefined) expect(call(alone)).toEqual(call(undefined));
      else expect(() => call(alone)).toThrow(`${name}: `);
      expect(count).toBe(1);
    }
  });

  it('takes undefined for what is left out', () => {
    const options = Object.fromEntries(takes.map((option) => [option, undefined]));
    expect(call(options)).toEqual(call(undefined));
  });

  it('takes no argument after the options', () => {
    const before = /Grad$|\.backward$/.test(name) ? 'grad, x' : 'x';
    for (const more of [{}, 0, x, null])
      expect(() => call({}, more)).toThrow(new RegExp(`^${name} takes ${before} and one object of options, got also `));
    expect(call({}, undefined)).toEqual(call(undefined));
  });

  it('takes a number only as dim', () => {
    if (takes.includes('dim')) {
      expect(call(0)).toEqual(call({ dim: 0 }));
      expect(call(-1)).toEqual(call({ dim: -1 }));
      expect(() => call(1)).toThrow(new RangeError(`${name}: dim must be in [-1, 0] for shape [3], got 1`));
      expect(() => call(0.5)).toThrow(new TypeError(`${name}: dim must be an integer, got 0.5`));
      expect(() => call(Number.NaN)).toThrow(new TypeError(`${name}: dim must be an integer, got NaN`));
    } else {
      expect(() => call(0)).toThrow(
        new TypeError(`${name}: options must be a plain object such as { ${example} }, got 0`),
      );
    }
  });
});

describe('own enumerable properties count, and nothing else', () => {
  const right: Record<string, unknown> = {
    out: new Float32Array(3),
    precision: 'exact',
    dim: 0,
    approximate: 'tanh',
    shape: [3, 1],
    dtype: 'float32',
    rtol: 1e-3,
    atol: 1e-3,
    equalNan: true,
  };
  const readers: [string, string[], (options: unknown) => unknown][] = [
    ...calls,
    ['GELU', ['approximate'], (options) => new loose.GELU!(options)],
    ['Softmax', ['dim'], (options) => new loose.Softmax!(options)],
    ['Tensor', ['shape', 'dtype'], (options) => new loose.Tensor!(x, options)],
    ['allClose', ['rtol', 'atol', 'equalNan'], (options) => square.allClose(square, options as object)],
  ];
  const symbol = Symbol('out');

  it.each(readers)('%s, which takes %o', (name, takes, read) => {
    for (const option of [...takes, 'constructor', 'unknown', symbol]) {
      // A hidden property, as of a mixin, is not read at all, whatever it is.
      const hidden = Object.defineProperty({}, option, {
        get: () => {
          throw new Error(`${String(option)} was read`);
        },
      });
      expect(() => read(hidden)).not.toThrow();
    }
    expect(() => read({ [symbol]: Number.NaN })).not.toThrow();
    expect(() => read({ constructor: Object })).toThrow(
      new RegExp(`^${name}: there is no option \`constructor\`; ${name} takes `),
    );
    class Disguised {}
    Object.defineProperty(Disguised.prototype, 'constructor', { value: Object });
    for (const option of takes) {
      const options = { [option]: right[option] };
      expect(() => read(options)).not.toThrow();
      const prototypes = [options, {}, Object.create(null), Object.create(Object.prototype), Disguised.prototype];
      for (const prototype of prototypes)
        expect(() => read(Object.assign(Object.create(prototype), options))).toThrow(
          new RegExp(`^${name}: options must be a plain object such as \\{ \\w+.* \\}, got an? `),
        );
    }
  });
});

describe('constructors', () => {
  it('take a number as dim, like the function and the layer', () => {
    for (const dim of [0, 1, -1, -2]) {
      const expected = nonlin.softmax(square, { dim });
      expect(nonlin.softmax(square, dim)).toEqual(expected);
      expect(new Softmax(dim)(square)).toEqual(expected);
      expect(new Softmax({ dim })(square)).toEqual(expected);
      expect(new Softmax()(square, dim)).toEqual(expected);
      expect(new Softmax().forward(square, dim)).toEqual(expected);
      expect(String(new Softmax(dim))).toBe(`Softmax(dim=${dim})`);
      const slope = nonlin.softmaxGrad(square, square, { dim });
      expect(nonlin.softmaxGrad(square, square, dim)).toEqual(slope);
      expect(new Softmax(dim).backward(square, square)).toEqual(slope);
      expect(new Softmax().backward(square, square, dim)).toEqual(slope);
      expect(new Softmax().backward(square, square, { dim })).toEqual(slope);
    }
    expect(nonlin.softmax(square, 0)).not.toEqual(nonlin.softmax(square, 1));
  });

  it.each([
    ['softmax', () => loose.softmax!(x, 0, { mask: [true, false, true], out: x })],
    ['softmaxGrad', () => loose.softmaxGrad!(x, x, 0, { mask: [true, false, true], out: x })],
    ['Softmax', () => new loose.Softmax!().forward!(x, 0, { mask: [true], out: x })],
  ])('%s says how options go with a dim', (name, call) => {
    expect(call).toThrow(/ and one object of options, got also an object; pass one: { dim: 0, mask, out }$/);
    expect(call).toThrow(new RegExp(`^${name}`));
    expect(() => loose.logSumExp!(x, 0, { keepdim: true, out: x })).toThrow(/; pass one: { dim: 0, keepdim }$/);
    expect(() => loose.logSumExpGrad!(1, x, 0, { dim: 1, typo: 1 })).toThrow(/; pass one: { dim: 0 }$/);
    expect(() => new Softmax().backward(x, x, ...([0, { mask: [true] }] as never[]))).toThrow(/{ dim: 0, mask }$/);
    expect(() => new loose.ReLU!().forward!(x, 0, { out: x })).toThrow(/got also an object$/);
    expect(() => loose.softmax!(x, Number.NaN, {})).toThrow(/got also an object$/);
    expect(() => loose.softmax!(x, 0, 1)).toThrow(/got also 1$/);
    expect(() => loose.softmax!(x, {}, {})).toThrow(/got also an object$/);
  });

  it.each(['ReLU', 'Sigmoid', 'Tanh'])('%s takes nothing', (name) => {
    const wrong = `${name}: the constructor takes nothing, got `;
    expect(() => new loose[name]!(x)).toThrow(
      new TypeError(`${wrong}Float32Array of 3; to apply it: new ${name}()(x)`),
    );
    expect(() => new loose[name]!({ inplace: true })).toThrow(
      new TypeError(`${wrong}an object; to apply it: new ${name}()(x, { out: x })`),
    );
    for (const option of ['out', 'inPlace'])
      expect(() => new loose[name]!({ [option]: x })).toThrow(`; to apply it: new ${name}()(x, { out: x })`);
    expect(() => new loose[name]!({ alpha: 1 })).toThrow(
      new TypeError(`${wrong}an object; to apply it: new ${name}()(x)`),
    );
    expect(() => new loose[name]!(undefined, 0)).toThrow(`${wrong}0`);
    expect(() => new loose[name]!(null)).toThrow(`${wrong}null`);
    expect(String(new loose[name]!(undefined))).toBe(`${name}()`);
  });

  it.each([
    ['GELU', ['approximate'], 'aproximate'],
    ['Softmax', ['dim', 'temperature', 'empty'], 'dims'],
  ] as const)('%s takes %s', (name, all, slip) => {
    const [option] = all;
    const Layer = loose[name]!;
    const wanted = `${name}: options must be a plain object such as { ${option} }, got `;
    const apply = `; to apply it: new ${name}()(x)`;
    expect(() => new Layer(x)).toThrow(new TypeError(`${wanted}Float32Array of 3${apply}`));
    expect(() => new Layer(square)).toThrow(new TypeError(`${wanted}a Tensor${apply}`));
    expect(() => new Layer('tanh')).toThrow(new TypeError(`${wanted}"tanh"`));
    expect(() => new Layer(null)).toThrow(new TypeError(`${wanted}null`));
    expect(() => new Layer({ [slip]: 0 })).toThrow(
      new TypeError(`${name}: there is no option \`${slip}\`; did you mean \`${option}\`?`),
    );
    expect(() => new Layer({ out: x })).toThrow(
      new TypeError(`${name}: there is no option \`out\`; ${name} takes ${listed(all)}`),
    );
    expect(() => new Layer({}, 0)).toThrow(new TypeError(`${name} takes one object of options, got also 0`));
    Object.defineProperty(Object.prototype, option, { value: 'sigmoid', configurable: true });
    try {
      expect(String(new Layer({}))).toBe(String(new Layer()));
    } finally {
      delete (Object.prototype as unknown as Record<string, unknown>)[option];
    }
  });

  it('check what they take', () => {
    expect(() => new loose.Softmax!({ dim: 0.5 })).toThrow(new TypeError('Softmax: dim must be an integer, got 0.5'));
    expect(() => new loose.Softmax!({ dim: '0' })).toThrow(new TypeError('Softmax: dim must be an integer, got "0"'));
    expect(() => new loose.Softmax!(0.5)).toThrow(new TypeError('Softmax: dim must be an integer, got 0.5'));
    expect(() => new loose.GELU!({ approximate: 'erf' })).toThrow(
      new TypeError(`GELU: approximate must be 'none', 'tanh' or 'sigmoid', got "erf"`),
    );
    expect(() => new loose.GELU!(0)).toThrow(TypeError);
  });

  it('have options that calls do not', () => {
    const layer = new GELU() as unknown as Call & Record<string, Call>;
    const instead = '`approximate` is an option of the constructor: new GELU({ approximate })';
    expect(() => layer(x, { approximate: 'tanh' })).toThrow(new TypeError(`GELU: ${instead}`));
    expect(() => layer.backward!(g, x, { approximate: 'tanh' })).toThrow(new TypeError(`GELU.backward: ${instead}`));
  });
});

it('a list mapped through a function of two arguments is not taken for dimensions', () => {
  const list = [square, square] as unknown[];
  for (const f of [loose.softmax!, new Softmax() as unknown as Call]) expect(() => list.map(f)).toThrow(TypeError);
});
