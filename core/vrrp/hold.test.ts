import { describe, expect, test } from 'vitest';
import { deadlineOfListener, type HeldOutcome, type HeldRouter, heldTransition } from './hold.ts';
import type { Event } from './machine.ts';
import { State } from './state.ts';
import { masterDownInterval } from './timers.ts';

/** A router as it goes through events, priority 100, preempting, 1 s. */
class Run {
  router: HeldRouter;
  actions: readonly string[] = [];

  constructor(over: Partial<HeldRouter> = {}) {
    this.router = {
      ...{ version: 2, priority: 100, preempt: true, advertisementInterval: 1000 },
      ...{ state: State.Initialize, deadline: 0, masterAdverInterval: 0 },
      ...{ holdUntil: 0, preemptDelay: 0, preemptAt: 0, inferiorUntil: 0 },
      ...over,
    };
  }

  at(now: number, event: Event): this {
    const out: HeldOutcome = {
      ...{ state: State.Initialize, deadline: 0, masterAdverInterval: 0, actions: [] },
      ...{ preemptAt: 0, inferiorUntil: 0 },
    };
    const { actions, ...dynamic } = heldTransition(this.router, event, now, out);
    this.router = { ...this.router, ...dynamic };
    this.actions = actions;
    return this;
  }

  start(now = 0): this {
    return this.at(now, { type: 'startup' });
  }

  hear(now: number, priority: number, interval = 1000): this {
    return this.at(now, { type: 'advertisement', priority, interval, addressOrder: 1 });
  }

  /** Its timer expires, as often as it does, up to a time. */
  until(end: number): this {
    while (this.router.state === State.Backup && this.router.deadline > 0 && this.router.deadline <= end)
      this.at(this.router.deadline, { type: 'timer' });
    return this;
  }
}

const DOWN = masterDownInterval(2, 100, 1000);

describe('a delay', () => {
  test('keeps a lone router Backup until it is over, and not longer', () => {
    const run = new Run({ holdUntil: 10_000 }).start();
    expect(run.router).toMatchObject({ state: State.Backup, deadline: DOWN });
    run.until(9999);
    expect(run.router).toMatchObject({ state: State.Backup, deadline: 10_000 });
    expect(run.actions).toEqual([]);
    run.until(10_000);
    expect(run.router.state).toBe(State.Master);
    expect(run.actions).toEqual(['send-advertisement', 'acquire-addresses']);
  });

  test('that is shorter than the Master_Down_Interval changes nothing', () => {
    const run = new Run({ holdUntil: 1000 }).start().until(DOWN - 0.01);
    expect(run.router.state).toBe(State.Backup);
    expect(run.until(DOWN).router.state).toBe(State.Master);
  });

  test('its Backup follows the Master, of lower priority too, whose death does not end it', () => {
    const run = new Run({ holdUntil: 20_000 }).start();
    for (let now = 500; now <= 8500; now += 1000) run.until(now).hear(now, 50);
    run.until(19_999);
    expect(run.router.state).toBe(State.Backup);
    expect(run.until(20_000).router.state).toBe(State.Master);
  });

  test('a Master of lower priority is preempted when it is over, one of higher priority followed', () => {
    const lower = new Run({ holdUntil: 5000 }).start();
    const higher = new Run({ holdUntil: 5000 }).start();
    const lets = new Run({ holdUntil: 5000, preempt: false }).start();
    for (let now = 500; now <= 4500; now += 1000) {
      lower.until(now).hear(now, 50);
      higher.until(now).hear(now, 150);
      lets.until(now).hear(now, 50);
    }
    expect(lower.until(5000).router.state).toBe(State.Master);
    for (const run of [higher, lets]) {
      expect(run.until(5500).router.state).toBe(State.Backup);
      expect(run.router.deadline, 'by the protocol').toBe(4500 + DOWN);
    }
  });

  test('does not touch a Master, and a good-bye does not end it', () => {
    const run = new Run({ state: State.Master, deadline: 5000, holdUntil: 9000 });
    run.at(5000, { type: 'timer' });
    expect(run.actions).toEqual(['send-advertisement']);
    const backup = new Run({ holdUntil: 9000 }).start().hear(100, 150).hear(200, 0).until(8999);
    expect(backup.router.state).toBe(State.Backup);
    expect(backup.until(9000).router.state).toBe(State.Master);
  });
});

