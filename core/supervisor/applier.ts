/** Brings configurations into force, whoever asks for them, and tells everybody how it went. */
import type { DaemonConfig } from '../config/model.ts';
import type { ReloadOutcome, RouterName } from '../plugin/contracts/index.ts';
import { type ErrorCode, type ErrorReport, messageOf, reportOf } from '../shared/errors.ts';
import type { Daemon } from './daemon.ts';
import type { Start } from './generation.ts';
import { adjustLog, type Logger } from './log.ts';
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

/** See the file's comment. To be used by whoever has the turn (turns.ts). */
export class Applier {
  /** @param files absent: the log is somebody else's business */
  constructor(
    private readonly daemon: Pick<
      Daemon,
      'start' | 'reload' | 'orders' | 'reloaded' | 'summary' | 'lastReload' | 'troubles'
    >,
    readonly log: Logger,
    private readonly manager: Pick<ServiceManager, 'reloading' | 'reloaded'>,
    private readonly files?: ReopenableLog,
  ) {}

  /** One line for the service manager: how many routers are in each state, and what is wrong. */
  get summary(): string {
    const { daemon } = this;
    const { lastReload: last } = daemon;
    const reason = [last?.error, last?.issues.find((issue) => issue.startsWith('error'))];
    const failed = last && !last.ok ? `reload failed: ${reason.filter(Boolean).join(': ')}; ` : '';
    const troubles = daemon.troubles.map((trouble) => `not running: ${trouble}; `).join('');
    return `${failed}${troubles}${daemon.summary()}`;
  }

  /** Opens the log files anew: they may have been renamed. */
  reopenLog(): void {
    try {
      this.files?.reopen();
    } catch (error) {
      this.log.error(messageOf(error));
    }
  }

  /**
   * Does work that changes what runs, and tells everybody how it went. Never rejects.
   * @param issues what was found in the configuration by the time that the work is over
   */
  async told(
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

  /**
   * Brings it into force, with its log.
   * @param start absent: the configuration stays as it is
   * @param failOver Masters that give up after that
   * @throws Error why it could not; then everything is as before
   */
  async bring(start: Start | undefined, failOver: readonly RouterName[] = []): Promise<void> {
    const { daemon, log, files } = this;
    if (start === undefined) return daemon.orders.failOver(failOver);
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
