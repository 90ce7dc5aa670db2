/** The daemon's life as a process, in the foreground as in the background: start, signals, requests, stop. */
import type { ConfigIssue } from '../config/index.ts';
import type { ChangeOutcome, ChangeRequest } from '../plugin/contracts/index.ts';
import { codeOf, messageOf } from '../shared/errors.ts';
import { packageVersion } from '../shared/package-root.ts';
import { Applier, type ReopenableLog } from './applier.ts';
import { AuthKeeper } from './auth-keeper.ts';
import { Changer } from './changer.ts';
import { Control } from './control-keeper.ts';
import { Daemon } from './daemon.ts';
import { collectGarbage } from './garbage.ts';
import { type Instance, takeInstance } from './instance.ts';
import { logIssues } from './issues.ts';
import { Listeners } from './listeners.ts';
import type { Logger } from './log.ts';
import type { Preparation, PrepareOptions } from './prepare.ts';
import { Reloader } from './reloader.ts';
import { ServiceManager } from './service-manager.ts';
import type { Signals } from './signals.ts';
import { Standby } from './standby.ts';
import { StandbyKeeper } from './standby-keeper.ts';
import { TwinGuard } from './twin-guard.ts';
import { startWorkerThread } from './worker-thread.ts';

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
 * Runs until a signal asks for the end.
 * @returns 0 stopped as told, 1 could not start or stop
 */
export async function serve(
  options: PrepareOptions,
  first: NonNullable<Preparation['start']>,
  issues: readonly ConfigIssue[],
  surroundings: Surroundings,
): Promise<0 | 1> {
  const { log, signals } = surroundings;
  logIssues(issues, log);
  const manager = new ServiceManager(log);
  const { file } = first.config;
  // A service may ask for a change before there is somebody to do it.
  let begin: (changer: Changer) => void = () => {};
  let interrupted: NodeJS.Signals | undefined;
  void signals.stop.then((signal) => {
    interrupted = signal;
  });
  const changing = new Promise<Changer>((resolve) => {
    begin = resolve;
  });
  let instance: Instance;
  let daemon: Daemon;
  let current = (): typeof first => first;
  // From before the routers run, so that nobody joins unheard.
  const listeners = new Listeners(() => current().config.virtualRouters);
  try {
    instance = await takeInstance(file);
    daemon = await Daemon.start({ ...first, places: instance }, signals.stop, {
      log,
      change: async (request: ChangeRequest): Promise<ChangeOutcome> => (await changing).perform(request),
      startThread: startWorkerThread,
      twins: new TwinGuard(log),
      keeper: new AuthKeeper(instance.authState),
      standby: new StandbyKeeper(instance.standbyState),
      collectGarbage,
    });
  } catch (error) {
    if (interrupted) {
      log.info(`${interrupted}: stopped before it ran`);
      return 0;
    }
    const reason = messageOf(error);
    log.fatal({ code: codeOf(error) }, `not started: ${reason}`);
    surroundings.failed?.(reason);
    return 1;
  }
  current = () => daemon.start;
  const applier = new Applier(daemon, log, manager, surroundings.files);
  const reloader = new Reloader(daemon, applier, options);
  const standby = new Standby(daemon, log, {
    now: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    hasListener: (router) => listeners.hasListener(router),
  });
  begin(new Changer(daemon, applier, options, standby));
  signals.onCounters(() => daemon.logCounters());
  const control = new Control(instance.control, daemon, reloader, log, standby);
  await control.open();
  log.info(
    { routers: first.config.virtualRouters.length },
    `rvrrpd ${packageVersion()} running ${file}: ${daemon.summary()}`,
  );
  const { standing } = standby;
  if (standing !== undefined)
    log.warn(`stand by since an earlier run, and do not become Master: ${standing}; rvrrpd resume ends that`);
  manager.started(
    () => applier.summary,
    () => daemon.lateness(Number(process.hrtime.bigint()) / 1e6), // CLOCK_MONOTONIC, as the engine's
  );
  surroundings.running?.();
  signals.onHangUp(() => void reloader.reload());

  log.info(`${await signals.stop}: stopping`);
  manager.stopping();
  listeners.close();
  control.close();
  if (!(await withTimeout(daemon.stop(), STOP_TIMEOUT))) {
    log.error(
      `not stopped within ${STOP_TIMEOUT} ms: addresses may be left behind, the next start takes them back`,
    );
    return 1;
  }
  log.info('stopped');
  return 0;
}

/** @returns whether it was done in time */
function withTimeout(work: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms);
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}
