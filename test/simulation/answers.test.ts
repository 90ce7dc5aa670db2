/** Which advertisements a simulated Master answers out of turn: as the engine does it, see core/engine/acceptance.ts. */
import { expect, test } from 'vitest';
import type { transition } from '../../core/vrrp/machine.ts';
import { State } from '../../core/vrrp/state.ts';
import { MachineWorld } from './machine-world.ts';
import { type RouterSpec, type Scenario, scenarioOf } from './scenario.ts';
import { asksForAnswer, type Watch } from './world.ts';

/** Sees nothing. */
const NOBODY: Watch = {
  event: () => {},
  crashed: () => {},
  standsBy: () => {},
  reloaded: () => {},
  stalled: () => {},
  waits: () => {},
  caughtUp: () => {},
};

const OURS: RouterSpec = { priority: 100, preempt: true, interval: 1000 };

/** A world of Masters that go on whatever they hear, and whether the first of them may answer what it hears. */
function mastersOf(others: readonly RouterSpec[]) {
  const answers: [priority: number, answer: boolean][] = [];
  const scenario: Scenario = {
    ...scenarioOf(1),
    ...{ version: 3, routers: [OURS, ...others], latency: 1, late: 0, early: 0 },
  };
  const stubborn: typeof transition = (router, event, now, out) => {
    const isOurs = router.priority === OURS.priority;
    if (event.type === 'advertisement' && isOurs) answers.push([event.priority, event.answer !== false]);
    const isDue = event.type === 'startup' || event.type === 'timer';
    return Object.assign(out!, {
      state: State.Master,
      deadline: isDue ? now + router.advertisementInterval : router.deadline,
      masterAdverInterval: router.advertisementInterval,
      actions: event.type === 'timer' ? ['send-advertisement'] : [],
    });
  };
  const world = new MachineWorld(scenario, NOBODY, stubborn);
  for (const who of scenario.routers.keys()) world.start(who);
  return { world, answers };
}

test('a superior advertisement takes no answer, however often it comes', () => {
  const { world, answers } = mastersOf([
    { priority: 200, preempt: true, interval: 50 },
    { priority: 50, preempt: true, interval: 900 },
  ]);
  world.run(20_000);
  expect(answers.filter(([priority]) => priority === 200).length).toBeGreaterThan(300);
  const inferior = answers.filter(([priority]) => priority === 50);
  expect(inferior.length).toBeGreaterThan(20);
  expect(inferior.every(([, answer]) => answer)).toBe(true);
});

test.each([
  ['a crash', (world: MachineWorld) => [world.crash(0), world.start(0)]],
  ['a stop', (world: MachineWorld) => [world.stop(0), world.start(0)]],
  ['a reload', (world: MachineWorld) => world.reload(0, OURS)],
])('%s: the next engine has all of its answers', (_, change) => {
  const { world, answers } = mastersOf([{ priority: 50, preempt: true, interval: 10 }]);
  world.run(2005);
  expect(answers.slice(-10).filter(([, answer]) => answer).length).toBeLessThan(3);
  change(world);
  answers.length = 0;
  world.run(2055);
  expect(answers.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => [50, true]));
});

test.each([
  [3, State.Master, 50, -1, true],
  [3, State.Master, 100, -1, true],
  [3, State.Master, 100, 1, false],
  [3, State.Master, 101, -1, false],
  [3, State.Master, 0, 1, true],
  [3, State.Backup, 0, 1, false],
  [2, State.Master, 0, 1, true],
  [2, State.Master, 50, -1, false],
] as const)('VRRPv%d, state %d: priority %d, address order %d', (version, state, priority, order, asks) => {
  expect(asksForAnswer(version, state, 100, priority, order)).toBe(asks);
});
