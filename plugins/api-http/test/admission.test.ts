import { Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Admission } from '../src/admission.ts';

/** A connection of a client. */
function connection(client: number): Socket {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: `10.0.0.${client}` });
  return socket;
}

/** So many connections of one client, taken in one after the other. @returns those that had to go */
function admit(admission: Admission, client: number, count: number): (Socket | undefined)[] {
  return Array.from({ length: count }, () => admission.admit(connection(client)));
}

test('one client may have a quarter, but 8 in any case', () => {
  for (const [most, quarter] of [
    [100, 25],
    [8, 8],
    [512, 128],
  ] as const) {
    const admission = new Admission(() => most);
    expect(admit(admission, 1, quarter).filter(Boolean)).toEqual([]);
    const refused = connection(1);
    expect(admission.admit(refused)).toBe(refused);
  }
});

test('who comes when there is no room gets a place of the client that has the most', () => {
  const admission = new Admission(() => 32);
  const oldest = connection(2);
  admit(admission, 1, 7);
  admission.admit(oldest);
  admit(admission, 2, 7);
  admit(admission, 3, 7);
  admit(admission, 4, 7);
  admit(admission, 5, 3);
  expect(admission.admit(connection(6))).toBe(oldest);
});

test('nobody gets more than others have', () => {
  const admission = new Admission(() => 16);
  admit(admission, 1, 8);
  admit(admission, 2, 8);
  for (let i = 0; i < 5; i++) {
    const fresh = connection(3);
    expect(admission.admit(fresh)).not.toBe(fresh);
  }
  // 5, 6 and 5 by now
  const refused = connection(3);
  expect(admission.admit(refused)).toBe(refused);
});

test('a place that is given back is free, once', () => {
  const admission = new Admission(() => 8);
  const first = connection(1);
  admission.admit(first);
  admit(admission, 1, 7);
  admission.release(first);
  admission.release(first);
  expect(admission.admit(connection(1))).toBeUndefined();
  const late = connection(1);
  expect(admission.admit(late)).toBe(late);
});

test('the limit in force holds', () => {
  let most = 8;
  const admission = new Admission(() => most);
  admit(admission, 1, 8);
  most = 64;
  expect(admit(admission, 1, 8)).toEqual(Array(8).fill(undefined));
});

test('there are never more than the limit, and a client without any always gets one while another has two', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 24 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.boolean()), { maxLength: 120 }),
      (most, steps) => {
        const admission = new Admission(() => most);
        const open = new Map<Socket, number>();
        const count = (client: number): number => [...open.values()].filter((each) => each === client).length;
        for (const [client, comes] of steps) {
          if (!comes) {
            const leaving = [...open].find(([, each]) => each === client)?.[0];
            if (leaving === undefined) continue;
            open.delete(leaving);
            admission.release(leaving);
            continue;
          }
          const crowded = [1, 2, 3, 4, 5, 6].some((each) => count(each) > 1);
          const first = count(client) === 0;
          const socket = connection(client);
          open.set(socket, client);
          const surplus = admission.admit(socket);
          if (surplus !== undefined) expect(open.delete(surplus)).toBe(true);
          expect(open.size).toBeLessThanOrEqual(most);
          if (first && (crowded || open.size < most)) expect(open.has(socket)).toBe(true);
        }
      },
    ),
    { numRuns: 200 },
  );
});
