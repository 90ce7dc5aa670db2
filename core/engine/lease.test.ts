/** A Master whose addresses have a lease, after it stood still for longer: whether another one has taken over. */
import { describe, expect, it, test } from 'vitest';
import { Cause, EventType } from '../threads/event-ring.ts';
import { Int, State } from '../threads/state-table.ts';
import { KINDS, type Kind, SECONDS } from './test/kinds.ts';
import { Station } from './test/station.ts';
import { VirtualTime } from './test/virtual-time.ts';
import { VirtualWire } from './test/virtual-wire.ts';

/** `lease` in s. */
const LEASE = 4;

/** A Master of priority 200 and a Backup of priority 100; the Master stands still from now on. */
function stoppedMaster(kind: Kind, { lease = LEASE, preempt = false, vrids = [1] } = {}) {
  const time = new VirtualTime();
  const wire = new VirtualWire(time);
  const station = (priority: number, host: number) =>
    new Station(time, wire, {
      routers: vrids.map((vrid) =>
        kind.configuration({
          ...{ vrid, preempt, priority },
          ...(lease > 0 && { lease }),
          ...(vrids.length > 1 && { sync: 'all' }),
        }),
      ),
      links: [kind.ethernet([`192.0.2.${host}`], { mac: `02:00:00:00:00:0${host}` })],
    });
  const [master, backup] = [station(200, 1), station(100, 2)];
  master.update();
  time.pass(kind.down(200) + kind.interval);
  backup.update();
  time.pass(3 * kind.interval);
  expect([master.state(), backup.state()]).toEqual([State.Master, State.Backup]);
  master.events();
  master.host.standing = true;
  return { time, master, backup };
}

describe.each(KINDS)('$name: continued after its lease', (kind) => {
  it('it follows whoever has taken over, in silence, though its own priority is higher', () => {
    const { time, master, backup } = stoppedMaster(kind);
    time.pass(LEASE * 1000 + 2 * kind.interval);
    expect(backup.state()).toBe(State.Master);
    const sent = master.sent.length;
    const wanted = master.table.int(0, Int.Wanted);
    const states: number[] = [];
    master.onTurn = () => void states.push(master.state());
    master.host.goOn();
    time.pass(5 * kind.down(200));
    expect(new Set(states)).toEqual(new Set([State.Backup]));
    expect([master.state(), backup.state()]).toEqual([State.Backup, State.Master]);
    expect(master.table.int(0, Int.Wanted)).toBe(wanted + 1);
    expect(master.sent.length).toBe(sent);
    const told = master.events().filter(({ type }) => type === EventType.Transition);
    expect(told).toMatchObject([{ a: State.Master, b: State.Backup, c: Cause.Replaced }]);
  });

  it('it preempts after that if it is to, as any Backup does', () => {
    const { time, master, backup } = stoppedMaster(kind, { preempt: true });
    time.pass(LEASE * 1000 + 2 * kind.interval);
    const wanted = master.table.int(0, Int.Wanted);
    const sent = master.sent.length;
    const since = time.now();
    master.host.goOn();
    time.pass(kind.down(200) / 2);
    expect([master.state(), master.sent.length]).toEqual([State.Backup, sent]);
    time.pass(kind.down(200));
    expect([master.state(), backup.state()]).toEqual([State.Master, State.Backup]);
    expect(master.table.int(0, Int.Wanted)).toBe(wanted + 2);
    expect(master.announced().some((each) => each.time > since)).toBe(true);
  });

  it('nobody has taken over: it goes on as Master, at once', () => {
    const { time, master, backup } = stoppedMaster(kind);
    backup.placement.shutdown();
    time.pass(LEASE * 1000 + 2 * kind.interval);
    const since = time.now();
    master.host.goOn();
    time.pass(1);
    expect(master.state()).toBe(State.Master);
    expect(master.advertised().some((each) => each.time >= since)).toBe(true);
  });
});

test.each(SECONDS)('$name: its whole group follows with it', (kind) => {
  const { time, master, backup } = stoppedMaster(kind, { vrids: [1, 2] });
  time.pass(LEASE * 1000 + 2 * kind.interval);
  master.host.goOn();
  time.pass(5 * kind.down(200));
  for (const slot of [0, 1])
    expect([master.state(slot), backup.state(slot)]).toEqual([State.Backup, State.Master]);
});

describe.each(SECONDS)('$name: as the protocol has it', (kind) => {
  test.each([
    ['before its lease is over', { lease: 60 }],
    ['without a lease', { lease: 0 }],
  ])('%s it goes on as Master, and the other one gives way', (_, { lease }) => {
    const { time, master, backup } = stoppedMaster(kind, { lease });
    time.pass(10_000);
    expect(backup.state()).toBe(State.Master);
    master.host.goOn();
    time.pass(2 * kind.interval);
    expect([master.state(), backup.state()]).toEqual([State.Master, State.Backup]);
  });

  it('a good-bye is of nobody who has taken over', () => {
    const { time, master, backup } = stoppedMaster(kind);
    backup.placement.shutdown();
    time.pass(LEASE * 1000);
    master.hears(kind.advertisement({ priority: 0, from: '192.0.2.7' }));
    master.host.goOn();
    time.pass(kind.interval);
    expect(master.state()).toBe(State.Master);
  });
});
