import { describe, expect, test } from 'vitest';
import type { DaemonStatus, RouterReport } from '../supervisor/status.ts';
import { pluginsText, reloadText, statusText } from './control-text.ts';

const counters = {
  received: 0,
  sent: 5,
  priorityZeroReceived: 0,
  priorityZeroSent: 0,
  becameMaster: 1,
  leftMaster: 0,
  sendErrors: 0,
  addressListMismatches: 0,
  dropped: {},
};
/** What the text leaves out where all speak VRRPv2. */
const words = { advertisementInterval: 1, masterDownInterval: 3.2, skewTime: 0.2, accept: true };

const status: DaemonStatus = {
  version: '1.2.3',
  pid: 42,
  configuration: '/etc/rvrrpd.conf',
  since: '2026-11-23T09:30:00.123Z',
  lastReload: null,
  troubles: [],
  syncGroups: [],
  generation: 1,
  wakeUps: 7,
  routers: [
    {
      ...{ interface: 'eth0', group: 1, state: 'Master', priority: 200, counters, ...words },
      ...{ addresses: ['10.0.0.1', '10.0.0.9'], since: '2026-11-23T09:30:04.000Z' },
    },
    {
      ...{ interface: 'eth0.100', group: 12, state: 'Init', priority: 100, counters, ...words },
      ...{ addresses: ['10.0.1.1'], since: null },
    },
  ],
  strangers: { dropped: {} },
};

/** A time as `status` prints it, whatever the time zone of this machine. */
const TIME = String.raw`\d{4}-11-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d`;

