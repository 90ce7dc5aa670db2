import type { FastifyInstance } from 'fastify';
import type { RunningConfiguration } from 'rvrrpd/plugin';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CONFIGURATION } from './context.ts';
import { FakeDaemon, resourceApp } from './resource-app.ts';

const daemon = new FakeDaemon();
let app: FastifyInstance;
beforeAll(async () => {
  app = await resourceApp(daemon.context);
});
afterEach(() => daemon.be());
afterAll(() => app.close());

/** Has the daemon's file say `data`. */
function configure(data: RunningConfiguration['data']): void {
  daemon.be({ configuration: () => ({ ...CONFIGURATION, data }) });
}

const FIRST =
  '{"group":1,"interface":"eth0","vip":"10.100.100.1","priority":254,"preemption":true,"version":null,' +
  '"timers":null,"rfc3768":null,"auth_type":"p0-t8-sha256","auth_secret":"***","netdrv":null,' +
  '"iftype":"macvlan","vifname":"standby1","socket_filter":null}';
const SECOND = FIRST.replace('"group":1', '"group":2')
  .replace('eth0', 'eth1')
  .replace('100.100.1', '100.101.1')
  .replace('standby1', 'standby2');
const ROUTE = '{"route":"0.0.0.0","mask":"0.0.0.0","nh":"10.240.0.254","metric":100,"mtu":null}';

/** Every directive of a `[[vrouter]]`, in another order. */
const FULL = {
  socket_filter: false,
  vifname: 'vrrp0',
  iftype: 'ether',
  netdrv: 'ioctl',
  auth_secret: '***',
  auth_type: 'rfc2338-simple',
  rfc3768: false,
  timers: { advert: 3 },
  version: 2,
  preemption: false,
  priority: 1,
  vip: ['192.0.2.1', '192.0.2.2'],
  interface: 'ens192.900',
  group: 0,
};

