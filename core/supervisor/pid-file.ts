/** The PID file of a daemon in the background. It is locked: while the lock is held, that process runs. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { native } from '../native/index.ts';
import { CodedError } from '../shared/errors.ts';
import { kindOf } from '../shared/read-file.ts';

/** Octets of a PID file. */
const LARGEST = 32;

/** Ours until {@link PidFile.release}. */
export interface PidFile {
  readonly path: string;
  /** Holds the lock, also in another process that has been given it. */
  readonly descriptor: number;
  /** It is another process's now. */
  leave(): void;
  /** Another process may have taken it, and is gone. */
  takeBack(): void;
  /** Removes it. Idempotent. */
  release(): void;
}

/**
 * Writes this process's id into a file and locks it. What a dead daemon has left is taken over.
 * @param file absolute path
 * @throws Error if another process has it, if it is something else than a PID file, or if it can't be written
 */
export function takePidFile(file: string): PidFile {
  const fd = lock(file);
  write(file, fd);
  return hold(file, fd);
}

/**
 * Goes on with the PID file of another process, which has given it to us.
 * @throws Error if it can't be written
 */
export function adoptPidFile({ path, descriptor }: Pick<PidFile, 'path' | 'descriptor'>): PidFile {
  write(path, descriptor);
  return hold(path, descriptor);
}

function hold(file: string, fd: number): PidFile {
  let held = true;
  return {
    path: file,
    descriptor: fd,
    leave: () => {
      held = false;
    },
    takeBack: () => write(file, fd),
    release: () => {
      if (!held) return;
      held = false;
      if (isStill(file, fd)) unlinkSync(file);
      closeSync(fd);
    },
  };
}

function write(file: string, fd: number): void {
  try {
    ftruncateSync(fd);
    const text = `${process.pid}\n`;
    if (writeSync(fd, text, 0) < text.length) throw Object.assign(new Error(), { code: 'ENOSPC' });
  } catch (error) {
    // An empty one would say that nobody runs, and keep nobody from starting.
    if (isStill(file, fd)) unlinkSync(file);
    closeSync(fd);
    throw new CodedError(
      'file-unusable',
      `${file} cannot be written: ${reason(error)}: make room for it, or change "pid"`,
    );
  }
}

/** @returns a descriptor with the lock */
function lock(file: string): number {
  for (;;) {
    const fd = open(file);
    try {
      const kind = kindOf(fstatSync(fd));
      if (kind !== undefined) throw new CodedError('file-unusable', `${file} is a ${kind}: change "pid"`);
      if (!native.lockFile(fd))
        throw new CodedError('already-running', `${file}: ${holder(fd)} already runs: stop it, or reload it`);
      const content = fstatSync(fd).size > LARGEST ? 'too large' : readFileSync(fd, 'latin1');
      if (!/^[0-9\s]{0,32}$/.test(content)) {
        throw new CodedError('file-unusable', `${file} is not a PID file: change "pid", or remove the file`);
      }
      // Its last owner may have removed it between our opening and our locking.
      if (isStill(file, fd)) return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
}

function open(file: string): number {
  try {
    // The folder may be one that everybody writes to: no symbolic link leads us to some other file.
    const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    return openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
  } catch (error) {
    throw new CodedError(
      'file-unusable',
      `${file} cannot be written: ${reason(error)}: change "pid", or create its folder`,
    );
  }
}

function holder(fd: number): string {
  const pid = /^\s*([1-9][0-9]{0,9})\s*$/.exec(readFileSync(fd, 'latin1'))?.[1];
  return pid === undefined ? 'another rvrrpd' : `rvrrpd, process ${pid},`;
}

function isStill(file: string, fd: number): boolean {
  const entry = statSync(file, { throwIfNoEntry: false });
  const opened = fstatSync(fd);
  return entry !== undefined && entry.ino === opened.ino && entry.dev === opened.dev;
}

function reason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENXIO') return 'it is a FIFO or a socket';
  return code === 'ELOOP' ? 'it is a symbolic link' : (code ?? String(error));
}
