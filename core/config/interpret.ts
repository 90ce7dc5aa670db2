/** From a parsed document to the configuration, with everything that is wrong about it. Pure. */
import semver from 'semver';
import type { AddressFamily } from '../plugin/contracts/index.ts';
import { checkApi, checkRouters } from './checks.ts';
import { checkDelays, delaysOf, shareInterfaces } from './delays.ts';
import type { ConfigDocument, RawTable } from './document.ts';
import type { RouterFacts } from './facts.ts';
import { type HookChoice, toHook } from './hook.ts';
import { INTERVALS } from './interval.ts';
import { IssueList } from './issue-list.ts';
import type { ConfigIssue, ConfigPath } from './issues.ts';
import { rightPlace } from './misplaced.ts';
import type { DaemonConfig, RouterTrack, VirtualRouterConfig } from './model.ts';
import { vifnameOf } from './names.ts';
import { checkOwnFiles } from './own-files.ts';
import { asNode, type ConfigFile, ConfigSchema, type VirtualRouterFile } from './schema.ts';
import { substituted } from './substitute.ts';
import { checkSync, type SyncByTable } from './sync.ts';
import { checkHooks } from './table-notify.ts';
import { checkTrackers } from './table-track.ts';
import { toTracker } from './tracker.ts';
import { fillDefaults, type Violation, validate } from './validate.ts';

/** An entry of `[plugins]`. */
export interface PluginRequest {
  /** Package name, or a path (absolute, or relative to the configuration file's folder). */
  readonly name: string;
  /** Semver range of versions that will do; `*` if the entry has none. */
  readonly range: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly path: ConfigPath;
}

/** What a document says. */
export interface Interpretation {
  /**
   * With an error among `issues` this is a draft: faulty directives have their defaults (a missing group is 0,
   * a missing interface empty). It serves to find further faults, never to run.
   */
  readonly config: DaemonConfig;
  readonly plugins: readonly PluginRequest[];
  readonly issues: readonly ConfigIssue[];
}

/** Interprets a document. */
export function interpret(document: ConfigDocument): Interpretation {
  const schema = asNode(ConfigSchema);
  const data = structuredClone(document.data);
  const found = validate(document, [], schema, data, rightPlace);
  const violations = found.filter(({ issue }) => issue.severity === 'error');
  const list = new IssueList(document, substituted(document, [], schema, document.data));
  for (const violation of found) list.issues.push(explained(violation, data));
  for (const { path } of violations) prune(data, path);
  if (violations.length > 0) fillDefaults(schema, data); // of what was taken out
  const file = data as unknown as ConfigFile; // but for required directives that are missing: see Draft

  if (
    file.vrouter.length === 0 &&
    !violations.some(({ path }) => path[0] === 'vrouter' && path.length === 1)
  ) {
    list.error(['vrouter'], 'is missing: there must be one [[vrouter]] at least');
  }
  const facts = checkRouters(file.vrouter, list);
  checkTrackers(file.track ?? [], file.vrouter, list, file.sync);
  const sync = checkSync(file.sync ?? [], file.vrouter, facts, list);
  checkDelays(file.vrouter, facts, sync, list);
  const hooks = checkHooks(file.notify ?? [], file.sync ?? [], facts, list);
  checkOwnFiles(file, list);
  const users = checkApi(file.api, list);
  const plugins = checkPlugins(file.plugins, list);
  return { config: toConfig(document, file, facts, sync, users, hooks), plugins, issues: list.issues };
}

/** What the schema cannot know: why a value is wrong here, and what else there is for who wants it. */
function explained({ path, issue }: Violation, data: RawTable): ConfigIssue {
  if (path[0] !== 'vrouter') return issue;
  const router = (data.vrouter as RawTable[])[path[1] as number];
  if (path.length === 3 && path[2] === 'priority' && router?.priority === 255) {
    // 255 is refused like 0, but who writes it wants something that there is another way to.
    const message = `${issue.message}; a router whose interface has the vip as its own address uses 255 by itself`;
    return { ...issue, message };
  }
  if (path[2] === 'timers' && path[3] === 'advert') {
    const expected = INTERVALS[router?.version === 3 ? 3 : 2];
    return { ...issue, expected, message: `must be ${expected}` };
  }
  return issue;
}

