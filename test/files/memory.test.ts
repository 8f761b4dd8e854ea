// The memory that files and tensors lie in: shared with other threads, of another realm, transferred.
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { readNpy, readNpz, readSafetensors, writeNpy, writeNpz, writeSafetensors } from '../../lib/files.js';
import { Tensor } from '../../lib/tensor/tensor.js';

const x = new Tensor([1, 2, 3]);
const formats: [string, Uint8Array, (bytes: Uint8Array) => { toArray(): unknown }][] = [
  ['npy', writeNpy(x), (bytes) => readNpy(bytes)],
  ['npz', writeNpz({ x }), (bytes) => readNpz(bytes).get('x')!],
  ['deflated npz', writeNpz({ x, grün: x }, { compress: true }), (bytes) => readNpz(bytes).get('x')!],
  ['safetensors', writeSafetensors({ x }), (bytes) => readSafetensors(bytes).get('x')!],
];
const transfer = (view: ArrayBufferView) => structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });

describe.each(formats)('bytes of %s', (_, bytes, read) => {
  it('may be shared, or of another realm', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    expect(read(shared).toArray()).toEqual([1, 2, 3]);
    const other = runInNewContext('Uint8Array') as typeof Uint8Array;
    expect(read(other.from(bytes)).toArray()).toEqual([1, 2, 3]);
    expect(read(Buffer.from(bytes)).toArray()).toEqual([1, 2, 3]);
  });

  it('that are gone are no empty file', () => {
    const gone = bytes.slice();
    transfer(gone);
    expect(() => read(gone)).toThrow(/^read\w+: .*the memory of the file is detached: its buffer was transferred$/);
  });

  it('are not written to', () => {
    const before = bytes.slice();
    read(bytes);
    expect(bytes).toEqual(before);
  });
});

it('that go between two tensors are missed', () => {
  const bytes = writeNpz({ x });
  const file = readNpz(bytes);
  transfer(bytes);
  expect(() => file.get('x')).toThrow('in "x": the memory of the file is detached');
});

it.each([
  ['writeNpy', writeNpy],
  ['writeNpz', (t: Tensor) => writeNpz({ t })],
  ['writeSafetensors', (t: Tensor) => writeSafetensors({ t })],
])('%s takes shared memory, and none that is gone', (name, write) => {
  const shared = new Tensor(new Float32Array(new SharedArrayBuffer(12)));
  expect(write(shared).length).toBeGreaterThan(12);
  const data = new Float32Array(3);
  const gone = new Tensor(data);
  transfer(data);
  expect(() => write(gone)).toThrow(new TypeError(`${name}: data is detached: its buffer was transferred`));
});
