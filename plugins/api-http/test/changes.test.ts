import type { InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import { ask, becomes, configure, daemon, HIDDEN, ROUTE, refuses, TABLE } from './changing.ts';
import { CONFIGURATION, router } from './context.ts';
import { MADE } from './resource-app.ts';

const ENTRY =
  '{"group":7,"interface":"ens192.900","vip":"192.0.2.1","priority":null,"preemption":null,"version":null,' +
  '"timers":null,"rfc3768":null,"auth_type":null,"auth_secret":"***","netdrv":null,"iftype":null,' +
  '"vifname":null,"socket_filter":null}';
const PLAIN = '"warnings":[],"temporary":false,"dry_run":false}';
const SHOWN_ROUTE = '{"route":"192.0.2.0","mask":"255.255.255.0","nh":"10.0.0.1","metric":null,"mtu":null}';

describe('virtual routers', () => {
  test('POST adds one', async () => {
    becomes({ vrouter: [...(CONFIGURATION.data.vrouter as object[]), HIDDEN] });
    const response = await ask('POST', '/config/vrouter', TABLE);
    expect(response.statusCode).toBe(201);
    expect(response.headers).toMatchObject({
      location: '/config/vrouter/7/ens192.900',
      etag: '"new456"',
    });
    expect(response.body).toBe(`{"configuration":${ENTRY},${PLAIN}`);
    expect(daemon.requests).toEqual([
      { changes: [{ op: 'add-router', table: TABLE }], temporary: false, dryRun: false },
    ]);
  });

  test('POST escapes odd names', async () => {
    const table = { group: 0, interface: 'a/b ü', vip: '192.0.2.1' };
    becomes({ vrouter: [table] });
    const { headers } = await ask('POST', '/config/vrouter/', table);
    expect(headers.location).toBe('/config/vrouter/0/a%2Fb%20%C3%BC');
  });

  test('where others have the same group and interface, paths and answers are those of the one', async () => {
    const three = { ...TABLE, version: 3 };
    const six = { ...three, vip: ['fe80::1'] };
    becomes({ vrouter: [TABLE, three, six] });
    const added = async (table: object) => {
      const { headers, json } = await ask('POST', '/config/vrouter', table);
      return [headers.location, json<{ configuration: unknown }>().configuration];
    };
    const path = '/config/vrouter/7/ens192.900';
    expect(await added(TABLE)).toEqual([`${path}?version=2`, expect.objectContaining({ version: null })]);
    expect(await added(three)).toEqual([`${path}?version=3&family=4`, expect.objectContaining(three)]);
    expect(await added(six)).toEqual([`${path}?version=3&family=6`, expect.objectContaining(six)]);
    configure({ vrouter: [TABLE, three, six] });
    const unclear = await ask('PATCH', path, { priority: 1 });
    expect(unclear.statusCode).toBe(409);
    becomes({ vrouter: [TABLE, three, six] });
    const patched = await ask('PATCH', `${path}?family=6`, { priority: 1 });
    expect(patched.headers['content-location']).toBe(`${path}?version=3&family=6`);
    expect(patched.json().configuration).toMatchObject(six);
    configure({ vrouter: [six, TABLE] });
    becomes({ vrouter: [six, three] });
    const raised = await ask('PATCH', `${path}?version=2`, { version: 3 });
    expect(raised.headers['content-location']).toBe(`${path}?family=4`);
    expect(raised.json().configuration).toMatchObject(three);
  });

  test('POST takes null for absent', async () => {
    await ask('POST', '/config/vrouter', { ...TABLE, priority: null, timers: { advert: null } });
    expect(daemon.requests[0]?.changes).toEqual([{ op: 'add-router', table: { ...TABLE, timers: {} } }]);
  });

  test('PATCH passes a merge patch on as it is', async () => {
    configure({ vrouter: [HIDDEN] });
    becomes({ vrouter: [HIDDEN] });
    const patch = { priority: 10, vifname: null, timers: { advert: 2 }, vip: ['192.0.2.1'] };
    const response = await ask('PATCH', '/config/vrouter/7/ens192.900', patch);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-location': '/config/vrouter/7/ens192.900',
      etag: '"new456"',
    });
    expect(response.body).toBe(`{"configuration":${ENTRY},${PLAIN}`);
    const name = { group: 7, interface: 'ens192.900' };
    expect(daemon.requests).toEqual([
      { changes: [{ op: 'change-router', router: name, patch }], temporary: false, dryRun: false },
    ]);
  });

  test.each(['application/merge-patch+json', 'application/json; charset=utf-8', 'Application/JSON'])(
    'PATCH takes %s',
    async (type) => {
      const response = await ask(
        'PATCH',
        '/config/vrouter/1/eth0',
        { priority: 1 },
        { 'content-type': type },
      );
      expect(response.statusCode).toBe(200);
      expect(daemon.requests).toHaveLength(1);
    },
  );

  test('PATCH tells where one is that got another name', async () => {
    becomes({ vrouter: [HIDDEN] });
    const patch = { group: 7, interface: 'ens192.900' };
    const response = await ask('PATCH', '/config/vrouter/1/eth0', patch);
    expect(response.headers['content-location']).toBe('/config/vrouter/7/ens192.900');
    expect(response.json().configuration).toMatchObject(patch);
  });

  test('DELETE removes one', async () => {
    const response = await ask('DELETE', '/config/vrouter/2/standby2/');
    expect(response.statusCode).toBe(200);
    expect(response.headers.etag).toBe('"new456"');
    expect(response.body).toBe(`{"configuration":null,${PLAIN}`);
    expect(daemon.requests[0]?.changes).toEqual([
      { op: 'remove-router', router: { group: 2, interface: 'eth1' } },
    ]);
  });

  test.each<[string, NonNullable<InjectOptions['method']>, unknown]>([
    ['PATCH', 'PATCH', { priority: 1 }],
    ['DELETE', 'DELETE', undefined],
  ])('%s of one that is not known here is for the daemon to judge', async (_, method, body) => {
    refuses('missing', 'there is no such virtual router');
    const response = await ask(method, '/config/vrouter/9/eth0', body);
    expect(response.statusCode).toBe(404);
    expect(daemon.requests[0]?.changes[0]).toMatchObject({ router: { group: 9, interface: 'eth0' } });
  });

  test('a vifname that several have is not enough', async () => {
    configure({ vrouter: [TABLE, { ...TABLE, interface: 'eth9' }] });
    for (const [method, body] of [['PATCH', {}] as const, ['DELETE', undefined] as const]) {
      const response = await ask(method, '/config/vrouter/7/standby7', body);
      expect(response.statusCode).toBe(409);
      expect(response.json().detail).toMatch('name the interface');
    }
    expect(daemon.requests).toEqual([]);
  });
});

