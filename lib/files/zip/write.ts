// Zip files, written: members stored or deflated, the same bytes for the same members at any time, and fields of 64 bits where
// those of 32 do not do.
import { deflate, deflateAll } from '../../environment/storage.js';
import { joined, viewOf } from '../reading.js';
import { crc32 } from './crc32.js';
import { flags, lengths, methods, signatures, wide16, wide32, wideField } from './format.js';
import { few, mostBytes } from './inflated.js';

/** 1 January 1980, before which the format has no time; NumPy writes it too. */
const firstDay = 0x21;
/** The version of the format that who reads it needs: 2.0 has deflate, 4.5 fields of 64 bits. */
const needs = (isWide: boolean) => (isWide ? 45 : 20);

/** Members, whose pieces are asked for one member at a time. */
type Members = Iterable<readonly [name: string, pieces: Iterable<Uint8Array>]>;
type Pieces = readonly Uint8Array[];

/** The pieces of a file of members. */
export function* zipChunks(members: Members, compress: boolean): Generator<Uint8Array> {
  const writing = writingOf(members, compress);
  for (let step = writing.next(); !step.done; ) {
    const { value } = step;
    if (value instanceof Uint8Array) {
      yield value;
      step = writing.next();
    } else step = writing.next([deflated(value)]);
  }
}

/** The same pieces, without another copy of what they are compressed from, which may have any size; at once what has `mostAtOnce` bytes. */
export async function* zipStream(members: Members, compress: boolean, mostAtOnce = few): AsyncGenerator<Uint8Array> {
  const writing = writingOf(members, compress);
  for (let step = writing.next(); !step.done; ) {
    const { value } = step;
    if (value instanceof Uint8Array) {
      yield value;
      step = writing.next();
    } else step = writing.next(lengthOf(value) > mostAtOnce ? await deflateAll(value) : [deflated(value)]);
  }
}

function deflated(pieces: Pieces): Uint8Array {
  const length = lengthOf(pieces);
  if (length > mostBytes)
    throw new RangeError(`${length} bytes are more than are deflated at once; save() writes them to a file`);
  return deflate(joined(pieces));
}

/** Gives pieces of the file, and those of a member to be told what they deflate to: whoever drives it chooses whether it waits for that. */
function* writingOf(members: Members, compress: boolean): Generator<Uint8Array | Pieces, void, Pieces | undefined> {
  const entries: Uint8Array[] = [];
  let at = 0;
  for (const [name, given] of members) {
    const rawName = new TextEncoder().encode(name);
    if (rawName.length > wide16) throw new RangeError(`a name of ${rawName.length} bytes is above ${wide16}`);
    const pieces = [...given];
    const data = compress ? (yield pieces)! : pieces;
    const member = {
      rawName,
      method: compress ? methods.deflated : methods.stored,
      crc: crc32(pieces),
      size: lengthOf(pieces),
      compressed: lengthOf(data),
      at,
    };
    const header = headerOf(member);
    entries.push(entryOf(member));
    yield header;
    yield* data;
    at += header.length + member.compressed;
  }
  yield* entries;
  yield* endOf(entries.length, at, lengthOf(entries));
}

const lengthOf = (pieces: Pieces) => pieces.reduce((sum, { length }) => sum + length, 0);

interface Member {
  readonly rawName: Uint8Array;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly compressed: number;
  readonly at: number;
}

/** What stands before a member's data. */
function headerOf(member: Member): Uint8Array {
  const { rawName, size, compressed } = member;
  // Both sizes, where one of them needs it.
  const isWide = Math.max(size, compressed) >= wide32;
  const extra = isWide ? wideExtra([size, compressed]) : new Uint8Array();
  const header = new Uint8Array(lengths.member + rawName.length + extra.length);
  const view = viewOf(header);
  view.setUint32(0, signatures.member, true);
  common(view, 4, member, isWide);
  view.setUint32(18, isWide ? wide32 : compressed, true);
  view.setUint32(22, isWide ? wide32 : size, true);
  view.setUint16(26, rawName.length, true);
  view.setUint16(28, extra.length, true);
  header.set(rawName, lengths.member);
  header.set(extra, lengths.member + rawName.length);
  return header;
}

/** What the directory says of a member. */
function entryOf(member: Member): Uint8Array {
  const { rawName, size, compressed, at } = member;
  const large = [size, compressed, at].filter((value) => value >= wide32);
  const extra = large.length > 0 ? wideExtra(large) : new Uint8Array();
  const entry = new Uint8Array(lengths.entry + rawName.length + extra.length);
  const view = viewOf(entry);
  view.setUint32(0, signatures.entry, true);
  view.setUint16(4, needs(large.length > 0), true);
  common(view, 6, member, large.length > 0);
  view.setUint32(20, Math.min(compressed, wide32), true);
  view.setUint32(24, Math.min(size, wide32), true);
  view.setUint16(28, rawName.length, true);
  view.setUint16(30, extra.length, true);
  view.setUint32(42, Math.min(at, wide32), true);
  entry.set(rawName, lengths.entry);
  entry.set(extra, lengths.entry + rawName.length);
  return entry;
}

/** The fields that both have, from a place on: from the version that is needed to the checksum. */
function common(view: DataView, from: number, { rawName, method, crc }: Member, isWide: boolean): void {
  view.setUint16(from, needs(isWide), true);
  view.setUint16(from + 2, rawName.some((byte) => byte > 127) ? flags.utf8 : 0, true);
  view.setUint16(from + 4, method, true);
  view.setUint16(from + 8, firstDay, true);
  view.setUint32(from + 10, crc, true);
}

function wideExtra(values: readonly number[]): Uint8Array {
  const extra = new Uint8Array(4 + 8 * values.length);
  const view = viewOf(extra);
  view.setUint16(0, wideField, true);
  view.setUint16(2, 8 * values.length, true);
  for (const [i, value] of values.entries()) view.setBigUint64(4 + 8 * i, BigInt(value), true);
  return extra;
}

function* endOf(count: number, at: number, length: number): Generator<Uint8Array> {
  const isWide = count >= wide16 || Math.max(at, length) >= wide32;
  if (isWide) {
    const wide = new Uint8Array(lengths.wideEnd + lengths.wideLocator);
    const view = viewOf(wide);
    view.setUint32(0, signatures.wideEnd, true);
    view.setBigUint64(4, BigInt(lengths.wideEnd - 12), true);
    view.setUint16(12, needs(true), true);
    view.setUint16(14, needs(true), true);
    for (const [i, value] of [count, count, length, at].entries()) view.setBigUint64(24 + 8 * i, BigInt(value), true);
    view.setUint32(lengths.wideEnd, signatures.wideLocator, true);
    view.setBigUint64(lengths.wideEnd + 8, BigInt(at + length), true);
    view.setUint32(lengths.wideEnd + 16, 1, true);
    yield wide;
  }
  const end = new Uint8Array(lengths.end);
  const view = viewOf(end);
  view.setUint32(0, signatures.end, true);
  view.setUint16(8, Math.min(count, wide16), true);
  view.setUint16(10, Math.min(count, wide16), true);
  view.setUint32(12, Math.min(length, wide32), true);
  view.setUint32(16, Math.min(at, wide32), true);
  yield end;
}
