/** Reads what references of a configuration stand for: environment variables, files, credentials. */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../shared/errors.ts';
import { readRegularFile, UnreadableFile, withinTime } from '../shared/read-file.ts';
import type { ConfigDocument } from './document.ts';
import { type OutsideValue, OutsideValues, type Reference } from './outside-values.ts';
import { referencesIn } from './references.ts';

/** Octets that a value may have: no directive needs more. */
const MOST_OCTETS = 64 << 10;
/** ms for all of them together. */
const PATIENCE = 5000;
/** Files read at a time. A file system that hangs keeps a thread for each, of the few that there are for all files. */
const AT_ONCE = 2;

/**
 * Reads them, as they are now. Never rejects: what cannot be had has its reason instead.
 * @param files whose references to read
 */
export async function readReferences(
  files: readonly Pick<ConfigDocument, 'file' | 'data'>[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<OutsideValues> {
  const references = new Map<string, Reference & { readonly folder: string }>();
  for (const { file, data } of files) {
    for (const [key, reference] of referencesIn(data, file)) {
      references.set(key, { ...reference, folder: dirname(file) });
    }
  }
  const values = new Map<string, OutsideValue>();
  const end = performance.now() + PATIENCE;
  const waiting = references.entries();
  const work = async (): Promise<void> => {
    for (const [key, reference] of waiting) {
      values.set(key, await readReference(reference, reference.folder, environment, end));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return new OutsideValues(values);
}

async function readReference(
  { kind, name }: Reference,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  end: number,
): Promise<OutsideValue> {
  if (name === '' || name.includes('\0')) return { fault: 'is no name: it is empty or has a NUL character' };
  if (kind === 'env') return variable(name, environment);
  if (kind === 'file') return content(resolve(folder, name), end, 'there is no such file');
  const credentials = environment.CREDENTIALS_DIRECTORY;
  if (name.includes('/') || name === '.' || name === '..') {
    return { fault: 'is no credential: it must be a name, without "/"' };
  }
  if (credentials === undefined || credentials === '') {
    const why = 'credentials come from systemd, by LoadCredential= in the unit, to the service alone';
    return { fault: `cannot be had, $CREDENTIALS_DIRECTORY is not set: ${why}` };
  }
  const path = join(credentials, name);
  return content(path, end, `there is no such credential: add LoadCredential=${name}:PATH to the unit`);
}

function variable(name: string, environment: Readonly<Record<string, string | undefined>>): OutsideValue {
  const text = environment[name];
  const advice = `the daemon must be started with a value in ${name}`;
  if (text === undefined) return { fault: `the environment variable is not set: ${advice}` };
  return text === '' ? { fault: `the environment variable is empty: ${advice}` } : { text };
}

/** @param missing what to say if it is not there */
async function content(path: string, end: number, missing: string): Promise<OutsideValue> {
  try {
    const patience = end - performance.now();
    if (patience <= 0) throw new UnreadableFile(TOO_SLOW);
    const octets = await readRegularFile(path, { most: MOST_OCTETS, patience });
    const { mode } = await withinTime(stat(path), Math.max(1, end - performance.now()));
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
    const value = text.replace(/\r?\n$/, '');
    if (value === '') return { fault: `${path} is empty: the value must be in it` };
    return { text: value, ...((mode & 0o004) !== 0 && { open: path }) };
  } catch (error) {
    return { fault: reason(error, path, missing) };
  }
}

const TOO_SLOW = `cannot be read within ${PATIENCE / 1000} s`;

function reason(error: unknown, path: string, missing: string): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `${missing} (${path})`;
    case 'EACCES':
      return `${path} cannot be read, permission denied: rvrrpd's user must be allowed to`;
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return `${path} is not UTF-8 text`;
    default:
      if (!(error instanceof UnreadableFile)) return `${path} cannot be read: ${messageOf(error)}`;
      return `${path} ${/^cannot be read within/.test(error.message) ? TOO_SLOW : error.message}`;
  }
}
