/** Keys: `hex:…`, a text, `file:/PATH` or `credential:NAME`. Read once, when a virtual router is made ready. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';

/** Octets that a key may have. */
const SHORTEST = 32;
const LONGEST = 64;
/** A file that is larger holds no key. */
const LARGEST_FILE = 4096;

/** What no key that somebody has typed has in it. */
const NO_TEXT = /[\p{Cc}\ufeff]/u;
const AS_DIGITS = 'a key of such octets is written "hex:" and hexadecimal digits';

/** Others than owner and group can read it. */
const OTHERS_READ = 0o004;

/** A key that cannot be used; says which directive of `[vrouter.auth]` it is. */
export class KeyError extends Error {
  override readonly name = 'KeyError';

  constructor(
    readonly directive: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * All keys of `keys`, by number.
 * @param warn told of a file that anybody can read
 * @throws KeyError
 */
export function readKeys(
  keys: Readonly<Record<string, string>>,
  warn: (message: string) => void,
): ReadonlyMap<number, Uint8Array> {
  return new Map(
    Object.entries(keys).map(([number, value]) => [Number(number), readKey(`keys.${number}`, value, warn)]),
  );
}

function readKey(directive: string, value: string, warn: (message: string) => void): Uint8Array {
  const [, kind, rest = ''] = /^(file|credential):([\s\S]*)$/.exec(value) ?? [];
  if (kind === undefined) return octetsOf(directive, value, 'it');
  const file = kind === 'file' ? rest : credentialFile(directive, rest);
  let text: string;
  try {
    const found = readKeyFile(file);
    // systemd's credentials are for the service alone, whatever their mode says.
    if (kind === 'file' && (found.mode & OTHERS_READ) !== 0)
      warn(`${file} can be read by everybody on this machine (${directive}): chmod 600 ${file}`);
    text = found.text;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyError(directive, `${file} must be a readable file with a key: ${reason}`);
  }
  return octetsOf(directive, text, file);
}

/** Never waits: the engine does nothing else meanwhile. @throws Error that says why there is no key in it */
function readKeyFile(file: string): { readonly text: string; readonly mode: number } {
  expectFile(statSync(file)); // opening a device may do something already
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const entry = fstatSync(descriptor);
    expectFile(entry);
    // A file need not be as long as it says.
    const octets = Buffer.alloc(LARGEST_FILE + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < octets.length; length += count)
      count = readSync(descriptor, octets, length, octets.length - length, null);
    if (length > LARGEST_FILE) throw new Error(`it has more than ${LARGEST_FILE} octets`);
    return { text: textOf(octets.subarray(0, length)), mode: entry.mode };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * What a file holds, without the end of its line. Octets that are no text would be read as something else than they are, and
 * of several lines each reader might take another for the key.
 * @throws Error if that is no line of text
 */
function textOf(octets: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    throw new Error(`its ${octets.length} octets are no text (UTF-8): ${AS_DIGITS}`);
  }
  const line = text.replace(/\r?\n$/, '');
  if (/[\r\n]/.test(line)) throw new Error('it has more than one line');
  if (NO_TEXT.test(line)) throw new Error(`it has control characters or a byte order mark: ${AS_DIGITS}`);
  return line;
}

function expectFile(entry: Stats): void {
  if (entry.isDirectory()) throw new Error('it is a directory');
  if (!entry.isFile()) throw new Error('it is no regular file');
  if (entry.size > LARGEST_FILE) throw new Error(`it has ${entry.size} octets, more than any key`);
}

function credentialFile(directive: string, name: string): string {
  const folder = process.env.CREDENTIALS_DIRECTORY;
  if (folder === undefined || folder === '') {
    const what = `credential:${name} needs systemd: $CREDENTIALS_DIRECTORY is not set; add LoadCredential=${name}:PATH`;
    throw new KeyError(directive, `${what} to the service, or use file:/PATH`);
  }
  return path.join(folder, name);
}

/** @param what has the text, for a complaint */
function octetsOf(directive: string, text: string, what: string): Uint8Array {
  const isHex = text.startsWith('hex:');
  if (isHex && !/^hex:([0-9a-fA-F]{2})*$/.test(text))
    throw new KeyError(directive, `${what} must have an even number of hexadecimal digits behind "hex:"`);
  const octets = isHex ? Buffer.from(text.slice(4), 'hex') : Buffer.from(text, 'utf8');
  if (octets.length < SHORTEST || octets.length > LONGEST) {
    const wanted = `${SHORTEST} to ${LONGEST} octets`;
    throw new KeyError(
      directive,
      `${what} must have ${wanted}, and has ${octets.length}: "hex:" and ${SHORTEST * 2} digits or more, or a text`,
    );
  }
  return Uint8Array.from(octets);
}
