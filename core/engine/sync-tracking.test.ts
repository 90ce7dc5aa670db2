/** Groups of virtual routers (`[[sync]]`) with trackers. */
import { expect, test } from 'vitest';
import type { RouterTrack } from '../config/model.ts';
import { Cause, causeParts, EventType, groupSlot } from '../threads/event-ring.ts';
import { Num, State } from '../threads/state-table.ts';
import { TrackCell, Verdict } from '../threads/track-cell.ts';
import { alone, configuration, ethernet } from './test/station.ts';
import { Tracking } from './tracking.ts';

const NAMES = ['uplink', 'web'];
const REST = 15_000;

/** Two routers of a group, at rest, with these trackers, all of them up. */
function tracked(...tracks: readonly (readonly RouterTrack[])[]) {
  const routers = tracks.map((track, at) =>
    configuration({ vrid: at + 1, interface: `eth${at}`, sync: 'gw', track }),
  );
  const links = tracks.map((_, at) => ethernet([`192.0.${at}.1`], { index: at + 1, name: `eth${at}` }));
  const station = alone({ routers, links });
  const { engine, table, host, placement } = station;
  const cells = NAMES.map(() => TrackCell.allocate());
  const world = { lookAgain: (slots: readonly number[]) => placement.lookAgain(slots), soon: host.soon };
  const tracking = new Tracking(engine, table, NAMES, cells, world);
  const say = (name: string, verdict: Verdict): void => {
    const weight = undefined;
    cells[NAMES.indexOf(name)]!.write({ verdict, weight, since: 0, heldUntil: 0, words: 'x' });
    tracking.rung();
  };
  for (const name of NAMES) say(name, Verdict.Up);
  tracking.prepare();
  station.update();
  tracking.begin();
  station.time.pass(REST);
  station.events();
  const states = () => routers.map((_, slot) => station.state(slot));
  const told = () =>
    station
      .events()
      .filter(({ type }) => type === EventType.Transition)
      .map(({ slot, b, c }) => [slot, b, causeParts(c).cause, groupSlot(c)]);
  return { ...station, station, say, states, told };
}

test('a tracker of the group has all in Fault at once, and they are Master together when it is up again', () => {
  const { say, states, told, station, table } = tracked([{ name: 'uplink' }], [{ name: 'uplink' }]);
  expect(states()).toEqual([State.Master, State.Master]);
  say('uplink', Verdict.Down);
  expect(told()).toEqual([
    [0, State.Down, Cause.TrackerFailed, -1],
    [1, State.Down, Cause.TrackerFailed, -1],
  ]);
  expect([0, 1].map((slot) => table.num(slot, Num.PriorityZeroSent))).toEqual([1, 1]);
  station.time.pass(REST);
  expect(states()).toEqual([State.Down, State.Down]);
  say('uplink', Verdict.Up);
  expect(states()).toEqual([State.Backup, State.Backup]);
  station.time.pass(REST);
  expect(states()).toEqual([State.Master, State.Master]);
});

test('a tracker of one member has the others yield, and wait', () => {
  const { say, states, told, station } = tracked([{ name: 'uplink' }], []);
  say('uplink', Verdict.Down);
  expect(told()).toEqual([
    [0, State.Down, Cause.TrackerFailed, -1],
    [1, State.Backup, Cause.GroupUnfit, 0],
  ]);
  station.time.pass(REST);
  expect(states()).toEqual([State.Down, State.Backup]);
  say('uplink', Verdict.Up);
  station.time.pass(REST);
  expect(states()).toEqual([State.Master, State.Master]);
});

test('weights of the group change all priorities; who waits goes on waiting', () => {
  const web = { name: 'web', weight: -30 };
  const { say, states, told, station, routers, links } = tracked([web], [web]);
  say('web', Verdict.Down);
  expect(routers.map(({ priority }) => priority)).toEqual([70, 70]);
  expect([states(), told()]).toEqual([[State.Master, State.Master], []]);
  station.update(links.map((link, at) => ({ ...link, running: at === 0 })));
  station.time.pass(REST);
  expect(routers[0]!.deadline).toBe(0);
  say('web', Verdict.Up);
  expect(routers[0]!.priority).toBe(100);
  station.time.pass(REST);
  expect([states(), routers[0]!.deadline]).toEqual([[State.Backup, State.Down], 0]);
});
