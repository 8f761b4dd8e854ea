// The directory at the end of a zip file: what members there are and where. Every number in it is checked against the file.
import { checkNotNpy } from '../npy-header.js';
import { bytesAt, type Reading, viewOf } from '../reading.js';
import { flags, lengths, signatures, wide16, wide32, wideField } from './format.js';
import { nameIn } from './names.js';

/** A member as the directory has it. */
export interface Entry {
  readonly name: string;
  /** The bytes of the name, which stand before the member again. */
  readonly rawName: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  /** The bytes that it takes in the file, and those that it is. */
  readonly compressed: number;
  readonly size: number;
  /** Where the member begins, and what it cannot reach: the next one, or the directory. */
  readonly at: number;
  readonly end: number;
}

/** The members of a zip file of `size` bytes, in the order of the directory, folders left out. */
export function* directoryOf(size: number): Reading<readonly Entry[]> {
  const { at, length, count } = yield* endOf(size);
  const entries: Omit<Entry, 'end'>[] = [];
  const bytes = yield* bytesAt(at, length);
  const view = viewOf(bytes);
  let place = 0;
  while (place < length) {
    const { entry, next } = entryAt(bytes, view, place);
    if (entry.at + lengths.member + entry.rawName.length + entry.compressed > at)
      throw new RangeError(`its member ${JSON.stringify(entry.name)} reaches into the directory or beyond it`);
    entries.push(entry);
    place = next;
  }
  if (entries.length !== count)
    throw new RangeError(`its directory has ${entries.length} members, and its end says ${count}`);
  return withEnds(entries, at).filter(({ name }) => !name.endsWith('/'));
}

interface End {
  readonly at: number;
  readonly length: number;
  readonly count: number;
}

/** Where the directory is, by what stands at the end of the file. */
function* endOf(size: number): Reading<End> {
  const start = yield* bytesAt(0, Math.min(size, 4));
  checkNotNpy(start);
  const first = size < 4 ? 0 : viewOf(start).getUint32(0, true);
  if (first !== signatures.member && first !== signatures.end)
    throw new TypeError('it does not start as a zip file, with PK and 3, 4 or 5, 6');
  const from = Math.max(0, size - lengths.end - wide16);
  const view = viewOf(yield* bytesAt(from, size - from));
  const place = lastEnd(view);
  if (place < 0) throw new RangeError('it is truncated: it has no end of a directory');
  const wide = yield* wideEndBefore(from + place);
  const end = wide ?? {
    ...checkDisks(view.getUint16(place + 4, true), view.getUint16(place + 6, true), 0),
    count: view.getUint16(place + 10, true),
    length: view.getUint32(place + 12, true),
    at: view.getUint32(place + 16, true),
    before: from + place,
  };
  if (end.at + end.length !== end.before)
    throw new RangeError(
      `its directory, ${end.length} bytes from ${end.at} on, does not reach up to its end, at ${end.before}`,
    );
  return end;
}

/** Where the end of the directory begins: what a comment has of its kind is none. Behind it may be bytes that belong to nothing. */
function lastEnd(view: DataView): number {
  let last = -1;
  for (let place = view.byteLength - lengths.end; place >= 0; place--) {
    if (view.getUint32(place, true) !== signatures.end) continue;
    if (place + lengths.end + view.getUint16(place + 20, true) === view.byteLength) return place;
    last = Math.max(last, place);
  }
  return last;
}

/** The same of a file with fields of 64 bits, and where it says so. */
function* wideEndBefore(end: number): Reading<(End & { readonly before: number }) | undefined> {
  const at = end - lengths.wideLocator;
  if (at < 0) return undefined;
  const locator = viewOf(yield* bytesAt(at, lengths.wideLocator));
  if (locator.getUint32(0, true) !== signatures.wideLocator) return undefined;
  const before = safe(locator.getBigUint64(8, true));
  if (before + lengths.wideEnd > at) throw new RangeError('the end of its directory in 64 bits lies beyond its place');
  const view = viewOf(yield* bytesAt(before, lengths.wideEnd));
  if (view.getUint32(0, true) !== signatures.wideEnd)
    throw new RangeError('the end of its directory in 64 bits is not where it is said to be');
  checkDisks(view.getUint32(16, true), view.getUint32(20, true), locator.getUint32(4, true));
  const [count, length, place] = [32, 40, 48].map((field) => safe(view.getBigUint64(field, true)));
  return { count: count!, length: length!, at: place!, before };
}

function checkDisks(...disks: readonly number[]): object {
  if (disks.some((disk) => disk !== 0)) throw new TypeError('it is a part of a zip file of several parts');
  return {};
}

function entryAt(bytes: Uint8Array, view: DataView, at: number): { entry: Omit<Entry, 'end'>; next: number } {
  const cut = () => new RangeError('its directory is damaged: it ends in a member');
  if (at + lengths.entry > bytes.length) throw cut();
  if (view.getUint32(at, true) !== signatures.entry)
    throw new RangeError(`its directory is damaged: there is no member at byte ${at} of it`);
  const u16 = (field: number) => view.getUint16(at + field, true);
  const u32 = (field: number) => view.getUint32(at + field, true);
  const nameAt = at + lengths.entry;
  const extraAt = nameAt + u16(28);
  const commentAt = extraAt + u16(30);
  const next = commentAt + u16(32);
  if (next > bytes.length) throw cut();
  const rawName = bytes.slice(nameAt, extraAt);
  const name = nameIn(rawName, (u16(8) & flags.utf8) !== 0);
  const fields = { size: u32(24), compressed: u32(20), at: u32(42), disk: u16(34) };
  widen(fields, view, extraAt, commentAt, name);
  checkDisks(fields.disk);
  const { size, compressed } = fields;
  const entry = { name, rawName, flags: u16(8), method: u16(10), crc: u32(16), size, compressed, at: fields.at };
  return { entry, next };
}

type Fields = { size: number; compressed: number; at: number; disk: number };

/** Takes what has no room in its field from the extra field that has it. */
function widen(fields: Fields, view: DataView, from: number, to: number, name: string): void {
  const missing = (['size', 'compressed', 'at'] as const).filter((field) => fields[field] === wide32);
  if (missing.length === 0) return;
  let place = from;
  while (place + 4 <= to) {
    const [id, length] = [view.getUint16(place, true), view.getUint16(place + 2, true)];
    place += 4;
    if (id === wideField) {
      if (length < 8 * missing.length || place + 8 * missing.length > to) break;
      for (const [i, field] of missing.entries()) fields[field] = safe(view.getBigUint64(place + 8 * i, true));
      if (fields.disk === wide16) fields.disk = 0;
      return;
    }
    place += length;
  }
  throw new RangeError(`its member ${JSON.stringify(name)} is of 64 bits and has no field for them`);
}

function safe(value: bigint): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new RangeError(`it has a number that no file reaches, ${value}`);
  return Number(value);
}

/** Where each member ends at the latest: no two have a byte in common. */
function withEnds(entries: readonly Omit<Entry, 'end'>[], directory: number): Entry[] {
  const places = [...entries.map(({ at }) => at), directory].sort((a, b) => a - b);
  // Of two at one place neither has room.
  const next = new Map(places.map((at, i) => [at, places[i + 1] ?? at] as const).reverse());
  return entries.map((entry) => ({ ...entry, end: next.get(entry.at)! }));
}