describe('fail-over', () => {
  test.each(['eth0', 'standby1', 'eth0/'])('of the Master on %s', async (name) => {
    let master = router(1);
    daemon.be({ routers: () => [master, router(2)] });
    const promise = ask('POST', `/run/vrrp/1/${name.replace('/', '')}/failover`);
    master = router(1, { state: 'Backup', onVirtualInterface: false, standingBy: true });
    const response = await promise;
    expect(response.statusCode).toBe(200);
    expect(response.headers.etag).toBe('"new456"');
    expect(response.json()).toMatchObject({
      group: 1,
      interface: 'eth0',
      state: 'Backup',
      standing_by: true,
    });
    const failOver = [{ group: 1, interface: 'eth0', family: 4 }];
    expect(daemon.requests).toEqual([{ changes: [], failOver, temporary: false, dryRun: false }]);
  });

  test('of one of several with this group and interface, which the query names', async () => {
    const six = router(1, { family: 6, version: 3, addresses: ['fe80::1'] });
    daemon.be({ routers: () => [router(1, { version: 3 }), six] });
    const unclear = await ask('POST', '/run/vrrp/1/eth0/failover');
    expect(unclear.statusCode).toBe(409);
    expect(unclear.json().detail).toMatch(/say which one by \?family= or \?version=/);
    expect((await ask('POST', '/run/vrrp/1/eth0/failover?version=2')).statusCode).toBe(404);
    const response = await ask('POST', '/run/vrrp/1/eth0/failover?family=6');
    expect(response.json()).toMatchObject({ family: 6, addresses: ['fe80::1'] });
    const failOver = [{ group: 1, interface: 'eth0', family: 6, version: 3 }];
    expect(daemon.requests).toMatchObject([{ changes: [], failOver }]);
  });

  test('needs no body, and minds none', async () => {
    expect((await ask('POST', '/run/vrrp/1/eth0/failover', { anything: 1 })).statusCode).toBe(200);
    const empty = { 'content-type': 'application/json' };
    expect((await ask('POST', '/run/vrrp/1/eth0/failover', undefined, empty)).statusCode).toBe(200);
  });

  test('of a Backup is refused', async () => {
    refuses('conflict', 'it is not Master');
    const response = await ask('POST', '/run/vrrp/1/eth0/failover');
    expect([response.statusCode, response.json().detail]).toEqual([409, 'it is not Master']);
  });

  test('of none', async () => {
    expect((await ask('POST', '/run/vrrp/9/eth0/failover')).statusCode).toBe(404);
    expect(daemon.requests).toEqual([]);
  });

  test('by a vifname that several have is refused', async () => {
    const backup = { state: 'Backup', onVirtualInterface: false } as const;
    daemon.be({ routers: () => [router(1, backup), router(1, { ...backup, interface: 'eth9' })] });
    expect((await ask('POST', '/run/vrrp/1/standby1/failover')).statusCode).toBe(409);
    expect(daemon.requests).toEqual([]);
  });
});

