/** Groups of virtual routers (`[[sync]]`) with delays: who is held back holds all of its group back. */
import { expect, test } from 'vitest';
import type { HoldSettings } from '../config/model.ts';
import { State } from '../threads/state-table.ts';
import { Kind } from './test/kinds.ts';
import { alone, configuration, ethernet } from './test/station.ts';

const V2 = new Kind(2, 4);
const START = 1000;
const NO_HOLD: HoldSettings = { start: 0, boot: 0, link: 0, debounce: 0, hearing: 0, preempt: 0 };
const MASTERS = [State.Master, State.Master];
const BACKUPS = [State.Backup, State.Backup];

/** A group of two, which has just started, held back by these. */
function held(...holds: readonly Partial<HoldSettings>[]) {
  const routers = holds.map((hold, at) =>
    configuration({ vrid: at + 1, interface: `eth${at}`, sync: 'gw', hold: { ...NO_HOLD, ...hold } }),
  );
  const links = holds.map((_, at) => ethernet([`192.0.${at}.1`], { index: at + 1, name: `eth${at}` }));
  const station = alone({ routers, links });
  station.update();
  const hears = (member: number, priority: number): void =>
    station.host
      .plug(links[member]!, station.wire)
      .hear(V2.advertisement({ vrid: member + 1, priority, from: `192.0.${member}.9` }));
  const states = () => routers.map((_, slot) => station.state(slot));
  return { station, hears, states };
}

test('a delay of one member delays all', () => {
  const { station, states } = held({ start: 8000 }, {});
  station.time.until(START + 7999);
  expect(states()).toEqual(BACKUPS);
  expect(station.routers[1]!.deadline, 'waits').toBe(0);
  station.time.until(START + 8000);
  expect(states()).toEqual(MASTERS);
});

test('preempt_delay: a Master of lower priority is let be, and then preempted on all links at once', () => {
  const { station, hears, states } = held({ preempt: 10_000 }, { preempt: 10_000 });
  for (let at = START + 500; at < START + 10_500; at += 1000) {
    station.time.until(at);
    hears(0, 50);
    expect(states()).toEqual(BACKUPS);
  }
  station.time.until(START + 10_499);
  expect(states()).toEqual(BACKUPS);
  station.time.until(START + 10_501);
  expect(states()).toEqual(MASTERS);
});

test('one that waits for the others and is held back meanwhile is waited for', () => {
  const { station, hears, states } = held({ preempt: 10_000 }, { preempt: 10_000 });
  const { time, routers } = station;
  for (let at = START + 500; at <= START + 5500; at += 1000) {
    time.until(at);
    hears(1, 200);
  }
  expect(routers[0]!.deadline, 'waits').toBe(0);
  const heard = time.now();
  hears(1, 0);
  hears(0, 50);
  for (let at = heard + 1000; at < heard + 10_000; at += 1000) {
    time.until(at);
    hears(0, 50);
    expect(states()).toEqual(BACKUPS);
  }
  time.until(heard + 9999);
  expect(states()).toEqual(BACKUPS);
  time.until(heard + 10_001);
  expect(states()).toEqual(MASTERS);
});
