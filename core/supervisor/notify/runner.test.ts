import { describe, expect, test } from 'vitest';
import type { HookConfig } from '../../config/model.ts';
import type { NotifyEvent } from '../../plugin/contracts/index.ts';
import type { Notice } from './queue.ts';
import {
  type Deliverer,
  FIRST_PAUSE,
  HookRunner,
  type HookWorld,
  LONGEST_PAUSE,
  MOST_LOST,
  type Outcome,
} from './runner.ts';

/** Time that passes when it is told to. */
class Clock {
  now = 0;
  private timers: { at: number; then: () => void }[] = [];

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.now + ms, then };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((each) => each !== timer);
    };
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
      if (!due) break;
      this.timers = this.timers.filter((each) => each !== due);
      this.now = due.at;
      due.then();
    }
    this.now = end;
  }
}

/** A thread that does what it is told to. */
class Thread implements Deliverer {
  silence: string | undefined;
  readonly events: NotifyEvent[] = [];
  aborted = 0;
  private over: ((outcome: Outcome) => void) | undefined;

  deliver(event: NotifyEvent, over: (outcome: Outcome) => void): void {
    expect(this.over, 'one at a time').toBeUndefined();
    this.events.push(event);
    this.over = over;
  }

  abort(): void {
    this.aborted++;
  }

  ends(outcome: Outcome): void {
    const { over } = this;
    this.over = undefined;
    over!(outcome);
  }

  delivers(): void {
    this.ends({ type: 'delivered' });
  }

  fails(words = 'no', final = false, pause?: number): void {
    this.ends({ type: 'failed', words, final, ...(pause !== undefined && { pause }) });
  }

  /** `a#1`, with the attempt behind it if it is not the first. */
  get told(): string[] {
    return this.events.map(
      ({ name, sequence, attempt }) => `${name}#${sequence}${attempt > 1 ? ` (${attempt})` : ''}`,
    );
  }
}

const config = (more: Partial<HookConfig> = {}): HookConfig => ({
  ...{ position: { file: 'f', line: 1 }, name: 'h', type: 'x', latest: false, timeout: 1000, retries: 0 },
  ...{ settings: {}, ...more },
});

function notice(name: string): Notice {
  return {
    key: name,
    body: {
      ...{ format: 1, host: 'h', time: 't', type: 'router', name, state: 'Master', previous: 'Backup' },
      ...{ lasted: null, cause: '', priority: 100 },
    },
  };
}

function made(more: Partial<HookConfig> = {}) {
  const clock = new Clock();
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  const world: HookWorld = {
    now: () => clock.now,
    after: (ms, then) => clock.after(ms, then),
    log: { info: log, warn: log, error: log },
    changed: () => {},
  };
  const runner = new HookRunner('h', config(more), world);
  const thread = new Thread();
  runner.follow(config(more), thread);
  const push = (...names: readonly string[]): void => {
    for (const name of names) runner.push(notice(name));
  };
  return { clock, lines, world, runner, thread, push };
}

test('delivers in order, one at a time', () => {
  const { thread, runner, push } = made();
  push('a', 'b', 'c');
  expect(thread.told).toEqual(['a#1']);
  expect(runner.status.queue).toBe(3);
  for (let count = 0; count < 3; count++) thread.delivers();
  expect(thread.told).toEqual(['a#1', 'b#2', 'c#3']);
  expect(runner.status).toMatchObject({ queue: 0, delivered: 3, failed: 0, dropped: 0, joined: 0 });
});

test('one whose thread cannot deliver yet waits for it', () => {
  const { thread, runner, push } = made();
  thread.silence = 'is being started';
  push('a');
  expect(thread.told).toEqual([]);
  thread.silence = undefined;
  runner.ready();
  expect(thread.told).toEqual(['a#1']);
});

