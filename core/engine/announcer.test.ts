import { expect, test } from 'vitest';
import type { FurtherAddress } from '../config/model.ts';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { Announcer } from './announcer.ts';
import { Attachment } from './attachment.ts';
import { EngineRouter } from './router.ts';
import { configuration, ethernet } from './test/station.ts';
import { Transmitter } from './transmitter.ts';

const SOCKET = 20;
const ADDRESSES = ['198.51.100.1', '198.51.100.2'];

/** A Master of two addresses that are in place, and what its announcer sends. */
function stage(further: readonly FurtherAddress[] = []) {
  const table = StateTable.allocate(1);
  const config = configuration({ addresses: ADDRESSES, further });
  const router = new EngineRouter(0, config, undefined, table);
  const transmitter = new Transmitter(0, () => {});
  const sent: string[] = [];
  transmitter.send = (count) => {
    for (let entry = 0; entry < count; entry++) {
      const [, offset = 0, length = 0] = transmitter.queue.subarray(entry * 3, entry * 3 + 3);
      const frame = transmitter.buffer.subarray(offset, offset + length);
      const mac = Buffer.from(frame.subarray(22, 28)).toString('hex');
      sent.push(`${frame.subarray(28, 32).join('.')} at ${mac}`);
    }
    return 0;
  };
  const announcer = new Announcer(table, transmitter);
  router.attachment = Attachment.imaginary(ethernet([]), 4, new Int32Array(256), SOCKET);
  table.setInt(0, Int.State, State.Master);
  table.setInt(0, Int.Wanted, 1);
  table.setInt(0, Int.Applied, 1);
  /** Announces now. @returns when the next one is due, and what was sent */
  const announce = (now: number): [number, string[]] => {
    const next = announcer.announce(router, now);
    transmitter.flush();
    return [next, sent.splice(0)];
  };
  return { table, router, announcer, announce };
}

const VIRTUAL = ADDRESSES.map((address) => `${address} at 00005e000101`);

test('a series: every address, five times over some seconds, then never', () => {
  const { announcer, router, announce, table } = stage();
  expect(announcer.hasComeIntoPlace(router, 100)).toBe(true);
  let now = 100;
  const pauses: number[] = [];
  for (;;) {
    const [next, sent] = announce(now);
    expect(sent).toEqual(VIRTUAL);
    expect(table.num(0, Num.AnnounceDeadline)).toBe(next);
    if (next === 0) break;
    pauses.push(next - now);
    now = next;
  }
  expect(pauses).toEqual([500, 1000, 2000, 5000]);
});

test('the interface’s own MAC where the addresses are on it', () => {
  const { announcer, router, announce, table } = stage();
  table.setInt(0, Int.Announce, 1);
  announcer.hasComeIntoPlace(router, 100);
  expect(announce(100)[1]).toEqual(ADDRESSES.map((address) => `${address} at 020000000001`));
});

test('coming into place is told once, and again after the addresses were gone', () => {
  const { announcer, router, table } = stage();
  expect(announcer.hasComeIntoPlace(router, 100)).toBe(true);
  expect(announcer.hasComeIntoPlace(router, 200)).toBe(false);
  table.setInt(0, Int.Applied, 0);
  expect(announcer.hasComeIntoPlace(router, 300)).toBe(false);
  table.setInt(0, Int.Applied, 1);
  expect(announcer.hasComeIntoPlace(router, 400)).toBe(true);
});

test('nothing is announced of a Backup, of addresses that are not in place, or without an interface', () => {
  for (const spoil of [
    ({ table }: ReturnType<typeof stage>) => table.setInt(0, Int.State, State.Backup),
    ({ table }: ReturnType<typeof stage>) => table.setInt(0, Int.Applied, 0),
  ]) {
    const on = stage();
    spoil(on);
    expect(on.announce(100)).toEqual([0, []]);
    expect(on.announcer.hasComeIntoPlace(on.router, 100)).toBe(false);
    expect(on.announcer.again(on.router, 5000)).toBe(false);
    expect(on.announcer.contested(on.router, 5000)).toBe(0);
    expect(on.announcer.resume(on.router, 5000)).toBe(0);
  }
  const on = stage();
  on.router.attachment = undefined;
  expect(on.announce(100)).toEqual([0, []]);
});

test('a series starts again at most once a second', () => {
  const { announcer, router, announce, table } = stage();
  announcer.hasComeIntoPlace(router, 5000);
  announce(5000);
  expect(announcer.again(router, 5999)).toBe(false);
  expect(table.int(0, Int.AnnounceStep)).toBe(1);
  expect(announcer.again(router, 6000)).toBe(true);
  expect(table.int(0, Int.AnnounceStep)).toBe(0);
});

test('contested: at once, then a second later, never later than the series', () => {
  const { announcer, router, announce, table } = stage();
  expect(announcer.contested(router, 10_000)).toBe(10_000);
  table.setNum(0, Num.AnnounceDeadline, 0); // sent
  expect(announcer.contested(router, 10_001)).toBe(11_000);
  expect(announcer.contested(router, 10_900), 'however often').toBe(11_000);
  table.setNum(0, Num.AnnounceDeadline, 0);
  expect(announcer.contested(router, 20_000), 'long after').toBe(20_000);
  table.setNum(0, Num.AnnounceDeadline, 0);
  // A series is under way whose next one is due before that.
  announcer.again(router, 30_000);
  announcer.contested(router, 30_000);
  const [next] = announce(30_000);
  expect(next).toBe(30_500);
  expect(announcer.contested(router, 30_001)).toBe(30_500);
  expect(table.num(0, Num.AnnounceDeadline)).toBe(30_500);
});

test('contested twice before it is sent: the second claim does not put it off', () => {
  const { announcer, router, table } = stage();
  expect(announcer.contested(router, 10_000)).toBe(10_000);
  expect(announcer.contested(router, 10_000)).toBe(10_000);
  expect(table.num(0, Num.AnnounceDeadline)).toBe(10_000);
});

test('a successor goes on with the series, and does not start another one', () => {
  const { announcer, router, table } = stage();
  table.setNum(0, Num.AnnounceDeadline, 4711);
  expect(announcer.resume(router, 100)).toBe(4711);
  expect(announcer.hasComeIntoPlace(router, 100)).toBe(false);
});

test('further addresses are announced where they are, from the MAC that is there', () => {
  const further = [
    { family: 4, address: '198.51.100.3', prefixLength: 24 },
    { family: 4, address: '203.0.113.1', prefixLength: 32, interface: 'eth1' },
    { family: 4, address: '203.0.113.2', prefixLength: 32, interface: 'eth2' },
  ] as const;
  const { announcer, router, announce, table } = stage(further);
  const mac = '02:00:00:00:00:09';
  const elsewhere = ethernet([], { name: 'eth1', index: 2, mac });
  router.announcingOn = new Map([
    ['eth1', Attachment.imaginary(elsewhere, 4, new Int32Array(256), SOCKET + 1)],
  ]);
  announcer.hasComeIntoPlace(router, 100);
  const all = [...VIRTUAL, '198.51.100.3 at 00005e000101', '203.0.113.1 at 020000000009'];
  expect(announce(100)[1]).toEqual(all); // there is no eth2
  // One of them comes into place later.
  expect(announcer.hasComeIntoPlace(router, 200)).toBe(false);
  table.setInt(0, Int.FurtherInPlace, 1);
  expect(announcer.hasComeIntoPlace(router, 300)).toBe(true);
  expect(announcer.hasComeIntoPlace(router, 400)).toBe(false);
  expect(router.addresses.advertised).toEqual(ADDRESSES);
});
