import { beforeEach, describe, expect, test } from 'vitest';
import { TrackCell, VERDICT_NAMES } from '../../threads/track-cell.ts';
import { type Checker, GRACE, type RunnerRules, type RunnerWorld, TrackRunner } from './runner.ts';

const RULES: RunnerRules = { interval: 1000, timeout: 500, rise: 1, fall: 1, hold: 0, initial: 'wait' };
/** What the date is when the monotonic clock shows 0. */
const EPOCH = 1_000_000;

/** Time that passes when it is told to. */
class MadeUpTime {
  now = 0;
  private readonly waiting: { at: number; then: () => void }[] = [];

  after(ms: number, then: () => void): () => void {
    const entry = { at: this.now + ms, then };
    this.waiting.push(entry);
    return () => {
      const index = this.waiting.indexOf(entry);
      if (index >= 0) this.waiting.splice(index, 1);
    };
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.waiting.splice(this.waiting.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.then();
    }
    this.now = end;
  }
}

let time: MadeUpTime;
let cell: TrackCell;
/** When it was asked, and what was told. */
let asked: number[];
let told: string[];
let stuck: number;
let silence: string | undefined;
let runner: TrackRunner;
/** What it finds; undefined: nothing, it hangs. */
let answer: boolean | undefined;

const checker: Checker = {
  get silence() {
    return silence;
  },
  ask: () => {
    asked.push(time.now);
    const up = answer;
    if (up !== undefined) time.after(10, () => runner.found({ up, words: up ? 'fine' : 'broken' }));
  },
  isStuck: () => {
    stuck++;
  },
};

function make(rules: Partial<RunnerRules> = {}, running = false): void {
  const world: RunnerWorld = {
    now: () => time.now,
    date: () => EPOCH + time.now,
    after: (ms, then) => time.after(ms, then),
    onVerdict: ({ verdict }) => told.push(`${time.now} ${VERDICT_NAMES[verdict]}`),
  };
  runner = new TrackRunner('t', { ...RULES, ...rules }, cell, world, running);
}

beforeEach(() => {
  time = new MadeUpTime();
  cell = TrackCell.allocate();
  asked = [];
  told = [];
  stuck = 0;
  silence = undefined;
  answer = true;
});

const content = () => {
  const { verdict, words, since } = cell.read();
  return [VERDICT_NAMES[verdict], words, since - EPOCH];
};

describe('checks', () => {
  test('are on the grid of the interval, whatever they take', () => {
    make();
    expect(content()).toEqual(['waiting', 'not checked yet', 0]);
    runner.follow(RULES, checker);
    time.pass(3500);
    expect(asked).toEqual([0, 1000, 2000, 3000]);
    expect(told).toEqual(['10 up']);
    expect(content()).toEqual(['up', 'fine', 10]);
  });

  test('begin when it is let: two in a row are an interval apart, however long the generation took', () => {
    make({ fall: 2 });
    answer = false;
    time.pass(1700);
    runner.follow({ ...RULES, fall: 2 }, checker);
    time.pass(2000);
    expect(asked).toEqual([1700, 2700, 3700]);
    expect(told).toEqual(['2710 down']);
  });

  test('a change of the verdict is told with its time and words', () => {
    make();
    runner.follow(RULES, checker);
    time.pass(1500);
    answer = false;
    time.pass(1000);
    expect(told).toEqual(['10 up', '2010 down']);
    expect(content()).toEqual(['down', 'broken', 2010]);
  });

  test('what the plugin has seen is checked at once, and not without a pause', () => {
    make();
    runner.follow(RULES, checker);
    time.pass(300);
    runner.changed();
    runner.changed(); // while it is checked
    time.pass(15);
    runner.changed();
    time.pass(200);
    expect(asked).toEqual([0, 300, 335]);
  });

  test('at the end of the hold it is checked, to count', () => {
    const rules = { ...RULES, interval: 10_000, hold: 3000 };
    make(rules);
    answer = false;
    runner.follow(rules, checker);
    time.pass(500);
    answer = true;
    runner.changed();
    time.pass(100);
    expect(cell.read().heldUntil - EPOCH).toBe(3510);
    time.pass(5000);
    expect(asked).toEqual([0, 500, 3510]);
    expect(told).toEqual(['10 down', '3520 up']);
    expect(cell.read().heldUntil).toBe(0);
  });
});

