import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { Cause } from '../threads/event-ring.ts';
import type { SeenLink } from '../threads/link-news.ts';
import { realAddresses } from '../threads/real-addresses.ts';
import { StateTable } from '../threads/state-table.ts';
import { planFor } from './plan.ts';
import { EngineRouter } from './router.ts';
import { configuration, ethernet } from './test/station.ts';

/** The plan for these routers on these links; those of `elsewhere` run in another process. */
function plan(configs: readonly VirtualRouterConfig[], links: readonly SeenLink[], elsewhere: number[] = []) {
  const table = StateTable.allocate(configs.length);
  const routers = configs.map((config, slot) => new EngineRouter(slot, config, undefined, table));
  return planFor(routers, links, ({ slot }) => !elsewhere.includes(slot));
}

test.each<[string, readonly SeenLink[], number]>([
  ['missing', [], Cause.InterfaceMissing],
  ['of another name', [ethernet(['192.0.2.1'], { name: 'eth1' })], Cause.InterfaceMissing],
  ['no Ethernet', [ethernet(['192.0.2.1'], { ethernet: false })], Cause.InterfaceUnusable],
  ['down', [ethernet(['192.0.2.1'], { up: false })], Cause.InterfaceDown],
  ['without a carrier', [ethernet(['192.0.2.1'], { running: false })], Cause.InterfaceDown],
  ['a port of a bridge', [{ ...ethernet(['192.0.2.1']), isPort: true }], Cause.InterfacePort],
  ['without an address', [ethernet([])], Cause.NoAddress],
  ['without one of its family', [ethernet(['fe80::1/64'])], Cause.NoAddress],
])('a router has no place where its interface is %s', (_, links, cause) => {
  const { places, groups } = plan([configuration()], links);
  expect(places).toEqual([{ cause }]);
  expect(groups.size).toBe(0);
});

test('what comes for a router with peers comes by the bridge that its interface is a port of', () => {
  const link = { ...ethernet(['192.0.2.1']), isPort: true };
  const { places } = plan([configuration({ peers: ['192.0.2.2'] })], [link]);
  expect(places).toEqual([{ link, primary: '192.0.2.1', owner: false }]);
});

test('a router that another process runs has no place, its neighbours on the link have', () => {
  const link = ethernet(['192.0.2.1']);
  const { places, groups } = plan([configuration(), configuration({ vrid: 2 })], [link], [0]);
  expect(places).toEqual([{ cause: Cause.RunElsewhere }, { link, primary: '192.0.2.1', owner: false }]);
  expect(groups.get('1/4')!.slotOfVrid[1]).toBe(-1);
});

test('routers of a family on a link share a group, and nothing else', () => {
  const links = [
    ethernet(['192.0.2.1', 'fe80::1/64']),
    ethernet(['203.0.113.1'], { name: 'eth1', index: 2, mac: '02:00:00:00:00:02' }),
  ];
  const six = { version: 3, family: 6, addresses: ['fe80::100'] } as const;
  const configs = [
    configuration({ vrid: 1 }),
    configuration({ vrid: 2 }),
    configuration({ vrid: 1, ...six }),
    configuration({ vrid: 1, interface: 'eth1' }),
  ];
  const { places, groups } = plan(configs, links);
  const found = [...groups].map(([key, { link, family, routers, slotOfVrid }]) => ({
    ...{ key, name: link.name, family, slots: routers.map(({ slot }) => slot) },
    vrids: [...slotOfVrid].flatMap((slot, index) => (slot < 0 ? [] : [`${index % 256}:${slot}`])),
  }));
  expect(found).toEqual([
    { key: '1/4', name: 'eth0', family: 4, slots: [0, 1], vrids: ['1:0', '2:1'] },
    { key: '1/6', name: 'eth0', family: 6, slots: [2], vrids: ['1:2'] },
    { key: '2/4', name: 'eth1', family: 4, slots: [3], vrids: ['1:3'] },
  ]);
  expect(places.map((place) => 'primary' in place && place.primary)).toEqual([
    ...['192.0.2.1', '192.0.2.1', 'fe80::1', '203.0.113.1'],
  ]);
});

test.each<[string, string[], string[], boolean]>([
  [
    'all virtual addresses are its own',
    ['198.51.100.1', '198.51.100.2'],
    ['198.51.100.1', '198.51.100.2'],
    true,
  ],
  ['some of them are', ['198.51.100.1'], ['198.51.100.1', '198.51.100.2'], false],
  ['one is what a killed Master left', ['192.0.2.1', '198.51.100.1/32'], ['198.51.100.1'], false],
])('ownership: %s', (_, own, addresses, owner) => {
  const { places } = plan([configuration({ addresses })], [ethernet(own)]);
  expect(places[0]).toMatchObject({ owner });
});

test('the primary address is one of a network where there is one', () => {
  const { places } = plan([configuration()], [ethernet(['198.51.100.1/32', '192.0.2.7'])]);
  expect(places[0]).toMatchObject({ primary: '192.0.2.7' });
});

test.each<[string, string[], 4 | 6, string[]]>([
  ['with their network’s prefix length', ['10.9.0.1/24', '10.9.0.100/24'], 4, ['10.9.0.1', '10.9.0.100']],
  ['not what a killed Master left beside a network', ['10.9.0.1/24', '10.9.0.100/32'], 4, ['10.9.0.1']],
  ['all of them where there is no network', ['10.9.0.100/32'], 4, ['10.9.0.100']],
  ['of the family alone', ['10.9.0.1/24', 'fe80::1/64', '2001:db8::1/64'], 4, ['10.9.0.1']],
  [
    'IPv6 beside a network',
    ['fe80::1/64', '2001:db8::1/64', '2001:db8::2/128'],
    6,
    ['fe80::1', '2001:db8::1'],
  ],
  [
    'IPv6 where only link-local ones have one',
    ['fe80::1/64', '2001:db8::2/128'],
    6,
    ['fe80::1', '2001:db8::2'],
  ],
])('addresses of an interface’s own: %s', (_what, addresses, family, own) => {
  expect(realAddresses(ethernet(addresses), family)).toEqual(own);
});
