/** Groups of virtual routers (`[[sync]]`): Master together or not at all. */
import { describe, expect, test, vi } from 'vitest';
import { Cause, causeParts, EventType, groupSlot } from '../threads/event-ring.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import { masterDownInterval } from '../vrrp/timers.ts';
import { Kind } from './test/kinds.ts';
import { alone, configuration, ethernet, type Station } from './test/station.ts';
import { SyncNet } from './test/sync-net.ts';

const V2 = new Kind(2, 4);
const V3 = new Kind(3, 4);
const SIX = new Kind(3, 6);
const QUICK = new Kind(3, 4, 50);

const REST = 15_000;

/** Priority 200 and 100, both at rest: the first one is Master. */
function pair(kinds: readonly Kind[] = [V2, V2], preempt = true, priorities: readonly number[] = [200, 100]) {
  const net = new SyncNet({ nodes: priorities.map((priority) => ({ priority, preempt })), kinds });
  net.start().pass(REST);
  const [first, second] = net.nodes as [SyncNet['nodes'][0], SyncNet['nodes'][0]];
  return { net, first, second };
}

/** What a station sent on a link since: time and priority. */
function said(
  net: SyncNet,
  node: number,
  member: number,
  since: number,
): { time: number; priority: number }[] {
  const { station } = net.nodes[node]!;
  const port = station.host.plug(station.links[member]!, net.wires[member]!);
  const at = net.options.kinds[member]!.messageAt;
  return net.wires[member]!.passed.filter(
    ({ from, time, frame }) => from === port && time >= since && isVrrp(frame, at),
  ).map(({ time, frame }) => ({ time, priority: frame[at + 2]! }));
}

function isVrrp(frame: Uint8Array, messageAt: number): boolean {
  return messageAt === 34 ? frame[12] === 8 && frame[13] === 0 : frame[12] === 0x86 && frame[20] === 112;
}

/** Announcements of a node on a link since. */
function announced(net: SyncNet, node: number, member: number, since: number): number {
  const { station } = net.nodes[node]!;
  const port = station.host.plug(station.links[member]!, net.wires[member]!);
  const at = net.options.kinds[member]!.messageAt;
  return net.wires[member]!.passed.filter(
    ({ from, time, frame }) => from === port && time >= since && !isVrrp(frame, at),
  ).length;
}

const MIXED = [
  ['version 2 on both', [V2, V2]],
  ['both families and versions', [V2, V3, SIX]],
  ['unlike intervals', [QUICK, V2]],
] as const;

