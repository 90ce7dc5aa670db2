/** Reads a file that an operator has named, without ever waiting for it and without reading for ever. */
import { X509Certificate } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Octets read at once. */
const PART = 1 << 14;

/**
 * The content of a regular file, each octet a character (latin1): PEM, numbers and names are ASCII.
 * @param most octets that it may have
 * @throws Error that says what it is instead (`is no regular file`), or with an errno `code`
 */
export function readSmallFile(file: string, most: number): string {
  // Opening a device may do something already; a named pipe would have the thread wait for a writer.
  if (!statSync(file).isFile()) throw new Error('is no regular file');
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error('is no regular file');
    const parts: Buffer[] = [];
    // The size that it says it has is no bound: it may grow, and files of /proc say 0.
    for (let total = 0; ; ) {
      const part = Buffer.alloc(PART);
      const count = readSync(descriptor, part, 0, PART, null);
      if (count === 0) return Buffer.concat(parts).toString('latin1');
      parts.push(part.subarray(0, count));
      total += count;
      if (total > most) throw new Error(`has more than ${most} octets`);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Octets of a file with certificates: what distributions have is a quarter of a MiB. */
const LARGEST_CA = 4 << 20;

/** The certificates (PEM) that a directive `ca` names. @throws Error that names directive and file */
export function readAuthorities(file: string): string {
  let text: string;
  try {
    text = readSmallFile(file, LARGEST_CA);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`ca = "${file}": ${code === 'ENOENT' ? 'is not there' : message}`);
  }
  try {
    new X509Certificate(text);
  } catch {
    // Without a word about it, no certificate would hold.
    throw new Error(`ca = "${file}": must have certificates (PEM)`);
  }
  return text;
}
