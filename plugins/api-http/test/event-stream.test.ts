import fc from 'fast-check';
import type { ServiceEvent } from 'rvrrpd/plugin';
import { describe, expect, test } from 'vitest';
import { EventHistory, type HistoryLimits } from '../src/events/history.ts';
import { EventStream, type EventStreamOptions } from '../src/events/stream.ts';
import { eventfulContext } from './telemetry-app.ts';

const transition = (group: number, cause = ''): ServiceEvent => ({
  type: 'transition',
  time: 1_700_000_000_000,
  interface: 'eth0',
  group,
  from: 'Backup',
  to: 'Master',
  cause,
});

/** A history, the making of events, and of streams of it that are told of them. */
function stage(limits?: HistoryLimits) {
  const { context, emit } = eventfulContext();
  const history = new EventHistory(context, limits);
  const open = (options: Partial<EventStreamOptions> = {}): EventStream => {
    const stream = new EventStream({ history, wants: () => true, permitted: () => true, ...options });
    history.watch(() => stream.deliver());
    return stream;
  };
  return { history, emit, open };
}

/** Takes everything that is there. */
async function take(stream: EventStream): Promise<string> {
  await new Promise(setImmediate);
  let text = '';
  for (let piece = stream.read(); piece !== null; piece = stream.read()) {
    text += piece;
    await new Promise(setImmediate);
  }
  await new Promise(setImmediate); // `end` comes after the last piece
  return text;
}

/** What an `EventSource` makes of a text: events, and the id that it would resume with (WHATWG HTML, §9.2.6). */
function parse(text: string): { events: { type: string; data: Record<string, unknown> }[]; id: string } {
  let id = '';
  const events = text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => {
      const fields = block.split('\n').map((line) => /^([^:]*): ?(.*)$/.exec(line)!.slice(1));
      id = fields.find(([name]) => name === 'id')?.[1] ?? id;
      const data = fields.filter(([name]) => name === 'data').map(([, value]) => value);
      if (data.length === 0) return [];
      const type = fields.find(([name]) => name === 'event')?.[1] ?? 'message';
      return [{ type, data: JSON.parse(data.join('\n')) as Record<string, unknown> }];
    });
  return { events, id };
}

const seconds = (stream: EventStream, count: number): boolean[] =>
  Array.from({ length: count }, () => stream.tick());

