/** `GET /healthz`: whether the daemon answers, for load balancers and orchestration. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../deps.ts';
import { ProblemError, problemResponses } from '../problems.ts';

const Health = Type.Object({
  status: Type.Unsafe<'ok' | 'degraded'>({
    type: 'string',
    enum: ['ok', 'degraded'],
    description: '`degraded`: something that is configured does not run, see `/run/status`.',
  }),
});

export const healthRoutes: Routes = (app, { context }) => {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        tags: ['telemetry'],
        summary: 'Whether the daemon answers',
        description:
          'Public, and says no more than that the daemon runs and its virtual routers can be read. What state they ' +
          'are in, Down included, is not its business: see `/run/status` and `/metrics`.',
        response: { 200: { description: 'It does', ...Health }, ...problemResponses(500, 503) },
      },
      config: { access: 'public' },
    },
    () => {
      try {
        context.routers();
      } catch {
        throw new ProblemError(503, 'The state of the virtual routers cannot be read.', {
          headers: { 'retry-after': '1' },
        });
      }
      const { troubles = [] } = context.daemon();
      return { status: troubles.length === 0 ? ('ok' as const) : ('degraded' as const) };
    },
  );
};
