/** What `vrrp_script` and `vrrp_track_process` become: the rest of a `[[track]]` table, behind its name. */
import { accountOf } from './accounts.ts';
import { commandOf } from './command.ts';
import { COUNTERPARTS } from './counterparts.ts';
import type { Statement } from './statements.ts';
import type { Table, TomlValue } from './toml.ts';
import type { Values } from './values.ts';

/** Without its name. */
export type TrackerTable = Omit<Table, 'header'>;

/**
 * Of a `vrrp_script`.
 * @param scriptUser who runs it if it does not say: user and group
 */
export function scriptTable(
  definition: Statement,
  scriptUser: readonly string[] | undefined,
  values: Values,
): TrackerTable {
  const comments: string[] = [];
  const entries: [string, TomlValue][] = [['type', COUNTERPARTS.vrrp_script]];
  let user = scriptUser;
  const numbers: [string, number][] = [];
  let hasCommand = false;
  let initial = false;
  for (const each of definition.block ?? []) {
    const put = (key: string, number: number | undefined): void => {
      if (number !== undefined) numbers.push([key, number]);
    };
    switch (each.words[0]) {
      case 'script': {
        const command = commandOf(each);
        if (!command) break;
        hasCommand = true;
        entries.push(['command', command.words]);
        if (command.comment !== undefined)
          comments.push(...values.report.comment({ statement: each, why: command.comment }));
        break;
      }
      case 'interval':
        put('interval', values.number(each, 0.05, 86_400));
        break;
      case 'timeout':
        // 0 is none: the interval, then.
        if (each.words[1] !== '0') put('timeout', values.number(each, 0.01, 86_400));
        break;
      case 'rise':
      case 'fall':
        put(each.words[0], values.integer(each, 1, 1000));
        break;
      case 'user':
        user = each.words.slice(1);
        break;
      case 'init_fail':
        initial = true;
        break;
      case 'weight':
        break;
      default:
        comments.push(
          ...values.report.comment({ statement: each, why: 'a vrrp_script has no such directive' }),
        );
    }
  }
  if (!hasCommand) values.report.fault(definition, 'must have a script: the program that is run');
  entries.push(...new Map(numbers));
  if (initial) entries.push(['initial', 'down']);
  const who = accountOf(user);
  return { comments: [...comments, ...who.comments], entries: [...entries, ...who.entries] };
}

/** Of a `vrrp_track_process`. */
export function processTable(definition: Statement, values: Values): TrackerTable {
  const comments: string[] = [];
  const numbers = new Map<string, number>();
  let command: readonly string[] = [];
  let isFull = false;
  let match: string | undefined;
  for (const each of definition.block ?? []) {
    const [directive] = each.words;
    const number = (key: string, value: number | undefined): void => {
      if (value !== undefined) numbers.set(key, value);
    };
    if (directive === 'process') command = each.words.slice(1);
    else if (directive === 'full_command') isFull = true;
    else if (directive === 'param_match') match = 'begin';
    else if (directive === 'quorum') number('minimum', values.integer(each, 0, 100_000));
    else if (directive === 'quorum_max') number('maximum', values.integer(each, 0, 100_000));
    else if (directive === 'fork_delay') number('hold', values.number(each, 0, 3600));
    else if (directive === 'delay' || directive === 'terminate_delay') {
      const seconds = values.number(each, 0, 999);
      if (seconds !== undefined && directive === 'delay') numbers.set('hold', seconds);
      // One check a second: so many in a row must fail.
      if (seconds !== undefined && seconds > 0) numbers.set('fall', Math.ceil(seconds) + 1);
    } else if (directive !== 'weight')
      comments.push(
        ...values.report.comment({ statement: each, why: 'a vrrp_track_process has no such directive' }),
      );
  }
  const [program] = command;
  if (program === undefined) values.report.fault(definition, 'must have a process: the name of the program');
  const isByLine = isFull || command.length > 1 || match !== undefined;
  return {
    comments,
    entries: [
      ['type', COUNTERPARTS.track_process],
      isByLine ? ['command_line', command.join(' ')] : ['process', program ?? ''],
      ...(isByLine && match !== undefined ? [['match', match] as const] : []),
      ...numbers,
    ],
  };
}
