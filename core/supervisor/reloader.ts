/**
 * Reloads and changes, whoever asks for them: one after the other, each with an outcome that is told to all who
 * wait.
 */
import { type ConfigIssue, formatIssue } from '../config/index.ts';
import type { DaemonConfig } from '../config/model.ts';
import type { ChangeOutcome, ChangeRequest, ReloadOutcome, RouterName } from '../plugin/contracts/index.ts';
import { CodedError, type ErrorCode, type ErrorReport, messageOf, reportOf } from '../shared/errors.ts';
import { type Application, Changer } from './changer.ts';
import type { Daemon } from './daemon.ts';
import type { Start } from './generation.ts';
import { adjustLog, type Logger } from './log.ts';
import { type PrepareOptions, prepare } from './prepare.ts';
import type { ServiceManager } from './service-manager.ts';

/** Log files of a daemon in the background. */
export interface ReopenableLog {
  /** Opens the files in use anew: they may have been renamed. @throws Error; then the old ones stay in use */
  reopen(): void;
  /** Whether those of this configuration can be used. @throws Error if not */
  check(config: DaemonConfig): void;
  /** Uses those of this configuration. @throws Error; then the old ones stay in use */
  use(config: DaemonConfig): void;
}

/** See the file's comment. */
export class Reloader {
  /** One thing after the other. */
  private queue: Promise<unknown> = Promise.resolve();
  /** A reload that has not begun yet. */
  private waiting: Promise<ReloadOutcome> | undefined;
  private readonly changer: Changer;

  /** @param options hold for every configuration */
  constructor(
    private readonly daemon: Daemon,
    private readonly options: PrepareOptions,
    private readonly log: Logger,
    private readonly manager: ServiceManager,
    private readonly files?: ReopenableLog,
  ) {
    this.changer = new Changer(daemon, options, (application) => this.apply(application));
  }

  /**
   * Reads the configuration again and brings it into force, or says why not. Never rejects. Whoever asks while
   * a reload is under way waits for the next one, which may be everybody's who has asked meanwhile.
   */
  reload(): Promise<ReloadOutcome> {
    this.waiting ??= this.enqueue(() => {
      this.waiting = undefined;
      return this.perform();
    });
    return this.waiting;
  }

  /** Does what a service asks for. Never rejects. */
  change(request: ChangeRequest): Promise<ChangeOutcome> {
    return this.enqueue(() => this.changer.perform(request));
  }

  /** One line for the service manager: how many routers are in each state, and what is wrong. */
  get summary(): string {
    const { daemon } = this;
    const { lastReload: last } = daemon;
    const reason = [last?.error, last?.issues.find((issue) => issue.startsWith('error'))];
    const failed = last && !last.ok ? `reload failed: ${reason.filter(Boolean).join(': ')}; ` : '';
    const troubles = daemon.troubles.map((trouble) => `not running: ${trouble}; `).join('');
    return `${failed}${troubles}${daemon.summary()}`;
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.queue.then(work);
    this.queue = done.catch(() => {});
    return done;
  }

  private async perform(): Promise<ReloadOutcome> {
    const { daemon, log, files, options } = this;
    const issues: string[] = [];
    return this.told('reload', issues, async () => {
      try {
        files?.reopen();
      } catch (error) {
        log.error(messageOf(error));
      }
      const { start, issues: found } = await prepare(daemon.start.source.file, options);
      issues.push(...found.map(describeIssue));
      logIssues(found, log);
      if (!start) throw new CodedError('config-invalid', 'the configuration has errors');
      await this.bring({ ...start, places: daemon.start.places });
      // Not for a change: a service that waits for its answer could not give way to another one.
      await daemon.servicesSettled();
      issues.push(...daemon.troubles.map((trouble) => `error: ${trouble}`));
    });
  }

  /** Brings a change into force. @throws Error why it could not; then everything is as before */
  private async apply({ start, issues, failOver, by, what }: Application): Promise<void> {
    this.log.info(`${by ?? 'a service'} asks for: ${what}`);
    logIssues(issues, this.log);
    const found = issues.map(describeIssue);
    const outcome = await this.told('change', found, () =>
      start ? this.bring(start, failOver) : this.daemon.failOver(failOver),
    );
    if (!outcome.ok) throw new CodedError(outcome.code ?? 'failed', outcome.error ?? '');
  }

  /** Does it, and tells everybody how it went. */
  private async told(
    what: 'reload' | 'change',
    issues: readonly string[],
    work: () => Promise<void>,
  ): Promise<ReloadOutcome & { readonly code?: ErrorCode }> {
    const { daemon, log, manager } = this;
    const done = { reload: 'reloaded', change: 'changed' }[what];
    manager.reloading();
    let failed: ErrorReport | undefined;
    try {
      await work();
      log.info({ routers: daemon.start.config.virtualRouters.length }, `${done}: ${daemon.summary()}`);
    } catch (failure) {
      failed = reportOf(failure);
      log.error({ code: failed.code }, `not ${done}: ${failed.message}; everything runs on as before`);
    }
    const time = new Date().toISOString();
    const why = failed && { error: failed.message, code: failed.code };
    const outcome = { time, ok: failed === undefined, ...why, issues };
    daemon.reloaded(outcome);
    manager.reloaded(this.summary);
    return outcome;
  }

  private async bring(start: Start, failOver: readonly RouterName[] = []): Promise<void> {
    const { daemon, log, files } = this;
    const before = daemon.start.config;
    files?.check(start.config);
    await daemon.reload(start, failOver);
    try {
      files?.use(start.config);
    } catch (error) {
      log.error(messageOf(error)); // it could be used a moment ago
    }
    adjustLog(log, start.config);
    if (files && (before.pid !== start.config.pid || before.workingDir !== start.config.workingDir)) {
      log.warn('"pid" and "working_dir" stay as they were until the next start');
    }
  }
}

/** An issue as one line for people: `error: FILE:LINE: …`. */
export function describeIssue(issue: ConfigIssue): string {
  return `${issue.severity}: ${formatIssue(issue)}`;
}

/** Logs what is wrong with a configuration. */
export function logIssues(issues: readonly ConfigIssue[], log: Logger): void {
  const levels = { error: 'error', warning: 'warn', notice: 'info' } as const;
  for (const issue of issues) log[levels[issue.severity]](formatIssue(issue));
}
