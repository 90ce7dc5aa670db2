/** What `--help` prints, from the argument table. Pure. */
import type { OptionGroup, OptionRow } from './argument-table.ts';

/** Columns of a terminal, and where descriptions begin. */
const WIDTH = 80;
const INDENT = 27;

/** Names on the left, what they mean on the right. */
export function rows(pairs: readonly (readonly [name: string, text: string])[]): string {
  return pairs.map(([name, text]) => row(`  ${name}`, text)).join('');
}

/** Options, a heading over each group. */
export function optionRows(groups: readonly OptionGroup[]): string {
  return groups
    .map(({ heading, options }) => {
      const lines = options.map((option) => row(`  ${optionName(option)}`, option.text)).join('');
      return heading === undefined ? lines : `${heading}\n${lines}`;
    })
    .join('\n');
}

/** A sentence over the whole width. */
export function sentence(text: string): string {
  return wrap(text, WIDTH).join('\n');
}

/** `Exit status: 0 if …, 1 if …`. */
export function exitStatuses(statuses: readonly (readonly [status: number, meaning: string])[]): string {
  const all = statuses.map(([status, meaning]) => `${status} if ${meaning}`).join(', ');
  return `${sentence(`Exit status: ${all}.`)}\n`;
}

/** `-c, --conf FILE`; a short option that is missing leaves its place free. */
function optionName({ long, short, value }: OptionRow): string {
  const dashed = short === undefined ? `    --${long}` : `-${short}, --${long}`;
  return value === undefined ? dashed : `${dashed} ${value}`;
}

function row(name: string, text: string): string {
  const lines = text.split('\n').flatMap((line) => wrap(line, WIDTH - INDENT));
  return lines.map((line, index) => `${(index === 0 ? name : '').padEnd(INDENT - 1)} ${line}\n`).join('');
}

/** Breaks at blanks. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
