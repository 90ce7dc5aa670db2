import type { FastifyInstance } from 'fastify';
import type { RouterStatus, RunningConfiguration } from 'rvrrpd/plugin';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { CONFIGURATION, DAEMON, fakeContext, router } from './context.ts';
import { FakeDaemon, resourceApp } from './resource-app.ts';

/** The answer that the guide of 0.1.3 shows, as `jq` prints it. */
const GUIDE = `[
  {
    "virtual_ip": "10.100.100.1",
    "group": 1,
    "interface": "standby1",
    "priority": 254,
    "preempt": true,
    "state": "Master"
  },
  {
    "virtual_ip": "10.100.101.1",
    "group": 2,
    "interface": "standby2",
    "priority": 254,
    "preempt": true,
    "state": "Master"
  }
]`;

const daemon = new FakeDaemon();
let app: FastifyInstance;
beforeAll(async () => {
  app = await resourceApp(daemon.context);
});
afterEach(() => {
  vi.useRealTimers();
  daemon.be();
});
afterAll(() => app.close());

/** Has the daemon run these virtual routers. */
function run(...routers: RouterStatus[]): void {
  daemon.be({ routers: () => routers });
}

/** Replaces a part of the effective configuration. */
function configure(effective: RunningConfiguration['effective']): void {
  const configuration = { ...CONFIGURATION, effective: { ...CONFIGURATION.effective, ...effective } };
  daemon.be({ configuration: () => configuration });
}

describe('/run/vrrp', () => {
  test.each(['/run/vrrp', '/run/vrrp/'])('%s is the answer of the guide', async (url) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(response.body).toBe(JSON.stringify(JSON.parse(GUIDE)));
  });

  test('of several with one group and interface the first, or the one that the query asks for', async () => {
    const of = (family: 4 | 6, version: 2 | 3, address: string): RouterStatus =>
      router(1, { family, version, addresses: [address], state: 'Backup', onVirtualInterface: false });
    run(of(4, 2, '192.0.2.1'), of(4, 3, '192.0.2.3'), of(6, 3, 'fe80::1'));
    const address = async (query: string) =>
      (await app.inject(`/run/vrrp/1/eth0${query}`)).json<{ virtual_ip?: string }>().virtual_ip;
    expect(await address('')).toBe('192.0.2.1');
    expect(await address('?version=3')).toBe('192.0.2.3');
    expect(await address('?family=6')).toBe('fe80::1');
    expect(await address('?family=4&version=2')).toBe('192.0.2.1');
    expect((await app.inject('/run/vrrp/1/eth0?family=6&version=2')).statusCode).toBe(404);
    expect((await app.inject('/run/vrrp/1/eth0?family=5')).statusCode).toBe(400);
  });

  test.each<[string, Partial<RouterStatus>, string]>([
    ['a Master on a virtual interface', {}, 'standby1'],
    ['a Master without one', { onVirtualInterface: false }, 'eth0'],
    ['a Backup', { state: 'Backup', onVirtualInterface: false }, 'eth0'],
    ['a Backup whose virtual interface is not gone yet', { state: 'Backup' }, 'eth0'],
    ['one that starts', { state: 'Init', onVirtualInterface: false }, 'eth0'],
    ['one that cannot run', { state: 'Down', onVirtualInterface: false }, 'eth0'],
  ])('%s is on %3$s', async (_, status, name) => {
    run(router(1, status));
    const [entry] = (await app.inject('/run/vrrp')).json();
    expect(entry.interface).toBe(name);
  });

  test('has the first of several addresses', async () => {
    run(router(1, { addresses: ['192.0.2.9', '192.0.2.1'] }));
    const [entry] = (await app.inject('/run/vrrp')).json();
    expect(entry.virtual_ip).toBe('192.0.2.9');
  });

  test('is 304 for who has it, also behind a proxy that weakens the tag', async () => {
    const { etag } = (await app.inject('/run/vrrp')).headers;
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const response = await app.inject({ url: '/run/vrrp', headers: { 'if-none-match': value } });
      expect([response.statusCode, response.body, response.headers.etag]).toEqual([304, '', etag]);
    }
    for (const value of ['"other"', 'W/"other"', 'no tag', '']) {
      const response = await app.inject({ url: '/run/vrrp', headers: { 'if-none-match': value } });
      expect(response.statusCode).toBe(200);
    }
  });

  test('is made anew when the virtual routers change, and only then', async () => {
    let routers = [router(1), router(2)];
    let reads = 0;
    const counted = (status: RouterStatus): RouterStatus => ({
      ...status,
      get state() {
        reads++;
        return status.state;
      },
    });
    routers = routers.map(counted);
    daemon.be({ routers: () => routers });
    const first = await app.inject('/run/vrrp');
    const readsOfFirst = reads;
    expect((await app.inject('/run/vrrp')).body).toBe(first.body);
    expect(reads).toBe(readsOfFirst);

    routers = [router(1, { state: 'Backup', onVirtualInterface: false }), router(2)];
    const second = await app.inject({
      url: '/run/vrrp',
      headers: { 'if-none-match': String(first.headers.etag) },
    });
    expect(second.statusCode).toBe(200);
    expect(second.json()[0]).toMatchObject({ state: 'Backup', interface: 'eth0' });
    expect(second.headers.etag).not.toBe(first.headers.etag);
  });

  test('is empty without virtual routers', async () => {
    run();
    expect((await app.inject('/run/vrrp')).body).toBe('[]');
  });

  test('answers HEAD without a body', async () => {
    const response = await app.inject({ method: 'HEAD', url: '/run/vrrp' });
    expect([response.statusCode, response.body]).toEqual([200, '']);
    expect(response.headers['content-length']).toBe(String(JSON.stringify(JSON.parse(GUIDE)).length));
  });
});

