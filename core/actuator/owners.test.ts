import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import type { JournalEntry } from './journal.ts';
import { type GroupMember, mixedOwners, weighedOwners } from './owners.ts';

const link = (name: string, ...addresses: string[]): Link => ({
  ...{ index: 2, name, mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
  ...{ mtu: 1500, type: 'veth', parent: 0 },
  addresses: addresses.map((text) => {
    const [address = '', length] = text.split('/');
    return {
      ...({ family: address.includes(':') ? 6 : 4, address, prefixLength: Number(length) } as const),
      ...{ label: name, secondary: false },
    };
  }),
});
const router = (name: string, sync: string | undefined, ...addresses: string[]): GroupMember => ({
  position: { file: '/etc/rvrrpd.toml', line: 3 },
  ...{ vrid: 7, interface: name, addresses, family: addresses[0]!.includes(':') ? 6 : 4 },
  ...(sync === undefined ? {} : { sync }),
});

const LAN = link('eth0', '10.0.0.1/24', 'fe80::1/64', '2001:db8::1/64');
const UPLINK = link('eth1', '10.1.0.1/24');

function remarks(routers: readonly GroupMember[], journal: readonly JournalEntry[] = []): string[] {
  return mixedOwners({ virtualRouters: routers }, [LAN, UPLINK], journal);
}

test('one message for a group that is owned in part', () => {
  const three = [
    router('eth0', 'gw', '10.0.0.9'),
    router('eth1', 'gw', '10.1.0.1'),
    router('eth0', 'gw', '10.0.0.8'),
  ];
  expect(remarks(three)).toEqual([
    '/etc/rvrrpd.toml:3: group "gw": this host owns the address of eth1/7 (priority 255), and not that of eth0/7; it is ' +
      'Master of eth1/7 only when it can be of all: it should own the addresses of all members, or of none',
  ]);
  expect(
    remarks([router('eth0', 'g', 'fe80::1', '2001:db8::1'), router('eth1', 'g', '10.1.0.9')])[0],
  ).toContain('owns the address of eth0/7/ipv6 (priority 255)');
});

test('owned by all or none, in different groups, in none, on what is not there: nothing', () => {
  const mine = router('eth0', 'gw', '10.0.0.1');
  const others = router('eth1', 'gw', '10.1.0.9');
  expect(remarks([mine, router('eth1', 'gw', '10.1.0.1')])).toEqual([]);
  expect(remarks([others, router('eth0', 'gw', '10.0.0.9')])).toEqual([]);
  expect(remarks([others, router('eth0', 'other', '10.0.0.1')])).toEqual([]);
  expect(remarks([others, router('eth0', undefined, '10.0.0.1')])).toEqual([]);
  expect(remarks([mine, router('eth9', 'gw', '10.9.0.9')])).toEqual([]);
  expect(remarks([router('eth0', 'gw', '10.0.0.1', '10.0.0.9'), others]), 'one of two').toEqual([]);
});

test('what a Master has put there is owned by nobody', () => {
  const address = { family: 4, address: '10.0.0.1', prefixLength: 24, interface: 'eth0' } as const;
  const entry = { resource: { kind: 'address', ...address } } as JournalEntry;
  expect(remarks([router('eth0', 'gw', '10.0.0.1'), router('eth1', 'gw', '10.1.0.9')], [entry])).toEqual([]);
});

test('weights of an owner do nothing', () => {
  const weighs = (address: string): GroupMember => ({
    ...router('eth0', undefined, address),
    track: [{ name: 'up' }, { name: 'web', weight: -30 }, { name: 'x', weight: 5 }],
  });
  const said = (member: GroupMember): string[] => weighedOwners({ virtualRouters: [member] }, [LAN], []);
  expect(said(weighs('10.0.0.1'))).toEqual([
    '/etc/rvrrpd.toml:3: the weight of web, x does nothing: this host owns the address of eth0/7, and its priority stays ' +
      '255; without a weight a failure means Fault',
  ]);
  expect(said(weighs('10.0.0.9'))).toEqual([]);
  expect(said({ ...router('eth0', undefined, '10.0.0.1'), track: [{ name: 'up' }] })).toEqual([]);
});
