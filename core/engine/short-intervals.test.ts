/** Intervals of 10 ms: nothing that is a constant in ms may cost a transition, or keep one from taking place. */
import { describe, expect, test } from 'vitest';
import { EventType } from '../threads/event-ring.ts';
import { Num, State } from '../threads/state-table.ts';
import { masterDownInterval } from '../vrrp/timers.ts';
import { advertisement, configuration, ethernet, Station } from './test/station.ts';
import { VirtualTime } from './test/virtual-time.ts';
import { VirtualWire } from './test/virtual-wire.ts';

// Times in ms.
const INTERVAL = 10;
const DOWN = masterDownInterval(3, 100, INTERVAL);
const v3 = (priority: number, vrid = 1) =>
  configuration({ version: 3, advertisementIntervalCs: 1, priority, vrid });

/** A Master and a Backup, settled. */
function pair() {
  const time = new VirtualTime();
  const wire = new VirtualWire(time);
  const master = new Station(time, wire, { routers: [v3(200)] });
  const links = [ethernet(['192.0.2.2'], { mac: '02:00:00:00:00:02' })];
  const backup = new Station(time, wire, { routers: [v3(100)], links });
  master.update();
  backup.update();
  time.pass(200);
  expect([master.state(), backup.state()]).toEqual([State.Master, State.Backup]);
  for (const one of [master, backup]) one.events();
  return { time, wire, master, backup };
}

const transitions = (...stations: Station[]) =>
  stations.flatMap((one) => one.events().filter(({ type }) => type === EventType.Transition));

test('the Master is gone: the Backup takes over exactly Master_Down_Interval after its last advertisement', () => {
  const { time, master, backup } = pair();
  master.host.standing = true;
  time.pass(INTERVAL);
  const last = master.advertised().at(-1)!.time + 0.1;
  time.until(last + DOWN - 0.001);
  expect(backup.state()).toBe(State.Backup);
  time.until(last + DOWN);
  expect(backup.isMaster).toBe(true);
});

describe.each(['the Backup', 'the Master'])('the machine of both pauses, and %s goes on first', (first) => {
  test.each([20, 25, 26, 27, 28, 29, 30, 31, 33, 35, 36, 37, 40, 50, 100, 1000])('%d ms', (pause) => {
    for (let phase = 0; phase < 10; phase++) {
      const { time, master, backup } = pair();
      time.pass(phase);
      for (const { host } of [master, backup]) host.standing = true;
      time.pass(pause);
      for (const { host } of first === 'the Backup' ? [backup, master] : [master, backup]) host.goOn();
      time.pass(200);
      expect(transitions(master, backup), `phase ${phase}`).toEqual([]);
    }
  });
});

test('an advertisement that waited for us longer than half an interval counts from now', () => {
  const { time, master, backup } = pair();
  master.host.standing = true;
  backup.host.standing = true;
  const frame = advertisement({ version: 3, intervalCs: 1, from: '192.0.2.1' });
  backup.hears(frame);
  time.pass(45);
  backup.host.goOn();
  expect(backup.table.num(0, Num.Deadline)).toBe(time.now() + DOWN);
  backup.host.standing = true;
  backup.hears(frame);
  time.pass(4);
  backup.host.goOn();
  expect(backup.table.num(0, Num.Deadline)).toBe(time.now() - 4 + DOWN);
});

test('a machine that always wakes late takes over all the same, two intervals later at most', () => {
  const { time, master, backup } = pair();
  master.host.standing = true;
  time.pass(INTERVAL);
  const last = master.advertised().at(-1)!.time + 0.1;
  while (!backup.isMaster && time.now() < last + 1000) {
    backup.host.standing = true;
    time.pass(5);
    backup.host.goOn();
    time.pass(0.01);
  }
  expect(time.now() - last).toBeLessThan(DOWN + 2 * INTERVAL + 10);
});

test.each([0, 3, 7, 12, 20])('a hand-over of %d ms costs neither side anything', (pause) => {
  for (let phase = 0; phase < INTERVAL; phase++) {
    const { time, wire, master, backup } = pair();
    time.pass(phase);
    // Both daemons are reloaded, one after the other.
    for (const old of [master, backup]) {
      const heir = new Station(time, wire, {
        routers: [v3(old === master ? 200 : 100)],
        links: old.links,
        host: old.host,
      });
      heir.placement.prepare(old.links);
      const sockets = old.placement.letGo([]);
      time.pass(pause);
      heir.placement.inherit(sockets);
      heir.inherit(old.table);
      heir.engine.resume();
      heir.update(old.links);
      time.pass(100);
      expect(transitions(heir), `phase ${phase}`).toEqual([]);
      expect([heir.state(), backup.state()]).toEqual([old.state(), State.Backup]);
    }
    const times = wire.passed
      .filter(({ frame, from }) => from === master.port && frame[13] === 0)
      .map((one) => one.time);
    const gaps = times.slice(1).map((one, at) => one - times[at]!);
    expect(Math.max(...gaps), `phase ${phase}`).toBeLessThanOrEqual(Math.max(INTERVAL, pause) + 0.3);
  }
});

test('a hundred Masters wake a bounded number of times in each interval, and each is in time', () => {
  const time = new VirtualTime();
  const wire = new VirtualWire(time);
  const routers = Array.from({ length: 100 }, (_, at) => v3(255 - at * 2, at + 1));
  const station = new Station(time, wire, { routers, idle: true });
  station.update();
  time.pass(200);
  expect(station.routers.every(({ state }) => state === State.Master)).toBe(true);
  const before = station.table.num(station.table.strangers, Num.WakeUps);
  const from = time.now();
  time.pass(1000);
  const wakes = station.table.num(station.table.strangers, Num.WakeUps) - before;
  expect(wakes).toBeLessThanOrEqual(100 * 50);
  const times = station.advertised().filter(({ vrid, time: at }) => vrid === 50 && at > from);
  expect(times.length).toBeGreaterThanOrEqual(99);
  expect(times.length).toBeLessThanOrEqual(101);
});
