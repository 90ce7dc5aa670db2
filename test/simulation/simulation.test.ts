/** Whole networks under virtual time, the same ones each time; bench/simulation.ts runs many more. */
import { describe, expect, test } from 'vitest';
import { type Outcome, transition } from '../../core/vrrp/machine.ts';
import { State } from '../../core/vrrp/state.ts';
import { down, skew } from './judge.ts';
import { MachineWorld } from './machine-world.ts';
import { mutantsOf } from './mutants.ts';
import { bound, run } from './run.ts';
import { scenarioOf } from './scenario.ts';
import { type Form, runSeed } from './worlds.ts';

/** Runs seeds, and counts what has happened. */
function many(form: Form, from: number, count: number) {
  const sum = { routerHours: 0, transitions: 0, heals: 0, harmless: new Set<string>() };
  for (let seed = from; seed < from + count; seed++) {
    const { routerHours, transitions, heals, harmless } = runSeed(form, seed);
    sum.routerHours += routerHours;
    sum.transitions += transitions;
    sum.heals += heals;
    for (const what of Object.keys(harmless)) sum.harmless.add(what);
  }
  return sum;
}

/** What there are cases of that cause no transition. */
const HARMLESS = ['crash', 'fail-over', 'nap', 'pull', 'reload', 'start', 'stop', 'weather'];

test('networks of state machines keep what VRRP promises', () => {
  const { routerHours, transitions, heals, harmless } = many('machine', 1, 1000);
  expect([...harmless].sort()).toEqual(HARMLESS);
  expect(heals).toBeGreaterThan(20);
  expect(routerHours).toBeGreaterThan(3000);
  expect(transitions).toBeGreaterThan(3000);
});

test('networks of engines keep it too', () => {
  const { routerHours, transitions, heals, harmless } = many('engine', 1, 60);
  expect([...harmless].sort()).toEqual(HARMLESS);
  expect(heals).toBeGreaterThan(0);
  expect(routerHours).toBeGreaterThan(100);
  expect(transitions).toBeGreaterThan(200);
});

test.each(['machine', 'engine'] as const)('a seed brings back a run of the %s to the last event', (form) => {
  const trace = (seed: number): string[] => {
    const lines: string[] = [];
    runSeed(form, seed, (line) => lines.push(line));
    return lines;
  };
  const first = trace(3);
  expect(first.length).toBeGreaterThan(100);
  expect(trace(3)).toEqual(first);
  expect(trace(4)).not.toEqual(first);
  expect(runSeed(form, 3).digest).toBe(runSeed(form, 3).digest);
  expect(runSeed(form, 3).digest).not.toBe(runSeed(form, 4).digest);
});

test('scenarios differ in everything that a network can differ in', () => {
  const scenarios = Array.from({ length: 300 }, (_, seed) => scenarioOf(seed));
  const routers = scenarios.flatMap((scenario) => scenario.routers);
  const kinds = new Set(scenarios.map(({ version, family, mixed }) => `${version} ${family} ${mixed}`));
  expect([...kinds].sort()).toEqual([...['2 4 false', '3 4 false', '3 4 true', '3 6 false', '3 6 true']]);
  expect(new Set(scenarios.map((scenario) => scenario.routers.length))).toEqual(new Set([2, 3, 4, 5, 6]));
  const steps = scenarios.flatMap(({ bursts }) => bursts.flatMap((burst) => burst.steps));
  expect([...new Set(steps.map(({ what }) => what))].sort()).toEqual([
    ...[
      'crash',
      'fail-over',
      'heal',
      'nap',
      'part',
      'pause',
      'pull',
      'reload',
      'resume',
      'stall',
      'start',
      'stop',
    ],
    'weather',
  ]);
  expect(routers.some(({ priority }) => priority === 255)).toBe(true);
  expect(Math.min(...routers.map(({ interval }) => interval))).toBeLessThan(20);
  expect(Math.max(...routers.map(({ interval }) => interval))).toBeGreaterThan(39_000);
});

