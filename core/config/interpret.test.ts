import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Interpretation, interpret } from './interpret.ts';
import { formatIssue, hasErrors } from './issues.ts';
import { parseDocument } from './parse.ts';

/** Interprets a file called `f`. */
function read(content: string): Interpretation {
  const { document, issues } = parseDocument('f', content);
  expect(issues).toEqual([]);
  return interpret(document!);
}

/** `severity line: rest` of each issue. */
function complaints(content: string): string[] {
  return read(content).issues.map((issue) => `${issue.severity} ${formatIssue(issue).slice(2)}`);
}

/** A `[[vrouter]]` with these directives beside (or instead of) the required ones. */
function router(directives: string, required = 'group = 1\ninterface = "eth0"\nvip = "10.0.0.1"\n'): string {
  return ['[[vrouter]]', required.trimEnd(), directives]
    .filter((part) => part !== '')
    .join('\n')
    .concat('\n');
}

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
    ['debug = "5"', 'error 1: debug = "5": must be 0 to 5'],
    ['debug = 1.5', 'error 1: debug = 1.5: must be 0 to 5'],
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
    ['api = 1', 'error 1: api = 1: must be a table'],
    ['protocols = "none"', 'error 1: protocols = "none": must be a table'],
    ['plugins = []', 'error 1: plugins = []: must be a table'],
  ])('%s', (line, complaint) => {
    expect(complaints(`${line}\n${router('')}`)).toEqual([complaint]);
  });

  test('a word like none of ours', () => {
    expect(complaints(`frobnicate = 1\n${router('')}`)).toEqual([
      'error 1: frobnicate: unknown directive, there are: debug, time_zone, time_format, pid, working_dir, ' +
        'main_log, error_log, client_api, vrouter, protocols, api, plugins',
    ]);
  });

  test('a general directive below a table', () => {
    expect(complaints(`${router('debug = 5\n')}[api]\nclient_api = "x"`)).toEqual([
      'error 5: vrouter[0].debug: unknown directive here: "debug" is a general directive, which belongs above ' +
        'the first [table]',
      'error 7: api.client_api: unknown directive here: "client_api" is a general directive, which belongs above ' +
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

describe('virtual routers', () => {
  test.each([
    ['priority = 300', 'error 5: vrouter[0].priority = 300: must be 1 to 254'],
    ['priority = 0', 'error 5: vrouter[0].priority = 0: must be 1 to 254'],
    [
      'priority = 255',
      'error 5: vrouter[0].priority = 255: must be 1 to 254; a router whose interface has the vip as its own ' +
        'address uses 255 by itself',
    ],
    ['priority = "high"', 'error 5: vrouter[0].priority = "high": must be 1 to 254'],
    ['preemption = 1', 'error 5: vrouter[0].preemption = 1: must be true or false'],
    ['rfc3768 = "yes"', 'error 5: vrouter[0].rfc3768 = "yes": must be true or false'],
    ['socket_filter = "on"', 'error 5: vrouter[0].socket_filter = "on": must be true or false'],
    ['version = 4', 'error 5: vrouter[0].version = 4: must be 2'],
    ['version = 3', 'error 5: vrouter[0].version = 3: VRRPv3/IPv6 not supported yet: must be 2'],
    ['timers = 1', 'error 5: vrouter[0].timers = 1: must be a table: { advert = 1 }'],
    ['timers = { advert = 0 }', 'error 5: vrouter[0].timers.advert = 0: must be whole seconds, 1 to 255'],
    ['timers = { advert = 256 }', 'error 5: vrouter[0].timers.advert = 256: must be whole seconds, 1 to 255'],
    ['timers.advert = 0.5', 'error 5: vrouter[0].timers.advert = 0.5: must be whole seconds, 1 to 255'],
    [
      'timers = { advret = 1 }',
      'error 5: vrouter[0].timers.advret: unknown directive, did you mean "advert"?',
    ],
    ['netdrv = 1', 'error 5: vrouter[0].netdrv = 1: must be the name of a network driver'],
    ['iftype = ""', 'error 5: vrouter[0].iftype = "": must be the name of an interface type'],
    ['auth_type = []', 'error 5: vrouter[0].auth_type = []: must be the name of an authentication type'],
    ['priorty = 1', 'error 5: vrouter[0].priorty: unknown directive, did you mean "priority"?'],
    ['preempt = true', 'error 5: vrouter[0].preempt: unknown directive, did you mean "preemption"?'],
    [
      'vifname = "a234567890123456"',
      'error 5: vrouter[0].vifname = "a234567890123456": an interface name has at most 15 characters, this one has 16',
    ],
    [
      'vifname = "eth0"',
      'error 5: vrouter[0].vifname = "eth0": is the name of vrouter[0].interface (line 3): must be that of an ' +
        'interface to be made',
    ],
    [
      'vifname = "a/b"',
      'error 5: vrouter[0].vifname = "a/b": an interface name must not contain "/", ":", white space or control ' +
        'characters',
    ],
    ['vifname = ""', 'error 5: vrouter[0].vifname = "": must be an interface name of at most 15 characters'],
  ])('%s', (line, complaint) => {
    expect(complaints(router(line))).toEqual([complaint]);
  });

  test.each([
    ['group = 256', 'error 2: vrouter[0].group = 256: must be 0 to 255'],
    ['group = -1', 'error 2: vrouter[0].group = -1: must be 0 to 255'],
    [
      'group = 0',
      'warning 2: vrouter[0].group = 0: RFC 3768 has 1 to 255: routers of other makes refuse group 0',
    ],
  ])('%s', (line, complaint) => {
    expect(complaints(router('', `${line}\ninterface = "eth0"\nvip = "10.0.0.1"`))).toEqual([complaint]);
  });

  test.each([
    ['"eth 0"', 'an interface name must not contain "/", ":", white space or control characters'],
    ['"eth0:1"', 'an interface name must not contain "/", ":", white space or control characters'],
    ['".."', '".." cannot be the name of an interface'],
    ['"1234567890123456"', 'an interface name has at most 15 characters, this one has 16'],
    ['"ééééééééé"', 'an interface name has at most 15 characters, this one has 18'],
    ['""', 'must be the name of an Ethernet interface'],
    ['5', 'must be the name of an Ethernet interface'],
  ])('interface = %s', (name, message) => {
    expect(complaints(router('', `group = 1\ninterface = ${name}\nvip = "10.0.0.1"`))).toEqual([
      `error 3: vrouter[0].interface = ${name}: ${message}`,
    ]);
  });

  test.each([
    ['"10.0.0"', 'must be an IPv4 address such as 192.0.2.1'],
    ['"10.0.0.256"', 'must be an IPv4 address such as 192.0.2.1'],
    ['"010.0.0.1"', 'must be an IPv4 address such as 192.0.2.1'],
    ['" 10.0.0.1"', 'must be an IPv4 address such as 192.0.2.1'],
    ['"router.example"', 'must be an IPv4 address such as 192.0.2.1'],
    ['""', 'must be an IPv4 address such as 192.0.2.1'],
    ['"10.0.0.1/24"', 'must be an address alone, without a prefix length'],
    ['"0.0.0.0"', 'must be an address of a host: 0.0.0.0/8 is "this network" (RFC 1122)'],
    ['"127.0.0.1"', 'must not be a loopback address'],
    ['"224.0.0.18"', 'must not be a multicast address'],
    ['"239.255.255.255"', 'must not be a multicast address'],
    ['"255.255.255.255"', 'must not be the broadcast address'],
    ['"2001:db8::1"', 'VRRPv3/IPv6 not supported yet: must be an IPv4 address'],
    ['"fe80::1%eth0"', 'must be an address without a zone'],
    ['5', 'must be an IPv4 address or an array of them'],
    ['[]', 'must have at least one address'],
  ])('vip = %s', (vip, message) => {
    expect(complaints(router('', `group = 1\ninterface = "eth0"\nvip = ${vip}`))).toEqual([
      `error 4: vrouter[0].vip = ${vip}: ${message}`,
    ]);
  });

  test('an array of addresses, each with its own line and all judged', () => {
    expect(
      complaints(
        router(
          '',
          'group = 1\ninterface = "eth0"\nvip = [\n"10.0.0.1",\n"10.0.0.300",\n7,\n"127.0.0.1",\n"10.0.0.1"]',
        ),
      ),
    ).toEqual([
      'error 7: vrouter[0].vip[2] = 7: must be an IPv4 address',
      'error 6: vrouter[0].vip[1] = "10.0.0.300": must be an IPv4 address such as 192.0.2.1',
      'error 8: vrouter[0].vip[3] = "127.0.0.1": must not be a loopback address',
      'error 9: vrouter[0].vip[4] = "10.0.0.1": is already in vrouter[0].vip[0] (line 5) on eth0: must be unique ' +
        'on an interface',
    ]);
  });

  test('an advertisement holds 255 addresses', () => {
    const vip = (count: number) =>
      `[${Array.from({ length: count }, (_, index) => `"10.0.${index >> 8}.${index & 255}"`).join(', ')}]`;
    const file = (count: number) => router('', `group = 1\ninterface = "eth0"\nvip = ${vip(count)}`);
    expect(complaints(file(255))).toEqual([]);
    expect(complaints(file(256))).toEqual([
      'error 4: vrouter[0].vip = […]: has 256 addresses: an advertisement holds 255 at most',
    ]);
  });

  test('what is missing', () => {
    expect(complaints('[[vrouter]]\n[[vrouter]]\npriority = 1').sort()).toEqual([
      'error 1: vrouter[0].group: is missing: must be 0 to 255',
      'error 1: vrouter[0].interface: is missing: must be the name of an Ethernet interface',
      'error 1: vrouter[0].vip: is missing: must be an IPv4 address or an array of them',
      'error 2: vrouter[1].group: is missing: must be 0 to 255',
      'error 2: vrouter[1].interface: is missing: must be the name of an Ethernet interface',
      'error 2: vrouter[1].vip: is missing: must be an IPv4 address or an array of them',
    ]);
  });

  test('null is missing', () => {
    expect(
      complaints('{"vrouter":[{"group":null,"interface":"eth0","vip":"10.0.0.1","vifname":null}]}'),
    ).toEqual(['error 1: vrouter[0].group: is missing: must be 0 to 255']);
  });

  test('an element that is no table leaves the others their index', () => {
    expect(
      complaints('{"vrouter":[7,\n{"group":1,"interface":"eth0","vip":"10.0.0.1","priority":0}]}'),
    ).toEqual([
      'error 1: vrouter[0] = 7: must be a table',
      'error 2: vrouter[1].priority = 0: must be 1 to 254',
    ]);
  });
});

describe('what virtual routers may not share', () => {
  const two = (first: string, second: string) => complaints(`[[vrouter]]\n${first}\n[[vrouter]]\n${second}`);

  test('group on an interface', () => {
    expect(
      two('group=1\ninterface="eth0"\nvip="10.0.0.1"', 'group=1\ninterface="eth0"\nvip="10.0.0.2"'),
    ).toEqual([
      'error 6: vrouter[1].group = 1: is already the group of vrouter[0] (line 1) on eth0: must be unique on an ' +
        'interface',
    ]);
    expect(
      two('group=1\ninterface="eth0"\nvip="10.0.0.1"', 'group=1\ninterface="eth1"\nvip="10.0.0.2"'),
    ).toEqual([]);
  });

  test('address on an interface', () => {
    expect(
      two(
        'group=1\ninterface="eth0"\nvip="10.0.0.1"',
        'group=2\ninterface="eth0"\nvip=["10.0.0.2","10.0.0.1"]',
      ),
    ).toEqual([
      'error 8: vrouter[1].vip[1] = "10.0.0.1": is already in vrouter[0].vip (line 4) on eth0: must be unique on ' +
        'an interface',
    ]);
    expect(
      two('group=1\ninterface="eth0"\nvip="10.0.0.1"', 'group=2\ninterface="eth1"\nvip="10.0.0.1"'),
    ).toEqual([]);
  });

  test('vifname, with each other and with interfaces', () => {
    expect(
      two(
        'group=1\ninterface="eth0"\nvip="10.0.0.1"\nvifname="eth1"',
        'group=1\ninterface="eth1"\nvip="10.0.0.1"\nvifname="eth1"',
      ),
    ).toEqual([
      'error 5: vrouter[0].vifname = "eth1": is the name of vrouter[1].interface (line 8): must be that of an ' +
        'interface to be made',
      'error 10: vrouter[1].vifname = "eth1": is the name of vrouter[1].interface (line 8): must be that of an ' +
        'interface to be made',
      'error 10: vrouter[1].vifname = "eth1": is already vrouter[0].vifname (line 5): must be unique',
    ]);
  });

  test('faulty groups and addresses take no part', () => {
    expect(
      two('group=300\ninterface="eth0"\nvip="10.0.0.1"', 'group=300\ninterface="eth0"\nvip="::1"'),
    ).toEqual([
      'error 2: vrouter[0].group = 300: must be 0 to 255',
      'error 6: vrouter[1].group = 300: must be 0 to 255',
      'error 8: vrouter[1].vip = "::1": VRRPv3/IPv6 not supported yet: must be an IPv4 address',
    ]);
  });
});

describe('secrets', () => {
  test('auth_secret without auth_type, and the other way round', () => {
    expect(complaints(router('auth_secret = "geheim"'))).toEqual([
      'warning 5: vrouter[0].auth_secret: is not used: without auth_type, advertisements are not authenticated',
    ]);
    for (const secret of ['', '\nauth_secret = ""']) {
      expect(complaints(router(`auth_type = "x"${secret}`))).toEqual([
        'warning 5: vrouter[0].auth_type = "x": without auth_secret the secret is empty, which everybody knows',
      ]);
    }
  });

  test.each([
    router('auth_secret = ["geheim"]'),
    router('auth_secret = { a = "geheim" }'),
    router('auth_secretz = "geheim"'),
    router('auth_type = 5\nauth_secret = "geheim"'),
    `auth_secret = "geheim"\n${router('')}`,
    `secret = "geheim"\n${router('')}`,
    `api = "geheim"\n${router('')}`,
    `api = { secret = ["geheim"] }\n${router('')}`,
    `${router('')}[api]\nsecrte = "geheim"`,
    `${router('')}[api]\nsecret = ["geheim"]`,
    `${router('')}[api]\nusers = "geheim"`,
    `${router('')}[api]\nusers = ["geheim"]`,
    `${router('')}[api]\nusers = [["geheim"]]`,
    `${router('')}[api]\nusers = ["{{SHA256}}admin:0:geheim:geheim"]`,
    `${router('')}[api]\nusers = ["{{SHA256}}geheim"]`,
    `vrouter = "geheim"`,
    `vrouter = ["geheim"]`,
  ])('are in no message: %#', (content) => {
    const all = complaints(content);
    expect(all.length).toBeGreaterThan(0);
    expect(all.join('\n')).not.toContain('geheim');
    expect(JSON.stringify(read(content).issues)).not.toContain('geheim');
  });

  test('nor of a value that is wrong, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('auth_secret', 'auth_secre', 'secret'),
        fc.jsonValue({ maxDepth: 2 }),
        fc.boolean(),
        (name, extra, nested) => {
          const secret = nested ? { geheim: ['geheim', extra] } : ['geheim', extra];
          const file = JSON.stringify({
            [name]: secret,
            api: { [name]: secret },
            vrouter: [{ group: 1, interface: 'eth0', vip: '10.0.0.1', [name]: secret }],
          });
          expect(JSON.stringify(read(file).issues)).not.toContain('geheim');
        },
      ),
    );
  });
});

describe('[api]', () => {
  test.each([
    [
      'host = "0.0.0.0"',
      'error 6: api.host = "0.0.0.0": must be address:port such as 0.0.0.0:7080 or [::]:7080',
    ],
    ['host = ""', 'error 6: api.host = "": must be address:port'],
    ['tls = 1', 'error 6: api.tls = 1: must be true or false'],
    ['tls_key = 1', 'error 6: api.tls_key = 1: must be a path'],
    ['tls_crt = ""', 'error 6: api.tls_crt: unknown directive, did you mean "tls_cert"?'],
    ['users = "x"', 'error 6: api.users: must be an array of strings'],
    ['users = [5]', 'error 6: api.users[0]: must be a string: {{ALG}}name:level:salt:hash'],
    ['secret = ""', 'error 6: api.secret: must be a long random string'],
  ])('%s', (line, complaint) => {
    expect(complaints(`${router('')}[api]\n${line}`)).toEqual([complaint]);
  });

  test('malformed users are left out, each with a warning', () => {
    const carol =
      '{{SHA256}}carol:0:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded68287a912db95647c825541d6de59b736';
    const dave =
      '{{SCRYPT}}dave:0::$rscrypt$0$BAgB$PVpOT7gyMRG8VCDNaw/TDA==$7tsQ0XxJsDwI+AwKiTDms6pzH5zx1f6MNTWmmzXhsw4=$';
    const bad = ['{{SHA256}}eve:10:00:0123456789abcdef', '{{SHA256}}eve:0:xy:0123456789abcdef', 'mallory'];
    const users = [carol, ...bad, dave].map((line) => JSON.stringify(line)).join(',\n');
    const { config, issues } = read(`${router('')}[api]\nusers = [${users}]`);
    expect(config.api.users).toEqual([carol, dave]);
    expect(hasErrors(issues)).toBe(false);
    expect(issues.map(({ position, value }) => [position.line, value])).toEqual([
      [7, '"{{SHA256}}eve:…"'],
      [8, '"{{SHA256}}eve:…"'],
      [9, undefined],
    ]);
  });
});

describe('[protocols]', () => {
  test.each([
    ['[protocols]', []],
    ['[protocols.x]\na = 1', ['error 5: protocols.x: must be an array of tables: [[protocols.<name>]]']],
    ['[protocols]\nx = [1]', ['error 6: protocols.x[0] = 1: must be a table']],
  ])('%s', (text, expected) => {
    expect(complaints(`${router('')}${text}`.replace('\n\n', '\n'))).toEqual(expected);
  });

  test('null', () => {
    const { config, issues } = read(
      '{"protocols":{"x":null},"vrouter":[{"group":1,"interface":"eth0","vip":"10.0.0.1"}]}',
    );
    expect(issues).toEqual([]);
    expect(config.protocols).toEqual({});
  });
});

describe('[plugins]', () => {
  test('names with ranges, and with options', () => {
    const { plugins, issues } = read(`${router('')}[plugins]
"rvrrpd-plugin-auth-hmac512" = "^1.2"
"@me/rvrrpd-plugin-x" = { version = ">=2 <4" }
"./plugins/mine" = { options = { verbose = true } }
"/opt/mine" = {}`);
    expect(issues).toEqual([]);
    expect(plugins.map(({ name, range, options }) => [name, range, options])).toEqual([
      ['rvrrpd-plugin-auth-hmac512', '^1.2', {}],
      ['@me/rvrrpd-plugin-x', '>=2 <4', {}],
      ['./plugins/mine', '*', { verbose: true }],
      ['/opt/mine', '*', {}],
    ]);
  });

  test.each([
    [
      '"left-pad" = "^1"',
      'plugins.left-pad = "^1": must be the name of a package, rvrrpd-plugin-… or @scope/rvrrpd-plugin-…, or a ' +
        'path, ./…',
    ],
    ['"rvrrpd-plugin-x" = "new"', 'plugins.rvrrpd-plugin-x = "new": must be a semver range such as "^1.2"'],
    [
      '"rvrrpd-plugin-x" = { version = "new" }',
      'plugins.rvrrpd-plugin-x.version = "new": must be a semver range such as "^1.2"',
    ],
    [
      '"rvrrpd-plugin-x" = 1',
      'plugins.rvrrpd-plugin-x = 1: must be a semver range such as "^1.2", or { version = "^1.2", options = { … } }',
    ],
    [
      '"rvrrpd-plugin-x" = { option = {} }',
      'plugins.rvrrpd-plugin-x.option: unknown directive, did you mean "options"?',
    ],
    ['"rvrrpd-plugin-x" = { options = 1 }', 'plugins.rvrrpd-plugin-x.options = 1: must be a table'],
  ])('%s', (line, complaint) => {
    expect(complaints(`${router('')}[plugins]\n${line}`)).toEqual([`error 6: ${complaint}`]);
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
