import { register } from 'prom-client';
import type { RouterStatus, ServiceContext } from 'rvrrpd/plugin';
import { describe, expect, test } from 'vitest';
import { scraper } from '../src/metrics/scraper.ts';
import { metricsRoutes } from '../src/routes/metrics.ts';
import { CONFIGURATION, DAEMON, fakeContext, router, routerCounters } from './context.ts';
import { telemetryApp } from './telemetry-app.ts';

/** Samples by `name{labels}`, and the type of each metric. @throws Error where it is not the text format 0.0.4 */
function parse(text: string): { samples: Map<string, number>; types: Map<string, string> } {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  const helped = new Set<string>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, comment, name, rest] = /^(?:# (HELP|TYPE) )?([a-z_]+)(.*)$/.exec(line)!;
    if (comment === 'HELP') helped.add(name!);
    else if (comment === 'TYPE') types.set(name!, rest!.trim());
    else {
      const sample =
        /^((?:\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})?) (\S+)$/.exec(
          rest!,
        );
      if (sample === null) throw new Error(line);
      const key = name! + sample[1]!;
      if (samples.has(key)) throw new Error(`twice: ${key}`);
      if (!types.has(name!) || !helped.has(name!)) throw new Error(`no type or help: ${key}`);
      expect(Number(sample[2])).not.toBeNaN();
      samples.set(key, Number(sample[2]));
    }
  }
  return { samples, types };
}

async function scrape(context: ServiceContext = fakeContext()) {
  const { app, deps } = telemetryApp(metricsRoutes, context);
  const answer = await app.inject({ url: '/metrics' });
  expect(answer.statusCode).toBe(200);
  return { app, deps, answer, ...parse(answer.body) };
}

/** A context with these virtual routers. */
const withRouters = (routers: readonly RouterStatus[]): ServiceContext =>
  fakeContext({
    routers: () => routers,
    counters: () => ({ wakeUps: 0, routers: routers.map(routerCounters), strangers: { dropped: {} } }),
  });

