/** Reloads, whoever asks for them: each with an outcome that is told to all who wait. */
import type { ReloadOutcome } from '../plugin/contracts/index.ts';
import { CodedError } from '../shared/errors.ts';
import type { Applier } from './applier.ts';
import type { Daemon } from './daemon.ts';
import { describeIssue, logIssues } from './issues.ts';
import { type PrepareOptions, prepare } from './prepare.ts';
import type { Turn } from './turns.ts';

/** See the file's comment. */
export class Reloader {
  /** A reload that has not begun yet. */
  private waiting: Promise<ReloadOutcome> | undefined;

  /** @param options hold for every configuration */
  constructor(
    private readonly daemon: Pick<Daemon, 'start' | 'turns' | 'servicesTried' | 'troubles'>,
    private readonly applier: Applier,
    private readonly options: PrepareOptions,
  ) {}

  /** Somebody has asked for a reload that has not begun yet. */
  get isAskedFor(): boolean {
    return this.waiting !== undefined;
  }

  /**
   * Reads the configuration again and brings it into force, or says why not. Never rejects. Whoever asks while
   * a reload is under way waits for the next one, which may be everybody's who has asked meanwhile.
   */
  reload(): Promise<ReloadOutcome> {
    this.waiting ??= this.daemon.turns.take((turn) => {
      this.waiting = undefined;
      return this.perform(turn);
    });
    return this.waiting;
  }

  private perform(turn: Turn): Promise<ReloadOutcome> {
    const { daemon, applier, options } = this;
    const issues: string[] = [];
    return applier.told('reload', issues, async () => {
      applier.reopenLog();
      const { start, issues: found, hints } = await turn.aside(prepare(daemon.start.source.file, options));
      issues.push(...found.map(describeIssue));
      logIssues([...found, ...hints], applier.log);
      if (!start) throw new CodedError('config-invalid', 'the configuration has errors');
      await applier.bring({ ...start, places: daemon.start.places });
      // Not for a change: a service that waits for its answer could not give way to another one.
      await turn.aside(daemon.servicesTried());
      issues.push(...daemon.troubles.map((trouble) => `error: ${trouble}`));
    });
  }
}
