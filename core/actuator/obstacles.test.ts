import { expect, test } from 'vitest';
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { edgeFault, findObstacles, peerFault } from './obstacles.ts';
import { MemoryKernel } from './test/memory-kernel.ts';

const link = (address: string, prefixLength: number): Link => ({
  ...{ index: 2, name: 'eth0', mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
  ...{ mtu: 1500, type: 'veth', parent: 0 },
  addresses: [{ family: 4, address, prefixLength, label: 'eth0', secondary: false }],
});

test.each<[string, number, string, string | undefined]>([
  ['10.9.0.1', 24, '10.9.0.0', 'own'],
  ['10.9.0.1', 24, '10.9.0.255', 'broadcast'],
  ['10.9.0.1', 24, '10.9.0.100', undefined],
  ['10.9.1.1', 23, '10.9.0.255', undefined],
  ['10.9.1.1', 23, '10.9.1.255', 'broadcast'],
  ['203.0.113.9', 30, '203.0.113.11', 'broadcast'],
  ['203.0.113.8', 31, '203.0.113.8', undefined],
  ['203.0.113.8', 32, '203.0.113.8', undefined],
  ['10.9.0.1', 24, '192.0.2.255', undefined],
])('on %s/%i the address %s: %s', (address, prefixLength, virtual, what) => {
  const fault = edgeFault([virtual], link(address, prefixLength));
  if (what === undefined) expect(fault).toBeUndefined();
  else
    expect(fault).toMatch(new RegExp(`^vip ${virtual} is the ${what} address of the subnet of ${address}/`));
});

test('a peer is another host', () => {
  const links = [link('10.9.0.1', 24), { ...link('10.8.0.1', 24), name: 'eth1' }];
  const fault = (...peers: string[]) => peerFault({ peers, interface: 'eth0' }, links);
  expect(fault('10.9.0.2')).toBeUndefined();
  expect(peerFault({ interface: 'eth0' }, links)).toBeUndefined();
  expect(fault('10.9.0.2', '10.8.0.1')).toBe(
    'peer 10.8.0.1 is an address of this host, on eth1: peers must be other routers',
  );
});

test('a link-local peer may have the address of another interface of ours', () => {
  const six = (name: string, address: string): Link => ({
    ...link('10.9.0.1', 24),
    ...{ name, addresses: [{ family: 6, address, prefixLength: 64, label: name, secondary: false }] },
  });
  const links = [six('eth0', 'fe80::1'), six('eth1', 'fe80::2')];
  expect(peerFault({ peers: ['fe80::2'], interface: 'eth0' }, links)).toBeUndefined();
  expect(peerFault({ peers: ['fe80::1'], interface: 'eth0' }, links)).toMatch(/^peer fe80::1 is an address/);
});

test('an interface that is not there yet tells nothing', () => {
  expect(edgeFault(['10.9.0.0'], undefined)).toBeUndefined();
});

test('a kernel that lacks what accept = false needs is an obstacle for those routers alone, and asked once', async () => {
  const kernel = new MemoryKernel();
  const asked: string[] = [];
  const driver = Object.assign(kernel, {
    lacks: async (capability: string) => {
      asked.push(capability);
      return 'this kernel has no nf_tables';
    },
  });
  const router = (vrid: number, accept?: boolean): VirtualRouterConfig => ({
    ...{ position: { file: 'r.conf', line: vrid }, vrid, interface: 'eth0', family: 4, version: 3 },
    ...{ addresses: [`192.0.2.${vrid}`], priority: 100, preempt: true, advertisementIntervalCs: 100 },
    ...{ rfc3768: true, authSecret: '', vifname: `standby${vrid}`, socketFilter: true },
    ...(accept === undefined ? {} : { accept }),
  });
  const found = await findObstacles(
    {
      config: {
        virtualRouters: [router(1), router(2, false), router(3, true), router(4, false)],
      } as unknown as DaemonConfig,
      routerPlugins: [1, 2, 3, 4].map(() => ({ netdrv: 'memory', iftype: 'none' })),
    },
    {
      drivers: new Map([['memory', driver]]),
      iftypes: new Map([
        ['none', { plan: () => ({ interface: 'eth0', announce: 'virtual-mac', resources: [] }) }],
      ]),
    },
    [],
    [0, 1, 2, 3],
  );
  expect(found).toEqual([
    'r.conf:2: virtual router 2 on eth0: this kernel has no nf_tables',
    'r.conf:4: virtual router 4 on eth0: this kernel has no nf_tables',
  ]);
  expect(asked).toEqual(['address-guard']);
});
