/**
 * Requests whose answers depend on what the daemon is doing: every operation succeeds, and is refused for more than
 * its form, in every way that it may be.
 */
import type { HttpAnswer } from '../lab/http.ts';
import { router } from '../lab/reloading.ts';
import { R1 } from '../lab/two-routers.ts';
import type { RawRequest } from './client.ts';

/** What it needs of the stage. */
interface Stage {
  readonly api: {
    request(
      path: string,
      request?: { readonly method?: string; readonly body?: unknown },
    ): Promise<HttpAnswer>;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/**
 * An operation, the status that it must answer, and what is special in the request; the rest is its method, a path
 * that exists and a user who may do it.
 */
export type Step = readonly [operationId: string, status: number, request: Partial<RawRequest>];

/** Steps, to be taken in their order. */
export interface Steps {
  /** Each operation once or more. VRID 1 and what is added here is changed; VRID 2 never is. */
  readonly all: readonly Step[];
  /** While the configuration file has been edited and not been reloaded. */
  readonly edited: readonly Step[];
  /** They end with log-ins being refused, to users at another address than all others. */
  readonly logIns: readonly Step[];
}

const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const PLUGIN = { target: `/config/plugins/${encodeURIComponent('./rvrrpd-plugin-nothing')}` };
const ROUTE = { route: '192.0.2.0', mask: '255.255.255.0', nh: '10.0.0.100' };
const OTHER_ROUTE = { ...ROUTE, route: '203.0.113.0', metric: 5, mtu: 1400 };

/** A virtual router of both families, with what only version 3 has. */
const THIRD = {
  ...router(3),
  version: 3,
  vip: ['10.0.1.3', '2001:db8:0:1::3/64'],
  timers: { advert: 0.29 },
  checksum: 'pseudo-header',
  accept: true,
};

const TRACKER = { name: 'flag', type: 'file', path: '/run/flag', hold: 1.5, rise: 2 };
/** Of one virtual router, so that the others have nothing to do with it. */
const GROUP = { name: 'pair', routers: ['lan/2'] };

/** Without parameters, or with those of what exists. */
const READING = [
  ...['welcome', 'getHealth', 'getOpenApi', 'getMetrics', 'getEvents', 'whoAmI', 'getStatus', 'listRouters'],
  ...['listRoutersOfGroup', 'getRouter', 'getRunningGlobal', 'listRunningProtocols', 'getRunningProtocol'],
  'listPlugins',
];
/** They have an ETag, that of the configuration. */
const CONFIGURATION = [
  ...['getGlobal', 'listVrouters', 'getVrouter', 'listProtocols', 'getProtocol', 'listPluginEntries'],
  ...['getPluginEntry', 'listTrackers', 'getTracker', 'listSyncGroups', 'getSyncGroup'],
];

/** @param elsewhere the address that wrong passwords come from */
export async function stepsOn({ api }: Stage, elsewhere: string): Promise<Steps> {
  const authorization = ['Authorization', api.headers.authorization!] as const;
  const body = (value: unknown) => ({ headers: [authorization, JSON_TYPE], body: JSON.stringify(value) });
  const known = (tag: string | undefined) => ({ headers: [authorization, ['If-None-Match', tag!] as const] });
  const logIn = (user: string, passwd: string) => ({
    headers: [JSON_TYPE],
    body: JSON.stringify({ user, passwd }),
  });

  const token = await api.request('/auth/tokens', { method: 'POST', body: { lifetime: 60 } });
  const session = await api.request('/auth', { method: 'POST', body: { user: 'leaver', passwd: 'banana' } });
  const leaver = ['Authorization', `Bearer ${(session.json as { token: string }).token}`] as const;
  const tag = (await api.request('/config/global')).headers.etag;
  const tagOfRouters = (await api.request('/run/vrrp')).headers.etag;

  const all: readonly Step[] = [
    ...[...READING, ...CONFIGURATION].map((operationId): Step => [operationId, 200, {}]),
    ...CONFIGURATION.map((operationId): Step => [operationId, 304, known(tag)]),
    ['listRouters', 304, known(tagOfRouters)],

    ['logIn', 200, logIn('victim', 'banana')],
    ['logIn', 200, { headers: [['Content-Type', 'text/plain']], body: 'user=victim passwd=banana' }],
    ['makeToken', 201, body({ lifetime: 60, name: 'for this test' })],
    ['makeToken', 422, body({ lifetime: 2 ** 31 })],
    ['endToken', 204, { target: `/auth/tokens/${(token.json as { id: string }).id}` }],
    ['endSessions', 204, { target: '/auth/sessions/victim' }],
    ['logOut', 204, { headers: [leaver] }],

    ['addVrouter', 200, { target: '/config/vrouter?dry_run=true', ...body(router(3)) }],
    ['addVrouter', 201, body(router(3))],
    ['addVrouter', 409, body(router(3))],
    ['addVrouter', 422, body({ ...router(4), vip: '10.0.1.1' })],
    ['changeVrouter', 422, body({ priority: 255 })],
    ['changeVrouter', 200, body({ priority: 150, vip: ['10.0.1.1', '10.0.1.11'], timers: { advert: 1 } })],
    ['getVrouter', 200, {}],
    ['removeVrouter', 200, { target: '/config/vrouter/3/lan' }],

    ['addVrouter', 422, body({ ...THIRD, version: 2 })],
    ['addVrouter', 422, body({ ...THIRD, vip: '2001:db8:0:1::3/129' })],
    ['addVrouter', 422, body({ ...THIRD, timers: { advert: 40.96 } })],
    ['addVrouter', 201, body(THIRD)],
    ['getVrouter', 200, { target: '/config/vrouter/3/lan' }],
    ['changeVrouter', 422, { target: '/config/vrouter/3/lan', ...body({ timers: { advert: 0.005 } }) }],
    ['changeVrouter', 200, { target: '/config/vrouter/3/lan', ...body({ timers: { advert: 40.95 } }) }],
    ['getRouter', 200, { target: '/run/vrrp/3/lan?family=6&version=3' }],
    ['standBy', 409, { target: '/run/vrrp/3/lan/standby' }],
    ['resume', 409, { target: '/run/vrrp/3/lan/resume' }],
    ['resume', 200, { target: '/run/vrrp/3/lan/resume?family=6' }],
    ['getStatus', 200, {}],
    ['removeVrouter', 200, { target: '/config/vrouter/3/lan' }],
    // It has authentication, which version 3 has not.
    ['changeVrouter', 422, body({ version: 3 })],

    ['changeGlobal', 422, body({ debug: 6 })],
    ['changeGlobal', 200, body({ debug: 1 })],

    ['setProtocol', 422, body([{}])],
    ['setProtocol', 200, body([ROUTE])],
    ['removeProtocol', 200, {}],
    ['setProtocol', 201, body([ROUTE])],
    ['addProtocolEntry', 422, body({ ...OTHER_ROUTE, mask: '255.0.255.0' })],
    ['addProtocolEntry', 200, { target: '/config/protocols/static?dry_run=true', ...body(OTHER_ROUTE) }],
    ['addProtocolEntry', 201, body(OTHER_ROUTE)],
    ['listRunningProtocols', 200, {}],

    ['addTracker', 200, { target: '/config/track?dry_run=true', ...body(TRACKER) }],
    ['addTracker', 201, body(TRACKER)],
    ['addTracker', 409, body(TRACKER)],
    ['addTracker', 422, body({ ...TRACKER, name: 'other', interval: 0 })],
    // What runs is said by who may edit the file.
    ['addTracker', 422, body({ name: 'run', type: 'exec', command: ['/bin/true'] })],
    ['changeSyncGroup', 200, body({ track: [{ name: 'flag', weight: -10 }] })],
    ['changeTracker', 422, { target: '/config/track/flag', ...body({ path: 'x' }) }],
    ['changeTracker', 422, { target: '/config/track/flag', ...body({ name: 'uplink2' }) }],
    ['changeTracker', 200, { target: '/config/track/flag', ...body({ read: 'absence', interval: 5 }) }],
    ['removeTracker', 422, { target: '/config/track/flag' }],
    ['changeSyncGroup', 200, body({ track: null })],
    ['changeTracker', 200, { target: '/config/track/flag', ...body({ name: 'banner' }) }],
    ['removeTracker', 200, { target: '/config/track/banner' }],

    ['addSyncGroup', 200, { target: '/config/sync?dry_run=true', ...body(GROUP) }],
    ['addSyncGroup', 201, body(GROUP)],
    ['addSyncGroup', 409, body(GROUP)],
    ['addSyncGroup', 422, body({ ...GROUP, name: 'other', routers: ['lan/9'] })],
    ['changeSyncGroup', 422, { target: '/config/sync/pair', ...body({ priority: 255 }) }],
    ['changeSyncGroup', 200, { target: '/config/sync/pair', ...body({ preemption: true }) }],
    ['removeSyncGroup', 200, { target: '/config/sync/pair' }],

    ['setPluginEntry', 422, { ...PLUGIN, ...body('^99') }],
    ['setPluginEntry', 201, { ...PLUGIN, ...body('^1') }],
    ['setPluginEntry', 200, { ...PLUGIN, ...body({ options: {} }) }],
    ['listPluginEntries', 200, {}],
    ['listPlugins', 200, {}],
    ['removePluginEntry', 200, PLUGIN],

    ['failOver', 200, {}],
    ['failOver', 409, {}],
    ['getStatus', 200, {}],

    ['standBy', 200, { target: '/run/vrrp/1/lan/standby?for=3600&dry_run=true' }],
    ['standBy', 200, { target: '/run/vrrp/1/lan/standby?force=true&for=3600' }],
    ['getStatus', 200, {}],
    ['resume', 200, {}],
    ['standByAll', 422, body({ names: ['nobody'] })],
    ['standByAll', 422, body({ for: 'ever' })],
    ['standByAll', 422, body({ name: ['lan/1'] })],
    ['standByAll', 200, body({ names: ['lan/1'], force: true })],
    ['resumeAll', 422, body({ names: ['lan/1/x'] })],
    ['resumeAll', 200, body({})],
    // The owner of an address cannot.
    ['addVrouter', 201, body({ ...router(4), vip: R1 })],
    ['standByAll', 409, body({ names: ['lan/4'] })],
    ['removeVrouter', 200, { target: '/config/vrouter/4/lan' }],
  ];
  const edited: readonly Step[] = [
    ['addVrouter', 409, body(router(5))],
    ['changeVrouter', 409, body({ priority: 151 })],
    // The other one is in a group: it could not be removed anyway.
    ['removeVrouter', 409, { target: '/config/vrouter/2/lan' }],
    ['changeGlobal', 409, body({ debug: 2 })],
    ['setProtocol', 409, body([])],
    ['addProtocolEntry', 409, body({ ...ROUTE, route: '192.88.99.0' })],
    ['removeProtocol', 409, {}],
    ['setPluginEntry', 409, { ...PLUGIN, ...body('^1') }],
    ['removePluginEntry', 409, {}],
    ['addTracker', 409, body({ ...TRACKER, name: 'late' })],
    ['changeTracker', 409, body({ interval: 9 })],
    ['removeTracker', 409, {}],
    ['addSyncGroup', 409, body(GROUP)],
    ['changeSyncGroup', 409, body({ preemption: true })],
    ['removeSyncGroup', 409, {}],
  ];
  const failures = Array.from({ length: 10 }, (): Step => ['logIn', 401, logIn('victim', 'wrong')]);
  const logIns = [...failures, ['logIn', 429, logIn('victim', 'banana')] as const].map(
    ([operationId, status, request]): Step => [operationId, status, { ...request, from: elsewhere }],
  );
  return { all, edited, logIns };
}
