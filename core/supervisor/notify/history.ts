/**
 * What virtual routers and groups were last told to be, and since when. From the engine's transitions to what is told: passing
 * through Initialize, as in a fail-over, is no state of its own. Pure; plain data, so that another process can go on with it.
 */
import type { VirtualRouterConfig } from '../../config/model.ts';
import type { NotifyState } from '../../plugin/contracts/index.ts';
import { groupState, type SyncState } from '../../vrrp/sync.ts';

/** A state, and since when it is so, ms since the epoch. */
export interface Told {
  readonly state: NotifyState;
  readonly since: number;
}

/** A change that is to be told. */
export interface Change {
  readonly state: NotifyState;
  readonly previous: NotifyState | 'Init';
  /** How long that state has lasted, in seconds; null: it is not known. */
  readonly lasted: number | null;
}

/** A transition as the engine tells it. */
export interface Step {
  readonly from: SyncState;
  readonly to: SyncState;
  /** Into `Init`: it does not run any more. */
  readonly ends: boolean;
  /** ms since the epoch. */
  readonly time: number;
}

/** What is known, for another process. */
export interface HistoryState {
  readonly routers: ReadonlyMap<string, Told>;
  readonly groups: ReadonlyMap<string, Told>;
}

/** See the file's comment. */
export class History {
  private routers = new Map<string, Told>();
  private groups = new Map<string, Told>();

  /** A virtual router has made a transition. @returns what is to be told; undefined: nothing */
  router(key: string, { from, to, ends, time }: Step): Change | undefined {
    const before = this.routers.get(key);
    if (to === 'Init' && !ends) return undefined;
    if (to === 'Init') {
      this.routers.delete(key);
      if (before === undefined && from === 'Init') return undefined;
      return change('Stop', before, from, time);
    }
    if (before?.state === to) return undefined;
    this.routers.set(key, { state: to, since: time });
    return change(to, before, from, time);
  }

  /** One of a group's routers has changed. @param keys of all of them @returns what is to be told of the group; undefined: nothing */
  group(name: string, keys: readonly string[], time: number): Change | undefined {
    const before = this.groups.get(name);
    const state = groupState(keys.map((key) => this.stateOf(key)));
    if (state === 'Init') {
      this.groups.delete(name);
      return before && change('Stop', before, 'Init', time);
    }
    if (before?.state === state) return undefined;
    this.groups.set(name, { state, since: time });
    return change(state, before, 'Init', time);
  }

  /** Whether it was told to be something, and not to have stopped. */
  runs(router: string): boolean {
    return this.routers.has(router);
  }

  /** Keys of all that do. */
  get running(): string[] {
    return [...this.routers.keys()];
  }

  get state(): HistoryState {
    return { routers: this.routers, groups: this.groups };
  }

  inherit({ routers, groups }: HistoryState): void {
    this.routers = new Map(routers);
    this.groups = new Map(groups);
  }

  private stateOf(key: string): SyncState {
    const state = this.routers.get(key)?.state;
    return state === undefined || state === 'Stop' ? 'Init' : state;
  }
}

function change(state: NotifyState, before: Told | undefined, from: SyncState, time: number): Change {
  if (before) {
    const lasted = Math.max(0, Math.round(time - before.since)) / 1000;
    return { state, previous: before.state, lasted };
  }
  return { state, previous: from, lasted: null };
}

/** The virtual routers of each group, by its name: slots. */
export function groupsOf(routers: readonly Pick<VirtualRouterConfig, 'sync'>[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [slot, { sync }] of routers.entries()) {
    if (sync === undefined) continue;
    const members = groups.get(sync);
    if (members) members.push(slot);
    else groups.set(sync, [slot]);
  }
  return groups;
}
