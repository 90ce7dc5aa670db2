/** Addresses that a Master has on other interfaces: the sockets that it announces them with, as links come and go. */
import { expect, test } from 'vitest';
import { Int } from '../threads/state-table.ts';
import { addressText } from '../vrrp/address.ts';
import { alone, configuration, ethernet } from './test/station.ts';

const HOME = ethernet(['192.0.2.1']);
const other = (index: number) => ethernet([], { name: 'eth1', index, mac: '02:00:00:00:00:09' });
const further = (address: string, more: { advertised?: true } = {}) =>
  ({ family: 4, address, prefixLength: 24, interface: 'eth1', ...more }) as const;

/** A Master of VRID 1 on eth0 with an address on eth1, and one of VRID 1 on eth1 itself. */
function master() {
  const station = alone({
    routers: [
      configuration({ further: [further('203.0.113.1'), further('203.0.113.2', { advertised: true })] }),
      configuration({ interface: 'eth1', addresses: ['198.51.100.9'] }),
    ],
    links: [HOME],
  });
  station.update();
  station.time.pass(5000);
  expect(station.isMaster).toBe(true);
  return station;
}

/** What has been announced on an interface of this index since then. */
function announcedOn(station: ReturnType<typeof master>, index: number, since: number): string[] {
  const port = station.host.plug(index === 1 ? HOME : other(index), station.wire);
  const all = station.wire.passed
    .filter(({ from, time }) => from === port && time >= since)
    .filter(({ frame }) => frame[12] === 0x08 && frame[13] === 0x06)
    .map(({ frame }) => addressText(frame.subarray(28, 32)))
    .filter((address) => address.startsWith('203.'));
  return [...new Set(all)];
}

test('announced where they are, once there is such an interface, with one socket for both', () => {
  const station = master();
  const before = station.host.open.size;
  expect(announcedOn(station, 1, 0)).toEqual([]);
  station.update([HOME, other(2)]);
  expect(station.sockets.filter(({ announce }) => announce).map(({ link }) => link)).toEqual([2]);
  const now = station.time.now();
  station.table.setInt(0, Int.FurtherInPlace, 1);
  station.engine.announceApplied();
  station.time.pass(100);
  expect(announcedOn(station, 2, now)).toEqual(['203.0.113.1', '203.0.113.2']);
  expect(announcedOn(station, 1, now)).toEqual([]);

  // Another interface of that name.
  station.update([HOME, other(3)]);
  expect(station.sockets.filter(({ announce }) => announce).map(({ link }) => link)).toEqual([3]);
  const later = station.time.now();
  station.table.setInt(0, Int.FurtherInPlace, 2);
  station.engine.announceApplied();
  station.time.pass(100);
  expect(announcedOn(station, 3, later)).toEqual(['203.0.113.1', '203.0.113.2']);
  station.update([HOME]);
  expect(station.host.open.size).toBe(before);
  expect(station.isMaster).toBe(true);
});

test.each(['eth1', 'eth0'])('a change of %s alone keeps the socket, and the router that uses it', (name) => {
  const station = master();
  station.update([HOME, other(2)]);
  const sockets = station.sockets.map(({ descriptor }) => descriptor);
  const changed = { ...(name === 'eth1' ? other(2) : HOME), mtu: 9000 };
  station.placement.change({ links: [changed], gone: [] });
  station.time.pass(10);
  expect(station.sockets.map(({ descriptor }) => descriptor)).toEqual(sockets);
  expect(station.routers[0]!.announcingOn?.get('eth1')?.link.index).toBe(2);
  station.placement.change({ links: [], gone: ['eth1'] });
  station.time.pass(10);
  expect(station.routers[0]!.announcingOn).toBeUndefined();
  expect(station.isMaster).toBe(true);
  station.placement.change({ links: [other(4)], gone: [] });
  station.time.pass(10);
  expect(station.routers[0]!.announcingOn?.get('eth1')?.link.index).toBe(4);
});

test('what is advertised is listed behind the virtual addresses', () => {
  const station = master();
  const { frame } = station.sent.findLast(({ frame }) => frame[23] === 112)!;
  expect(frame[14 + 20 + 3]).toBe(2);
  const list = frame.subarray(14 + 20 + 8);
  expect(addressText(list.subarray(0, 4))).toBe('198.51.100.1');
  expect(addressText(list.subarray(4, 8))).toBe('203.0.113.2');
});
