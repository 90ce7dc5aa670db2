/**
 * Reads files that somebody else has put there: regular files alone, up to a size, within a time. A FIFO would keep
 * the reader waiting for ever, a device may do anything when it is opened, and what is larger is no file of ours.
 */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { within } from './within.ts';

/** Octets that a file may have, if nothing else is said: some tens of thousands of virtual routers. */
export const MOST_OCTETS = 16 << 20;
/** ms that it may take: a file system over the network whose server is gone would take for ever. */
const PATIENCE = 5000;
/** Octets read at once. */
const PART = 1 << 16;

/** Why a file is not read although it is there. The message follows the file's name: `is a FIFO, not a regular file`. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

/** How to read. */
export interface ReadLimits {
  /** Octets. Default {@link MOST_OCTETS}. */
  readonly most?: number;
  /** ms. Default 5000. */
  readonly patience?: number;
}

/**
 * The octets of a regular file.
 * @throws UnreadableFile if it is something else, too large or too slow; Error with a `code` of the file system
 */
export async function readRegularFile(file: string, limits: ReadLimits = {}): Promise<Buffer> {
  return withinTime(read(file, limits.most ?? MOST_OCTETS), limits.patience);
}

/**
 * Whether it could be read, without reading it.
 * @throws as {@link readRegularFile}
 */
export async function expectRegularFile(file: string, limits: ReadLimits = {}): Promise<void> {
  const entry = await withinTime(stat(file), limits.patience);
  expectRegular(entry, limits.most ?? MOST_OCTETS);
}

/**
 * The same at once. A file system that hangs keeps the thread: not for the main thread where that can be helped.
 * @param most octets
 * @throws as {@link readRegularFile}
 */
export function readRegularFileSync(file: string, most = MOST_OCTETS): Buffer {
  expectRegular(statSync(file), most);
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    expectRegular(fstatSync(descriptor), most); // it may have been replaced meanwhile
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const part = Buffer.allocUnsafe(PART);
      const count = readSync(descriptor, part, 0, PART, null);
      if (count === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, count));
      total += count;
      if (total > most) throw tooLarge(most);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Waits for work on the file system. @throws UnreadableFile if it takes too long; the work goes on unheard then */
export function withinTime<T>(work: Promise<T>, patience = PATIENCE): Promise<T> {
  return within(work, patience, () => {
    throw new UnreadableFile(`cannot be read within ${patience / 1000} s`);
  });
}

async function read(file: string, most: number): Promise<Buffer> {
  expectRegular(await stat(file), most); // opening a device may do something already
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    expectRegular(await handle.stat(), most);
    return await readUpTo(handle, most);
  } finally {
    await handle.close();
  }
}

async function readUpTo(handle: FileHandle, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PART), 0, PART, null);
    if (bytesRead === 0) return Buffer.concat(parts);
    parts.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    if (total > most) throw tooLarge(most);
  }
}

function expectRegular(entry: Stats, most: number): void {
  const kind = kindOf(entry);
  if (kind === 'directory') throw new UnreadableFile('is a directory');
  if (kind !== undefined) throw new UnreadableFile(`is a ${kind}, not a regular file`);
  if (entry.size > most) throw tooLarge(most);
}

/** What it is if it is no regular file. */
export function kindOf(entry: Stats): string | undefined {
  if (entry.isFile()) return undefined;
  if (entry.isDirectory()) return 'directory';
  if (entry.isFIFO()) return 'FIFO';
  if (entry.isSocket()) return 'socket';
  return 'device';
}

function tooLarge(most: number): UnreadableFile {
  const size = most >= 1 << 20 ? `${most >> 20} MiB` : `${most >> 10} KiB`;
  return new UnreadableFile(`is larger than ${size}`);
}
