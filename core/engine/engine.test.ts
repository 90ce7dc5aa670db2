import { describe, expect, test } from 'vitest';
import { Cause, EventType } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import { DROP_REASONS, Drop, type DropReason } from '../vrrp/drop-reasons.ts';
import type { GuardedAuthenticator } from './guard.ts';
import { droppedField } from './observer.ts';
import { KINDS } from './test/kinds.ts';
import type { Station, StationOptions } from './test/station.ts';

// Times in ms, on a made-up clock.

const START = 1000;

describe.each(KINDS)('$name', (kind) => {
  const { advertisement, alone, configuration, ethernet, started, interval, ip, version, family } = kind;
  const DOWN = kind.down();

  /** A station that is Master, a while after it became so. */
  function master(options: StationOptions = {}): Station {
    const station = started(options);
    station.time.until(START + DOWN + 100.5); // not just when it advertises, whatever the interval
    expect(station.isMaster).toBe(true);
    return station;
  }

  const counter = (station: Station, field: number, slot = 0): number => station.table.num(slot, field);

  /** Counters of dropped packets that are not 0, by reason. */
  function dropped({ table }: Station, slot = 0): Partial<Record<DropReason, number>> {
    const counts = DROP_REASONS.map((reason, at) => [reason, table.num(slot, droppedField(at))] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  const owner: StationOptions = { links: [ethernet(['198.51.100.1'])] };

  describe('deadlines', () => {
    test('nobody there: Master after the Master_Down_Interval, then once an interval, on the grid', () => {
      const station = started();
      station.time.until(START + DOWN - 0.01);
      expect([station.state(), station.advertised()]).toEqual([State.Backup, []]);
      station.time.until(START + DOWN + 3.5 * interval);
      expect(station.advertised()).toEqual(
        [0, 1, 2, 3].map((tick) => ({ time: START + DOWN + tick * interval, vrid: 1, priority: 100 })),
      );
      expect(counter(station, Num.AdvertisementsSent)).toBe(4);
      expect(counter(station, Num.BecameMaster)).toBe(1);
    });

    test('the address owner is Master at once, with priority 255', () => {
      const station = started(owner);
      expect(station.advertised()).toEqual([{ time: START, vrid: 1, priority: 255 }]);
    });

    test('on the steady path a Master wakes once for each advertisement, however many routers are due', () => {
      const routers = Array.from({ length: 20 }, (_, at) => configuration({ vrid: at + 1 }));
      const station = started({ routers, idle: true });
      station.time.until(START + DOWN + 100);
      const before = counter(station, Num.WakeUps, station.table.strangers);
      const sent = station.advertised().length;
      station.time.pass(10 * interval);
      expect(counter(station, Num.WakeUps, station.table.strangers) - before).toBe(10);
      expect(station.advertised().length - sent).toBe(20 * 10);
    });

    test('advertisements that are due within a small share of their interval go out together', () => {
      const routers = [101, 100].map((priority, at) => configuration({ vrid: at + 1, priority }));
      const station = started({ routers, idle: true });
      const [first, second] = [101, 100].map((priority) => START + kind.down(priority));
      station.time.until(second! + 3 * interval);
      const times = (vrid: number) =>
        station
          .advertised()
          .filter((sent) => sent.vrid === vrid)
          .map(({ time }) => time);
      const ticks = [1, 2, 3].map((tick) => first! + tick * interval);
      expect(times(1)).toEqual([first, ...ticks]);
      expect(times(2)).toEqual([second, ...ticks]); // 3.9 ms early
    });

    test('a process that stood still takes nobody for dead: one interval more, and it is told', () => {
      const station = started();
      station.host.standing = true;
      station.time.pass(DOWN + 2000);
      station.host.goOn();
      expect(station.state()).toBe(State.Backup);
      expect(station.table.num(0, Num.Deadline)).toBe(station.time.now() + interval);
      const stalled = station.events().filter(({ type }) => type === EventType.Stalled);
      expect(stalled.map(({ a }) => Math.round(a))).toEqual([2000]);
      station.time.pass(interval);
      expect(station.isMaster).toBe(true);
    });

    test('a Master that stood still makes up for nothing', () => {
      const station = master();
      station.host.standing = true;
      station.time.pass(5 * interval);
      const before = station.advertised().length;
      station.host.goOn();
      expect(station.advertised()).toHaveLength(before + 1);
      station.time.pass(interval);
      expect(station.advertised()).toHaveLength(before + 2);
    });

    test('what has arrived counts before a deadline that has passed meanwhile', () => {
      const station = started();
      station.time.until(START + DOWN - 1);
      station.host.standing = true;
      station.hears(advertisement());
      station.time.pass(100);
      station.host.goOn();
      expect(station.state()).toBe(State.Backup);
      expect(counter(station, Num.AdvertisementsReceived)).toBe(1);
      expect(station.sent).toEqual([]);
    });
  });

  describe('advertisements', () => {
    test('a better Master is followed, and its silence ends that', () => {
      const station = master();
      station.hears(advertisement());
      const heard = station.time.now();
      expect(station.state()).toBe(State.Backup);
      expect(station.table.num(0, Num.Deadline)).toBe(heard + DOWN);
      expect(counter(station, Num.LeftMaster)).toBe(1);
      station.time.until(heard + DOWN);
      expect(station.isMaster).toBe(true);
    });

    test.each([
      ['a lower priority', { priority: 99 }, true, 0],
      ['the same from a lower address', { priority: 100, from: '192.0.2.0' }, true, 0],
      ['the same from a higher address', { priority: 100 }, false, Cause.HigherAddress],
      ['a higher priority', { priority: 101 }, false, Cause.HigherPriority],
    ])('a Master hears %s', (_, over, stays, cause) => {
      const station = master({ links: [ethernet(['192.0.2.1/16'])] });
      station.events();
      station.hears(advertisement(over));
      expect(station.isMaster).toBe(stays);
      const answered = station.advertised().at(-1)!.time === station.time.now();
      expect(answered, 'RFC 9568 answers what is inferior').toBe(stays && version === 3);
      const transitions = station.events().filter(({ type }) => type === EventType.Transition);
      expect(transitions.map(({ a, b, c }) => [a, b, c])).toEqual(
        stays ? [] : [[State.Master, State.Backup, cause]],
      );
    });

    test('another Master that stops is answered at once, but not without end', () => {
      const station = master();
      const sent = station.advertised().length;
      for (let i = 0; i < 50; i++) station.hears(advertisement({ priority: 0 }));
      const answers = station.advertised().length - sent;
      expect(answers).toBeGreaterThan(0);
      expect(answers).toBeLessThan(10);
      expect(counter(station, Num.PriorityZeroReceived)).toBe(50);
    });

    test('the Master stops: Master itself after the skew time', () => {
      const station = started();
      station.hears(advertisement());
      station.time.pass(interval / 2);
      station.hears(advertisement({ priority: 0 }));
      const heard = station.time.now();
      station.time.until(heard + kind.skew());
      expect(station.isMaster).toBe(true);
    });

    // VRRPv3 has no authentication.
    if (version === 2)
      test('what is identical is verified once, and obeyed every time', () => {
        let verified = 0;
        const authenticator: GuardedAuthenticator = {
          ...{ plugin: 'auth', authType: 254, sign: () => {} },
          verify: () => {
            verified++;
            return true;
          },
        };
        const station = started({ authenticator });
        const frame = advertisement({ authType: 254 });
        for (let i = 0; i < 5; i++) {
          station.time.pass(interval);
          station.hears(frame);
          expect(station.table.num(0, Num.Deadline)).toBe(station.time.now() + DOWN);
        }
        expect([verified, counter(station, Num.AdvertisementsReceived)]).toEqual([1, 5]);
        station.hears(advertisement({ authType: 254, priority: 150 }));
        expect(verified).toBe(2);
      });

    test('with debug = 5 each one is told, received and sent; otherwise none', () => {
      for (const chatty of [true, false]) {
        const station = started({ chatty });
        station.hears(advertisement());
        station.time.pass(DOWN);
        const told = station
          .events()
          .filter(
            ({ type }) => type >= EventType.AdvertisementReceived && type <= EventType.AdvertisementSent,
          )
          .map(({ type, a, peer }) => [type, a, [...peer]]);
        const all = [
          [EventType.AdvertisementReceived, 200, kind.octets('192.0.2.9')],
          [EventType.AdvertisementSent, 100, []],
        ];
        expect(told).toEqual(chatty ? all : []);
      }
    });
  });

  describe('a packet is dropped for one reason, and counted', () => {
    const patched = (frame: Uint8Array, at: number, ...octets: number[]): Uint8Array => {
      const copy = frame.slice();
      copy.set(octets, at);
      return copy;
    };
    const good = advertisement();
    const { messageAt } = kind;
    /** To another group; the IPv4 header's checksum adjusted. */
    const elsewhere =
      family === 4 ? patched(patched(good, 33, 19), 25, good[25]! - 1) : patched(good, messageAt - 1, 0x13);
    const refusing: GuardedAuthenticator = {
      ...{ plugin: 'auth', authType: 1, sign: () => {}, verify: () => false },
    };
    const ofVersion2: [DropReason, Uint8Array, StationOptions?][] = [
      ['auth-type', advertisement({ authType: 1 })],
      ['auth-failed', advertisement({ authType: 1 }), { authenticator: refusing }],
      ['interval', advertisement({ intervalCs: 200 })],
    ];
    const virtualSource: [DropReason, Uint8Array] = ['source', advertisement({ from: '198.51.100.1' })];
    if (family === 6) {
      // FRR has it on an interface of its own, and sends from there.
      test('from the virtual address', () => {
        const station = started();
        station.hears(virtualSource[1]);
        expect(dropped(station)).toEqual({});
        expect(counter(station, Num.AdvertisementsReceived)).toBe(1);
      });
    }
    test.each<[DropReason, Uint8Array, StationOptions?]>([
      ['destination', elsewhere],
      ...(family === 4 ? ['127.0.0.1', '192.0.2.255', '192.0.2.0'] : ['::1', '::', 'ff02::5']).map(
        (from): [DropReason, Uint8Array] => ['source', advertisement({ from })],
      ),
      ...(family === 4 ? [virtualSource] : []),
      ['version', patched(good, messageAt, 0x41)],
      ['type', patched(good, messageAt, (version << 4) | 2)],
      ['checksum', patched(good, messageAt + 2, 201)],
      ['count', patched(good, messageAt + 3, 2)],
      ['count', advertisement({ addresses: [] })],
      ['own-source', advertisement({ from: '192.0.2.1' })],
      ['address-owner', good, owner],
      ['interval', advertisement({ intervalCs: 0 })],
      ['address-list', advertisement({ addresses: ['198.51.100.77'] })],
      ...(version === 2 ? ofVersion2 : []),
    ])('%s (%#)', (reason, frame, options) => {
      const station = started(options);
      station.events();
      station.hears(frame);
      expect(dropped(station)).toEqual({ [reason]: 1 });
      expect(dropped(station, station.table.strangers)).toEqual({});
      expect(counter(station, Num.AdvertisementsReceived)).toBe(0);
      const told = station.events().filter(({ type }) => type === EventType.Dropped);
      expect(told.map(({ slot, a, b }) => [slot, a, b])).toEqual([[0, Drop[reason], 1]]);
    });

    test.each<[DropReason, Uint8Array, boolean]>([
      ['unknown-vrid', advertisement({ vrid: 2 }), true],
      ['truncated', good.subarray(0, 30), true],
      ['ip-header', patched(good, 14, 0x55), true],
      ['not-vrrp', patched(good, family === 4 ? 23 : 20, 17), false], // normal without a filter: not told
    ])('%s, for no router', (reason, frame, told) => {
      const station = started();
      station.events();
      station.hears(frame);
      expect(dropped(station, station.table.strangers)).toEqual({ [reason]: 1 });
      expect(dropped(station)).toEqual({});
      expect(station.events()).toHaveLength(told ? 1 : 0);
    });

    test('the same complaint is told once in ten seconds, with how often', () => {
      const station = started();
      station.events();
      for (let i = 0; i < 5; i++) station.hears(advertisement({ from: '192.0.2.1' }));
      station.time.pass(10_000);
      station.hears(advertisement({ from: '192.0.2.1' }));
      const told = station.events().filter(({ type }) => type === EventType.Dropped);
      expect(told.map(({ a, b }) => [a, b])).toEqual([
        [Drop['own-source'], 1],
        [Drop['own-source'], 5],
      ]);
      expect(dropped(station)).toEqual({ 'own-source': 6 });
    });

    test('another address list is told, and obeyed if it is of our group or an owner’s', () => {
      const routers = [configuration({ addresses: ['198.51.100.1', '198.51.100.2'] })];
      const station = started({ routers });
      station.events();
      station.hears(advertisement({ addresses: ['198.51.100.2', '198.51.100.77'] }));
      station.hears(advertisement({ priority: 255, addresses: ['198.51.100.77'] }));
      expect(counter(station, Num.AdvertisementsReceived)).toBe(2);
      expect(counter(station, Num.AddressListMismatches)).toBe(2);
      const [told] = station.events();
      expect([told?.type, told?.c]).toEqual([EventType.AddressListMismatch, 2]);
      const listed = ['198.51.100.2', '198.51.100.77'].flatMap(kind.octets);
      expect([...(told?.listed ?? [])]).toEqual(listed);
    });

    test('a frame for another host or of another VLAN is nobody’s', () => {
      const station = started();
      station.host.promiscuous = true;
      station.hears(patched(good, 0, 0x02, 0, 0, 0, 0, 0x77));
      expect(station.table.num(station.table.strangers, Num.WakeUps)).toBe(1);
      expect(counter(station, Num.AdvertisementsReceived)).toBe(0);
      expect(dropped(station)).toEqual({});
    });

    test('a frame of a socket that was closed meanwhile is nobody’s', () => {
      const station = started();
      station.engine.place(0, good, 77);
      station.engine.wake(1, true);
      expect(counter(station, Num.AdvertisementsReceived)).toBe(0);
    });
  });

  describe('the neighbours', () => {
    test('are told once the addresses are in place, not before', () => {
      const station = master({ idle: true });
      expect(station.announced()).toEqual([]);
      station.applied();
      expect(station.announced()).toEqual([
        { time: station.time.now(), address: ip('198.51.100.1'), mac: kind.virtualMac() },
      ]);
      station.time.pass(60_000);
      expect(station.announced()).toHaveLength(5);
    });

    test('are told again when another station says otherwise, a second apart at least', () => {
      const station = master();
      station.time.pass(20_000);
      const before = station.announced().length;
      station.events();
      for (let i = 0; i < 100; i++) {
        station.hears(kind.claim('198.51.100.1', '02:00:00:00:00:99'));
        station.time.pass(10);
      }
      station.time.pass(2000);
      expect(station.announced().length - before).toBe(2);
      expect(dropped(station)).toEqual({ 'address-conflict': 100 });
      const told = station.events().filter(({ type }) => type === EventType.Dropped);
      expect(told.map(({ a, c }) => [a, c])).toEqual([[Drop['address-conflict'], 0x020000000099]]);
    });

    test.each([
      ['of an address that is not ours', '198.51.100.2', '02:00:00:00:00:99'],
      ['with our virtual MAC', '198.51.100.1', kind.virtualMac()],
      ['with our interface’s MAC', '198.51.100.1', '02:00:00:00:00:01'],
    ])('what is told %s changes nothing', (_, address, mac) => {
      const station = master();
      station.time.pass(20_000);
      const before = station.announced().length;
      station.hears(kind.claim(address, mac));
      station.time.pass(2000);
      expect([station.announced().length - before, dropped(station)]).toEqual([0, {}]);
    });

    test('a Backup says nothing of what others tell', () => {
      const station = started();
      station.hears(kind.claim('198.51.100.1', '02:00:00:00:00:99'));
      station.time.pass(interval);
      expect([station.sent, dropped(station)]).toEqual([[], {}]);
    });

    test('are told again when an inferior Master has advertised, and when a packet is not the owner’s', () => {
      for (const options of [{}, owner]) {
        const station = master(options);
        station.time.pass(20_000);
        const before = station.announced().length;
        station.hears(advertisement({ priority: 50 }));
        expect(station.announced().length - before).toBe(1);
        expect(station.isMaster).toBe(true);
      }
    });
  });

  describe('orders', () => {
    test('to fail over: good-bye, Backup that does not preempt, Master again if nobody is there', () => {
      const station = master();
      const from = station.time.now();
      station.engine.failOver(station.routers[0]!);
      station.engine.settle();
      expect(station.advertised().at(-1)).toEqual({ time: from, vrid: 1, priority: 0 });
      expect([station.state(), station.routers[0]!.preempt]).toEqual([State.Backup, false]);
      station.time.pass(interval / 2);
      station.hears(advertisement({ priority: 50 }));
      const heard = station.time.now();
      station.time.until(heard + DOWN - 1);
      expect(station.state()).toBe(State.Backup);
      station.time.until(heard + DOWN);
      expect([station.isMaster, station.routers[0]!.preempt]).toEqual([true, true]);
    });

    test('to fail over change nothing of a Backup or an address owner', () => {
      for (const station of [started(), started(owner)]) {
        const before = [station.state(), station.sent.length];
        station.engine.failOver(station.routers[0]!);
        station.engine.settle();
        expect([station.state(), station.sent.length]).toEqual(before);
      }
    });

    test('to give up: good-bye, Down until then, and no preemption afterwards', () => {
      const station = master();
      station.engine.giveUp(station.routers[0]!, 99_000);
      station.engine.settle();
      expect(station.advertised().at(-1)?.priority).toBe(0);
      expect(station.state()).toBe(State.Down);
      expect([station.table.num(0, Num.RetryAt), station.table.int(0, Int.StandingBy)]).toEqual([99_000, 1]);
      station.time.pass(60_000);
      expect(station.state()).toBe(State.Down);
    });

    test('to close: neither packets nor deadlines, nothing is sent', () => {
      const station = master();
      const sent = station.sent.length;
      station.engine.close();
      station.hears(advertisement());
      station.applied();
      station.engine.settle();
      station.time.pass(10_000);
      expect([station.isMaster, station.sent.length]).toEqual([true, sent]);
    });
  });

  describe('an advertisement that no queue has room for', () => {
    /** When advertisements have left, in intervals after the one that was due first. */
    function times(lost: number): { station: Station; at: number[] } {
      const station = master();
      station.time.pass(30_000); // it has announced its addresses
      const due = counter(station, Num.Deadline);
      const before = station.advertised().length;
      station.host.full = lost;
      station.time.until(due + 1.5 * interval);
      return {
        station,
        at: station
          .advertised()
          .slice(before)
          .map(({ time }) => (time - due) / interval),
      };
    }

    test('is sent again soon, and the next one at its time', () => {
      const { station, at } = times(1);
      expect(at).toEqual([1 / 32, 1]);
      expect(counter(station, Num.SendErrors)).toBe(1);
      const errors = station.events().filter(({ type }) => type === EventType.SendError);
      expect(errors.map(({ a }) => a)).toEqual([105]); // ENOBUFS
    });

    test('a few times, no more', () => {
      expect(times(3).at).toEqual([3 / 32, 1]);
      expect(times(4).at).toEqual([1]);
      expect(times(5).at).toEqual([1 + 1 / 32]);
    });

    test('not if it is no Master any more', () => {
      const station = master();
      station.host.full = 1;
      station.engine.stop(station.routers[0]!, Cause.Shutdown, State.Initialize);
      station.engine.settle();
      const sent = station.sent.length;
      station.time.pass(3 * interval);
      expect(station.sent).toHaveLength(sent);
    });
  });

  test('what cannot be sent is counted and told, and tried again with the next advertisement', () => {
    const station = master();
    station.events();
    station.host.plug(ethernet(['192.0.2.1'], { up: false }), station.wire); // the engine has not been told yet
    const sent = counter(station, Num.AdvertisementsSent);
    station.time.pass(3 * interval);
    expect(counter(station, Num.AdvertisementsSent)).toBe(sent + 3);
    expect(counter(station, Num.SendErrors)).toBeGreaterThanOrEqual(3);
    const [told] = station.events().filter(({ type }) => type === EventType.SendError);
    expect(told?.a).toBe(100); // ENETDOWN
    station.host.plug(ethernet(['192.0.2.1']), station.wire);
    const before = station.advertised().length;
    station.time.pass(interval);
    expect(station.advertised()).toHaveLength(before + 1);
  });

  test('a successor goes on with the deadlines of the state table', () => {
    const station = master();
    const due = station.routers[0]!.deadline;
    station.engine.close();
    const heir = alone();
    heir.placement.prepare(heir.links);
    new Uint8Array(heir.table.buffer).set(new Uint8Array(station.table.buffer));
    heir.engine.rehearse();
    heir.time.until(station.time.now());
    heir.engine.resume();
    heir.update();
    heir.time.until(Math.max(due, station.time.now() + 500));
    expect(heir.advertised()[0]).toEqual({ time: due, vrid: 1, priority: 100 });
    expect(heir.announced().length, 'goes on with its series').toBe(1);
  });
});