describe('/run/vrrp/:group', () => {
  test('has the routers of that group on all interfaces', async () => {
    const second = router(1, { interface: 'eth7', state: 'Backup', onVirtualInterface: false });
    run(router(1), router(2), second);
    const response = await app.inject('/run/vrrp/1/');
    expect(response.body).toBe(
      '[{"virtual_ip":"10.100.100.1","group":1,"interface":"standby1","priority":254,"preempt":true,' +
        '"state":"Master"},{"virtual_ip":"10.100.100.1","group":1,"interface":"eth7","priority":254,' +
        '"preempt":true,"state":"Backup"}]',
    );
  });

  test.each([
    ['3', 404],
    ['256', 400],
    ['-1', 400],
    ['x', 400],
    ['1.5', 400],
    ['%00', 400],
    ['9'.repeat(400), 400],
  ])('%s is refused', async (group, status) => {
    run(router(1));
    const response = await app.inject(`/run/vrrp/${group}`);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toMatch('application/problem+json');
    expect(response.json().status).toBe(status);
  });
});

describe('/run/vrrp/:group/:interface', () => {
  const master =
    '{"virtual_ip":"10.100.100.1","group":1,"interface":"standby1","priority":254,"preempt":true,' +
    '"state":"Master","vif":"eth0","auth_type":250,"interface_hwaddress":"0A:00:00:00:00:FE",' +
    '"advert_interval":1,"masterdown_interval":3.0078125,"skew_time":0.0078125}';
  const backup = master.replace('"interface":"standby1"', '"interface":"eth0"').replace('Master', 'Backup');

  const status = { hardwareAddress: '0a:00:00:00:00:fe', masterDownInterval: 3007.8125, skewTime: 7.8125 };

  test.each<[RouterStatus['state'], string]>([
    ['Master', master],
    ['Backup', backup.replace('"vif":"eth0"', '"vif":"standby1"')],
  ])('both names find a %s', async (state, body) => {
    run(router(1, { ...status, state, onVirtualInterface: state === 'Master' }), router(2));
    for (const name of ['eth0', 'standby1', 'eth0/', 'standby1/']) {
      expect((await app.inject(`/run/vrrp/1/${name}`)).body).toBe(body);
    }
  });

  test.each(['eth0.100', 'wan 1', 'a%b', 'ü?#', 'x'.repeat(15)])('finds interface %s', async (name) => {
    run(router(1, { interface: name }));
    const response = await app.inject(`/run/vrrp/1/${encodeURIComponent(name)}`);
    expect(response.json()).toMatchObject({ vif: name });
  });

  test('takes the physical name first, then the router whose addresses are on the virtual one', async () => {
    const on = (name: string, onVirtualInterface: boolean): RouterStatus =>
      router(1, { interface: name, onVirtualInterface, state: onVirtualInterface ? 'Master' : 'Backup' });
    run(on('eth4', false), on('eth5', true), on('standby1', false));
    const found = async (name: string): Promise<unknown> => (await app.inject(`/run/vrrp/1/${name}`)).json();
    expect(await found('standby1')).toMatchObject({ state: 'Backup', interface: 'standby1' });
    run(on('eth4', false), on('eth5', true));
    expect(await found('standby1')).toMatchObject({ state: 'Master', vif: 'eth5' });
  });

  test.each(['1/eth1', '3/eth0', '1/nothing', '1/eth0x', `1/${'x'.repeat(300)}`])(
    '%s is missing',
    async (path) => {
      run(router(1), router(2));
      expect((await app.inject(`/run/vrrp/${path}`)).statusCode).toBe(404);
    },
  );
});

