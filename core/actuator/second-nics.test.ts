import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { adviseSecondNics } from './second-nics.ts';

function link(index: number, name: string, ...addresses: string[]): Link {
  return {
    ...{ index, name, mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true, mtu: 1500 },
    ...{ type: '', parent: 0 },
    addresses: addresses.map((text) => {
      const [address = '', prefix] = text.split('/');
      return { family: 4, address, prefixLength: Number(prefix), label: name, secondary: false };
    }),
  };
}

const LAN = link(1, 'lan', '10.0.0.2/24');
const ROUTERS = [
  { interface: 'lan', family: 4 },
  { interface: 'lan', family: 4 },
] as const;

/** Advice with these settings, by `INTERFACE/SETTING`; all others are 0. */
function advice(links: readonly Link[], settings: Readonly<Record<string, string>> = {}): string[] {
  const byName = new Map(links.map((each) => [each.name, each]));
  return adviseSecondNics(ROUTERS, byName, (name, setting) => settings[`${name}/${setting}`] ?? '0');
}

test.each([
  ['another network', link(2, 'dmz', '10.0.1.2/24')],
  ['no address', link(2, 'dmz')],
  ['a virtual address of another daemon', link(2, 'standby9', '10.0.0.9/32')],
  ['an interface that is down', { ...link(2, 'dmz', '10.0.0.3/24'), up: false }],
])('nothing is advised because of %s', (_, other) => {
  expect(advice([LAN, other])).toEqual([]);
});

test.each([
  ['the same network', '10.0.0.3/24'],
  ['a wider network', '10.0.77.3/16'],
  ['a narrower network', '10.0.0.129/25'],
])('an interface in %s is told once, with what to set', (_, address) => {
  const told = advice([LAN, link(2, 'eth1.5', address)]);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^eth1\.5 has an address of the same network as lan: /);
  expect(told[0]).toContain(
    'set net.ipv4.conf.eth1/5.arp_ignore = 1 and net.ipv4.conf.eth1/5.arp_announce = 2 (sysctl)',
  );
});

test('what is set is not advised, on the interface or for all', () => {
  const links = [LAN, link(2, 'eth1', '10.0.0.3/24')];
  expect(advice(links, { 'eth1/arp_ignore': '1', 'eth1/arp_announce': '2' })).toEqual([]);
  expect(advice(links, { 'all/arp_ignore': '2', 'all/arp_announce': '2' })).toEqual([]);
  const half = advice(links, { 'all/arp_ignore': '1', 'eth1/arp_announce': '1' });
  expect(half[0]).toContain('set net.ipv4.conf.eth1.arp_announce = 2 (sysctl)');
});
