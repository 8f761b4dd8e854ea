// nonlin in a page: draws an activation and its slope, says which backend serves, holds it against TypeScript and measures it.
import * as nonlin from '../../dist/esm/index.js';

const find = (id) => document.getElementById(id);

/** Those that are drawn, with the options that make another function of them. */
const functions = {
  gelu: { name: 'gelu' },
  'gelu, tanh': { name: 'gelu', options: { approximate: 'tanh' } },
  relu: { name: 'relu' },
  leakyRelu: { name: 'leakyRelu', options: { negativeSlope: 0.1 } },
  elu: { name: 'elu' },
  selu: { name: 'selu' },
  silu: { name: 'silu' },
  mish: { name: 'mish' },
  sigmoid: { name: 'sigmoid' },
  tanh: { name: 'tanh' },
  softplus: { name: 'softplus' },
  logSigmoid: { name: 'logSigmoid' },
  softsign: { name: 'softsign' },
  squareplus: { name: 'squareplus' },
  hardSwish: { name: 'hardSwish' },
  hardSigmoid: { name: 'hardSigmoid' },
};

const served = nonlin.info().backend;

/** An element of SVG or of HTML, with attributes and children. */
function element(space, tag, attributes = {}, ...children) {
  const made = document.createElementNS(`http://www.w3.org/${space}`, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
const svg = (...rest) => element('2000/svg', ...rest);
const html = (...rest) => element('1999/xhtml', ...rest);

// --- the facts above ---

function fact(title, text, kind = '') {
  find('facts').append(html('div', {}, html('dt', {}, title), html('dd', { class: kind }, text)));
}

const titles = { wasm: 'WebAssembly, with relaxed SIMD', js: 'TypeScript' };
fact('who computes', titles[served] ?? served, served === 'js' ? '' : 'good');

/** How many of many float32 results differ from TypeScript's where they are rounded correctly. */
function differing() {
  const x = Float32Array.from({ length: 100_000 }, (_, i) => (i - 50_000) / 2500);
  let count = 0;
  for (const { name, options } of Object.values(functions)) {
    const [found, expected] = [served, 'js'].map((backend) => {
      nonlin.useBackend(backend);
      return nonlin[name](x, { ...options, precision: 'exact' });
    });
    count += found.filter((value, i) => !Object.is(value, expected[i])).length;
  }
  nonlin.useBackend(served);
  return count;
}

// --- the plot ---

const box = { left: 44, right: 704, top: 14, bottom: 372 };
const [low, high] = [-6, 6];
const xs = Float64Array.from({ length: 1201 }, (_, i) => low + ((high - low) * i) / 1200);
const across = (x) => box.left + ((x - low) / (high - low)) * (box.right - box.left);

let drawn;

function draw(title) {
  const { name, options } = functions[title];
  const values = nonlin[name](xs, options);
  const slopes = nonlin[`${name}Grad`](new Float64Array(xs.length).fill(1), xs, options);
  const all = [...values, ...slopes];
  const bottom = Math.floor(Math.min(...all) - 0.25);
  const top = Math.ceil(Math.max(...all) + 0.1);
  const up = (y) => box.bottom - ((y - bottom) / (top - bottom)) * (box.bottom - box.top);
  const plot = find('plot');
  plot.replaceChildren();
  for (let x = low; x <= high; x += 2) {
    plot.append(
      svg('line', { class: x === 0 ? 'axis' : 'grid', x1: across(x), x2: across(x), y1: box.top, y2: box.bottom }),
    );
    plot.append(svg('text', { x: across(x), y: box.bottom + 20, 'text-anchor': 'middle' }, String(x)));
  }
  const step = Math.max(1, Math.ceil((top - bottom) / 8));
  for (let y = Math.ceil(bottom / step) * step; y <= top; y += step) {
    plot.append(svg('line', { class: y === 0 ? 'axis' : 'grid', x1: box.left, x2: box.right, y1: up(y), y2: up(y) }));
    plot.append(svg('text', { x: box.left - 8, y: up(y) + 4, 'text-anchor': 'end' }, String(y)));
  }
  const line = (ys, kind) => {
    const d = [...ys].map((y, i) => `${i === 0 ? 'M' : 'L'}${across(xs[i]).toFixed(2)} ${up(y).toFixed(2)}`).join('');
    plot.append(svg('path', { class: kind, d }));
  };
  line(slopes, 'slope');
  line(values, 'value');
  const dots = ['value', 'slope'].map((kind) => svg('circle', { class: kind, r: 5, visibility: 'hidden' }));
  plot.append(...dots);
  drawn = { title, values, slopes, up, dots };
}

function point(event) {
  const frame = find('plot').getBoundingClientRect();
  const x =
    low + ((((event.clientX - frame.left) / frame.width) * 720 - box.left) / (box.right - box.left)) * (high - low);
  const i = Math.min(1200, Math.max(0, Math.round(((x - low) / (high - low)) * 1200)));
  for (const [k, ys] of [drawn.values, drawn.slopes].entries()) {
    drawn.dots[k].setAttribute('visibility', 'visible');
    drawn.dots[k].setAttribute('cx', across(xs[i]));
    drawn.dots[k].setAttribute('cy', drawn.up(ys[i]));
  }
  find('at').textContent =
    `${drawn.title}(${xs[i].toFixed(2)}) = ${drawn.values[i].toPrecision(7)}, slope ${drawn.slopes[i].toPrecision(7)}`;
}

// --- the speeds ---

const size = 65_536;

/** What people write. */
const loops = {
  relu: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.max(0, x[i]);
  },
  sigmoid: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]));
  },
  tanh: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i]);
  },
  'gelu, tanh': (x, y) => {
    const c = Math.sqrt(2 / Math.PI);
    for (let i = 0; i < x.length; i++) y[i] = 0.5 * x[i] * (1 + Math.tanh(c * (x[i] + 0.044715 * x[i] ** 3)));
  },
  silu: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = x[i] / (1 + Math.exp(-x[i]));
  },
  softmax: (x, y) => {
    for (let start = 0; start < x.length; start += 1024) {
      let [largest, sum] = [-Infinity, 0];
      for (let i = start; i < start + 1024; i++) largest = Math.max(largest, x[i]);
      for (let i = start; i < start + 1024; i++) sum += y[i] = Math.exp(x[i] - largest);
      for (let i = start; i < start + 1024; i++) y[i] /= sum;
    }
  },
};

