/** `notify_master` and its like, and `notify_fifo`: `[[notify]]` tables. */
import { accountOf } from './accounts.ts';
import { commandOf } from './command.ts';
import { COUNTERPARTS } from './counterparts.ts';
import type { Note } from './report.ts';
import type { Statement } from './statements.ts';
import type { Table, TomlValue } from './toml.ts';

/** The directives, and the states that they are about. A lost carrier is a fault to keepalived. */
export const HOOKS: Readonly<Record<string, readonly string[]>> = {
  notify_master: ['master'],
  notify_backup: ['backup'],
  notify_fault: ['fault', 'down'],
  notify_stop: ['stop'],
  notify: ['master', 'backup', 'fault', 'down', 'stop'],
};

/** What all hooks need. */
export interface HookContext {
  /** Who runs them if they do not say: user and group. */
  readonly scriptUser: readonly string[] | undefined;
  /** Names of hooks that there are: takes the new ones. */
  readonly taken: Set<string>;
  /** Takes those that there is no hook for. */
  readonly notes: Note[];
}

/** Whose transitions are told. */
export interface Told {
  /** Of the `vrrp_instance` or `vrrp_sync_group`. */
  readonly name: string;
  readonly kind: 'routers' | 'groups';
  /** What it is called in our configuration. */
  readonly target: string;
  /** What is different for a program that is told all transitions. */
  readonly comment?: string;
}

/**
 * The tables of some directives, a program each.
 * @param told undefined: nobody is there whose transitions could be told
 */
export function hookTables(
  statements: readonly Statement[],
  told: Told | undefined,
  context: HookContext,
): Table[] {
  return statements.flatMap((statement) => {
    const made = told
      ? hookTable(statement, told, context)
      : { statement, why: 'there is nobody whose transitions it could tell' };
    if ('header' in made) return [made];
    context.notes.push(made);
    return [];
  });
}

/** The table of a directive, or why there is none. */
function hookTable(statement: Statement, told: Told, { scriptUser, taken }: HookContext): Table | Note {
  const [directive = '', text = '', ...account] = statement.words;
  const isAll = directive === 'notify';
  const command = commandOf({ ...statement, words: [directive, text] }, isAll);
  if (!command) return { statement, why: 'names no program' };
  const name = nameOf(`${told.name}-${directive.replace(/^notify_?/, '') || 'all'}`, taken);
  const entries: [string, TomlValue, string?][] = [
    ['name', name],
    ['type', COUNTERPARTS.notify],
    command.comment === undefined ? ['command', command.words] : ['command', command.words, command.comment],
  ];
  if (isAll) {
    entries.push(
      told.comment === undefined ? ['arguments', 'keepalived'] : ['arguments', 'keepalived', told.comment],
    );
    entries.push(['names', namesOf([told])]);
  }
  entries.push(['states', HOOKS[directive]!], [told.kind, [told.target]]);
  const { entries: who, comments } = accountOf(account.length > 0 ? account : scriptUser);
  return { header: '[[notify]]', comments, entries: [...entries, ...who] };
}

/**
 * The tables of `notify_fifo` and `vrrp_notify_fifo`.
 * @param all everybody, with the names that the lines have
 */
export function fifoTables(
  statements: readonly Statement[],
  all: readonly Told[],
  { taken, notes }: HookContext,
): Table[] {
  return statements.flatMap((statement): Table[] => {
    const [directive = '', path = '', ...owner] = statement.words;
    const note = (why: string): void => void notes.push({ statement, why });
    if (!path.startsWith('/')) {
      note('names no pipe by its absolute path');
      return [];
    }
    if (owner.length > 0)
      note(
        `a pipe that is not there is made for the user of the daemon alone: make it before, for ${owner.join(' ')}`,
      );
    const entries: [string, TomlValue][] = [
      ['name', nameOf(directive, taken)],
      ['type', COUNTERPARTS.notify_fifo],
      ['path', path],
      ['format', 'lines'],
      ['names', namesOf(all)],
    ];
    return [{ header: '[[notify]]', comments: [], entries }];
  });
}

/** What somebody who knows keepalived's names calls them. */
function namesOf(all: readonly Told[]): TomlValue {
  return Object.fromEntries(all.map(({ target, name }) => [JSON.stringify(target), name]));
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