describe.each(MIXED)('a pair with %s', (_, kinds) => {
  test('one is Master of all, at one and the same moment', () => {
    const { net, first } = pair(kinds);
    expect(net.masters()).toEqual([0]);
    const times = kinds.map((_, member) => said(net, 0, member, 0)[0]!.time);
    expect(new Set(times).size).toBe(1);
    expect(first.transitions).toBe(kinds.length);
  });

  test.each(kinds.map((_, member) => member))(
    'cable %i is pulled: all move, once, within the skew times',
    (member) => {
      const { net, first, second } = pair(kinds);
      const pulled = net.time.now();
      first.carrier(member, false);
      net.pass(REST);
      expect(net.masters()).toEqual([1]);
      expect([first.transitions, second.transitions]).toEqual([2 * kinds.length, kinds.length]);
      const takeOver = said(net, 1, member, pulled)[0]!.time;
      const skew = Math.max(...kinds.map((kind) => kind.skew(100)));
      expect(takeOver - pulled).toBeLessThanOrEqual(skew + 1);
      for (const other of kinds.keys()) {
        if (other !== member)
          expect(said(net, 0, other, pulled).map(({ priority }) => priority)).toEqual([0]);
      }
    },
  );

  test.each([true, false])('plugged in again, preemption %s', (preempt) => {
    const { net, first, second } = pair(kinds, preempt);
    first.carrier(0, false);
    net.pass(REST);
    const before = [first.transitions, second.transitions];
    first.carrier(0, true);
    net.pass(REST);
    expect(net.masters()).toEqual([preempt ? 0 : 1]);
    const moved = preempt ? kinds.length : 0;
    expect([first.transitions - before[0]!, second.transitions - before[1]!]).toEqual([moved, moved]);
  });

  test('the Master dies: the other is Master of all when the last of its timers expires', () => {
    const { net, first } = pair(kinds);
    const died = net.time.now();
    first.crash();
    net.pass(REST);
    expect(net.masters()).toEqual([1]);
    const times = kinds.map((_, member) => said(net, 1, member, died)[0]!.time);
    expect(new Set(times).size).toBe(1);
    expect(times[0]! - died).toBeLessThanOrEqual(Math.max(...kinds.map((kind) => kind.down(100))) + 1);
  });

  test('the Master stops: it says good-bye on each link, once', () => {
    const { net, first, second } = pair(kinds);
    const stopped = net.time.now();
    first.stop();
    net.pass(REST);
    for (const member of kinds.keys()) {
      expect(said(net, 0, member, stopped).map(({ priority }) => priority)).toEqual([0]);
    }
    expect(net.masters()).toEqual([1]);
    expect(second.transitions).toBe(kinds.length);
  });

  test.each(kinds.map((_, member) => member))(
    'link %i is parted: nobody moves, the Master has the others',
    (member) => {
      const { net, first, second } = pair(kinds);
      net.part(member, 0);
      net.pass(60_000);
      expect(net.masters()).toEqual([0]);
      expect([first.transitions, second.transitions]).toEqual([kinds.length, 0]);
      expect(second.station.routers[member]!.deadline).toBe(0);
      net.part(member);
      net.pass(REST);
      expect([first.transitions, second.transitions]).toEqual([kinds.length, 0]);
      expect(second.station.routers[member]!.deadline).toBeGreaterThan(net.time.now());
    },
  );

  test('all links are parted, and one is joined: the inferior yields all, and both announce everywhere', () => {
    const { net, second } = pair(kinds);
    for (const member of kinds.keys()) net.part(member, 0);
    net.pass(REST);
    expect(net.masters()).toEqual([0, 1]);
    const joined = net.time.now();
    net.part(0);
    net.pass(REST);
    expect(net.masters()).toEqual([0]);
    expect(second.transitions).toBe(2 * kinds.length);
    for (const member of kinds.keys()) expect(announced(net, 0, member, joined)).toBeGreaterThan(0);
    for (const member of kinds.keys()) {
      expect(said(net, 1, member, joined).at(-1)!.priority).toBe(0);
    }
  });
});

test('of equals that meet on all links at once, with addresses that disagree, one stays Master', () => {
  for (const hosts of [
    [
      [1, 2],
      [2, 1],
    ],
    [
      [2, 1],
      [1, 2],
    ],
  ]) {
    for (const kinds of [
      [V2, V2],
      [V3, V3],
    ]) {
      const nodes = [{ priority: 100 }, { priority: 100 }];
      const net = new SyncNet({ nodes, kinds, hosts }).start();
      net.part(0, 0);
      net.part(1, 0);
      net.pass(REST);
      expect(net.masters()).toEqual([0, 1]);
      net.part(0);
      net.part(1);
      net.pass(REST);
      const [winner] = net.masters();
      expect(net.masters()).toHaveLength(1);
      expect(hosts[0]![winner!], 'the first link decides').toBe(2);
      expect(net.nodes.map(({ transitions }) => transitions)).toEqual(
        net.nodes.map((_, at) => (at === winner ? 2 : 4)),
      );
    }
  }
});

test('of equals that meet on another link than the first, the higher address there is Master', () => {
  const nodes = [{ priority: 100 }, { priority: 100 }];
  const hosts = [
    [2, 1],
    [1, 2],
  ];
  const net = new SyncNet({ nodes, kinds: [V2, V2], hosts }).start();
  net.part(0, 0);
  net.part(1, 0);
  net.pass(REST);
  net.part(1);
  net.pass(REST);
  expect(net.masters()).toEqual([1]);
});

/** One node, a group of two, and how to speak to it. */
function single(over: { readonly sync?: readonly (string | undefined)[]; readonly links?: number } = {}) {
  const { sync = ['gw', 'gw'] } = over;
  const routers = sync.map((name, member) =>
    configuration({
      vrid: member + 1,
      interface: `eth${member}`,
      ...(name === undefined ? {} : { sync: name }),
    }),
  );
  const links = sync.map((_, member) =>
    ethernet([`192.0.${member}.1`], { index: member + 1, name: `eth${member}` }),
  );
  const station = alone({ routers, links });
  station.update();
  return station;
}