/**
 * Takes out what is wrong. A table in an array becomes an empty one: the others keep their index. Elements of
 * other arrays stay, as the checks take each by itself.
 */
function prune(data: RawTable, path: ConfigPath): void {
  let holder: unknown = data;
  for (const part of path.slice(0, -1)) {
    holder = (holder as Record<string | number, unknown> | undefined)?.[part];
  }
  const last = path.at(-1);
  if (last === undefined || typeof holder !== 'object' || holder === null) return;
  if (!Array.isArray(holder)) delete (holder as RawTable)[last];
  else if (path[0] === 'protocols' || (isArrayOfTables(path[0]) && path.length === 2))
    holder[Number(last)] = {};
}

function isArrayOfTables(key: string | number | undefined): boolean {
  return key === 'vrouter' || key === 'track' || key === 'sync' || key === 'notify';
}

/** A virtual router's table after {@link prune}: even what is required may be missing. */
type Draft = Partial<VirtualRouterFile> & Pick<VirtualRouterFile, 'priority' | 'preemption' | 'timers'>;

function toConfig(
  document: ConfigDocument,
  file: ConfigFile,
  facts: readonly RouterFacts[],
  sync: SyncByTable,
  users: readonly string[],
  hooks: readonly HookChoice[],
): DaemonConfig {
  const { api } = file;
  const errorLog = file.error_log === 'disabled' ? undefined : file.error_log;
  return {
    file: document.file,
    debug: file.debug,
    timeZone: file.time_zone,
    timeFormat: file.time_format,
    pid: file.pid,
    workingDir: file.working_dir,
    mainLog: file.main_log,
    ...(errorLog === undefined ? {} : { errorLog }),
    ...(file.client_api === undefined ? {} : { clientApi: file.client_api }),
    virtualRouters: toRouters(document, file, facts, sync),
    ...(file.track && {
      trackers: file.track.map((table, index) =>
        toTracker(table, document.places.position(['track', index])),
      ),
    }),
    ...(file.notify && {
      hooks: file.notify.map((table, index) =>
        toHook(table, document.places.position(['notify', index]), hooks[index]!),
      ),
    }),
    protocols: file.protocols,
    api: {
      users,
      ...(api.secret === undefined ? {} : { secret: api.secret }),
      host: api.host,
      tls: api.tls,
      tlsKey: api.tls_key,
      tlsCert: api.tls_cert,
    },
  };
}

function toRouters(
  document: ConfigDocument,
  file: ConfigFile,
  facts: readonly RouterFacts[],
  sync: SyncByTable,
): VirtualRouterConfig[] {
  const routers: VirtualRouterConfig[] = [];
  for (const [table, router] of file.vrouter.entries()) {
    const fact = facts[table]!;
    for (const family of fact.families) {
      const place = table === routers.length ? {} : { table };
      const group = sync[table]!.get(family);
      const own = toRouter(document, router, fact, family);
      const track = [...tracksOf(group?.track ?? []), ...(own.track ?? [])];
      routers.push({
        ...own,
        ...place,
        ...(track.length === 0 ? {} : { track: track.filter(isFirst) }),
        ...(group?.priority === undefined ? {} : { priority: group.priority }),
        ...(group?.preemption === undefined ? {} : { preempt: group.preemption }),
        ...(group === undefined ? {} : { sync: group.name }),
      });
    }
  }
  return shareInterfaces(routers);
}

