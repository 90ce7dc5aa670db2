/** `GET /metrics`: the daemon's numbers for Prometheus. */
import { Type } from '@sinclair/typebox';
import { Registry } from 'prom-client';
import type { Routes } from '../deps.ts';
import { apiMetrics } from '../metrics/api.ts';
import { daemonMetrics } from '../metrics/daemon.ts';
import { hookMetrics } from '../metrics/hooks.ts';
import { routerMetrics } from '../metrics/routers.ts';
import { scraper } from '../metrics/scraper.ts';
import { type Snapshot, snapshots } from '../metrics/snapshot.ts';
import { trackerMetrics } from '../metrics/trackers.ts';
import { problemResponses } from '../problems.ts';

export const metricsRoutes: Routes = (app, deps) => {
  const registry = new Registry();
  const read = snapshots(deps.context);
  let snapshot: Snapshot | undefined;
  const now = (): Snapshot => (snapshot ??= read());
  daemonMetrics(registry, now);
  routerMetrics(registry, now);
  trackerMetrics(registry, now);
  hookMetrics(registry, now);
  apiMetrics(registry, app, deps.tally);
  const scrape = scraper(async () => {
    try {
      return await registry.metrics();
    } finally {
      snapshot = undefined;
    }
  });

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['telemetry'],
        summary: 'Metrics for Prometheus',
        description:
          'The Prometheus text format 0.0.4: virtual routers, daemon, process, and this API itself. Without a ' +
          'log-in if the option `public_metrics` says so.',
        response: {
          200: { description: 'The metrics', content: { 'text/plain': { schema: Type.String() } } },
          ...problemResponses(401, 500, 503),
        },
      },
      config: { access: 'metrics' },
    },
    async (_request, reply) => {
      const text = await scrape();
      return reply.header('content-type', Registry.PROMETHEUS_CONTENT_TYPE).send(text);
    },
  );
};