const DOWN = masterDownInterval(2, 100, 1000);
const states = (station: Station): number[] => station.routers.map(({ slot }) => station.state(slot));
/** Transitions so far: slot, state, cause, and whose doing it is. */
const told = (station: Station) =>
  station
    .events()
    .filter(({ type }) => type === EventType.Transition)
    .map(({ slot, b, c }) => ({ slot, to: b, ...causeOf(c) }));
const causeOf = (code: number) => ({ cause: causeParts(code).cause, by: groupSlot(code) });
/** What is heard on a link. */
const hears = (station: Station, member: number, priority: number): void =>
  station.host
    .plug(station.links[member]!, station.wire)
    .hear(V2.advertisement({ vrid: member + 1, priority, from: `192.0.${member}.9` }));

test('each is told why: its own reason, or which of the others', () => {
  const station = single();
  station.time.pass(REST);
  expect(told(station).filter(({ to }) => to === State.Master)).toEqual([
    { slot: 1, to: State.Master, cause: Cause.MasterDown, by: -1 },
    { slot: 0, to: State.Master, cause: Cause.GroupMaster, by: 1 },
  ]);
  hears(station, 0, 200);
  expect(told(station)).toEqual([
    { slot: 0, to: State.Backup, cause: Cause.HigherPriority, by: -1 },
    { slot: 1, to: State.Backup, cause: Cause.GroupYielded, by: 0 },
  ]);
  station.update(station.links.map((link, at) => ({ ...link, running: at === 0 })));
  station.time.pass(REST);
  station.update(station.links.map((link) => ({ ...link, running: true })));
  station.time.pass(REST);
  station.events();
  station.update(station.links.map((link, at) => ({ ...link, running: at === 0 })));
  expect(told(station)).toEqual([
    { slot: 1, to: State.Down, cause: Cause.InterfaceDown, by: -1 },
    { slot: 0, to: State.Backup, cause: Cause.GroupUnfit, by: 1 },
  ]);
});

test('what a Master that leaves says on one link counts for all, unless it is heard again on another', () => {
  const station = single();
  station.time.pass(REST);
  hears(station, 0, 200);
  hears(station, 1, 200);
  const start = station.time.now();
  hears(station, 0, 0);
  station.time.pass(1);
  hears(station, 1, 200);
  station.time.pass(1000);
  expect(states(station)).toEqual([State.Backup, State.Backup]);
  station.time.until(start + DOWN + 1);
  expect(states(station)).toEqual([State.Master, State.Master]);
});

test('told to fail over, the whole group gives up, and none of it preempts', () => {
  const station = single();
  station.time.pass(REST);
  station.engine.failOver(station.routers[0]!);
  station.engine.failOver(station.routers[1]!);
  station.engine.settle();
  expect(states(station)).toEqual([State.Backup, State.Backup]);
  expect([0, 1].map((slot) => station.table.int(slot, Int.StandingBy))).toEqual([1, 1]);
  expect([0, 1].map((slot) => station.table.num(slot, Num.PriorityZeroSent))).toEqual([1, 1]);
  for (let heard = 0; heard < 10; heard++) {
    hears(station, 0, 50);
    hears(station, 1, 50);
    station.time.pass(1000);
  }
  expect(states(station)).toEqual([State.Backup, State.Backup]);
  station.time.pass(REST);
  expect(states(station)).toEqual([State.Master, State.Master]);
  expect([0, 1].map((slot) => station.table.int(slot, Int.StandingBy))).toEqual([0, 0]);
});

test('an address owner is Master when the others can be', () => {
  const routers = ['eth0', 'eth1'].map((name, member) =>
    configuration({ vrid: member + 1, interface: name, sync: 'gw', addresses: [`192.0.${member}.1`] }),
  );
  const links = ['192.0.0.1', '192.0.1.7'].map((address, member) =>
    ethernet([address], { index: member + 1, name: `eth${member}` }),
  );
  const station = alone({ routers, links });
  station.update();
  expect(station.routers[0]!.priority).toBe(255);
  expect(states(station)).toEqual([State.Backup, State.Backup]);
  station.time.pass(DOWN + 1);
  expect(states(station)).toEqual([State.Master, State.Master]);
  const both = alone({
    routers,
    links: [links[0]!, ethernet(['192.0.1.1'], { index: 2, name: 'eth1' })],
  });
  both.update();
  both.time.pass(1);
  expect(states(both), 'owners of all wait for nobody').toEqual([State.Master, State.Master]);
});