describe('statusText', () => {
  test('what keeps a Backup from becoming Master, and for how long', () => {
    const [first] = status.routers;
    const held = { ...first!, state: 'Backup', hold: { reason: 'hearing', left: 11.2 } } as const;
    const text = statusText({ ...status, routers: [held] });
    expect(text).toMatch(/ Backup \(hearing, 12 s left\) +200 /);
  });

  test('both versions and families are told apart, with their intervals', () => {
    const [first] = status.routers;
    const v3 = { ...first!, version: 3, advertisementInterval: 0.5 } as const;
    const routers = [
      { ...first!, version: 2, family: 4 } as const,
      { ...v3, family: 4, checksum: 'pseudo-header', prefixLengths: [24, null] } as const,
      { ...v3, family: 6, addresses: ['fe80::1'], masterAdvertisementInterval: 0.25 } as const,
    ];
    const lines = statusText({ ...status, routers })
      .split('\n')
      .slice(-4);
    expect(lines[0]).toMatch(/ PRIORITY +PROTOCOL +INTERVAL +SINCE /);
    expect(lines[1]).toMatch(/ 200 +v2 IPv4 +1 s +/);
    expect(lines[2]).toMatch(/ 200 +v3 IPv4 pseudo-header +0\.5 s +.* 10\.0\.0\.1\/24 10\.0\.0\.9$/);
    expect(lines[3]).toMatch(/ 200 +v3 IPv6 +0\.25 s \(own 0\.5 s\) +.* fe80::1$/);
  });

  test('who stands by, and for how long', () => {
    const [first, second] = status.routers;
    const standby = { until: '2026-11-23T10:00:00.000Z', left: 5400, nobodyIsMaster: false };
    const routers = [
      { ...first!, standby },
      { ...first!, standby: { until: null, left: null, nobodyIsMaster: true } },
      second!,
    ];
    const lines = statusText({ ...status, routers })
      .split('\n')
      .slice(-4);
    expect(lines[0]).toMatch(/ SINCE +STAND-BY +ADDRESSES$/);
    expect(lines[1]).toMatch(/ 1 h 30 min left +10\.0\.0\.1 /);
    expect(lines[2]).toMatch(/ until resumed, nobody is Master +10\.0\.0\.1 /);
    expect(lines[3]).toMatch(/ never +- +10\.0\.1\.1$/);
    expect(statusText(status)).not.toMatch(/STAND-BY/);
  });

  test('whom routers speak to, where any has peers', () => {
    const [first, second] = status.routers;
    const routers = [{ ...first!, peers: ['10.0.0.2', '10.0.0.3'] }, second!];
    const lines = statusText({ ...status, routers })
      .split('\n')
      .slice(-3);
    expect(lines[0]).toMatch(/ ADDRESSES +PEERS$/);
    expect(lines[1]).toMatch(/ 10\.0\.0\.1 10\.0\.0\.9 +10\.0\.0\.2 10\.0\.0\.3$/);
    expect(lines[2]).toMatch(/ 10\.0\.1\.1 +multicast$/);
    expect(statusText(status)).not.toMatch(/PEERS|multicast/);
  });

  test('leases, where any has one', () => {
    const [first, second] = status.routers;
    const lines = statusText({ ...status, routers: [{ ...first!, lease: 10 }, second!] })
      .split('\n')
      .slice(-3);
    expect(lines[0]).toMatch(/ SINCE +LEASE +ADDRESSES$/);
    expect(lines[1]).toMatch(/ 10 s +10\.0\.0\.1 /);
    expect(lines[2]).toMatch(/ never +- +10\.0\.1\.1$/);
    expect(statusText(status)).not.toMatch(/LEASE/);
  });

  test('groups, with the state of members where it is another one', () => {
    const group = (state: 'Master' | 'Down', ...states: readonly ('Master' | 'Backup' | 'Down')[]) => ({
      ...{ name: 'gw', state, since: '2026-11-23T09:30:04.000Z' },
      routers: states.map((each, at) => ({ name: `eth${at}/7`, state: each, waiting: each === 'Backup' })),
    });
    const last = (...syncGroups: DaemonStatus['syncGroups']) =>
      statusText({ ...status, syncGroups })
        .split('\n')
        .slice(-2);
    const [head, together] = last(group('Master', 'Master', 'Master'));
    expect(head).toMatch(/^SYNC +STATE +SINCE +ROUTERS$/);
    expect(together).toMatch(new RegExp(`^gw +Master +${TIME} +eth0/7 eth1/7$`));
    expect(last(group('Down', 'Backup', 'Down'))[1]).toMatch(/ Down +.* eth0\/7 \(waits\) eth1\/7$/);
    expect(statusText(status)).not.toMatch(/SYNC/);
  });

  test('what a priority comes of, why a router is in Fault, and what trackers say', () => {
    const [first, second] = status.routers;
    const text = '200 - 30 (web) = 170';
    const parts = { configured: 200, parts: [{ tracker: 'web', adds: -30 }], priority: 170, text };
    const routers = [
      { ...first!, priority: 170, priorityParts: parts },
      { ...second!, state: 'Fault', fault: { reason: 'tracker uplink is down: no carrier' } } as const,
    ];
    const tracker = { type: 'cable', since: '2026-11-23T09:30:04.000Z' } as const;
    const trackers = [
      { ...tracker, name: 'uplink', verdict: 'down', words: 'no carrier' },
      { ...tracker, name: 'web', verdict: 'down', words: '200 OK', heldUntil: '2026-11-23T09:31:04.000Z' },
    ] as const;
    const lines = statusText({ ...status, routers, trackers }).split('\n');
    expect(lines.at(-8)).toMatch(/ Master +200 - 30 \(web\) = 170 +/);
    expect(lines.at(-7)).toMatch(/ Fault +100 +/);
    expect(lines.slice(-6, -3)).toEqual([
      '',
      'eth0.100 group 12: Fault: tracker uplink is down: no carrier',
      '',
    ]);
    expect(lines.at(-3)).toMatch(/^TRACKER +TYPE +VERDICT +SINCE +LAST WORDS$/);
    expect(lines.at(-2)).toMatch(new RegExp(`^uplink +cable +down +${TIME} +no carrier$`));
    expect(lines.at(-1)).toMatch(new RegExp(`^web +cable +down, up from ${TIME} on +${TIME} +200 OK$`));
  });

  test('the daemon and its routers', () => {
    const lines = statusText(status).split('\n');
    expect(lines[0]).toMatch(new RegExp(`^rvrrpd 1\\.2\\.3, process 42, since ${TIME}$`));
    expect(lines.slice(1, 5)).toEqual([
      'configuration  /etc/rvrrpd.conf',
      'generation     1',
      'last reload    none',
      '',
    ]);
    expect(lines[5]).toMatch(/^INTERFACE {2}GROUP {2}STATE {3}PRIORITY {2}SINCE +ADDRESSES$/);
    expect(lines[6]).toMatch(
      new RegExp(`^eth0 {7}1 {6}Master {2}200 {7}${TIME} {2}10\\.0\\.0\\.1 10\\.0\\.0\\.9$`),
    );
    expect(lines[7]).toMatch(/^eth0\.100 {3}12 {5}Init {4}100 {7}never +10\.0\.1\.1$/);
    expect(lines).toHaveLength(8);
  });

  test('addresses that are not in place are not shown as if they were', () => {
    const [master, init] = status.routers;
    const last = (router: object): string =>
      statusText({ ...status, routers: [{ ...master!, ...router }] })
        .split('\n')
        .at(-1)!;
    expect(last({ inPlace: true })).toMatch(/ {2}10\.0\.0\.1 10\.0\.0\.9$/);
    expect(last({ inPlace: false })).toMatch(/ {2}none in place yet \(10\.0\.0\.1 10\.0\.0\.9\)$/);
    expect(last({ inPlace: false, refusal: 'EROFS' })).toMatch(/ {2}none in place: EROFS \(10\.0\.0\.1 /);
    expect(last({ ...init, state: 'Down', inPlace: false, refusal: 'EROFS' })).toMatch(
      / {2}10\.0\.1\.1 \(refused: EROFS\)$/,
    );
  });

  test('what a Master is to have beside its addresses and has not is told below the table', () => {
    const last = (further: object): string =>
      statusText({ ...status, routers: [{ ...status.routers[0]!, further } as RouterReport] })
        .split('\n')
        .at(-1)!;
    expect(last({ configured: 3, missing: 1, refusal: 'ENETUNREACH' })).toBe(
      'eth0 group 1: 1 of 3 further addresses, routes and rules not in place: ENETUNREACH',
    );
    expect(last({ configured: 3, missing: 3 })).toMatch(/: 3 of 3 further .* not in place$/);
    expect(last({ configured: 3, missing: 0 })).toMatch(/10\.0\.0\.9$/);
  });

  test('the last reload', () => {
    const time = '2026-11-23T10:00:00.000Z';
    const ok = statusText({ ...status, lastReload: { time, ok: true, issues: [] } });
    expect(ok).toMatch(new RegExp(`last reload {4}${TIME}, ok\n`));
    const issues = ['warning: x:1: strange', 'error: x:3: wrong'];
    const failed = statusText({ ...status, lastReload: { time, ok: false, error: 'it has errors', issues } });
    expect(failed).toMatch(new RegExp(`last reload {4}${TIME}, failed: it has errors: error: x:3: wrong\n`));
  });
});

test('reloadText', () => {
  const time = '2026-11-23T10:00:00.000Z';
  expect(reloadText({ time, ok: true, issues: [] })).toBe('reloaded');
  expect(reloadText({ time, ok: false, error: 'no', issues: [] })).toBe(
    'not reloaded: no; everything runs on as before',
  );
});

test('pluginsText', () => {
  const text = pluginsText([
    {
      package: 'mine',
      version: '2.0.0',
      kind: 'auth',
      names: ['a', 'b'],
      origin: 'configuration',
      inUse: true,
    },
    { package: 'another', version: '1.0.0', kind: 'netdrv', names: ['x'], origin: 'built-in', inUse: false },
  ]);
  expect(text.split('\n')).toEqual([
    'PACKAGE  VERSION  KIND    NAMES  ORIGIN         IN USE',
    'mine     2.0.0    auth    a, b   configuration  yes',
    'another  1.0.0    netdrv  x      built-in       no',
  ]);
});
