/** Reloads, whoever asks for them: one after the other, each with an outcome that is told to all who wait. */
import { type ConfigFormat, type ConfigIssue, formatIssue } from '../config/index.ts';
import type { DaemonConfig } from '../config/model.ts';
import type { Daemon } from './daemon.ts';
import { adjustLog, type Logger } from './log.ts';
import { prepare } from './prepare.ts';
import type { ServiceManager } from './service-manager.ts';
import type { ReloadOutcome } from './status.ts';

/** What is reloaded: as at the start. */
export interface ReloadSource {
  /** Absolute path. */
  readonly config: string;
  readonly format?: ConfigFormat;
  readonly debug?: 0 | 1 | 2 | 3 | 4 | 5;
  readonly journal: string;
}

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
  /** The last one; undefined: there was none. */
  last: ReloadOutcome | undefined;
  private running: Promise<ReloadOutcome> | undefined;
  private waiting: Promise<ReloadOutcome> | undefined;

  constructor(
    private readonly daemon: Daemon,
    private readonly source: ReloadSource,
    private readonly log: Logger,
    private readonly manager: ServiceManager,
    private readonly files?: ReopenableLog,
  ) {}

  /**
   * Reads the configuration again and brings it into force, or says why not. Never rejects. Whoever asks while
   * a reload is under way waits for the next one, which may be everybody's who has asked meanwhile.
   */
  reload(): Promise<ReloadOutcome> {
    if (this.waiting) return this.waiting;
    if (!this.running) return this.begin();
    this.waiting = this.running.then(() => {
      this.waiting = undefined;
      return this.begin();
    });
    return this.waiting;
  }

  /** One line for the service manager: how many routers are in each state, and what is wrong. */
  get summary(): string {
    const { daemon, last } = this;
    const reason = [last?.error, last?.issues.find((issue) => issue.startsWith('error'))];
    const failed = last && !last.ok ? `reload failed: ${reason.filter(Boolean).join(': ')}; ` : '';
    return `${failed}${daemon.summary()}`;
  }

  private begin(): Promise<ReloadOutcome> {
    this.running = this.perform().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async perform(): Promise<ReloadOutcome> {
    const { log, manager } = this;
    manager.reloading();
    const issues: string[] = [];
    let error: string | undefined;
    try {
      await this.replace(issues);
      log.info({ routers: this.daemon.config.virtualRouters.length }, `reloaded: ${this.daemon.summary()}`);
    } catch (failure) {
      error = messageOf(failure);
      log.error(`not reloaded: ${error}; everything runs on as before`);
    }
    const time = new Date().toISOString();
    this.last = { time, ok: error === undefined, ...(error === undefined ? {} : { error }), issues };
    manager.reloaded(this.summary);
    return this.last;
  }

  /** @param found what is found in the configuration is added to it */
  private async replace(found: string[]): Promise<void> {
    const { daemon, source, log, files } = this;
    try {
      files?.reopen();
    } catch (error) {
      log.error(messageOf(error));
    }
    const before = daemon.config;
    const { start, issues } = await prepare(source.config, source.format, source.debug);
    found.push(...issues.map(describeIssue));
    logIssues(issues, log);
    if (!start) throw new Error('the configuration has errors');
    files?.check(start.config);
    await daemon.reload({ ...start, journal: source.journal });
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
