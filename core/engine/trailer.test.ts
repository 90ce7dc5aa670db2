/** What signs behind the message: how the engine sends and checks it, and what it does not take for authenticated. */
import { describe, expect, test } from 'vitest';
import { EventType } from '../threads/event-ring.ts';
import { Num, State } from '../threads/state-table.ts';
import { addressBytes } from '../vrrp/address.ts';
import { pseudoHeaderSum } from '../vrrp/advertisement.ts';
import { foldChecksum, sumWords } from '../vrrp/checksum.ts';
import { DROP_REASONS, Drop, type DropReason } from '../vrrp/drop-reasons.ts';
import { encodeFixedParts, frameLength, sealFrame } from '../vrrp/frame.ts';
import { GROUPS, packetRules } from '../vrrp/packet-rules.ts';
import { droppedField } from './observer.ts';
import { KINDS, type Kind } from './test/kinds.ts';
import { Station } from './test/station.ts';
import { TOY_LENGTH, ToyTrailer } from './test/toy-trailer.ts';
import { VirtualTime } from './test/virtual-time.ts';
import { VirtualWire } from './test/virtual-wire.ts';

const THEIRS = '192.0.2.9';

/** A station alone, whose router has this trailer; it has started. */
function guarded(
  kind: Kind,
  make: (memory: ConstructorParameters<typeof ToyTrailer>[0]) => ToyTrailer = (memory) =>
    new ToyTrailer(memory),
  over: Parameters<Kind['configuration']>[0] = {},
  addresses = ['192.0.2.1'],
) {
  let toy!: ToyTrailer;
  const time = new VirtualTime();
  const station = new Station(time, new VirtualWire(time), {
    routers: [kind.configuration(over)],
    links: [kind.ethernet(addresses)],
    trailer: (memory) => {
      toy = make(memory);
      return toy;
    },
  });
  station.update();
  return { station, toy: () => toy };
}

/** Somebody else's advertisements of priority 200, each signed anew. */
function peer(kind: Kind, key = 1) {
  const { version, family, addresses, advertisementIntervalCs } = kind.configuration();
  const toy = new ToyTrailer({ bytes: new Uint8Array(1024), save: () => {} }, true, true, key);
  return (priority = 200, extension = TOY_LENGTH): Uint8Array => {
    const rules = packetRules(version, family, GROUPS[family], undefined, extension);
    const frame = new Uint8Array(frameLength(version, family, addresses.length) + extension);
    const fields = { version, family, vrid: 1, priority, authType: 0, intervalCs: advertisementIntervalCs };
    const source = addressBytes(kind.ip(THEIRS));
    const parts = encodeFixedParts(
      frame,
      0,
      source,
      { ...fields, addresses: addresses.map((address) => addressBytes(address)) },
      rules,
    );
    const before = family === 4 ? 8 : 32;
    const extend = (bytes: Uint8Array, start: number, end: number): void =>
      toy.sign(bytes, start, end, start - before);
    sealFrame(frame, 0, parts, rules, undefined, extension > 0 ? extend : undefined);
    return frame;
  };
}