describe('the metrics', () => {
  test('are in the text format, of virtual routers, daemon, process and API', async () => {
    const { answer, samples } = await scrape();
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const one = 'interface="eth0",group="1",family="4",version="2"';
    expect(Object.fromEntries(samples)).toMatchObject({
      [`rvrrpd_virtual_router_state{state="Master",${one}}`]: 1,
      [`rvrrpd_virtual_router_state{state="Backup",${one}}`]: 0,
      [`rvrrpd_virtual_router_state{state="Init",${one}}`]: 0,
      [`rvrrpd_virtual_router_state{state="Down",${one}}`]: 0,
      [`rvrrpd_virtual_router_priority{${one}}`]: 254,
      'rvrrpd_virtual_router_priority{interface="eth1",group="2",family="4",version="2"}': 254,
      [`rvrrpd_virtual_router_last_transition_timestamp_seconds{${one}}`]: 1_700_000_000,
      [`rvrrpd_virtual_router_standing_by{${one}}`]: 0,
      [`rvrrpd_virtual_router_advertisements_received_total{${one}}`]: 3,
      [`rvrrpd_virtual_router_advertisements_sent_total{${one}}`]: 101,
      [`rvrrpd_virtual_router_priority_zero_received_total{${one}}`]: 1,
      [`rvrrpd_virtual_router_priority_zero_sent_total{${one}}`]: 0,
      [`rvrrpd_virtual_router_became_master_total{${one}}`]: 1,
      [`rvrrpd_virtual_router_left_master_total{${one}}`]: 0,
      [`rvrrpd_virtual_router_send_errors_total{${one}}`]: 0,
      [`rvrrpd_virtual_router_address_list_mismatches_total{${one}}`]: 0,
      [`rvrrpd_virtual_router_unauthenticated_total{${one}}`]: 0,
      [`rvrrpd_virtual_router_clock_skews_total{${one}}`]: 0,
      [`rvrrpd_virtual_router_dropped_total{reason="ttl",${one}}`]: 2,
      'rvrrpd_strangers_dropped_total{reason="vrid"}': 5,
      rvrrpd_engine_wake_ups_total: 1234,
      [`rvrrpd_build_info{version="0.2.0",node_version="${process.versions.node}"}`]: 1,
      'rvrrpd_plugin_info{package="rvrrpd-plugin-api-http",version="1.0.0",kind="api"}': 1,
      rvrrpd_generation: 1,
      rvrrpd_configuration_temporary: 0,
      process_start_time_seconds: Date.parse(DAEMON.since) / 1000,
      rvrrpd_api_connections: 0,
      rvrrpd_api_event_subscribers: 0,
      'rvrrpd_api_logins_total{outcome="failed"}': 0,
      'rvrrpd_api_refused_total{reason="rate-limited"}': 0,
    });
    for (const name of ['cpu_seconds_total', 'resident_memory_bytes', 'open_fds', 'max_fds'])
      expect(samples.get(`process_${name}`)).toBeGreaterThan(0);
    expect([...samples.keys()].filter((key) => key.startsWith('rvrrpd_last_reload'))).toEqual([]);
  });

  test('tell of groups of virtual routers', async () => {
    const routers = [
      router(1, { sync: 'gw', waiting: true, state: 'Backup' }),
      router(2, { sync: 'gw', waiting: false, state: 'Down' }),
      router(3),
    ];
    const { samples } = await scrape(withRouters(routers));
    const labels = (group: number): string =>
      `interface="eth${group - 1}",group="${group}",family="4",version="2"`;
    expect(Object.fromEntries(samples)).toMatchObject({
      'rvrrpd_sync_group_state{sync="gw",state="Down"}': 1,
      'rvrrpd_sync_group_state{sync="gw",state="Master"}': 0,
      [`rvrrpd_sync_group_member{sync="gw",${labels(2)}}`]: 1,
      [`rvrrpd_virtual_router_waiting{${labels(1)}}`]: 1,
      [`rvrrpd_virtual_router_waiting{${labels(2)}}`]: 0,
    });
    expect([...samples.keys()].filter((key) => key.includes(labels(3)) && /sync|waiting/.test(key))).toEqual(
      [],
    );
  });

  test('follow the naming rules: counters, and nothing else, end in _total', async () => {
    const { types } = await scrape();
    expect(types.size).toBeGreaterThan(25);
    for (const [name, type] of types) {
      expect([name, type]).toEqual([name, name.endsWith('_total') ? 'counter' : 'gauge']);
      expect(name).toMatch(/^(rvrrpd|process)_/);
    }
  });

  test('are those of the moment', async () => {
    let routers = [router(1), router(2)];
    let daemon = DAEMON;
    const context = fakeContext({
      routers: () => routers,
      counters: () => ({ wakeUps: 7, routers: routers.map(routerCounters), strangers: { dropped: {} } }),
      daemon: () => daemon,
      configuration: () => ({ ...CONFIGURATION, temporary: true }),
    });
    const { app, deps } = await scrape(context);
    const hold = { reason: 'hearing', until: Date.now() - 1000 };
    routers = [router(2, { state: 'Backup', priority: 90, since: 0, standingBy: true, hold, lease: 10 })];
    const reload = { time: '2026-01-02T03:04:06.500Z', ok: false, error: 'no', issues: [] };
    daemon = { ...DAEMON, generation: 5, lastReload: reload };
    deps.tally.refuse('tls');
    deps.tally.subscribers = 3;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { samples } = parse((await app.inject({ url: '/metrics' })).body);
    const two = 'interface="eth1",group="2",family="4",version="2"';
    expect(Object.fromEntries(samples)).toMatchObject({
      [`rvrrpd_virtual_router_state{state="Backup",${two}}`]: 1,
      [`rvrrpd_virtual_router_state{state="Master",${two}}`]: 0,
      [`rvrrpd_virtual_router_priority{${two}}`]: 90,
      [`rvrrpd_virtual_router_standing_by{${two}}`]: 1,
      [`rvrrpd_virtual_router_hold_seconds{reason="hearing",${two}}`]: 0,
      [`rvrrpd_virtual_router_lease_seconds{${two}}`]: 10,
      rvrrpd_generation: 5,
      rvrrpd_last_reload_successful: 0,
      rvrrpd_last_reload_timestamp_seconds: Date.parse(reload.time) / 1000,
      rvrrpd_configuration_temporary: 1,
      'rvrrpd_api_refused_total{reason="tls"}': 1,
      rvrrpd_api_event_subscribers: 3,
    });
    const keys = [...samples.keys()];
    expect(keys.filter((key) => key.includes('eth0'))).toEqual([]);
    expect(keys.filter((key) => key.includes('last_transition'))).toEqual([]);
  });

  test('escape what an interface may be called', async () => {
    const { samples } = await scrape(withRouters([router(1, { interface: 'a"b\\c\nd' })]));
    expect(
      samples.get(
        'rvrrpd_virtual_router_priority{interface="a\\"b\\\\c\\nd",group="1",family="4",version="2"}',
      ),
    ).toBe(254);
  });

  test('of a daemon without virtual routers', async () => {
    const { samples } = await scrape(withRouters([]));
    expect([...samples.keys()].filter((key) => key.startsWith('rvrrpd_virtual_router_'))).toEqual([]);
    expect(samples.get('rvrrpd_generation')).toBe(1);
  });

  test('count answers by method, route and status, whatever the outcome', async () => {
    const { app } = telemetryApp((app, deps) => {
      metricsRoutes(app, deps);
      app.get('/thing/:name', async (request) => {
        const { name } = request.params as { name: string };
        if (name === 'bad') throw new Error('oops');
        return {};
      });
    });
    for (const url of ['/thing/a', '/thing/b', '/thing/bad', '/nowhere', '/no/where'])
      await app.inject({ url });
    await app.inject({ method: 'POST', url: '/thing/a' });
    const { samples } = parse((await app.inject({ url: '/metrics' })).body);
    const requests = [...samples].filter(([key]) => key.startsWith('rvrrpd_api_requests_total'));
    expect(requests).toEqual([
      ['rvrrpd_api_requests_total{method="GET",route="/thing/:name",status="200"}', 2],
      ['rvrrpd_api_requests_total{method="GET",route="/thing/:name",status="500"}', 1],
      ['rvrrpd_api_requests_total{method="GET",route="none",status="404"}', 2],
      ['rvrrpd_api_requests_total{method="POST",route="none",status="404"}', 1],
    ]);
  });

  test('leave nothing in the global registry, and the next app starts from nothing', async () => {
    await scrape();
    const { samples } = await scrape();
    expect(register.getMetricsAsArray()).toEqual([]);
    expect([...samples.keys()].filter((key) => key.startsWith('rvrrpd_api_requests_total'))).toEqual([]);
  });

  test('leave no timer', async () => {
    const kept = () => process.getActiveResourcesInfo().filter((type) => type !== 'Immediate');
    const before = kept();
    await (await scrape()).app.close();
    expect(kept()).toEqual(before);
  });

  test('need a log-in as the option says', () => {
    const access: unknown[] = [];
    telemetryApp((app, deps) => {
      app.addHook('onRoute', ({ config }) => {
        access.push(config?.access);
      });
      metricsRoutes(app, deps);
    });
    expect(new Set(access)).toEqual(new Set(['metrics']));
  });

  test('a daemon that cannot be read is an error, once', async () => {
    let broken = true;
    const { app } = telemetryApp(
      metricsRoutes,
      fakeContext({
        counters: () => {
          if (broken) throw new Error('oops');
          return { wakeUps: 0, routers: [], strangers: { dropped: {} } };
        },
      }),
    );
    expect((await app.inject({ url: '/metrics' })).statusCode).toBe(500);
    broken = false;
    expect((await app.inject({ url: '/metrics' })).statusCode).toBe(200);
  });

  test('of 4000 virtual routers', async () => {
    const all = Array.from({ length: 4000 }, (_, index) =>
      router((index % 250) + 1, { interface: `eth${Math.floor(index / 250)}` }),
    );
    const { app, samples } = await scrape(withRouters(all));
    expect(samples.size).toBeGreaterThan(4000 * 15);
    await new Promise((resolve) => setTimeout(resolve, 3000)); // not the same text
    const started = performance.now();
    const { body } = await app.inject({ url: '/metrics' });
    // 0.1 s on an idle machine
    expect(performance.now() - started).toBeLessThan(3000);
    expect(body.match(/^rvrrpd_virtual_router_state/gm)).toHaveLength(5 * 4000);
  }, 30_000);
});

