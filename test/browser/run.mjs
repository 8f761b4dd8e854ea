// `npm run browser:check`: the ES modules of dist/ in headless Chromium: WebAssembly serves and gives the addon's bits in all functions,
// where a page's policy refuses it TypeScript does, and the example page draws, checks and measures without an error.
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { elementwise, neededBy } from '../../bench/functions.mjs';
import { flag, read, text } from '../../bench/options.mjs';
import * as nonlin from '../../dist/cjs/index.js';
import { checksums } from './core.mjs';

const help = `npm run browser:check -- [options]

Serves dist/esm and opens it in headless Chromium (Debian: chromium). Compares checksums of the results of all functions with those of
the backend that serves in Node, and looks at examples/browser. Exit code 1 where anything is wrong.

  --browser FILE  the program (default /usr/bin/chromium)
  --picture FILE  where a picture of the example page goes (default build/browser/example.png)
  --dark          that page at night
  --json          rows as JSON
  --help          this text
`;
const root = join(import.meta.dirname, '../..');
const options = read('browser:check', help, {
  browser: [text, '/usr/bin/chromium'],
  picture: [text, join(root, 'build/browser/example.png')],
  dark: [flag],
});

// Where it is not installed, all but --help says so.
const { chromium } = await import('playwright-core');

const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript', '.css': 'text/css' };
// Nothing that a page has to allow but WebAssembly itself, which /strict/ refuses.
const policy = "default-src 'self'; img-src data:; script-src 'self'";
const server = createServer((request, response) => {
  const isStrict = request.url.startsWith('/strict/');
  const path = normalize(isStrict ? request.url.slice('/strict'.length) : request.url);
  try {
    const body = readFileSync(join(root, path));
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream');
    response.setHeader('content-security-policy', isStrict ? policy : `${policy} 'wasm-unsafe-eval'`);
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end();
  }
});
await new Promise((resume) => server.listen(0, '127.0.0.1', resume));
const at = (path) => `http://127.0.0.1:${server.address().port}${path}`;

const functions = elementwise.map((name) => {
  const [base, approximate] = name.split(':');
  return { name: base, options: { ...neededBy(base), ...(approximate && { approximate }) } };
});

const rows = [];
function tell(what, fault, detail = '') {
  rows.push({ what, ok: fault === undefined, detail: fault ?? detail });
  if (!options.json)
    console.log(`${fault === undefined ? 'ok    ' : 'FAILED'} ${what}${detail || fault ? `: ${fault ?? detail}` : ''}`);
}
const wanted = (found, expected) => (found === expected ? undefined : `${found}, not ${expected}`);

const browser = await chromium.launch({ executablePath: options.browser, args: ['--no-sandbox'] });
try {
  const version = `Chromium ${browser.version()}`;

  /** Opens a page, and has what it says of errors. */
  const open = async (path, settings = {}) => {
    const page = await browser.newPage(settings);
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(at(path));
    return { page, errors };
  };
  const core = (page, prefix) =>
    page.evaluate(
      async ([prefix, functions]) => {
        const start = performance.now();
        const nonlin = await import(`${prefix}/dist/esm/index.js`);
        const milliseconds = performance.now() - start;
        const { checksums, differences } = await import(`${prefix}/test/browser/core.mjs`);
        return {
          info: nonlin.info(),
          milliseconds,
          sums: checksums(nonlin, functions),
          differ: differences(nonlin, functions),
        };
      },
      [prefix, functions],
    );

  const { page, errors } = await open('/test/browser/page.html');
  const { info, milliseconds, sums, differ } = await core(page, '');
  tell(
    `WebAssembly serves in ${version}`,
    wanted(info.backend, 'wasm'),
    `the module is there after ${milliseconds.toFixed(0)} ms`,
  );
  if (info.wasmReason !== null) tell('its reason', info.wasmReason);

  nonlin.useBackend(nonlin.backends()[0]);
  const expected = checksums(nonlin, functions);
  const other = Object.keys(expected).filter((name) => expected[name] !== sums[name]);
  tell(
    `all results have the bits of ${nonlin.info().backend} in Node`,
    other.length === 0 ? undefined : other.join('; '),
    `${Object.keys(expected).length} checksums`,
  );
  const wrong = Object.entries(differ).filter(([, count]) => count > 0);
  tell(
    'exact has the bits of TypeScript in the page',
    wrong.length === 0 ? undefined : wrong.map(([name, count]) => `${name} ${count}`).join(', '),
    `${Object.keys(differ).length} functions`,
  );
  tell('no error in the page', errors.length === 0 ? undefined : errors.join('; '));
  await page.close();

  const strict = await open('/strict/test/browser/page.html');
  const refused = await core(strict.page, '/strict');
  tell(
    'TypeScript serves where the policy refuses WebAssembly',
    wanted(refused.info.backend, 'js'),
    refused.info.wasmReason,
  );
  const exact = Object.keys(sums).filter((name) => / exact$/.test(name) && !/max/.test(name) && !/glu/.test(name));
  tell(
    'and gives the same exact bits',
    exact.every((name) => sums[name] === refused.sums[name]) ? undefined : 'they differ',
    `${exact.length} checksums`,
  );
  await strict.page.close();

  const example = await open('/examples/browser/index.html', {
    viewport: { width: 1180, height: 640 },
    deviceScaleFactor: 2,
    colorScheme: options.dark ? 'dark' : 'light',
  });
  await example.page.waitForSelector('body[data-done]', { timeout: 120_000 });
  const box = await example.page.locator('#plot').boundingBox();
  await example.page.mouse.move(box.x + box.width * 0.62, box.y + box.height / 2);
  await mkdir(join(options.picture, '..'), { recursive: true });
  await example.page.screenshot({ path: options.picture, fullPage: true });
  const facts = await example.page.locator('#facts').innerText();
  tell('the example says that WebAssembly serves', /WebAssembly/.test(facts) ? undefined : facts);
  tell('it finds no other number than TypeScript', /the same bits/.test(facts) ? undefined : facts);
  const speeds = await example.page.locator('#speed tr').allInnerTexts();
  tell(
    'it has measured',
    speeds.length > 5 ? undefined : 'no speeds',
    speeds
      .slice(1)
      .map((line) => line.replace(/\s+/g, ' '))
      .join('; '),
  );
  tell('no error in it', example.errors.length === 0 ? undefined : example.errors.join('; '));
} finally {
  await browser.close();
  server.close();
}
if (options.json) console.log(JSON.stringify(rows, null, 2));
process.exit(rows.every(({ ok }) => ok) ? 0 : 1);
