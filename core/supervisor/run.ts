import { hurryHelpers } from '../threads/scheduling.ts';
import { guardAgainstForeignSignals } from './foreign-signals.ts';
import { describeIssue } from './issues.ts';
import { flushLog, openLog } from './log.ts';
import { capabilityFault, missingCapabilities } from './permissions.ts';
import { type Preparation, type PrepareOptions, prepare } from './prepare.ts';
import { serve } from './serve.ts';
import type { Signals } from './signals.ts';
import { Ancestor } from './upgrade/ancestor.ts';

/** What the command line asked for. */
export interface RunOptions extends PrepareOptions {
  /** Path of the configuration; absent: where it usually is. */
  readonly config?: string;
}

/** Exit codes: 0 stopped as told, 1 could not start or broke down. */
export type ExitCode = 0 | 1;

/** The log may wait this many ms for a reader when the process ends. */
export const LAST_WORDS = 300;

/** Runs in the foreground until a signal asks for the end. */
export async function runForeground(options: RunOptions, signals: Signals): Promise<ExitCode> {
  hurryHelpers();
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