describe('the bounds', () => {
  test.each([
    [2, 100, 1000, 609.375, 3609.375],
    [3, 100, 1000, 609.375, 3609.375],
    [2, 254, 5000, 7.8125, 15_007.8125],
    [3, 254, 10, 0.078125, 30.078125],
    [3, 1, 40_950, 40_790.0390625, 163_640.0390625],
  ] as const)('VRRPv%i, priority %i, %i ms', (version, priority, interval, skewTime, masterDown) => {
    expect(skew(version, priority, interval)).toBe(skewTime);
    expect(down(version, priority, interval)).toBe(masterDown);
  });

  test('a network settles within the longest Master_Down_Interval and two intervals; twice that if they differ', () => {
    const scenario = { ...scenarioOf(1), version: 3, longest: 1000, latency: 1, late: 0 } as const;
    expect(bound({ ...scenario, mixed: false })).toBe(3996.09375 + 2002);
    expect(bound({ ...scenario, mixed: true })).toBe(2 * (3996.09375 + 2002));
  });
});

describe('a state machine is found out', () => {
  /** What is found in the first networks, if its outcomes are spoilt. */
  const found = (spoil: (outcome: Outcome, now: number, before: State) => void): string => {
    const broken: typeof transition = (router, event, now, out) => {
      const before = router.state;
      const outcome = transition(router, event, now, out);
      spoil(outcome, now, before);
      return outcome;
    };
    for (let seed = 1; seed <= 50; seed++) {
      try {
        run(scenarioOf(seed), (scenario, watch) => new MachineWorld(scenario, watch, broken));
      } catch (error) {
        return (error as Error).message;
      }
    }
    return '';
  };

  test('that is as it must be: nothing', () => {
    expect(found(() => {})).toBe('');
  });

  test('that gives up its Master a little too early', () => {
    const fault = found((outcome, now) => {
      if (outcome.state === State.Backup && outcome.deadline > now) outcome.deadline -= 0.05;
    });
    expect(fault).toMatch(/it gave up its Master before [\d.]+ ms/);
  });

  test('that advertises a little too late', () => {
    const fault = found((outcome, now) => {
      if (outcome.state === State.Master && outcome.deadline > now) outcome.deadline += 0.3;
    });
    expect(fault).toMatch(/it (had to advertise|advertised before)/);
  });

  test('that never becomes Master', () => {
    const fault = found((outcome, _, before) => {
      if (before === State.Backup && outcome.state === State.Master) outcome.state = State.Backup;
    });
    expect(fault).toMatch(/made it Backup, not Master/);
  });

  test('that leaves Master in silence', () => {
    const fault = found((outcome) => {
      outcome.actions = outcome.actions.filter((action) => action !== 'send-priority-zero');
    });
    expect(fault).toMatch(/it did \[release-addresses\], not \[send-priority-zero release-addresses\]/);
  });
});

test('mutants are changes of what runs, one at a time', () => {
  const source = [
    'type Three = 3;',
    'export function f(a: number): number {',
    '  if (a > 2) return Math.min(a, 7);',
    "  return a === 1 && !('x' in [a]) ? a + 1 : State.Master;",
    '}',
  ].join('\n');
  const mutants = mutantsOf('f.ts', source);
  const changes = mutants.map(({ line, before, after }) => `${line}: ${before} -> ${after}`);
  expect(changes).toContain('3: > -> >=');
  expect(changes).toContain('3: a > 2 -> !(a > 2)');
  expect(changes).toContain('3: Math.min -> Math.max');
  expect(changes).toContain('3: 7 -> 8');
  expect(changes).toContain('4: && -> ||');
  expect(changes).toContain('4: + -> -');
  expect(changes).toContain('4: State.Master -> State.Backup');
  expect(changes.filter((change) => change.startsWith('1:'))).toEqual([]);
  expect(new Set(mutants.map(({ text }) => text)).size).toBe(mutants.length);
});
