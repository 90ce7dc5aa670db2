import { afterAll, expect, it } from 'vitest';
import { gatewayPair } from './lab/gateway-pair.ts';
import type { Host } from './lab/host.ts';
import { type Lab, type Segment, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { inOrder } from './lab/sightings.ts';
import type { Implementation } from './lab/speaker.ts';
import { INTERVAL, type SetUp, setNumber, setWrong, startTwin, type Twin } from './lab/twin-set-up.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// The same set-up of two routers with either daemon on both of them, and the same faults: who is Master, in which order.

/** Whose advertisements come from where. */
const SOURCES = { r1: '10.0.0.2', r2: '10.0.0.3' } as const;
type Name = keyof typeof SOURCES;
/** ms in which nothing more has to happen: longer than any Master_Down_Interval here. */
const QUIET = 2500;

/** What a scenario does things with. */
interface Stage {
  readonly lab: Lab;
  readonly lan: Segment;
  readonly wan: Segment;
  readonly r1: Host;
  readonly r2: Host;
  /** Starts the daemon of a router. */
  start(name: Name): Promise<Twin>;
  /** Waits until one is Master alone. */
  master(name: Name): Promise<void>;
  /** Waits until nobody is. */
  nobody(): Promise<void>;
}

interface Scenario {
  readonly r1?: Partial<SetUp>;
  readonly r2?: Partial<SetUp>;
  /** Both run, r1 is Master. */
  readonly play: (stage: Stage, first: Twin, second: Twin) => Promise<unknown>;
  /** Who is Master, in order. */
  readonly expected: string;
}

const KILLED: Scenario['play'] = async ({ start, master }, first) => {
  await first.kill();
  await master('r2');
  await start('r1');
};
const STOPPED: Scenario['play'] = async ({ start, master }, first) => {
  await first.stop();
  await master('r2');
  await start('r1');
};
const pulled =
  (segment: 'lan' | 'wan'): Scenario['play'] =>
  async (stage) => {
    await stage[segment].unplug(stage.r1);
    await stage.master('r2');
    await stage[segment].replug(stage.r1);
  };
const WRONG: Scenario['play'] = async ({ lab, r1, master }) => {
  setWrong(lab, r1, true);
  await master('r2');
  setWrong(lab, r1, false);
};
const unmoved =
  (fault: (stage: Stage, second: Twin) => unknown): Scenario['play'] =>
  async (stage, _, second) => {
    await fault(stage, second);
    await sleep(QUIET);
    await stage.master('r1');
  };
const NO_PREEMPTION = { r1: { preempt: false }, r2: { preempt: false } } as const;
const both = (set: Partial<SetUp>) => ({ r1: set, r2: set });
const BACK = 'r1 r2 r1';
const STAYS = 'r1 r2';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'the Master is killed, and comes back': { play: KILLED, expected: BACK },
  'the same without preemption': { ...NO_PREEMPTION, play: KILLED, expected: STAYS },
  'the Master is stopped, and comes back': { play: STOPPED, expected: BACK },
  'the same without preemption, stopped': { ...NO_PREEMPTION, play: STOPPED, expected: STAYS },
  'the Master hangs for some seconds': {
    play: async ({ master }, first) => {
      await first.signal('SIGSTOP');
      await master('r2');
      await first.signal('SIGCONT');
    },
    expected: BACK,
  },
  'the Backup is killed, and comes back': {
    play: unmoved(async ({ start }, second) => {
      await second.kill();
      await start('r2');
    }),
    expected: 'r1',
  },
  'the Master’s cable': { play: pulled('lan'), expected: BACK },
  'the Master’s cable, without preemption': { ...NO_PREEMPTION, play: pulled('lan'), expected: STAYS },
  'the Backup’s cable': {
    play: unmoved(async ({ lan, r2 }) => {
      await lan.unplug(r2);
      await sleep(QUIET);
      await lan.replug(r2);
    }),
    expected: 'r1',
  },
  'a tracked uplink': { ...both({ uplink: 'fault' }), play: pulled('wan'), expected: BACK },
  'a tracked uplink, without preemption': {
    ...both({ uplink: 'fault', preempt: false }),
    play: pulled('wan'),
    expected: STAYS,
  },
  'a tracked uplink of much weight': { ...both({ uplink: -150 }), play: pulled('wan'), expected: BACK },
  'a tracked uplink of little weight': {
    ...both({ uplink: -50 }),
    play: unmoved(({ wan, r1 }) => wan.unplug(r1)),
    expected: 'r1',
  },
  'a program that fails': { ...both({ program: 'fault' }), play: WRONG, expected: BACK },
  'a program of much weight': { ...both({ program: -150 }), play: WRONG, expected: BACK },
  'programs that fail on both': {
    ...both({ program: 'fault' }),
    play: async ({ lab, r1, r2, master, nobody }) => {
      setWrong(lab, r1, true);
      await master('r2');
      setWrong(lab, r2, true);
      await nobody();
      setWrong(lab, r2, false);
      await master('r2');
      setWrong(lab, r1, false);
    },
    expected: BACK,
  },
  'a number in a file of the Master': {
    ...both({ number: true }),
    play: async ({ lab, r1, master }) => {
      setNumber(lab, r1, -150);
      await master('r2');
      setNumber(lab, r1, 0);
    },
    expected: BACK,
  },
  'a number in a file of the Backup': {
    ...both({ number: true }),
    play: async ({ lab, r2, master }) => {
      setNumber(lab, r2, 150);
      await master('r2');
      setNumber(lab, r2, 0);
    },
    expected: BACK,
  },
  'a group, the LAN’s cable': { ...both({ group: true }), play: pulled('lan'), expected: BACK },
  'a group, the uplink’s cable': { ...both({ group: true }), play: pulled('wan'), expected: BACK },
  'a group without preemption, the uplink’s cable': {
    ...both({ group: true, preempt: false }),
    play: pulled('wan'),
    expected: STAYS,
  },
  // No multiple of the interval: it begins with an advertisement, and what is sent at the same moment as another one may
  // cross it.
  'a delay before preemption': { r1: { preemptDelay: 4.5 * INTERVAL }, play: KILLED, expected: BACK },
  'a reload with a lower priority, and back': {
    play: async ({ master }, first) => {
      await first.reload({ priority: 50 });
      await master('r2');
      await first.reload({ priority: 200 });
    },
    expected: BACK,
  },
};

