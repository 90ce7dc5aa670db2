/** Reads configurations from text, for the tests of this folder. */
import { expect } from 'vitest';
import { type Interpretation, interpret } from './interpret.ts';
import { formatIssue } from './issues.ts';
import { parseDocument } from './parse.ts';

/** Interprets a file called `f`; it must have no syntax error. */
export function read(content: string): Interpretation {
  const { document, issues } = parseDocument('f', content);
  expect(issues).toEqual([]);
  return interpret(document!);
}

/** `severity line: rest` of each issue. */
export function complaints(content: string): string[] {
  return read(content).issues.map((issue) => `${issue.severity} ${formatIssue(issue).slice(2)}`);
}

/** A `[[vrouter]]` with these directives behind the required ones, which are in lines 2 to 4. */
export function router(
  directives: string,
  required = 'group = 1\ninterface = "eth0"\nvip = "10.0.0.1"',
): string {
  return `${['[[vrouter]]', required, directives].filter((part) => part !== '').join('\n')}\n`;
}
