/** Metrics of the virtual routers. */
import type { Registry } from 'prom-client';
import type { DroppedCounters, RouterCounters, RouterState, RouterStatus } from 'rvrrpd/plugin';
import { shownState } from '../views/fault.ts';
import { syncGroups } from '../views/sync.ts';
import { family, type Labels, NONE, type Sample } from './family.ts';
import type { Snapshot } from './snapshot.ts';

const STATES: readonly (RouterState | 'Fault')[] = ['Init', 'Backup', 'Master', 'Down', 'Fault'];
const STATE_LABELS: readonly Labels[] = STATES.map((state) => ({ state }));

type Counted = Exclude<keyof RouterCounters['counters'], 'dropped'>;

/** Name without prefix and suffix, and help, of each counter. */
const COUNTERS: readonly (readonly [key: Counted, name: string, help: string])[] = [
  ['received', 'advertisements_received', 'Advertisements received and accepted.'],
  ['sent', 'advertisements_sent', 'Advertisements sent.'],
  ['priorityZeroReceived', 'priority_zero_received', 'Advertisements received of a Master that gives up.'],
  ['priorityZeroSent', 'priority_zero_sent', 'Advertisements sent to give up as Master.'],
  ['becameMaster', 'became_master', 'Transitions to Master.'],
  ['leftMaster', 'left_master', 'Transitions from Master.'],
  ['sendErrors', 'send_errors', 'Advertisements that the kernel did not take.'],
  ['addressListMismatches', 'address_list_mismatches', 'Advertisements with other addresses than our own.'],
  [
    'unauthenticated',
    'unauthenticated',
    'Advertisements accepted without the authentication that is checked.',
  ],
  ['clockSkews', 'clock_skews', 'Advertisements accepted of a sender whose clock differs too much.'],
];

/**
 * Adds them to a registry.
 * @param now what the scrape is about
 */
