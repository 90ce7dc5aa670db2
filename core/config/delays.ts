/**
 * What a `[[vrouter]]` says of time beside its interval: what holds it back, how a Master announces its addresses. Seconds
 * in the file, ms from here on.
 */
import type { RawTable } from './document.ts';
import type { RouterFacts } from './facts.ts';
import type { IssueList } from './issue-list.ts';
import type { AnnounceSettings, HoldSettings, VirtualRouterConfig } from './model.ts';
import type { VirtualRouterFile } from './schema.ts';
import type { SyncByTable } from './sync.ts';

/** The directives of that. */
type Delays = Pick<
  Partial<VirtualRouterFile>,
  | 'start_delay'
  | 'boot_delay'
  | 'preempt_delay'
  | 'link_delay'
  | 'link_debounce'
  | 'hearing'
  | 'down_timer_adverts'
  | 'announce'
>;

/** What of a virtual router comes of them; nothing of what is as the RFC has it. */
export function delaysOf(table: Delays): Pick<VirtualRouterConfig, 'hold' | 'downTimerAdverts' | 'announce'> {
  const hold: HoldSettings = {
    start: ms(table.start_delay),
    boot: ms(table.boot_delay),
    link: ms(table.link_delay),
    debounce: ms(table.link_debounce),
    hearing: ms(table.hearing),
    preempt: ms(table.preempt_delay),
  };
  const announce = announceOf(table.announce ?? {});
  return {
    ...(Object.values(hold).some((delay) => delay > 0) ? { hold } : {}),
    ...(table.down_timer_adverts === undefined ? {} : { downTimerAdverts: table.down_timer_adverts }),
    ...(Object.keys(announce).length === 0 ? {} : { announce }),
  };
}

/**
 * Warns of what does nothing.
 * @param tables `[[vrouter]]`, what violates the schema removed, with what is understood of each and the groups it is in
 */
export function checkDelays(
  tables: readonly RawTable[],
  facts: readonly RouterFacts[],
  sync: SyncByTable,
  list: IssueList,
): void {
  for (const [index, { path, families }] of facts.entries()) {
    const { preempt_delay: delay, preemption } = tables[index]!;
    if (typeof delay !== 'number' || delay === 0) continue;
    if (families.some((family) => sync[index]?.get(family)?.preemption ?? preemption === true)) continue;
    list.warn(
      [...path, 'preempt_delay'],
      'does nothing unless the router owns its address: preemption is false, so that it lets every Master be',
    );
  }
}

function announceOf({ count, pauses, refresh, rate }: NonNullable<Delays['announce']>): AnnounceSettings {
  return {
    ...(count === undefined ? {} : { count }),
    ...(pauses === undefined ? {} : { pauses: pauses.map(ms) }),
    ...(refresh === undefined ? {} : { refresh: ms(refresh) }),
    ...(rate === undefined ? {} : { rate }),
  };
}

function ms(seconds = 0): number {
  return Math.round(seconds * 1000);
}

/**
 * Gives the virtual routers of an interface what is the interface's: the longest `link_debounce` of theirs, as it has one
 * carrier, and the lowest `announce.rate`.
 */
export function shareInterfaces(routers: readonly VirtualRouterConfig[]): VirtualRouterConfig[] {
  const debounces = new Map<string, number>();
  const rates = new Map<string, number>();
  for (const { interface: name, hold, announce } of routers) {
    const debounce = hold?.debounce ?? 0;
    if (debounce > (debounces.get(name) ?? 0)) debounces.set(name, debounce);
    const rate = announce?.rate ?? 0;
    if (rate > 0 && rate < (rates.get(name) ?? Number.POSITIVE_INFINITY)) rates.set(name, rate);
  }
  if (debounces.size === 0 && rates.size === 0) return [...routers];
  return routers.map((router) => {
    const debounce = debounces.get(router.interface);
    const rate = rates.get(router.interface);
    return {
      ...router,
      ...(debounce === undefined ? {} : { hold: { ...(router.hold ?? NO_HOLD), debounce } }),
      ...(rate === undefined ? {} : { announce: { ...router.announce, rate } }),
    };
  });
}

const NO_HOLD: HoldSettings = { start: 0, boot: 0, link: 0, debounce: 0, hearing: 0, preempt: 0 };