describe('a text that takes long to make', () => {
  const slow = () => {
    let made = 0;
    const scrape = scraper(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return String(++made);
    });
    return { scrape, pause: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) };
  };

  test('is made once for all who ask meanwhile, or just after', async () => {
    const { scrape } = slow();
    expect(await Promise.all([scrape(), scrape(), scrape()])).toEqual(['1', '1', '1']);
    expect(await scrape()).toBe('1');
  });

  test('is made anew a while later', async () => {
    const { scrape, pause } = slow();
    await scrape();
    await pause(1000);
    expect(await scrape()).toBe('2');
  });

  test('if that fails, the next one tries again', async () => {
    let tries = 0;
    const scrape = scraper(async () => {
      if (++tries === 1) throw new Error('oops');
      return 'made';
    });
    await expect(scrape()).rejects.toThrow('oops');
    expect(await scrape()).toBe('made');
  });
});

test('what waits for hooks, and what has come of it', async () => {
  const hook = { name: 'pager', type: 'webhook', queue: 3, delivered: 11, failed: 1, dropped: 2, joined: 5 };
  const { app } = telemetryApp(metricsRoutes, fakeContext({ hooks: () => [hook] }));
  const text = (await app.inject({ url: '/metrics' })).body;
  for (const [name, value] of [
    ['queue_length', 3],
    ['delivered_total', 11],
    ['failed_total', 1],
    ['dropped_total', 2],
    ['joined_total', 5],
  ])
    expect(text).toContain(`rvrrpd_hook_${name}{hook="pager",type="webhook"} ${value}\n`);
});

