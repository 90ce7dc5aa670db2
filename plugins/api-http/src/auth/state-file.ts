/** The file that remembers revocations, so that a restart of the daemon does not undo them. */
import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { readPlainFile } from '../plain-file.ts';
import { RevocationState } from './revocations.ts';

const FileContent = Type.Object({ version: Type.Literal(1), revocations: RevocationState });

/** Octets; a file of ours is smaller. */
const LARGEST = 4 << 20;

/**
 * Reads it.
 * @returns undefined if there is no such file
 * @throws Error if it cannot be read, or is none that {@link writeRevocations} has written
 */
export function readRevocations(path: string): RevocationState | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  let content: unknown;
  const text = Buffer.from(readPlainFile(path, LARGEST), 'latin1').toString('utf8');
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  if (!Value.Check(FileContent, content)) throw new Error('it does not hold revocations');
  return content.revocations;
}

/**
 * Replaces it as a whole, for root alone.
 * @throws Error if it cannot be written; what was there stays
 */
export function writeRevocations(path: string, revocations: RevocationState): void {
  const content: typeof FileContent.static = { version: 1, revocations };
  const fresh = `${path}.new`;
  try {
    rmSync(fresh, { force: true });
    writeFileSync(fresh, JSON.stringify(content), { mode: 0o600, flag: 'wx' });
    chmodSync(fresh, 0o600); // whatever the umask is
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
