import { describe, expect, test } from 'vitest';
import type { Finding, Tracker } from '../plugin/contracts/index.ts';
import { Checks, type Found, UNENDING } from './checks.ts';

/** Timers that are there, by ms. */
class Timers {
  readonly waiting = new Map<number, () => void>();

  readonly after = (ms: number, then: () => void): (() => void) => {
    this.waiting.set(ms, then);
    return () => this.waiting.delete(ms);
  };

  end(ms: number): void {
    const then = this.waiting.get(ms);
    this.waiting.delete(ms);
    then?.();
  }
}

function stage(tracker: Tracker) {
  const timers = new Timers();
  const found: Found[] = [];
  const told: string[] = [];
  const checks = new Checks(tracker, 500, timers.after, {
    found: (each) => found.push(each),
    changed: () => told.push('changed'),
    unending: () => told.push('unending'),
  });
  return { checks, timers, found, told };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a check', () => {
  test.each([
    ['that finds it up', { up: true, words: 'fine' }, { up: true, words: 'fine' }],
    ['with a weight', { up: true, words: 'x', weight: -7 }, { up: true, words: 'x', weight: -7 }],
    [
      'with a weight that is none',
      { up: true, words: 'x', weight: 254 },
      { up: false, words: 'its plugin has found the weight 254, which must be -253 to 253' },
    ],
    [
      'that finds nothing',
      undefined,
      { up: false, words: 'its plugin has found neither up nor down: tell its author' },
    ],
  ])('%s', async (_, finding, expected) => {
    const { checks, found, timers } = stage({ check: () => finding as Finding });
    checks.check();
    await settled();
    expect(found).toEqual([expected]);
    expect(timers.waiting.size).toBe(0);
  });

  test('that throws has failed', async () => {
    const { checks, found } = stage({
      check: () => {
        throw new Error('no route');
      },
    });
    checks.check();
    await settled();
    expect(found).toEqual([{ up: false, words: 'no route' }]);
  });

  test('that takes too long has failed at once, is told to end, and is not begun again before it has', async () => {
    let signal: AbortSignal | undefined;
    let end: (finding: Finding) => void = () => {};
    const { checks, found, timers, told } = stage({
      check: (given) => {
        signal = given;
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    });
    checks.check();
    await settled();
    expect(signal?.aborted).toBe(false);
    timers.end(500);
    expect(signal?.aborted).toBe(true);
    checks.check();
    expect(found.map(({ words }) => words)).toEqual([
      'no answer within 0.5 s',
      'the check before has not ended yet',
    ]);
    end({ up: true, words: 'too late' });
    await settled();
    expect(found).toHaveLength(2);
    checks.check();
    await settled();
    end({ up: true, words: 'in time' });
    await settled();
    expect(found.at(-1)).toEqual({ up: true, words: 'in time' });
    expect(told).toEqual([]);
  });

  test('that does not end at all is told of', async () => {
    const { checks, timers, told } = stage({ check: () => new Promise(() => {}) });
    checks.check();
    timers.end(500);
    timers.end(UNENDING);
    expect(told).toEqual(['unending']);
  });
});

describe('watching', () => {
  test('begins before the first check, once', async () => {
    const calls: string[] = [];
    const { checks, told } = stage({
      start: (changed) => {
        calls.push('start');
        changed();
      },
      check: () => {
        calls.push('check');
        return { up: true, words: '' };
      },
    });
    for (let i = 0; i < 2; i++) {
      checks.check();
      await settled();
    }
    expect(calls).toEqual(['start', 'check', 'check']);
    expect(told).toEqual(['changed']);
  });

  test('that cannot begin fails the check, and is tried again', async () => {
    let tries = 0;
    const { checks, found } = stage({
      start: () => {
        if (tries++ === 0) throw new Error('EPERM');
      },
      check: () => ({ up: true, words: 'fine' }),
    });
    for (let i = 0; i < 2; i++) {
      checks.check();
      await settled();
    }
    expect(found.map(({ words }) => words)).toEqual(['EPERM', 'fine']);
  });
});

test('its end aborts what is under way, and nothing is told any more', async () => {
  let signal: AbortSignal | undefined;
  let stopped = false;
  const { checks, found } = stage({
    check: (given) => {
      signal = given;
      return new Promise((resolve) => {
        given.addEventListener('abort', () => resolve({ up: false, words: 'aborted' }));
      });
    },
    stop: () => {
      stopped = true;
    },
  });
  checks.check();
  await settled();
  await checks.stop();
  await settled();
  checks.check();
  expect([signal?.aborted, stopped, found]).toEqual([true, true, []]);
});
