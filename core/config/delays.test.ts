import { describe, expect, test } from 'vitest';
import { complaints, read, router } from './test-read.ts';

/** The virtual routers of a file without complaints. */
const routersOf = (...tables: readonly string[]) => {
  const { config, issues } = read(tables.join('\n'));
  expect(issues).toEqual([]);
  return config.virtualRouters;
};

const required = (group: number, name = 'eth0'): string =>
  `group = ${group}\ninterface = "${name}"\nvip = "10.0.0.${group}"`;

describe('what is understood', () => {
  test('without any of them there is nothing of them', () => {
    const [made] = routersOf(router(''));
    for (const name of ['hold', 'downTimerAdverts', 'announce']) expect(made).not.toHaveProperty(name);
    const [off] = routersOf(router('start_delay = 0\nhearing = 0\nlink_debounce = 0'));
    expect(off).not.toHaveProperty('hold');
  });

  test('seconds become ms', () => {
    const text =
      'preemption = true\nstart_delay = 30\nboot_delay = 60.5\npreempt_delay = 300\nlink_delay = 0.25\n' +
      'link_debounce = 0.3\nhearing = 5\ndown_timer_adverts = 5';
    expect(routersOf(router(text))[0]).toMatchObject({
      hold: { start: 30_000, boot: 60_500, preempt: 300_000, link: 250, debounce: 300, hearing: 5000 },
      downTimerAdverts: 5,
    });
  });

  test('announcements', () => {
    const text = 'announce = { count = 3, pauses = [0.1, 1], refresh = 60, rate = 100 }';
    expect(routersOf(router(text))[0]?.announce).toEqual({
      ...{ count: 3, pauses: [100, 1000], refresh: 60_000, rate: 100 },
    });
    expect(routersOf(router('[vrouter.announce]\nrefresh = 0'))[0]?.announce).toEqual({ refresh: 0 });
  });

  test('a table of both families stands for two that have all of it', () => {
    const both = 'group = 7\ninterface = "eth0"\nversion = 3\nvip = ["10.0.0.1", "fe80::1"]';
    const [four, six] = routersOf(router('start_delay = 1\ndown_timer_adverts = 4', both));
    expect(six).toMatchObject({ hold: four?.hold, downTimerAdverts: 4 });
  });

  test('an interface has one carrier and one limit: the longest link_debounce, the lowest rate', () => {
    const routers = routersOf(
      router('link_debounce = 1\nannounce = { rate = 50, count = 2 }', required(1)),
      router('link_debounce = 2\nannounce = { rate = 80 }', required(2)),
      router('start_delay = 9', required(3)),
      router('', required(4, 'eth1')),
    );
    expect(routers.map(({ hold }) => hold?.debounce)).toEqual([2000, 2000, 2000, undefined]);
    expect(routers.map(({ announce }) => announce)).toEqual([
      { rate: 50, count: 2 },
      { rate: 50 },
      { rate: 50 },
      undefined,
    ]);
    expect(routers[2]?.hold?.start).toBe(9000);
  });
});

describe('what is wrong', () => {
  test.each([
    ['start_delay = -1', 'start_delay = -1: must be seconds, 0 (off) to 3600'],
    ['start_delay = 3601', 'start_delay = 3601: must be seconds, 0 (off) to 3600'],
    ['boot_delay = "30"', 'boot_delay = "30": must be seconds, 0 (off) to 3600, without quotes'],
    ['link_delay = inf', 'link_delay = inf: must be seconds, 0 (off) to 3600'],
    ['link_debounce = 61', 'link_debounce = 61: must be seconds, 0 (off) to 60'],
    ['hearing = nan', 'hearing = nan: must be seconds, 0 (off) to 3600'],
    ['hearing = true', 'hearing = true: must be seconds, 0 (off) to 3600'],
    ['down_timer_adverts = 0', 'down_timer_adverts = 0: must be a number of intervals, 1 to 100'],
    [
      'down_timer_adverts = 2.5',
      'down_timer_adverts = 2.5: must be a number of intervals, 1 to 100, a whole number',
    ],
    ['announce.count = 0', 'announce.count = 0: must be a number of announcements, 1 to 100'],
    ['announce.pauses = [1, 0]', 'announce.pauses[1] = 0: must be a number of seconds, 0.01 to 3600'],
    [
      'announce.pauses = []',
      'announce.pauses = []: must be an array of 1 to 20 numbers of seconds, each 0.01 to 3600',
    ],
    ['announce.refresh = 0.5', 'announce.refresh = 0.5: must be seconds: 0 (never), or 1 to 86400'],
    [
      'announce.rate = 1.5',
      'announce.rate = 1.5: must be a number of announcements a second, 0 (no limit) to 100000, a whole number',
    ],
  ])('%s', (line, complaint) => {
    expect(complaints(router(line))).toEqual([`error 5: vrouter[0].${complaint}`]);
  });

  test('a name that does not exist', () => {
    expect(complaints(router('hearings = 5'))).toEqual([
      'error 5: vrouter[0].hearings: unknown directive, did you mean "hearing"?',
    ]);
  });

  test('preempt_delay without preemption is told, and allowed', () => {
    expect(complaints(router('preempt_delay = 5'))).toEqual([
      'warning 5: vrouter[0].preempt_delay = 5: does nothing unless the router owns its address: preemption is false, ' +
        'so that it lets every Master be',
    ]);
    expect(complaints(router('preempt_delay = 0'))).toEqual([]);
  });
});
