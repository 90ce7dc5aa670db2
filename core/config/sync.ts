/** `[[sync]]`: groups of virtual routers that are Master together or not at all. What a schema cannot say about them. */
import type { AddressFamily, RouterName } from '../plugin/contracts/index.ts';
import type { RawTable } from './document.ts';
import type { RouterFacts } from './facts.ts';
import { isNamed, type RouterIdentity } from './identity.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import type { TrackEntry } from './schema.ts';
import { nearest } from './suggest.ts';

/** What a group makes of the virtual routers of a table, by family. */
export interface SyncFacts {
  /** Name of the group. */
  readonly name: string;
  /** For all of its routers. Absent: what their tables have. */
  readonly priority?: number;
  readonly preemption?: boolean;
  /** Trackers of all of its routers, as they are written. */
  readonly track: readonly (string | TrackEntry)[];
  readonly path: ConfigPath;
}

/** The virtual router of one family of a table. */
export interface Member extends RouterIdentity {
  readonly facts: RouterFacts;
  /** As messages call it. */
  readonly name: string;
}

/** By table of `[[vrouter]]`, then by family: the group that it is in. */
export type SyncByTable = readonly ReadonlyMap<AddressFamily, SyncFacts>[];

/** How a virtual router is named in `routers`. */
const MEMBER_FORM =
  '"INTERFACE/GROUP" such as "eth0/7", with "/ipv4" or "/ipv6", "/v2" or "/v3" behind it where that is not enough';

/**
 * Checks all groups.
 * @param groups `[[sync]]`, what violates the schema removed
 * @param tables `[[vrouter]]`, likewise, with what is understood of each
 */
export function checkSync(
  groups: readonly RawTable[],
  tables: readonly RawTable[],
  facts: readonly RouterFacts[],
  list: IssueList,
): SyncByTable {
  const found = facts.map(() => new Map<AddressFamily, SyncFacts>());
  const members = groups.length > 0 ? membersOf(facts) : [];
  const names = new Map<string, ConfigPath>();
  for (const [index, group] of groups.entries()) {
    const path = ['sync', index];
    const { name } = group;
    if (typeof name === 'string') {
      const twin = names.get(name);
      if (twin)
        list.error([...path, 'name'], `is already ${list.whereIs([...twin, 'name'])}: must be unique`);
      else names.set(name, path);
    }
    const own = chosen(group, path, members, list);
    const sync: SyncFacts = {
      path,
      name: typeof name === 'string' ? name : '',
      ...(typeof group.priority === 'number' ? { priority: group.priority } : {}),
      ...(typeof group.preemption === 'boolean' ? { preemption: group.preemption } : {}),
      track: Array.isArray(group.track) ? (group.track as readonly (string | TrackEntry)[]) : [],
    };
    const joined = own.filter(({ member, at }) => {
      const byFamily = found[facts.indexOf(member.facts)]!;
      const other = byFamily.get(member.family);
      if (other === undefined) {
        byFamily.set(member.family, sync);
        return true;
      }
      const where = list.whereIs([...other.path, 'routers']);
      if (other !== sync)
        list.error(
          at,
          `${member.name} is already in group "${other.name}", ${where}: must be in one group alone`,
        );
      else list.warn(at, `${member.name} is in the group already`);
      return false;
    });
    if (joined.length === 1 && own.length === 1)
      list.warn(
        [...path, 'routers'],
        'does nothing: a group of one virtual router has nothing to keep together',
      );
    const routers = joined.map(({ member }) => member);
    checkSame(routers, tables, sync, 'priority', list);
    checkSame(routers, tables, sync, 'preemption', list);
    checkWeights(routers, tables, sync, list);
  }
  return found;
}

/** One for each family of each table. */
export function membersOf(facts: readonly RouterFacts[]): readonly Member[] {
  const all = facts.flatMap((each) => {
    const { group, interface: on, version = 2 } = each;
    if (group === undefined || on === undefined) return [];
    return each.families.map((family) => ({ interface: on, vrid: group, family, version, facts: each }));
  });
  const twins = new Map<string, typeof all>();
  for (const member of all) {
    const key = `${member.interface}/${member.vrid}`;
    twins.set(key, [...(twins.get(key) ?? []), member]);
  }
  return all.map((member) => {
    const others = twins.get(`${member.interface}/${member.vrid}`)!;
    const family = others.some((other) => other.family !== member.family) ? `/ipv${member.family}` : '';
    const version = others.some((other) => other.version !== member.version) ? `/v${member.version}` : '';
    return { ...member, name: `${member.interface}/${member.vrid}${family}${version}` };
  });
}

/** The virtual routers that a group names, in its order, with the place of each name. */
function chosen(
  { routers }: RawTable,
  path: ConfigPath,
  members: readonly Member[],
  list: IssueList,
): { readonly member: Member; readonly at: ConfigPath }[] {
  if (!Array.isArray(routers)) return [];
  if (routers.length === 0)
    list.error([...path, 'routers'], `must name two virtual routers at least, each as ${MEMBER_FORM}`);
  return membersMeant(routers, path, members, list);
}

/**
 * The virtual routers that the names in `routers` mean, in that order, with the place of each name. What means none is told.
 * @param path of the table that has them
 */
