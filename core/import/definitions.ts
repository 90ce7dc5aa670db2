/** What virtual routers track: `[[track]]` for each script, interface, file and process that one of them names. */

import { processTable, scriptTable } from './check-tables.ts';
import { COUNTERPARTS } from './counterparts.ts';
import type { Note } from './report.ts';
import type { Statement } from './statements.ts';
import type { Table } from './toml.ts';
import type { Values } from './values.ts';

/** The blocks that define what can be tracked, by name. */
export interface Definitions {
  readonly scripts: ReadonlyMap<string, Statement>;
  readonly files: ReadonlyMap<string, Statement>;
  readonly processes: ReadonlyMap<string, Statement>;
  /** `script_user`: user and group. */
  readonly scriptUser?: readonly string[];
}

/** A tracker that counts for a virtual router or a group. */
export interface Tracked {
  readonly name: string;
  /** Absent: Fault while it is down. */
  readonly weight?: number;
  readonly statement: Statement;
}

/** What an entry of `track_…` comes to: a tracker, or why there is none. */
export type TrackResult = Tracked | { readonly note: Note };

/** An entry: name, and what it says of a weight. */
interface Entry {
  readonly name: string;
  readonly weight?: number;
  readonly reverse: boolean;
}

/** The kinds of `track_…` blocks. */
export type TrackKind = 'interface' | 'script' | 'file' | 'process';

const REVERSED =
  'a weight cannot be reversed: below 0 it counts while the tracker is down, above 0 while it is up';

const IGNORED =
  'a weight for one of a group alone would part it, and keepalived ignores it: track it in the group';

/** Makes the trackers that are used, each once. */
export class Trackers {
  private readonly made = new Map<string, { readonly name: string; readonly table: Table }>();
  private readonly names = new Set<string>();
  private readonly used = new Set<Statement>();

  constructor(
    private readonly defined: Definitions,
    private readonly values: Values,
  ) {}

  /** Their tables, in the order of their first use. */
  tables(): Table[] {
    return [...this.made.values()].map(({ table }) => table);
  }

  /** Definitions that nobody uses. */
  unused(): Note[] {
    const { scripts, files, processes } = this.defined;
    return [scripts, files, processes]
      .flatMap((each) => [...each.values()])
      .filter((each) => !this.used.has(each))
      .map((statement) => ({ statement, why: 'nobody tracks it, and keepalived does not run it either' }));
  }

  /**
   * The tracker for an entry of a `track_…` block; undefined if it is wrong, which has been told.
   * @param isInGroup it counts for one of a group, where keepalived knows no weights: it ignores scripts and files that
   *   have one, and takes it from interfaces and processes
   */
  track(kind: TrackKind, statement: Statement, isInGroup: boolean): TrackResult | undefined {
    const entry = this.entry(statement);
    if (!entry) return undefined;
    switch (kind) {
      case 'interface':
        return this.ofInterface(entry, statement, isInGroup);
      case 'script':
        return this.ofScript(entry, statement, isInGroup);
      case 'file':
        return this.ofFile(entry, statement, isInGroup);
      case 'process':
        return this.ofProcess(entry, statement, isInGroup);
    }
  }

  private entry(statement: Statement): Entry | undefined {
    const [name = '', ...rest] = statement.words;
    let weight: number | undefined;
    let reverse = false;
    for (let at = 0; at < rest.length; at++) {
      const word = rest[at];
      if (word === 'reverse') reverse = true;
      else if (word === 'noreverse' || word === 'no_reverse') reverse = false;
      else if (word === 'weight') {
        weight = this.values.integer(statement, -2_147_483_647, 2_147_483_647, at + 2);
        if (weight === undefined) return undefined;
        at++;
      } else {
        this.values.report.fault(statement, 'must be a name, "weight" and a number, and "reverse"');
        return undefined;
      }
    }
    return { name, reverse, ...(weight === undefined ? {} : { weight }) };
  }

  private ofInterface(
    { name, weight, reverse }: Entry,
    statement: Statement,
    isInGroup: boolean,
  ): TrackResult {
    if (reverse) return { note: { statement, why: REVERSED } };
    const own = this.make(`interface ${name}`, name, () => ({
      comments: [],
      entries: [
        ['type', COUNTERPARTS.track_interface],
        ['interface', name],
      ],
    }));
    return weighed(own, weight ?? 0, statement, isInGroup);
  }

