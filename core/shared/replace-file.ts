/**
 * Replaces a file by another text, in two steps: what can fail for lack of space or permission fails in the
 * first. At every moment there is a whole file, the old one or the new one (rename(2)).
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from './errors.ts';

/** A new text that lies ready beside the file that it is to replace. */
export interface StagedFile {
  /**
   * Puts it in the file's place, where it outlives a power failure.
   * @throws Error if it cannot: the file is the old one, and the new text is given up
   */
  commit(): Promise<void>;
  /** Gives it up. Does nothing if that has been done, or after `commit`. Never rejects. */
  discard(): Promise<void>;
}

/**
 * Writes a text to the disk, beside the file that it is to replace: with the same owner and mode, so that nobody
 * can read the new one who could not read the old one. What a crash has left there is removed.
 * @param path the file, which must exist; a symbolic link stays one: what it leads to is replaced
 * @throws Error that names the path and says what to do; nothing is left behind then
 */
export async function stageFile(path: string, text: string): Promise<StagedFile> {
  let temporary: string | undefined;
  let handle: FileHandle | undefined;
  try {
    const target = await realpath(path);
    const old = await stat(target);
    if (!old.isFile()) throw new Error('it is no regular file');
    const name = temporaryPath(target);
    await unlinkIfThere(name);
    // O_EXCL: it is a new file, never one that a link leads to or that somebody else has open.
    handle = await open(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    temporary = name;
    await writeLike(handle, old, text);
    return new Staged(path, target, name, handle);
  } catch (error) {
    await handle?.close().catch(() => {});
    if (temporary !== undefined) await unlinkIfThere(temporary).catch(() => {});
    throw replaceFault(path, error);
  }
}

/** Where the new text of a file lies until it takes the file's place. */
export function temporaryPath(file: string): string {
  return join(dirname(file), `.${basename(file)}.rvrrpd-new`);
}

/** What went wrong with the file at `path`, and what to do about it. */
export function replaceFault(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
  const advice = code === undefined ? undefined : ADVICE[code];
  const reason = messageOf(error);
  const message = advice === undefined ? reason : `${code}: ${advice}`;
  return new Error(`${path} cannot be replaced: ${message}`, { cause: error });
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its file system: make some',
  EDQUOT: 'the quota of its file system is used up: raise it, or make space',
  EROFS: 'its file system is read-only: mount it read-write, or change the file where it comes from',
  EACCES: 'permission denied: let rvrrpd write to the folder of the file',
  EPERM: 'not permitted: see with lsattr that file and folder are not immutable',
  ENOENT: 'there is no such file',
  EBUSY: 'it is a mount point, as files in containers often are: mount the folder that it is in instead',
  EIO: 'the disk does not work: see the kernel log',
};

class Staged implements StagedFile {
  /** Absent: the new text has been put in place, or given up. */
  private handle: FileHandle | undefined;

  constructor(
    private readonly path: string,
    private readonly target: string,
    private readonly temporary: string,
    handle: FileHandle,
  ) {
    this.handle = handle;
  }

  async commit(): Promise<void> {
    const { handle } = this;
    if (handle === undefined) throw replaceFault(this.path, new Error('the new text has been given up'));
    try {
      if (!(await this.isOurs(handle))) throw new Error('something else has taken the place of the new text');
      await rename(this.temporary, this.target);
    } catch (error) {
      await this.discard();
      throw replaceFault(this.path, error);
    }
    this.handle = undefined;
    await handle.close().catch(() => {});
    await syncFolder(dirname(this.target));
  }

  async discard(): Promise<void> {
    const { handle } = this;
    if (handle === undefined) return;
    this.handle = undefined;
    try {
      if (await this.isOurs(handle)) await unlink(this.temporary);
    } catch {
      // It lies there until the next stageFile.
    }
    await handle.close().catch(() => {});
  }

  /** As long as the file is open, no other one can have its inode number. */
  private async isOurs(handle: FileHandle): Promise<boolean> {
    const there = await lstat(this.temporary);
    const ours = await handle.stat();
    return there.ino === ours.ino && there.dev === ours.dev;
  }
}

async function writeLike(handle: FileHandle, old: Stats, text: string): Promise<void> {
  const fresh = await handle.stat();
  // The owner first: until the mode is set, only root and the owner can read it.
  const mode = await takeOwner(handle, fresh, old);
  await handle.chmod(mode);
  await handle.writeFile(text, 'utf8');
  await handle.sync();
}

/**
 * Gives the file the old one's owner and group. Only root can give files away: for another user it stays that user's, who
 * could read the old one, and if the group cannot be the old one's either, the group may do nothing.
 * @returns the mode that it is to have
 */
async function takeOwner(handle: FileHandle, fresh: Stats, old: Stats): Promise<number> {
  const mode = old.mode & 0o7777;
  if (fresh.uid === old.uid && fresh.gid === old.gid) return mode;
  const give = (uid: number): Promise<boolean> =>
    handle.chown(uid, old.gid).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPERM') throw error;
        return false;
      },
    );
  if ((await give(old.uid)) || (await give(fresh.uid))) return mode;
  return mode & ~0o070;
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Makes a rename outlive a power failure. If that fails, or the file system cannot do it, the new file is in
 * place all the same: nothing can be undone, and what a power failure may bring back is whole.
 */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync().finally(() => handle.close());
  } catch {
    // See above.
  }
}