test('a Master knows of another one that has yielded to it, as groups do with a good-bye', () => {
  const station = single();
  hears(station, 0, 0);
  expect(station.table.num(0, Num.OtherHeard), 'it leaves').toBe(0);
  station.time.pass(REST);
  expect(states(station)).toEqual([State.Master, State.Master]);
  hears(station, 0, 0);
  expect(station.table.num(0, Num.OtherHeard), 'it yields').toBe(station.time.now());
});

describe('another engine takes over', () => {
  /** Goes on with the table of another one, under these groups. */
  function heir(predecessor: Station, sync: readonly (string | undefined)[], carriers = [true, true, true]) {
    const routers = sync.map((name, member) =>
      configuration({ vrid: member + 1, interface: `eth${member}`, ...(name && { sync: name }) }),
    );
    const { time, wire } = predecessor;
    const links = sync.map((_, member) =>
      ethernet([`192.0.${member}.1`], {
        index: member + 1,
        name: `eth${member}`,
        running: carriers[member]!,
      }),
    );
    predecessor.placement.letGo([]);
    const station = alone({ routers, links });
    station.time.jump(time.now());
    for (const { slot } of station.routers) {
      for (let field = 0; slot < predecessor.table.slots && field < Int.Count; field++)
        (station.table as { setInt(slot: number, field: number, value: number): void }).setInt(
          slot,
          field,
          predecessor.table.int(slot, field),
        );
      for (let field = 0; slot < predecessor.table.slots && field < Num.Count; field++)
        station.table.setNum(slot, field, predecessor.table.num(slot, field));
    }
    station.placement.prepare(links);
    station.engine.resume();
    station.update();
    expect(wire).toBeDefined();
    return station;
  }

  test.each(['Backup', 'Master'] as const)('the same group goes on, %s', (state) => {
    const before = single();
    if (state === 'Master') before.time.pass(REST);
    const station = heir(before, ['gw', 'gw']);
    expect(states(station)).toEqual([State[state], State[state]]);
    expect(told(station)).toEqual([]);
    station.time.pass(REST);
    expect(states(station)).toEqual([State.Master, State.Master]);
  });

  test('those that waited for a group that is no more become Master', () => {
    const before = single({ sync: ['gw', 'gw'] });
    before.update(before.links.map((link, at) => ({ ...link, running: at === 0 })));
    before.time.pass(REST);
    expect(before.routers[0]!.deadline).toBe(0);
    const station = heir(before, [undefined, undefined], [true, false]);
    station.time.pass(1);
    expect(states(station)).toEqual([State.Master, State.Down]);
  });

  test('a new member joins a Master group when its timer expires; if it is down, all yield', () => {
    const before = single();
    before.time.pass(REST);
    const station = heir(before, ['gw', 'gw', 'gw']);
    expect(states(station)).toEqual([State.Master, State.Master, State.Backup]);
    station.time.pass(DOWN + 1);
    expect(states(station)).toEqual([State.Master, State.Master, State.Master]);
    expect(told(station).map(({ slot }) => slot)).toEqual([2, 2]);
    const again = heir(station, ['gw', 'gw', 'gw'], [true, true, false]);
    expect(states(again)).toEqual([State.Backup, State.Backup, State.Down]);
  });

  test('a new member that follows a Master has the others yield', () => {
    const before = single();
    before.time.pass(REST);
    const station = heir(before, ['gw', 'gw', 'gw']);
    hears(station, 2, 200);
    expect(states(station)).toEqual([State.Backup, State.Backup, State.Backup]);
    expect(told(station).slice(-2)).toMatchObject([
      { cause: Cause.GroupFollows, by: 2 },
      { cause: Cause.GroupFollows, by: 2 },
    ]);
  });

  test('a new group of a Master and one that stands by yields: it would be split for ever', () => {
    const before = single({ sync: [undefined, undefined] });
    before.time.pass(REST);
    before.engine.standby.hold(before.routers[1]!, 0);
    expect(states(before)).toEqual([State.Master, State.Backup]);
    const station = heir(before, ['gw', 'gw']);
    expect(states(station)).toEqual([State.Backup, State.Backup]);
    expect(told(station)).toMatchObject([{ slot: 0, cause: Cause.GroupUnfit, by: 1 }]);
    station.time.pass(REST);
    expect(states(station)).toEqual([State.Backup, State.Backup]);
    station.engine.standby.release(station.routers[1]!);
    station.time.pass(REST);
    expect(states(station)).toEqual([State.Master, State.Master]);
  });

  test('so does a group of which a Backup is told to stand by before it has joined the Master', () => {
    const before = single({ sync: [undefined, undefined] });
    before.time.pass(REST);
    before.engine.standby.hold(before.routers[1]!, 0);
    before.engine.standby.release(before.routers[1]!);
    const station = heir(before, ['gw', 'gw']);
    expect(states(station)).toEqual([State.Master, State.Backup]);
    station.engine.standby.hold(station.routers[1]!, 0);
    expect(states(station)).toEqual([State.Backup, State.Backup]);
  });

  test('a member that leaves takes nobody with it', () => {
    const before = single();
    before.time.pass(REST);
    before.placement.letGo([1]);
    expect(states(before)).toEqual([State.Master, State.Initialize]);
  });
});

