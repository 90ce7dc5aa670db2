/** `[[sync]]` tables, of `vrrp_sync_group`. */
import type { Tracked } from './definitions.ts';
import { type Group, routerName } from './groups.ts';
import type { Instance } from './instance.ts';
import { inOrder, type Note, type Report } from './report.ts';
import { trackValue } from './router-table.ts';
import type { Common, Router } from './routers.ts';
import type { Table, TomlValue } from './toml.ts';

/** An instance, and what becomes of it. */
export interface Plan {
  readonly instance: Instance;
  readonly common: Common;
  /** Absent: there can be none. */
  readonly router?: Router;
  tracked: Tracked[];
  /** What its group says for all. */
  isElsewhere: { readonly priority?: number; readonly preemption?: boolean };
}

/**
 * The table of a group; none for a group of one.
 * @param tracked what counts for all of it
 * @param plans of all instances
 * @param all routers of all instances
 * @param elsewhere takes what is said of a group that there is no table for
 */
export function groupTables(
  { group, tracked }: { readonly group: Group; readonly tracked: readonly Tracked[] },
  plans: readonly Plan[],
  all: readonly Router[],
  report: Report,
  elsewhere: Note[],
): Table[] {
  const members = plans.filter(({ instance }) => group.members.includes(instance));
  const routers = members.flatMap(({ router }) => router ?? []);
  if (routers.length < 2) {
    const why = 'a group of one has nothing to keep together: what it tracks is tracked by that one';
    elsewhere.push({ statement: group.statement, why }, ...group.notes);
    return [];
  }
  const { priority, preemption } = members[0]!.isElsewhere;
  const entries: [string, TomlValue, string?][] = [
    ['name', group.name],
    ['routers', routers.map((router) => routerName(router, all))],
    ...(priority === undefined
      ? []
      : [['priority', priority, 'they differ; the first one’s'] as [string, TomlValue, string]]),
    ...(preemption === undefined
      ? []
      : [['preemption', preemption, 'not all of them have nopreempt'] as [string, TomlValue, string]]),
    ...(tracked.length === 0 ? [] : [['track', trackValue(tracked)] as [string, TomlValue]]),
  ];
  const name = `vrrp_sync_group ${group.name}, ${report.placeName(group.statement.place)}`;
  const comments = [name, ...inOrder(group.notes).flatMap((note) => report.comment(note))];
  return [{ header: '[[sync]]', comments, entries }];
}
