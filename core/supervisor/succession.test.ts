import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { matchSlots } from './succession.ts';
import { router } from './test/stage.ts';

const running = (...virtualRouters: VirtualRouterConfig[]) => ({
  config: { virtualRouters },
  routerPlugins: virtualRouters.map(() => ({ netdrv: 'driver', iftype: 'kind' })),
});
const [two, three] = ([2, 3] as const).map((version) => router(1, { version })) as [
  VirtualRouterConfig,
  VirtualRouterConfig,
];
const six = router(1, { version: 3, family: 6 });

test.each([
  { what: 'the same', before: [two], after: [two], slots: [0], leaving: [] },
  { what: 'another version', before: [two], after: [three], slots: [0], leaving: [] },
  { what: 'and back', before: [three], after: [two], slots: [0], leaving: [] },
  { what: 'one more version, in front', before: [two], after: [three, two], slots: [-1, 0], leaving: [] },
  { what: 'one version less', before: [two, three], after: [three], slots: [1], leaving: [0] },
  { what: 'one version less, the other one', before: [two, three], after: [two], slots: [0], leaving: [1] },
  {
    what: 'both, the other way round',
    before: [two, three],
    after: [three, two],
    slots: [1, 0],
    leaving: [],
  },
  {
    what: 'another version, and IPv6 with it',
    before: [two],
    after: [three, six],
    slots: [0, -1],
    leaving: [],
  },
  { what: 'another family', before: [two], after: [six], slots: [-1], leaving: [0] },
  { what: 'a family less', before: [three, six], after: [six], slots: [1], leaving: [0] },
  {
    what: 'another interface',
    before: [two],
    after: [{ ...three, interface: 'eth1' }],
    slots: [-1],
    leaving: [0],
  },
])('$what', ({ before, after, slots, leaving }) => {
  const match = matchSlots(running(...before), running(...after));
  expect(match).toEqual({ slots, leaving, changed: slots.map(() => false) });
});

test.each([{ addresses: ['192.0.2.7'] }, { prefixLengths: [24] }, { accept: false }, { vifname: 'other' }])(
  'a Master needs other things of the kernel: %j',
  (more) => {
    for (const version of [2, 3] as const) {
      expect(matchSlots(running(two), running({ ...router(1, more), version })).changed).toEqual([true]);
    }
  },
);
