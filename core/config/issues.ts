/** What is wrong, or remarkable, about a configuration: one shape for every check, one way to print it. */

/** A path of keys and array indices into the configuration's data. */
export type ConfigPath = readonly (string | number)[];

/** Where an issue is. A whole file has no line; only syntax errors have a column. */
export interface IssuePosition {
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  /** From 1, in UTF-16 code units. */
  readonly column?: number;
}

/** One issue. Nothing in it ever contains a secret. */
export interface ConfigIssue {
  /** `error`: nothing starts. `warning`: it starts, but not as written. `notice`: a choice made for the operator. */
  readonly severity: 'error' | 'warning' | 'notice';
  readonly position: IssuePosition;
  /** `vrouter[2].priority`, indices from 0 as in JSON; empty if it is about the file as a whole. */
  readonly directive: string;
  /** The value as written in the file, shortened to a line. Absent: there is none, or it is a secret. */
  readonly value?: string;
  /** What is wrong and what would be right, to be read after directive and value: `must be 1 to 254`. */
  readonly message: string;
  /** What would be right, if that can be said in general: `1 to 254`. */
  readonly expected?: string;
}

/** `file:line: vrouter[2].priority = 300: must be 1 to 254`. The severity is left to the log level. */
export function formatIssue(issue: ConfigIssue): string {
  const { file, line, column } = issue.position;
  let text = file;
  if (line !== undefined) text += `:${line}`;
  if (column !== undefined) text += `:${column}`;
  if (issue.directive !== '') {
    text += `: ${issue.directive}`;
    if (issue.value !== undefined) text += ` = ${issue.value}`;
  }
  return `${text}: ${issue.message}`;
}

/** Whether any of them keeps the daemon from starting. */
export function hasErrors(issues: readonly ConfigIssue[]): boolean {
  return issues.some((issue) => issue.severity === 'error');
}

/**
 * In the order of the file; those about the whole file first. Stable.
 * @param files that have an order: what is in a later one comes later
 */
export function sortIssues(issues: readonly ConfigIssue[], files: readonly string[] = []): ConfigIssue[] {
  const rank = ({ position }: ConfigIssue): number => Math.max(0, files.indexOf(position.file));
  return [...issues].sort((a, b) => rank(a) - rank(b) || (a.position.line ?? 0) - (b.position.line ?? 0));
}

/** The path as the operator knows it: `vrouter[2].priority`, `plugins."@scope/name".options`. */
export function directiveName(path: ConfigPath): string {
  let name = '';
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else {
      const key = /^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part);
      name += name === '' ? key : `.${key}`;
    }
  }
  return name;
}

/** A value's source text on one line of at most 60 characters. */
export function shorten(source: string): string {
  const line = source.replace(/\s+/g, ' ').trim();
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`;
}
