import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** A promise and what resolves it. */
function gate<T = void>() {
  let open!: (value: T) => void;
  let fail!: (error: Error) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

const turn = (): Promise<void> => new Promise(setImmediate);

test('one after the other, in the order in which they ask, each with what came of it', async () => {
  const done: string[] = [];
  const turns = new Turns(() => done.push('after'));
  const first = gate();
  const one = turns.take(async () => {
    await first.promise;
    done.push('one');
    return 1;
  });
  const two = turns.take(async () => {
    done.push('two');
    throw new Error('no');
  });
  const three = turns.take(async () => done.push('three'));
  await turn();
  expect(done).toEqual([]);
  first.open();
  expect(await one).toBe(1);
  await expect(two).rejects.toThrow('no');
  await three;
  await turn();
  expect(done).toEqual(['one', 'after', 'two', 'after', 'three', 'after']);
});

test('what is urgent comes before all that wait, and not into a turn', async () => {
  const done: string[] = [];
  const turns = new Turns();
  const first = gate();
  void turns.take(() => first.promise.then(() => void done.push('first')));
  void turns.take(async () => done.push('second'));
  void turns.jump(async () => done.push('urgent'));
  const last = turns.jump(async () => done.push('urgent too'));
  await turn();
  expect(done).toEqual([]);
  first.open();
  await last;
  expect(done).toEqual(['first', 'urgent', 'urgent too']);
  await turns.take(async () => {});
  expect(done.at(-1)).toBe('second');
});

test('whoever stands aside lets what is urgent pass, and nothing else', async () => {
  const done: string[] = [];
  const turns = new Turns();
  const outside = gate<string>();
  const first = turns.take(async ({ aside }) => {
    done.push(await aside(outside.promise));
  });
  const second = turns.take(async () => done.push('second'));
  await turns.jump(async () => done.push('urgent'));
  await turn();
  expect(done).toEqual(['urgent']);
  outside.open('first');
  await first;
  await second;
  expect(done).toEqual(['urgent', 'first', 'second']);
});

test('it goes on only when what is urgent is over', async () => {
  const done: string[] = [];
  const turns = new Turns();
  const [outside, urgent] = [gate(), gate()];
  const first = turns.take(async ({ aside }) => {
    await aside(outside.promise);
    done.push('first');
  });
  const other = turns.jump(async () => {
    await urgent.promise;
    done.push('urgent');
  });
  outside.open();
  await turn();
  expect(done).toEqual([]);
  urgent.open();
  await Promise.all([first, other]);
  expect(done).toEqual(['urgent', 'first']);
});

test('what fails outside fails in its turn, and the next has its own', async () => {
  const turns = new Turns();
  const outside = gate();
  const first = turns.take(({ aside }) => aside(outside.promise));
  outside.fail(new Error('no such file'));
  await expect(first).rejects.toThrow('no such file');
  expect(await turns.take(async ({ aside }) => aside(Promise.resolve(2)))).toBe(2);
});
