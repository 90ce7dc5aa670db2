/** What is wrong with a configuration, for people. */
import { type ConfigIssue, formatIssue } from '../config/index.ts';
import type { Logger } from './log.ts';

/** An issue as one line for people: `error: FILE:LINE: …`. */
export function describeIssue(issue: ConfigIssue): string {
  return `${issue.severity}: ${formatIssue(issue)}`;
}

/** Logs what is wrong with a configuration. */
export function logIssues(
  issues: readonly ConfigIssue[],
  log: Pick<Logger, 'error' | 'warn' | 'info'>,
): void {
  const levels = { error: 'error', warning: 'warn', notice: 'info' } as const;
  for (const issue of issues) log[levels[issue.severity]](formatIssue(issue));
}
