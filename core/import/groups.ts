/** `vrrp_sync_group`: `[[sync]]`, and what counts for all of a group. */

import type { TrackKind } from './definitions.ts';
import { HOOKS } from './hooks.ts';
import type { Instance } from './instance.ts';
import { TRACK_BLOCKS, trackEntries } from './instance.ts';
import { GROUP_NOTES, UNKNOWN } from './no-counterpart.ts';
import type { Note } from './report.ts';
import type { Common, Router } from './routers.ts';
import type { Statement } from './statements.ts';
import type { Values } from './values.ts';

/** A group as it is written. */
export interface Group {
  readonly name: string;
  readonly statement: Statement;
  readonly members: Instance[];
  readonly tracks: { readonly kind: TrackKind; readonly statement: Statement }[];
  /** `sync_group_tracking_weight`: weights of members count, for all. */
  isWeighted: boolean;
  /** `notify` and its like. */
  readonly hooks: Statement[];
  readonly notes: Note[];
}

/**
 * Reads a block.
 * @param instances by name
 * @param taken those that are in a group already: takes the new ones
 */
export function readGroup(
  statement: Statement,
  instances: ReadonlyMap<string, Instance>,
  taken: Map<Instance, Group>,
  values: Values,
): Group {
  const group: Group = {
    ...{
      name: statement.words[1] ?? '',
      statement,
      isWeighted: false,
      members: [],
      tracks: [],
      hooks: [],
      notes: [],
    },
  };
  if (group.name === '') values.report.fault(statement, 'must have a name');
  for (const each of values.entries(statement)) {
    const name = each.words[0]!;
    const kind = Object.hasOwn(TRACK_BLOCKS, name) ? TRACK_BLOCKS[name] : undefined;
    if (name === 'group') addMembers(each, group, instances, taken, values);
    else if (kind !== undefined)
      group.tracks.push(...trackEntries(each, values).map((entry) => ({ kind, statement: entry })));
    else if (Object.hasOwn(HOOKS, name)) group.hooks.push(each);
    else if (name === 'sync_group_tracking_weight') group.isWeighted = true;
    else
      group.notes.push({
        statement: each,
        why: Object.hasOwn(GROUP_NOTES, name) ? GROUP_NOTES[name]! : UNKNOWN,
      });
  }
  return group;
}

function addMembers(
  statement: Statement,
  group: Group,
  instances: ReadonlyMap<string, Instance>,
  taken: Map<Instance, Group>,
  values: Values,
): void {
  for (const entry of values.entries(statement)) {
    for (const name of entry.words) {
      const instance = instances.get(name);
      const named = { ...entry, words: [name] };
      if (!instance) {
        group.notes.push({
          statement: named,
          why: 'there is no vrrp_instance of this name, and keepalived ignores it',
        });
        continue;
      }
      const other = taken.get(instance);
      if (other === group) continue;
      if (other) {
        values.report.fault(named, `is in vrrp_sync_group ${other.name} already: must be in one group alone`);
        continue;
      }
      taken.set(instance, group);
      group.members.push(instance);
    }
  }
}

/** What a group says for all, where its instances do not agree. */
export interface Agreement {
  readonly priority?: number;
  readonly preemption?: boolean;
}

/** Finds out where they differ: the first one's priority counts, and preemption only if all want it. */
export function agreementOf(commons: readonly Common[]): Agreement {
  const [first] = commons;
  if (!first) return {};
  const isSame = (key: keyof Common): boolean => commons.every((each) => each[key] === first[key]);
  return {
    ...(isSame('priority') ? {} : { priority: first.priority }),
    ...(isSame('preemption') ? {} : { preemption: commons.every(({ preemption }) => preemption) }),
  };
}

/** What a router is called, as in `routers` of a `[[sync]]`: with its family and version where others have the same VRID. */
export function routerName(router: Router, all: readonly Router[]): string {
  const twins = all.filter(
    (other) => other !== router && other.interface === router.interface && other.vrid === router.vrid,
  );
  const family = twins.some((twin) => twin.family !== router.family) ? `/ipv${router.family}` : '';
  const version = twins.some((twin) => twin.version !== router.version) ? `/v${router.version}` : '';
  return `${router.interface}/${router.vrid}${family}${version}`;
}

/** Who can be no virtual router is in no group. */
export function keepRouters(group: Group, routers: ReadonlyMap<Instance, Router | undefined>): void {
  for (const instance of group.members.filter((each) => !routers.get(each))) {
    group.members.splice(group.members.indexOf(instance), 1);
    const statement = { ...instance.statement, words: [instance.name], place: group.statement.place };
    group.notes.push({ statement, why: 'is left out of the group: there is no virtual router for it' });
  }
}
