import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { StateTable } from '../threads/state-table.ts';
import { Interfaces } from './interfaces.ts';
import { EngineRouter } from './router.ts';
import { configuration, ethernet } from './test/station.ts';

function interfacesOf(...configs: readonly Partial<VirtualRouterConfig>[]): Interfaces {
  const table = StateTable.allocate(configs.length);
  return new Interfaces(
    configs.map((over, slot) => new EngineRouter(slot, configuration(over), undefined, table)),
  );
}

/** A router with peers that sends from an address of any interface. */
const from = (source: string, on: string, vrid: number): Partial<VirtualRouterConfig> => ({
  ...{ source, interface: on, vrid, peers: ['192.0.2.2'] },
});

/** A router that announces an address on another interface. */
const announces = (on: string, elsewhere: string, vrid: number): Partial<VirtualRouterConfig> => ({
  ...{ interface: on, vrid },
  further: [{ family: 4, address: `203.0.113.${vrid}`, prefixLength: 24, interface: elsewhere }],
});

test('a change of an interface concerns its routers', () => {
  const interfaces = interfacesOf({ vrid: 1 }, { vrid: 2 }, { vrid: 3, interface: 'eth1' });
  expect(interfaces.routersOn('eth0').map(({ slot }) => slot)).toEqual([0, 1]);
  expect(interfaces.routersOn('eth1').map(({ slot }) => slot)).toEqual([2]);
  expect(interfaces.routersOn('eth2')).toEqual([]);
  expect(interfaces.withSharers(['eth0', 'eth2'])).toEqual(['eth0', 'eth2']);
});

test('and those that announce on it, and all that share a socket with one of these', () => {
  const interfaces = interfacesOf(
    announces('eth0', 'eth1', 1), // shares a socket with the next one
    announces('eth2', 'eth1', 2),
    announces('eth2', 'eth3', 3), // is on an interface with that one
    { vrid: 4, interface: 'eth4' },
  );
  for (const name of ['eth0', 'eth1', 'eth2', 'eth3'])
    expect([...interfaces.withSharers([name])].sort(), name).toEqual(['eth0', 'eth1', 'eth2', 'eth3']);
  expect(interfaces.withSharers(['eth4'])).toEqual(['eth4']);
});

test('and those that send from the same source', () => {
  const interfaces = interfacesOf(
    from('203.0.113.5', 'eth0', 1),
    from('203.0.113.5', 'eth1', 1),
    from('203.0.113.6', 'eth2', 1),
  );
  expect(interfaces.withSharers(['eth0'])).toEqual(['eth0', 'eth1']);
  expect(interfaces.withSharers(['eth2'])).toEqual(['eth2']);
});

test('a source that comes or goes on any interface concerns its routers, once', () => {
  const interfaces = interfacesOf(from('203.0.113.5', 'eth0', 1), from('203.0.113.6', 'eth1', 1));
  const loopback = (...addresses: string[]) => [ethernet(addresses, { name: 'lo', index: 9 })];
  const look = (...addresses: string[]) => [...interfaces.followSources(loopback(...addresses))];
  expect(look()).toEqual([]);
  expect(look('203.0.113.5')).toEqual(['eth0']);
  expect(look('203.0.113.5')).toEqual([]);
  expect(look('203.0.113.6')).toEqual(['eth0', 'eth1']);
  expect(look()).toEqual(['eth1']);
});

test('without a source nothing has to be followed', () => {
  const interfaces = interfacesOf({ vrid: 1 });
  expect(interfaces.haveSources).toBe(false);
  expect([...interfaces.followSources([ethernet(['192.0.2.1'])])]).toEqual([]);
  expect(interfacesOf(from('203.0.113.5', 'eth0', 1)).haveSources).toBe(true);
});
