// What a binary is made for and what it asks of a system, read from the file itself: ELF, Mach-O and PE of 64 bits, little-endian.
import { readFileSync } from 'node:fs';

/**
 * `format`, `cpu`, the `libraries` that it needs, the functions that it takes `from` others, and what only one format has: the newest
 * version of glibc's functions, the oldest macOS, whether it is signed, whether it is never unloaded.
 */
export function describe(file) {
  const bytes = readFileSync(file);
  if (bytes.readUInt32BE(0) === 0x7f454c46) return elf(bytes);
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return machO(bytes);
  if (bytes.toString('latin1', 0, 2) === 'MZ') return pe(bytes);
  throw new Error(`${file} is no binary`);
}

/** The text at a place, up to its first zero. */
const textAt = (bytes, at) => bytes.toString('latin1', at, bytes.indexOf(0, at));
const u64 = (bytes, at) => Number(bytes.readBigUInt64LE(at));

function elf(bytes) {
  const table = u64(bytes, 40);
  const sections = Array.from({ length: bytes.readUInt16LE(60) }, (_, i) => {
    const at = table + i * bytes.readUInt16LE(58);
    const [type, link] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 40)];
    return { type, link, offset: u64(bytes, at + 24), size: u64(bytes, at + 32), info: bytes.readUInt32LE(at + 44) };
  });
  const of = (type) => sections.find((section) => section.type === type);
  const [dynamic, symbols, versions, needs] = [6, 11, 0x6fffffff, 0x6ffffffe].map(of);
  const strings = sections[symbols.link].offset;

  const libraries = [];
  let flags = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    if (u64(bytes, at) === 1) libraries.push(textAt(bytes, strings + u64(bytes, at + 8)));
    if (u64(bytes, at) === 0x6ffffffb) flags = u64(bytes, at + 8);
  }
  const versionNames = new Map();
  for (let at = needs?.offset, i = 0; i < (needs?.info ?? 0); i++, at += bytes.readUInt32LE(at + 12)) {
    let one = at + bytes.readUInt32LE(at + 8);
    for (let j = 0; j < bytes.readUInt16LE(at + 2); j++, one += bytes.readUInt32LE(one + 12))
      versionNames.set(bytes.readUInt16LE(one + 6), textAt(bytes, strings + bytes.readUInt32LE(one + 8)));
  }
  const from = [];
  let glibc = [0, 0];
  for (let i = 1; i < symbols.size / 24; i++) {
    const at = symbols.offset + 24 * i;
    if (bytes.readUInt16LE(at + 6) !== 0) continue;
    from.push(textAt(bytes, strings + bytes.readUInt32LE(at)));
    const version = versions && versionNames.get(bytes.readUInt16LE(versions.offset + 2 * i));
    const found = /^GLIBC_(\d+)\.(\d+)/
      .exec(version ?? '')
      ?.slice(1)
      .map(Number);
    if (found !== undefined && (found[0] - glibc[0] || found[1] - glibc[1]) > 0) glibc = found;
  }
  const cpu = { 62: 'x64', 183: 'arm64' }[bytes.readUInt16LE(18)];
  return { format: 'ELF', cpu, libraries, from, glibc: glibc.join('.'), stays: (flags & 8) !== 0 };
}

function machO(bytes) {
  const libraries = [];
  const from = [];
  let macos;
  let signed = false;
  for (let i = 0, at = 32; i < bytes.readUInt32LE(16); i++, at += bytes.readUInt32LE(at + 4)) {
    const command = bytes.readUInt32LE(at);
    if (command === 0xc) libraries.push(textAt(bytes, at + bytes.readUInt32LE(at + 8)));
    if (command === 0x32) macos = `${bytes.readUInt16LE(at + 14)}.${bytes[at + 13]}`;
    if (command === 0x24) macos = `${bytes.readUInt16LE(at + 10)}.${bytes[at + 9]}`;
    if (command === 0x1d) signed = true;
    if (command !== 2) continue;
    const [symbols, count, strings] = [8, 12, 16].map((place) => bytes.readUInt32LE(at + place));
    for (let one = symbols; one < symbols + 16 * count; one += 16)
      if ((bytes[one + 4] & 0x0f) === 1) from.push(textAt(bytes, strings + bytes.readUInt32LE(one)).slice(1));
  }
  const cpu = { 16777223: 'x64', 16777228: 'arm64' }[bytes.readUInt32LE(4)];
  return { format: 'Mach-O', cpu, libraries, from, macos, signed };
}

function pe(bytes) {
  const header = bytes.readUInt32LE(60);
  const optional = header + 24;
  const sections = optional + bytes.readUInt16LE(header + 20);
  const place = (address) => {
    for (let i = 0, at = sections; i < bytes.readUInt16LE(header + 6); i++, at += 40) {
      const [size, start, offset] = [8, 12, 20].map((field) => bytes.readUInt32LE(at + field));
      if (address >= start && address < start + size) return address - start + offset;
    }
    return -1;
  };
  const libraries = [];
  const from = [];
  for (let at = place(bytes.readUInt32LE(optional + 120)); bytes.readUInt32LE(at + 12) !== 0; at += 20) {
    libraries.push(textAt(bytes, place(bytes.readUInt32LE(at + 12))));
    for (let one = place(bytes.readUInt32LE(at)); u64(bytes, one) !== 0; one += 8)
      if ((bytes.readUInt32LE(one + 4) & 0x80000000) === 0)
        from.push(textAt(bytes, place(bytes.readUInt32LE(one)) + 2));
  }
  const cpu = { 34404: 'x64', 43620: 'arm64' }[bytes.readUInt16LE(header + 4)];
  return { format: 'PE', cpu, libraries, from };
}
