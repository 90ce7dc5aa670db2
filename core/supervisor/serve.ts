/** The daemon's life as a process, in the foreground as in the background: start, signals, requests, stop. */
import type { ConfigIssue } from '../config/index.ts';
import { packageVersion } from '../shared/package-root.ts';
import { ControlServer } from './control.ts';
import { Daemon } from './daemon.ts';
import { type Instance, takeInstance } from './instance.ts';
import type { Logger } from './log.ts';
import type { Preparation } from './prepare.ts';
import { logIssues, Reloader, type ReloadSource, type ReopenableLog } from './reloader.ts';
import { ServiceManager } from './service-manager.ts';
import type { Signals } from './signals.ts';
import type { DaemonStatus } from './status.ts';

/** What depends on where the daemon runs. */
export interface Surroundings {
  readonly log: Logger;
  readonly signals: Signals;
  /** Absent: the log is somebody else's business. */
  readonly files?: ReopenableLog;
  /** Called once the virtual routers run. */
  running?(): void;
  /** Called instead if they don't, with the reason, after it was logged. */
  failed?(reason: string): void;
}

/** Taking everything back must be done within this many ms. */
const STOP_TIMEOUT = 10_000;

/**
 * Runs until SIGTERM or SIGINT.
 * @returns 0 stopped as told, 1 could not start or stop
 */
export async function serve(
  source: Pick<ReloadSource, 'format' | 'debug'>,
  first: NonNullable<Preparation['start']>,
  issues: readonly ConfigIssue[],
  surroundings: Surroundings,
): Promise<0 | 1> {
  const { log, signals } = surroundings;
  logIssues(issues, log);
  const manager = new ServiceManager(log);
  const { file } = first.config;
  let instance: Instance;
  let daemon: Daemon;
  try {
    instance = await takeInstance(file);
    daemon = await Daemon.start({ ...first, journal: instance.journal }, log);
  } catch (error) {
    const reason = messageOf(error);
    log.fatal(`not started: ${reason}`);
    surroundings.failed?.(reason);
    return 1;
  }
  const { journal } = instance;
  const reloader = new Reloader(
    daemon,
    { ...source, config: file, journal },
    log,
    manager,
    surroundings.files,
  );
  process.on('SIGUSR1', () => daemon.logCounters());
  const control = await openControl(instance, daemon, reloader, log);
  log.info(
    { routers: first.config.virtualRouters.length },
    `rvrrpd ${packageVersion()} running ${file}: ${daemon.summary()}`,
  );
  manager.started(() => reloader.summary);
  surroundings.running?.();
  signals.onHangUp(() => void reloader.reload());

  log.info(`${await signals.stop}: stopping`);
  manager.stopping();
  control?.close();
  if (!(await withTimeout(daemon.stop(), STOP_TIMEOUT))) {
    log.error(
      `not stopped within ${STOP_TIMEOUT} ms: addresses may be left behind, the next start takes them back`,
    );
    return 1;
  }
  log.info('stopped');
  return 0;
}

/** Lets root ask for things. Without it the routers run all the same. */
async function openControl(
  instance: Instance,
  daemon: Daemon,
  reloader: Reloader,
  log: Logger,
): Promise<ControlServer | undefined> {
  const since = new Date().toISOString();
  const status = (): DaemonStatus => ({
    version: packageVersion(),
    pid: process.pid,
    configuration: daemon.config.file,
    since,
    lastReload: reloader.last ?? null,
    ...daemon.status(),
  });
  const commands = { status, reload: () => reloader.reload(), plugins: () => daemon.plugins };
  try {
    return await ControlServer.open(instance.control, (command) => commands[command]());
  } catch (error) {
    log.error(`rvrrpd status, reload and plugins will not work: ${messageOf(error)}`);
    return undefined;
  }
}

/** @returns whether it was done in time */
function withTimeout(work: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms);
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