describe('a thread', () => {
  test('that does not answer is stuck, and the check has failed', () => {
    make({ initial: 'up' });
    answer = undefined;
    runner.follow({ ...RULES, initial: 'up' }, checker);
    time.pass(500 + GRACE - 1);
    expect([stuck, told]).toEqual([0, []]);
    time.pass(1);
    expect([stuck, told]).toEqual([1, ['2500 down']]);
    expect(content()[1]).toBe('no answer within 2.5 s: its plugin is stuck');
  });

  test('that crashes and is there again has cost nothing', () => {
    make();
    runner.follow(RULES, checker);
    time.pass(900);
    answer = undefined;
    time.pass(150);
    silence = 'it broke down';
    runner.lost();
    time.pass(1000);
    silence = undefined;
    answer = true;
    runner.ready();
    time.pass(500);
    expect(told).toEqual(['10 up']);
    expect(asked).toEqual([0, 1000, 2050, 2085]);
  });

  test('that stays away fails its trackers, with the reason', () => {
    make();
    runner.follow(RULES, checker);
    time.pass(500);
    silence = 'it broke down';
    runner.lost();
    time.pass(10_000);
    expect(told).toEqual(['10 up', `${1000 + 500 + GRACE} down`]);
    expect(content().slice(0, 2)).toEqual(['down', 'it broke down']);
    expect(stuck).toBe(0);
    silence = undefined;
    runner.ready();
    time.pass(20);
    expect(told.at(-1)).toBe('10510 up');
  });

  test('whose answer comes together with the end of patience is heard', () => {
    make({ initial: 'up' });
    answer = undefined;
    runner.follow({ ...RULES, initial: 'up' }, checker);
    time.after(500 + GRACE, () => runner.found({ up: true, words: 'late' }));
    time.pass(600 + GRACE);
    expect(stuck).toBe(0);
  });

  test('an answer that nobody waits for any more is not heard', () => {
    make();
    runner.found({ up: false, words: 'who?' });
    expect(told).toEqual([]);
  });
});

describe('a reload', () => {
  test('keeps verdict and counts, with other rules and another thread', () => {
    make({ fall: 3 });
    runner.follow({ ...RULES, fall: 3 }, checker);
    time.pass(500);
    answer = false;
    time.pass(2000); // two failures
    const other: Checker = { silence: undefined, ask: checker.ask, isStuck: () => {} };
    runner.follow({ ...RULES, fall: 3, interval: 200 }, other);
    expect(told).toEqual(['10 up']);
    time.pass(300);
    expect(told).toEqual(['10 up', '2710 down']);
  });

  test('an answer of the thread before does not count', () => {
    make();
    answer = undefined;
    runner.follow(RULES, checker);
    time.pass(100);
    const other: Checker = { silence: 'it is being started', ask: () => {}, isStuck: () => {} };
    runner.follow(RULES, other);
    runner.found({ up: false, words: 'broken' });
    expect(told).toEqual([]);
  });

  test('one that ends is not checked any more', () => {
    make();
    runner.follow(RULES, checker);
    time.pass(100);
    runner.stop();
    time.pass(10_000);
    expect(asked).toEqual([0]);
  });
});

test('a weight is told, and belongs to the verdict', () => {
  make({ fall: 2 });
  answer = undefined;
  runner.follow({ ...RULES, fall: 2 }, checker);
  const found = (up: boolean, weight?: number): void => {
    runner.found({ up, words: 'x', ...(weight !== undefined && { weight }) });
    time.pass(1000);
  };
  found(true, 7);
  expect(cell.read().weight).toBe(7);
  found(true, 9);
  expect(cell.read().weight).toBe(9);
  found(false);
  expect(cell.read().weight).toBe(9);
  found(false);
  expect(cell.read().weight).toBeUndefined();
  expect(told.map((each) => each.split(' ')[1])).toEqual(['up', 'up', 'down']);
});