export function routerMetrics(registry: Registry, now: () => Snapshot): void {
  const add = (type: 'gauge' | 'counter', name: string, help: string, read: () => Sample[]): void =>
    family(registry, type, `rvrrpd_virtual_router_${name}`, help, read);
  /** A number of each virtual router; undefined: it has none. */
  const gauge = (name: string, help: string, value: (router: RouterStatus) => number | undefined): void =>
    add('gauge', name, help, () => {
      const { routers, routerLabels } = now();
      return routers.flatMap((router, index) => {
        const number = value(router);
        return number === undefined
          ? []
          : { value: number, labels: NONE, sharedLabels: routerLabels[index]! };
      });
    });

  add('gauge', 'state', 'The state of a virtual router is 1, all others are 0.', () => {
    const { routers, routerLabels } = now();
    return routers.flatMap((router, index) => {
      const state = shownState(router);
      return STATES.map((each, which) => ({
        value: each === state ? 1 : 0,
        labels: STATE_LABELS[which]!,
        sharedLabels: routerLabels[index]!,
      }));
    });
  });
  add(
    'gauge',
    'fault',
    '1 while it does not run although its interface can be used, with the reason.',
    () => {
      const { routers, routerLabels } = now();
      return routers.flatMap(({ fault }, index) =>
        fault === undefined
          ? []
          : {
              value: 1,
              // Without the last words of a tracker: they may be other ones at each scrape, and so would the series be.
              labels: { tracker: fault.tracker ?? '', reason: fault.reason.split(': ', 1)[0]! },
              sharedLabels: routerLabels[index]!,
            },
      );
    },
  );
  add('gauge', 'priority_part', 'What a tracker adds to the priority that is configured.', () => {
    const { routers, routerLabels } = now();
    return routers.flatMap(({ trackers = [] }, index) =>
      trackers.flatMap(({ name, adds }) =>
        adds === undefined
          ? []
          : { value: adds, labels: { tracker: name }, sharedLabels: routerLabels[index]! },
      ),
    );
  });
  gauge('priority', 'Priority in use, 255 for the address owner.', ({ priority }) => priority);
  gauge(
    'last_transition_timestamp_seconds',
    'When it entered its state; absent if it never left the first one.',
    ({ since }) => (since === 0 ? undefined : since / 1000),
  );
  gauge('standing_by', '1 if it has been told to fail over, and does not preempt.', ({ standingBy }) =>
    standingBy ? 1 : 0,
  );
  gauge('standby', '1 if it stands by, as an operator asked: it does not become Master.', ({ standby }) =>
    standby === undefined ? 0 : 1,
  );
  gauge(
    'standby_end_timestamp_seconds',
    'When its stand-by is over; absent: it is in none, or in one that ends when it is resumed.',
    ({ standby }) => (standby?.until === undefined ? undefined : standby.until / 1000),
  );
  gauge('masterless', '1 if it stands by, and nobody else is Master.', ({ standby }) =>
    standby?.nobodyIsMaster === true ? 1 : 0,
  );
  add(
    'gauge',
    'hold_seconds',
    'For how long it must not become Master yet, at most, by reason; absent: it may.',
    () => {
      const { routers, routerLabels } = now();
      return routers.flatMap(({ hold }, index) =>
        hold === undefined
          ? []
          : {
              value: Math.max(0, hold.until - Date.now()) / 1000,
              labels: { reason: hold.reason },
              sharedLabels: routerLabels[index]!,
            },
      );
    },
  );
  gauge('addresses_in_place', '1 if it is Master and the kernel has its addresses.', ({ inPlace, state }) =>
    (inPlace ?? state === 'Master') ? 1 : 0,
  );
  gauge(
    'further_missing',
    'How many of its further addresses, routes and rules a Master does not have in the kernel; absent: it is to have none.',
    ({ further }) => further?.missing,
  );
  gauge(
    'lease_seconds',
    'Seconds after which the addresses of a Master end by themselves without the daemon; absent: they stay.',
    ({ lease }) => lease,
  );
  gauge(
    'peers',
    'How many peers it speaks to without multicast; absent: it speaks to the multicast group.',
    ({ peers }) => peers?.length,
  );
  gauge(
    'waiting',
    '1 if it is Backup and would be Master but for the others of its group; absent: it is in none.',
    ({ waiting }) => (waiting === undefined ? undefined : Number(waiting)),
  );
  family(
    registry,
    'gauge',
    'rvrrpd_sync_group_state',
    'The state of a group of virtual routers is 1, all others are 0.',
    () =>
      syncGroups(now().routers).flatMap(({ name, state }) =>
        STATES.map((each) => ({ value: each === state ? 1 : 0, labels: { sync: name, state: each } })),
      ),
  );
  family(
    registry,
    'gauge',
    'rvrrpd_sync_group_member',
    'The virtual routers of each group: always 1.',
    () => {
      const { routers, routerLabels } = now();
      return routers.flatMap(({ sync }, index) =>
        sync === undefined ? [] : { value: 1, labels: { sync }, sharedLabels: routerLabels[index]! },
      );
    },
  );
  for (const [key, name, help] of COUNTERS) {
    add('counter', `${name}_total`, help, () => {
      const { counters, counterLabels } = now();
      return counters.routers.map((router, index) => ({
        value: router.counters[key] ?? 0,
        labels: NONE,
        sharedLabels: counterLabels[index]!,
      }));
    });
  }
  add('counter', 'dropped_total', 'Packets that it did not accept, by reason.', () => {
    const { counters, counterLabels } = now();
    return counters.routers.flatMap((router, index) =>
      dropped(router.counters.dropped).map((sample) => ({ ...sample, sharedLabels: counterLabels[index]! })),
    );
  });
  family(
    registry,
    'counter',
    'rvrrpd_strangers_dropped_total',
    'Packets of no virtual router here, by reason.',
    () => dropped(now().counters.strangers.dropped),
  );
}

function dropped(counts: DroppedCounters): Sample[] {
  return Object.entries(counts).map(([reason, value = 0]) => ({ value, labels: { reason } }));
}