describe('/run/global', () => {
  test('with defaults', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_999 });
    expect((await app.inject('/run/global')).body).toBe(
      '{"debug":0,"timestamp":1800000000,"timezone":0,"timeformat":0,"pid":"/var/run/rvrrpd.pid",' +
        '"working_dir":"/tmp","main_log":"/var/log/rvrrpd.log","error_log":null}',
    );
  });

  test('with everything configured', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_999 });
    const effective = { debug: 5, time_zone: 'utc', time_format: 'rfc2822', error_log: '/e.log', pid: '/p' };
    configure(effective);
    expect((await app.inject('/run/global/')).body).toBe(
      '{"debug":5,"timestamp":1800000000,"timezone":1,"timeformat":2,"pid":"/p","working_dir":"/tmp",' +
        '"main_log":"/var/log/rvrrpd.log","error_log":"/e.log"}',
    );
  });

  test.each<[string, string, number]>([
    ['time_zone', 'local', 0],
    ['time_zone', 'utc', 1],
    ['time_format', 'disabled', 0],
    ['time_format', 'short', 1],
    ['time_format', 'rfc2822', 2],
  ])('%s = %s is %d', async (directive, value, number) => {
    configure({ [directive]: value });
    const body = (await app.inject('/run/global')).json();
    expect(body[directive.replace('_', '')]).toBe(number);
  });

  test('error_log = "disabled" is null', async () => {
    configure({ error_log: 'disabled' });
    const body = (await app.inject('/run/global')).json();
    expect(body.error_log).toBeNull();
  });
});

describe('/run/protocols', () => {
  const route =
    '{"destination":"0.0.0.0","mask":"0.0.0.0","next_hop":"10.240.0.254","metric":100,"mtu":null}';

  test('shows static routes in the words of 0.1.3', async () => {
    expect((await app.inject('/run/protocols')).body).toBe(`{"static":[${route}]}`);
    expect((await app.inject('/run/protocols/static')).body).toBe(`[${route}]`);
    expect((await app.inject('/run/protocols/static/')).body).toBe(`[${route}]`);
  });

  test.each<[string, object]>([
    ['no [protocols]', { protocols: undefined }],
    ['an empty [protocols]', { protocols: {} }],
  ])('%s: static is empty', async (_, effective) => {
    configure({ ...effective });
    expect((await app.inject('/run/protocols')).body).toBe('{"static":[]}');
    expect((await app.inject('/run/protocols/static')).body).toBe('[]');
    expect((await app.inject('/run/protocols/other')).statusCode).toBe(404);
  });

  test('shows other protocols as they are configured', async () => {
    configure({ protocols: { bgp: [{ as: 65000, peers: ['a'] }] } });
    expect((await app.inject('/run/protocols')).body).toBe(
      '{"static":[],"bgp":[{"as":65000,"peers":["a"]}]}',
    );
    expect((await app.inject('/run/protocols/bgp')).body).toBe('[{"as":65000,"peers":["a"]}]');
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is no protocol', async (name) => {
    expect((await app.inject(`/run/protocols/${name}`)).statusCode).toBe(404);
  });
});

