/** Where in keepalived's configuration something that is wrong with ours came from. Pure. */
import { type ConfigIssue, formatIssue } from '../config/issues.ts';

/**
 * An issue of the result, told for whoever has only keepalived's file: with the block that its table came from.
 * @param lines of the result
 * @param file keepalived's
 */
export function originOf(issue: ConfigIssue, lines: readonly string[], file: string): string {
  const { position, message, ...more } = issue;
  // Lines of the result are of no use to somebody who has not got it.
  const rest = { ...more, message: message.replace(/ \(line \d+\)/g, '') };
  const plain = formatIssue({ ...rest, position: { file } });
  for (let at = (position.line ?? 0) - 1; at >= 0; at--) {
    const line = lines[at] ?? '';
    // Those tables have no such comment before them: what stands above is of others.
    if (line === '[[track]]' || line === '[[notify]]') return plain;
    const [, what, other = '', number] = /^# (vrrp_\w+ .*), (.* )?line (\d+)$/.exec(line) ?? [];
    if (number === undefined) continue;
    const place = other === '' ? `${file}:${number}` : `${file}: ${other}line ${number}`;
    return formatIssue({ ...rest, position: { file: `${place}: ${what} becomes` } });
  }
  return plain;
}
