// How a stream through the program ends: what is left over, what stands there when something fails, and processes at pipes.
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { main } from '../../lib/cli/main.js';
import { writeNpy } from '../../lib/files/npy.js';
import { writeHeader } from '../../lib/files/npy-header.js';
import * as nl from '../../lib/index.js';
import { numbers, ownBlocks, whole, x } from '../support/processes/blocks.js';
import { at, pieces, program, run } from '../support/processes/cli.js';
import { bytesOf } from '../support/streamed.js';

ownBlocks();

describe('what is left over', () => {
  it.each<[string, string[], number, number, string]>([
    ['a value', ['relu', '--raw', 'float32'], 90, 88, '2 bytes are left at the end: a value of float32 has 4'],
    ['a value', ['relu', '--raw', 'float64'], 81, 80, '1 byte is left at the end: a value of float64 has 8'],
    [
      'a value',
      ['relu', '--raw', 'float16', '--dtype', 'float32'],
      3,
      4,
      '1 byte is left at the end: a value of float16 has 2',
    ],
    [
      'a row',
      ['softmax', '--raw', 'float32', '--row', '5'],
      96,
      80,
      '16 bytes are left at the end: a row of 5 float32 values has 20',
    ],
    [
      'all',
      ['softmax', '--raw', 'float32', '--row', '5'],
      1,
      0,
      '1 byte is left at the end: a row of 5 float32 values has 20',
    ],
  ])('of %s fails, after what was whole: %j', async (_, args, size, written, message) => {
    const { code, bytes, error } = await run(args, bytesOf(x.data).subarray(0, size));
    expect({ code, written: bytes.length, error }).toEqual({
      code: 1,
      written,
      error: `nonlin: standard input: ${message}\n`,
    });
  });

  it('of a .npy pipe fails too', async () => {
    const bytes = Buffer.from(writeNpy(x));
    const cut = await run(['relu', '-o', '-'], bytes.subarray(0, -70_001));
    expect(cut.code).toBe(1);
    expect(cut.error).toBe(
      'nonlin: standard input: the .npy file is truncated: it has 290359 bytes of data, shape (3, 1001, 30) of <f4 needs 360360\n',
    );
    expect(cut.bytes.equals(Buffer.from(writeNpy(nl.relu(x))).subarray(0, cut.bytes.length))).toBe(true);
    expect(cut.bytes.length).toBe(bytes.length - 70_004);
    // Others may follow, as np.load has it.
    const long = await run(['relu', '-o', '-'], Buffer.concat([bytes, bytes]));
    expect(long.code).toBe(0);
    expect(long.bytes.equals(writeNpy(nl.relu(x)))).toBe(true);
    const rows = await run(['softmax', '-o', '-'], bytes.subarray(0, -1));
    expect(rows.error).toContain('it has 360359 bytes of data, shape');
  });

  it('of a pipe whose header says more than there is memory fails', async () => {
    for (const sizes of [
      [2, 1e12],
      [1e12, 4],
      [3, 2 ** 40 + 1],
      [2 ** 30, 2 ** 22],
    ]) {
      const { code, error } = await run(
        ['softmax', '-o', '-'],
        Buffer.concat([writeHeader('f4', sizes), bytesOf(x.data)]),
      );
      expect(code).toBe(1);
      expect(error).toMatch(
        /^nonlin: standard input: the \.npy file is truncated: it has 360360 bytes of data, shape .*\n$/,
      );
    }
  });

  it('of rows of more than a block: none', async () => {
    const wide = new nl.Tensor(numbers(4, 3 * 300_001), { shape: [3, 300_001] });
    for (const name of ['softmax', 'logSumExp'])
      expect((await run([name, '-o', '-'], writeNpy(wide))).bytes.equals(writeNpy(whole(name, wide)))).toBe(true);
    const even = new nl.Tensor(numbers(4, 3 * 300_002), { shape: [3, 300_002] });
    expect((await run(['glu', '-o', '-'], writeNpy(even))).bytes.equals(writeNpy(nl.glu(even)))).toBe(true);
    const raw = await run(['softmax', '--raw', 'float32', '--row', '300001'], bytesOf(wide.data));
    expect(raw.bytes.equals(bytesOf(nl.softmax(wide).data))).toBe(true);
  });

  it('of one of two files fails', async () => {
    const short = bytesOf(x.data).subarray(0, 400);
    expect(await run(['swiglu', 'x.raw', '-', '--raw', 'float32'], short)).toMatchObject({
      code: 1,
      error: 'nonlin: x.raw has more values than the other file\n',
    });
    expect(await run(['swiglu', '-', 'x.raw', '--raw', 'float32'], short)).toMatchObject({
      code: 1,
      error: 'nonlin: x.raw has more values than the other file\n',
    });
    expect(
      (await run(['swiglu', 'x.npy', '-', '-o', '-'], readFileSync(at('up.npy')).subarray(0, -4))).error,
    ).toContain('standard input: the .npy file is truncated: it has 360356 bytes');
  });

  it('of a single file, where something is added meanwhile, is nothing', async () => {
    writeFileSync(at('grows.raw'), bytesOf(x.data));
    let written = 0;
    const out = {
      write: (bytes: string | Uint8Array) => {
        appendFileSync(at('grows.raw'), Buffer.alloc(8));
        written += bytes.length;
      },
    };
    const io = { out, error: process.stderr, environment: {}, readSome: () => 0, inputIsTTY: false };
    expect(await main(['relu', '--raw', 'float32', at('grows.raw')], io)).toBe(0);
    expect(written).toBe(x.size * 4);
  });

  it('of a file is seen before anything is written', async () => {
    writeFileSync(at('short.npy'), Buffer.from(writeNpy(x)).subarray(0, -4));
    const { code, bytes, error } = await run(['relu', 'short.npy', '-o', '-']);
    expect({ code, length: bytes.length }).toEqual({ code: 1, length: 0 });
    expect(error).toContain('short.npy: the .npy file is truncated: it has 360356 bytes of data');
  });
});

