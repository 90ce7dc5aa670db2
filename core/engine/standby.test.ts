import { describe, expect, test } from 'vitest';
import { Cause, EventType } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import { KINDS } from './test/kinds.ts';
import type { Station, StationOptions } from './test/station.ts';

// Stand-by, as an operator asks for it. Times in ms, on a made-up clock.

const START = 1000;

describe.each(KINDS)('$name', (kind) => {
  const { advertisement, configuration, ethernet, started, interval } = kind;
  const DOWN = kind.down();

  function master(options: StationOptions = {}): Station {
    const station = started(options);
    station.time.until(START + DOWN + 100.5);
    expect(station.isMaster).toBe(true);
    station.events();
    return station;
  }

  function hold(station: Station, until = 0): void {
    station.engine.standby.hold(station.routers[0]!, until);
    station.engine.settle();
  }

  function release(station: Station): void {
    station.engine.standby.release(station.routers[0]!);
    station.engine.settle();
  }

  const num = (station: Station, field: number): number => station.table.num(0, field);
  const int = (station: Station, field: number): number => station.table.int(0, field);
  const told = (station: Station, type: number): number[] =>
    station
      .events()
      .filter((event) => event.type === type)
      .map(({ a }) => a);

  test('a Master says good-bye once, and is a Backup that never claims the role, though nobody else is there', () => {
    const station = master();
    const from = station.time.now();
    hold(station, 77);
    expect(station.advertised().at(-1)).toEqual({ time: from, vrid: 1, priority: 0 });
    expect([station.state(), int(station, Int.Held), num(station, Num.HeldUntil)]).toEqual([
      State.Backup,
      1,
      77,
    ]);
    const sent = station.advertised().length;
    const events = station.events();
    expect(events.map(({ type, a, b, c }) => [type, a, b, c])).toEqual(
      expect.arrayContaining([
        [EventType.Standby, 1, 77, 0],
        [EventType.Transition, State.Initialize, State.Backup, Cause.StandBy],
      ]),
    );
    station.time.pass(DOWN - 0.1);
    expect(int(station, Int.Masterless)).toBe(0);
    station.time.pass(20 * DOWN);
    expect([station.state(), station.advertised().length]).toEqual([State.Backup, sent]);
    expect(int(station, Int.Masterless)).toBe(1);
    expect(told(station, EventType.NobodyIsMaster), 'told once').toEqual([1]);
    expect(int(station, Int.Wanted) % 2, 'the addresses are given back').toBe(0);
  });

  test('it follows whoever is Master, of lower priority too, and tells when somebody is there again', () => {
    const station = master();
    hold(station);
    station.hears(advertisement({ priority: 50 }));
    expect(num(station, Num.OtherHeard)).toBe(station.time.now());
    station.time.pass(2 * DOWN);
    expect([int(station, Int.Masterless), num(station, Num.OtherHeard)]).toEqual([1, 0]);
    station.hears(advertisement({ priority: 50 }));
    expect(int(station, Int.Masterless)).toBe(0);
    expect(told(station, EventType.NobodyIsMaster)).toEqual([1, 0]);
  });

  test('another Master that says good-bye is not followed by it: others have their time first', () => {
    const station = master();
    hold(station);
    station.hears(advertisement({ priority: 50 }));
    const heard = station.time.now();
    station.time.pass(interval / 2);
    station.hears(advertisement({ priority: 0 }));
    expect(num(station, Num.OtherHeard)).toBe(0);
    station.time.until(heard + DOWN - 0.1);
    expect(int(station, Int.Masterless)).toBe(0);
    station.time.until(heard + DOWN + 1);
    expect([station.state(), int(station, Int.Masterless)]).toEqual([State.Backup, 1]);
  });

  test('resumed where nobody is Master: Master after its skew time', () => {
    const station = master();
    hold(station);
    station.time.pass(5.5 * DOWN);
    release(station);
    const from = station.time.now();
    expect([int(station, Int.Held), num(station, Num.HeldUntil), int(station, Int.Masterless)]).toEqual([
      0, 0, 0,
    ]);
    station.time.until(from + kind.skew() - 0.1);
    expect(station.state()).toBe(State.Backup);
    station.time.until(from + kind.skew() + 2);
    expect(station.isMaster).toBe(true);
  });

  test('resumed beside a Master of lower priority: it preempts after its Master_Down_Interval', () => {
    const station = master();
    hold(station);
    station.hears(advertisement({ priority: 50 }));
    const heard = station.time.now();
    release(station);
    station.time.pass(interval / 2);
    station.hears(advertisement({ priority: 50 }));
    station.time.until(heard + DOWN - 0.1);
    expect(station.state()).toBe(State.Backup);
    station.time.until(heard + DOWN + 2);
    expect(station.isMaster).toBe(true);
  });

  test('resumed beside a Master of higher priority, or that it may not preempt: it stays Backup', () => {
    for (const options of [{}, { routers: [configuration({ preempt: false })] }]) {
      const station = master(options);
      hold(station);
      const priority = options.routers ? 50 : 200;
      station.hears(advertisement({ priority }));
      release(station);
      for (let tick = 0; tick < 8; tick++) {
        station.time.pass(interval);
        station.hears(advertisement({ priority }));
      }
      expect(station.state()).toBe(State.Backup);
    }
  });

  test('taken back: Master at once, unless somebody has been heard meanwhile', () => {
    for (const somebody of [false, true]) {
      const station = master();
      hold(station);
      station.time.pass(2 * interval);
      if (somebody) station.hears(advertisement({ priority: 50 }));
      station.events();
      station.engine.standby.takeBack(station.routers[0]!);
      station.engine.settle();
      expect([station.isMaster, int(station, Int.Held)]).toEqual([!somebody, 0]);
      if (somebody) continue;
      expect(station.advertised().at(-1)).toEqual({ time: station.time.now(), vrid: 1, priority: 100 });
      const causes = station.events().filter(({ type }) => type === EventType.Transition);
      expect(causes.map(({ c }) => c)).toEqual([Cause.NobodyTookOver]);
    }
  });

  test('a fail-over that nobody has answered is taken back as well', () => {
    const station = master();
    station.engine.failOver(station.routers[0]!);
    station.engine.standby.takeBack(station.routers[0]!);
    station.engine.settle();
    expect([station.isMaster, station.routers[0]!.preempt]).toEqual([true, true]);
  });

  test('a Backup stands by where it is; one whose link comes back starts as such a Backup', () => {
    const station = started();
    hold(station);
    expect([station.state(), station.sent.length]).toEqual([State.Backup, 0]);
    station.update([ethernet(['192.0.2.1'], { up: false })]);
    expect(station.state()).toBe(State.Down);
    station.update([ethernet(['192.0.2.1'])]);
    station.time.pass(5 * DOWN);
    expect([station.state(), station.advertised().length]).toEqual([State.Backup, 0]);
  });

  test('the address owner does not: it is Master whenever it runs', () => {
    const station = started({ links: [ethernet(['198.51.100.1'])] });
    hold(station);
    expect([station.isMaster, int(station, Int.Held)]).toEqual([true, 0]);
  });

  test('a Master knows that another router was heard, until that says good-bye', () => {
    const station = started();
    expect(num(station, Num.OtherHeard)).toBe(0);
    station.hears(advertisement({ priority: 50 }));
    const heard = station.time.now();
    station.time.pass(2 * DOWN);
    expect([station.isMaster, num(station, Num.OtherHeard)]).toEqual([true, heard]);
    station.hears(advertisement({ priority: 0 }));
    expect(num(station, Num.OtherHeard)).toBe(0);
  });
});