describe('general directives', () => {
  test('PATCH sets and removes', async () => {
    becomes({ debug: 3 });
    const response = await ask('PATCH', '/config/global', { debug: 3, time_zone: null });
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe(
      '{"configuration":{"debug":3,"time_zone":null,"time_format":null,"pid":null,"working_dir":null,' +
        `"main_log":null,"error_log":null,"client_api":null},${PLAIN}`,
    );
    expect(daemon.requests[0]?.changes).toEqual([
      { op: 'set', path: ['debug'], value: 3 },
      { op: 'set', path: ['time_zone'] },
    ]);
  });

  test('an empty patch changes nothing, but is asked about', async () => {
    expect((await ask('PATCH', '/config/global', {})).statusCode).toBe(200);
    expect(daemon.requests[0]?.changes).toEqual([]);
  });

  test.each(['vrouter', 'protocols', 'plugins', 'api'])('%s is none', async (name) => {
    const response = await ask('PATCH', '/config/global', { debug: 1, [name]: {} });
    expect(response.statusCode).toBe(422);
    expect(response.json().errors).toMatchObject([{ severity: 'error', directive: name }]);
    expect(daemon.requests).toEqual([]);
  });

  test('a misspelt one is for the daemon to find', async () => {
    const issue = { severity: 'error', directive: 'debgu', message: 'did you mean "debug"?' } as const;
    refuses('invalid', 'the configuration is wrong', [issue]);
    const response = await ask('PATCH', '/config/global', { debgu: 1, constructor: 2 });
    expect(response.statusCode).toBe(422);
    expect(response.json().errors).toEqual([issue]);
    expect(daemon.requests[0]?.changes).toHaveLength(2);
  });
});