describe('the address owner', () => {
  test('waits as a Backup, and is Master at once when the delay is over', () => {
    const run = new Run({ priority: 255, holdUntil: 2000 }).start();
    expect(run.router).toMatchObject({ state: State.Backup, deadline: 2000 });
    expect(run.until(2000).router.state).toBe(State.Master);
  });

  test('follows nobody meanwhile, whatever its Preempt_Mode', () => {
    const run = new Run({ priority: 255, holdUntil: 2000, preempt: false }).start();
    run.hear(500, 100).hear(900, 255).hear(1900, 254);
    expect(run.until(2000).router.state).toBe(State.Master);
  });

  test('with preempt_delay it listens first, and lets a Master be', () => {
    const owner = { priority: 255, preemptDelay: 10_000 };
    const down = masterDownInterval(2, 255, 1000);
    expect(new Run(owner).start().until(down).router.state, 'nobody is there').toBe(State.Master);
    const run = new Run(owner).start();
    for (let now = 500; now < 10_500; now += 1000) run.until(now).hear(now, 100);
    expect(run.until(10_499).router.state).toBe(State.Backup);
    expect(run.until(10_500).router.state).toBe(State.Master);
  });

  test('without any delay it is Master at once', () => {
    expect(new Run({ priority: 255 }).start().router.state).toBe(State.Master);
  });
});

describe('preempt_delay', () => {
  const preempting = { preemptDelay: 10_000 };

  test('counts from the first advertisement of a Master of lower priority', () => {
    const run = new Run(preempting).start();
    for (let now = 700; now < 10_700; now += 1000) run.until(now).hear(now, 50);
    expect(run.until(10_699).router.state).toBe(State.Backup);
    expect(run.until(10_700).router.state).toBe(State.Master);
  });

  test('a Master that dies meanwhile is taken over by the protocol’s time', () => {
    const run = new Run(preempting).start();
    for (let now = 700; now <= 4700; now += 1000) run.until(now).hear(now, 50);
    expect(run.until(4700 + DOWN - 0.01).router.state).toBe(State.Backup);
    expect(run.until(4700 + DOWN).router.state).toBe(State.Master);
  });

  test('one that says good-bye too', () => {
    const run = new Run(preempting).start();
    for (let now = 700; now <= 4700; now += 1000) run.until(now).hear(now, 50);
    run.hear(5000, 0);
    const skew = DOWN - 3000;
    expect(run.until(5000 + skew - 0.01).router.state).toBe(State.Backup);
    expect(run.until(5000 + skew).router.state).toBe(State.Master);
  });

  test('without a Master there is none', () => {
    expect(new Run(preempting).start().until(DOWN).router.state).toBe(State.Master);
  });

  test('a superior Master between begins it anew', () => {
    const run = new Run(preempting).start().hear(500, 50).hear(1000, 200);
    expect(run.router).toMatchObject({ preemptAt: 0, inferiorUntil: 0 });
    run.hear(2000, 50);
    expect(run.router.preemptAt).toBe(12_000);
  });

  test('the interval of a VRRPv3 Master says when it is dead', () => {
    const run = new Run({ ...preempting, version: 3, advertisementInterval: 1000 }).start();
    run.hear(500, 50, 200);
    expect(run.router.inferiorUntil).toBe(500 + masterDownInterval(3, 100, 200));
  });

  test('a Backup that does not preempt follows, as ever', () => {
    const run = new Run({ ...preempting, preempt: false }).start().hear(500, 50);
    expect(run.router).toMatchObject({ deadline: 500 + DOWN, preemptAt: 0 });
  });
});

test('down_timer_adverts is the factor of all that', () => {
  const run = new Run({ downTimerAdverts: 5, preemptDelay: 60_000 }).start();
  expect(run.router.deadline).toBe(DOWN + 2000);
  run.hear(1000, 50);
  expect(run.router.inferiorUntil).toBe(1000 + DOWN + 2000);
});

test('who could hear nothing until now listens for a whole Master_Down_Interval', () => {
  const { router } = new Run({ holdUntil: 7000 }).start();
  expect(deadlineOfListener(router, 5000)).toBe(5000 + DOWN);
  expect(deadlineOfListener({ ...router, priority: 255 }, 5000)).toBe(7000);
  expect(deadlineOfListener({ ...router, priority: 255, holdUntil: 0 }, 5000)).toBe(5000);
});
