/** Tracker `exec`: a program's exit code. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import {
  type Account,
  type Outcome,
  type Program,
  programAccount,
  programEnvironment,
  run,
  startFailure,
} from 'rvrrpd-track-system';

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings {
  readonly command: readonly string[];
  readonly user?: string | number;
  readonly group?: string | number;
  readonly environment?: Readonly<Record<string, string>>;
  /** By exit code. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** The whole environment of a program: nothing of the daemon's is in it. */
export function environmentOf(tracker: string, account: Account, more: Settings['environment']) {
  return programEnvironment(account, { RVRRPD_TRACKER: tracker, ...more });
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
      return { up: false, words: `cannot run ${this.program.command[0]}: ${startFailure(error)}` };
    }
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker => {
    const { command, user, group, environment, weights } = context.settings as unknown as Settings;
    const account = programAccount(command, user, group);
    return new ExecTracker(
      { command, account, environment: environmentOf(context.tracker, account, environment) },
      weights,
    );
  },
};

export default plugin;
