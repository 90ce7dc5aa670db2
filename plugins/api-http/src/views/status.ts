/** Answers of `/run/status` and `/run/plugins`: everything that the daemon tells of itself. */
import { type Static, Type } from '@sinclair/typebox';
import type {
  DaemonCounters,
  DaemonInfo,
  HookStatus,
  PluginListing,
  ReloadOutcome,
  RouterCounters,
  RouterName,
  RouterStatus,
  RunningConfiguration,
  TrackerStatus,
} from 'rvrrpd/plugin';
import { shownState, TrackerSchema, tracker, tracking, trackingProperties } from './fault.ts';
import { HookSchema, hook } from './hook.ts';
import { syncGroups } from './sync.ts';

const Count = Type.Integer({ minimum: 0 });
const Dropped = Type.Record(Type.String(), Count, {
  description: 'Packets that were dropped, by reason; reasons that never occurred are left out.',
});
const Time = Type.String({ format: 'date-time' });

/** A plugin. */
export const PluginSchema = Type.Object(
  {
    package: Type.String(),
    version: Type.String(),
    kind: Type.Unsafe<PluginListing['kind']>({
      type: 'string',
      enum: ['auth', 'filter', 'netdrv', 'iftype', 'protocol', 'api', 'track', 'notify'],
    }),
    names: Type.Array(Type.String(), { description: 'Configuration values that it answers to.' }),
    origin: Type.Unsafe<PluginListing['origin']>({
      type: 'string',
      enum: ['built-in', 'configuration'],
      description: '`configuration`: from `[plugins]`.',
    }),
    in_use: Type.Boolean(),
  },
  { title: 'Plugin' },
);

/** A stand-by. */
interface StandbyView {
  readonly until: string | null;
  readonly seconds_left: number | null;
  readonly nobody_is_master: boolean;
}

/** What keeps a virtual router from becoming Master. */
interface Hold {
  readonly reason: string;
  readonly until: string;
  readonly left: number;
}

