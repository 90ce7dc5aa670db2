import { expect, test } from 'vitest';
import { PluginError } from '../plugin/load.ts';
import { Cause, EventType } from '../threads/event-ring.ts';
import { Int, macNumber, Num, State } from '../threads/state-table.ts';
import type { GuardedAuthenticator } from './guard.ts';
import type { Place } from './plan.ts';
import { Startup } from './startup.ts';
import { alone, configuration, ethernet, type Station, type StationOptions } from './test/station.ts';

const LINK = ethernet(['192.0.2.1']);
const HERE: Place = { link: LINK, primary: '192.0.2.1', owner: false };

/** A station, and what starts and stops its routers; a Master, unless it has a reason not to be. */
function stage(options: StationOptions = {}): { readonly station: Station; readonly startup: Startup } {
  const station = alone(options);
  station.update();
  station.time.pass(5000);
  station.events();
  return { station, startup: new Startup(station.engine, station.table) };
}

/** Signs while `able`. */
function signer() {
  const state = { able: true };
  const authenticator: GuardedAuthenticator = {
    ...{ plugin: 'auth', authType: 254, verify: () => true },
    sign: () => {
      if (!state.able) throw new PluginError({ package: 'auth', version: '1.0.0', kind: 'auth' }, 'no key');
    },
  };
  return { state, authenticator };
}

/** Transitions since the last call: from, to, cause. */
function transitions(station: Station): [number, number, number][] {
  return station
    .events()
    .filter(({ type }) => type === EventType.Transition)
    .map(({ a, b, c }) => [a, b, c]);
}

test('a router whose place is what it was is left alone', () => {
  const { station, startup } = stage();
  const { frames, deadline } = station.routers[0]!;
  startup.stopDisplaced(station.routers, [HERE]);
  expect(startup.startOrStop(station.routers[0]!, HERE)).toBe(true);
  expect(transitions(station)).toEqual([]);
  expect([station.routers[0]!.frames, station.routers[0]!.deadline]).toEqual([frames, deadline]);
});

test.each([
  ['says good-bye where the link is still there', Cause.InterfaceDown, 1],
  ['sends nothing where it is gone', Cause.InterfaceMissing, 0],
])('a Master without a place %s, and the table tells no interface', (_, cause, goodByes) => {
  const { station, startup } = stage();
  const [router] = station.routers;
  const before = station.advertised().length;
  station.table.setNum(0, Num.RetryAt, station.time.now() + 60_000);
  startup.stopDisplaced([router!], [{ cause }]);
  expect(transitions(station)).toEqual([[State.Master, State.Down, cause]]);
  expect(station.advertised().length - before).toBe(goodByes);
  expect(startup.startOrStop(router!, { cause })).toBe(true);
  const { table } = station;
  expect([
    table.int(0, Int.InterfaceIndex),
    table.num(0, Num.HardwareAddress),
    table.num(0, Num.RetryAt), // an interface that comes back is worth another attempt
  ]).toEqual([0, 0, 0]);
});

test('a router without a place stops its group too', () => {
  const pair = [1, 2].map((vrid) => configuration({ vrid, sync: 'pair' }));
  const { station, startup } = stage({ routers: pair });
  startup.stopDisplaced(station.routers, [{ cause: Cause.InterfaceDown }, HERE]);
  expect(station.state(0)).toBe(State.Down);
  expect(station.state(1)).not.toBe(State.Master);
});

test('where its socket could not be opened a router is Down, and starts once it has one', () => {
  const { station, startup } = stage();
  const [router] = station.routers;
  const { attachment } = router!;
  router!.leaveLink();
  expect(startup.startOrStop(router!, HERE)).toBe(true); // the interface is tried again, not the router
  expect(transitions(station)).toEqual([[State.Master, State.Down, Cause.InterfaceUnusable]]);
  router!.attachment = attachment;
  startup.startOrStop(router!, HERE);
  expect(transitions(station)).toEqual([[State.Down, State.Backup, Cause.Startup]]);
  expect(station.table.num(0, Num.HardwareAddress)).toBe(macNumber(LINK.mac));
});

test.each([
  ['has given up and waits for its time', (station: Station) => station.table.setNum(0, Num.RetryAt, 1e9)],
  ['waits for a tracker', (station: Station) => station.table.setInt(0, Int.Fault, Cause.TrackerFailed)],
])('a router that %s does not start', (_, hold) => {
  const { station, startup } = stage();
  const [router] = station.routers;
  station.engine.stop(router!, Cause.InterfaceDown, State.Down);
  hold(station);
  transitions(station);
  expect(startup.startOrStop(router!, HERE)).toBe(true);
  expect(station.state()).toBe(State.Down);
  station.table.setNum(0, Num.RetryAt, 0);
  station.table.setInt(0, Int.Fault, 0);
  router!.startCause = Cause.TrackerFailed;
  startup.startOrStop(router!, HERE);
  expect(transitions(station)).toEqual([[State.Down, State.Backup, Cause.TrackerFailed]]);
  expect(router!.startCause).toBeUndefined();
});

test('a running router that cannot sign keeps its address, and gets the new one once it can', () => {
  const { state, authenticator } = signer();
  const { station, startup } = stage({ authenticator });
  const [router] = station.routers;
  state.able = false;
  const moved: Place = { ...HERE, link: ethernet(['192.0.2.8']), primary: '192.0.2.8' };
  expect(startup.startOrStop(router!, moved)).toBe(false);
  expect([router!.primaryText, station.isMaster]).toEqual(['192.0.2.1', true]);
  state.able = true;
  expect(startup.startOrStop(router!, moved)).toBe(true);
  expect([router!.primaryText, station.isMaster]).toEqual(['192.0.2.8', true]);
});

test('made ready ahead: priority and frames; one that cannot sign is a reason to stop, or spared', () => {
  const { state, authenticator } = signer();
  const station = alone({ authenticator, routers: [configuration({ priority: 77 })] });
  const startup = new Startup(station.engine, station.table);
  const [router] = station.routers;
  startup.prepare(router!, { cause: Cause.InterfaceDown }, false);
  expect(router!.primaryText).toBe('');
  startup.prepare(router!, HERE, false);
  expect([router!.primaryText, router!.priority]).toEqual(['192.0.2.1', 77]);
  expect(router!.frames.length).toBeGreaterThan(0);
  expect(transitions(station)).toEqual([]); // it does not run yet
  state.able = false;
  expect(() => startup.prepare(router!, HERE, false)).toThrow(PluginError);
  startup.prepare(router!, HERE, true);
  expect(router!.primaryText).toBe(''); // built anew by the start
});
