/**
 * Beside routers that read one sort of checksum alone there is one Master, whoever starts first and whatever the
 * priorities are. On a virtual wire; times in ms.
 */
import { describe, expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { EventType } from '../threads/event-ring.ts';
import { Int, State } from '../threads/state-table.ts';
import { ChecksumSort, emptyAdvertisement } from '../vrrp/advertisement.ts';
import { decodeFor, decodeHeader, emptyFrame } from '../vrrp/frame.ts';
import { GROUPS, packetRules } from '../vrrp/packet-rules.ts';
import { masterDownInterval } from '../vrrp/timers.ts';
import { advertisement, alone, configuration, ethernet, Station } from './test/station.ts';
import { VirtualTime } from './test/virtual-time.ts';
import { VirtualWire } from './test/virtual-wire.ts';

const { Message, PseudoHeader } = ChecksumSort;
const INTERVAL = 1000;
const OURS = '192.0.2.5';
const v3 = (over: Partial<VirtualRouterConfig> = {}) => configuration({ version: 3, ...over });

/** What the checksum of a sent frame covers. */
function sortOf(frame: Uint8Array): ChecksumSort {
  const header = emptyFrame();
  const message = emptyAdvertisement();
  expect(decodeHeader(frame, 0, frame.length, header)).toBe(-1);
  expect(decodeFor(frame, header, packetRules(3, 4), message)).toBe(-1);
  return message.checksumSort;
}

const isVrrp = (frame: Uint8Array): boolean => frame[12] === 0x08 && frame[13] === 0;

/** The sorts of what a station has sent, one for each run of the same. */
function sorts({ sent }: Station): ChecksumSort[] {
  const all = sent.filter(({ frame }) => isVrrp(frame)).map(({ frame }) => sortOf(frame));
  return all.filter((sort, at) => sort !== all[at - 1]);
}

/** A daemon of another make: it sends this sort, and drops every other. */
function strict(
  time: VirtualTime,
  wire: VirtualWire,
  over: Partial<VirtualRouterConfig>,
  address: string,
): Station {
  const links = [ethernet([address], { mac: '02:00:00:00:00:99' })];
  const station = new Station(time, wire, { routers: [v3(over)], links });
  const { port } = station;
  const { hear } = port;
  const only = over.checksum === 'rfc9568' ? Message : PseudoHeader;
  port.hear = (frame) => {
    if (!isVrrp(frame) || sortOf(frame) === only) hear(frame);
  };
  return station;
}

describe.each(['pseudo-header', 'rfc9568'] as const)('beside a router that knows %s alone', (checksum) => {
  describe.each(['it starts first', 'we start first', 'both start at once'] as const)('%s', (first) => {
    test.each([
      ['our priority is higher', 150, '192.0.2.9', OURS, true],
      ['our priority is higher, no preemption', 150, '192.0.2.9', OURS, false],
      ['our priority is lower', 50, '192.0.2.9', OURS, true],
      ['our priority is lower, no preemption', 50, '192.0.2.9', OURS, false],
      ['equal, our address is lower', 100, '192.0.2.9', OURS, true],
      ['equal, our address is higher', 100, '192.0.2.1', OURS, true],
      ['we are the owner', 100, '192.0.2.9', '198.51.100.1', true],
      ['it is the owner', 100, '198.51.100.1', OURS, true],
    ])('%s: one Master, and it stays', (_, priority, theirs, ours, preempt) => {
      const time = new VirtualTime();
      const wire = new VirtualWire(time);
      const it = strict(time, wire, { checksum, priority: 100, preempt }, theirs);
      const links = [ethernet([ours])];
      const we = new Station(time, wire, { routers: [v3({ priority, preempt })], links });
      const inOrder = first === 'we start first' ? [we, it] : [it, we];
      inOrder[0]!.update();
      if (first !== 'both start at once') time.pass(10_000);
      inOrder[1]!.update();
      // Whoever could not hear the other one is Master by now, and has been answered.
      time.pass(masterDownInterval(3, 50, INTERVAL) + 10);
      const masters = () => [it, we].filter((one) => one.isMaster);
      expect(masters()).toHaveLength(1);
      const [chosen] = masters();
      for (const one of [it, we]) one.events();
      for (let passed = 0; passed < 20_000; passed += 100) {
        time.pass(100);
        expect(masters()).toEqual([chosen]);
      }
      const changes = [it, we].flatMap((one) =>
        one.events().filter(({ type }) => type === EventType.Transition),
      );
      expect(changes).toEqual([]);

      // The Master is gone: the other one is; then it comes back.
      const other = chosen === we ? it : we;
      chosen!.host.standing = true;
      time.pass(masterDownInterval(3, 50, INTERVAL) + 10);
      expect(other.isMaster).toBe(true);
      chosen!.host.goOn();
      time.pass(masterDownInterval(3, 50, INTERVAL) + 2 * INTERVAL);
      expect(masters()).toHaveLength(1);
    });

    test('both are Master for a moment at most, where they are at all', () => {
      const time = new VirtualTime();
      const wire = new VirtualWire(time);
      const it = strict(time, wire, { checksum, priority: 100 }, '192.0.2.9');
      const we = new Station(time, wire, { routers: [v3({ priority: 150 })], links: [ethernet([OURS])] });
      for (const one of first === 'we start first' ? [we, it] : [it, we]) {
        one.update();
        if (first !== 'both start at once') time.pass(10_000);
      }
      let both = 0;
      for (let passed = 0; passed < 20_000; passed++) {
        time.pass(1);
        if (it.isMaster && we.isMaster) both++;
      }
      expect(both).toBeLessThan(5);
    });
  });
});

test.each([
  ['its address is higher', '192.0.2.9', false],
  ['its address is lower', '192.0.2.1', true],
])(
  'another Master whose interval begins anew with all that it hears, readable or not: %s',
  (_, from, stays) => {
    const time = new VirtualTime();
    const wire = new VirtualWire(time);
    const we = new Station(time, wire, { routers: [v3()], links: [ethernet([OURS])] });
    // keepalived after a partition: equal priority; what it cannot read keeps it from advertising.
    const frame = advertisement(
      { version: 3, priority: 100, from },
      packetRules(3, 4, GROUPS[4], PseudoHeader),
    );
    const heard: ChecksumSort[] = [];
    let callOff = () => {};
    const again = () => {
      callOff();
      callOff = time.after(INTERVAL + 0.3, () => {
        wire.send(port, frame);
        again();
      });
    };
    const port = {
      hear(other: Uint8Array) {
        if (!isVrrp(other)) return;
        heard.push(sortOf(other));
        again();
      },
    };
    we.update();
    time.pass(10_000);
    expect(we.isMaster).toBe(true);
    wire.plug(port);
    time.pass(10_000);
    expect(we.isMaster).toBe(stays);
    expect(heard.at(-1)).toBe(stays ? PseudoHeader : Message);
  },
);

test('what we send: RFC 9568 until another one is heard, then as that one does; told, and in the table', () => {
  const station = alone({ routers: [v3()] });
  station.update();
  station.time.pass(5000);
  expect([sorts(station), station.table.int(0, Int.Checksum)]).toEqual([[Message], Message]);
  expect(station.table.int(0, Int.ChecksumHeard)).toBe(0);
  station.events();
  const theirs = (checksum: ChecksumSort, over: { priority?: number; from?: string } = {}) =>
    advertisement({ version: 3, priority: 50, ...over }, packetRules(3, 4, GROUPS[4], checksum));
  station.hears(theirs(Message));
  expect(station.events(), 'as it was supposed').toEqual([]);
  station.hears(theirs(PseudoHeader));
  expect(sorts(station), 'answered at once').toEqual([Message, PseudoHeader]);
  expect(station.table.int(0, Int.Checksum)).toBe(PseudoHeader);
  expect(station.table.int(0, Int.ChecksumHeard)).toBe(PseudoHeader);
  const [told] = station.events();
  expect([told?.type, told?.a, told?.c, [...(told?.peer ?? [])].join('.')]).toEqual([
    ...[EventType.Checksum, PseudoHeader, PseudoHeader, '192.0.2.9'],
  ]);
  station.time.pass(5000);
  station.engine.stop(station.routers[0]!, 1, State.Initialize);
  station.engine.settle();
  expect(sorts(station), 'the good-bye too').toEqual([Message, PseudoHeader]);
});

test('a change is not hidden by what is familiar: A, B with the other sort, A again', () => {
  const station = alone({ routers: [v3()] });
  station.update();
  const [a, b] = [Message, PseudoHeader].map((sort, at) =>
    advertisement({ version: 3, from: `192.0.2.${10 + at}` }, packetRules(3, 4, GROUPS[4], sort)),
  );
  const foreign = advertisement(
    { version: 3, from: '192.0.2.12', priority: 0 }, // is never remembered
    packetRules(3, 4, GROUPS[4], PseudoHeader),
  );
  for (const [frame, sort] of [
    [a, Message],
    [a, Message],
    [b, PseudoHeader],
    [a, Message],
    [foreign, PseudoHeader],
    [a, Message],
  ] as const) {
    station.hears(frame!);
    expect(station.table.int(0, Int.Checksum)).toBe(sort);
  }
});

test('of many changes each sort is told once in ten seconds, and nothing is sent beyond what answers are bounded to', () => {
  const station = alone({ routers: [v3()] });
  station.update();
  station.time.pass(5000);
  station.events();
  const before = station.advertised().length;
  for (let i = 0; i < 100; i++) {
    const sort = i % 2 === 0 ? PseudoHeader : Message;
    station.hears(advertisement({ version: 3, priority: 50 }, packetRules(3, 4, GROUPS[4], sort)));
  }
  const told = station.events().filter(({ type }) => type === EventType.Checksum);
  expect(told.map(({ a }) => a)).toEqual([PseudoHeader, Message]);
  expect(station.advertised().length - before).toBeLessThan(10);
});

test.each([
  ['rfc9568', Message, PseudoHeader],
  ['pseudo-header', PseudoHeader, Message],
] as const)('checksum = "%s" stays, and it is told that others do otherwise', (checksum, ours, theirs) => {
  const station = alone({ routers: [v3({ checksum })] });
  station.update();
  station.time.pass(5000);
  station.events();
  station.hears(advertisement({ version: 3, priority: 50 }, packetRules(3, 4, GROUPS[4], theirs)));
  const told = station.events().filter(({ type }) => type === EventType.Checksum);
  expect(told.map(({ a, c }) => [a, c])).toEqual([[theirs, ours]]);
  expect(sorts(station)).toEqual([ours]);
  expect(station.table.int(0, Int.ChecksumHeard)).toBe(theirs);
});

test('a successor goes on as its predecessor did', () => {
  const station = alone({ routers: [v3()] });
  station.update();
  station.time.pass(4000);
  station.hears(advertisement({ version: 3, priority: 50 }, packetRules(3, 4, GROUPS[4], PseudoHeader)));
  station.engine.close();
  const heir = alone({ routers: [v3()] });
  heir.placement.prepare(heir.links);
  expect(heir.table.int(0, Int.Checksum)).toBe(Message);
  heir.inherit(station.table);
  heir.time.until(station.time.now());
  heir.engine.resume();
  heir.update();
  heir.time.pass(2000);
  expect([sorts(heir), heir.table.int(0, Int.Checksum)]).toEqual([[PseudoHeader], PseudoHeader]);
});

test('neither version 2 nor IPv6 has sorts', () => {
  for (const over of [{}, { version: 3, family: 6, addresses: ['fe80::1'] }] as const) {
    const station = alone({ routers: [configuration(over)], links: [ethernet(['192.0.2.1', 'fe80::9/64'])] });
    station.update();
    station.time.pass(5000);
    expect([station.isMaster, station.table.int(0, Int.Checksum)]).toEqual([true, 0]);
  }
});