/** A virtual router with everything that is known of it. */
export const RouterStatusSchema = Type.Object(
  {
    group: Type.Integer({ description: 'Virtual router identifier (VRID).' }),
    interface: Type.String({ description: 'The interface that VRRP runs on.' }),
    family: Type.Integer({ description: 'IP version of the addresses.' }),
    version: Type.Integer({ description: 'VRRP version.' }),
    addresses: Type.Array(Type.String(), { description: 'The virtual addresses.' }),
    priority: Type.Integer({ description: 'In use: 255 for the address owner.' }),
    preempt: Type.Boolean(),
    state: Type.Unsafe<RouterStatus['state'] | 'Fault'>({
      type: 'string',
      enum: ['Init', 'Backup', 'Master', 'Down', 'Fault'],
      description: '`Fault`: it does not run for what `fault` says; `/run/vrrp` shows it as `Down`.',
    }),
    since: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      format: 'date-time',
      description: 'When it entered the state; `null` if it never left the first one.',
    }),
    vifname: Type.String({ description: 'Name of its virtual interface, if its interface type makes one.' }),
    on_virtual_interface: Type.Boolean({ description: 'Its addresses are on the virtual interface now.' }),
    addresses_in_place: Type.Boolean({ description: 'It is Master, and the kernel has its addresses.' }),
    refusal: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description:
        'The errno that the kernel refused its addresses with, or that it gave up for; `null`: none.',
    }),
    further: Type.Unsafe<{ configured: number; missing: number; refusal: string | null } | null>({
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['configured', 'missing', 'refusal'],
      properties: {
        configured: { type: 'integer', description: 'How many there are in the configuration.' },
        missing: {
          type: 'integer',
          description: 'How many of them a Master does not have in the kernel; 0 while it is none.',
        },
        refusal: {
          type: ['string', 'null'],
          description: 'The errno that the kernel refused the first of them with; `null`: none.',
        },
      },
      description:
        'What it has as Master beside its virtual addresses (`[[vrouter.address]]`, `[[vrouter.route]]`, ' +
        '`[[vrouter.rule]]`); `null`: nothing.',
    }),
    auth_type: Type.Integer({ description: 'Authentication type on the wire, 0 for none.' }),
    auth: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: '`auth_type` as configured; `null`: none.',
    }),
    hardware_address: Type.String({ description: 'MAC of the interface; empty if it is missing.' }),
    accept: Type.Boolean({
      description: 'Accept_Mode: a Master takes what is addressed to its virtual addresses.',
    }),
    checksum: Type.Unsafe<'rfc9568' | 'pseudo-header' | null>({
      type: ['string', 'null'],
      enum: ['rfc9568', 'pseudo-header', null],
      description: 'What the checksum of what it sends covers; `null`: there is no choice.',
    }),
    peers: Type.Unsafe<string[] | null>({
      type: ['array', 'null'],
      items: { type: 'string' },
      description: 'Who it speaks to without multicast; `null`: it speaks to the multicast group.',
    }),
    source: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'The address that it is told to speak to its peers from; `null`: the interface’s.',
    }),
    sync: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description:
        'The group (`[[sync]]`) whose routers are Master together or not at all; `null`: it is in none.',
    }),
    waiting: Type.Boolean({
      description:
        'It is Backup and would be Master but for the others of its group: its Master_Down_Timer has expired.',
    }),
    advertisement_interval: Type.Number({ description: 'Its own, in seconds.' }),
    master_advertisement_interval: Type.Number({
      description: 'In seconds. What a VRRPv3 Backup goes by: that of the Master that it heard last.',
    }),
    master_down_interval: Type.Number({ description: 'In seconds.' }),
    skew_time: Type.Number({ description: 'In seconds.' }),
    lease: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description:
        'The addresses that it has in place as Master end by themselves so many seconds after the daemon showed life ' +
        'last; `null`: they stay.',
    }),
    standing_by: Type.Boolean({
      description: 'It was told to fail over: it does not preempt until it becomes Master again.',
    }),
    standby: Type.Unsafe<StandbyView | null>({
      type: ['object', 'null'],
      properties: {
        until: Type.Unsafe<string | null>({
          type: ['string', 'null'],
          format: 'date-time',
          description: 'When it is over; `null`: when it is resumed.',
        }),
        seconds_left: Type.Unsafe<number | null>({
          type: ['integer', 'null'],
          description: 'Until then; `null` as `until`.',
        }),
        nobody_is_master: Type.Boolean({
          description: 'None has been heard for a Master_Down_Interval, and this router does not take over.',
        }),
      },
      required: ['until', 'seconds_left', 'nobody_is_master'],
      description: 'It stands by, as an operator asked: it does not become Master. `null`: it does not.',
    }),
    ...trackingProperties,
    hold: Type.Unsafe<Hold | null>({
      type: ['object', 'null'],
      properties: {
        reason: Type.String({ description: 'The directive that says so.', examples: ['start_delay'] }),
        until: Time,
        left: Type.Number({ description: 'Seconds until then.' }),
      },
      required: ['reason', 'until', 'left'],
      description: 'What keeps a Backup from becoming Master, and until when at most; `null`: nothing.',
    }),
    counters: Type.Object(
      {
        received: Count,
        sent: Count,
        priority_zero_received: Count,
        priority_zero_sent: Count,
        became_master: Count,
        left_master: Count,
        send_errors: Count,
        address_list_mismatches: Count,
        unauthenticated: Count,
        clock_skews: Count,
        dropped: Dropped,
      },
      { description: 'Advertisements and transitions since the daemon’s start.' },
    ),
  },
  { title: 'RouterStatus' },
);

