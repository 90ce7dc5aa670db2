import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasErrors } from './issues.ts';
import { complaints, read, router } from './test-read.ts';

describe('defaults', () => {
  test('are those of the documentation', () => {
    const { config, issues, plugins } = read(router(''));
    expect(issues).toEqual([]);
    expect(plugins).toEqual([]);
    expect(config).toEqual({
      file: 'f',
      debug: 0,
      timeZone: 'local',
      timeFormat: 'disabled',
      pid: '/var/run/rvrrpd.pid',
      workingDir: '/tmp',
      mainLog: '/var/log/rvrrpd.log',
      virtualRouters: [
        {
          position: { file: 'f', line: 1 },
          vrid: 1,
          interface: 'eth0',
          family: 4,
          version: 2,
          addresses: ['10.0.0.1'],
          priority: 100,
          preempt: false,
          advertisementIntervalCs: 100,
          rfc3768: true,
          authSecret: '',
          vifname: 'standby1',
          socketFilter: true,
        },
      ],
      protocols: {},
      api: {
        users: [],
        host: '0.0.0.0:7080',
        tls: false,
        tlsKey: '/etc/rvrrpd/ssl/key.pem',
        tlsCert: '/etc/rvrrpd/ssl/cert.pem',
      },
    });
  });

  test('every directive is taken over', () => {
    const { config, issues } = read(`
      debug = 3
      time_zone = "utc"
      time_format = "rfc2822"
      pid = "a"
      working_dir = "b"
      main_log = "c"
      error_log = "disabled"
      client_api = "d"
      ${router(`
        priority = 1
        preemption = true
        version = 2
        timers = { advert = 255 }
        rfc3768 = false
        auth_type = "e"
        auth_secret = "f"
        netdrv = "g"
        iftype = "h"
        vifname = "i"
        socket_filter = false`)}
      [api]
      users = ["{{SHA256}}carol:0:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded6"]
      secret = "j"
      host = "[::1]:80"
      tls = true
      tls_key = "k"
      tls_cert = "l"
      [[protocols.m]]
      n = 1`);
    expect(issues).toEqual([]);
    expect(config).toMatchObject({
      debug: 3,
      timeZone: 'utc',
      timeFormat: 'rfc2822',
      pid: 'a',
      workingDir: 'b',
      mainLog: 'c',
      clientApi: 'd',
      virtualRouters: [
        {
          priority: 1,
          preempt: true,
          advertisementIntervalCs: 25500,
          rfc3768: false,
          authType: 'e',
          authSecret: 'f',
          netdrv: 'g',
          iftype: 'h',
          vifname: 'i',
          socketFilter: false,
        },
      ],
      api: { secret: 'j', host: '[::1]:80', tls: true, tlsKey: 'k', tlsCert: 'l' },
      protocols: { m: [{ n: 1 }] },
    });
    expect(config.api.users).toHaveLength(1);
    expect(config.errorLog).toBeUndefined();
  });

  test('an array of addresses, normalised', () => {
    const { config, issues } = read(
      router('', 'group = 255\ninterface = "eth0"\nvip = ["10.0.0.1", "10.0.0.2"]'),
    );
    expect(issues).toEqual([]);
    expect(config.virtualRouters[0]).toMatchObject({ addresses: ['10.0.0.1', '10.0.0.2'], vrid: 255 });
  });
});