/** Plays it. @returns who was Master, in order */
function transcript(implementation: Implementation, scenario: Scenario): Promise<string> {
  return withLab(async (lab) => {
    const net = await gatewayPair(lab);
    const wire = await Wire.tap(lab, net.lan, net.lan.bridge);
    const sets = { r1: { priority: 200, ...scenario.r1 }, r2: { priority: 100, ...scenario.r2 } };
    const stage: Stage = {
      ...{ ...net, lab },
      start: (name) => startTwin(implementation, lab, net[name], sets[name]),
      master: (name) => wire.soleMaster(7, SOURCES[name], 30_000, 1300),
      nobody: async () =>
        void (await eventually('nobody as Master', 30_000, () => wire.masters(7, QUIET).length === 0)),
    };
    const first = await stage.start('r1');
    await stage.master('r1');
    const second = await stage.start('r2');
    await scenario.play(stage, first, second);
    await stage.master(scenario.expected.endsWith('r1') ? 'r1' : 'r2');
    await sleep(QUIET);
    return inOrder(
      wire.adverts(7).filter(({ priority }) => priority > 0),
      SOURCES,
    );
  });
}

describeSystem('the same faults with keepalived', () => {
  const rows = new Map<string, string>();

  afterAll(() => {
    const head = `${'who is Master, in order'.padEnd(48)}${'rvrrpd'.padEnd(12)}keepalived`;
    console.log([head, ...Object.keys(SCENARIOS).flatMap((name) => rows.get(name) ?? [])].join('\n'));
  });

  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    it.concurrent(name, async () => {
      const [ours, theirs] = await Promise.all([
        transcript('rvrrpd', scenario),
        transcript('keepalived', scenario),
      ]);
      rows.set(name, `${name.padEnd(48)}${ours.padEnd(12)}${theirs}`);
      expect({ ours, theirs }).toEqual({ ours: scenario.expected, theirs: scenario.expected });
    });
  }
});