test('Fault with its reason, what trackers say, and what they add', async () => {
  const web = { name: 'web', type: 'http', since: 1_700_000_000_000, words: '503', verdict: 'down' } as const;
  const faulty = router(1, {
    state: 'Down',
    fault: { reason: 'tracker web is down: 503', tracker: 'web' },
    trackers: [web],
  });
  const weighted = router(2, { trackers: [{ ...web, weight: -30, adds: -30 }] });
  const context = fakeContext({ routers: () => [faulty, weighted], trackers: () => [web] });
  const { app } = telemetryApp(metricsRoutes, context);
  const { body } = await app.inject({ url: '/metrics' });
  const lines = body.split('\n');
  const of = (name: string, ...labels: string[]): string[] =>
    lines.filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)));
  expect(of('rvrrpd_tracker_verdict', 'verdict="down"')).toEqual([
    'rvrrpd_tracker_verdict{tracker="web",type="http",verdict="down"} 1',
  ]);
  expect(of('rvrrpd_virtual_router_state', 'state="Fault"', 'group="1"')[0]).toMatch(/ 1$/);
  expect(of('rvrrpd_virtual_router_state', 'state="Down"', 'group="1"')[0]).toMatch(/ 0$/);
  expect(of('rvrrpd_virtual_router_fault', 'reason="tracker web is down"')).toHaveLength(1);
  expect(of('rvrrpd_virtual_router_priority_part', 'tracker="web"')[0]).toMatch(/ -30$/);
});