describe('in the middle of a transition', () => {
  test('a member stops while its group becomes Master: none is', () => {
    const station = single({ sync: ['gw', 'gw', 'gw'] });
    const { engine, routers, table } = station;
    const tell = engine.observer.transition.bind(engine.observer);
    vi.spyOn(engine.observer, 'transition').mockImplementation((slot, from, to, cause) => {
      tell(slot, from, to, cause);
      if (to === State.Master && slot === 2) engine.stop(routers[0]!, Cause.Shutdown, State.Down);
    });
    station.time.pass(DOWN + 1);
    expect(states(station)).toEqual([State.Down, State.Backup, State.Backup]);
    expect(routers.map(({ slot }) => table.int(slot, Int.Wanted) % 2)).toEqual([0, 0, 0]);
    expect([1, 2].map((slot) => table.num(slot, Num.BecameMaster) - table.num(slot, Num.LeftMaster))).toEqual(
      [0, 0],
    );
  });

  test('a member stops while the others yield: each leaves once', () => {
    const station = single({ sync: ['gw', 'gw', 'gw'] });
    station.time.pass(REST);
    const { engine, routers, table } = station;
    const tell = engine.observer.transition.bind(engine.observer);
    vi.spyOn(engine.observer, 'transition').mockImplementation((slot, from, to, cause) => {
      tell(slot, from, to, cause);
      if (slot === 1 && to === State.Backup) engine.stop(routers[2]!, Cause.Shutdown, State.Down);
    });
    hears(station, 0, 200);
    expect(states(station)).toEqual([State.Backup, State.Backup, State.Down]);
    expect([0, 1, 2].map((slot) => table.num(slot, Num.LeftMaster))).toEqual([1, 1, 1]);
    expect([0, 1, 2].map((slot) => table.num(slot, Num.PriorityZeroSent))).toEqual([1, 1, 1]);
  });
});

test('hundreds become Master, and yield, in one step', () => {
  const count = 200;
  const routers = Array.from({ length: count }, (_, at) => configuration({ vrid: at + 1, sync: 'gw' }));
  const station = alone({ routers });
  station.update();
  station.time.until(1000 + DOWN);
  const times = new Set(station.advertised().map(({ time }) => time));
  expect([times.size, station.advertised().length]).toEqual([1, count]);
  station.hears(V2.advertisement({ vrid: 17, priority: 200 }));
  const left = station.advertised().filter(({ priority }) => priority === 0);
  expect([left.length, new Set(left.map(({ time }) => time)).size]).toEqual([count, 1]);
});

test('a link that takes several members with it is the reason for all of them', () => {
  const routers = [1, 2, 3].map((vrid) =>
    configuration({ vrid, interface: vrid === 3 ? 'eth1' : 'eth0', sync: 'gw' }),
  );
  const links = [
    ethernet(['192.0.0.1'], { index: 1, name: 'eth0' }),
    ethernet(['192.0.1.1'], { index: 2, name: 'eth1' }),
  ];
  const station = alone({ routers, links });
  station.update();
  station.time.pass(REST);
  station.events();
  station.update(links.map((link, at) => ({ ...link, running: at === 1 })));
  expect(told(station)).toEqual([
    { slot: 0, to: State.Down, cause: Cause.InterfaceDown, by: -1 },
    { slot: 1, to: State.Down, cause: Cause.InterfaceDown, by: -1 },
    { slot: 2, to: State.Backup, cause: Cause.GroupUnfit, by: 0 },
  ]);
});
