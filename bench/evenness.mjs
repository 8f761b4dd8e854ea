// One function on several inputs, in turn: how much its time depends on the values.
import * as nonlin from 'nonlin';
import { callOf, shapeOf } from './calls.mjs';
import { isSliced } from './functions.mjs';
import { inputArray, standard } from './inputs.mjs';

/**
 * Nanoseconds of one call of each in turn, the fastest tenth of `time` milliseconds' short turns. `prepare(i)` comes before each, and is not
 * counted.
 */
export function inTurns(calls, time, elements, prepare) {
  const batch = Math.max(1, Math.floor(65536 / elements));
  const turns = calls.map(() => []);
  for (const call of calls) call();
  const end = performance.now() + time * calls.length;
  do {
    for (const [i, call] of calls.entries()) {
      prepare(i);
      const start = process.hrtime.bigint();
      for (let k = 0; k < batch; k++) call();
      turns[i].push(Number(process.hrtime.bigint() - start) / batch);
    }
  } while (performance.now() < end || turns[0].length < 20);
  return turns.map((times) => times.sort((a, b) => a - b)[Math.floor(times.length / 10)]);
}

/** Prints a table for each size of `plan`, or all rows as JSON. */
export function evenness(options, plan) {
  const [dtype] = options.dtype;
  const rows = [];
  const width = Math.max(19, ...options.function.map((name) => name.length)) + 1;
  for (const { size, names } of plan.filter(({ names }) => names.length > 0)) {
    if (!options.json) {
      console.log(`\n${size} ${dtype}, threads: ${options.threads}; ns per element, and times of the best`);
      console.log(`${'function'.padEnd(width)}backend precision   best  worst  times`);
    }
    for (const name of names) {
      const inputs = options.input.flatMap((one) => (one === 'even' ? standard(name) : [one]));
      const length = isSliced(name) ? shapeOf(name, size).shape.at(-1) : size;
      // Several of each, one after another: what branches do on one array a processor learns by heart.
      const several = Math.max(1, Math.min(16, Math.floor(2 ** 22 / size)));
      const arrays = inputs.map((one) => Array.from({ length: several }, () => inputArray(one, dtype, size, length)));
      // All of them in one place, as that counts too: of arrays of 1 MB some lie on large pages, and take two thirds of the time.
      const [x, out] = [arrays[0][0].slice(), arrays[0][0].slice()];
      let turn = 0;
      const prepare = (i) => {
        if (i === 0) turn++;
        x.set(arrays[i][turn % several]);
      };
      for (const backend of options.backend) {
        nonlin.useBackend(backend);
        for (const precision of options.precision) {
          // What leaves entries of x out has a copy of its own.
          const calls = arrays.map(([one]) =>
            callOf(name, name.endsWith(':infinite') ? one : x, out, precision, dtype),
          );
          const each = inTurns(calls, options.time, size, prepare).map((time) => time / size);
          const best = Math.min(...each);
          const all = inputs.map((one, i) => ({
            input: one,
            nanosecondsPerElement: each[i],
            timesBest: each[i] / best,
          }));
          rows.push({ function: name, backend, precision, size, inputs: all });
          if (!options.json) print(name.padEnd(width), backend, precision, all);
        }
      }
    }
  }
  if (options.json) console.log(JSON.stringify(rows, null, 2));
}

function print(title, backend, precision, all) {
  const times = all.map(({ nanosecondsPerElement }) => nanosecondsPerElement);
  const figures = [Math.min(...times), Math.max(...times)].map((time) => time.toPrecision(3).padStart(7)).join('');
  const worst = Math.max(...all.map(({ timesBest }) => timesBest));
  const rest = all.map(({ input, timesBest }) => `${input} ${timesBest.toFixed(2)}`).join(', ');
  console.log(`${title}${backend.padEnd(8)}${precision.padEnd(9)}${figures}${worst.toFixed(1).padStart(7)}  ${rest}`);
}