describe('/run/status', () => {
  const counters = (sent: number): string =>
    `{"received":3,"sent":${sent},"priority_zero_received":1,"priority_zero_sent":0,"became_master":1,` +
    '"left_master":0,"send_errors":0,"address_list_mismatches":0,"unauthenticated":0,"clock_skews":0,"dropped":{"ttl":2}}';

  test('has everything', async () => {
    const lastReload = {
      time: '2026-02-03T04:05:06.789Z',
      ok: false,
      error: 'no',
      issues: ['error: a:1: b'],
    };
    daemon.be({ daemon: () => ({ ...DAEMON, lastReload }) });
    const of = (group: number): string =>
      `{"group":${group},"interface":"eth${group - 1}","family":4,"version":2,"addresses":["10.100.${99 + group}.1"],` +
      '"priority":254,"preempt":true,"state":"Master","since":"2023-11-14T22:13:20.000Z",' +
      `"vifname":"standby${group}","on_virtual_interface":true,"addresses_in_place":true,"refusal":null,"further":null,` +
      `"auth_type":250,"auth":null,` +
      `"hardware_address":"02:00:00:00:00:0${group}","accept":true,"checksum":null,"peers":null,"source":null,"sync":null,"waiting":false,"advertisement_interval":1,` +
      `"master_advertisement_interval":1,` +
      `"master_down_interval":3.008,"skew_time":0.008,"lease":null,"standing_by":false,"standby":null,"fault":null,"priority_parts":null,"trackers":[],"hold":null,` +
      `"counters":${counters(100 + group)}}`;
    expect((await app.inject('/run/status')).body).toBe(
      '{"version":"0.2.0","pid":4711,"since":"2026-01-02T03:04:05.678Z","generation":1,"last_reload":' +
        '{"time":"2026-02-03T04:05:06.789Z","ok":false,"error":"no","issues":["error: a:1: b"]},' +
        '"configuration":{"file":"/etc/rvrrpd/rvrrpd.conf","tag":"abc123","temporary":false},"troubles":[],"plugins":' +
        '[{"package":"rvrrpd-plugin-api-http","version":"1.0.0","kind":"api","names":["http"],' +
        '"origin":"built-in","in_use":true}],"wake_ups":1234,"strangers":{"dropped":{"vrid":5}},"trackers":[],"hooks":[],' +
        `"routers":[${of(1)},${of(2)}],"sync_groups":[]}`,
    );
  });

  test('has groups of routers that are Master together', async () => {
    const member = (group: number, more: object) => router(group, { sync: 'gw', waiting: false, ...more });
    const stateOf = async (...routers: readonly RouterStatus[]) => {
      run(...routers);
      return (await app.inject('/run/status')).json();
    };
    const body = await stateOf(
      member(1, { state: 'Backup', waiting: true }),
      router(2),
      member(3, { state: 'Down' }),
    );
    expect(body.sync_groups).toMatchObject([
      {
        ...{ name: 'gw', state: 'Down' },
        routers: [
          { interface: 'eth0', group: 1, family: 4, version: 2, state: 'Backup', waiting: true },
          { group: 3, state: 'Down', waiting: false },
        ],
      },
    ]);
    expect(body.routers).toMatchObject([
      { sync: 'gw', waiting: true },
      { sync: null, waiting: false },
      { sync: 'gw', waiting: false },
    ]);
    const together = await stateOf(member(1, {}), member(2, {}));
    expect(together.sync_groups[0].state).toBe('Master');
    const apart = await stateOf(member(1, {}), member(2, { state: 'Backup' }));
    expect(apart.sync_groups[0].state).toBe('Backup');
  });

  test('says null for a reload and a transition that never were', async () => {
    run(router(1, { since: 0, state: 'Init' }));
    const body = (await app.inject('/run/status')).json();
    expect(body.last_reload).toBeNull();
    expect(body.routers[0].since).toBeNull();
  });

  test('gives each router its own counters, and zeros to one that has none yet', async () => {
    const routers = [router(2), router(3), router(1)];
    const all = fakeContext();
    daemon.be({ routers: () => routers, counters: all.counters });
    const body = (await app.inject('/run/status')).json();
    const sent = body.routers.map((each: { group: number; counters: { sent: number } }) => [
      each.group,
      each.counters.sent,
    ]);
    expect(sent).toEqual([
      [2, 102],
      [3, 0],
      [1, 101],
    ]);
  });
});

test('/run/plugins', async () => {
  expect((await app.inject('/run/plugins')).body).toBe(
    '[{"package":"rvrrpd-plugin-api-http","version":"1.0.0","kind":"api","names":["http"],' +
      '"origin":"built-in","in_use":true}]',
  );
});

describe('Fault, and what trackers say', () => {
  const web = { name: 'web', type: 'http', since: 1_700_000_000_000, words: '503' } as const;
  const down = { ...web, verdict: 'down' } as const;
  const faulty = router(1, {
    state: 'Down',
    fault: { reason: 'tracker web is down: 503', tracker: 'web' },
    trackers: [down],
  });
  const weighted = router(2, {
    priority: 70,
    trackers: [{ ...down, weight: -30, adds: -30 }],
    priorityParts: {
      ...{ configured: 100, parts: [{ tracker: 'web', adds: -30 }], priority: 70 },
      text: '100 - 30 (web) = 70',
    },
  });

  test('/run/status has them, the paths of 0.1.3 show Down', async () => {
    daemon.be({
      routers: () => [faulty, weighted],
      trackers: () => [{ ...down, heldUntil: 1_700_000_009_000 }],
    });
    const status = (await app.inject('/run/status')).json();
    expect(status.trackers).toEqual([
      {
        ...{ name: 'web', type: 'http', verdict: 'down', words: '503', since: '2023-11-14T22:13:20.000Z' },
        held_until: '2023-11-14T22:13:29.000Z',
      },
    ]);
    expect(status.routers[0]).toMatchObject({
      ...{ state: 'Fault', fault: 'tracker web is down: 503', priority_parts: null },
      trackers: [{ name: 'web', verdict: 'down', weight: null, adds: null }],
    });
    expect(status.routers[1]).toMatchObject({
      ...{ state: 'Master', priority: 70, priority_parts: '100 - 30 (web) = 70' },
      trackers: [{ name: 'web', weight: -30, adds: -30 }],
    });
    expect((await app.inject('/run/vrrp')).json()[0].state).toBe('Down');
  });
});
