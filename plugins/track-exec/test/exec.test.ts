import { expect, test } from 'vitest';
import { environmentOf, judge } from '../src/index.ts';

test('the environment is the user’s, with what is added, and nothing else', () => {
  const account = { uid: 33, gid: 34, name: 'web', home: '/srv/web' };
  expect(environmentOf('db', account, { LANG: 'C', URL: 'x' })).toEqual({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C',
    HOME: '/srv/web',
    USER: 'web',
    LOGNAME: 'web',
    RVRRPD_TRACKER: 'db',
    URL: 'x',
  });
});

test.each([
  [{ code: 0, words: 'fine' }, {}, { up: true, words: 'fine' }],
  [{ code: 0, words: '' }, {}, { up: true, words: 'exit code 0' }],
  [{ code: 2, words: '' }, {}, { up: false, words: 'exit code 2' }],
  [{ code: 2, words: '' }, { 2: -9 }, { up: true, words: 'exit code 2', weight: -9 }],
  [{ code: 1, words: '' }, { 2: -9 }, { up: false, words: 'exit code 1' }],
  [{ signal: 'SIGKILL', words: '' }, { 0: 1 }, { up: false, words: 'ended by SIGKILL' }],
])('%j with weights %j', (outcome, weights, expected) => {
  expect(judge(outcome, weights)).toEqual(expected);
});
