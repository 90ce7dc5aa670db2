import { expect, test } from 'vitest';
import { healthRoutes } from '../src/routes/health.ts';
import { fakeContext } from './context.ts';
import { telemetryApp } from './telemetry-app.ts';

test.each(['/healthz', '/healthz/'])('%s says that all is well, and nothing else', async (url) => {
  const { app } = telemetryApp(healthRoutes);
  const answer = await app.inject({ url });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.body).toBe('{"status":"ok"}');
});

test('it is public', () => {
  const access: unknown[] = [];
  const { app } = telemetryApp((app, deps) => {
    app.addHook('onRoute', ({ config }) => {
      access.push(config?.access);
    });
    healthRoutes(app, deps);
  });
  expect(access.length).toBeGreaterThan(0);
  expect(new Set(access)).toEqual(new Set(['public']));
  return app.close();
});

test('what is configured and does not run is told, but not what: that is for who has logged in', async () => {
  const context = fakeContext();
  const daemon = () => ({ ...context.daemon(), troubles: ['the secret service cannot start'] });
  const { app } = telemetryApp(healthRoutes, { ...context, daemon });
  const answer = await app.inject({ url: '/healthz' });
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toBe('{"status":"degraded"}');
});

test('a daemon that cannot be read is not well, and does not say why', async () => {
  const { app } = telemetryApp(
    healthRoutes,
    fakeContext({
      routers: () => {
        throw new Error('secret');
      },
    }),
  );
  const answer = await app.inject({ url: '/healthz' });
  expect(answer.statusCode).toBe(503);
  expect(answer.body).not.toContain('secret');
});
