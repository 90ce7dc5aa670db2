import { describe, expect, test } from 'vitest';
import type { HoldSettings } from '../config/model.ts';
import { checkProgram } from '../plugin/compliance/classic-bpf.ts';
import { Cause, EventType } from '../threads/event-ring.ts';
import { Num, State } from '../threads/state-table.ts';
import { Hold } from '../vrrp/hold.ts';
import { earProgram, ownMacs } from './ears.ts';
import {
  advertisement,
  alone,
  configuration,
  ethernet,
  Station,
  type StationOptions,
} from './test/station.ts';

const NO_HOLD: HoldSettings = { start: 0, boot: 0, link: 0, debounce: 0, hearing: 0, preempt: 0 };
/** Master_Down_Interval of priority 100. */
const DOWN = 3609.375;

const held = (over: Partial<HoldSettings>): StationOptions => ({
  routers: [configuration({ hold: { ...NO_HOLD, ...over } })],
});

/** Reasons and times of the holds that were told, and those that were over. */
function told(station: Station): (readonly [reason: number, ms: number])[] {
  return station
    .events()
    .filter(({ type }) => type === EventType.Hold || type === EventType.HoldOver)
    .map(({ a, b }) => [a, b]);
}

/** An ARP packet of another station: anything foreign. */
function foreign(source = '02:00:00:00:00:77', over: Record<number, number> = {}): Uint8Array {
  const frame = new Uint8Array(60);
  frame.fill(0xff, 0, 6);
  frame.set(
    source.split(':').map((octet) => Number.parseInt(octet, 16)),
    6,
  );
  frame.set([0x08, 0x06], 12);
  for (const [at, octet] of Object.entries(over)) frame[Number(at)] = octet;
  return frame;
}

/** An engine takes over from another one on the same host, as the worker has it; `update` starts it. */
function takeOver(before: Station, options: StationOptions): Station {
  const after = new Station(before.time, before.wire, { ...options, host: before.host });
  after.placement.prepare(before.placement.links);
  const sockets = before.placement.letGo([]);
  after.inherit(before.table);
  after.engine.resume();
  after.placement.inherit(sockets);
  return after;
}

/** Becomes Master after so many ms. */
function expectMasterAfter(station: Station, ms: number): void {
  station.time.pass(ms - 1);
  expect(station.state()).toBe(State.Backup);
  station.time.pass(2);
  expect(station.state()).toBe(State.Master);
}

describe('start_delay and boot_delay', () => {
  test('a lone router becomes Master when it is over, and says why', () => {
    const station = alone(held({ start: 10_000 }));
    station.update();
    expect(told(station)).toEqual([[Hold.Start, 10_000]]);
    expectMasterAfter(station, 10_000);
    const [last] = station.events().filter(({ type }) => type === EventType.Transition);
    expect(last).toMatchObject({ a: State.Backup, b: State.Master, c: Cause.HoldOver });
  });

  test('boot_delay counts from the boot: of a machine that has run for long nothing is left', () => {
    const station = alone(held({ boot: 10_000 }));
    station.update();
    expect(told(station)).toEqual([]);
    expectMasterAfter(station, DOWN);
    const young = alone(held({ boot: 10_000, start: 2000 }));
    young.host.bootedBefore = 3000; // and the virtual time begins at 1000
    young.update();
    expect(told(young)).toEqual([[Hold.Boot, 6000]]);
    expectMasterAfter(young, 6000);
  });

  test('they go on after a hand-over with the time that is left, and do not begin anew', () => {
    const before = alone(held({ start: 10_000, hearing: 30_000 }));
    before.update();
    before.time.pass(4000);
    const after = takeOver(before, held({ start: 10_000 }));
    after.update();
    expect(told(after)).toEqual([]);
    expectMasterAfter(after, 6000);
  });

  test('a router that a reload has added does not wait for a start that is long past', () => {
    const before = alone({ routers: [] });
    before.update();
    before.time.pass(20_000);
    const after = new Station(
      before.time,
      before.wire,
      held({ start: 10_000, link: 10_000, hearing: 10_000 }),
    );
    after.table.setNum(after.table.strangers, Num.StartedAt, before.table.num(0, Num.StartedAt));
    after.update();
    expectMasterAfter(after, DOWN);
  });

  test('shortened by a reload there is less of it, and none without it', () => {
    for (const [hold, left] of [
      [{ ...NO_HOLD, start: 5000 }, 5000],
      [undefined, 1],
    ] as const) {
      const before = alone(held({ start: 3_600_000 }));
      before.update();
      before.time.pass(10_000);
      const after = takeOver(before, { routers: [configuration(hold ? { hold } : {})] });
      after.update();
      expect(after.state()).toBe(State.Backup);
      after.time.pass(left + 1);
      expect(after.state()).toBe(State.Master);
    }
  });

  test('the address owner waits as a Backup and does not take advertisements amiss', () => {
    const station = alone({
      routers: [configuration({ addresses: ['192.0.2.1'], hold: { ...NO_HOLD, start: 5000 } })],
    });
    station.update();
    station.time.pass(1000);
    station.hears(advertisement({ addresses: ['192.0.2.1'], priority: 100 }));
    expect(station.table.num(0, Num.AdvertisementsReceived)).toBe(1);
    expectMasterAfter(station, 4000);
  });
});

