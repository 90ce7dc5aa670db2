/** Groups of virtual routers that are Master together or not at all, as their routers tell. */
import type { RouterState, RouterStatus } from 'rvrrpd/plugin';

/** A `[[sync]]`. */
export interface SyncGroup {
  readonly name: string;
  /** `Down` or `Init` if one of its routers is, `Master` if all are, else `Backup`. */
  readonly state: RouterState;
  readonly routers: readonly RouterStatus[];
}

/** The groups, in the order of their first router. */
export function syncGroups(routers: readonly RouterStatus[]): SyncGroup[] {
  const groups = new Map<string, RouterStatus[]>();
  for (const router of routers) {
    if (router.sync === undefined) continue;
    const members = groups.get(router.sync);
    if (members) members.push(router);
    else groups.set(router.sync, [router]);
  }
  return [...groups].map(([name, members]) => ({ name, state: stateOf(members), routers: members }));
}

function stateOf(members: readonly RouterStatus[]): RouterState {
  const is = (state: RouterState) => (router: RouterStatus) => router.state === state;
  for (const state of ['Down', 'Init'] as const) if (members.some(is(state))) return state;
  return members.every(is('Master')) ? 'Master' : 'Backup';
}