describe('a file that is written', () => {
  const leftovers = () => readdirSync(at('.')).filter((name) => name.endsWith('.part'));

  it('has its name when it is whole, and else what was there stays', async () => {
    writeFileSync(at('kept.npy'), 'before');
    for (const [args, input] of [
      [['relu', '-o', 'kept.npy'], Buffer.from(writeNpy(x)).subarray(0, -1)],
      [['relu', '--raw', 'float32', '-o', 'kept.npy'], bytesOf(x.data).subarray(0, -1)],
      [['relu', '--jsonl', '-o', 'kept.npy'], Buffer.from('[1]\n[x]\n')],
      [['softmax', '--dim', '7', '-o', 'kept.npy'], Buffer.from(writeNpy(x))],
    ] as const) {
      expect((await run([...args], input)).code).toBe(1);
      expect(readFileSync(at('kept.npy'), 'utf8')).toBe('before');
    }
    expect(leftovers()).toEqual([]);
    expect((await run(['relu', 'x.npy', '-o', 'kept.npy'])).code).toBe(0);
    expect(readFileSync(at('kept.npy')).equals(writeNpy(nl.relu(x)))).toBe(true);
    expect(leftovers()).toEqual([]);
  });

  it('may be its own input', async () => {
    writeFileSync(at('own.npy'), writeNpy(x));
    expect((await run(['softmax', 'own.npy', '-o', 'own.npy'])).code).toBe(0);
    expect(readFileSync(at('own.npy')).equals(writeNpy(nl.softmax(x)))).toBe(true);
    writeFileSync(at('own.raw'), bytesOf(x.data));
    expect((await run(['relu', 'own.raw', '--raw', 'float32', '-o', 'own.raw'])).code).toBe(0);
    expect(readFileSync(at('own.raw')).equals(bytesOf(nl.relu(x).data))).toBe(true);
  });

  it.skipIf(process.platform === 'win32')(
    'keeps its mode and a link to it (skipped on Windows, which has neither)',
    async () => {
      writeFileSync(at('mode.npy'), '', { mode: 0o600 });
      symlinkSync('mode.npy', at('link.npy'));
      expect((await run(['relu', 'x.npy', '-o', 'link.npy'])).code).toBe(0);
      expect(lstatSync(at('link.npy')).isSymbolicLink()).toBe(true);
      expect(statSync(at('mode.npy')).mode & 0o777).toBe(0o600);
      expect(readFileSync(at('mode.npy')).equals(writeNpy(nl.relu(x)))).toBe(true);
      // More than a new file is allowed.
      chmodSync(at('mode.npy'), 0o666);
      expect((await run(['relu', 'x.npy', '-o', 'mode.npy'])).code).toBe(0);
      expect(statSync(at('mode.npy')).mode & 0o777).toBe(0o666);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'is where a link leads at which there is nothing yet, and an error where links go round (skipped on Windows)',
    async () => {
      mkdirSync(at('far/away'), { recursive: true });
      symlinkSync('far/away', at('near'));
      symlinkSync('../later.npy', at('near/link.npy'));
      symlinkSync('near/link.npy', at('far.npy'));
      expect((await run(['relu', 'x.npy', '-o', 'far.npy'])).code).toBe(0);
      expect(readdirSync(at('far')).sort()).toEqual(['away', 'later.npy']);
      expect(lstatSync(at('far.npy')).isSymbolicLink() && lstatSync(at('near/link.npy')).isSymbolicLink()).toBe(true);
      symlinkSync('round.npy', at('round.npy'));
      expect(await run(['relu', 'x.npy', '-o', 'round.npy'])).toMatchObject({
        code: 1,
        error: 'nonlin: cannot write round.npy: too many symbolic links encountered\n',
      });
      const behind = (await run(['relu', 'x.npy', '-o', 'x.npy/y.npy'])).error;
      expect(behind).toBe('nonlin: cannot write x.npy/y.npy: not a directory\n');
    },
  );

  // In /dev/fd nothing can be made or renamed, whatever is wrong here.
  it.skipIf(process.platform === 'win32')('is a pipe of the shell, >(cat) (skipped on Windows)', () => {
    const line = `"${process.execPath}" "${program}" relu x.npy -o /dev/fd/3 3>&1 | cat`;
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: at('.'), timeout: 20_000 });
    expect(stderr.toString()).toBe('');
    expect(stdout.equals(writeNpy(nl.relu(x)))).toBe(true);
  });

  // Not /dev/null: what is wrong here would replace it for the whole machine.
  it.skipIf(process.platform === 'win32')(
    'is written to itself where it is a pipe by name (skipped on Windows)',
    () => {
      const line = `mkfifo fifo && cat fifo > got & until [ -p fifo ]; do sleep 0.01; done; "${process.execPath}" "${program}" relu x.npy -o fifo; wait`;
      expect(spawnSync('bash', ['-c', line], { cwd: at('.'), timeout: 20_000 }).stderr.toString()).toBe('');
      expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
      expect(readFileSync(at('got')).equals(writeNpy(nl.relu(x)))).toBe(true);
    },
  );

  it('is an error where it cannot be', async () => {
    mkdirSync(at('folder'));
    expect((await run(['relu', 'x.npy', '-o', 'folder'])).error).toBe(
      'nonlin: cannot write folder: illegal operation on a directory\n',
    );
  });
});