describe('protocols', () => {
  test('PUT replaces all entries', async () => {
    becomes({ protocols: { static: [ROUTE] } });
    const response = await ask('PUT', '/config/protocols/static', [{ ...ROUTE, metric: null }]);
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe(`{"configuration":[${SHOWN_ROUTE}],${PLAIN}`);
    expect(daemon.requests[0]?.changes).toEqual([
      { op: 'set', path: ['protocols', 'static'], value: [ROUTE] },
    ]);
  });

  test('PUT of a protocol without entries creates it', async () => {
    becomes({ protocols: { bgp: [{ as: 1 }] } });
    const response = await ask('PUT', '/config/protocols/bgp', [{ as: 1 }]);
    expect(response.statusCode).toBe(201);
    expect(response.json().configuration).toEqual([{ as: 1 }]);
  });

  test('POST adds an entry behind those that there are, of the configuration that it has seen', async () => {
    const before = (CONFIGURATION.data.protocols as { static: object[] }).static;
    becomes({ protocols: { static: [...before, ROUTE] } });
    const response = await ask('POST', '/config/protocols/static', { ...ROUTE, mtu: null });
    expect(response.statusCode).toBe(201);
    expect(response.headers.location).toBe('/config/protocols/static');
    expect(response.body).toBe(`{"configuration":${SHOWN_ROUTE},${PLAIN}`);
    expect(daemon.requests).toEqual([
      {
        changes: [{ op: 'set', path: ['protocols', 'static'], value: [...before, ROUTE] }],
        onlyIf: 'abc123',
        temporary: false,
        dryRun: false,
      },
    ]);
  });

  test('POST tries again when somebody else was faster', async () => {
    const configurations = [
      { ...CONFIGURATION, data: {}, tag: 'a' },
      { ...CONFIGURATION, data: { protocols: { static: [ROUTE] } }, tag: 'b' },
    ];
    daemon.be({ configuration: () => configurations[daemon.requests.length]! });
    daemon.answer({ ok: false, reason: 'stale', message: 'stale', issues: [] }, MADE);
    expect((await ask('POST', '/config/protocols/static', ROUTE)).statusCode).toBe(201);
    expect(daemon.requests.map(({ onlyIf, changes }) => [onlyIf, changes])).toEqual([
      ['a', [{ op: 'set', path: ['protocols', 'static'], value: [ROUTE] }]],
      ['b', [{ op: 'set', path: ['protocols', 'static'], value: [ROUTE, ROUTE] }]],
    ]);
  });

  test('POST gives up when somebody else is always faster', async () => {
    refuses('stale');
    expect((await ask('POST', '/config/protocols/static', ROUTE)).statusCode).toBe(409);
    expect(daemon.requests.length).toBeGreaterThan(1);
  });

  test('POST with If-Match does not try again', async () => {
    refuses('stale');
    const headers = { 'if-match': '"abc123"' };
    expect((await ask('POST', '/config/protocols/static', ROUTE, headers)).statusCode).toBe(412);
    expect(daemon.requests).toHaveLength(1);
  });

  test('POST with the tag of another configuration is not made: its entries are not known', async () => {
    const headers = { 'if-match': '"newer"' };
    expect((await ask('POST', '/config/protocols/static', ROUTE, headers)).statusCode).toBe(412);
    expect(daemon.requests).toEqual([]);
  });

  test('POST beside hidden secrets would write "***"', async () => {
    configure({ protocols: { bgp: [{ as: 1, key: '***' }] } });
    expect((await ask('POST', '/config/protocols/bgp', { as: 2 })).statusCode).toBe(409);
    expect(daemon.requests).toEqual([]);
  });

  test('DELETE removes all entries', async () => {
    const response = await ask('DELETE', '/config/protocols/static');
    expect([response.statusCode, response.body]).toEqual([200, `{"configuration":null,${PLAIN}`]);
    expect(daemon.requests[0]?.changes).toEqual([{ op: 'set', path: ['protocols', 'static'] }]);
    expect((await ask('DELETE', '/config/protocols/other')).statusCode).toBe(404);
    expect((await ask('DELETE', '/config/protocols/constructor')).statusCode).toBe(404);
    expect(daemon.requests).toHaveLength(1);
  });
});