describe('a stream', () => {
  test('begins with the pause before a reconnection, and where to resume', async () => {
    const { history, emit, open } = stage();
    emit([transition(1)]);
    expect(await take(open())).toBe(`retry: 2000\nid: ${history.idOf(1)}\n\n`);
  });

  test('tells what happens, with ids', async () => {
    const { history, emit, open } = stage();
    const stream = open();
    await take(stream);
    emit([transition(7, 'line\nbreak')]);
    expect(await take(stream)).toBe(
      `event: transition\nid: ${history.idOf(1)}\n` +
        'data: {"time":"2023-11-14T22:13:20.000Z","interface":"eth0","group":7,"family":4,"version":2,"from":"Backup","to":"Master",' +
        '"cause":"line\\nbreak"}\n\n',
    );
  });

  test('resumes behind the last id', async () => {
    const { history, emit, open } = stage();
    emit([1, 2, 3].map((group) => transition(group)));
    const { events, id } = parse(await take(open({ lastEventId: history.idOf(1) })));
    expect(events.map(({ data }) => data.group)).toEqual([2, 3]);
    expect(id).toBe(history.idOf(3));
  });

  test('says how many events are no longer there', async () => {
    const { history, emit, open } = stage({ events: 2, characters: 1e6 });
    emit([1, 2, 3, 4, 5].map((group) => transition(group)));
    const { events } = parse(await take(open({ lastEventId: history.idOf(1) })));
    expect(events[0]).toMatchObject({ type: 'lost', data: { count: 2 } });
    expect(events[0]?.data.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(events.slice(1).map(({ data }) => data.group)).toEqual([4, 5]);
  });

  test.each(['', 'nonsense', '0123456789ab-1'])(
    'after a restart nobody knows how many were lost (%j)',
    async (lastEventId) => {
      const { history, emit, open } = stage();
      emit([transition(1)]);
      const { events, id } = parse(await take(open({ lastEventId })));
      expect(events).toMatchObject([{ type: 'lost', data: { count: null } }, { data: { group: 1 } }]);
      expect(id).toBe(history.idOf(1));
    },
  );

  test('a client that saw only that events were lost is not told again', async () => {
    const { open } = stage();
    const { id } = parse(await take(open({ lastEventId: 'nonsense' })));
    expect(parse(await take(open({ lastEventId: id }))).events).toEqual([]);
  });

  test('a client that does not want them all resumes where it was', async () => {
    const { history, emit, open } = stage();
    const stream = open({ wants: ({ group }) => group === 2 });
    await take(stream);
    emit([1, 2, 3].map((group) => transition(group)));
    expect(parse(await take(stream)).id).toBe(history.idOf(2));
    seconds(stream, 15);
    expect(await take(stream)).toBe(`: ping\nid: ${history.idOf(3)}\n\n`);
  });
});

describe('as time goes by', () => {
  test('a comment comes 15 s after whatever came last', async () => {
    const { history, emit, open } = stage();
    const stream = open();
    await take(stream);
    expect(seconds(stream, 14)).not.toContain(false);
    expect(await take(stream)).toBe('');
    emit([transition(1)]);
    await take(stream);
    seconds(stream, 14);
    expect(await take(stream)).toBe('');
    seconds(stream, 1);
    expect(await take(stream)).toBe(`: ping\nid: ${history.idOf(1)}\n\n`);
    seconds(stream, 15);
    expect(await take(stream)).toMatch(/^: ping\n/);
  });

  test('a stream ends with its session, and tells nothing more', async () => {
    const { emit, open } = stage();
    let permitted = true;
    const stream = open({ permitted: () => permitted });
    let ended = false;
    stream.on('end', () => {
      ended = true;
    });
    await take(stream);
    permitted = false;
    emit([transition(1)]);
    expect(await take(stream)).toBe('');
    expect(ended).toBe(true);
  });

  test('it ends without events, too', async () => {
    const { open } = stage();
    let permitted = true;
    const stream = open({ permitted: () => permitted });
    await take(stream);
    permitted = false;
    stream.tick();
    expect(stream.readableEnded).toBe(false);
    await take(stream);
    expect(stream.readableEnded).toBe(true);
  });

  test('a client that never takes the end is cut off', () => {
    const { open } = stage();
    const stream = open();
    stream.finish();
    expect(seconds(stream, 5)).toEqual([true, true, true, true, false]);
  });

  test('one that takes nothing for a minute is cut off, one that takes little is not', async () => {
    const { emit, open } = stage();
    const [stuck, slow] = [open(), open()];
    await Promise.all([take(stuck), take(slow)]);
    emit(Array.from({ length: 1000 }, (_, group) => transition(group)));
    await new Promise(setImmediate);
    // In the first second it has taken something.
    expect(seconds(stuck, 61)).toEqual([...Array(60).fill(true), false]);
    for (let minute = 0; minute < 3; minute++) {
      expect(seconds(slow, 59)).not.toContain(false);
      expect(slow.read()).not.toBeNull();
      await new Promise(setImmediate);
    }
  });

  test('one without events is not', async () => {
    const { open } = stage();
    const stream = open();
    await take(stream);
    for (let quarter = 0; quarter < 20; quarter++) {
      expect(seconds(stream, 15)).not.toContain(false);
      expect(await take(stream)).toMatch(/^: ping/);
    }
  });
});

test('a client that takes nothing has no queue of its own', async () => {
  const { emit, open } = stage();
  const stream = open();
  await take(stream);
  for (let batch = 0; batch < 100; batch++) {
    emit(Array.from({ length: 200 }, (_, group) => transition(group, 'x'.repeat(200))));
  }
  await new Promise(setImmediate);
  expect(stream.readableLength).toBeLessThan(100_000);
});

test('however fast events come and are taken, each is told once and in order, or told to be lost', async () => {
  const step = fc.oneof(
    fc.record({ emit: fc.nat(30) }),
    fc.record({ read: fc.constant(true) }),
    fc.record({ reconnect: fc.constant(true) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { history, emit, open } = stage({ events: 50, characters: 1e9 });
      let number = 0;
      let seen = 0;
      let text = '';
      let lastEventId = history.idOf(0);
      let stream = open({ lastEventId });
      const check = (piece: string): void => {
        text += piece;
        const end = text.lastIndexOf('\n\n') + 2;
        const { events, id } = parse(text.slice(0, end));
        text = text.slice(end);
        if (id !== '') lastEventId = id;
        for (const { type, data } of events) {
          if (type === 'lost') seen += data.count as number;
          else expect(data.cause).toBe(`${++seen} ${'x'.repeat(2000)}`);
        }
      };
      for (const one of steps) {
        if ('emit' in one) {
          emit(Array.from({ length: one.emit }, () => transition(1, `${++number} ${'x'.repeat(2000)}`)));
        } else if ('read' in one) {
          await new Promise(setImmediate);
          check(String(stream.read() ?? ''));
        } else {
          stream.destroy(); // what it has not told yet is told by the next one
          text = '';
          stream = open({ lastEventId });
        }
      }
      check(await take(stream));
      expect(seen).toBe(number);
      expect(lastEventId).toBe(history.idOf(number));
    }),
    { numRuns: 50 },
  );
});
