/** Groups of virtual routers (`[[sync]]`) as their members are now. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { SyncStatus } from '../plugin/contracts/index.ts';
import { groupState } from '../vrrp/sync.ts';
import { memberName } from './cause-words.ts';
import { Int, Num, STATE_NAMES, State } from './state-table.ts';
import type { TableReader } from './table-views.ts';

/** Whether a Backup waits for its group: its own Master_Down_Timer has expired. */
export function waitsForGroup(
  table: TableReader,
  slot: number,
  { sync }: Pick<VirtualRouterConfig, 'sync'>,
): boolean {
  return (
    sync !== undefined && table.int(slot, Int.State) === State.Backup && table.num(slot, Num.Deadline) === 0
  );
}

/** Every group, in the order of its first router. */
export function readSyncGroups(table: TableReader, routers: readonly VirtualRouterConfig[]): SyncStatus[] {
  const slots = new Map<string, number[]>();
  for (const [slot, { sync }] of routers.entries()) {
    if (sync === undefined) continue;
    const members = slots.get(sync);
    if (members) members.push(slot);
    else slots.set(sync, [slot]);
  }
  return [...slots].map(([name, members]) => {
    const states = members.map((slot) => table.int(slot, Int.State) as State);
    return {
      name,
      state: groupState(states),
      since: Math.max(...members.map((slot) => table.num(slot, Num.Since))),
      routers: members.map((slot, index) => ({
        name: memberName(routers[slot]!, routers),
        state: STATE_NAMES[states[index]!],
        waiting: waitsForGroup(table, slot, routers[slot]!),
      })),
    };
  });
}
