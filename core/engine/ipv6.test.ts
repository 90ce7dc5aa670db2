/** What is IPv6's own: where packets come from, what may keep a router from running, how long packets get. */
import { describe, expect, test } from 'vitest';
import type { Link, LinkAddress } from '../plugin/contracts/index.ts';
import { Cause, EventType } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import { addressText } from '../vrrp/address.ts';
import type { GuardedFilter } from './guard.ts';
import {
  advertisement,
  alone,
  configuration,
  ethernet,
  type Station,
  type StationOptions,
} from './test/station.ts';

const VIP = 'fe80::5e00:201';
const v6 = (over: Parameters<typeof configuration>[0] = {}) =>
  configuration({ version: 3, family: 6, addresses: [VIP, '2001:db8::1'], ...over });

/** eth0 with these addresses. */
const link = (...addresses: (string | Partial<LinkAddress>)[]): Link => ({
  ...ethernet([]),
  addresses: addresses.map((one) => ({
    ...{ family: 6 as const, prefixLength: 64, label: '', secondary: false, address: '' },
    ...(typeof one === 'string' ? { address: one } : one),
  })),
});

function started(options: StationOptions = {}): Station {
  const station = alone({ routers: [v6()], links: [link('fe80::a')], ...options });
  station.update();
  return station;
}

function master(options: StationOptions = {}): Station {
  const station = started(options);
  station.time.pass(5000);
  expect(station.isMaster).toBe(true);
  station.events();
  return station;
}

const transitions = (station: Station) =>
  station
    .events()
    .filter(({ type }) => type === EventType.Transition)
    .map(({ a, b, c }) => [a, b, c]);
/** The address that the last advertisement came from. */
const source = ({ sent }: Station): string => {
  const last = sent.filter(({ frame }) => frame[20] === 112).at(-1)!;
  return addressText(last.frame.subarray(22, 38));
};

describe('the address that packets come from', () => {
  test.each<[string, (string | Partial<LinkAddress>)[], string]>([
    ['a link-local one', ['2001:db8::9', 'fe80::a'], 'fe80::a'],
    ['any of fe80::/10', ['febf::1'], 'febf::1'],
    ['no tentative one', [{ address: 'fe80::a', tentative: true }, 'fe80::b'], 'fe80::b'],
    ['none that another host has', [{ address: 'fe80::a', dadFailed: true }, 'fe80::b'], 'fe80::b'],
    ['never a virtual one', [VIP, 'fe80::b'], 'fe80::b'],
    ['never that of another group either', ['fe80::5e00:202', 'fe80::b'], 'fe80::b'],
    [
      'one with a network rather than one by itself',
      [{ address: 'fe80::a', prefixLength: 128 }, 'fe80::b', '2001:db8::9'],
      'fe80::b',
    ],
  ])('%s', (_, addresses, from) => {
    const routers = [v6(), v6({ vrid: 2, addresses: ['fe80::5e00:202'], priority: 99 })];
    const station = master({ routers, links: [link(...addresses)] });
    expect(source(station)).toBe(from);
  });

  test('the owner has the virtual one as its own, and sends from it if there is no other', () => {
    const alone = started({ links: [link(VIP, '2001:db8::1')] });
    expect([alone.isMaster, alone.table.int(0, Int.Priority), source(alone)]).toEqual([true, 255, VIP]);
    const both = started({ links: [link(VIP, '2001:db8::1', 'fe80::a')] });
    expect([both.isMaster, source(both)]).toEqual([true, 'fe80::a']);
  });

  test('it stays when another one comes, and another one takes its place when it goes', () => {
    const station = master();
    station.update([link('fe80::b', 'fe80::a')]);
    station.time.pass(1000);
    expect(source(station)).toBe('fe80::a');
    station.update([link('fe80::b')]);
    station.time.pass(1000);
    expect([source(station), station.isMaster]).toEqual(['fe80::b', true]);
    expect(transitions(station)).toEqual([]);
  });
});

describe('without an address to send from it is Down, says why, and starts by itself', () => {
  test.each<[string, (string | Partial<LinkAddress>)[], number]>([
    ['none', ['2001:db8::9'], Cause.NoLinkLocal],
    ['tentative', [{ address: 'fe80::a', tentative: true }], Cause.LinkLocalTentative],
    ['duplicate', [{ address: 'fe80::a', dadFailed: true, tentative: true }], Cause.LinkLocalDuplicate],
    ['nothing but the virtual one', [VIP], Cause.NoLinkLocal],
  ])('%s', (_, addresses, cause) => {
    const station = started({ links: [link(...addresses)] });
    expect(transitions(station)).toEqual([[State.Initialize, State.Down, cause]]);
    station.time.pass(60_000);
    expect([station.state(), station.sent]).toEqual([State.Down, []]);
    station.update([link('fe80::a')]);
    expect(transitions(station)).toEqual([[State.Down, State.Backup, Cause.Startup]]);
    station.time.pass(5000);
    expect([station.isMaster, source(station)]).toEqual([true, 'fe80::a']);
  });

  test('it goes while Master: good-bye from there, and Down', () => {
    const station = master();
    station.update([link('2001:db8::9')]);
    expect(transitions(station)).toEqual([[State.Master, State.Down, Cause.NoLinkLocal]]);
    expect([station.advertised().at(-1)!.priority, source(station)]).toEqual([0, 'fe80::a']);
  });

  test('IPv4 on the same interface runs all the same', () => {
    const station = started({ routers: [v6(), configuration()], links: [ethernet(['192.0.2.1'])] });
    expect([station.state(0), station.state(1)]).toEqual([State.Down, State.Backup]);
  });
});

