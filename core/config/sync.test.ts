import { describe, expect, test } from 'vitest';
import { loadText } from './index.ts';
import { formatIssue } from './issues.ts';
import { parseMember } from './sync.ts';
import { complaints, read, router } from './test-read.ts';

const lan = (more = ''): string => router(more, 'group = 7\ninterface = "eth0"\nvip = "10.0.0.1"');
const uplink = (more = ''): string => router(more, 'group = 8\ninterface = "eth1"\nvip = "192.0.2.1"');
const group = (more = '', routers = '[ "eth0/7", "eth1/8" ]'): string =>
  `[[sync]]\nname = "gw"\nrouters = ${routers}\n${more}`;

test('routers of a group know it, and have its priority and preemption', () => {
  const { config, issues } = read(`${lan()}${uplink()}${group('priority = 150\npreemption = true\n')}`);
  expect(issues).toEqual([]);
  expect(config.virtualRouters).toMatchObject([
    { sync: 'gw', priority: 150, preempt: true },
    { sync: 'gw', priority: 150, preempt: true },
  ]);
});

test('a delay of preemption is one where the group preempts, and does nothing where it does not', () => {
  const warnings = (own: string, all: string): number =>
    read(
      `${lan(`preempt_delay = 6\npreemption = ${own}`)}${uplink(`preemption = ${own}`)}${group(all)}`,
    ).issues.filter(({ message }) => message.startsWith('does nothing')).length;
  expect(warnings('true', '')).toBe(0);
  expect(warnings('false', '')).toBe(1);
  expect(warnings('false', 'preemption = true')).toBe(0);
  expect(warnings('true', 'preemption = false')).toBe(1);
});

test('a table of both families is in it with both, or with one', () => {
  const both = router('version = 3', 'group = 7\ninterface = "eth0"\nvip = [ "10.0.0.1", "fe80::1" ]');
  const syncOf = (routers: string) =>
    read(`${both}${uplink()}${group('', routers)}`).config.virtualRouters.map(({ sync }) => sync);
  expect(syncOf('[ "eth0/7", "eth1/8" ]')).toEqual(['gw', 'gw', 'gw']);
  expect(syncOf('[ "eth0/7/ipv6", "eth1/8" ]')).toEqual([undefined, 'gw', 'gw']);
  expect(syncOf('[ "eth0/7" ]')).toEqual(['gw', 'gw', undefined]);
});

describe('what is refused', () => {
  test.each([
    [
      'no such router',
      group('', '[ "eth0/7", "eth1/9" ]'),
      'there is no such virtual router: did you mean "eth1/8"?',
    ],
    ['no name of a router', group('', '[ "eth0/7", "eth1" ]'), 'must be "INTERFACE/GROUP"'],
    ['in two groups', `${group()}${group().replace('"gw"', '"other"')}`, 'eth0/7 is already in group "gw"'],
    ['two of one name', `${group()}${group('', '[]')}`, 'is already sync[0].name'],
    ['none', group('', '[]'), 'must name two virtual routers at least'],
    ['no routers', '[[sync]]\nname = "gw"\n', 'sync[0].routers: is missing'],
    ['a priority', group('priority = 255\n'), 'must be 1 to 254'],
  ])('%s', (_, text, complaint) => {
    const found = complaints(`${lan()}${uplink()}${text}`);
    expect(found.filter((each) => each.startsWith('error')).join('\n')).toContain(complaint);
  });

  test('priorities that disagree, which one for the group avoids', () => {
    const text = `${lan('priority = 200')}${uplink()}`;
    expect(complaints(`${text}${group()}`)).toEqual([
      'error 12: sync[0].routers = [ "eth0/7", "eth1/8" ]: must have the same priority: eth0/7 has 200 (line 5), ' +
        'eth1/8 has 100 (line 6); superior on one link and inferior on another, a router can be Master of neither for ' +
        'long: set priority in [[sync]], for all of them',
    ]);
    expect(complaints(`${text}${group('priority = 200\n')}`)).toEqual([]);
    expect(complaints(`${text}${group('priority = 150\n')}`)).toEqual([
      'warning 5: vrouter[0].priority = 200: is not used: its group "gw" has priority = 150 for all (line 13)',
    ]);
  });

  test('preemption that disagrees', () => {
    const text = `${lan('preemption = true')}${uplink()}`;
    expect(complaints(`${text}${group()}`).join()).toContain(
      'must have the same preemption: eth0/7 has true (line 5)',
    );
    expect(complaints(`${text}${group('preemption = true\n')}`)).toEqual([]);
  });
});

