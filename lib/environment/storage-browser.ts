// storage.ts where there is no process: compression in JavaScript, and no files.
import { deflateSync, Inflate, inflateSync } from 'fflate';
import type * as storage from './storage.js';

const noFiles = (): never => {
  throw new TypeError('a browser has no files by name: readNpy, readNpz and readSafetensors take bytes');
};

export const openFile: typeof storage.openFile = async () => noFiles();

export const replaceFile: typeof storage.replaceFile = async () => noFiles();

export const pathOf: typeof storage.pathOf = String;

export const inflate: typeof storage.inflate = (bytes, size) => {
  // What does not fit in is left out.
  const all = inflateSync(bytes, { out: new Uint8Array(size + 1) });
  if (all.length > size) throw new RangeError('more bytes than were announced');
  return all;
};

export const inflateTo: typeof storage.inflateTo = async () => noFiles();

export const inflateStart: typeof storage.inflateStart = (bytes) => {
  let start = new Uint8Array();
  new Inflate((part) => {
    start = part;
  }).push(bytes);
  return start;
};

export const deflate: typeof storage.deflate = (bytes) => deflateSync(bytes);

export const deflateAll: typeof storage.deflateAll = async () => noFiles();

export const checksum: typeof storage.checksum = () => undefined;
