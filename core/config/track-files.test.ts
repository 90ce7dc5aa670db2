import { describe, expect, test } from 'vitest';
import type { ConfigurationChange } from '../plugin/contracts/index.ts';
import { change, difference, edited, refusal, set } from './edit/test-edit.ts';
import { editTexts } from './edit.ts';
import { hostNames } from './host-tables.ts';
import { loadText } from './index.ts';
import { formatIssue } from './issues.ts';

// Trackers in configurations of several files, for several hosts, and changed from elsewhere.

const MAIN = `include = ["conf.d/*.toml"]

[[track]]
name = "uplink" # the way out
type = "link"
interface = "eth1"

[[vrouter]]
group = 1
interface = "eth0"
vip = "10.0.0.1"
track = ["uplink", "web"]
`;
const TWO = `[[track]]
name = "web"
type = "probe"
fall = 3
`;
const HOST = `
[[host.r1.track]]
name = "uplink"
interface = "eth9"

[[host.r1.track]]
name = "own"
type = "file"
`;

function load(main: string, host = 'r1') {
  const around = { hosts: hostNames(host), included: [{ file: '/etc/conf.d/2.toml', text: TWO }] };
  const { config, document, issues } = loadText('/etc/rvrrpd.toml', main, 'toml', around);
  return { config, document, complaints: issues.map((issue) => `${issue.severity} ${formatIssue(issue)}`) };
}

function editedFiles(main: string, ...changes: ConfigurationChange[]): readonly string[] {
  const texts = new Map([
    ['/etc/rvrrpd.toml', main],
    ['/etc/conf.d/2.toml', TWO],
  ]);
  return [...editTexts(load(main).document!, texts, changes).values()];
}

describe('several files', () => {
  test('each may have trackers; what is wrong is told with its file', () => {
    const { config, complaints } = load(MAIN);
    expect(complaints).toEqual([]);
    expect(config?.trackers?.map(({ name, position }) => [name, position.file, position.line])).toEqual([
      ['uplink', '/etc/rvrrpd.toml', 3],
      ['web', '/etc/conf.d/2.toml', 1],
    ]);
    expect(load(MAIN.replace('"uplink" #', '"web" #').replace('["uplink", ', '[')).complaints).toEqual([
      'error /etc/conf.d/2.toml:2: track[1].name = "web": is already the name of track[0] (/etc/rvrrpd.toml:3): ' +
        'must be unique',
    ]);
  });

  test('a host’s own is put over that of the same name, or added', () => {
    const { config } = load(`${MAIN}${HOST}`);
    expect(config?.trackers).toMatchObject([
      { name: 'uplink', type: 'link', settings: { interface: 'eth9' } },
      { name: 'web' },
      { name: 'own', type: 'file' },
    ]);
    expect(load(`${MAIN}${HOST}`, 'r2').config?.trackers).toHaveLength(2);
    expect(load(`${MAIN}${HOST}`.replace('"eth9"', '"eth9"\ninterval = 0')).complaints).toContain(
      'error /etc/rvrrpd.toml:17: host.r1.track[0].interval = 0: must be 0.05 to 86400 seconds',
    );
  });
});

describe('changes', () => {
  test('track of a virtual router', () => {
    const text = MAIN.replace('include = ["conf.d/*.toml"]\n', '');
    const after = edited(text, change(1, { track: ['uplink', { name: 'web', weight: -30 }] }));
    expect(difference(text, after)).toEqual([
      '-track = ["uplink", "web"]',
      '+track = ["uplink", { name = "web", weight = -30 }]',
    ]);
  });

  test('trackers go to the file that they are in', () => {
    const [uplink, web] = [
      { name: 'uplink', type: 'link', interface: 'eth1' },
      { name: 'web', type: 'probe', fall: 3 },
    ];
    const [main, two] = editedFiles(MAIN, set('track', [uplink, { ...web, fall: 5 }]));
    expect(main).toBe(MAIN);
    expect(difference(TWO, two!)).toEqual(['-fall = 3', '+fall = 5']);
    const [without, rest] = editedFiles(MAIN, set('track', [uplink]), change(1, { track: ['uplink'] }));
    expect(rest!.trim()).toBe('');
    expect(without).toContain('name = "uplink" # the way out');
    const [more] = editedFiles(MAIN, set('track', [uplink, web, { name: 'x', type: 'y' }]));
    expect(difference(MAIN, more!).filter((line) => line !== '+')).toEqual([
      '+[[track]]',
      '+name = "x"',
      '+type = "y"',
    ]);
  });

  test('what a host’s table is put over cannot be changed from elsewhere', () => {
    const text = `${MAIN}${HOST}`;
    const trackers = load(text).document!.data.track as Record<string, unknown>[];
    const changed = trackers.map((each) => (each.name === 'uplink' ? { ...each, interface: 'eth2' } : each));
    expect(refusal(() => editedFiles(text, set('track', changed))).message).toBe(
      'host.r1.track[0] (/etc/rvrrpd.toml:14) is put over tracker "uplink": edit it there',
    );
  });
});