function toRouter(
  document: ConfigDocument,
  router: Draft,
  facts: RouterFacts,
  family: AddressFamily,
): VirtualRouterConfig {
  const version = router.version ?? 2;
  const addresses = facts.addresses.filter((each) => each.family === family);
  const hasLengths = addresses.some(({ prefixLength }) => prefixLength !== undefined);
  return {
    position: document.places.position(facts.path),
    vrid: router.group ?? 0,
    interface: router.interface ?? '',
    family,
    version,
    addresses: addresses.map(({ address }) => address),
    ...(hasLengths ? { prefixLengths: addresses.map(({ prefixLength }) => prefixLength) } : {}),
    priority: router.priority,
    preempt: router.preemption,
    advertisementIntervalCs: Math.round(router.timers.advert * 100),
    rfc3768: router.rfc3768 ?? true,
    ...(router.auth_type === undefined ? {} : { authType: router.auth_type }),
    authSecret: router.auth_secret ?? '',
    // Its plugin's schema, and the lines, come with the plugin.
    ...(router.auth === undefined ? {} : { auth: { values: router.auth, positions: {} } }),
    ...(router.netdrv === undefined ? {} : { netdrv: router.netdrv }),
    ...(router.iftype === undefined ? {} : { iftype: router.iftype }),
    vifname: vifnameOf(facts, family),
    ...(router.address_check === undefined ? {} : { addressCheck: router.address_check }),
    ...(router.accept === false ? { accept: false } : {}),
    ...(router.checksum === undefined ? {} : { checksum: router.checksum }),
    ...peersOf(router, facts, family),
    ...(router.track && router.track.length > 0 ? { track: tracksOf(router.track) } : {}),
    ...(router.track_interface === false ? { trackInterface: false } : {}),
    ...delaysOf(router),
    socketFilter: router.socket_filter ?? true,
    ...extrasOf(facts, family),
    ...(router.lease === undefined ? {} : { lease: router.lease }),
  };
}

/** What the virtual router of one family installs: of another family that the table has none of, the first one does. */
function extrasOf(
  { extras, further, families }: RouterFacts,
  family: AddressFamily,
): Pick<VirtualRouterConfig, 'extras' | 'further'> {
  const isOwn = (extra: { readonly family: AddressFamily }): boolean =>
    families.includes(extra.family) ? extra.family === family : family === families[0];
  const [own, addresses] = [extras.filter(isOwn), further.map(({ held }) => held).filter(isOwn)];
  return {
    ...(own.length === 0 ? {} : { extras: own }),
    ...(addresses.length === 0 ? {} : { further: addresses }),
  };
}

/** A tracker that its group names as well counts once. */
function isFirst({ name }: RouterTrack, index: number, all: readonly RouterTrack[]): boolean {
  return all.findIndex((each) => each.name === name) === index;
}

/** What is wrong is left out. */
function tracksOf(entries: Readonly<NonNullable<Draft['track']>>): RouterTrack[] {
  return entries.flatMap((entry): RouterTrack | [] => {
    if (typeof entry === 'string') return { name: entry };
    const { name, weight } = entry;
    if (typeof name !== 'string') return [];
    return { name, ...(typeof weight === 'number' ? { weight } : {}) };
  });
}

/** What the virtual router of one family has of `peers`, `source` and `min_ttl`. */
function peersOf(
  { min_ttl: minTtl }: Draft,
  { peers, source }: RouterFacts,
  family: AddressFamily,
): Pick<VirtualRouterConfig, 'peers' | 'source' | 'minTtl'> {
  const own = peers.filter((peer) => peer.family === family).map(({ address }) => address);
  if (own.length === 0) return {};
  return {
    peers: own,
    ...(source?.family === family ? { source: source.address } : {}),
    ...(minTtl === undefined ? {} : { minTtl }),
  };
}

/** What a package of plugins is called: the prefix tells it from everything else in node_modules. */
const PACKAGE_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?rvrrpd-plugin-[a-z0-9._~-]+$/;
const PATH = /^(\.{1,2})?\//;

function checkPlugins(entries: ConfigFile['plugins'], list: IssueList): PluginRequest[] {
  return Object.entries(entries).map(([name, entry]) => {
    const path = ['plugins', name];
    const range = (typeof entry === 'string' ? entry : entry.version) ?? '*';
    if (!PACKAGE_NAME.test(name) && !PATH.test(name)) {
      list.error(
        path,
        'must be the name of a package, rvrrpd-plugin-… or @scope/rvrrpd-plugin-…, or a path, ./…',
      );
    }
    if (semver.validRange(range) === null) {
      const at = typeof entry === 'string' ? path : [...path, 'version'];
      list.error(at, 'must be a semver range such as "^1.2"');
    }
    const options = typeof entry === 'string' ? undefined : entry.options;
    return { name, range, options: options ?? {}, path };
  });
}