describe('link_delay', () => {
  const up = ethernet(['192.0.2.1']);
  const down = { ...up, running: false };

  test('each time that the interface has come up, and not at the start', () => {
    const station = alone(held({ link: 8000 }));
    station.update([up]);
    expectMasterAfter(station, DOWN);
    station.update([down]);
    expect(station.state()).toBe(State.Down);
    station.time.pass(1000);
    station.update([up]);
    expectMasterAfter(station, 8000);
  });

  test('also of one that comes after the start, or is made anew', () => {
    const station = alone(held({ link: 8000 }));
    station.update([]);
    station.update([up]);
    expectMasterAfter(station, 8000);
    station.update([{ ...up, index: 2 }]);
    expect(told(station).at(-1)).toEqual([Hold.Link, 8000]);
    expectMasterAfter(station, 8000);
  });

  test('counts from the carrier, not from the address that comes later', () => {
    const station = alone(held({ link: 8000 }));
    station.update([down]);
    station.update([{ ...up, addresses: [] }]);
    station.time.pass(3000);
    station.update([up]);
    expectMasterAfter(station, 5000);
  });

  test('another address, a reload or a fail-over is no coming up', () => {
    const station = alone(held({ link: 8000 }));
    station.update([up]);
    station.time.pass(DOWN + 1);
    station.update([{ ...up, addresses: [] }]);
    station.update([up]);
    expectMasterAfter(station, DOWN);
    station.engine.failOver(station.routers[0]!);
    station.engine.settle();
    expectMasterAfter(station, DOWN);
    expect(told(station)).toEqual([]);
  });
});