/** A `[[sync]]`. */
const SyncSchema = Type.Object(
  {
    name: Type.String(),
    state: Type.Unsafe<RouterStatus['state'] | 'Fault'>({
      type: 'string',
      enum: ['Init', 'Backup', 'Master', 'Down', 'Fault'],
      description: '`Fault`, `Down` or `Init` if one of its routers is, `Master` if all are.',
    }),
    routers: Type.Array(
      Type.Object({
        interface: Type.String(),
        group: Type.Integer(),
        family: Type.Integer(),
        version: Type.Integer(),
        state: Type.Unsafe<RouterStatus['state'] | 'Fault'>({
          type: 'string',
          enum: ['Init', 'Backup', 'Master', 'Down', 'Fault'],
        }),
        waiting: Type.Boolean({ description: 'It would be Master but for the others.' }),
      }),
    ),
  },
  { title: 'SyncStatus', description: 'Virtual routers that are Master together or not at all.' },
);

/** `/run/status`. */
export const StatusSchema = Type.Object(
  {
    version: Type.String(),
    pid: Type.Integer(),
    since: Time,
    generation: Type.Integer({
      description: '1 at the start, one more at each reload and each replacement of a crashed worker.',
    }),
    last_reload: Type.Unsafe<unknown>({
      type: ['object', 'null'],
      properties: {
        time: Time,
        ok: Type.Boolean({ description: 'False: everything runs on as before.' }),
        error: Type.Unsafe<string | null>({
          type: ['string', 'null'],
          description: 'Why it failed; `null` if it did not.',
        }),
        code: Type.String({
          description: 'If it failed: which error of the daemon’s list (docs/operating.md), for programs.',
        }),
        issues: Type.Array(Type.String()),
      },
      required: ['time', 'ok', 'error', 'issues'],
      description: 'The last reload or change; `null`: there was none.',
    }),
    configuration: Type.Object({
      file: Type.String(),
      tag: Type.String({ description: 'Changes whenever the configuration does: the ETag of `/config`.' }),
      temporary: Type.Boolean({
        description: 'Temporary changes are in force, which the next reload forgets.',
      }),
    }),
    troubles: Type.Array(Type.String(), {
      description: 'What is configured and does not run, apart from virtual routers.',
    }),
    plugins: Type.Array(PluginSchema),
    wake_ups: Type.Integer({ description: 'How often packets or a deadline have woken the engine.' }),
    strangers: Type.Object(
      { dropped: Dropped },
      { description: 'Packets that belong to no virtual router.' },
    ),
    trackers: Type.Array(TrackerSchema),
    hooks: Type.Array(HookSchema, { description: '`[[notify]]`.' }),
    routers: Type.Array(RouterStatusSchema),
    sync_groups: Type.Array(SyncSchema, { description: '`[[sync]]`.' }),
  },
  { title: 'Status' },
);

/** A plugin. */
export function pluginListing(plugin: PluginListing): Static<typeof PluginSchema> {
  const { kind, names, origin } = plugin;
  return {
    package: plugin.package,
    version: plugin.version,
    kind,
    names: [...names],
    origin,
    in_use: plugin.inUse,
  };
}

/** Everything. */
export function status(
  daemon: DaemonInfo,
  configuration: RunningConfiguration,
  routers: readonly RouterStatus[],
  counters: DaemonCounters,
  trackers: readonly TrackerStatus[],
  hooks: readonly HookStatus[],
): Static<typeof StatusSchema> {
  const { version, pid, since, generation, lastReload, plugins, troubles = [] } = daemon;
  const counted = new Map(counters.routers.map((router) => [keyOf(router), router.counters]));
  return {
    version,
    pid,
    since,
    generation,
    last_reload: lastReload === null ? null : reloadOutcome(lastReload),
    configuration: {
      file: configuration.file,
      tag: configuration.tag,
      temporary: configuration.temporary,
    },
    troubles: [...troubles],
    plugins: plugins.map(pluginListing),
    wake_ups: counters.wakeUps,
    strangers: { dropped: present(counters.strangers.dropped) },
    trackers: trackers.map(tracker),
    hooks: hooks.map(hook),
    routers: routers.map((router) => withCounters(router, counted.get(keyOf(router)))),
    sync_groups: syncGroups(routers).map(({ name, state, routers: members }) => ({
      name,
      state,
      routers: members.map((router) => ({
        interface: router.interface,
        group: router.group,
        family: router.family,
        version: router.version ?? 2,
        state: shownState(router),
        waiting: router.waiting ?? false,
      })),
    })),
  };
}

