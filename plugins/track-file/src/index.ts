/** Tracker `file`: a file is there, is not there, or holds a number. */
import { closeSync, constants, lstatSync, openSync, readSync, statSync } from 'node:fs';
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import { judgeContent } from './content.ts';
import { PathWatch } from './watch.ts';

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings {
  readonly path: string;
  readonly read?: 'presence' | 'absence' | 'weight';
}

/** Octets that are read: a number needs fewer. */
const MOST_OCTETS = 256;

/** How long a file may be empty before that counts, in ms. */
const LONGEST_GRACE = 250;
/** From one look at an empty file to the next, in ms. */
const BETWEEN_LOOKS = 10;

/** What a path leads to nothing for. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

class FileTracker implements Tracker {
  private watch: PathWatch | undefined;

  private readonly grace: number;

  /** @param timeout ms that a check may take */
  constructor(
    private readonly settings: Settings,
    timeout: number,
  ) {
    this.grace = Math.min(LONGEST_GRACE, timeout / 2);
  }

  start(changed: () => void): void {
    this.watch = new PathWatch(this.settings.path, changed);
  }

  /** A file that is written in place is empty for a moment: whoever writes is given time before that counts. */
  async check(signal: AbortSignal): Promise<Finding> {
    const end = performance.now() + this.grace;
    for (;;) {
      const finding = this.look();
      if (finding !== undefined) return finding;
      if (signal.aborted || performance.now() >= end) return judgeContent(this.settings.path, '');
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS));
    }
  }

  // Synchronous on purpose: what hangs here, such as a file system of a server that is gone, keeps this thread alone, and
  // none of the few that all threads of the process share for their files. Undefined: the number is not there (yet).
  private look(): Finding | undefined {
    const { path, read = 'presence' } = this.settings;
    this.watch?.renew();
    try {
      if (read === 'weight') {
        const content = head(path);
        return content.trim() === '' ? undefined : judgeContent(path, content);
      }
      statSync(path);
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (!ABSENT.has(code)) return { up: false, words: code ? `${path}: ${code}` : `${path} ${message}` };
      const words = isDangling(path) ? `${path} leads to nothing` : `${path} is not there`;
      return { up: read === 'absence', words };
    }
    return { up: read === 'presence', words: `${path} is there` };
  }

  stop(): void {
    this.watch?.close();
  }
}

/** The beginning of a file. @throws Error that says what it is instead, or with an errno `code` */
function head(path: string): string {
  // Opening a device may do something already; a named pipe would take from its reader what is written meanwhile.
  if (!statSync(path).isFile()) throw new Error('is no regular file');
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const octets = Buffer.alloc(MOST_OCTETS);
    return octets.toString('latin1', 0, readSync(file, octets, 0, MOST_OCTETS, null));
  } finally {
    closeSync(file);
  }
}

function isDangling(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker =>
    new FileTracker(context.settings as unknown as Settings, context.timeout),
};

export default plugin;