describe('link_debounce', () => {
  const up = ethernet(['192.0.2.1']);
  const down = { ...up, running: false };

  test('a Master stays Master through a short loss of carrier', () => {
    const station = alone(held({ debounce: 2000, link: 9000 }));
    station.update([up]);
    station.time.pass(DOWN + 1);
    station.update([down]);
    station.time.pass(1999);
    expect(station.isMaster).toBe(true);
    station.update([up]);
    station.time.pass(5000);
    expect(station.isMaster).toBe(true);
    expect(told(station)).toEqual([
      [Hold.Debounce, 2000],
      [Hold.Debounce, 0],
    ]);
  });

  test('a longer one is acted upon when the time is over', () => {
    const station = alone(held({ debounce: 2000 }));
    station.update([up]);
    station.time.pass(DOWN + 1);
    station.placement.change({ links: [down], gone: [] });
    station.time.pass(1999);
    expect(station.isMaster).toBe(true);
    station.time.pass(2);
    expect(station.state()).toBe(State.Down);
    station.update([up]);
    expectMasterAfter(station, DOWN);
  });

  test('a Backup that could hear nothing does not take its Master for dead', () => {
    const station = alone(held({ debounce: 10_000 }));
    station.update([up]);
    station.time.pass(1000);
    station.hears(advertisement());
    station.update([down]);
    station.time.pass(6000);
    expect(station.state()).toBe(State.Backup);
    station.update([up]);
    expectMasterAfter(station, DOWN);
  });

  test('an interface that is set down, or is gone, has lost more than its carrier', () => {
    for (const links of [[{ ...up, up: false, running: false }], []]) {
      const station = alone(held({ debounce: 10_000 }));
      station.update([up]);
      station.time.pass(DOWN + 1);
      station.update(links);
      expect(station.state()).toBe(State.Down);
    }
  });

  test('an engine that takes over meanwhile goes on with the time that is left', () => {
    const before = alone(held({ debounce: 4000 }));
    before.update([up]);
    before.time.pass(DOWN + 1);
    before.update([down]);
    before.time.pass(3000);
    const after = takeOver(before, held({ debounce: 4000 }));
    after.update([down]);
    after.time.pass(999);
    expect(after.isMaster).toBe(true);
    after.time.pass(2);
    expect(after.state()).toBe(State.Down);
  });
});

describe('hearing', () => {
  test('nothing is heard: Master when the limit is over, and nobody listens any more', () => {
    const station = alone(held({ hearing: 20_000 }));
    station.update();
    const open = station.host.open.size;
    expectMasterAfter(station, 20_000);
    expect(station.host.open.size).toBe(open - 1);
  });

  test('the first foreign frame: a whole Master_Down_Interval from then on, and later ones wake nobody', () => {
    const station = alone(held({ hearing: 20_000 }));
    station.update();
    station.time.pass(6000);
    station.hears(foreign());
    expect(told(station)).toEqual([
      [Hold.Hearing, 20_000],
      [Hold.Hearing, 0],
    ]);
    const { unheard } = station.host;
    station.hears(foreign(), foreign());
    expect(station.host.unheard).toBe(unheard + 2);
    expectMasterAfter(station, DOWN);
  });

  test('a Master that is heard is followed', () => {
    const station = alone(held({ hearing: 20_000 }));
    station.update();
    station.time.pass(6000);
    station.hears(advertisement());
    expect(station.state()).toBe(State.Backup);
    expectMasterAfter(station, DOWN);
  });

  test('our own frames, reflected, and what a port says for itself are not foreign', () => {
    const station = alone(held({ hearing: 20_000 }));
    station.update();
    station.time.pass(1000);
    station.hears(
      foreign('02:00:00:00:00:01'),
      foreign('02:00:00:00:00:77', { 12: 0, 13: 0x26 }), // a length: spanning tree
      foreign('02:00:00:00:00:77', { 12: 0x88, 13: 0xcc }),
      foreign('02:00:00:00:00:77', { 12: 0x90, 13: 0x00 }),
      foreign('02:00:00:00:00:77', { 12: 0x81, 13: 0x00 }),
    );
    expect(told(station)).toEqual([[Hold.Hearing, 20_000]]);
    // Of a MAC address as similar as can be.
    station.hears(foreign('02:00:00:00:01:01'));
    expect(told(station)).toEqual([[Hold.Hearing, 0]]);
  });

  test('it begins anew when the interface comes up again, and an engine that takes over goes on with it', () => {
    const up = ethernet(['192.0.2.1']);
    const before = alone(held({ hearing: 20_000 }));
    before.update([up]);
    before.hears(foreign());
    before.time.pass(100);
    before.update([{ ...up, running: false }]);
    before.update([up]);
    before.time.pass(5000);
    const after = takeOver(before, held({ hearing: 20_000 }));
    const open = before.host.open.size;
    after.update([up]);
    expect(after.host.open.size).toBe(open);
    after.time.pass(5000);
    after.hears(foreign());
    expectMasterAfter(after, DOWN);
    expect(after.host.open.size).toBe(open - 1);
  });

  test('an engine that is not to listen any more closes the socket of the one before', () => {
    const before = alone(held({ hearing: 20_000 }));
    before.update();
    const after = takeOver(before, {});
    const open = before.host.open.size;
    after.update();
    expect(after.host.open.size).toBe(open - 1);
    expectMasterAfter(after, DOWN);
  });

  test('a shutdown leaves no socket', () => {
    const station = alone(held({ hearing: 20_000 }));
    station.update();
    station.placement.shutdown();
    expect(station.host.open.size).toBe(0);
  });

  test('a link-local group of IEEE 802.1D and Cisco’s are not forwarded, their neighbours are', () => {
    const program = earProgram(['02:00:00:00:00:01']);
    expect(program.length % 4).toBe(0);
    const station = alone(held({ hearing: 20_000 }));
    station.update();
    const to = (...octets: readonly number[]) =>
      foreign('02:00:00:00:00:77', Object.fromEntries(octets.map((octet, at) => [at, octet])));
    station.host.promiscuous = true;
    station.hears(
      to(0x01, 0x80, 0xc2, 0, 0, 0),
      to(0x01, 0x80, 0xc2, 0, 0, 0x2f),
      to(0x01, 0, 0x0c, 0xcc, 0xcc, 0xcd),
    );
    expect(told(station)).toEqual([[Hold.Hearing, 20_000]]);
    station.hears(to(0x01, 0x80, 0xc2, 0, 0, 0x30));
    expect(told(station)).toEqual([[Hold.Hearing, 0]]);
  });
});