describe('reading the configuration', () => {
  test.each([
    [
      '/config/global',
      '{"debug":null,"time_zone":null,"time_format":null,"pid":null,"working_dir":null,' +
        `"main_log":"/var/log/rvrrpd.log","error_log":null,"vrouter":[${FIRST},${SECOND}],` +
        `"protocols":{"static":[${ROUTE}]},"client_api":"http","api":{"users":["***","***","***"],"secret":null,` +
        '"host":"127.0.0.1:0","tls":null,"tls_key":null,"tls_cert":null}}',
    ],
    ['/config/vrouter', `[${FIRST},${SECOND}]`],
    ['/config/vrouter/1/eth0', FIRST],
    ['/config/vrouter/2/standby2', SECOND],
    ['/config/protocols', `{"static":[${ROUTE}]}`],
    ['/config/protocols/static', `[${ROUTE}]`],
    ['/config/plugins', '{}'],
  ])('%s', async (url, body) => {
    for (const path of [url, `${url}/`]) {
      const response = await app.inject(path);
      expect(response.body).toBe(body);
      expect(response.headers.etag).toBe('"abc123"');
      const again = await app.inject({ url: path, headers: { 'if-none-match': '"abc123"' } });
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', '"abc123"']);
    }
  });

  test('every general directive', async () => {
    const data = {
      client_api: 'http',
      error_log: 'disabled',
      main_log: 'm',
      working_dir: 'w',
      pid: 'p',
      time_format: 'short',
      time_zone: 'utc',
      debug: 5,
    };
    configure(data);
    expect((await app.inject('/config/global')).body).toBe(
      '{"debug":5,"time_zone":"utc","time_format":"short","pid":"p","working_dir":"w","main_log":"m",' +
        '"error_log":"disabled","vrouter":null,"protocols":null,"client_api":"http","api":null}',
    );
  });

  test('[api], its secrets hidden by the daemon, others in their place', async () => {
    configure({ api: { tls: true, users: ['***', '***'], secret: '***', host: '[::1]:7080' } });
    expect((await app.inject('/config/global')).json().api).toEqual({
      ...{
        users: ['***', '***'],
        secret: '***',
        host: '[::1]:7080',
        tls: true,
        tls_key: null,
        tls_cert: null,
      },
    });
  });

  test('every directive of a [[vrouter]]', async () => {
    const body =
      '{"group":0,"interface":"ens192.900","vip":["192.0.2.1","192.0.2.2"],"priority":1,"preemption":false,' +
      '"version":2,"timers":{"advert":3},"rfc3768":false,"auth_type":"rfc2338-simple","auth_secret":"***",' +
      '"netdrv":"ioctl","iftype":"ether","vifname":"vrrp0","socket_filter":false}';
    configure({ vrouter: [FULL] });
    expect((await app.inject('/config/vrouter')).body).toBe(`[${body}]`);
    for (const name of ['ens192.900', 'vrrp0']) {
      expect((await app.inject(`/config/vrouter/0/${name}`)).body).toBe(body);
    }
  });

  test('every directive that VRRPv3 brings, and none of them where it is absent', async () => {
    const table = {
      ...{ ...FULL, version: 3, vip: ['192.0.2.1/24', '2001:db8::1'], timers: { advert: 0.29 } },
      ...{ address_check: 'all', accept: false, checksum: 'pseudo-header' },
      ...{ peers: ['10.0.0.2'], source: '10.0.0.3', min_ttl: 254 },
    };
    configure({ vrouter: [table, FULL] });
    const [three, two] = (await app.inject('/config/vrouter')).json<Record<string, unknown>[]>();
    expect(three).toEqual(table);
    for (const name of ['address_check', 'accept', 'checksum', 'peers', 'source', 'min_ttl'])
      expect(two).not.toHaveProperty(name);
  });

  test('every directive about delays, and none of them where it is absent', async () => {
    const delays = {
      ...{ start_delay: 30, boot_delay: 60, link_delay: 1.5, link_debounce: 0.3, hearing: 45 },
      ...{ preempt_delay: 300, down_timer_adverts: 5, announce: { refresh: 60, pauses: [0.5] } },
    };
    configure({ vrouter: [{ ...FULL, ...delays }, FULL] });
    const [all, none] = (await app.inject('/config/vrouter')).json<Record<string, unknown>[]>();
    expect(all).toMatchObject(delays);
    for (const name of Object.keys(delays)) expect(none).not.toHaveProperty(name);
  });

  test('the query says which of several entries of a group on an interface', async () => {
    const two = { group: 7, interface: 'eth0', vip: '192.0.2.1' };
    const three = { ...two, version: 3 };
    const six = { ...three, vip: 'fe80::1' };
    configure({ vrouter: [two, three, six] });
    const read = async (query: string): Promise<unknown> =>
      (await app.inject(`/config/vrouter/7/eth0${query}`)).json();
    expect(await read('')).toMatchObject({ vip: two.vip, version: null });
    expect(await read('?version=2')).toMatchObject({ vip: two.vip, version: null });
    expect(await read('?version=3')).toMatchObject(three);
    expect(await read('?family=6')).toMatchObject(six);
    expect(await read('?family=6&version=3')).toMatchObject(six);
    expect(await read('?family=6&version=2')).toMatchObject({ status: 404 });
    expect(await read('?family=5')).toMatchObject({ status: 400 });
  });

  test('IPv6’s virtual interface finds a [[vrouter]] as well', async () => {
    const four = { group: 7, interface: 'eth0', vip: '192.0.2.1', version: 3 };
    const finds = async (table: object, name: string): Promise<boolean> => {
      configure({ vrouter: [table] });
      return (await app.inject(`/config/vrouter/7/${name}`)).statusCode === 200;
    };
    const six = { ...four, vip: '2001:db8::1/64' };
    const both = { ...four, vip: [four.vip, six.vip] };
    expect(await finds(six, 'standby7-6')).toBe(true);
    expect(await finds(six, 'standby7')).toBe(false);
    expect(await finds({ ...six, vifname: 'gate' }, 'gate')).toBe(true);
    expect(await finds({ ...six, vifname: 'gate' }, 'gate-6')).toBe(false);
    for (const name of ['standby7', 'standby7-6']) expect(await finds(both, name)).toBe(true);
    for (const name of ['gate', 'gate-6']) expect(await finds({ ...both, vifname: 'gate' }, name)).toBe(true);
    expect(await finds(four, 'standby7-6')).toBe(false);
  });

  test('empty timers', async () => {
    configure({ vrouter: [{ ...FULL, timers: {} }] });
    const response = await app.inject('/config/vrouter');
    expect(response.body).toContain('"timers":{"advert":null}');
  });

  test('the default of vifname finds a [[vrouter]] as well', async () => {
    configure({ vrouter: [{ group: 7, interface: 'eth0', vip: '192.0.2.1' }] });
    expect((await app.inject('/config/vrouter/7/standby7')).json()).toMatchObject({ vifname: null });
    expect((await app.inject('/config/vrouter/7/standby8')).statusCode).toBe(404);
  });

  test('a file without anything', async () => {
    configure({});
    expect((await app.inject('/config/vrouter')).body).toBe('[]');
    expect((await app.inject('/config/protocols')).body).toBe('{"static":null}');
    expect((await app.inject('/config/protocols/static')).statusCode).toBe(404);
  });

  test('protocols of third parties are shown as they are', async () => {
    configure({ protocols: { bgp: [{ key: '***', as: 65000 }] } });
    expect((await app.inject('/config/protocols')).body).toBe(
      '{"static":null,"bgp":[{"key":"***","as":65000}]}',
    );
    expect((await app.inject('/config/protocols/bgp')).body).toBe('[{"key":"***","as":65000}]');
  });

  test('plugins in their short and long forms', async () => {
    const name = '@example/rvrrpd-plugin-x';
    configure({
      plugins: {
        [name]: '^1.2',
        './mine': { options: { password: '***', deep: { list: [1, null, 'x'] } } },
        '/opt/theirs': { version: '*' },
      },
    });
    const mine = '{"version":null,"options":{"password":"***","deep":{"list":[1,null,"x"]}}}';
    expect((await app.inject('/config/plugins')).body).toBe(
      `{"${name}":{"version":"^1.2","options":null},"./mine":${mine},` +
        '"/opt/theirs":{"version":"*","options":null}}',
    );
    expect((await app.inject(`/config/plugins/${encodeURIComponent('./mine')}`)).body).toBe(mine);
    expect((await app.inject(`/config/plugins/${encodeURIComponent(name)}`)).json().version).toBe('^1.2');
  });

  test.each([
    '/config/vrouter/1/eth1',
    '/config/vrouter/9/eth0',
    '/config/protocols/other',
    '/config/protocols/constructor',
    '/config/protocols/__proto__',
    '/config/plugins/other',
    '/config/plugins/__proto__',
    '/config/other',
    '/config',
  ])('%s is missing', async (url) => {
    const response = await app.inject(url);
    expect(response.statusCode).toBe(404);
    expect(response.headers['content-type']).toMatch('application/problem+json');
  });

  test('another configuration is told at once, with its tag', async () => {
    let configuration = CONFIGURATION;
    daemon.be({ configuration: () => configuration });
    const headers = { 'if-none-match': '"abc123"' };
    expect((await app.inject({ url: '/config/global', headers })).statusCode).toBe(304);
    configuration = { ...CONFIGURATION, data: { debug: 3 }, tag: 'def' };
    const response = await app.inject({ url: '/config/global', headers });
    expect([response.statusCode, response.headers.etag]).toEqual([200, '"def"']);
    expect(response.json().debug).toBe(3);
  });
});
