import { describe, expect, test } from 'vitest';
import { hasErrors } from './issues.ts';
import { complaints, read, router } from './test-read.ts';

const TRACKER = '[[track]]\nname = "uplink"\ntype = "cable"\ninterface = "eth1"\n';

describe('[[track]]', () => {
  test('what is not said has its default', () => {
    const { config, issues } = read(`${router('track = ["uplink"]')}${TRACKER}`);
    expect(issues).toEqual([]);
    expect(config.trackers).toEqual([
      {
        position: { file: 'f', line: 6 },
        ...{ name: 'uplink', type: 'cable', interval: 1000, timeout: 1000, rise: 1, fall: 1, hold: 0 },
        ...{ initial: 'wait', settings: { interface: 'eth1' } },
      },
    ]);
    expect(config.virtualRouters[0]!.track).toEqual([{ name: 'uplink' }]);
  });

  test('all directives', () => {
    const directives = 'interval = 0.25\nrise = 2\nfall = 3\ninitial = "up"\nhold = 1.5\n';
    const { config, issues } = read(`${router('track = ["uplink"]')}${TRACKER}${directives}`);
    expect(issues).toEqual([]);
    expect(config.trackers![0]).toMatchObject({
      ...{ interval: 250, timeout: 250, rise: 2, fall: 3, initial: 'up', hold: 1500 },
    });
  });

  test.each([
    ['interval = 0', 'track[0].interval = 0: must be 0.05 to 86400 seconds'],
    ['timeout = "x"', 'track[0].timeout = "x": must be 0.01 to 86400 seconds'],
    ['timeout = "2"', 'track[0].timeout = "2": must be 0.01 to 86400 seconds, without quotes'],
    ['rise = 0', 'track[0].rise = 0: must be 1 to 1000'],
    ['fall = 1.5', 'track[0].fall = 1.5: must be 1 to 1000, a whole number'],
    ['initial = "maybe"', 'track[0].initial = "maybe": must be "up", "down" or "wait"'],
    ['hold = -1', 'track[0].hold = -1: must be 0 to 86400 seconds'],
  ])('%s', (line, complaint) => {
    expect(complaints(`${router('track = ["uplink"]')}${TRACKER}${line}\n`)).toEqual([
      `error 10: ${complaint}`,
    ]);
  });

  test('names are unique, and fit for a path', () => {
    const again = '[[track]]\nname = "uplink"\ntype = "x"\n[[track]]\nname = "a b"\ntype = "x"\n';
    expect(complaints(`${router('track = ["uplink", "a b"]')}${TRACKER}${again}`)).toEqual([
      'error 11: track[1].name = "uplink": is already the name of track[0] (line 6): must be unique',
      'error 14: track[2].name = "a b": must be letters, digits, "-", "_" and ".", 63 at most, a letter or a digit first',
    ]);
  });

  test('what nobody names is told', () => {
    const { issues } = read(`${router('')}${TRACKER}`);
    expect(hasErrors(issues)).toBe(false);
    expect(issues.map(({ message }) => message)).toEqual([
      'is not used: no [[vrouter]] or [[sync]] names it in "track"',
    ]);
  });

  test('who misspells a name is told that alone', () => {
    const { issues } = read(`${router('track = ["upling"]')}${TRACKER}`);
    expect(issues.map(({ message }) => message)).toEqual([
      'must be the name of a tracker: there is "uplink"; did you mean "uplink"?',
    ]);
  });

  test('what is required', () => {
    expect(complaints(`${router('')}[[track]]\ntype = "x"`)).toEqual([
      'error 5: track[0].name: is missing: must be a name: letters, digits, "-", "_" and "."',
    ]);
  });
});

describe('track of a [[vrouter]]', () => {
  const complain = (line: string): string[] => complaints(`${router(line)}${TRACKER}`);

  test.each([
    [
      'track = ["uplnk"]',
      'vrouter[0].track[0] = "uplnk": must be the name of a tracker: there is "uplink"; did you mean "uplink"?',
    ],
    [
      'track = [{ name = "web", weight = -30 }]',
      'vrouter[0].track[0].name = "web": must be the name of a tracker: there is "uplink"',
    ],
    [
      'track = [{ name = "uplink", weight = -254 }]',
      'vrouter[0].track[0].weight = -254: must be -253 to 253, and not 0',
    ],
    [
      'track = [{ name = "uplink", weight = 0 }]',
      'vrouter[0].track[0].weight = 0: must be -253 to 253, and not 0, which does nothing; without a weight a failure means Fault',
    ],
    [
      'track = ["uplink", { name = "uplink", weight = 1 }]',
      'vrouter[0].track[1].name = "uplink": must be there once: vrouter[0].track[0] (line 5) names the same tracker',
    ],
    [
      'track = [{ name = "uplink", wieght = -3 }]',
      'vrouter[0].track[0].wieght: unknown directive, did you mean "weight"?',
    ],
    ['track_interface = 1', 'vrouter[0].track_interface = 1: must be true or false'],
  ])('%s', (line, complaint) => {
    expect(complain(line).filter((each) => each.startsWith('error'))).toEqual([`error 5: ${complaint}`]);
  });

  test('without any tracker', () => {
    expect(complaints(router('track = ["x"]'))).toEqual([
      'error 5: vrouter[0].track[0] = "x": must be the name of a tracker, and there is no [[track]]',
    ]);
  });

  test('with weights', () => {
    const { config, issues } = read(
      `${router('track = [{ name = "uplink", weight = -30 }]\ntrack_interface = false')}${TRACKER}`,
    );
    expect(issues).toEqual([]);
    expect(config.virtualRouters[0]).toMatchObject({
      track: [{ name: 'uplink', weight: -30 }],
      trackInterface: false,
    });
  });
});

test('in JSON', () => {
  const tracker = { name: 'uplink', type: 'cable', fall: 2 };
  const router = { group: 1, interface: 'eth0', vip: '10.0.0.1', track: ['uplink'] };
  const { config, issues } = read(JSON.stringify({ track: [tracker], vrouter: [router] }, undefined, 1));
  expect(issues).toEqual([]);
  expect(config.trackers).toMatchObject([{ name: 'uplink', type: 'cable', fall: 2, settings: {} }]);
  const wrong = JSON.stringify({ vrouter: [{ ...router, track: ['x'] }], track: [tracker] }, undefined, 1);
  expect(complaints(wrong)[0]).toMatch(
    /^error 8: vrouter\[0\]\.track\[0\] = "x": must be the name of a tracker/,
  );
});
