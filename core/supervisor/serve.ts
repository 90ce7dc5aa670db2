/** The daemon's life as a process, in the foreground as in the background: start, signals, requests, stop. */
import type { ConfigIssue } from '../config/index.ts';
import { native } from '../native/index.ts';
import type { ChangeOutcome, ChangeRequest } from '../plugin/contracts/index.ts';
import { CodedError, codeOf, messageOf } from '../shared/errors.ts';
import { packageVersion } from '../shared/package-root.ts';
import { Applier, type ReopenableLog } from './applier.ts';
import { AuthKeeper } from './auth-keeper.ts';
import { Changer } from './changer.ts';
import { Control } from './control-keeper.ts';
import { Daemon } from './daemon.ts';
import { collectGarbage } from './garbage.ts';
import { adoptInstance, type Instance, instancePlaces, takeInstance } from './instance.ts';
import { logIssues } from './issues.ts';
import { Listeners } from './listeners.ts';
import type { Logger } from './log.ts';
import type { PidFile } from './pid-file.ts';
import type { Preparation, PrepareOptions } from './prepare.ts';
import { Reloader } from './reloader.ts';
import { ServiceManager } from './service-manager.ts';
import type { Signals } from './signals.ts';
import { Standby } from './standby.ts';
import { StandbyKeeper } from './standby-keeper.ts';
import { TwinGuard } from './twin-guard.ts';
import type { Ancestor } from './upgrade/ancestor.ts';
import type { HandedPlaces } from './upgrade/messages.ts';
import { Upgrader } from './upgrade/upgrader.ts';
import { startWorkerThread } from './worker-thread.ts';

/** What depends on where the daemon runs. */
export interface Surroundings {
  readonly log: Logger;
  readonly signals: Signals;
  /** Absent: the log is somebody else's business. */
  readonly files?: ReopenableLog;
  /** Called once the virtual routers run. */
  running?(): void;
  /** Absent: in the foreground. Its answer undefined: there is none. */
  pidFile?(): PidFile | undefined;
  /** The process that this one is to take over from. */
  readonly ancestor?: Ancestor;
  /** Called once it has: the PID file, if that process has had one. @throws Error if it cannot be had */
  takePidFile?(handed: HandedPlaces['pidFile']): void;
  /** Called instead if they don't, with the reason, after it was logged. */
  failed?(reason: string): void;
}

/** Taking everything back must be done within this many ms. */
const STOP_TIMEOUT = 10_000;

/** What another process has had is free so many ms after its end, and is asked for every so many ms. */
const DEATH_THROES = 5000;
const DEATH_RETRY = 50;
/** Codes of errors that say that somebody has it. */
const TAKEN: ReadonlySet<string> = new Set(['already-running', 'router-taken']);

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
  const { ancestor } = surroundings;
  let instance: Instance | undefined;
  let daemon: Daemon;
  let current = (): typeof first => first;
  // From before the routers run, so that nobody joins unheard.
  const listeners = new Listeners(() => current().config.virtualRouters);
  /** What another daemon has left to this one. */
  let handed: HandedPlaces | undefined;
  const world = ({ authState, standbyState }: Pick<Instance, 'authState' | 'standbyState'>) => ({
    log,
    change: async (request: ChangeRequest): Promise<ChangeOutcome> => (await changing).perform(request),
    startThread: startWorkerThread,
    twins: new TwinGuard(log),
    keeper: new AuthKeeper(authState),
    standby: new StandbyKeeper(standbyState),
    collectGarbage,
  });
  /** What the other process has had becomes ours, piece by piece: none of it keeps the rest from it. */
  const settle = async (): Promise<void> => {
    handed = ancestor!.places;
    native.dropIdleClaims();
    instance = await adoptInstance(file, handed.lock);
    surroundings.takePidFile?.(handed.pidFile);
  };
  const startAnew = async (): Promise<Daemon> => {
    surroundings.takePidFile?.(undefined);
    instance = await takeInstance(file);
    return Daemon.start({ ...first, places: instance }, signals.stop, world(instance));
  };
  const takeOver = async (from: Ancestor): Promise<Daemon> => {
    const places = instancePlaces(file);
    try {
      return await Daemon.succeed({ ...first, places }, from, signals.stop, world(places), settle);
    } catch (error) {
      if (!from.hasLeftNothing || interrupted) throw error;
      log.warn('the rvrrpd that was to be replaced has ended: starting in its place');
      return startInPlace();
    }
  };
  /** The kernel needs a moment until everything is free that a dead process has had. */
  const startInPlace = async (): Promise<Daemon> => {
    for (const end = performance.now() + DEATH_THROES; ; ) {
      try {
        return await startAnew();
      } catch (error) {
        const isTaken = TAKEN.has(codeOf(error));
        if (!isTaken || interrupted || performance.now() > end) throw error;
        instance?.release();
        instance = undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, DEATH_RETRY));
    }
  };
  try {
    daemon = await (ancestor ? takeOver(ancestor) : startAnew());
    instance ??= await adoptInstance(file, ancestor!.places.lock);
  } catch (error) {
    await ancestor?.fail(interrupted ? new CodedError('stopping', `${interrupted}: interrupted`) : error);
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
  const { lockDescriptor, ...places } = instance;
  if (handed && ancestor?.welcome) {
    const { version, pid } = ancestor.welcome;
    log.info({ ancestor: pid }, `took over from rvrrpd ${version}, process ${pid}`);
  }
  const applier = new Applier(daemon, log, manager, surroundings.files);
  const reloader = new Reloader(daemon, applier, options);
  const standby = new Standby(daemon, log, {
    now: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    hasListener: (router) => listeners.hasListener(router),
  });
  begin(new Changer(daemon, applier, options, standby));
  signals.onCounters(() => daemon.logCounters());
  const upgrader: Upgrader = new Upgrader(daemon, log, manager, () => ({
    ...{ places, lockDescriptor, control, options },
    ...{ inBackground: surroundings.pidFile !== undefined, pidFile: surroundings.pidFile?.() },
    reloadIsAskedFor: reloader.isAskedFor,
    own: { node: process.execPath, nodeArguments: process.execArgv, script: process.argv[1]! },
  }));
  const control: Control = new Control(instance.control, daemon, reloader, upgrader, log, standby);
  await control.open(handed?.control);
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
    handed !== undefined,
  );
  surroundings.running?.();
  signals.onHangUp(() => {
    if (upgrader.successor === undefined) void reloader.reload();
    else process.kill(upgrader.successor, 'SIGHUP'); // it was meant for whoever is the daemon
  });

  const signal = await Promise.race([signals.stop, upgrader.over]);
  if (signal === undefined) return 0; // nothing here is ours any more
  log.info(`${signal}: stopping`);
  const stopped = withTimeout(daemon.stop(), STOP_TIMEOUT);
  if (upgrader.isUnderWay) {
    await stopped;
    if (upgrader.successor !== undefined) {
      process.kill(upgrader.successor, signal); // it was meant for whoever is the daemon
      return 0;
    }
  }
  manager.stopping();
  listeners.close();
  control.close();
  if (!(await stopped)) {
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
