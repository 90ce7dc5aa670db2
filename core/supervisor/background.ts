/**
 * The daemon in the background (`-m2`). Node.js cannot fork, so the starting process starts the daemon as
 * another one in a session of its own, waits until its virtual routers run, and tells by its exit code.
 */
import { spawn } from 'node:child_process';
import { closeSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DaemonConfig } from '../config/model.ts';
import { CodedError } from '../shared/errors.ts';
import { guardAgainstForeignSignals } from './foreign-signals.ts';
import { flushLog, openFileLog } from './log.ts';
import { LogFiles, logPlaces } from './log-files.ts';
import { adoptPidFile, type PidFile, takePidFile } from './pid-file.ts';
import { type ExitCode, LAST_WORDS, prepareToRun, type RunOptions } from './run.ts';
import { serve } from './serve.ts';
import type { Signals } from './signals.ts';
import { Ancestor } from './upgrade/ancestor.ts';

/** In the environment of the process that is to be the daemon. */
const MARK = 'RVRRPD_IN_BACKGROUND';
/** Nobody else than root and its group reads what the daemon writes. */
const UMASK = 0o027;
/** The starting process is told this when the virtual routers run. */
const RUNNING = 'running';
/** Where Node.js knows how to leave SIGUSR1 alone from its first moment on (22.14 and later). */
const NO_INSPECTOR = ['--disable-sigusr1'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));

/**
 * Runs in the background; returns in the starting process once the virtual routers run, and in the daemon
 * when it has stopped.
 * @param args command line, without the names of the interpreter and of the script
 */
export async function runBackground(
  options: RunOptions,
  args: readonly string[],
  signals: Signals,
): Promise<ExitCode> {
  guardAgainstForeignSignals();
  const ancestor = Ancestor.fromEnvironment();
  if (!ancestor && (process.env[MARK] === undefined || process.send === undefined))
    return start(args, signals);
  delete process.env[MARK];
  return run(options, signals, ancestor);
}

/** The starting process. */
function start(args: readonly string[], signals: Signals): Promise<ExitCode> {
  const command = [...process.execArgv, ...NO_INSPECTOR, process.argv[1]!, ...args];
  const daemon = spawn(process.execPath, command, {
    detached: true, // setsid(2): it loses the terminal, and the signals that come from there
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'], // it complains here until it runs
    env: { ...process.env, [MARK]: '1' },
  });
  // Interrupted while it waits: the daemon takes back what it has started.
  void signals.stop.then(() => daemon.kill('SIGTERM'));
  return new Promise((resolve) => {
    daemon.once('message', (message) => {
      if (message === RUNNING) resolve(0);
    });
    daemon.once('error', (error) => {
      console.error(`rvrrpd: not started: ${error.message}`);
      resolve(1);
    });
    daemon.once('exit', (_code, signal) => {
      if (signal !== null) console.error(`rvrrpd: not started: ended by ${signal}`);
      resolve(1);
    });
  });
}

/** The daemon itself. @param ancestor whom it takes over from */
async function run(options: RunOptions, signals: Signals, ancestor: Ancestor | undefined): Promise<ExitCode> {
  const { start, issues, hints } = await prepareToRun(options);
  if (!start) return 1;
  const pidFile = new OwnPidFile(start.config);
  let files: LogFiles;
  try {
    takePlace(start.config);
    if (!ancestor) pidFile.take();
    files = new LogFiles(logPlaces(start.config));
  } catch (error) {
    console.error(`rvrrpd: not started: ${start.config.file}: ${(error as Error).message}`);
    return 1;
  }
  const log = openFileLog(start.config, files);
  const code = await serve(options, start, [...issues, ...hints], {
    log,
    signals,
    files: {
      reopen: () => files.reopen(),
      check: (config) => LogFiles.check(logPlaces(config)),
      use: (config) => files.reopen(logPlaces(config)),
    },
    running: () => {
      files.takeStandardError();
      leaveStarter();
    },
    failed: (reason) => console.error(`rvrrpd: not started: ${reason}`),
    pidFile: () => pidFile.taken,
    ...(ancestor && { ancestor, takePidFile: (handed) => pidFile.take(handed) }),
  });
  await flushLog(log, LAST_WORDS);
  return code;
}

/** Takes its place in the file system. @throws Error naming the directive that cannot be followed */
function takePlace(config: DaemonConfig): void {
  process.umask(UMASK);
  try {
    process.chdir(config.workingDir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const where = `working_dir ${JSON.stringify(config.workingDir)}`;
    throw new CodedError('file-unusable', `${where}: ${code}: name a folder that exists`);
  }
}

/** The PID file of this process, once it has it. */
class OwnPidFile {
  private file: PidFile | undefined;

  constructor(private readonly config: Pick<DaemonConfig, 'pid'>) {}

  /** Undefined: none was taken yet, or could be. */
  get taken(): PidFile | undefined {
    return this.file;
  }

  /** @param handed that of the process before, which is ours if it has the same path @throws Error, see pid-file.ts */
  take(handed?: Pick<PidFile, 'path' | 'descriptor'>): void {
    if (this.file) return;
    const wanted = path.resolve(this.config.pid);
    if (handed && handed.path !== wanted) {
      rmSync(handed.path, { force: true }); // of a process that is about to end
      closeSync(handed.descriptor);
    }
    const file = handed?.path === wanted ? adoptPidFile(handed) : takePidFile(wanted);
    this.file = file;
    process.once('exit', () => file.release());
  }
}

/** From here on the daemon is on its own. */
function leaveStarter(): void {
  if (!process.connected) return; // it did not wait for us
  process.send?.(RUNNING, () => {
    if (process.connected) process.disconnect();
  });
}