/** Member by member: what the daemon comes to tell beside these is not in the document. */
function reloadOutcome({ time, ok, error, code, issues }: ReloadOutcome): object {
  return { time, ok, error: error ?? null, ...(code !== undefined && { code }), issues };
}

/** One virtual router. */
export function routerStatus(
  router: RouterStatus,
  counters: DaemonCounters,
): Static<typeof RouterStatusSchema> {
  const key = keyOf(router);
  return withCounters(router, counters.routers.find((other) => keyOf(other) === key)?.counters);
}

/** Group first: the name of an interface may have spaces. */
function keyOf({ group, interface: name, family, version }: RouterName): string {
  return `${group} ${family ?? 4} ${version ?? 2} ${name}`;
}

function withCounters(
  router: RouterStatus,
  counters: RouterCounters['counters'] | undefined,
): Static<typeof RouterStatusSchema> {
  return {
    group: router.group,
    interface: router.interface,
    family: router.family,
    version: router.version ?? 2,
    addresses: [...router.addresses],
    priority: router.priority,
    preempt: router.preempt,
    state: shownState(router),
    since: router.since === 0 ? null : new Date(router.since).toISOString(),
    vifname: router.vifname,
    on_virtual_interface: router.onVirtualInterface && router.inPlace !== false,
    addresses_in_place: router.inPlace ?? router.state === 'Master',
    refusal: router.refusal ?? null,
    further: router.further ? { refusal: null, ...router.further } : null,
    auth_type: router.authType,
    auth: router.auth ?? null,
    hardware_address: router.hardwareAddress,
    accept: router.accept ?? true,
    checksum: router.checksum ?? null,
    peers: router.peers === undefined ? null : [...router.peers],
    source: router.source ?? null,
    sync: router.sync ?? null,
    waiting: router.waiting ?? false,
    advertisement_interval: router.advertisementInterval / 1000,
    master_advertisement_interval:
      (router.masterAdvertisementInterval ?? router.advertisementInterval) / 1000,
    master_down_interval: router.masterDownInterval / 1000,
    skew_time: router.skewTime / 1000,
    lease: router.lease ?? null,
    standing_by: router.standingBy,
    standby: standbyView(router.standby),
    ...tracking(router),
    hold: holdOf(router),
    counters: {
      received: counters?.received ?? 0,
      sent: counters?.sent ?? 0,
      priority_zero_received: counters?.priorityZeroReceived ?? 0,
      priority_zero_sent: counters?.priorityZeroSent ?? 0,
      became_master: counters?.becameMaster ?? 0,
      left_master: counters?.leftMaster ?? 0,
      send_errors: counters?.sendErrors ?? 0,
      address_list_mismatches: counters?.addressListMismatches ?? 0,
      unauthenticated: counters?.unauthenticated ?? 0,
      clock_skews: counters?.clockSkews ?? 0,
      dropped: present(counters?.dropped ?? {}),
    },
  };
}

function standbyView(standby: RouterStatus['standby']): StandbyView | null {
  if (standby === undefined) return null;
  const { until, nobodyIsMaster } = standby;
  if (until === undefined) return { until: null, seconds_left: null, nobody_is_master: nobodyIsMaster };
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  return { until: new Date(until).toISOString(), seconds_left: left, nobody_is_master: nobodyIsMaster };
}

function holdOf({ hold }: RouterStatus): Hold | null {
  if (hold === undefined) return null;
  const left = Math.max(0, hold.until - Date.now()) / 1000;
  return { reason: hold.reason, until: new Date(hold.until).toISOString(), left };
}

/** Without members that are undefined. */
function present(dropped: Readonly<Partial<Record<string, number>>>): Record<string, number> {
  const entries = Object.entries(dropped).filter(
    (entry): entry is [string, number] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
