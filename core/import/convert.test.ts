import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { describeIssue } from '../supervisor/issues.ts';
import { prepare } from '../supervisor/prepare.ts';
import { importKeepalived } from './convert.ts';
import { COUNTERPARTS } from './counterparts.ts';
import { FILES, type FileSource } from './files.ts';

const FIXTURES = path.join(import.meta.dirname, 'fixtures');
const HOME = '/etc/keepalived';

/** The fixtures where keepalived has its files. */
const AT_HOME: FileSource = {
  read: (file) => FILES.read(file.replace(HOME, FIXTURES)),
  names: (folder) => FILES.names(folder.replace(HOME, FIXTURES)),
};
const names = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.conf'))
  .map((name) => name.slice(0, -5));
const folder = mkdtempSync(path.join(tmpdir(), 'import-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A configuration that is nowhere. */
function imported(text: string, configId = 'main') {
  return importKeepalived('k.conf', configId, { read: () => text, names: () => [] });
}

/** An instance of which only these lines matter. */
function instance(...lines: readonly string[]): string {
  const own = ['interface eth0', 'virtual_router_id 1', 'virtual_ipaddress {', '10.0.0.1', '}'];
  return ['vrrp_instance I {', ...own, ...lines, '}', ''].join('\n');
}

describe('configurations of the kinds that there are', () => {
  test('are thirty', () => expect(names.length).toBeGreaterThanOrEqual(30));

  test.each(names)('%s', async (name) => {
    const { text, faults } = importKeepalived(`${HOME}/${name}.conf`, 'main', AT_HOME);
    expect(faults).toEqual([]);
    await expect(text).toMatchFileSnapshot(path.join(FIXTURES, `${name}.toml`));
    // What --check does, with all that there is.
    const file = path.join(folder, `${name}.toml`);
    writeFileSync(file, text!, { mode: 0o600 });
    const { start, issues } = await prepare(file, {});
    expect(issues.filter(({ severity }) => severity !== 'notice').map(describeIssue)).toEqual([]);
    expect(start?.config.virtualRouters.length).toBeGreaterThan(0);
  });

  test.each(names)('no line of %s is lost: it is a table, a directive, or a comment', (name) => {
    const { text = '' } = importKeepalived(`${HOME}/${name}.conf`, 'main', AT_HOME);
    const lines = readFileSync(path.join(FIXTURES, `${name}.conf`), 'utf8').split('\n');
    for (const line of lines) {
      const directive = /^\s*(?:@\S+\s+)?([a-z_]+)/.exec(line)?.[1] ?? '';
      if (!/^(notify|smtp|state|router_id|lvs|use_ipvlan|debug)/.test(directive)) continue;
      // A hook has the program; all others have their line.
      const program = directive.startsWith('notify') ? /\/[\w./-]+/.exec(line)?.[0] : undefined;
      expect(text, line).toContain(program ?? directive);
    }
  });

  test('no password is in a comment', () => {
    const { text } = importKeepalived(`${HOME}/authentication-header.conf`, 'main', AT_HOME);
    expect(text).toContain('auth_pass ***');
    expect(text).not.toContain('never shown');
  });
});

describe('what is wrong is told with file, line and value', () => {
  test.each([
    [instance('priority abc'), ['k.conf:7: priority = abc: must be a whole number, 1 to 255']],
    [instance('priority 256'), ['k.conf:7: priority = 256: must be a whole number, 1 to 255']],
    [instance('advert_int 0'), ['k.conf:7: advert_int = 0: must be a number, 0.01 to 255']],
    [instance('version 4'), ['k.conf:7: version = 4: must be a whole number, 2 to 3']],
    [
      instance('strict_mode maybe'),
      ['k.conf:7: strict_mode = maybe: must be on, off, true, false, yes or no'],
    ],
    [
      instance('virtual_ipaddress {', '10.0.0.300/24', '}'),
      [
        'k.conf:8: virtual address = 10.0.0.300/24: must be an address, with or without a prefix length, such as 192.0.2.1/24',
      ],
    ],
    [
      instance('virtual_ipaddress {', '10.0.0.0/24', '}'),
      ["k.conf:8: virtual address = 10.0.0.0/24: must be an address of a host: this is the subnet's own"],
    ],
    [
      instance('unicast_peer {', 'peer1', '}'),
      ['k.conf:8: unicast_peer = peer1: must be an IPv4 or IPv6 address'],
    ],
    [
      instance('use_vmac a-name-that-is-too-long'),
      [
        'k.conf:7: use_vmac = a-name-that-is-too-long: an interface name has at most 15 characters, this one has 23',
      ],
    ],
    [
      'vrrp_instance I {\ninterface eth0\n}',
      ['k.conf:1: vrrp_instance = I: must have a virtual_router_id, 1 to 255'],
    ],
    [instance() + instance(), ['k.conf:8: vrrp_instance = I: is already there, line 1: must be unique']],
    [
      instance() + instance().replace('I {', 'J {'),
      [
        'k.conf:8: vrrp_instance = J: has the virtual_router_id 1 for IPv4 on eth0, as vrrp_instance I does: must be another one',
      ],
    ],
    [
      `vrrp_script s {\ninterval 2\n}\n${instance('track_script {', 's weight x', '}')}`,
      ['k.conf:11: s = weight x: must be a whole number, -2147483647 to 2147483647'],
    ],
    [
      `vrrp_script s {\ninterval 2\n}\n${instance('track_script {', 's', '}')}`,
      ['k.conf:1: vrrp_script = s: must have a script: the program that is run'],
    ],
    [
      instance('authentication {', 'auth_type PASS'),
      ['k.conf:1: vrrp_instance I: its block must end with }'],
    ],
    ['}', ['k.conf:1: }: there is no block that it could end']],
    [
      `vrrp_instance I {\nvirtual_ipaddress {\n10.0.0.1\n}\n${instance()}`,
      ['k.conf:5: vrrp_instance I: is within vrrp_instance I, line 1: there must be one more } before it'],
    ],
    [
      instance('virtual_ipaddress {', '10.0.0.2', 'priority 100'),
      ['k.conf:9: priority: is within virtual_ipaddress, line 7: there must be one more } before it'],
    ],
    [
      instance('authentication {', 'auth_type PASS', 'track_script {', 's', '}'),
      ['k.conf:9: track_script: is within authentication, line 7: there must be one more } before it'],
    ],
    [
      instance('virtual_routes', '10.9.0.0/16 via 10.0.0.7', '}'),
      ['k.conf:7: virtual_routes: must have a block: { … }'],
    ],
    [instance('track_script'), ['k.conf:7: track_script: must have a block: { … }']],
    [instance().replace('I {', 'I'), ['k.conf:1: vrrp_instance I: must have a block: { … }']],
    [`${instance()}vrrp_script s`, ['k.conf:8: vrrp_script s: must have a block: { … }']],
    ['global_defs {\n}', ['k.conf:1: there is no vrrp_instance: nothing to import']],
    [
      '\nvrrp_instance I {\ninterface eth0\nvirtual_router_id 1\n}',
      ['k.conf:2: vrrp_instance I: must have an address in virtual_ipaddress, as a virtual router needs one'],
    ],
    [
      instance('virtual_ipaddress {', '10.0.0.2 dev eth0/1', '}'),
      [
        'k.conf:8: dev = eth0/1: an interface name must not contain "/", ":", "%", white space or control characters',
      ],
    ],
    // Only the result is wrong: of which block it came.
    [
      instance() +
        instance('virtual_ipaddress_excluded {', '10.0.0.1/24 dev eth0', '}')
          .replace('I {', 'J {')
          .replace('10.0.0.1\n', '10.0.0.2\n')
          .replace('id 1', 'id 2'),
      [
        'k.conf:8: vrrp_instance J becomes: vrouter[1].address[0].address = "10.0.0.1/24": is also in vrouter[0].vip, with /32: must be the same on eth0, prefix length and scope',
      ],
    ],
    ['{', ['k.conf:1: {: must stand behind the name of a block']],
    [instance('notify "/bin/x'), [`k.conf:7: notify "/bin/x: must have a second " that ends the text`]],
    [instance('priority'), ['k.conf:7: priority: must be a whole number, 1 to 255']],
    [instance('virtual_ipaddress'), ['k.conf:7: virtual_ipaddress: must have a block: { … }']],
  ])('%j', (text, faults) => {
    expect(imported(text)).toMatchObject({ faults });
    expect(imported(text).text).toBeUndefined();
  });

  test('all of it, not the first alone', () => {
    expect(imported(instance('priority x', 'advert_int y')).faults).toHaveLength(2);
  });

  test('a file that is not there, and one that an include names', () => {
    expect(importKeepalived('/nowhere/k.conf', 'main', FILES).faults).toEqual([
      '/nowhere/k.conf: cannot be read: there is no such file',
    ]);
    const files: FileSource = {
      ...AT_HOME,
      read: (file) => (file === 'k.conf' ? 'include a.conf' : FILES.read(file)),
    };
    expect(importKeepalived('k.conf', 'main', files).faults).toEqual([
      'k.conf:1: include a.conf: a.conf cannot be read: ENOENT',
    ]);
  });
});

/** The lines of an import that are neither comments nor empty. */
function directives(text: string): string[] {
  const { text: made = '', faults } = imported(text);
  expect(faults).toEqual([]);
  return made.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** The comments. */
function comments(text: string): string {
  return (imported(text).text ?? '')
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .join('\n');
}

describe('directives of an instance', () => {
  test.each([
    ['nopreempt', 'preemption = false'],
    ['state BACKUP', 'preemption = true'],
    ['priority 255', 'priority = 254'],
    ['state MASTER', 'priority = 254'],
    ['state master', 'priority = 100'],
    ['version 3\nadvert_int 0.25', 'timers = { advert = 0.25 }'],
    ['advert_int 2.6', 'timers = { advert = 3 }'],
    ['preempt_delay 4.5', 'preempt_delay = 4.5'],
    ['down_timer_adverts 5', 'down_timer_adverts = 5'],
    ['use_vmac', 'vifname = "vrrp.1"'],
    ['use_vmac vrrp1', 'vifname = "vrrp1"'],
    ['use_vmac vrrp1', `iftype = "${COUNTERPARTS.use_vmac}"`],
    ['no_accept', 'accept = false'],
    ['accept', 'accept = true'],
    ['strict_mode', 'accept = false  # vrrp_strict'],
    ['dont_track_primary', 'track_interface = false'],
    ['authentication {\nauth_type PASS\nauth_pass "a b"\n}', 'auth_secret = "a b"'],
    ['unicast_src_ip 10.0.0.2\nunicast_peer {\n10.0.0.3 min_ttl 254\n}', 'min_ttl = 254'],
    ['unicast_src_ip 10.0.0.2\nunicast_peer {\n10.0.0.2\n10.0.0.3\n}', 'peers = [ "10.0.0.3" ]'],
    ['unicast_peer { 10.0.0.2 10.0.0.3 }', 'peers = [ "10.0.0.2", "10.0.0.3" ]'],
    [
      'track_interface { eth1 eth2 weight -5 eth3 }',
      'track = [ "eth1", { name = "eth2", weight = -5 }, "eth3" ]',
    ],
    ['garp_master_repeat 2\ngarp_master_delay 7', 'pauses = [ 0.01, 7, 0.01 ]'],
    ['garp_master_repeat 1\ngarp_master_delay 0', 'count = 1'],
  ])('%j', (more, line) => {
    expect(directives(instance(...more.split('\n')))).toContain(line);
  });

  test('an address without an interface is on that of the first address that has one, or the default', () => {
    const unicast = 'virtual_router_id 1\nunicast_peer {\n10.0.0.3\n}\n';
    const text = (vip: string): string => `vrrp_instance I {\n${unicast}virtual_ipaddress {\n${vip}\n}\n}`;
    expect(directives(text('10.0.0.1 dev eth7'))).toContain('interface = "eth7"');
    expect(directives(text('10.0.0.1'))).toContain('interface = "eth0"');
  });

  test('IPv6 is version 3, of its own name of a virtual interface', () => {
    const six = instance('use_vmac').replace('10.0.0.1', 'fe80::1');
    expect(directives(six)).toEqual(expect.arrayContaining(['version = 3', 'vifname = "vrrp6.1"']));
  });

  test('a type of authentication that keepalived does not know is none', () => {
    const text = instance('authentication {', 'auth_type pass', 'auth_pass 1234', '}');
    expect(directives(text).filter((line) => line.startsWith('auth'))).toEqual([]);
    expect(comments(text)).toContain('line 8: auth_type pass: must be PASS or AH');
  });

  test('a member without an address is left out of its group, whose hooks and trackers are the other’s', () => {
    const empty = 'vrrp_instance E {\ninterface eth1\nvirtual_router_id 1\n}\n';
    const group =
      'vrrp_sync_group G {\ngroup { I E }\ntrack_interface { eth5 }\nnotify_master /etc/n.sh\n}\n';
    const made = directives(instance() + empty + group);
    expect(made).toEqual(expect.arrayContaining(['track = [ "eth5" ]', 'routers = [ "eth0/1" ]']));
    expect(made).not.toContain('[[sync]]');
    expect(comments(instance() + empty + group)).toContain('line 12: E: is left out of the group');
  });

  test('a route of both families is left out', () => {
    expect(comments(instance('virtual_routes {', '10.9.0.0/16 via fe80::1 dev eth0', '}'))).toContain(
      'is left out: its addresses are of both IPv4 and IPv6',
    );
    expect(comments(instance('virtual_routes {', '10.9.0.0/255.255.0.0 via 10.0.0.9', '}'))).toContain(
      'is left out: "10.9.0.0/255.255.0.0" is no network',
    );
  });

  test('rules without a number count down from 16384, of each family', () => {
    const rules = ['from 10.0.0.0/8 table 7', 'from 2001:db8::/32 table 7', 'to 10.0.0.0/8 table 7'];
    const made = directives(instance('virtual_rules {', ...rules, '}'));
    expect(made.filter((line) => line.startsWith('priority = 163'))).toEqual(
      [16_384, 16_384, 16_383].map((number) => `priority = ${number}  # the number that keepalived gives it`),
    );
  });

  test('what is not known is told', () => {
    expect(comments(instance('frobnicate 7'))).toContain(
      'line 7: frobnicate 7: is no directive of keepalived.conf(5) here',
    );
  });
});

describe('scripts', () => {
  const script = (text: string, ...more: readonly string[]): string =>
    `vrrp_script s {\nscript ${text}\n${more.join('\n')}\n}\n${instance('track_script {', 's', '}')}`;

  test.each([
    ['/usr/bin/check', 'command = [ "/usr/bin/check" ]'],
    [`"/usr/bin/check 'a b' c"`, 'command = [ "/usr/bin/check", "a b", "c" ]'],
    ['"killall -0 haproxy"', 'command = [ "/usr/bin/env", "killall", "-0", "haproxy" ]'],
    ['/usr/bin/check a b', 'command = [ "/usr/bin/check", "a", "b" ]'],
    ['"</dev/tcp/127.0.0.1/80"', 'command = [ "/bin/bash", "-c", "</dev/tcp/127.0.0.1/80" ]'],
    ['"pgrep x || exit 1"', 'command = [ "/bin/sh", "-c", "pgrep x || exit 1" ]'],
  ])('%s', (text, line) => expect(directives(script(text))).toContain(line));

  test('time, counts, user, weight', () => {
    const made = directives(
      script('/bin/x', 'interval 5', 'timeout 3', 'rise 2', 'fall 4', 'weight -30', 'user a b', 'init_fail'),
    );
    expect(made).toEqual(
      expect.arrayContaining([
        ...[
          'interval = 5',
          'timeout = 3',
          'rise = 2',
          'fall = 4',
          'initial = "down"',
          'user = "a"',
          'group = "b"',
        ],
        'track = [ { name = "s", weight = -30 } ]',
      ]),
    );
  });

  test('one that nobody tracks is a comment, with its lines', () => {
    const text = `vrrp_script s {\nscript /bin/x\n}\n${instance()}`;
    expect(directives(text)).not.toContain('[[track]]');
    expect(comments(text)).toContain('line 1: vrrp_script s: nobody tracks it');
    expect(comments(text)).toContain('#   line 2: script /bin/x');
  });
});
