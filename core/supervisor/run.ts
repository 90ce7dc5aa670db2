/** The daemon as a process: from the command line's wishes to the exit code. */
import { counted } from '../shared/words.ts';
import { guardAgainstForeignSignals } from './foreign-signals.ts';
import { foreseeAuthentication } from './foresee-auth.ts';
import { foreseeThreads } from './foresee-threads.ts';
import { foreseeKernel } from './foresight.ts';
import { describeIssue } from './issues.ts';
import { flushLog, openLog, warningsTo } from './log.ts';
import { capabilityFault, missingCapabilities } from './permissions.ts';
import { type Preparation, type PrepareOptions, prepare } from './prepare.ts';
import { serve } from './serve.ts';
import type { Signals } from './signals.ts';
import { Ancestor } from './upgrade/ancestor.ts';
import { startWorkerThread } from './worker-thread.ts';

/** What the command line asked for. */
export interface RunOptions extends PrepareOptions {
  /** Path of the configuration; absent: where it usually is. */
  readonly config?: string;
}

/** Exit codes: 0 stopped as told, 1 could not start or broke down. */
export type ExitCode = 0 | 1;

/** The log may wait this many ms for a reader when the process ends. */
export const LAST_WORDS = 300;

/** Checks configuration and plugins, starts nothing; prints what it finds. */
export async function check({ config, ...options }: RunOptions): Promise<ExitCode> {
  const { start, issues } = await prepare(config, options);
  for (const issue of issues) console.error(describeIssue(issue));
  // Whoever checks a file need not be able to run it.
  const lack = start && capabilityFault(missingCapabilities());
  if (lack !== undefined) console.error(`notice: started like this, ${lack}`);
  const obstacles = start ? await foresee(start) : [];
  for (const obstacle of obstacles) console.error(`error: ${obstacle}`);
  if (obstacles.length > 0) return 1;
  if (start)
    console.log(
      `${start.config.file}: ${counted(start.config.virtualRouters.length, 'virtual router')}, no errors`,
    );
  return start ? 0 : 1;
}

/** What a start would be refused for, beside what the configuration itself says. */
async function foresee(start: NonNullable<Preparation['start']>): Promise<string[]> {
  const warn = (message: string): void => console.error(`warning: ${message}`);
  const { errors, warnings } = await foreseeAuthentication(start);
  const threads = await foreseeThreads(start, warningsTo(warn), startWorkerThread);
  const kernel = await foreseeKernel(start);
  for (const warning of [...warnings, ...threads.warnings, ...kernel.warnings]) warn(warning);
  return [...errors, ...threads.refusals, ...kernel.obstacles];
}

/** Runs in the foreground until a signal asks for the end. */
export async function runForeground(options: RunOptions, signals: Signals): Promise<ExitCode> {
  guardAgainstForeignSignals();
  const ancestor = Ancestor.fromEnvironment();
  const prepared = await prepareToRun(options);
  if (!prepared.start) return 1;
  const log = await openLog(prepared.start.config);
  const code = await serve(options, prepared.start, [...prepared.issues, ...prepared.hints], {
    ...{ log, signals },
    ...(ancestor && { ancestor }),
  });
  await flushLog(log, LAST_WORDS);
  return code;
}

/** Prepares the start. Without a `start` there can be none, and the reason was printed. */
export async function prepareToRun({ config, ...options }: RunOptions): Promise<Preparation> {
  const { start, ...prepared } = await prepare(config, options);
  if (!start) {
    for (const issue of prepared.issues) console.error(describeIssue(issue));
    return prepared;
  }
  const fault = capabilityFault(missingCapabilities());
  if (fault === undefined) return { start, ...prepared };
  console.error(fault);
  return prepared;
}
