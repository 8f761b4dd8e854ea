// `npm run packages`: what is published: nonlin, and a package of one file for each platform that has been built (npm run prebuilds).
// They are written to build/packages and packed as they stand there, since an optional dependency that is not yet published would
// stop `npm ci` in this repository.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listOf, oneOf, read, text } from '../bench/options.mjs';
import { names, platforms } from './platforms/list.mjs';

const root = join(import.meta.dirname, '..');
const built = join(root, 'build/packages');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version, license, author, repository, homepage, bugs, engines } = manifest;

/** Packs nonlin and the packages of some platforms, name: file of the addon, into a folder; returns the tarballs' paths. */
export function pack(binaries, folder) {
  mkdirSync(folder, { recursive: true });
  const packages = Object.entries(binaries).map(([name, file]) => writePlatform(name, file));
  const checksums = Object.fromEntries(Object.entries(binaries).map(([name, file]) => [name, sha256(file)]));
  const folders = [writeMain(checksums), ...packages];
  const npm = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const files = execFileSync('npm', [...npm, ...folders], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return files.map((file) => join(folder, file));
}

const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

function emptied(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The package of a platform. Who is on another one does not install it. */
function writePlatform(name, file) {
  const { os, cpu, libc } = platforms[name];
  const folder = emptied(join(built, 'packed', name));
  copyFileSync(file, join(folder, 'nonlin.node'));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(
    join(folder, 'README.md'),
    `# @nonlin/${name}\n\nThe binary of [nonlin](${homepage}) for ${name}. Install nonlin, which brings it along.\n`,
  );
  writeJson(join(folder, 'package.json'), {
    name: `@nonlin/${name}`,
    version,
    description: `The binary of nonlin for ${name}`,
    license,
    author,
    repository,
    homepage,
    bugs,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    engines,
    main: 'nonlin.node',
    files: ['nonlin.node'],
    // Yarn keeps a package in its archive otherwise, where no system can load a library from.
    preferUnplugged: true,
  });
  return folder;
}

/** nonlin itself, without what only this repository needs. */
function writeMain(checksums) {
  const folder = emptied(join(built, 'packed', 'nonlin'));
  const { scripts, devDependencies, binary, private: _, ...published } = manifest;
  for (const name of [...published.files, 'LICENSE', 'README.md'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  writeJson(join(folder, 'package.json'), {
    ...published,
    optionalDependencies: Object.fromEntries(Object.keys(checksums).map((name) => [`@nonlin/${name}`, version])),
    // SHA-256 of the nonlin.node of each.
    binaries: checksums,
  });
  return folder;
}

const help = `npm run packages -- [options]

Packs nonlin and its platforms' packages, for npm publish, from build/packages/NAME/nonlin.node, with the tarballs' SHA256SUMS.

  --target NAME[,...]  the platforms (default: all; exit code 1 where one has not been built)
  --folder FOLDER      where the tarballs go (default build/tarballs)
  --json               the tarballs as JSON
  --help               this text
`;
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = read('packages', help, {
    target: [listOf(oneOf(names)), names.join()],
    folder: [text, join(root, 'build/tarballs')],
  });
  const binaries = Object.fromEntries(options.target.map((name) => [name, join(built, name, 'nonlin.node')]));
  const missing = options.target.filter((name) => !existsSync(binaries[name]));
  if (missing.length > 0) {
    console.error(`packages: ${missing.join(', ')} not built: npm run prebuilds`);
    process.exit(1);
  }
  if (!existsSync(join(root, 'dist/nonlin.wasm'))) {
    console.error('packages: WebAssembly not built: npm run wasm');
    process.exit(1);
  }
  const tarballs = pack(binaries, options.folder);
  const sums = tarballs.map((file) => `${sha256(file)}  ${file.slice(options.folder.length + 1)}`);
  writeFileSync(join(options.folder, 'SHA256SUMS'), `${sums.join('\n')}\n`);
  console.log(options.json ? JSON.stringify(tarballs, null, 2) : sums.join('\n'));
}
