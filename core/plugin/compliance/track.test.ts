import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Finding, TrackContext, Tracker, TrackPlugin } from '../contracts/index.ts';
import { type TrackComplianceOptions, trackCompliance } from './track.ts';

/** What is tracked: a switch, which tells who wants to know. */
class Switch {
  on = false;
  readonly listeners = new Set<() => void>();

  set(on: boolean): void {
    this.on = on;
    for (const listener of this.listeners) listener();
  }
}

/** A right tracker. */
class Right implements Tracker {
  private listener: (() => void) | undefined;

  constructor(protected readonly tracked: Switch) {}

  start(changed: () => void): void {
    this.listener = changed;
    this.tracked.listeners.add(changed);
  }

  check(_signal: AbortSignal): Finding | Promise<Finding> {
    const { on } = this.tracked;
    return { up: on, words: on ? 'is on' : 'is off' };
  }

  stop(): void | Promise<void> {
    if (this.listener) this.tracked.listeners.delete(this.listener);
  }
}

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: { which: { type: 'string', expected: 'a switch' } },
};

type Make = (tracked: Switch, context: TrackContext) => Tracker;

/** The tests of the kit that fail for a tracker, without their common beginning. */
async function failures(make: Make, more: Partial<TrackComplianceOptions> = {}): Promise<string[]> {
  const tracked = new Switch();
  const plugin: TrackPlugin = { kind: 'track', create: (context) => make(tracked, context) };
  const tests: [string, () => void | Promise<void>][] = [];
  trackCompliance({
    test: (name, body) => tests.push([name.replace('track compliance, x: ', ''), body]),
    plugin,
    name: 'x',
    schema,
    settings: { which: 'left' },
    up: () => tracked.set(true),
    down: () => tracked.set(false),
    wrong: [{ settings: { which: 1 }, contains: 'the schema says so' }],
    patience: 300,
    ...more,
  });
  const failed: string[] = [];
  for (const [name, body] of tests) {
    try {
      await body();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

const finds = 'finds what is up, what is down, and what has come back';

test('a right one passes, with all its methods and with check alone', async () => {
  expect(await failures((tracked) => new Right(tracked))).toEqual([]);
  expect(
    await failures((tracked) => ({ check: () => ({ up: tracked.on, words: 'because', weight: -20 }) })),
  ).toEqual([]);
});

describe('a broken one fails', () => {
  test('of another kind', async () => {
    const plugin = { kind: 'api', create: () => new Right(new Switch()) } as unknown as TrackPlugin;
    expect(await failures((tracked) => new Right(tracked), { plugin })).toContain(
      'its default export is of kind track, and makes trackers',
    );
  });

  test('that always says up, or remembers', async () => {
    expect(await failures(() => ({ check: () => ({ up: true, words: 'fine' }) }))).toContain(finds);
    const remembers: Make = (tracked) => {
      let seen: boolean | undefined;
      return {
        check: () => {
          seen ??= tracked.on;
          return { up: seen, words: 'as always' };
        },
      };
    };
    expect(await failures(remembers)).toContain(finds);
  });

  test('that finds nothing unless it was started', async () => {
    const lazy: Make = (tracked) => {
      let started = false;
      return {
        start: () => {
          started = true;
        },
        check: () => ({ up: started && tracked.on, words: 'so it is' }),
      };
    };
    expect(await failures(lazy)).toEqual(['finds it without having been started']);
  });

  test.each<[string, Finding]>([
    ['no words', { up: true, words: '' }],
    ['two lines', { up: true, words: 'one\ntwo' }],
    ['a weight that is no priority', { up: true, words: 'heavy', weight: 254 }],
    ['half a weight', { up: true, words: 'light', weight: 0.5 }],
  ])('with %s', async (_, finding) => {
    const failed = await failures((tracked) => ({ check: () => ({ ...finding, up: tracked.on }) }));
    expect(failed).toEqual(['says why in a few words']);
  });

  test('that tells of changes after its end', async () => {
    const deaf: Make = (tracked) => {
      const one = new Right(tracked);
      one.stop = () => {};
      return one;
    };
    expect(await failures(deaf)).toContain('tells of changes, if it watches, and no more once it is stopped');
  });

  test('that does not end when it is told to', async () => {
    const stubborn: Make = (tracked, { settings }) => ({
      check: () => {
        const found = { up: tracked.on, words: 'at last' };
        return settings.which === 'slow' ? new Promise((resolve) => setTimeout(resolve, 2500, found)) : found;
      },
    });
    expect(await failures(stubborn, { hanging: { which: 'slow' } })).toContain(
      'a check that is not wanted any more ends at once',
    );
  });

  test('that leaves descriptors behind', async () => {
    const open: number[] = [];
    const leaks: Make = (tracked) => ({
      check: () => {
        open.push(openSync('/dev/null', 'r'));
        return { up: tracked.on, words: 'and one descriptor less' };
      },
    });
    const failed = await failures(leaks);
    for (const descriptor of open) closeSync(descriptor);
    expect(failed).toEqual(['leaves nothing behind: no descriptor, no process']);
  });

  test('that leaves processes behind', async () => {
    const started: { kill(): boolean }[] = [];
    const leaks: Make = (tracked) => ({
      check: () => {
        started.push(execFile('sleep', ['60']));
        return { up: tracked.on, words: 'one more' };
      },
    });
    const failed = await failures(leaks);
    for (const child of started) child.kill();
    expect(failed).toContain('leaves nothing behind: no descriptor, no process');
  });

  test('that takes what is wrong', async () => {
    const wrong = [{ settings: { which: 'middle' }, contains: 'middle' }];
    expect(await failures((tracked) => new Right(tracked), { wrong })).toEqual([
      'takes what is right, and refuses what is wrong and names it',
    ]);
    const refuses: Make = (tracked, { settings }) => {
      if (settings.which === 'middle') throw new Error('which = "middle": there is none');
      return new Right(tracked);
    };
    expect(await failures(refuses, { wrong })).toEqual([]);
  });

  test('whose schema takes everything, or says nothing', async () => {
    const about = 'has a schema that refuses what it does not know, and says what is expected';
    const right: Make = (tracked) => new Right(tracked);
    expect(await failures(right, { schema: { ...schema, additionalProperties: true } })).toEqual([about]);
    const silent = { ...schema, properties: { which: { type: 'string' } } };
    expect(await failures(right, { schema: silent })).toEqual([about]);
    const taken = { ...schema, properties: { ...schema.properties, name: { expected: 'a name' } } };
    expect(await failures(right, { schema: taken })).toEqual([about]);
  });
});
