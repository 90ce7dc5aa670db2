import { describe, expect, test } from 'vitest';
import { Verdict } from '../../threads/track-cell.ts';
import { Judge, type TrackRules } from './judge.ts';

const RULES: TrackRules = { rise: 1, fall: 1, hold: 0, initial: 'wait' };

/** Verdicts after each of the results, `+` and `-`, one a second. */
function run(results: string, rules: Partial<TrackRules> = {}, running = false): string {
  const judge = new Judge({ ...RULES, ...rules }, running);
  return [...results]
    .map((result, second) => {
      judge.judge(result === '+', second * 1000);
      return '?+-'[judge.verdict];
    })
    .join('');
}

describe('rise and fall', () => {
  test.each([
    ['+-+-', '+-+-', {}],
    ['--+-+++', '?------', { fall: 2, rise: 4 }],
    ['--++++', '?----+', { fall: 2, rise: 4 }],
    ['+--+---', '++++++-', { fall: 3 }],
    ['+-+-+-', '++++++', { fall: 2 }],
    ['-+-+-+', '------', { rise: 2 }],
    ['++', '?+', { rise: 2 }],
  ])('%s', (results, verdicts, rules) => {
    expect(run(results, rules)).toBe(verdicts);
  });
});

describe('initial', () => {
  test.each([
    ['up', false, Verdict.Up],
    ['down', false, Verdict.Down],
    ['wait', false, Verdict.None],
    ['up', true, Verdict.Up],
    ['down', true, Verdict.None],
    ['wait', true, Verdict.None],
  ] as const)('%s, while others run: %s', (initial, running, verdict) => {
    expect(new Judge({ ...RULES, initial }, running).verdict).toBe(verdict);
  });
});

describe('hold', () => {
  test('what was down must stay up for so long', () => {
    expect(run('-++++', { hold: 3000 })).toBe('----+');
  });

  test('a failure begins it anew', () => {
    expect(run('-++-++++', { hold: 3000 })).toBe('-------+');
  });

  test('it runs from when it would have counted', () => {
    expect(run('-+++++', { hold: 2000, rise: 2 })).toBe('----++');
  });

  test('there is nothing to recover from at first', () => {
    expect(run('+', { hold: 3000 })).toBe('+');
    expect(run('+', { hold: 3000, initial: 'down' })).toBe('+');
    expect(run('-+', { hold: 3000, initial: 'down' })).toBe('--');
  });
});

test('a hold that has begun is shortened by other rules, and not made longer', () => {
  const judge = new Judge({ ...RULES, hold: 60_000 }, false);
  judge.judge(false, 0);
  judge.judge(true, 1000);
  expect(judge.heldUntil).toBe(61_000);
  judge.follow({ ...RULES, hold: 90_000 }, 2000);
  expect(judge.heldUntil).toBe(61_000);
  judge.follow({ ...RULES, hold: 5000 }, 3000);
  expect(judge.judge(true, 7999)).toBe(false);
  expect(judge.judge(true, 8000)).toBe(true);
});

test('other rules go by what was counted', () => {
  const judge = new Judge({ ...RULES, fall: 5, initial: 'up' }, false);
  for (let i = 0; i < 3; i++) judge.judge(false, 0);
  expect(judge.verdict).toBe(Verdict.Up);
  judge.follow({ ...RULES, fall: 4 }, 0);
  expect(judge.judge(false, 0)).toBe(true);
});
