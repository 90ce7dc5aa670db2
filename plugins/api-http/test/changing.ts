/** Asking for changes, of a daemon that writes down what it was asked. */
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { ChangeIssue, ChangeOutcome, RunningConfiguration } from 'rvrrpd/plugin';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { CONFIGURATION } from './context.ts';
import { FakeDaemon, resourceApp } from './resource-app.ts';

/** What {@link app} asks. Each test finds it as the guide has it. */
export const daemon = new FakeDaemon();
/** The routes of the file's tests. */
export let app: FastifyInstance;
beforeAll(async () => {
  app = await resourceApp(daemon.context);
});
afterEach(() => daemon.be());
afterAll(() => app.close());

type Response = Awaited<ReturnType<FastifyInstance['inject']>>;

/** Sends a request; `body` as JSON, undefined for none. */
export function ask(
  method: NonNullable<InjectOptions['method']>,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const type = { 'content-type': 'application/json' };
  return app.inject({
    method,
    url,
    headers: { ...(body === undefined ? {} : type), ...headers },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
}

/** What the daemon has after a change. */
export function becomes(data: RunningConfiguration['data'], issues: readonly ChangeIssue[] = []): void {
  daemon.answer({ ok: true, tag: 'new456', data, issues });
}

/** The daemon refuses. */
export function refuses(
  reason: Extract<ChangeOutcome, { ok: false }>['reason'],
  message = 'why',
  issues: readonly ChangeIssue[] = [],
): void {
  daemon.answer({ ok: false, reason, message, issues });
}

/** Has the daemon's file say `data`. */
export function configure(data: RunningConfiguration['data'], tag = 'abc123'): void {
  daemon.be({ configuration: () => ({ ...CONFIGURATION, data, tag }) });
}

/** A `[[vrouter]]`. */
export const TABLE = { group: 7, interface: 'ens192.900', vip: '192.0.2.1', auth_secret: 'really' };
/** The same in an answer. */
export const HIDDEN = { ...TABLE, auth_secret: '***' };
/** A `[[protocols.static]]` entry. */
export const ROUTE = { route: '192.0.2.0', mask: '255.255.255.0', nh: '10.0.0.1' };

/** Each change, by method, path and a body that is right. */
export const CHANGES: readonly [NonNullable<InjectOptions['method']>, string, unknown][] = [
  ['POST', '/config/vrouter', TABLE],
  ['PATCH', '/config/vrouter/1/eth0', { priority: 3 }],
  ['DELETE', '/config/vrouter/1/eth0', undefined],
  ['POST', '/run/vrrp/1/eth0/failover', undefined],
  ['PATCH', '/config/global', { debug: 1 }],
  ['PUT', '/config/protocols/static', [ROUTE]],
  ['POST', '/config/protocols/static', ROUTE],
  ['DELETE', '/config/protocols/static', undefined],
  ['POST', '/config/track', { name: 'f', type: 'file', path: '/x' }],
  ['PATCH', '/config/track/uplink', { interval: 3 }],
  ['DELETE', '/config/track/uplink', undefined],
  ['POST', '/config/sync', { name: 'g', routers: ['eth0/1', 'eth1/2'] }],
  ['PATCH', '/config/sync/gw', { priority: 3 }],
  ['DELETE', '/config/sync/gw', undefined],
  ['PUT', '/config/plugins/x', '^1'],
  ['DELETE', '/config/plugins/x', undefined],
];

/** A file with a plugin. */
export const WITH_PLUGIN = { ...CONFIGURATION.data, plugins: { x: '*' } };

/** There is everything that {@link CHANGES} are about. */
export function configured(): void {
  configure(WITH_PLUGIN);
  becomes(WITH_PLUGIN);
}
