/** Tracker `exec`: a program's exit code. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import { type Account, accountOf, readAccountFiles } from './accounts.ts';
import { type Outcome, type Program, run } from './run.ts';

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings {
  readonly command: readonly string[];
  readonly user?: string | number;
  readonly group?: string | number;
  readonly environment?: Readonly<Record<string, string>>;
  /** By exit code. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** As a login has it, whatever the daemon's own is. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The whole environment of a program: nothing of the daemon's is in it. */
export function environmentOf(tracker: string, account: Account, more: Settings['environment']) {
  const { name, home } = account;
  return {
    PATH,
    LANG: 'C.UTF-8',
    HOME: home,
    ...(name === undefined ? {} : { USER: name, LOGNAME: name }),
    RVRRPD_TRACKER: tracker,
    ...more,
  };
}

/** The verdict on how a program has ended. */
export function judge({ code, signal, words }: Outcome, weights: Settings['weights'] = {}): Finding {
  if (code === undefined) return { up: false, words: words || `ended by ${signal}` };
  const weight = Object.hasOwn(weights, code) ? weights[code] : undefined;
  return {
    up: code === 0 || weight !== undefined,
    words: words || `exit code ${code}`,
    ...(weight === undefined ? {} : { weight }),
  };
}

class ExecTracker implements Tracker {
  constructor(
    private readonly program: Program,
    private readonly weights: Settings['weights'],
  ) {}

  async check(signal: AbortSignal): Promise<Finding> {
    try {
      return judge(await run(this.program, signal), this.weights);
    } catch (error) {
      if (signal.aborted) throw error;
      return { up: false, words: `cannot run ${this.program.command[0]}: ${reasonOf(error)}` };
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file, or not what its first line asks for',
  EACCES: 'not permitted: is it executable, for this user?',
  EPERM: 'the daemon may not run programs as this user (CAP_SETUID, CAP_SETGID)',
};

function reasonOf(error: unknown): string {
  const { code = '', message } = error as { code?: string; message?: string };
  return REASONS[code] ?? (code || String(message));
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker => {
    const { command, user, group, environment, weights } = context.settings as unknown as Settings;
    if (!command[0]!.startsWith('/'))
      throw new Error(`command = ["${command[0]}", …]: the program must be an absolute path`);
    const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    const account = accountOf(readAccountFiles(), own, user, group);
    return new ExecTracker(
      { command, account, environment: environmentOf(context.tracker, account, environment) },
      weights,
    );
  },
};

export default plugin;