describe('255 addresses', () => {
  const many = [VIP, ...Array.from({ length: 254 }, (_, at) => `2001:db8::${at.toString(16)}`)];
  const routers = [v6({ addresses: many })];
  const jumbo = { ...link('fe80::a'), mtu: 9000 };
  const length = 40 + 8 + 255 * 16;

  test('are sent, and read', () => {
    const one = master({ routers, links: [jumbo] });
    const frame = one.sent.find((sent) => sent.frame[20] === 112)!.frame;
    expect(frame.length).toBe(14 + length);
    const other = started({ routers, links: [jumbo] });
    other.hears(advertisement({ version: 3, family: 6, from: 'fe80::9', addresses: many }));
    expect(other.table.num(0, Num.AdvertisementsReceived)).toBe(1);
    expect(other.table.num(0, Num.AddressListMismatches)).toBe(0);
  });

  test('are announced all', () => {
    const station = master({ routers, links: [jumbo] });
    const first = station.announced().filter(({ time }) => time === station.announced()[0]!.time);
    expect(new Set(first.map(({ address }) => address)).size).toBe(255);
  });

  test.each([
    [length, State.Backup],
    [length - 1, State.Down],
    [1500, State.Down],
  ])('an MTU of %d', (mtu, state) => {
    const station = started({ routers, links: [{ ...jumbo, mtu }] });
    expect(station.state()).toBe(state);
    if (state === State.Down) expect(transitions(station).at(-1)?.[2]).toBe(Cause.MtuTooSmall);
  });

  test('the MTU becomes too small, and large enough again', () => {
    const station = master({ routers, links: [jumbo] });
    station.update([{ ...jumbo, mtu: 1500 }]);
    expect(transitions(station)).toEqual([[State.Master, State.Down, Cause.MtuTooSmall]]);
    station.update([jumbo]);
    expect(station.state()).toBe(State.Backup);
  });
});

test('the same octets once more are not decoded again, and obeyed', () => {
  const station = started();
  const frame = advertisement({ version: 3, family: 6, from: 'fe80::9', addresses: [VIP, '2001:db8::1'] });
  for (let i = 1; i <= 3; i++) {
    station.time.pass(1000);
    station.hears(frame);
    expect(station.table.num(0, Num.AdvertisementsReceived)).toBe(i);
  }
  expect(station.state()).toBe(State.Backup);
});

describe('the membership of the group', () => {
  test('is reported on each link and family in use, for as long', () => {
    const links = [{ ...ethernet(['192.0.2.1', 'fe80::a/64']) }];
    const station = started({ routers: [v6(), configuration()], links });
    const members = () =>
      [...station.host.open.values()]
        .filter(({ etherType }) => etherType === 0)
        .map(({ index, groups }) => [index, ...groups]);
    expect(members().sort()).toEqual([
      [1, 'IPv4'],
      [1, 'IPv6'],
    ]);
    const open = [...station.host.open.keys()];
    const handed = station.placement.letGo([]);
    expect(handed.map(({ membership }) => membership !== undefined)).toEqual([true, true]);
    expect([...station.host.open.keys()]).toEqual(open);
  });

  test('that cannot be reported is told, and everything else works', () => {
    const station = alone({ routers: [v6()], links: [link('fe80::a')] });
    station.host.refuseMembership = 'setsockopt(IPV6_JOIN_GROUP): ENODEV';
    station.update();
    expect(station.state()).toBe(State.Backup);
    expect(station.errors).toEqual([
      'eth0: membership of ff02::12 is not reported to the network: setsockopt(IPV6_JOIN_GROUP): ENODEV; a switch that ' +
        'snoops MLD may keep advertisements from us',
    ]);
  });
});

test('a neighbour advertisement counts once, with a filter and without', () => {
  const pass: GuardedFilter = { plugin: 'filter 1', program: () => [{ code: 6, jt: 0, jf: 0, k: 0x40000 }] };
  for (const options of [{}, { filter: pass }]) {
    const station = master(options);
    const before = station.table.num(station.table.strangers, Num.WakeUps);
    station.time.pass(20_000);
    expect(station.table.num(station.table.strangers, Num.WakeUps)).toBeGreaterThan(before);
    expect(new Set(station.announced().map(({ mac }) => mac))).toEqual(new Set(['00:00:5e:00:02:01']));
    expect(station.announced()).toHaveLength(10); // five of each address
  }
});
