import { expect, test } from 'vitest';
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import type { InterfaceType, KernelResource } from '../plugin/contracts/index.ts';
import { contradiction, contradictionText } from './contradictions.ts';
import { findObstacles } from './obstacles.ts';
import { MemoryKernel } from './test/memory-kernel.ts';

const MAC = '00:00:5e:00:01:07';
const link = (name: string, parent = 'eth0'): KernelResource => ({
  ...{ kind: 'link', type: 'macvlan', interface: name, parent, mac: MAC },
});
const mac = (name: string): KernelResource => ({ kind: 'mac', interface: name, mac: MAC });
const address = (on: string, prefixLength: number, label?: string): KernelResource => ({
  ...{ kind: 'address', interface: on, family: 4, address: '192.0.2.1', prefixLength },
  ...(label === undefined ? {} : { label }),
});
const setting = (value: string): KernelResource => ({
  ...{ kind: 'sysctl', path: ['net', 'ipv4', 'conf', 'eth0', 'arp_ignore'], value },
});

test.each<[string, KernelResource[], KernelResource[], string | undefined]>([
  ['the same', [link('gate'), address('gate', 32)], [link('gate'), address('gate', 32)], undefined],
  ['another label', [address('eth0', 32, 'eth0:7')], [address('eth0', 32)], undefined],
  ['nothing', [], [mac('eth0')], undefined],
  ['one MAC address on two networks', [link('a')], [link('b', 'eth1')], undefined],
  [
    'two prefix lengths',
    [link('gate'), address('gate', 24)],
    [link('gate'), address('gate', 32)],
    'the address 192.0.2.1/24 on gate contradicts the address 192.0.2.1/32 on gate',
  ],
  [
    'one address on two interfaces',
    [address('eth0', 32)],
    [link('gate'), address('gate', 32)],
    'the address 192.0.2.1/32 on eth0 contradicts the address 192.0.2.1/32 on gate',
  ],
  [
    'two values of a setting',
    [setting('1')],
    [setting('2')],
    'the setting net/ipv4/conf/eth0/arp_ignore = 1 contradicts the setting net/ipv4/conf/eth0/arp_ignore = 2',
  ],
  [
    'two interfaces with one MAC address',
    [link('a')],
    [link('b')],
    'the macvlan interface a on eth0 contradicts the macvlan interface b on eth0',
  ],
  [
    'the interface itself and another one',
    [mac('eth0')],
    [link('b')],
    `the MAC address ${MAC} of eth0 contradicts the macvlan interface b on eth0`,
  ],
])('%s', (_, ours, theirs, text) => {
  const found = contradiction(ours, theirs);
  expect(found && contradictionText(found)).toBe(text);
});

/** Makes a link of the virtual router's `vifname`, and puts addresses there. */
const ofItsOwn: InterfaceType = {
  plan: ({ vifname, addresses, prefixLengths, virtualMac }) => ({
    ...{ interface: vifname, announce: 'virtual-mac' },
    resources: [
      { kind: 'link', type: 'macvlan', interface: vifname, parent: 'eth0', mac: virtualMac },
      ...addresses.map(
        (each, at): KernelResource => ({
          ...{ kind: 'address', interface: vifname, family: 4, address: each },
          prefixLength: prefixLengths?.[at] ?? 24,
        }),
      ),
    ],
  }),
};

test('both versions of a group, at a start: one complaint with both lines', async () => {
  const kernel = new MemoryKernel();
  kernel.addLink('eth0');
  const router = (line: number, over: Partial<VirtualRouterConfig>): VirtualRouterConfig => ({
    ...{ position: { file: 'r.conf', line }, vrid: 7, interface: 'eth0', family: 4, version: 2 },
    ...{ addresses: ['192.0.2.1'], priority: 100, preempt: true, advertisementIntervalCs: 100 },
    ...{ rfc3768: true, authSecret: '', vifname: 'gate', socketFilter: true },
    ...over,
  });
  const look = (slots: number[], ...virtualRouters: VirtualRouterConfig[]) =>
    findObstacles(
      {
        config: { virtualRouters } as unknown as DaemonConfig,
        routerPlugins: virtualRouters.map(() => ({ netdrv: 'memory', iftype: 'own' })),
      },
      { drivers: new Map([['memory', kernel]]), iftypes: new Map([['own', ofItsOwn]]) },
      [],
      slots,
    );
  const two = router(3, {});
  expect(await look([0, 1], two, router(9, { version: 3 }))).toEqual([]);
  // What is the same by default, only the interface type knows.
  const written = router(9, { version: 3, prefixLengths: [32] });
  const text =
    'the address 192.0.2.1/32 on gate contradicts the address 192.0.2.1/24 on gate of version 2 (r.conf:3): the tables ' +
    'of both versions need the same iftype and vifname, and each vip the same prefix length';
  const complaint = `r.conf:9: virtual router 7 on eth0: ${text}`;
  expect(await look([0, 1], two, written)).toEqual([complaint]);
  expect(await look([1], two, written)).toEqual([complaint]);
  expect(await look([0], two, written)).toEqual([complaint]);
  expect(await look([0, 1], two, router(9, { version: 3, vifname: 'other' }))).toHaveLength(1);
  const others = [router(9, { version: 3, vrid: 8 }), router(15, { version: 3, interface: 'eth1' })];
  expect(await look([0, 1, 2], two, ...others)).toEqual([]);
});