describe('the filter of hearing', () => {
  test('is one that the kernel takes, however many interfaces the host has', () => {
    const links = Array.from({ length: 500 }, (_, at) =>
      ethernet([], {
        index: at + 1,
        mac: `02:00:00:00:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`,
      }),
    );
    const words = earProgram(ownMacs(links[7]!, links));
    const program = Array.from({ length: words.length / 4 }, (_, at) => {
      const [code = 0, jt = 0, jf = 0, k = 0] = words.subarray(at * 4, at * 4 + 4);
      return { code, jt, jf, k };
    });
    expect(() => checkProgram(program)).not.toThrow();
  });

  test('this host’s other interfaces are no other station, a virtual MAC address is', () => {
    const lan = ethernet([], { mac: '00:00:5e:00:01:07' });
    const below = ethernet([], { index: 2, mac: '02:00:00:00:00:02' });
    const none = ethernet([], { index: 3, mac: '' });
    expect(ownMacs(lan, [lan, below, none])).toEqual(['02:00:00:00:00:02']);
  });
});

describe('preempt_delay', () => {
  test('a Master of lower priority stays it so long; dead, it is taken over at once', () => {
    for (const [stays, expected] of [
      [true, 10_000],
      [false, DOWN],
    ] as const) {
      const station = alone(held({ preempt: 10_000 }));
      station.update();
      const begun = station.time.now();
      station.hears(advertisement({ priority: 50 }));
      expect(told(station)).toEqual([[Hold.Preempt, 10_000]]);
      while (stays && station.time.now() < begun + 9000) {
        station.time.pass(1000);
        expect(station.state()).toBe(State.Backup);
        station.hears(advertisement({ priority: 50 }));
      }
      expectMasterAfter(station, expected - (station.time.now() - begun));
    }
  });
});

test('down_timer_adverts, also behind the interval of a VRRPv3 Master', () => {
  const two = alone({ routers: [configuration({ downTimerAdverts: 6 })] });
  two.update();
  expectMasterAfter(two, DOWN + 3000);
  const three = alone({ routers: [configuration({ version: 3, downTimerAdverts: 2 })] });
  three.update();
  three.hears(advertisement({ version: 3, intervalCs: 50 }));
  expectMasterAfter(three, 1000 + (156 / 256) * 500);
});
