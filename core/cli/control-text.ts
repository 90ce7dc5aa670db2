/** What `rvrrpd status`, `reload`, `upgrade`, `plugins`, `standby` and their like print for people. Pure. */
import type { PluginListing, ReloadOutcome } from '../plugin/contracts/index.ts';
import { counted } from '../shared/words.ts';
import type { StandbyOutcome } from '../supervisor/standby.ts';
import type { DaemonStatus, RouterReport, SyncReport } from '../supervisor/status.ts';
import { formatTime } from '../supervisor/time.ts';
import type { UpgradeOutcome } from '../supervisor/upgrade/upgrader.ts';

/** Local time with offset, whole seconds. */
function time(iso: string): string {
  return formatTime(Date.parse(iso), 'local', 'disabled').replace('T', ' ').replace(/\.\d+/, ' ');
}

/** `rvrrpd status`. */
export function statusText(status: DaemonStatus): string {
  const { version, pid, configuration, since, generation, lastReload, routers, troubles, trackers } = status;
  const { syncGroups: groups } = status;
  // Without VRRPv3 there is nothing to tell apart.
  const protocol = routers.some(({ version }) => version === 3);
  const standing = routers.some(({ standby }) => standby !== undefined);
  const unicast = routers.some(({ peers }) => peers !== undefined);
  const leased = routers.some(({ lease }) => lease !== undefined);
  const rows = routers.map((router) => [
    router.interface,
    String(router.group),
    stateText(router),
    router.priorityParts?.priority === router.priority ? router.priorityParts.text : String(router.priority),
    ...(protocol ? [protocolText(router), intervalText(router)] : []),
    router.since === null ? 'never' : time(router.since),
    ...(standing ? [standbyCell(router)] : []),
    ...(leased ? [router.lease === undefined ? '-' : `${router.lease} s`] : []),
    addressText(router),
    ...(unicast ? [router.peers?.join(' ') ?? 'multicast'] : []),
  ]);
  const held = standing ? ['STAND-BY'] : [];
  const lease = leased ? ['LEASE'] : [];
  const last = unicast ? ['PEERS'] : [];
  const more = protocol ? ['PROTOCOL', 'INTERVAL'] : [];
  const reload = lastReload === null ? 'none' : `${time(lastReload.time)}, ${outcome(lastReload)}`;
  return [
    `rvrrpd ${version}, process ${pid}, since ${time(since)}`,
    `configuration  ${configuration}`,
    `generation     ${generation}`,
    `last reload    ${reload}`,
    ...troubles.map((trouble) => `NOT RUNNING    ${trouble}`),
    '',
    ...table([
      ['INTERFACE', 'GROUP', 'STATE', 'PRIORITY', ...more, 'SINCE', ...held, ...lease, 'ADDRESSES', ...last],
      ...rows,
    ]),
    ...(groups.length === 0
      ? []
      : ['', ...table([['SYNC', 'STATE', 'SINCE', 'ROUTERS'], ...groups.map(groupRow)])]),
    ...faultLines(routers),
    ...furtherLines(routers),
    ...(trackers === undefined ? [] : ['', ...trackerTable(trackers)]),
    ...(status.hooks === undefined ? [] : ['', ...hookTable(status.hooks)]),
  ].join('\n');
}

/** Of a group's routers the state is told where it is not the group's, and who waits for the others. */
function groupRow({ name, state, since, routers }: SyncReport): string[] {
  const members = routers.map((router) => {
    if (router.waiting) return `${router.name} (waits)`;
    return router.state === state ? router.name : `${router.name} (${router.state})`;
  });
  return [name, state, since === null ? 'never' : time(since), members.join(' ')];
}