describe('what has failed', () => {
  test('is given up without retries, and the next one has its turn', () => {
    const { thread, runner, push, lines } = made();
    push('a', 'b');
    thread.fails('exit code 3');
    expect(thread.told).toEqual(['a#1', 'b#2']);
    expect(runner.status.failed).toBe(1);
    expect(lines).toEqual(['hook h: number 1, a Master, was not delivered: exit code 3']);
    expect(runner.lastWords).toBe('exit code 3');
  });

  test('is tried again, less and less often, and those behind it wait', () => {
    const { thread, push, clock } = made({ retries: 100 });
    push('a', 'b');
    for (let attempt = 1, pause = FIRST_PAUSE; attempt <= 12; attempt++) {
      thread.fails();
      clock.pass(pause - 1);
      expect(thread.events).toHaveLength(attempt);
      clock.pass(1);
      expect(thread.told.at(-1)).toBe(`a#1 (${attempt + 1})`);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
    thread.delivers();
    expect(thread.told.at(-1)).toBe('b#2');
    thread.fails();
    clock.pass(FIRST_PAUSE);
    expect(thread.told.at(-1)).toBe('b#2 (2)');
  });

  test('is tried again when its plugin says, and that is logged less and less often', () => {
    const { thread, push, clock, lines } = made({ retries: 1000 });
    push('a');
    for (let attempt = 1; attempt <= 100; attempt++) {
      clock.pass(30_000);
      thread.fails('nobody reads it', false, 500);
      clock.pass(499);
      expect(thread.events).toHaveLength(attempt);
      clock.pass(1);
      expect(thread.events).toHaveLength(attempt + 1);
    }
    // After 0, 30, 60 s … of 50 minutes: at most as often as the pause between two is twice as long each time.
    expect(lines.length).toBeLessThan(10);
    expect(lines[0]).toBe('hook h: nobody reads it; it is tried again');
    thread.delivers();
    push('b');
    clock.pass(LONGEST_PAUSE);
    thread.fails('nobody reads it', false, 10 * LONGEST_PAUSE);
    expect(lines.at(-1)).toContain('it is tried again');
    clock.pass(LONGEST_PAUSE);
    expect(thread.told.at(-1)).toBe('b#2 (2)');
  });

  test('is tried as often as it is to be, and not at all if it is final', () => {
    const { thread, push, clock, runner } = made({ retries: 2 });
    push('a', 'b');
    for (let attempt = 0; attempt < 3; attempt++) {
      thread.fails();
      clock.pass(LONGEST_PAUSE);
    }
    expect(thread.told).toEqual(['a#1', 'a#1 (2)', 'a#1 (3)', 'b#2']);
    thread.fails('answers 400', true);
    clock.pass(LONGEST_PAUSE);
    expect(runner.status).toMatchObject({ queue: 0, failed: 2 });
  });

  test('is logged now and then, with how often it was', () => {
    const { thread, push, clock, lines } = made();
    for (let count = 0; count < 100; count++) {
      push('a');
      thread.fails();
    }
    expect(lines).toHaveLength(1);
    clock.pass(10_000);
    push('a');
    thread.fails();
    expect(lines[1]).toContain('(100 failures since the last such message)');
  });
});

describe('a thread that ends in the middle', () => {
  test('is told the same again, with the same number', () => {
    const { thread, push, runner } = made();
    push('a', 'b');
    thread.silence = 'broke down';
    thread.ends({ type: 'lost' });
    expect(thread.told).toEqual(['a#1']);
    thread.silence = undefined;
    runner.ready();
    thread.delivers();
    expect(thread.told).toEqual(['a#1', 'a#1 (2)', 'b#2']);
  });

  test('does so each time for an event that is given up then', () => {
    const { thread, push, runner } = made();
    push('a', 'b');
    for (let count = 0; count < MOST_LOST; count++) thread.ends({ type: 'lost' });
    expect(thread.told.at(-1)).toBe('b#2');
    expect(runner.status.failed).toBe(1);
  });
});

describe('another thread', () => {
  test('has its turn once what is under way in the old one is over', () => {
    const { thread, push, runner } = made();
    const next = new Thread();
    push('a', 'b');
    runner.follow(config(), next);
    expect(next.told).toEqual([]);
    thread.delivers();
    expect(thread.told).toEqual(['a#1']);
    expect(next.told).toEqual(['b#2']);
  });

  test('is tried at once with what the old one could not deliver', () => {
    const { thread, push, runner, clock } = made({ retries: 9 });
    const next = new Thread();
    push('a');
    thread.fails();
    runner.follow(config({ retries: 9 }), next);
    expect(next.told).toEqual(['a#1 (2)']);
    clock.pass(LONGEST_PAUSE);
    expect(thread.told).toEqual(['a#1']);
  });
});

describe('another process', () => {
  test('gets what waits, and what was told to end first', async () => {
    const { thread, push, runner, world } = made();
    push('a', 'b');
    runner.hold();
    runner.abort();
    expect(thread.aborted).toBe(1);
    thread.fails('told to end');
    await runner.rest();
    const heir = new HookRunner('h', config(), world);
    const other = new Thread();
    heir.inherit(structuredClone(runner.state));
    heir.follow(config(), other);
    other.delivers();
    expect(other.told).toEqual(['a#1 (2)', 'b#2']);
    // It has not taken over after all.
    runner.release();
    expect(thread.told).toEqual(['a#1', 'a#1 (2)']);
  });

  test('does not get what has failed meanwhile of its own', async () => {
    const { thread, push, runner } = made();
    push('a', 'b');
    runner.hold();
    thread.fails('exit code 1');
    await runner.rest();
    expect(runner.state.queue.waiting.map(({ sequence }) => sequence)).toEqual([2]);
    expect(runner.state).toMatchObject({ failed: 1 });
  });
});

describe('at the end', () => {
  test('only the newest of each is told, once', async () => {
    const { thread, push, runner } = made({ retries: 9 });
    push('a', 'a', 'b', 'a');
    runner.hurry();
    thread.fails();
    expect(thread.told).toEqual(['a#1', 'b#3']);
    thread.delivers();
    thread.delivers();
    expect(thread.told).toEqual(['a#1', 'b#3', 'a#4']);
    expect(thread.events.at(-1)).toMatchObject({ joined: 1 });
    await runner.emptied();
    expect(runner.status.queue).toBe(0);
  });

  test('what is not configured any more is told no more', () => {
    const { thread, push, runner } = made();
    push('a', 'b', 'c');
    expect(runner.close()).toBe(2);
    thread.delivers();
    expect(thread.told).toEqual(['a#1']);
  });
});
