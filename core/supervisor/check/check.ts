/** `rvrrpd --check`: what a start would say, without one. */
import { counted } from '../../shared/words.ts';
import { describeIssue } from '../issues.ts';
import { warningsTo } from '../log.ts';
import { capabilityFault, missingCapabilities } from '../permissions.ts';
import { type Preparation, prepare } from '../prepare.ts';
import type { ExitCode, RunOptions } from '../run.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { foreseeAuthentication } from './authentication.ts';
import { foreseeKernel } from './kernel.ts';
import { foreseeThreads } from './threads.ts';

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
  const [auth, threads, kernel] = await Promise.all([
    foreseeAuthentication(start),
    foreseeThreads(start, warningsTo(warn), startWorkerThread),
    foreseeKernel(start),
  ]);
  for (const warning of [...auth.warnings, ...threads.warnings, ...kernel.warnings]) warn(warning);
  return [...auth.errors, ...threads.refusals, ...kernel.obstacles];
}
