/** A router of version 2 and one of version 3, of the same VRID and interface: independent of each other. */
import { describe, expect, test } from 'vitest';
import { Num, State } from '../threads/state-table.ts';
import { DROP_REASONS, type DropReason } from '../vrrp/drop-reasons.ts';
import type { GuardedFilter } from './guard.ts';
import { droppedField } from './observer.ts';
import { emptyRouting, routingIndex, slotFor } from './routing.ts';
import {
  advertisement,
  alone,
  configuration,
  ethernet,
  type Station,
  type StationOptions,
} from './test/station.ts';

const BOTH = [configuration(), configuration({ version: 3 })];

function started(options: StationOptions = {}): Station {
  const station = alone({ routers: BOTH, ...options });
  station.update();
  return station;
}

/** Dropped packets of a slot, by reason. */
function dropped({ table }: Station, slot: number): Partial<Record<DropReason, number>> {
  const counts = DROP_REASONS.map((reason, at) => [reason, table.num(slot, droppedField(at))] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

test('each has its own elections, and hears its own version alone', () => {
  const station = started();
  station.time.pass(5000);
  expect([station.state(0), station.state(1)]).toEqual([State.Master, State.Master]);
  const versions = station.sent.filter(({ frame }) => frame[13] === 0).map(({ frame }) => frame[34]);
  expect(new Set(versions)).toEqual(new Set([0x21, 0x31]));
  station.hears(advertisement({ version: 3 }));
  expect([station.state(0), station.state(1)]).toEqual([State.Master, State.Backup]);
  station.hears(advertisement(), advertisement({ version: 3 })); // the latter is familiar
  expect([station.state(0), station.state(1)]).toEqual([State.Backup, State.Backup]);
  expect([0, 1].map((slot) => station.table.num(slot, Num.AdvertisementsReceived))).toEqual([1, 2]);
  for (const slot of [0, 1, 2]) expect(dropped(station, slot)).toEqual({});
});

test('a version that nobody has there is counted at the router that is there', () => {
  for (const [routers, other] of [
    [[configuration()], 3],
    [[configuration({ version: 3 })], 2],
  ] as const) {
    const station = started({ routers });
    station.hears(advertisement({ version: other }));
    expect(dropped(station, 0)).toEqual({ version: 1 });
    expect(dropped(station, station.table.strangers)).toEqual({});
  }
  const unknown = advertisement();
  unknown[34] = 0x41;
  const station = started();
  station.hears(unknown);
  expect([dropped(station, 0), dropped(station, 1)]).toEqual([{ version: 1 }, {}]);
});

test('the filter is made for each VRID once; both share a claim, and it is held as long as one of them runs', () => {
  const wanted: (readonly number[])[] = [];
  const filter: GuardedFilter = {
    plugin: 'filter 1',
    program: ({ vrids }) => {
      wanted.push(vrids);
      return [{ code: 6, jt: 0, jf: 0, k: 0x40000 }];
    },
  };
  const station = started({ filter, routers: [...BOTH, configuration({ vrid: 2 })] });
  expect(wanted).toEqual([[1, 2]]);
  expect(station.host.claiming.size).toBe(2);
  station.update([{ ...ethernet(['192.0.2.1']), index: 9 }]);
  expect(station.host.claiming.size).toBe(2);
  station.update([]);
  expect(station.host.claiming.size).toBe(0);
});

test('they share their address: what another station tells of it is answered by one of them', () => {
  const station = started();
  station.time.pass(20_000);
  expect(new Set(station.announced().map(({ mac }) => mac))).toEqual(new Set(['00:00:5e:00:01:01']));
});

describe('whose a packet is', () => {
  const table = emptyRouting();
  table[routingIndex(2, 7)] = 0;
  table[routingIndex(3, 7)] = 1;
  table[routingIndex(3, 8)] = 2;
  test.each([
    [2, 7, 0],
    [3, 7, 1],
    [4, 7, 0],
    [2, 8, 2],
    [15, 8, 2],
    [3, 8, 2],
    [3, 9, -1],
    [2, -1, -1],
    [3, 255, -1],
  ])('version %d, VRID %d: slot %d', (version, vrid, slot) => {
    expect(slotFor(table, version, vrid)).toBe(slot);
  });
});
