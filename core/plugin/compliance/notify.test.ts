import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Notifier, NotifyEvent } from '../contracts/index.ts';
import { type NotifyComplianceOptions, notifyCompliance } from './notify.ts';

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: { where: { type: 'string', expected: 'a place' } },
};

/** A right one: what it is told arrives, and with `where = "nowhere"` nothing ever does. */
function rightOne(arrived: NotifyEvent[], where: unknown): Notifier {
  return {
    deliver: (event, signal) => {
      if (where === 'away') throw new Error('nobody is there');
      if (where !== 'nowhere') {
        signal.throwIfAborted();
        arrived.push(event);
        return;
      }
      return new Promise((_, reject) => {
        const abort = (): void => reject(new Error('not wanted'));
        if (signal.aborted) abort();
        signal.addEventListener('abort', abort);
      });
    },
  };
}

type Make = (arrived: NotifyEvent[], where: unknown) => Notifier;

/** The tests of the kit that fail for a notifier, without their common beginning. */
async function failures(make: Make, more: Partial<NotifyComplianceOptions> = {}): Promise<string[]> {
  const arrived: NotifyEvent[] = [];
  const tests: [string, () => void | Promise<void>][] = [];
  notifyCompliance({
    test: (name, body) => tests.push([name.replace('notify compliance, x: ', ''), body]),
    plugin: { kind: 'notify', create: ({ settings }) => make(arrived, settings.where) },
    ...{ name: 'x', schema, settings: { where: 'here' }, arrived: () => arrived.length },
    ...{ failing: { where: 'away' }, hanging: { where: 'nowhere' }, patience: 300 },
    wrong: [{ settings: { where: 1 }, contains: 'the schema says so' }],
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

test('a right one passes', async () => {
  expect(await failures(rightOne)).toEqual([]);
});

const delivers = 'delivers events of all sorts, each once';
const ends = 'a delivery that is not wanted any more ends at once';
const leaves = 'leaves nothing behind: no descriptor, no process';

test('one that tells something before it is to', async () => {
  const failed = await failures((arrived, where) => {
    arrived.push({} as NotifyEvent);
    return rightOne(arrived, where);
  });
  expect(failed[0]).toMatch(/tell nothing yet/);
});

test('one that loses some, or tells some twice', async () => {
  const some = (times: (event: NotifyEvent) => number) =>
    failures((arrived, where) => ({
      deliver: (event, signal) => {
        if (where !== 'here') return rightOne(arrived, where).deliver(event, signal);
        for (let count = times(event); count > 0; count--) arrived.push(event);
      },
    }));
  expect(await some(({ type }) => (type === 'group' ? 0 : 1))).toContain(delivers);
  expect(await some(({ state }) => (state === 'Stop' ? 2 : 1))).toContain(delivers);
});

test('one that changes an event', async () => {
  const failed = await failures((arrived, where) => ({
    deliver: (event, signal) => {
      Object.assign(event, { cause: '' });
      return rightOne(arrived, where).deliver(event, signal);
    },
  }));
  expect(failed).toContain(delivers);
});

test('one that takes what has failed for delivered', async () => {
  const failed = await failures((arrived, where) =>
    where === 'away' ? { deliver: () => {} } : rightOne(arrived, where),
  );
  expect(failed).toEqual(['says why an event was not delivered, and goes on']);
});

test('one that does not end when it is told to', async () => {
  const failed = await failures((arrived, where) =>
    where === 'nowhere' ? { deliver: () => new Promise(() => {}) } : rightOne(arrived, where),
  );
  expect(failed).toEqual([ends]);
}, 20_000);

test('one that leaves descriptors or processes behind', async () => {
  const opened = await failures((arrived, where) => {
    openSync('/dev/null', 'r');
    return rightOne(arrived, where);
  });
  expect(opened).toEqual([leaves]);
  const started: ReturnType<typeof spawn>[] = [];
  const forked = await failures((arrived, where) => {
    started.push(spawn('sleep', ['60'], { stdio: 'ignore' }));
    return rightOne(arrived, where);
  });
  for (const child of started) child.kill('SIGKILL');
  expect(forked).toEqual([leaves]);
});

test('one whose schema takes anything, or the core’s directives', async () => {
  const open = { ...schema, additionalProperties: true };
  expect(await failures(rightOne, { schema: open })).toHaveLength(1);
  const clash = { ...schema, properties: { ...schema.properties, latest: { expected: 'x' } } };
  expect(await failures(rightOne, { schema: clash })).toHaveLength(1);
});