test('a group of one, and a router that is there twice, are warned about', () => {
  expect(complaints(`${lan()}${uplink()}${group('', '[ "eth0/7" ]')}`)).toEqual([
    expect.stringMatching(/^warning .* does nothing: a group of one/),
  ]);
  expect(complaints(`${lan()}${uplink()}${group('', '[ "eth0/7", "eth1/8", "eth0/7" ]')}`)).toEqual([
    expect.stringMatching(/^warning .*: eth0\/7 is in the group already$/),
  ]);
});

test('names of routers', () => {
  expect(parseMember('eth0/7')).toEqual({ interface: 'eth0', group: 7 });
  expect(parseMember('eth0.5/255/IPv6/v3')).toEqual({
    interface: 'eth0.5',
    group: 255,
    family: 6,
    version: 3,
  });
  expect(parseMember('eth0/7/v2/ipv4')).toEqual({ interface: 'eth0', group: 7, family: 4, version: 2 });
  for (const wrong of ['', 'eth0', '7', 'eth0/', 'eth0/256', 'eth0/7/v4', 'eth0/7/ipv4/ipv6', 'eth 0/7'])
    expect(parseMember(wrong)).toBeUndefined();
});

describe('trackers of a group', () => {
  const tracker = '[[track]]\nname = "web"\ntype = "link"\n[[track]]\nname = "up"\ntype = "link"\n';
  const track = 'track = [ "up", { name = "web", weight = -30 } ]\n';

  test('count for all of its routers, beside their own', () => {
    const { config, issues } = read(`${lan('track = [ "up" ]')}${uplink()}${tracker}${group(track)}`);
    expect(issues).toEqual([]);
    const all = [{ name: 'up' }, { name: 'web', weight: -30 }];
    expect(config.virtualRouters.map((each) => each.track)).toEqual([all, all]);
  });

  test('there must be such a tracker, and a weight of one member alone is refused', () => {
    expect(complaints(`${lan()}${uplink()}${tracker}${group('track = [ "wep", "up" ]\n')}`)).toEqual([
      expect.stringMatching(/^error .*: sync\[0\]\.track\[0\] = "wep": must be the name of a tracker/),
    ]);
    const own = lan('track = [ { name = "web", weight = -30 }, "up" ]');
    expect(complaints(`${own}${uplink()}${tracker}${group()}`)).toEqual([
      expect.stringMatching(
        /^error 5: vrouter\[0\]\.track\[0\]\.weight = -30: must be in track of sync\[0\]/,
      ),
    ]);
  });

  test('what a member says of a tracker that its group gives a weight does nothing', () => {
    const both = lan('track = [ "web", "up" ]');
    const weighs = group('track = [ { name = "web", weight = -30 }, "up" ]\n');
    expect(complaints(`${both}${uplink()}${tracker}${weighs}`)).toEqual([
      expect.stringMatching(
        /^warning 5: vrouter\[0\]\.track\[0\] = "web": is not used: its group "gw" gives the tracker the weight -30 /,
      ),
    ]);
  });
});

test('groups of several files stand one behind the other, with the lines of their files; a host has its own', () => {
  const load = (text: string, included: readonly { file: string; text: string }[], host = 'r1') => {
    const { config, issues } = loadText('/f', text, 'toml', { hosts: [host], included });
    return {
      groups: config?.virtualRouters.map(({ sync }) => sync),
      text: issues.map((issue) => `${issue.severity} ${formatIssue(issue)}`),
    };
  };
  const more = router('', 'group = 9\ninterface = "eth1"\nvip = "192.0.2.9"');
  const main = `include = [ "/g" ]\n${lan()}${uplink()}${group()}`;
  const other = (
    name: string,
  ): string => `${more}${router('', 'group = 3\ninterface = "eth0"\nvip = "10.0.0.3"')}
[[sync]]
name = "${name}"
routers = [ "eth1/9", "eth0/3" ]
`;
  expect(load(main, [{ file: '/g', text: other('other') }])).toEqual({
    groups: ['gw', 'gw', 'other', 'other'],
    text: [],
  });
  expect(load(main, [{ file: '/g', text: other('gw') }]).text).toEqual([
    'error /g:11: sync[1].name = "gw": is already sync[0].name (/f:11): must be unique',
  ]);
  const hosts = `${lan()}${uplink()}[[host.r1.sync]]\nname = "one"\nrouters = [ "eth0/7", "eth1/8" ]\n`;
  expect(load(hosts, [])).toEqual({ groups: ['one', 'one'], text: [] });
  expect(load(hosts, [], 'r2')).toEqual({ groups: [undefined, undefined], text: [] });
});
