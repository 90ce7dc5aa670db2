/** A daemon for unit tests: a {@link ServiceContext} with the two virtual routers of the guide. */
import type {
  ApiSettings,
  ChangeOutcome,
  DaemonCounters,
  DaemonInfo,
  RouterCounters,
  RouterStatus,
  RunningConfiguration,
  ServiceContext,
} from 'rvrrpd/plugin';

/** Lines of rVRRPd 0.1.3; both passwords are `banana`. Levels: carol 0, dave 0. */
export const CAROL =
  '{{SHA256}}carol:0:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded68287a912db95647c825541d6de59b736';
export const DAVE =
  '{{SCRYPT}}dave:0::$rscrypt$0$BAgB$PVpOT7gyMRG8VCDNaw/TDA==$7tsQ0XxJsDwI+AwKiTDms6pzH5zx1f6MNTWmmzXhsw4=$';
/** May write. Password `banana`. */
export const ADMIN = CAROL.replace('carol:0', 'admin:1');

/** `[api]` of the fake, without TLS. */
export const API: ApiSettings = {
  users: [ADMIN, CAROL, DAVE],
  host: '127.0.0.1:0',
  tls: false,
  tlsKey: '/etc/rvrrpd/ssl/key.pem',
  tlsCert: '/etc/rvrrpd/ssl/cert.pem',
};

/** Options in their defaults, as `options.schema.json` has them. */
export const OPTIONS = {
  session_lifetime: 3600,
  token_lifetime: 31_536_000,
  public_metrics: false,
  max_connections: 512,
};

/** The guide's virtual router `group`, Master on `standby<group>` over eth<group - 1>. */
export function router(group: number, changes: Partial<RouterStatus> = {}): RouterStatus {
  return {
    interface: `eth${group - 1}`,
    group,
    family: 4,
    addresses: [`10.100.${99 + group}.1`],
    priority: 254,
    preempt: true,
    state: 'Master',
    since: 1_700_000_000_000,
    vifname: `standby${group}`,
    onVirtualInterface: true,
    authType: 250,
    hardwareAddress: `02:00:00:00:00:0${group}`,
    advertisementInterval: 1000,
    masterDownInterval: 3008,
    skewTime: 8,
    standingBy: false,
    ...changes,
  };
}

/** Counters of a virtual router. */
export function routerCounters(status: RouterStatus): RouterCounters {
  return {
    interface: status.interface,
    group: status.group,
    state: status.state,
    priority: status.priority,
    counters: {
      received: 3,
      sent: 100 + status.group,
      priorityZeroReceived: 1,
      priorityZeroSent: 0,
      becameMaster: 1,
      leftMaster: 0,
      sendErrors: 0,
      addressListMismatches: 0,
      dropped: { ttl: 2 },
    },
  };
}

const TABLES = [1, 2].map((group) => ({
  group,
  interface: `eth${group - 1}`,
  vip: `10.100.${99 + group}.1`,
  priority: 254,
  preemption: true,
  auth_type: 'p0-t8-sha256',
  auth_secret: '***',
  iftype: 'macvlan',
  vifname: `standby${group}`,
}));

/** The configuration of the fake: `data` as in the file, `effective` with defaults. */
export const CONFIGURATION: RunningConfiguration = {
  file: '/etc/rvrrpd/rvrrpd.conf',
  data: {
    main_log: '/var/log/rvrrpd.log',
    client_api: 'http',
    vrouter: TABLES,
    protocols: { static: [{ route: '0.0.0.0', mask: '0.0.0.0', nh: '10.240.0.254', metric: 100 }] },
    api: { users: ['***', '***', '***'], host: '127.0.0.1:0' },
  },
  effective: {
    debug: 0,
    time_zone: 'local',
    time_format: 'disabled',
    pid: '/var/run/rvrrpd.pid',
    working_dir: '/tmp',
    main_log: '/var/log/rvrrpd.log',
    client_api: 'http',
    vrouter: TABLES.map((table) => ({
      version: 2,
      timers: { advert: 1 },
      rfc3768: true,
      netdrv: 'libnl',
      socket_filter: true,
      ...table,
    })),
    protocols: { static: [{ route: '0.0.0.0', mask: '0.0.0.0', nh: '10.240.0.254', metric: 100 }] },
    api: { users: ['***', '***', '***'], host: '127.0.0.1:0', tls: false },
  },
  tag: 'abc123',
  temporary: false,
};

/** The daemon of the fake. */
export const DAEMON: DaemonInfo = {
  version: '0.2.0',
  pid: 4711,
  since: '2026-01-02T03:04:05.678Z',
  generation: 1,
  lastReload: null,
  plugins: [
    {
      package: 'rvrrpd-plugin-api-http',
      version: '1.0.0',
      kind: 'api',
      names: ['http'],
      origin: 'built-in',
      inUse: true,
    },
  ],
};

/**
 * A context in which every user's password is `banana`, nothing happens, and each change is accepted and does
 * nothing. Each member can be replaced.
 */
export function fakeContext(overrides: Partial<ServiceContext> = {}): ServiceContext {
  const routers = [router(1), router(2)];
  const api = overrides.api ?? API;
  const levels = new Map(
    api.users.map((line) => {
      const [, name, level] = /^\{\{\w+\}\}(\w+):(\d):/.exec(line)!;
      return [name!, Number(level)];
    }),
  );
  return {
    name: 'http',
    options: OPTIONS,
    api,
    log: () => {},
    routers: () => routers,
    trackers: () => [],
    hooks: () => [],
    counters: (): DaemonCounters => ({
      wakeUps: 1234,
      routers: routers.map(routerCounters),
      strangers: { dropped: { vrid: 5 } },
    }),
    daemon: () => DAEMON,
    configuration: () => CONFIGURATION,
    subscribe: () => {},
    authenticate: async (user, password) => (password === 'banana' ? levels.get(user) : undefined),
    change: async (): Promise<ChangeOutcome> => ({
      ok: true,
      tag: CONFIGURATION.tag,
      data: CONFIGURATION.data,
      issues: [],
    }),
    stateFile: '/nonexistent/state/api-http.json',
    ...overrides,
  };
}
