/** Metrics of this API itself. */
import type { FastifyInstance } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import type { Tally } from '../tally.ts';
import { family, NONE } from './family.ts';

/** Route of requests for none: each path that a client makes up would be a time series of its own. */
const NO_ROUTE = 'none';

/** Adds them to a registry, and counts the answers of an app. */
export function apiMetrics(registry: Registry, app: FastifyInstance, tally: Tally): void {
  const requests = new Counter({
    name: 'rvrrpd_api_requests_total',
    help: 'Answers to requests, by route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  // Not onResponse: that comes when an event stream ends, or never, if the client goes first.
  app.addHook('onSend', async ({ method, routeOptions }, reply) => {
    requests.inc({
      method,
      route: routeOptions.url ?? NO_ROUTE,
      status: reply.statusCode,
    });
  });
  family(
    registry,
    'counter',
    'rvrrpd_api_refused_total',
    'Requests and connections refused, by reason.',
    () => Object.entries(tally.refused).map(([reason, value]) => ({ value, labels: { reason } })),
  );
  family(registry, 'counter', 'rvrrpd_api_logins_total', 'Log-ins, by how they went.', () =>
    Object.entries(tally.logins).map(([outcome, value]) => ({ value, labels: { outcome } })),
  );
  family(registry, 'gauge', 'rvrrpd_api_connections', 'Open connections.', () => [
    { value: tally.connections, labels: NONE },
  ]);
  family(registry, 'gauge', 'rvrrpd_api_event_subscribers', 'Clients that listen to events.', () => [
    { value: tally.subscribers, labels: NONE },
  ]);
}