const pause = () => new Promise((resume) => setTimeout(resume, 0));

/** Nanoseconds per element in the best of many short turns, which candidates take one after another. */
async function measure(candidates, milliseconds = 250) {
  const best = candidates.map(() => Infinity);
  // Browsers round their clock, to 0.1 ms and more.
  const calls = 16;
  const end = performance.now() + milliseconds * candidates.length;
  do {
    for (const [k, call] of candidates.entries()) {
      const start = performance.now();
      for (let i = 0; i < calls; i++) call();
      best[k] = Math.min(best[k], ((performance.now() - start) * 1e6) / calls / size);
    }
    await pause();
  } while (performance.now() < end);
  return best;
}

async function measureAll() {
  const x = Float32Array.from({ length: size }, (_, i) => Math.sin(i) * 4);
  const out = new Float32Array(size);
  const table = find('speed');
  find('speed-title').textContent = `Speed: ns per element of ${size} float32`;
  const headings = [served === 'js' ? 'TypeScript' : served, ...(served === 'js' ? [] : ['TypeScript']), 'a loop'];
  table.append(html('tr', {}, ...['', ...headings, 'times as fast as a loop'].map((title) => html('th', {}, title))));
  const rows = [];
  for (const title of Object.keys(loops)) {
    const { name, options } = functions[title] ?? { name: title };
    const rowsOf = (data) => new nonlin.Tensor(data, { shape: [size / 1024, 1024] });
    const [from, to] = title === 'softmax' ? [rowsOf(x), rowsOf(out)] : [x, out];
    const by = (backend) => () => {
      nonlin.useBackend(backend);
      nonlin[name](from, { ...options, out: to });
    };
    const backends = served === 'js' ? ['js'] : [served, 'js'];
    const found = await measure([...backends.map(by), () => loops[title](x, out)]);
    rows.push({ title, found });
  }
  nonlin.useBackend(served);
  const most = Math.max(...rows.map(({ found }) => found.at(-1) / found[0]));
  for (const { title, found } of rows) {
    const times = found.at(-1) / found[0];
    const bar = html('div', { class: 'bar' }, html('i', {}), `${times.toFixed(1)}x`);
    // Not as an attribute, which a page's policy for styles may refuse.
    bar.firstChild.style.width = `${Math.max(2, (100 * times) / most) * 0.66}%`;
    const numbers = found.map((ns) => html('td', {}, ns.toFixed(2)));
    table.append(html('tr', {}, html('td', {}, title), ...numbers, html('td', { class: 'times' }, bar)));
  }
  find('note').textContent =
    'The best of many short turns, each function into the same array; softmax over rows of 1024. A loop is plain JavaScript as most people write it.';
}

// --- all of it ---

for (const title of Object.keys(functions)) find('name').append(html('option', {}, title));
find('name').addEventListener('change', () => draw(find('name').value));
find('plot').addEventListener('pointermove', point);
draw('gelu');
await pause();

const differ = differing();
fact(
  'exact, held against TypeScript',
  differ === 0 ? `the same bits, ${Object.keys(functions).length} functions` : `${differ} differ`,
  differ === 0 ? 'good' : 'bad',
);
const { reason, wasmReason, version } = nonlin.info();
fact('version', served === 'js' ? `${version}; ${wasmReason ?? reason}` : version);
await measureAll();
document.body.dataset.done = 'true';