describe('plugins', () => {
  const NAME = '@example/rvrrpd-plugin-x';
  const url = `/config/plugins/${encodeURIComponent(NAME)}`;

  test.each<[string, unknown, unknown, object]>([
    ['a range', '^1.2', '^1.2', { version: '^1.2', options: null }],
    ['a table', { version: '^1' }, { version: '^1' }, { version: '^1', options: null }],
    [
      'null for absent',
      { version: null, options: { a: [1, null], b: null } },
      { options: { a: [1, null] } },
      { version: null, options: { a: [1, null] } },
    ],
  ])('PUT with %s', async (_, body, value, shown) => {
    becomes({ plugins: { [NAME]: value } });
    const created = await ask('PUT', url, body);
    expect(created.statusCode).toBe(201);
    expect(created.json().configuration).toEqual(shown);
    expect(daemon.requests[0]?.changes).toEqual([{ op: 'set', path: ['plugins', NAME], value }]);
    configure({ plugins: { [NAME]: '*' } });
    becomes({ plugins: { [NAME]: value } });
    expect((await ask('PUT', url, body)).statusCode).toBe(200);
  });

  test('DELETE', async () => {
    expect((await ask('DELETE', url)).statusCode).toBe(404);
    configure({ plugins: { [NAME]: '*' } });
    const response = await ask('DELETE', url);
    expect([response.statusCode, response.body]).toEqual([200, `{"configuration":null,${PLAIN}`]);
    expect(daemon.requests[0]?.changes).toEqual([{ op: 'set', path: ['plugins', NAME] }]);
  });

  test('what does not load is no fault of the API', async () => {
    refuses('failed', 'rvrrpd-plugin-x: not found');
    const response = await ask('PUT', url, '^1');
    expect([response.statusCode, response.json().detail]).toEqual([422, 'rvrrpd-plugin-x: not found']);
  });
});

describe('null for a directive that there is not', () => {
  test.each([
    ['POST', '/config/vrouter', { ...TABLE, prioritaet: null }, 'prioritaet'],
    ['POST', '/config/vrouter', { ...TABLE, constructor: null }, 'constructor'],
    ['PATCH', '/config/vrouter/7/ens192.900', { toString: null }, 'toString'],
    ['PATCH', '/config/vrouter/7/ens192.900', { timers: { adverts: null } }, 'timers.adverts'],
    ['PATCH', '/config/global', { debgu: null }, 'debgu'],
    ['PUT', '/config/plugins/x', { versoin: null }, 'versoin'],
  ] as const)('%s %s', async (method, path, body, directive) => {
    configure({ vrouter: [HIDDEN] });
    const response = await ask(method, path, body);
    expect(response.statusCode).toBe(422);
    expect(response.json().errors).toEqual([{ severity: 'error', directive, message: 'unknown directive' }]);
    expect(daemon.requests).toEqual([]);
  });
});

describe('"***" is no secret', () => {
  test.each<[NonNullable<InjectOptions['method']>, string, unknown, string]>([
    ['POST', '/config/vrouter', HIDDEN, 'auth_secret'],
    ['PATCH', '/config/vrouter/1/eth0', { auth_secret: '***' }, 'auth_secret'],
    ['PUT', '/config/protocols/bgp', [{ as: 1 }, { as: 2, keys: ['a', '***'] }], '[1].keys[1]'],
    ['POST', '/config/protocols/bgp', { key: '***' }, 'key'],
    ['PUT', '/config/plugins/x', { options: { deep: { password: '***' } } }, 'options.deep.password'],
  ])('%s %s with %j', async (method, url, body, directive) => {
    const response = await ask(method, url, body);
    expect(response.statusCode).toBe(422);
    const [error, ...others] = response.json().errors;
    expect(error).toMatchObject({ severity: 'error', directive });
    expect(error.message).toMatch(/^must be the secret itself/);
    expect(others).toEqual([]);
    expect(daemon.requests).toEqual([]);
  });

  test('an interface may be called so', async () => {
    expect((await ask('PATCH', '/config/vrouter/1/eth0', { interface: '***' })).statusCode).toBe(200);
  });
});