describe('a process', () => {
  const start = (args: string[]) => spawn(process.execPath, [program, ...args], { cwd: at('.'), stdio: 'pipe' });

  it('answers what has come before more does', async () => {
    for (const [args, sent, got] of [
      [['relu', '--raw', 'float32'], bytesOf(Float32Array.of(-1, 2)), bytesOf(Float32Array.of(0, 2))],
      [['relu', '--jsonl'], Buffer.from('[-1, 2]\n'), Buffer.from('[0,2]\n')],
    ] as const) {
      const child = start([...args]);
      for (let i = 0; i < 3; i++) {
        child.stdin.write(sent);
        const answer: Buffer = await new Promise((resolve) => child.stdout.once('data', resolve));
        expect(answer.equals(got)).toBe(true);
      }
      child.stdin.end();
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    }
  });

  it.skipIf(process.platform === 'win32')(
    'ends quietly where its reader has seen enough (skipped without a shell)',
    () => {
      const line = `"${process.execPath}" "${program}" relu --raw float32 < /dev/zero | head -c 10 | wc -c; echo "$\{PIPESTATUS[0]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', line]);
      expect(stderr.toString()).toBe('');
      expect(stdout.toString().split(/\s+/).filter(Boolean)).toEqual(['10', '0']);
      const byName = spawnSync('bash', ['-c', line.replace('<', '-o /dev/stdout <')]);
      expect([byName.stderr.toString(), byName.stdout.toString()]).toEqual(['', stdout.toString()]);
    },
  );

  it('waits at pipes that others have made such that they do not', async () => {
    // Python, and Node for its own children, make pipes so.
    const script = `
      import fcntl, os, subprocess, sys, time
      def pipe():
          ends = os.pipe()
          for end in ends: fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_NONBLOCK)
          return ends
      (inner, feed), (drain, outer) = pipe(), pipe()
      child = subprocess.Popen(sys.argv[1:], stdin=inner, stdout=outer)
      os.close(inner), os.close(outer)
      sent, got, data = 0, 0, bytes(400000)
      while child.poll() is None or got < sent:
          try:
              if sent < len(data): sent += os.write(feed, data[sent:sent + 30000])
              elif feed: os.close(feed); feed = None
          except BlockingIOError: pass
          time.sleep(0.002)
          try:
              some = os.read(drain, 20000)
              if not some: break
              got += len(some)
          except BlockingIOError: pass
      print(got, child.wait())`.replace(/^ {6}/gm, '');
    const { stdout, stderr } = spawnSync('/usr/bin/python3', [
      '-c',
      script,
      process.execPath,
      program,
      'relu',
      '--raw',
      'float32',
    ]);
    expect({ out: stdout.toString(), error: stderr.toString() }).toEqual({ out: '400000 0\n', error: '' });
  });

  it('takes little memory for a file of 600 MB, and leaves it as it is', () => {
    const header = writeHeader('f4', [150, 1_000_000]);
    writeFileSync(at('large.npy'), header);
    truncateSync(at('large.npy'), header.length + 600e6);
    // On Linux `maxRSS` begins with what the process that started this one holds.
    const measured = `
      process.argv = [process.argv[0], ...process.argv.slice(1)];
      const most = () => {
        if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
        return /VmHWM:\\s+(\\d+)/.exec(require('node:fs').readFileSync('/proc/self/status', 'utf8'))[1];
      };
      process.on('exit', () => process.stderr.write(String(most())));
      require(${JSON.stringify(program)});`;
    const null_ = openSync(process.platform === 'win32' ? at('null') : '/dev/null', 'w');
    for (const name of ['sigmoid', 'softmax']) {
      const { stderr } = spawnSync(process.execPath, ['-e', measured, program, name, 'large.npy', '-o', '-'], {
        cwd: at('.'),
        stdio: ['ignore', null_, 'pipe'],
      });
      expect(Number(stderr.toString())).toBeGreaterThan(10_000);
      expect(Number(stderr.toString())).toBeLessThan(150_000);
    }
    closeSync(null_);
    expect(statSync(at('large.npy')).size).toBe(header.length + 600e6);
    truncateSync(at('large.npy'), 0);
  });
});

it('shows on a terminal how far it is, and then nothing', async () => {
  let shown = '';
  const error = { isTTY: true, write: (text: string | Uint8Array) => (shown += text) };
  const slowly = (readSome: (into: Uint8Array) => number) => (into: Uint8Array) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    return readSome(into);
  };
  for (const [line, input, text] of [
    [['relu', '-o', '-'], writeNpy(x), /standard input: 0\.00 GB of 0\.00 GB, \d\d %, 0\.0\d GB\/s/],
    [['relu', '--raw', 'float32'], bytesOf(x.data), /standard input: 0\.00 GB, 0\.0\d GB\/s/],
  ] as const) {
    shown = '';
    const readSome = slowly(pieces(input, 30_000));
    await main([...line], { out: { write: () => {} }, error, environment: {}, readSome, inputIsTTY: false });
    expect(shown).toMatch(text);
    expect(shown.endsWith('\r\x1b[K')).toBe(true);
  }
});

it('leaves no line on a terminal where it fails', async () => {
  let shown = '';
  const error = { isTTY: true, write: (text: string | Uint8Array) => (shown += text) };
  const readSome = pieces(bytesOf(x.data).subarray(0, 1000));
  const out = {
    write: () => {
      throw new Error('no more');
    },
  };
  const io = { out, error, environment: {}, readSome, inputIsTTY: false };
  await expect(main(['relu', '--raw', 'float32'], io)).rejects.toThrow('no more');
  expect(shown).toBe('\r\x1b[K');
});

it('writes lines of JSON on a terminal', async () => {
  let shown = '';
  const out = { isTTY: true, write: (text: string | Uint8Array) => (shown += text) };
  const io = { out, error: out, environment: {}, readSome: pieces(Buffer.from('[-1, 2]')), inputIsTTY: false };
  expect(await main(['relu', '--jsonl'], io)).toBe(0);
  expect(shown).toBe('[0,2]\n');
});

describe('wrong usage', () => {
  it.each([
    [['relu', '--raw', 'int8'], '--raw must be one of float32, float64, float16, bfloat16, got "int8"'],
    [
      ['relu', '--dtype', 'fp16'],
      '--dtype must be one of float32, float64, float16, bfloat16, got "fp16"; did you mean float16?',
    ],
    [['relu', '--precision', 'exakt'], '--precision must be one of fast, exact, got "exakt"; did you mean exact?'],
    [['relu', '--dtype', 'int8'], '--dtype must be one of float32, float64, float16, bfloat16, got "int8"'],
    [['softmax', '--raw', 'float32'], '--row is needed, the number of values that make a row: --row <n>'],
    [['glu', '--raw', 'float32'], '--row is needed'],
    [['softmax', '--raw', 'float32', '--row', '0'], '--row must be an integer of at least 1, got "0"'],
    [['softmax', '--raw', 'float32', '--row', '4', '--dim', '0'], '--dim is not for --raw, whose rows --row tells'],
    [['relu', '--raw', 'float32', '--json'], '--json is not for --raw'],
    [['relu', '--raw', 'float32', '--jsonl'], '--jsonl is not for --raw'],
    [['relu', '--raw', 'float32', 'x.npy'], '--raw is for bare values, and x.npy is a .npy file by its name'],
    [
      ['relu', 'x.npy', '-o', 'y.csv'],
      '-o y.csv: a .npy file is written, or with --raw or --jsonl values or lines, and no .csv',
    ],
    [['relu', '--jsonl', '--json'], '--json is not for --jsonl'],
    [['softmax', '--jsonl', '--row', '3'], '--row is not for --jsonl'],
    [['relu', '--jsonl', '--grad', 'up.npy'], '--grad is not for --jsonl'],
    [['glu', 'x.npy', '--grad', 'up.npy'], '--grad is not an option of glu'],
    [['relu', '--grad', '-', '-'], 'standard input is one file: name the others'],
    [['softmax', 'x.raw', '--grad', 'up.raw', '--raw', 'float32'], '--row is needed'],
    [['swiglu', 'x.npy', 'up.npy', '--jsonl'], '--jsonl takes one file, got also up.npy'],
    [['softmax', 'x.npy', '--row', '3'], '--row is for --raw: a .npy file says what its rows are'],
    [['mish', '--raw', 'float32', '--row', '3'], '--row is not an option of mish'],
    [['crossEntropy', 'x.npy', '--target', 'x.npy', '--raw', 'float32'], '--raw is not an option of crossEntropy'],
  ])('%j', async (args, message) => {
    const { code, out, error } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toContain(`nonlin: ${message}`);
  });

  it('is a terminal for raw values', async () => {
    let error = '';
    const out = { isTTY: true, write: () => {} };
    const io = {
      out,
      error: { write: (text: string | Uint8Array) => (error += text) },
      environment: {},
      readSome: () => 0,
      inputIsTTY: false,
    };
    expect(await main(['relu', '--raw', 'float32'], io)).toBe(2);
    expect(error).toContain('raw values are not for a terminal: redirect it, or name a file with -o');
  });
});
