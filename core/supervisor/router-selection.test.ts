import { expect, test } from 'vitest';
import { selectionName, selectRouters } from './router-selection.ts';
import { router } from './test/stage.ts';

const ROUTERS = [
  router(1),
  router(2),
  router(2, { family: 6, version: 3 }),
  router(2, { version: 3 }),
  router(1, { interface: 'eth1.5' }),
];
const GROUPS = new Map([
  ['edge', [0, 4]],
  ['eth0', [4]],
]);

test.each([
  [[], [0, 1, 2, 3, 4]],
  [['all'], [0, 1, 2, 3, 4]],
  [['eth0'], [0, 1, 2, 3]],
  [
    ['eth1.5', 'eth0/1', 'eth0/1'],
    [0, 4],
  ],
  [['eth0/2'], [1, 2, 3]],
  [['eth0/2/ipv6'], [2]],
  [['eth0/2/IPv4/v3'], [3]],
  [['eth0/2/v2'], [1]],
  [['edge'], [0, 4]],
  [['sync:eth0'], [4]],
])('%j', (names, slots) => {
  expect(selectRouters(names, ROUTERS, GROUPS)).toEqual(slots);
});

test.each([
  ['eth7', 'router-missing'],
  ['eth0/3', 'router-missing'],
  ['eth0/1/v3', 'router-missing'],
  ['sync:nobody', 'router-missing'],
  ['', 'request-invalid'],
  ['eth0/x', 'request-invalid'],
  ['eth0/', 'request-invalid'],
  ['eth0/1/v4', 'request-invalid'],
])('%j means nothing', (name, code) => {
  expect(() => selectRouters([name], ROUTERS, GROUPS)).toThrow(expect.objectContaining({ code }));
});

test('names say what is needed to tell routers apart, and mean the same again', () => {
  const names = ROUTERS.map((each) => selectionName(each, ROUTERS));
  expect(names).toEqual(['eth0/1', 'eth0/2/ipv4/v2', 'eth0/2/ipv6/v3', 'eth0/2/ipv4/v3', 'eth1.5/1']);
  for (const [slot, name] of names.entries()) expect(selectRouters([name], ROUTERS)).toEqual([slot]);
});
