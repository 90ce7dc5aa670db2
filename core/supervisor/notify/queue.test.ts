import { describe, expect, test } from 'vitest';
import { fromPlain, toPlain } from '../../shared/plain.ts';
import { HookQueue, JOIN_AFTER, type Notice, type QueueState } from './queue.ts';

function notice(key: string, text = ''): Notice {
  return {
    key,
    body: {
      ...{ format: 1, host: 'h', time: 't', type: 'router', name: key, state: 'Master', previous: 'Backup' },
      ...{ lasted: null, cause: text, priority: 100 },
    },
  };
}

/** Takes all that there is: `key#sequence`, with what was missed and joined. */
function taken(queue: HookQueue, now = 0, latest = false): string[] {
  const all: string[] = [];
  for (let due = queue.take(now, latest); due; due = queue.take(now, latest)) {
    const { missed, joined } = due;
    all.push(
      `${due.notice.key}#${due.sequence}${missed ? ` missed ${missed}` : ''}${joined ? ` joined ${joined}` : ''}`,
    );
    queue.done();
  }
  return all;
}

describe('a queue', () => {
  test('gives in order, each once, and the same again until it is done', () => {
    const queue = new HookQueue();
    for (const key of ['a', 'b', 'a']) queue.push(notice(key), 0, false);
    expect(queue.length).toBe(3);
    const due = queue.take(0, false);
    expect(queue.take(0, false)).toBe(due);
    expect(queue.length).toBe(3);
    queue.done();
    expect(taken(queue)).toEqual(['b#2', 'a#3']);
    expect(queue.length).toBe(0);
  });

  test('drops the oldest beyond its bound, and the next one says how many', () => {
    const queue = new HookQueue(3);
    for (let i = 0; i < 10; i++) queue.push(notice('a'), 0, false);
    expect(queue.length).toBe(3);
    expect(queue.dropped).toBe(7);
    expect(taken(queue)).toEqual(['a#8 missed 7', 'a#9', 'a#10']);
  });

  test('does not drop the one that is under way', () => {
    const queue = new HookQueue(2);
    queue.push(notice('a'), 0, false);
    queue.take(0, false);
    for (let i = 0; i < 4; i++) queue.push(notice('b'), 0, false);
    expect(queue.current!.sequence).toBe(1);
    queue.done();
    expect(taken(queue)).toEqual(['b#4 missed 2', 'b#5']);
  });

  test('what nobody has heard of is missed', () => {
    const queue = new HookQueue(2);
    queue.push(notice('a'), 0, false);
    queue.lose(5);
    queue.push(notice('a'), 0, false);
    expect(queue.dropped).toBe(5);
    expect(taken(queue)).toEqual(['a#1', 'a#7 missed 5']);
    queue.lose(5);
    for (let i = 0; i < 3; i++) queue.push(notice('a'), 0, false);
    expect(taken(queue)).toEqual(['a#14 missed 6', 'a#15']);
  });

  test('keeps its memory in bounds over many events', () => {
    const queue = new HookQueue();
    for (let i = 0; i < 20_000; i++) {
      queue.push(notice('a'), 0, false);
      queue.push(notice('b'), 0, false);
      expect(queue.take(0, false)!.sequence).toBe(2 * i + 1);
      queue.done();
      queue.take(0, false);
      queue.done();
    }
    expect((queue as unknown as { entries: unknown[] }).entries.length).toBeLessThan(2048);
  });
});

describe('with latest', () => {
  test('what has waited for long gives way to a newer one of the same router', () => {
    const queue = new HookQueue();
    for (const key of ['a', 'b', 'a', 'a']) queue.push(notice(key), 0, true);
    expect(taken(queue, JOIN_AFTER + 1, true)).toEqual(['b#2', 'a#4 joined 2']);
    expect(queue.joined).toBe(2);
  });

  test('what has not is told', () => {
    const queue = new HookQueue();
    for (const key of ['a', 'a']) queue.push(notice(key), 0, true);
    expect(taken(queue, JOIN_AFTER, true)).toEqual(['a#1', 'a#2']);
  });

  test('a hook that is stuck does not gather more than there are routers', () => {
    const queue = new HookQueue();
    for (let i = 0; i < 100_000; i++) queue.push(notice(`router ${i % 10}`), i, true);
    expect(queue.length).toBeLessThanOrEqual(2 * JOIN_AFTER + 20);
    expect(queue.dropped).toBe(0);
    const all = taken(queue, 1e6, true);
    expect(all).toHaveLength(10);
    expect(all.at(-1)).toBe(`router 9#100000 joined 9999`);
  });

  test('in a hurry all of it is joined', () => {
    const queue = new HookQueue();
    for (const key of ['a', 'b', 'a', 'b']) queue.push(notice(key), 0, false);
    queue.take(0, false);
    expect(queue.collapse()).toBe(1);
    queue.done();
    expect(taken(queue)).toEqual(['a#3', 'b#4 joined 1']);
  });
});

describe('another process', () => {
  const handed = (queue: HookQueue): QueueState => fromPlain(toPlain(queue.state)) as QueueState;

  test('goes on with all of it, the one that is under way first, and says that it was tried', () => {
    const queue = new HookQueue(3);
    for (let i = 0; i < 5; i++) queue.push(notice('a'), 0, false);
    const due = queue.take(0, false)!;
    due.attempt = 1;
    const next = new HookQueue();
    next.push(notice('b'), 0, false);
    next.inherit(handed(queue), 7);
    expect(next.take(7, false)).toMatchObject({ sequence: 3, missed: 2, attempt: 1 });
    next.done();
    expect(taken(next, 7)).toEqual(['a#4', 'a#5', 'b#6']);
    expect(next.dropped).toBe(2);
  });

  test('has nothing to go on with', () => {
    const next = new HookQueue();
    next.inherit(handed(new HookQueue()), 0);
    expect(next.length).toBe(0);
    next.push(notice('a'), 0, false);
    expect(taken(next)).toEqual(['a#1']);
  });
});
