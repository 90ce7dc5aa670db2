import { describe, expect, test } from 'vitest';
import { complaints, router } from './test-read.ts';

/** Complaints about general directives, the first one in line 1. */
const about = (directives: string): string[] => complaints(`${directives}\n${router('')}`);

describe('a file that the daemon writes is no other one', () => {
  test.each([
    [
      'pid = "/run/a"\nmain_log = "/run/a"',
      'error 2: main_log = "/run/a": is that of pid: must be a file of its own',
    ],
    [
      'working_dir = "/run"\npid = "a"\nerror_log = "/run/../run/a"',
      'error 3: error_log = "/run/../run/a": is that of pid: must be a file of its own',
    ],
    ['pid = "/var/log/rvrrpd.log"', 'error 1: main_log: is that of pid: must be a file of its own'],
  ])('%s', (directives, complaint) => expect(about(directives)).toEqual([complaint]));

  test('nor the configuration, whatever it is called by', () => {
    const own = `${process.cwd()}/f`;
    expect(about(`main_log = "${own}"`)).toEqual([
      `error 1: main_log = "${own}": is a file of the configuration itself: must be a file of its own`,
    ]);
    expect(about(`pid = "${own}"`)[0]).toMatch(/is a file of the configuration itself/);
  });

  test('both logs may be one, and nowhere', () => {
    expect(about('main_log = "/dev/null"\nerror_log = "/dev/null"')).toEqual([]);
    expect(about('main_log = "/run/a"\nerror_log = "disabled"')).toEqual([]);
  });
});

test.each(['pid', 'working_dir', 'main_log', 'error_log'])('%s: a NUL ends a path', (directive) => {
  expect(about(`${directive} = "/run/\\u0000a"`)).toEqual([
    expect.stringMatching(new RegExp(`^error 1: ${directive} = .*: must be a path`)),
  ]);
});