/** Why virtual routers do not run, a line each. */
function faultLines(routers: readonly RouterReport[]): string[] {
  const lines = routers.flatMap(({ interface: on, group, state, fault }) =>
    fault === undefined ? [] : `${on} group ${group}: ${state}: ${fault.reason}`,
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Of which Masters something is missing beside their virtual addresses, a line each. */
function furtherLines(routers: readonly RouterReport[]): string[] {
  const lines = routers.flatMap(({ interface: on, group, further }) => {
    if (further === undefined || further.missing === 0) return [];
    const { configured, missing, refusal } = further;
    const why = refusal === undefined ? '' : `: ${refusal}`;
    return `${on} group ${group}: ${missing} of ${configured} further addresses, routes and rules not in place${why}`;
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

function trackerTable(trackers: NonNullable<DaemonStatus['trackers']>): string[] {
  const rows = trackers.map(({ name, type, verdict, since, heldUntil, words }) => [
    name,
    type,
    heldUntil === undefined ? verdict : `${verdict}, up from ${time(heldUntil)} on`,
    time(since),
    words,
  ]);
  return table([['TRACKER', 'TYPE', 'VERDICT', 'SINCE', 'LAST WORDS'], ...rows]);
}

function hookTable(hooks: NonNullable<DaemonStatus['hooks']>): string[] {
  const rows = hooks.map(({ name, type, queue, delivered, failed, dropped, joined, words }) => [
    ...[name, type, ...[queue, delivered, failed, dropped, joined].map(String)],
    words || '-',
  ]);
  const numbers = ['QUEUE', 'DELIVERED', 'FAILED', 'DROPPED', 'JOINED'];
  return table([['HOOK', 'TYPE', ...numbers, 'LAST WORDS'], ...rows]);
}

/** `29 min 12 s left`, `until resumed`; with a remark where nobody is Master. */
function standbyCell({ standby }: RouterReport): string {
  if (standby === undefined) return '-';
  const text = standby.left === null ? 'until resumed' : `${duration(standby.left)} left`;
  return standby.nobodyIsMaster ? `${text}, nobody is Master` : text;
}

/** Seconds in the two greatest units that it has. */
function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** `Backup (hearing, 12 s left)`: with what keeps it from becoming Master. */
function stateText({ state, hold }: RouterReport): string {
  return hold === undefined ? state : `${state} (${hold.reason}, ${Math.ceil(hold.left)} s left)`;
}

/** `v2 IPv4`, `v3 IPv4 pseudo-header`: with the sort of checksum that it sends, where there is more than one. */
function protocolText({ version, family, checksum }: RouterReport): string {
  return [`v${version ?? 2}`, `IPv${family ?? 4}`, ...(checksum === undefined ? [] : [checksum])].join(' ');
}

/** `1 s`; for a Backup of a Master with another interval `0.5 s (own 1 s)`. */
function intervalText(router: RouterReport): string {
  const { advertisementInterval: own, masterAdvertisementInterval: master } = router;
  return master === undefined ? `${own} s` : `${master} s (own ${own} s)`;
}

/** A Master's addresses are told only as far as the kernel has them; what it refused is told in every state. */
function addressText({ state, addresses, prefixLengths, inPlace, refusal }: RouterReport): string {
  const text = addresses
    .map((address, index) => [address, prefixLengths?.[index] ?? []].flat().join('/'))
    .join(' ');
  if (state === 'Master' && inPlace === false)
    return `none in place${refusal ? `: ${refusal}` : ' yet'} (${text})`;
  return refusal === undefined ? text : `${text} (refused: ${refusal})`;
}

/** One line about a reload. */
function outcome({ ok, error, issues }: ReloadOutcome): string {
  if (ok) return 'ok';
  const first = issues.find((issue) => issue.startsWith('error'));
  return `failed: ${error}${first === undefined ? '' : `: ${first}`}`;
}

/** Whether all that is configured runs now. */
export function isWhole({ ok, issues }: ReloadOutcome): boolean {
  return ok && !issues.some((issue) => issue.startsWith('error'));
}

/** `rvrrpd reload`. */
export function reloadText(outcome: ReloadOutcome): string {
  const { ok, error } = outcome;
  if (ok && !isWhole(outcome)) return 'reloaded, but not all that is configured runs: it is tried again';
  return ok ? 'reloaded' : `not reloaded: ${error}; everything runs on as before`;
}

/** `rvrrpd standby`, `resume`, `failover`. */
export function standbyText(command: 'standby' | 'resume' | 'failover', outcome: StandbyOutcome): string {
  const { routers, moved } = outcome;
  const what = counted(routers.length, 'virtual router');
  switch (command) {
    case 'standby':
      return `${what} in stand-by, ${moved.length} of them Master until now`;
    case 'resume':
      return `${what} resumed`;
    case 'failover':
      return `${what} failed over`;
  }
}

/** `rvrrpd upgrade`. */
export function upgradeText({ from, to, node, pid }: UpgradeOutcome): string {
  const under = node === undefined ? '' : ` with Node.js ${node.replace(/^v/, '')}`;
  return `upgraded from ${from} to ${to}${under}: process ${pid} runs`;
}

/** `rvrrpd plugins`. */
export function pluginsText(plugins: readonly PluginListing[]): string {
  const rows = plugins.map(({ package: name, version, kind, names, origin, inUse }) => [
    name,
    version,
    kind,
    names.join(', '),
    origin,
    inUse ? 'yes' : 'no',
  ]);
  return table([['PACKAGE', 'VERSION', 'KIND', 'NAMES', 'ORIGIN', 'IN USE'], ...rows]).join('\n');
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
