/**
 * Remembers what of the kernel is ours, so that the next start can take it back should this process be
 * killed: a virtual address that stays on an interface would look like the interface's own.
 *
 * A file of JSON lines, a header first. An entry is written before the kernel is changed, and struck out
 * after it is changed back. The file belongs into /run: like what it tells of, it does not outlive a reboot.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { KernelResource } from '../plugin/contracts/index.ts';
import { identityOf } from '../plugin/resource.ts';

/** Something in the kernel that is ours. */
export interface JournalEntry {
  readonly resource: KernelResource;
  /** Name of the network driver that installed it. */
  readonly driver: string;
  /** `mac` and `sysctl`: what to put back. */
  readonly original?: string;
  /** Index of the interface that it is, or is on: names may change hands. Absent: not known, or none. */
  readonly index?: number;
  /** It may be about an earlier namespace of the same inode number: ours only if it looks so, see leftovers.ts. */
  readonly doubtful?: true;
}

/** First line of the file: of which kernel and network namespace it tells. */
export interface Header {
  readonly journal: 1;
  /** /proc/sys/kernel/random/boot_id (man 4 random). */
  readonly boot: string;
  /** `net:[inode]` (man 7 network_namespaces). */
  readonly netns: string;
  /** See `ActuatorInit.namespaceCookie`. Absent in files of releases that knew none. */
  readonly cookie?: string | null;
  /** Process id and start time of the daemon, which lives in this namespace. Absent in files of such releases. */
  readonly process?: string;
}

/** Lines of struck out entries that make it worth writing the file anew. */
const COMPACT_AFTER = 16_384;

/**
 * This boot, this thread's network namespace and this process.
 * @param cookie see `ActuatorInit.namespaceCookie`
 */
export function here(cookie?: string | null): Header {
  return {
    journal: 1,
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    netns: readlinkSync('/proc/thread-self/ns/net'),
    ...(cookie !== undefined && { cookie }),
    process: `${process.pid} ${startTime()}`,
  };
}

/** When this process started, in clock ticks since the boot: field 22 of man 5 proc_pid_stat. */
function startTime(): string {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''; // the name, field 2, may hold anything
}

/** Whether a journal is of this boot and namespace; `doubtful`: it may as well be of an earlier namespace. */
function belongs(found: Partial<Header> | undefined, header: Header): boolean | 'doubtful' {
  if (found?.journal !== 1 || found.boot !== header.boot || found.netns !== header.netns) return false;
  if (header.cookie === undefined) return true;
  if (found.process !== undefined && found.process === header.process) return true;
  if (typeof found.cookie !== 'string' || header.cookie === null) return 'doubtful';
  return found.cookie === header.cookie;
}

/**
 * The entries of a journal's text that are not struck out, in the order they were written. None if it tells
 * of another boot or namespace; doubtful ones if it may. A last line cut short by a crash is not an entry: its change was not made.
 */
export function parseJournal(text: string, header: Header): JournalEntry[] {
  const [first, ...lines] = text.split('\n');
  const found = parseLine(first ?? '') as Partial<Header> | undefined;
  const belonging = belongs(found, header);
  if (!belonging) return [];
  const entries = new Map<string, JournalEntry>();
  for (const line of lines) {
    const record = parseLine(line) as { add?: JournalEntry; strike?: string } | undefined;
    if (record?.add) entries.set(identityOf(record.add.resource), record.add);
    else if (record?.strike !== undefined) entries.delete(record.strike);
  }
  if (belonging === true) return [...entries.values()];
  return [...entries.values()].map((entry) => ({ ...entry, doubtful: true }));
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The entries of a journal file, none if it is missing or not of `header`. @throws Error of the file system */
export function readJournal(file: string, header = here()): JournalEntry[] {
  return parseJournal(readIfThere(file), header);
}

/** What is noted before the kernel is changed, and struck out after. */
export type Notes = Pick<Journal, 'add' | 'strike' | 'flush'>;

/** The journal of the running actuator. */
export class Journal {
  private readonly entries = new Map<string, JournalEntry>();
  private pending = '';
  private struck = 0;
  /** The last attempt to write failed. */
  private faulty = false;
  /** Absent: it could not be opened for writing yet, or is closed. */
  private descriptor: number | undefined;
  private closed = false;
  /** Told once when it can be written again, after `onFault`. */
  onRecovery: () => void = () => {};

  private constructor(
    private readonly file: string,
    private readonly onFault: (message: string) => void,
    private readonly header: Header,
  ) {}

  /**
   * Opens a journal, or starts one.
   * @param onFault told once when it cannot be written, from the first moment on: the daemon goes on, a crash would leave
   * things behind. Without an actuator a Backup would keep the addresses of the Master that it was.
   * @throws Error of the file system, with its path, if it cannot be read
   */
  static open(file: string, onFault: (message: string) => void, header = here()): Journal {
    const journal = new Journal(file, onFault, header);
    for (const entry of readJournal(file, header)) journal.entries.set(identityOf(entry.resource), entry);
    journal.attempt(() => journal.compact());
    return journal;
  }

  /** What is ours, in the order it was installed. */
  list(): JournalEntry[] {
    return [...this.entries.values()];
  }

  /** Notes something before it is installed. In effect after {@link flush}. */
  add(entry: JournalEntry): void {
    this.entries.set(identityOf(entry.resource), entry);
    this.pending += `${JSON.stringify({ add: entry })}\n`;
  }

  /** Strikes out something that is not ours (any more). In effect after {@link flush}. */
  strike(id: string): void {
    if (!this.entries.delete(id)) return;
    this.struck++;
    this.pending += `${JSON.stringify({ strike: id })}\n`;
  }

  /** Writes what was noted since, and what could not be written before. */
  flush(): void {
    if ((this.pending === '' && !this.faulty) || this.closed) return;
    const { descriptor } = this;
    this.attempt(() => {
      const isLong = this.struck > COMPACT_AFTER && this.struck > 2 * this.entries.size;
      if (this.faulty || isLong || descriptor === undefined) {
        this.compact(); // whole: an entry may be missing, or cut short
      } else {
        const text = this.pending;
        this.pending = '';
        writeSync(descriptor, text);
      }
    });
  }

  private attempt(write: () => void): void {
    try {
      write();
      if (this.faulty) this.onRecovery();
      this.faulty = false;
    } catch (error) {
      if (!this.faulty)
        this.onFault(`the journal cannot be written: ${(error as Error).message} (${this.file})`);
      this.faulty = true;
    }
  }

  /** Ends it: the file goes if nothing is ours any more. */
  close(): void {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
    if (this.entries.size === 0) removeQuietly(this.file);
  }

  private compact(): void {
    const lines = [this.header, ...this.list().map((add) => ({ add }))].map(
      (line) => `${JSON.stringify(line)}\n`,
    );
    const fresh = `${this.file}.new`;
    mkdirSync(path.dirname(this.file), { recursive: true });
    let descriptor: number | undefined;
    try {
      writeFileSync(fresh, lines.join(''), { mode: 0o600 });
      // Opened before the old one is closed: if that fails, what we have must still be ours.
      descriptor = openSync(fresh, 'a');
      renameSync(fresh, this.file);
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      removeQuietly(fresh);
      throw error;
    }
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = descriptor;
    this.pending = '';
    this.struck = 0;
  }
}

/** Removes what is of no use any more. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // The file system is read-only: that it cannot be written has been told.
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
