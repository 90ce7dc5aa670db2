/** The daemon as a process: from the command line's wishes to the exit code. */
import { type ConfigFormat, type ConfigIssue, formatIssue } from '../config/index.ts';
import { packageVersion } from '../shared/package-root.ts';
import { Daemon } from './daemon.ts';
import { takeInstance } from './instance.ts';
import { adjustLog, flushLog, type Logger, openLog } from './log.ts';
import { missingCapabilities } from './permissions.ts';
import { type Preparation, prepare } from './prepare.ts';

/** All that a generation needs but the journal. */
type Ready = NonNullable<Preparation['start']>;

/** What the command line asked for. */
export interface RunOptions {
  readonly config?: string;
  readonly format?: ConfigFormat;
  readonly debug?: 0 | 1 | 2 | 3 | 4 | 5;
}

/** Exit codes: 0 stopped as told, 1 could not start or broke down. */
export type ExitCode = 0 | 1;

/** The log may wait this many ms for a reader when the process ends. */
const LAST_WORDS = 300;
/** Taking everything back must be done within this many ms. */
const STOP_TIMEOUT = 10_000;

/** Checks configuration and plugins, starts nothing; prints what it finds. */
export async function check({ config, format, debug }: RunOptions): Promise<ExitCode> {
  const { start, issues } = await prepare(config, format, debug);
  printIssues(issues);
  if (start)
    console.log(`${start.config.file}: ${start.config.virtualRouters.length} virtual routers, no errors`);
  return start ? 0 : 1;
}

/** Runs in the foreground until SIGTERM or SIGINT. */
export async function runForeground({ config, format, debug }: RunOptions): Promise<ExitCode> {
  const { start, issues } = await prepare(config, format, debug);
  if (!start) {
    printIssues(issues);
    return 1;
  }
  const missing = missingCapabilities();
  if (missing.length > 0) {
    console.error(`rvrrpd needs ${missing.join(' and ')}: run it as root`);
    return 1;
  }
  const log = openLog(start.config);
  const code = await runLogged(
    { ...(format && { format }), ...(debug !== undefined && { debug }) },
    start,
    issues,
    log,
  );
  await flushLog(log, LAST_WORDS);
  return code;
}

async function runLogged(
  options: RunOptions,
  first: Ready,
  issues: readonly ConfigIssue[],
  log: Logger,
): Promise<ExitCode> {
  logIssues(issues, log);
  // From here on a signal stops what has been started, rather than the process in the middle of it.
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
  });
  const { file } = first.config;
  let daemon: Daemon;
  let journal: string;
  try {
    ({ journal } = await takeInstance(file));
    daemon = await Daemon.start({ ...first, journal }, log);
  } catch (error) {
    log.fatal(`not started: ${messageOf(error)}`);
    return 1;
  }
  log.info(
    { routers: first.config.virtualRouters.length },
    `rvrrpd ${packageVersion()} running ${file}: ${daemon.summary()}`,
  );
  process.on('SIGUSR1', () => daemon.logCounters());
  process.on('SIGHUP', () => void reload(daemon, { ...options, config: file }, journal, log));

  log.info(`${await signal}: stopping`);
  if (!(await withTimeout(daemon.stop(), STOP_TIMEOUT))) {
    log.error(
      `not stopped within ${STOP_TIMEOUT} ms: addresses may be left behind, the next start takes them back`,
    );
    return 1;
  }
  log.info('stopped');
  return 0;
}

/** Reads the configuration again and brings it into force, or says why not. */
async function reload(daemon: Daemon, options: RunOptions, journal: string, log: Logger): Promise<void> {
  try {
    const { start, issues } = await prepare(options.config, options.format, options.debug);
    logIssues(issues, log);
    if (!start) {
      log.error('not reloaded: the configuration has errors; everything runs on as before');
      return;
    }
    await daemon.reload({ ...start, journal });
    adjustLog(log, start.config);
    log.info({ routers: start.config.virtualRouters.length }, `reloaded: ${daemon.summary()}`);
  } catch (error) {
    log.error(`not reloaded: ${messageOf(error)}; everything runs on as before`);
  }
}

function logIssues(issues: readonly ConfigIssue[], log: Logger): void {
  const levels = { error: 'error', warning: 'warn', notice: 'info' } as const;
  for (const issue of issues) log[levels[issue.severity]](formatIssue(issue));
}

function printIssues(issues: readonly ConfigIssue[]): void {
  for (const issue of issues) console.error(`${issue.severity}: ${formatIssue(issue)}`);
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
