/** Reads files that somebody else has put there. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';

/**
 * The content of a file, each octet a character. Nothing that would keep us waiting, such as a FIFO, is opened, and
 * nothing that is larger than what is expected.
 * @param most octets
 * @throws Error, with an errno `code` if the file system has refused it
 */
export function readPlainFile(file: string, most: number): string {
  expectPlain(statSync(file), most);
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    expectPlain(fstatSync(descriptor), most); // it may have been replaced meanwhile
    return readFileSync(descriptor, 'latin1');
  } finally {
    closeSync(descriptor);
  }
}

/** A directory is left to the system call that says so. */
function expectPlain(entry: Stats, most: number): void {
  if (!entry.isFile() && !entry.isDirectory()) throw new Error('it is no regular file');
  if (entry.size > most) throw new Error(`it is too large: more than ${most >> 20} MiB`);
}
