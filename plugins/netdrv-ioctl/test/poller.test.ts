import { expect, test } from 'vitest';
import { restAfter } from '../src/poller.ts';

test.each([
  [0, 500],
  [26, 500],
  [50, 950],
  [500, 2000], // a machine that has no time for us: what somebody removed must still be seen to be gone
])('after a look of %d ms there is a pause of %d', (took, pause) => {
  expect(restAfter(took)).toBe(pause);
});