export function membersMeant(
  routers: readonly unknown[],
  path: ConfigPath,
  members: readonly Member[],
  list: IssueList,
): { readonly member: Member; readonly at: ConfigPath }[] {
  return routers.flatMap((text, index) => {
    if (typeof text !== 'string') return [];
    const at = [...path, 'routers', index];
    const name = parseMember(text);
    if (name === undefined) {
      list.error(at, `must be ${MEMBER_FORM}`);
      return [];
    }
    const meant = members.filter((member) => isNamed(member, name));
    if (meant.length === 0) list.error(at, `there is no such virtual router${memberHint(text, members)}`);
    return meant.map((member) => ({ member, at }));
  });
}

/** Behind the complaint that there is no virtual router of such a name: which ones there are. */
function memberHint(text: string, members: readonly Member[]): string {
  const names = [...new Set(members.map(({ name }) => name))];
  const near = nearest(text, names);
  if (near !== undefined) return `: did you mean "${near}"?`;
  return names.length > 0 && names.length <= 8 ? `: must be one of ${names.join(', ')}` : '';
}

const MEMBER = /^([^/\s]+)\/(\d{1,3})((?:\/(?:ipv[46]|v[23]))*)$/i;

/**
 * What a name in `routers` means: `eth0/7`, `eth0/7/ipv6`, `eth0/7/v3`.
 * @returns undefined if it is none
 */
export function parseMember(text: string): RouterName | undefined {
  const [, on, vrid, rest = ''] = MEMBER.exec(text) ?? [];
  if (on === undefined || Number(vrid) > 255) return undefined;
  const parts = rest
    .toLowerCase()
    .split('/')
    .filter((part) => part !== '');
  const families = parts.filter((part) => part.startsWith('ip'));
  const versions = parts.filter((part) => !part.startsWith('ip'));
  if (families.length > 1 || versions.length > 1) return undefined;
  const [family] = families;
  const [version] = versions;
  return {
    interface: on,
    group: Number(vrid),
    ...(family === undefined ? {} : { family: family === 'ipv4' ? (4 as const) : (6 as const) }),
    ...(version === undefined ? {} : { version: version === 'v2' ? (2 as const) : (3 as const) }),
  };
}

/**
 * All of a group must have the same of a directive, or the group has it for them: with priorities that disagree, one
 * router of the group is superior on one link and inferior on another, and neither can be Master of both.
 */
function checkSame(
  members: readonly Member[],
  tables: readonly RawTable[],
  sync: SyncFacts,
  directive: 'priority' | 'preemption',
  list: IssueList,
): void {
  const said = ({ facts }: Member): unknown => tables[Number(facts.path.at(-1))]?.[directive];
  const placeOf = ({ facts }: Member): ConfigPath => {
    const path = [...facts.path, directive];
    return list.document.places.has(path) ? path : facts.path;
  };
  const whole = sync[directive];
  if (whole !== undefined) {
    const told = new Set<RouterFacts>();
    for (const member of members) {
      const path = [...member.facts.path, directive];
      if (told.has(member.facts) || !list.document.places.has(path) || said(member) === whole) continue;
      told.add(member.facts);
      list.warn(
        path,
        `is not used: its group "${sync.name}" has ${directive} = ${String(whole)} for all (${list.lineOf([...sync.path, directive])})`,
      );
    }
    return;
  }
  const [first] = members;
  const other = first && members.find((member) => said(member) !== said(first));
  if (first === undefined || other === undefined) return;
  const one = (member: Member): string =>
    `${member.name} has ${String(said(member))} (${list.lineOf(placeOf(member))})`;
  const why =
    directive === 'priority'
      ? 'superior on one link and inferior on another, a router can be Master of neither for long'
      : 'one would take over from a Master that the other leaves alone';
  list.error(
    [...sync.path, 'routers'],
    `must have the same ${directive}: ${one(first)}, ${one(other)}; ${why}: set ${directive} in [[sync]], for all of them`,
  );
}

/** A weight of one member alone would have the priorities of the group disagree as soon as the tracker fails. */
function checkWeights(
  members: readonly Member[],
  tables: readonly RawTable[],
  sync: SyncFacts,
  list: IssueList,
): void {
  for (const facts of new Set(members.map((member) => member.facts))) {
    const track = tables[Number(facts.path.at(-1))]?.track;
    if (!Array.isArray(track)) continue;
    warnOfTwice(track, [...facts.path, 'track'], sync, list);
    for (const [index, entry] of (track as readonly (string | Partial<TrackEntry> | null)[]).entries()) {
      if (typeof entry !== 'object' || entry?.weight === undefined) continue;
      const where = list.whereIs(sync.path);
      list.error(
        [...facts.path, 'track', index, 'weight'],
        `must be in track of ${where}, group "${sync.name}": its virtual routers must have the same priority`,
      );
    }
  }
}

/** What the group says of a tracker holds for all: a member that names it as well says nothing by that. */
function warnOfTwice(track: readonly unknown[], path: ConfigPath, sync: SyncFacts, list: IssueList): void {
  for (const [index, entry] of track.entries()) {
    if (typeof entry !== 'string') continue;
    const at = sync.track.findIndex((each) => typeof each === 'object' && each.name === entry);
    const twin = sync.track[at];
    if (typeof twin !== 'object' || twin.weight === undefined) continue;
    const where = list.lineOf([...sync.path, 'track', at]);
    list.warn(
      [...path, index],
      `is not used: its group "${sync.name}" gives the tracker the weight ${twin.weight} for all (${where}), so that a failure is no Fault`,
    );
  }
}