  private ofScript(entry: Entry, statement: Statement, isInGroup: boolean): TrackResult | undefined {
    const definition = this.defined.scripts.get(entry.name);
    if (!definition) return this.undefinedName(statement, 'vrrp_script');
    this.used.add(definition);
    const own = this.readWeight(definition, 0, 253);
    if (entry.reverse || (own.reverse && entry.weight === undefined))
      return { note: { statement, why: REVERSED } };
    const weight = entry.weight ?? own.weight;
    if (isInGroup && weight !== 0) return { note: { statement, why: IGNORED } };
    const name = this.make(`script ${entry.name}`, entry.name, () =>
      scriptTable(definition, this.defined.scriptUser, this.values),
    );
    return weighed(name, weight, statement, isInGroup);
  }

  private ofFile(entry: Entry, statement: Statement, isInGroup: boolean): TrackResult | undefined {
    const definition = this.defined.files.get(entry.name);
    if (!definition) return this.undefinedName(statement, 'track_file');
    this.used.add(definition);
    const own = this.readWeight(definition, 1, 2_147_483_647);
    const weight = entry.weight ?? own.weight;
    if (isInGroup && weight !== 0) return { note: { statement, why: IGNORED } };
    if (entry.reverse || own.reverse) return { note: { statement, why: REVERSED } };
    if (weight !== 0 && weight !== 1) {
      const why = `the number in the file is added as it is, not ${weight} times: write such numbers, and the weight 1`;
      return { note: { statement, why } };
    }
    const file = definition.block?.find(({ words }) => words[0] === 'file')?.words[1];
    if (file === undefined || !file.startsWith('/')) {
      this.values.report.fault(definition, 'must have a file, with its absolute path');
      return undefined;
    }
    const others = (definition.block ?? [])
      .filter(({ words }) => words[0] !== 'file' && words[0] !== 'weight')
      .flatMap((each) =>
        this.values.report.comment({ statement: each, why: FILE_NOTES[each.words[0]!] ?? 'unknown' }),
      );
    const name = this.make(`file ${entry.name} ${weight}`, entry.name, () => ({
      comments: [
        ...others,
        ...(weight === 0 ? ['up while the file has the number 0, is empty, or is not there'] : []),
      ],
      entries:
        weight === 1
          ? [
              ['type', COUNTERPARTS.track_file],
              ['path', file],
              ['read', 'weight'],
            ]
          : [
              ['type', COUNTERPARTS.vrrp_script],
              ['command', ['/bin/sh', '-c', ZERO, file]],
            ],
    }));
    return { name, statement, ...(weight === 1 ? { weight } : {}) };
  }

  private ofProcess(entry: Entry, statement: Statement, isInGroup: boolean): TrackResult | undefined {
    const definition = this.defined.processes.get(entry.name);
    if (!definition) return this.undefinedName(statement, 'vrrp_track_process');
    this.used.add(definition);
    const own = this.readWeight(definition, 1, 254);
    if (entry.reverse || (own.reverse && entry.weight === undefined))
      return { note: { statement, why: REVERSED } };
    const name = this.make(`process ${entry.name}`, entry.name, () => processTable(definition, this.values));
    return weighed(name, entry.weight ?? own.weight, statement, isInGroup);
  }

  private readWeight(definition: Statement, otherwise: number, most: number) {
    const statement = definition.block?.find(({ words }) => words[0] === 'weight');
    const weight = statement && this.values.integer(statement, -most, most);
    return { weight: weight ?? otherwise, reverse: statement?.words[2] === 'reverse' };
  }

  private undefinedName(statement: Statement, kind: string): { readonly note: Note } {
    return { note: { statement, why: `there is no ${kind} of this name, and keepalived ignores it` } };
  }

  private make(key: string, wish: string, table: () => Omit<Table, 'header'>): string {
    const made = this.made.get(key);
    if (made) return made.name;
    const plain =
      wish
        .replace(/[^A-Za-z0-9_.-]/g, '-')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, 56) || 'tracker';
    let name = plain;
    for (let number = 2; this.names.has(name); number++) name = `${plain}-${number}`;
    this.names.add(name);
    const { comments, entries } = table();
    this.made.set(key, {
      name,
      table: { header: '[[track]]', comments, entries: [['name', name], ...entries] },
    });
    return name;
  }
}

/** Exit code 0 if the number in a file is 0. */
const ZERO = '! [ -s "$0" ] || grep -Eqx "[[:space:]]*[+-]?0+[[:space:]]*" "$0"';

const FILE_NOTES: Readonly<Record<string, string>> = {
  init_file: 'the file is read alone, never written; while it is not there, it counts as 0',
};

function weighed(name: string, weight: number, statement: Statement, isInGroup: boolean): Tracked {
  const fits = Math.max(-253, Math.min(253, weight));
  return fits === 0 || isInGroup ? { name, statement } : { name, statement, weight: fits };
}
