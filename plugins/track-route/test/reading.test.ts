import { expect, test } from 'vitest';
import { LastReading } from '../src/reading.ts';
import type { Route } from '../src/routes.ts';

const ROUTE: Route = {
  prefix: { family: 4, octets: new Uint8Array(4), length: 0 },
  ...{ table: 254, leads: true, hops: [] },
};
const failure = (code: string): Error => Object.assign(new Error(`rtnetlink request 26: ${code}`), { code });

/** Readings that give these, one after the other. */
function readings(...results: (readonly Route[] | Error)[]) {
  let count = 0;
  const read = async (): Promise<readonly Route[]> => {
    const result = results[count++]!;
    if (result instanceof Error) throw result;
    return result;
  };
  return { read, count: () => count };
}

test('what was read holds until something changes', async () => {
  const { read, count } = readings([ROUTE], []);
  const last = new LastReading();
  expect(await last.routes(read, true)).toEqual([ROUTE]);
  expect(await last.routes(read, true)).toEqual([ROUTE]);
  expect(count()).toBe(1);
  last.forget();
  expect(await last.routes(read, true)).toEqual([]);
});

test('what changes meanwhile, or is not told of, makes it old at once', async () => {
  const { read, count } = readings([], [ROUTE], [ROUTE]);
  const last = new LastReading();
  const first = last.routes(read, true);
  last.forget();
  expect(await first).toEqual([]);
  expect(await last.routes(read, false)).toEqual([ROUTE]);
  expect(await last.routes(read, true)).toEqual([ROUTE]);
  expect(count()).toBe(3);
});

test('a reading that fails is no reading: the next check reads again', async () => {
  const { read } = readings(failure('ENOBUFS'), [ROUTE]);
  const last = new LastReading();
  await expect(last.routes(read, true)).rejects.toThrow('ENOBUFS');
  expect(await last.routes(read, true)).toEqual([ROUTE]);
});

test('a table that there is not has no routes', async () => {
  const { read } = readings(failure('ENOENT'));
  expect(await new LastReading().routes(read, true)).toEqual([]);
});
