/** Routers that speak to their `peers` by IP, not to the multicast group. On a virtual wire; times in ms. */
import os from 'node:os';
import { describe, expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { Cause, EventType } from '../threads/event-ring.ts';
import { Num, State } from '../threads/state-table.ts';
import { addressBytes, addressText } from '../vrrp/address.ts';
import { ChecksumSort } from '../vrrp/advertisement.ts';
import { DROP_REASONS, Drop } from '../vrrp/drop-reasons.ts';
import { packetRules, unicast } from '../vrrp/packet-rules.ts';
import { droppedField } from './observer.ts';
import { advertisement, alone, configuration, ethernet, Station } from './test/station.ts';
import { ToyTrailer } from './test/toy-trailer.ts';
import { VirtualTime } from './test/virtual-time.ts';
import { VirtualWire } from './test/virtual-wire.ts';

const { EHOSTUNREACH, EPERM } = os.constants.errno;

/** A version and a family, with addresses of it. */
interface Sort {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly vips: readonly string[];
  readonly ours: string;
  readonly theirs: string;
  readonly third: string;
}

const FOUR = { vips: ['198.51.100.1'], ours: '192.0.2.1', theirs: '192.0.2.2', third: '192.0.2.3' };
const V2: Sort = { version: 2, family: 4, ...FOUR };
const V3: Sort = { version: 3, family: 4, ...FOUR };
const SIX: Sort = {
  ...{ version: 3, family: 6, vips: ['fe80::1', '2001:db8::1'] },
  ...{ ours: '2001:db8:1::1', theirs: '2001:db8:1::2', third: '2001:db8:1::3' },
};
const LOCAL: Sort = { ...SIX, ours: 'fe80::a:1', theirs: 'fe80::a:2', third: 'fe80::a:3' };
const SORTS: readonly (readonly [string, Sort])[] = [
  ['VRRPv2', V2],
  ['VRRPv3 over IPv4', V3],
  ['VRRPv3 over IPv6', SIX],
  ['VRRPv3 over IPv6, link-local', LOCAL],
];

const config = (sort: Sort, over: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig =>
  configuration({
    ...{ version: sort.version, family: sort.family, addresses: sort.vips, peers: [sort.theirs, sort.third] },
    ...over,
  });

/** A link with this address, and in IPv6 a link-local one in any case. */
function linkOf({ family }: Sort, address: string, mac = 1): Link {
  const local = family === 6 && !address.startsWith('fe80') ? [`fe80::ff:${mac}/64`] : [];
  return ethernet([...local, `${address}/${family === 4 ? 24 : 64}`], { mac: `02:00:00:00:00:0${mac}` });
}

/** What a peer sends to us. */
function packet(
  sort: Sort,
  from: string,
  over: Parameters<typeof advertisement>[0] = {},
  ttl = 255,
  to = sort.ours,
) {
  const { version, family, vips: addresses } = sort;
  const rules = { ...packetRules(version, family, unicast(addressBytes(to))), hopLimit: ttl };
  return advertisement({ version, family, addresses, from, ...over }, rules);
}

const started = (sort: Sort, over: Partial<VirtualRouterConfig> = {}): Station => {
  const station = alone({ routers: [config(sort, over)], links: [linkOf(sort, sort.ours)] });
  station.update();
  return station;
};

/** Destinations of what a station has sent, in order. */
function sentTo({ sent }: Station, { family }: Sort): string[] {
  const [protocolAt, from, to] = family === 4 ? [23, 30, 34] : [20, 38, 54];
  return sent
    .filter(({ frame }) => frame[12] === (family === 4 ? 0x08 : 0x86) && frame[protocolAt] === 112)
    .filter(({ frame }) => family === 6 || frame[13] === 0)
    .map(({ frame }) => addressText(frame.subarray(from, to)));
}

describe.each(SORTS)('%s', (_, sort) => {
  test('a Master speaks to each peer, from its source', () => {
    const station = started(sort);
    station.time.pass(3700);
    expect(station.isMaster).toBe(true);
    expect(sentTo(station, sort)).toEqual([sort.theirs, sort.third]);
    const at = sort.family === 4 ? [26, 30] : [22, 38];
    for (const { frame } of station.sent.filter(({ frame }) => frame[13] !== 6 && frame[20] !== 58)) {
      expect(addressText(frame.subarray(...(at as [number, number])))).toBe(sort.ours);
    }
    expect(station.table.num(0, Num.AdvertisementsSent)).toBe(1);
    station.placement.shutdown();
    expect(
      station
        .advertised()
        .slice(-2)
        .map(({ priority }) => priority),
    ).toEqual([0, 0]);
  });

  test('it announces its addresses on the link all the same', () => {
    const station = started(sort);
    station.time.pass(3800);
    expect(station.announced().map(({ address }) => address)).toEqual(sort.vips);
  });

  test('it obeys its peers alone; others are counted', () => {
    const station = started(sort);
    station.hears(packet(sort, sort.theirs, { priority: 200 }));
    expect(station.table.num(0, Num.AdvertisementsReceived)).toBe(1);
    const stranger = sort.family === 4 ? '192.0.2.77' : `${sort.ours}77`;
    station.hears(packet(sort, stranger, { priority: 255 }));
    station.hears(packet(sort, stranger, { priority: 255 }, 64));
    // They wake nobody, and are counted when something else does.
    expect(station.host.unheard).toBe(2);
    station.time.pass(4000);
    expect(station.table.num(0, droppedField(Drop.peer))).toBe(2);
    expect(station.table.num(0, Num.AdvertisementsReceived)).toBe(1);
    const dropped = station.events().filter(({ type }) => type === EventType.Dropped);
    expect(dropped.map(({ a, peer }) => [a, addressText(peer)])).toEqual([[Drop.peer, stranger]]);
  });

  test('what goes to the group does not reach it', () => {
    const station = started(sort);
    const { version, family, vips: addresses } = sort;
    station.hears(advertisement({ version, family, addresses, from: sort.theirs, priority: 200 }));
    expect(station.table.num(0, Num.AdvertisementsReceived)).toBe(0);
    expect(station.host.unheard).toBe(1);
  });

  test('what is for another VRID wakes nobody', () => {
    const station = started(sort);
    station.hears(packet(sort, sort.theirs, { vrid: 9 }));
    expect(station.host.unheard).toBe(1);
    station.time.pass(4000);
    expect(station.table.num(station.table.strangers, droppedField(Drop['unknown-vrid']))).toBe(0);
    const open = started(sort, { socketFilter: false });
    open.hears(packet(sort, sort.theirs, { vrid: 9 }));
    expect(open.host.unheard).toBe(0);
    expect(open.table.num(open.table.strangers, droppedField(Drop['unknown-vrid']))).toBe(1);
  });

  test('what a router has forwarded is dropped, unless min_ttl allows it', () => {
    const near = started(sort);
    near.hears(packet(sort, sort.theirs, {}, 254));
    expect(near.table.num(0, droppedField(Drop.ttl))).toBe(1);
    const far = started(sort, { minTtl: 250 });
    far.hears(packet(sort, sort.theirs, {}, 250));
    far.hears(packet(sort, sort.theirs, {}, 249));
    expect(far.table.num(0, Num.AdvertisementsReceived)).toBe(1);
    expect(far.table.num(0, droppedField(Drop.ttl))).toBe(1);
  });

  test('two of them: one Master, and the other one when it stops', () => {
    const time = new VirtualTime();
    const wire = new VirtualWire(time);
    const make = (own: string, other: string, priority: number, mac: number): Station => {
      const links = [linkOf(sort, own, mac)];
      const station = new Station(time, wire, {
        routers: [config(sort, { priority, peers: [other] })],
        links,
      });
      station.update();
      return station;
    };
    const one = make(sort.ours, sort.theirs, 200, 1);
    const two = make(sort.theirs, sort.ours, 100, 2);
    time.pass(20_000);
    expect([one.isMaster, two.isMaster]).toEqual([true, false]);
    expect(two.table.num(0, Num.AdvertisementsReceived)).toBeGreaterThan(10);
    expect(two.advertised()).toEqual([]);
    one.placement.shutdown();
    time.pass(1000);
    expect(two.isMaster).toBe(true);
  });

  test('a peer that cannot be reached is told once, and once when it can; the others hear us', () => {
    const station = started(sort);
    const { unreachable } = station.host;
    unreachable.set(sort.theirs, EHOSTUNREACH);
    station.time.pass(20_000);
    const told = (type: number) =>
      station
        .events()
        .filter((event) => event.type === type)
        .map(({ a, peer }) => [a, addressText(peer)]);
    expect(told(EventType.PeerUnreachable)).toEqual([[EHOSTUNREACH, sort.theirs]]);
    const errors = station.table.num(0, Num.SendErrors);
    expect(errors).toBeGreaterThan(10);
    expect(new Set(sentTo(station, sort))).toEqual(new Set([sort.third]));
    unreachable.clear();
    station.time.pass(20_000);
    expect(told(EventType.PeerReachable)).toEqual([[0, sort.theirs]]);
    expect(station.table.num(0, Num.SendErrors)).toBe(errors);
    expect(sentTo(station, sort)).toContain(sort.theirs);
    unreachable.set(sort.theirs, EPERM);
    station.time.pass(5000);
    expect(told(EventType.PeerUnreachable)).toEqual([[EPERM, sort.theirs]]);
  });

  test('what is lost to all of them is one advertisement, and is sent again a few times', () => {
    const peers = [1, 2, 3, 4].map((last) => `${sort.theirs.replace(/\w$/, '')}5${last}`);
    const station = started(sort, { peers });
    station.time.pass(30_000);
    const due = station.table.num(0, Num.Deadline);
    const before = station.advertised().length;
    station.host.full = 3 * peers.length;
    station.time.until(due + 1.5 * 1000);
    const at = station.advertised().slice(before);
    expect(at.map(({ time }) => (time - due) / 1000)).toEqual([
      ...peers.map(() => 3 / 32),
      ...peers.map(() => 1),
    ]);
  });

  test('so is one that the network cannot deliver to', () => {
    const station = started(sort);
    station.host.answers.set(sort.theirs, EHOSTUNREACH);
    station.time.pass(20_000);
    const told = station.events().filter(({ type }) => type === EventType.PeerUnreachable);
    expect(told.map(({ a, peer }) => [a, addressText(peer)])).toEqual([[EHOSTUNREACH, sort.theirs]]);
    expect(station.table.num(0, Num.SendErrors)).toBeGreaterThan(10);
    expect(station.isMaster).toBe(true);
  });

  test('it is down while it has no address to send from, and says why', () => {
    const station = started(sort);
    station.time.pass(4000);
    station.update([ethernet([])]);
    expect(station.state()).toBe(State.Down);
    const causes = station
      .events()
      .filter(({ type, b }) => type === EventType.Transition && b === State.Down);
    const missing = sort.family === 4 ? Cause.NoAddress : sort === LOCAL ? Cause.NoLinkLocal : Cause.NoGlobal;
    expect(causes.map(({ c }) => c)).toEqual([missing]);
    expect([...station.host.open.values()].some(({ bound }) => bound !== undefined)).toBe(false);
    station.update([linkOf(sort, sort.ours)]);
    station.time.pass(4000);
    expect(station.isMaster).toBe(true);
  });

  test('its interface goes down and up, or another one takes its name', () => {
    const station = started(sort);
    station.time.pass(4000);
    const up = linkOf(sort, sort.ours);
    station.placement.change({ links: [{ ...up, running: false }], gone: [] });
    station.time.pass(10);
    expect(station.state()).toBe(State.Down);
    expect(station.host.open.size).toBe(0);
    station.placement.change({ links: [up], gone: [] });
    station.time.pass(4000);
    expect(station.isMaster).toBe(true);
    station.placement.change({ links: [], gone: ['eth0'] });
    station.time.pass(10);
    expect(station.state()).toBe(State.Down);
    expect(station.host.open.size).toBe(0);
    station.update([{ ...up, index: 5 }]);
    station.time.pass(4000);
    expect(station.isMaster).toBe(true);
    const scopes = [...station.host.open.values()].flatMap(({ bound }) => bound?.scope ?? []);
    expect(new Set(scopes)).toEqual(new Set([sort === LOCAL ? 5 : 0]));
  });

  test('all of its sockets pass on to the next engine, the same ones', () => {
    const station = started(sort);
    station.time.pass(5000);
    const before = new Set(station.host.open.keys());
    const next = new Station(station.time, station.wire, {
      ...{ routers: [config(sort)], links: station.links, host: station.host },
    });
    next.placement.prepare(station.links);
    next.placement.inherit(station.placement.letGo([]));
    next.inherit(station.table);
    next.engine.resume();
    next.update();
    expect(new Set(next.host.open.keys())).toEqual(before);
    expect(next.isMaster).toBe(true);
    const sent = sentTo(next, sort).length;
    next.time.pass(2000);
    expect(sentTo(next, sort).length).toBeGreaterThanOrEqual(sent + 2);
  });
});

describe('the source', () => {
  const ELSEWHERE = '203.0.113.5';
  const over = { source: ELSEWHERE };
  const others = (present: boolean): Link[] => [
    linkOf(V2, V2.ours),
    ethernet(present ? [ELSEWHERE] : [], { name: 'lo', index: 9, ethernet: false }),
  ];

  test('may be an address of any interface; the router waits until it is there', () => {
    const station = alone({ routers: [config(V2, over)], links: others(false) });
    station.update();
    const change = (present: boolean): void =>
      station.placement.change({ links: [others(present)[1]!], gone: [] });
    expect(station.state()).toBe(State.Down);
    const [event] = station.events().filter(({ type }) => type === EventType.Transition);
    expect(event?.c).toBe(Cause.SourceMissing);
    change(true);
    station.time.pass(10);
    expect(station.state()).toBe(State.Backup);
    expect(station.routers[0]!.primaryText).toBe(ELSEWHERE);
    change(false);
    station.time.pass(10);
    expect(station.state()).toBe(State.Down);
    change(true);
    station.time.pass(10);
    expect(station.state()).toBe(State.Backup);
  });

  test('is shared by routers of several interfaces, which one socket serves', () => {
    const routers = [
      config(V2, { ...over, vrid: 1 }),
      config(V2, { ...over, vrid: 2, interface: 'eth1' }),
      config(V3, { ...over, vrid: 1 }),
    ];
    const links = [...others(true), ethernet(['192.0.2.66'], { name: 'eth1', index: 2 })];
    const station = alone({ routers, links });
    station.update();
    const bound = () => [...station.host.open.values()].filter((socket) => socket.bound);
    expect(bound()).toHaveLength(2); // peers, and strangers
    // One of the interfaces changes: the others' routers are still served.
    station.placement.change({
      links: [ethernet(['192.0.2.66'], { name: 'eth1', index: 2, up: false })],
      gone: [],
    });
    station.time.pass(10);
    expect(station.state(1)).toBe(State.Down);
    expect(bound()).toHaveLength(2); // peers, and strangers
    for (const [slot, sort] of [
      [0, V2],
      [2, V3],
    ] as const) {
      station.hears(packet(sort, sort.theirs, { vrid: 1, addresses: sort.vips }, 255, ELSEWHERE));
      expect(station.table.num(slot, Num.AdvertisementsReceived)).toBe(1);
    }
    station.placement.change({ links: [links[2]!], gone: [] });
    station.time.pass(10);
    expect(station.state(1)).toBe(State.Backup);
    expect(bound()).toHaveLength(2); // peers, and strangers
  });

  test('with another primary address the socket is another one, and the Master stays', () => {
    const station = started(V3);
    station.time.pass(5000);
    const moved = linkOf(V3, '192.0.2.50');
    station.placement.change({ links: [moved], gone: [] });
    station.links = [moved];
    station.time.pass(2000);
    expect(station.isMaster).toBe(true);
    expect([...station.host.open.values()].flatMap(({ bound }) => bound?.source ?? [])).toEqual([
      ...['192.0.2.50', '192.0.2.50'],
    ]);
  });
});

test('a group for multicast and one for peers on the same interface: each has its own', () => {
  const routers = [config(V2), configuration({ vrid: 2 })];
  const station = alone({ routers, links: [linkOf(V2, V2.ours)] });
  station.update();
  station.hears(packet(V2, V2.theirs));
  station.hears(advertisement({ vrid: 2, addresses: ['198.51.100.2'] }));
  expect([0, 1].map((slot) => station.table.num(slot, Num.AdvertisementsReceived))).toEqual([1, 1]);
  station.time.pass(10_000);
  expect(station.sent.some(({ frame }) => addressText(frame.subarray(30, 34)) === '224.0.0.18')).toBe(true);
});

test('the owner of the virtual address may send from it', () => {
  const [, global] = SIX.vips as [string, string];
  const links = [ethernet([`${SIX.vips[0]}/64`, `${global}/64`])];
  const station = alone({ routers: [config(SIX)], links });
  station.update();
  station.time.pass(10);
  expect(station.isMaster).toBe(true);
  expect(station.routers[0]!.primaryText).toBe(global);
  const other = alone({ routers: [config(SIX)], links: [ethernet(['fe80::9/64', `${global}/128`])] });
  other.update();
  expect(other.state()).toBe(State.Down);
});

test('a peer that could not be reached is not told again by the next engine', () => {
  const station = started(V2);
  station.host.unreachable.set(V2.theirs, EHOSTUNREACH);
  station.time.pass(6000);
  const next = new Station(station.time, station.wire, {
    ...{ routers: [config(V2)], links: station.links, host: station.host },
  });
  next.placement.prepare(station.links);
  next.placement.inherit(station.placement.letGo([]));
  next.routers[0]!.inheritPeers(station.routers[0]!.peersKnown!);
  next.inherit(station.table);
  next.engine.resume();
  next.update();
  next.time.pass(20_000);
  const told = (type: number) => next.events().filter((event) => event.type === type).length;
  expect(told(EventType.PeerUnreachable)).toBe(0);
  station.host.unreachable.clear();
  next.time.pass(20_000);
  expect(told(EventType.PeerReachable)).toBe(1);
});

test('each peer is sent the sort of checksum that it was heard with', () => {
  const station = started(V3, { priority: 254 });
  const hear = (from: string, sort: ChecksumSort): void => {
    const rules = packetRules(3, 4, unicast(addressBytes(V3.ours)), sort);
    station.hears(advertisement({ version: 3, addresses: V3.vips, from, priority: 1 }, rules));
  };
  station.time.pass(5000);
  hear(V3.theirs, ChecksumSort.PseudoHeader);
  hear(V3.third, ChecksumSort.Message);
  const sortTo = (): ChecksumSort[] => [0, 1].map((to) => station.routers[0]!.checksums.sortTo(to));
  expect(sortTo()).toEqual([ChecksumSort.PseudoHeader, ChecksumSort.Message]);
  const known = station.routers[0]!.peersKnown!;
  const next = started(V3, { peers: [V3.third, V3.theirs] });
  next.routers[0]!.inheritPeers(known);
  expect([0, 1].map((to) => next.routers[0]!.checksums.sortTo(to))).toEqual([
    ChecksumSort.Message,
    ChecksumSort.PseudoHeader,
  ]);
});

test.each(SORTS)(
  '%s: what signs behind the message does so for each peer, and two stations understand each other',
  (_, sort) => {
    const time = new VirtualTime();
    const wire = new VirtualWire(time, 0.1);
    const make = (own: string, other: string, priority: number, mac: number): Station => {
      const station = new Station(time, wire, {
        routers: [config(sort, { priority, peers: [other, sort.third] })],
        links: [linkOf(sort, own, mac)],
        trailer: (memory) => new ToyTrailer(memory),
      });
      station.update();
      return station;
    };
    const better = make(sort.ours, sort.theirs, 200, 1);
    const worse = make(sort.theirs, sort.ours, 100, 2);
    time.pass(20_000);
    expect([better.isMaster, worse.isMaster]).toEqual([true, false]);
    for (const { table } of [better, worse])
      expect(
        DROP_REASONS.flatMap((reason, at) => (table.num(0, droppedField(at)) > 0 ? reason : [])),
      ).toEqual([]);
    expect(worse.table.num(0, Num.AdvertisementsReceived)).toBeGreaterThan(10);
  },
);
