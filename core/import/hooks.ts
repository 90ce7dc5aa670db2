/** `notify_master` and its like: `[[notify]]` tables, a program each. */
import { ConfigSchema } from '../config/schema.ts';
import { commandOf } from './command.ts';
import { COUNTERPARTS } from './counterparts.ts';
import { NOTIFY } from './no-counterpart.ts';
import type { Note } from './report.ts';
import type { Statement } from './statements.ts';
import type { Table, TomlValue } from './toml.ts';

/** Whether this rvrrpd has hooks. */
export const HAS_HOOKS: boolean = Object.hasOwn(ConfigSchema.properties, 'notify');

/** The directives, and the states that they are about. A lost carrier is a fault to keepalived. */
export const HOOKS: Readonly<Record<string, readonly string[]>> = {
  notify_master: ['master'],
  notify_backup: ['backup'],
  notify_fault: ['fault', 'down'],
  notify_stop: ['stop'],
  notify: ['master', 'backup', 'fault', 'down', 'stop'],
};

/**
 * The tables of some directives.
 * @param told undefined: nobody is there whose transitions could be told
 * @param notes takes those that there are none for
 */
export function hookTables(
  statements: readonly Statement[],
  told: Told | undefined,
  { hasHooks, scriptUser, taken, notes }: HookContext,
): Table[] {
  return statements.flatMap((statement) => {
    const made = !hasHooks
      ? { statement, why: NOTIFY }
      : told
        ? hookTable(statement, told, scriptUser, taken)
        : { statement, why: 'there is nobody whose transitions it could tell' };
    if ('header' in made) return [made];
    notes.push(made);
    return [];
  });
}

/** What all hooks need. */
export interface HookContext {
  readonly hasHooks: boolean;
  /** Who runs them if they do not say: user and group. */
  readonly scriptUser: readonly string[] | undefined;
  /** Names of hooks that there are. */
  readonly taken: Set<string>;
  readonly notes: Note[];
}

/** Whose transitions are told. */
export interface Told {
  /** Of the `vrrp_instance` or `vrrp_sync_group`. */
  readonly name: string;
  readonly kind: 'routers' | 'groups';
  /** What it is called in our configuration. */
  readonly target: string;
}

/**
 * The table of a directive, or why there is none.
 * @param scriptUser who runs it if it does not say: user and group
 * @param taken names of hooks that there are: takes the new one
 */
function hookTable(
  statement: Statement,
  told: Told,
  scriptUser: readonly string[] | undefined,
  taken: Set<string>,
): Table | Note {
  const [directive = '', text = '', ...account] = statement.words;
  const states = HOOKS[directive]!;
  const command = commandOf({ ...statement, words: [directive, text] });
  if (!command) return { statement, why: 'names no program' };
  const [user, group] = account.length > 0 ? account : (scriptUser ?? []);
  const name = nameOf(`${told.name}-${directive.replace(/^notify_?/, '') || 'all'}`, taken);
  const isAll = directive === 'notify';
  const entries: [string, TomlValue, string?][] = [
    ['name', name],
    ['type', COUNTERPARTS.notify],
    command.comment === undefined ? ['command', command.words] : ['command', command.words, command.comment],
    ...(isAll
      ? [
          ['arguments', 'keepalived'] as [string, TomlValue],
          ['names', { [JSON.stringify(told.target)]: told.name }] as [string, TomlValue],
        ]
      : []),
    ['states', states],
    [told.kind, [told.target]],
    ...(user === undefined ? [] : [['user', user] as [string, TomlValue]]),
    ...(group === undefined ? [] : [['group', group] as [string, TomlValue]]),
  ];
  return { header: '[[notify]]', comments: [], entries };
}

function nameOf(wish: string, taken: Set<string>): string {
  const plain =
    wish
      .replace(/[^A-Za-z0-9_.-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 56) || 'hook';
  let name = plain;
  for (let number = 2; taken.has(name); number++) name = `${plain}-${number}`;
  taken.add(name);
  return name;
}
