/** Tracker `process`: so many processes of a program run, or the one whose id is in a file. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import { readSmallFile } from 'rvrrpd-track-system';
import { Census, type Looks } from './census.ts';
import { ProcessEvents } from './events.ts';

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings extends Looks {
  readonly pid_file?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** With the kernel's events every process is looked at this often all the same, in ms. */
const FULL_CENSUS = 60_000;

/** A file with a process id has no more than that. */
const MOST_OCTETS = 4096;

/** The verdict on a number of processes. */
export function judge(name: string, count: number, { minimum = 1, maximum }: Settings): Finding {
  const many = count === 0 ? 'no process' : count === 1 ? '1 process' : `${count} processes`;
  const limit =
    count < minimum && minimum > 1
      ? `, ${minimum} at least must run`
      : maximum !== undefined && count > maximum
        ? `, ${maximum} at most may run`
        : '';
  const up = count >= minimum && (maximum === undefined || count <= maximum);
  return { up, words: `${many} of ${name}${limit}` };
}

/** What is looked for, for an operator. */
export function nameOf({ process, command_line: line }: Looks): string {
  const command = line === undefined ? '' : `"${line}"`;
  return process === undefined ? command : line === undefined ? process : `${process} as ${command}`;
}

/** The process id in a file's content; undefined: there is none. */
export function pidIn(content: string): number | undefined {
  const [, digits] = /^\s*(\d{1,10})\s*(?:\n|$)/.exec(content) ?? [];
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits);
}

class ProcessTracker implements Tracker {
  private readonly census: Census;
  private readonly name: string;
  private events: ProcessEvents | undefined;
  private ended = false;
  /** Those that the events keep right. Absent: all must be looked at. */
  private found: Set<number> | undefined;
  private lastCensus = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly settings: Settings,
    private readonly log: TrackContext['log'],
  ) {
    this.census = new Census(settings);
    this.name = nameOf(settings);
  }

  start(changed: () => void): void {
    void this.listen(changed); // until there are events, every check looks at all processes
  }

  private async listen(changed: () => void): Promise<void> {
    const events = await ProcessEvents.open((event) => {
      if (event === null) {
        this.found = undefined;
        changed();
        return;
      }
      const { what, pid } = event;
      if (what !== 'new') this.census.forget(pid);
      if (this.settings.pid_file !== undefined) {
        if (pid === this.lastPid) changed(); // of no other process's affairs
        return;
      }
      const was = this.found?.has(pid) ?? false;
      const is = what !== 'end' && this.census.isOne(pid);
      if (is) this.found?.add(pid);
      else this.found?.delete(pid);
      if (is !== was) changed();
    });
    if (events === undefined)
      this.log('debug', 'the kernel tells no process events here: processes are looked at once an interval');
    this.found = undefined;
    if (this.ended) events?.close();
    else this.events = events;
  }

  /** Of the file. */
  private lastPid: number | undefined;

  check(): Finding {
    const { pid_file: file } = this.settings;
    return file === undefined ? this.count() : this.fromFile(file);
  }

  private count(): Finding {
    const now = performance.now();
    if (this.events === undefined || this.found === undefined || now - this.lastCensus > FULL_CENSUS) {
      this.found = this.census.take();
      this.lastCensus = now;
    }
    return judge(this.name, this.found.size, this.settings);
  }

  private fromFile(file: string): Finding {
    const count = (found: number, words: string): Finding => {
      const { up } = judge('', found, this.settings);
      return { up, words };
    };
    let content: string;
    try {
      content = readSmallFile(file, MOST_OCTETS);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return count(0, code === 'ENOENT' ? `${file} is not there` : `${file} ${code ?? message}`);
    }
    const pid = pidIn(content);
    this.lastPid = pid;
    if (pid === undefined) return count(0, `${file} holds no process id`);
    if (this.events === undefined) this.census.forget(pid);
    if (!this.census.isThere(pid)) return count(0, `process ${pid} of ${file} does not run`);
    if (this.census.isOne(pid)) return count(1, `process ${pid} of ${file} runs`);
    return count(0, `process ${pid} of ${file} is another program than ${this.name}`);
  }

  stop(): void {
    this.ended = true;
    this.events?.close();
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker => {
    const settings = context.settings as unknown as Settings;
    const { process, command_line: commandLine, pid_file: file, minimum = 1, maximum, match } = settings;
    if (process === undefined && commandLine === undefined && file === undefined)
      throw new Error('one of process, command_line and pid_file must say which process is meant');
    if (match !== undefined && match !== 'exact' && commandLine === undefined)
      throw new Error(`match = "${match}": says how command_line is meant, and there is none`);
    if (maximum !== undefined && maximum < minimum)
      throw new Error(`maximum = ${maximum}: must not be less than minimum, ${minimum}`);
    if (minimum === 0 && maximum === undefined)
      throw new Error('minimum = 0: with no maximum it would never be down');
    if (file !== undefined && minimum > 1)
      throw new Error(`minimum = ${minimum}: with pid_file there is one process at most`);
    return new ProcessTracker(settings, context.log);
  },
};

export default plugin;