function dropped({ table }: Station): Partial<Record<DropReason, number>> {
  const counts = DROP_REASONS.map((reason, at) => [reason, table.num(0, droppedField(at))] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

const received = ({ table }: Station): number => table.num(0, Num.AdvertisementsReceived);
const numbers = (station: Station): number[] =>
  station.sent
    .filter(({ frame }) => (frame[12] === 0x08 ? frame[13] === 0 : frame[20] === 112))
    .map(({ frame }) => new DataView(frame.buffer, frame.byteOffset).getUint32(frame.length - 4));

describe.each(KINDS)('$name', (kind) => {
  test('each advertisement is signed anew, the good-bye too, and its checksum is right', () => {
    const { station } = guarded(kind);
    station.time.pass(4 * kind.interval + 4000);
    station.placement.shutdown();
    const sent = station.sent.filter(({ frame }) =>
      kind.family === 4 ? frame[12] === 0x08 && frame[13] === 0 : frame[20] === 112,
    );
    expect(sent.length).toBeGreaterThan(4);
    const all = numbers(station);
    expect(new Set(all).size).toBe(all.length);
    expect([...all].sort((a, b) => a - b)).toEqual(all);
    for (const { frame } of sent) {
      const length = frame.length - kind.messageAt;
      const [from, to] = kind.family === 4 ? [26, 30] : [22, 38];
      const covered = kind.family === 6 ? length : length - TOY_LENGTH;
      const pseudo =
        kind.version === 3 && kind.family === 6 ? pseudoHeaderSum(frame, from, to, 6, covered) : 0;
      expect(foldChecksum(sumWords(frame, kind.messageAt, kind.messageAt + covered, pseudo))).toBe(0);
      const total = new DataView(frame.buffer, frame.byteOffset).getUint16(kind.family === 4 ? 16 : 18);
      expect(total).toBe(kind.family === 4 ? length + 20 : length);
    }
    expect(sent.at(-1)!.frame[kind.messageAt + 2]).toBe(0);
  });

  test('two routers hear each other, and one alone is Master', () => {
    const time = new VirtualTime();
    const wire = new VirtualWire(time, 0.1);
    const stations = [100, 200].map((priority, at) => {
      const station = new Station(time, wire, {
        routers: [kind.configuration({ priority })],
        links: [kind.ethernet([`192.0.2.${at + 1}`], { mac: `02:00:00:00:00:0${at + 1}` })],
        trailer: (memory) => new ToyTrailer(memory),
      });
      station.update();
      return station;
    });
    time.pass(20_000);
    expect(stations.map(({ isMaster }) => isMaster)).toEqual([false, true]);
    for (const station of stations) expect(dropped(station)).toEqual({});
  });

  test('the very same packet again is a replay, told at a bounded rate, and moves no timer', () => {
    const { station } = guarded(kind);
    const sign = peer(kind);
    const frame = sign();
    station.hears(frame);
    expect(received(station)).toBe(1);
    const deadline = station.table.num(0, Num.Deadline);
    station.time.pass(kind.interval / 2);
    for (let i = 0; i < 100; i++) station.hears(frame);
    expect(dropped(station)).toEqual({ 'auth-replayed': 100 });
    expect([received(station), station.table.num(0, Num.Deadline)]).toEqual([1, deadline]);
    const told = station.events().filter(({ type }) => type === EventType.Dropped);
    expect(told.map(({ a, b }) => [DROP_REASONS[a], b])).toEqual([['auth-replayed', 1]]);
    station.hears(sign());
    expect(received(station)).toBe(2);
  });

  test('of a Master that is known, only what is new is looked at, and all of that', () => {
    const { station } = guarded(kind);
    const sign = peer(kind);
    for (let i = 0; i < 3; i++) station.hears(sign());
    const damaged = sign();
    damaged[kind.messageAt + 7]! ^= 1; // the checksum
    const forged = sign();
    forged[forged.length - 6]! ^= 1;
    reseal(kind, forged);
    station.hears(damaged, forged, sign(201), sign(), sign());
    expect(received(station)).toBe(6);
    expect(dropped(station)).toEqual({ checksum: 1, 'auth-failed': 1 });
  });

  test('what is familiar of a Master is all but its trailer', () => {
    const { station } = guarded(kind);
    const advertise = peer(kind);
    const { familiar } = station.engine.parts;
    const slots = new Int32Array(512);
    const known = (frame: Uint8Array): number => familiar.recognise(slots, frame, 0, frame.length);
    station.hears(advertise());
    expect(known(advertise())).toBe(0);
    expect(known(advertise(100))).toBe(-1);
  });

  test('every outcome has its reason', () => {
    const { station, toy } = guarded(kind);
    const sign = peer(kind);
    const other = peer(kind, 2);
    const forged = sign();
    forged[forged.length - 6]! ^= 1; // of its sum
    const malformed = sign();
    malformed[malformed.length - TOY_LENGTH] = 0;
    for (const frame of [forged, malformed]) reseal(kind, frame);
    const longer = sign(200, TOY_LENGTH + 2);
    station.hears(forged, malformed, other(), sign(200, 0), longer);
    expect(dropped(station)).toEqual({
      ...{ 'auth-failed': 1, 'auth-malformed': 1, 'auth-unknown-key': 1, 'auth-missing': 1, count: 1 },
    });
    toy().genuine = 'stale';
    toy().skew = -7000;
    station.events();
    station.hears(sign());
    expect(station.events().map(({ type, a, c }) => [type, a, c])).toEqual([
      [EventType.Dropped, Drop['auth-stale'], -7000],
    ]);
    toy().genuine = 'skewed';
    toy().skew = 2600;
    station.hears(sign(), sign());
    expect(station.events().map(({ type, a, b }) => [type, a, b])).toEqual([[EventType.ClockSkew, 2600, 1]]);
    expect([received(station), station.table.num(0, Num.ClockSkews)]).toEqual([2, 2]);
  });

  test('receive-only and permissive: what has none is obeyed, counted, told once; what is wrong is not', () => {
    for (const sends of [false, true]) {
      const { station } = guarded(kind, (memory) => new ToyTrailer(memory, sends, false));
      const sign = peer(kind);
      const bare = sign(200, 0);
      for (let i = 0; i < 3; i++) station.hears(bare);
      expect([received(station), station.table.num(0, Num.Unauthenticated)]).toEqual([3, 3]);
      expect(station.events().filter(({ type }) => type === EventType.Unauthenticated)).toHaveLength(1);
      const signed = sign();
      station.hears(signed, signed);
      expect(received(station)).toBe(4);
      expect(dropped(station)).toEqual({ 'auth-replayed': 1 });
      station.time.pass(20_000);
      const length = station.sent.filter(({ frame }) => frame[12] === (kind.family === 4 ? 8 : 0x86)).at(-1)!
        .frame.length;
      if (kind.family === 4) expect(length).toBe(bare.length + (sends ? TOY_LENGTH : 0));
    }
  });

  test('without a plugin a trailer is a wrong length', () => {
    const time = new VirtualTime();
    const station = new Station(time, new VirtualWire(time), {
      routers: [kind.configuration()],
      links: [kind.ethernet(['192.0.2.1'])],
    });
    station.update();
    station.hears(peer(kind)());
    expect(dropped(station)).toEqual({ count: 1 });
  });

  test('one that cannot sign: not sent, counted, told; the router goes on once it can', () => {
    const { station, toy } = guarded(kind);
    station.time.pass(4 * kind.interval + 4000);
    expect(station.isMaster).toBe(true);
    const before = station.advertised().length;
    toy().broken = true;
    station.time.pass(3 * kind.interval);
    expect(station.advertised()).toHaveLength(before);
    expect(station.table.num(0, Num.SendErrors)).toBeGreaterThanOrEqual(2);
    expect(station.errors).toHaveLength(1);
    expect(station.errors[0]).toContain('sign failed: broken: the advertisement is not sent');
    toy().broken = false;
    station.time.pass(kind.interval * 1.5);
    expect(station.advertised().length).toBeGreaterThan(before);
  });

  test('the next engine goes on with the numbers and the memory of replays as they are when it takes over', () => {
    const { station: old, toy } = guarded(kind);
    const sign = peer(kind);
    const frames = [sign(50), sign(50), sign(50)];
    old.time.pass(4 * kind.interval + 4000);
    let heir!: ToyTrailer;
    const next = new Station(old.time, old.wire, {
      routers: [kind.configuration()],
      links: [kind.ethernet(['192.0.2.1'])],
      host: old.host,
      trailer: (memory) => {
        heir = new ToyTrailer(memory);
        return heir;
      },
    });
    next.placement.prepare(next.links);
    next.inherit(old.table);
    next.inheritMemories(old.memories); // the rehearsal
    const rehearsed = heir.sent;
    old.time.pass(2 * kind.interval); // meanwhile the old one sends and hears
    for (const frame of frames) old.hears(frame);
    expect(toy().sent).toBeGreaterThan(rehearsed);
    const sockets = old.placement.letGo([]);
    next.placement.inherit(sockets);
    next.inherit(old.table);
    next.inheritMemories(old.memories);
    next.engine.resume();
    next.update();
    expect(heir.adopted).toEqual(['reload', 'reload']);
    for (const frame of frames) next.hears(frame);
    expect(dropped(next)).toEqual({ 'auth-replayed': 3 });
    next.time.pass(3 * kind.interval);
    const all = numbers(next);
    expect(new Set(all).size).toBe(all.length);
  });

  test('an engine that gets its sockets back catches up with what others may have sent and accepted', () => {
    const { station, toy } = guarded(kind);
    station.placement.lend([]);
    expect(toy().adopted).toEqual([]);
    station.placement.takeBack();
    expect(toy().adopted).toEqual(['restart']);
    expect(station.errors).toEqual([]);
  });

  test('if its plugin cannot do that it goes on all the same, and says so', () => {
    const { station, toy } = guarded(kind);
    station.time.pass(4 * kind.interval + 4000);
    station.placement.lend([]);
    toy().adopt = () => {
      throw new Error('no way back');
    };
    station.placement.takeBack();
    expect(station.errors.join()).toMatch(/no way back: what was accepted meanwhile may be accepted again/);
    const before = station.advertised().length;
    station.time.pass(2 * kind.interval);
    expect(station.advertised().length).toBeGreaterThan(before);
  });
});

test('an answer and an advertisement of one turn are two packets with two numbers', () => {
  const kind = KINDS.find(({ version, family }) => version === 3 && family === 4)!;
  const { station } = guarded(kind);
  station.time.pass(20_000);
  expect(station.state()).toBe(State.Master);
  const sign = peer(kind);
  const before = numbers(station).length;
  // In one wake-up: each asks for an answer.
  station.host.standing = true;
  station.hears(sign(0), sign(10), sign(0), sign(10));
  station.host.standing = false;
  station.host.goOn();
  const all = numbers(station);
  expect(all.length).toBeGreaterThan(before);
  expect(new Set(all).size).toBe(all.length);
});

test('an address owner is not made to announce or answer by what is not genuine', () => {
  const kind = KINDS[0]!;
  const { station } = guarded(kind, undefined, {}, ['198.51.100.1']);
  expect(station.state()).toBe(State.Master);
  const sign = peer(kind);
  station.time.pass(20_000);
  const announced = station.announced().length;
  const forged = sign();
  forged[forged.length - 6]! ^= 1;
  reseal(kind, forged);
  station.hears(forged, sign(200, 0));
  station.time.pass(2000);
  expect(dropped(station)).toEqual({ 'auth-failed': 1, 'auth-missing': 1 });
  expect(station.announced()).toHaveLength(announced);
  station.hears(sign());
  station.time.pass(2000);
  expect(dropped(station)).toMatchObject({ 'address-owner': 1 });
  expect(station.announced().length).toBeGreaterThan(announced);
});

/** Makes the checksum right again after the trailer was changed: only IPv6's covers it. */
function reseal(kind: Kind, frame: Uint8Array): void {
  if (kind.family === 4) return;
  const at = kind.messageAt;
  frame.fill(0, at + 6, at + 8);
  const sum = sumWords(frame, at, frame.length, pseudoHeaderSum(frame, 22, 38, 6, frame.length - at));
  const checksum = foldChecksum(sum);
  frame.set([checksum >> 8, checksum & 0xff], at + 6);
}
