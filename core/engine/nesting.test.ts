/** One router's transition may bring about another one's in the middle of it: neither must spoil the other. */
import { describe, expect, test, vi } from 'vitest';
import { Cause } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import { KINDS } from './test/kinds.ts';
import type { Station } from './test/station.ts';

const START = 1000;

describe.each(KINDS)('$name', (kind) => {
  const { advertisement, alone, configuration, interval } = kind;

  /** Two routers, of which the second is Master or Backup; `nest` runs in the middle of transitions of the first. */
  function stage(other: 'Master' | 'Backup', nest: (station: Station) => void): Station {
    const routers = [configuration({ priority: 50 }), configuration({ vrid: 2, priority: 250 })];
    const station = alone({ routers, idle: true });
    station.update();
    if (other === 'Master') station.time.until(START + kind.down(250) + 1);
    expect(station.state(1)).toBe(State[other]);
    const { observer } = station.engine;
    const told = observer.transition.bind(observer);
    vi.spyOn(observer, 'transition').mockImplementation((slot, from, to, cause) => {
      told(slot, from, to, cause);
      if (slot === 0) nest(station);
    });
    return station;
  }

  const stopOther = ({ engine, routers }: Station): void =>
    engine.stop(routers[1]!, Cause.Shutdown, State.Initialize);
  const hearsMaster = (station: Station): void => station.hears(advertisement({ vrid: 2, priority: 255 }));
  const wanted = ({ table }: Station): number[] => [0, 1].map((slot) => table.int(slot, Int.Wanted));
  /** Of the frames sent from a time on: VRID and priority. */
  const sentSince = (station: Station, from: number): [number, number][] =>
    station
      .advertised()
      .filter(({ time, vrid }) => time >= from && (vrid === 1 || time === from))
      .map(({ vrid, priority }) => [vrid, priority]);

  const TAKE_OVER = START + kind.down(50);

  test.each([
    ['stops', stopOther],
    ['gives way', hearsMaster],
  ])('one becomes Master, and therefore another Master %s', (_, nest) => {
    const station = stage('Master', nest);
    station.time.until(TAKE_OVER);
    expect([station.isMaster, station.state(1) === State.Master]).toEqual([true, false]);
    expect(wanted(station)).toEqual([1, 2]);
    expect(station.table.num(0, Num.BecameMaster)).toBe(1);
    expect([0, 1].map((slot) => station.table.num(slot, Num.LeftMaster))).toEqual([0, 1]);
    const good = nest === stopOther ? [[2, 0]] : [];
    expect(sentSince(station, TAKE_OVER).filter(([vrid, priority]) => vrid === 1 || priority === 0)).toEqual(
      expect.arrayContaining([[1, 50], ...good]),
    );
    expect(station.table.num(0, Num.PriorityZeroSent)).toBe(0);
    expect(station.routers[0]!.deadline).toBe(TAKE_OVER + interval);
  });

  test('one stops, and therefore another starts: each says its own', () => {
    let nesting = false;
    const station = stage('Backup', ({ engine, routers }) => {
      if (nesting) engine.start(routers[1]!, Cause.Startup);
    });
    const { engine, routers, table, time } = station;
    time.until(TAKE_OVER + interval / 100);
    engine.stop(routers[1]!, Cause.Shutdown, State.Initialize);
    const said = table.num(1, Num.PriorityZeroSent);
    nesting = true;
    engine.stop(routers[0]!, Cause.Shutdown, State.Down);
    engine.settle();
    expect([station.state(0), station.state(1)]).toEqual([State.Down, State.Backup]);
    expect([table.num(0, Num.PriorityZeroSent), table.num(1, Num.PriorityZeroSent)]).toEqual([1, said]);
    expect(wanted(station)[0]! % 2).toBe(0);
    expect([routers[0]!.deadline, routers[1]!.deadline > time.now()]).toEqual([0, true]);
    time.pass(10_000);
    expect([station.state(0), station.state(1)]).toEqual([State.Down, State.Master]);
  });

  test('an advertisement of which observers are told may stop another router', () => {
    const routers = [configuration({ priority: 50 }), configuration({ vrid: 2, priority: 250 })];
    const station = alone({ routers, idle: true, chatty: true });
    station.update();
    station.time.until(TAKE_OVER - 1);
    vi.spyOn(station.engine.observer, 'sent').mockImplementation((slot) => {
      if (slot === 0 && station.state(1) === State.Master) stopOther(station);
    });
    station.time.until(TAKE_OVER);
    expect([station.isMaster, station.state(1)]).toEqual([true, State.Initialize]);
    expect(wanted(station)).toEqual([1, 2]);
  });

  test('what changes while the end of a turn is told is told at the next one', () => {
    let nested = false;
    const told: boolean[] = [];
    const station = alone({ routers: [configuration(), configuration({ vrid: 2 })], idle: true });
    Object.assign(station.engine, {
      onSettled: (wantedChanged: boolean) => {
        told.push(wantedChanged);
        if (!wantedChanged || nested) return;
        nested = true;
        stopOther(station);
      },
    });
    station.update();
    station.time.until(START + kind.down(100));
    station.engine.settle();
    expect(told.filter(Boolean)).toHaveLength(2);
  });
});
