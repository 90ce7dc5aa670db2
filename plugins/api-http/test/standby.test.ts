import { describe, expect, test } from 'vitest';
import { ask, daemon, refuses } from './changing.ts';
import { router } from './context.ts';

describe('one virtual router', () => {
  test('stands by, for a time, and the answer is what it is then', async () => {
    let master = router(1);
    daemon.be({ routers: () => [master, router(2)] });
    const promise = ask('POST', '/run/vrrp/1/eth0/standby?for=1800&force=true');
    const until = Date.now() + 1_800_000;
    master = router(1, { state: 'Backup', standby: { until, nobodyIsMaster: true } });
    const response = await promise;
    expect([response.statusCode, response.headers.etag]).toEqual([200, '"new456"']);
    const { standby } = response.json();
    expect(standby).toMatchObject({ until: new Date(until).toISOString(), nobody_is_master: true });
    expect(standby.seconds_left).toBeGreaterThan(1700);
    const order = { names: ['eth0/1/ipv4/v2'], for: 1800, force: true };
    expect(daemon.requests).toEqual([{ changes: [], standby: order, temporary: false, dryRun: false }]);
  });

  test('stands by until it is resumed', async () => {
    const standby = { nobodyIsMaster: false };
    daemon.be({ routers: () => [router(1, { state: 'Backup', standby })] });
    expect((await ask('POST', '/run/vrrp/1/eth0/standby')).json().standby).toEqual({
      ...{ until: null, seconds_left: null, nobody_is_master: false },
    });
    expect((await ask('POST', '/run/vrrp/1/eth0/resume')).statusCode).toBe(200);
    expect(daemon.requests).toMatchObject([
      { standby: { names: ['eth0/1/ipv4/v2'] } },
      { resume: { names: ['eth0/1/ipv4/v2'] } },
    ]);
  });

  test.each(['for=0', 'for=soon', 'force=', 'force=perhaps', 'temporary=true', 'forced=true'])(
    '?%s is refused',
    async (query) => {
      expect((await ask('POST', `/run/vrrp/1/eth0/standby?${query}`)).statusCode).toBe(400);
      expect(daemon.requests).toEqual([]);
    },
  );

  test('of none, and of one of several', async () => {
    expect((await ask('POST', '/run/vrrp/9/eth0/standby')).statusCode).toBe(404);
    daemon.be({ routers: () => [router(1), router(1, { family: 6, version: 3 })] });
    expect((await ask('POST', '/run/vrrp/1/eth0/resume')).statusCode).toBe(409);
    expect((await ask('POST', '/run/vrrp/1/eth0/resume?family=6')).statusCode).toBe(200);
    expect(daemon.requests).toMatchObject([{ resume: { names: ['eth0/1/ipv6/v3'] } }]);
  });

  test('where nobody would take over: what the daemon says', async () => {
    refuses('conflict', 'no other router has been heard of');
    const response = await ask('POST', '/run/vrrp/1/eth0/standby');
    expect([response.statusCode, response.json().detail]).toEqual([409, 'no other router has been heard of']);
  });
});

describe('any number', () => {
  test('stand by, and are resumed', async () => {
    const standby = { names: ['eth0', 'eth1/7'], for: 60, force: false, rate: 2 };
    const response = await ask('POST', '/run/standby', standby);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      ...{ routers: [], moved: [], stuck: [], left: [], warnings: [], dry_run: false },
    });
    expect((await ask('POST', '/run/resume?dry_run=true', {})).json()).toMatchObject({ dry_run: true });
    expect(daemon.requests).toMatchObject([
      { standby, dryRun: false },
      { resume: { names: [] }, dryRun: true },
    ]);
  });

  test('what is not known is refused, it may be a slip of the pen', async () => {
    for (const [url, body] of [
      ['/run/standby', { name: ['eth0'] }],
      ['/run/resume', { force: true }],
    ] as const) {
      expect((await ask('POST', url, body)).statusCode).toBe(422);
    }
    expect(daemon.requests).toEqual([]);
  });
});