describe('general directives', () => {
  test.each([
    ['debug = 6', 'error 1: debug = 6: must be 0 to 5'],
    ['debug = -1', 'error 1: debug = -1: must be 0 to 5'],
    ['debug = "5"', 'error 1: debug = "5": must be 0 to 5, without quotes'],
    ['debug = 1.5', 'error 1: debug = 1.5: must be 0 to 5, a whole number'],
    ['debug = nan', 'error 1: debug = nan: must be 0 to 5'],
    ['debug = 0xff', 'error 1: debug = 0xff: must be 0 to 5'],
    // @iarna/toml gives these as a number cut to 64 bits
    ['debug = 18446744073709551617', 'error 1: debug = 18446744073709551617: must be 0 to 5'],
    ['debug = 2020-01-01', 'error 1: debug = 2020-01-01: must be 0 to 5'],
    ['time_zone = "CET"', 'error 1: time_zone = "CET": must be "local" or "utc"'],
    ['time_format = 1', 'error 1: time_format = 1: must be "disabled", "short" or "rfc2822"'],
    ['pid = ""', 'error 1: pid = "": must be a path'],
    ['working_dir = true', 'error 1: working_dir = true: must be a path'],
    ['main_log = []', 'error 1: main_log = []: must be a path'],
    ['error_log = 5', 'error 1: error_log = 5: must be a path, or "disabled"'],
    ['client_api = {}', 'error 1: client_api: must be the name of a client API'],
    ['debgu = 5', 'error 1: debgu: unknown directive, did you mean "debug"?'],
    ['main-log = "x"', 'error 1: main-log: unknown directive, did you mean "main_log"?'],
    ['Debug = 5', 'error 1: Debug: unknown directive, did you mean "debug"?'],
    ['priority = 5', 'error 1: priority: unknown directive here: "priority" belongs into [[vrouter]]'],
    ['tls = true', 'error 1: tls: unknown directive here: "tls" belongs into [api]'],
    ['api = 1', 'error 1: api: must be a table'],
    ['protocols = "none"', 'error 1: protocols = "none": must be a table'],
    ['plugins = []', 'error 1: plugins = []: must be a table'],
  ])('%s', (line, complaint) => {
    expect(complaints(`${line}\n${router('')}`)).toEqual([complaint]);
  });

  test('a word like none of ours', () => {
    expect(complaints(`frobnicate = 1\n${router('')}`)).toEqual([
      'error 1: frobnicate: unknown directive, there are: include, debug, time_zone, time_format, pid, working_dir, ' +
        'main_log, error_log, client_api, vrouter, track, sync, notify, protocols, api, plugins, host',
    ]);
  });

  test('a general directive below a table', () => {
    expect(complaints(`${router('debug = 5\n')}[api]\nclient_api = "x"`)).toEqual([
      'error 5: vrouter[0].debug: unknown directive here: "debug" is a general directive, which belongs above ' +
        'the first [table]',
      'error 8: api.client_api: unknown directive here: "client_api" is a general directive, which belongs above ' +
        'the first [table]',
    ]);
  });

  test('a table below a table', () => {
    expect(complaints(router('[vrouter.api]\ntls = true'))).toEqual([
      'error 5: vrouter[0].api: unknown directive here: [api] is a table of its own',
    ]);
  });

  test('no virtual router', () => {
    expect(complaints('debug = 1')).toEqual([
      'error 1: vrouter: is missing: there must be one [[vrouter]] at least',
    ]);
    expect(complaints('vrouter = []')).toEqual([
      'error 1: vrouter = []: is missing: there must be one [[vrouter]] at least',
    ]);
  });

  test('[vrouter] for [[vrouter]]', () => {
    expect(complaints('[vrouter]\ngroup = 1')).toEqual([
      'error 1: vrouter: must be an array of tables: [[vrouter]]',
    ]);
  });
});

test('everything at once', () => {
  const all = complaints(
    `debug = 9\n${router('priority = 300\nvifname = "eth0"')}[api]\ntls = 1\n[plugins]\nx = "^1"`,
  );
  expect(all.map((line) => line.split(' = ')[0]).sort()).toEqual(
    [
      'error 11: plugins.x',
      'error 1: debug',
      'error 6: vrouter[0].priority',
      'error 7: vrouter[0].vifname',
      'error 9: api.tls',
    ].sort(),
  );
});

test('any JSON object is interpreted or refused, never a crash, and every error has a line', () => {
  const key = fc.constantFrom(
    'vrouter',
    'api',
    'plugins',
    'protocols',
    'debug',
    'group',
    'interface',
    'vip',
    'timers',
    'advert',
    'users',
    'vifname',
    'priority',
    'options',
    '__proto__',
    'constructor',
    'x',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(null, true, 0, 1, 255, 1.5, '', 'eth0', '10.0.0.1', '::1'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 6 }), (data) => {
      const { issues, config } = read(JSON.stringify(data, undefined, 1));
      for (const issue of issues) expect(issue.position.line).toBeGreaterThan(0);
      if (!hasErrors(issues)) expect(config.virtualRouters.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});
