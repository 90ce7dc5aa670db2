import fc from 'fast-check';
import type { RouterOnInterface } from 'rvrrpd/plugin';
import { describe, expect, it } from 'vitest';
import { ether } from '../src/index.ts';
import { labelOf } from '../src/label.ts';

function on(name: string, more: Partial<RouterOnInterface> = {}): RouterOnInterface {
  return {
    vrid: 7,
    family: 4,
    addresses: ['192.0.2.1', '192.0.2.2'],
    interface: {
      index: 2,
      name,
      mac: '02:00:00:00:00:01',
      up: true,
      running: true,
      ethernet: true,
      mtu: 1500,
      type: '',
      parent: 0,
      addresses: [],
    },
    vifname: 'standby7',
    virtualMac: '00:00:5e:00:01:07',
    siblings: 1,
    ...more,
  };
}

describe('labels', () => {
  it('count the addresses of a virtual router with letters', () => {
    expect([0, 1, 2, 25, 26].map((index) => labelOf('eth0', 7, index))).toEqual([
      ...['eth0:7', 'eth0:7b', 'eth0:7c', 'eth0:7z', 'eth0:7ba'],
    ]);
  });

  it('get shorter on interfaces with long names, and end where there is no room', () => {
    expect(labelOf('enp0s31f6.4', 255, 0)).toBe('enp0s31f6.4:73'); // 3 left: two digits and a letter
    expect(labelOf('enp0s31f6.4', 255, 1)).toBe('enp0s31f6.4:73b');
    expect(labelOf('enp0s31f6.90', 7, 0)).toBe('enp0s31f6.90:07');
    expect(labelOf('enp0s31f6.90', 7, 1)).toBe('enp0s31f6.90:7b'); // 2 left: 7 + 256
    expect(labelOf('enp0s31f6.90', 255, 4)).toBe('enp0s31f6.90:zj');
    expect(labelOf('enp0s31f6.90', 255, 5)).toBeUndefined();
    expect(labelOf('enp0s31f6.900', 7, 0)).toBeUndefined();
  });

  it('never collide on one interface, and never are too long', () => {
    const key = fc.record({ vrid: fc.integer({ min: 0, max: 255 }), index: fc.integer({ min: 0, max: 40 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), key, key, (length, a, b) => {
        const name = 'e'.repeat(length);
        const one = labelOf(name, a.vrid, a.index);
        const other = labelOf(name, b.vrid, b.index);
        for (const label of [one, other]) {
          if (label !== undefined) expect(label).toMatch(new RegExp(`^${name}:[0-9a-z]+$`));
          expect(label?.length ?? 0).toBeLessThanOrEqual(15);
        }
        if (a.vrid === b.vrid && a.index === b.index) expect(one).toBe(other);
        else if (one !== undefined) expect(one).not.toBe(other);
      }),
    );
  });
});

describe('plan', () => {
  it('gives the interface the virtual MAC when the virtual router is alone on it', () => {
    expect(ether.plan(on('eth0'))).toEqual({
      interface: 'eth0',
      announce: 'virtual-mac',
      resources: [
        { kind: 'mac', interface: 'eth0', mac: '00:00:5e:00:01:07' },
        {
          kind: 'address',
          interface: 'eth0',
          family: 4,
          address: '192.0.2.1',
          prefixLength: 32,
          label: 'eth0:7',
        },
        {
          kind: 'address',
          interface: 'eth0',
          family: 4,
          address: '192.0.2.2',
          prefixLength: 32,
          label: 'eth0:7b',
        },
      ],
    });
  });

  it('leaves the MAC alone for a router with peers, which send to the address of the interface', () => {
    const plan = ether.plan(on('eth0', { peers: ['192.0.2.9'] }));
    expect(plan.announce).toBe('interface-mac');
    expect(new Set(plan.resources.map(({ kind }) => kind))).toEqual(new Set(['address']));
  });

  it('leaves the MAC alone when there are several', () => {
    const plan = ether.plan(on('eth0', { siblings: 2 }));
    expect(plan.announce).toBe('interface-mac');
    expect(plan.resources.map(({ kind }) => kind)).toEqual(['address', 'address']);
  });

  it('labels no IPv6 address', () => {
    const plan = ether.plan(on('eth0', { family: 6, addresses: ['2001:db8::1'] }));
    expect(plan.resources.at(-1)).toEqual({
      kind: 'address',
      interface: 'eth0',
      family: 6,
      address: '2001:db8::1',
      prefixLength: 128,
    });
  });

  it('makes no link-local address of the virtual MAC', () => {
    const plan = ether.plan(on('eth0', { family: 6, addresses: ['fe80::1', '2001:db8::1'] }));
    expect(plan.resources[0]).toEqual({
      kind: 'sysctl',
      path: ['net', 'ipv6', 'conf', 'eth0', 'addr_gen_mode'],
      value: '1',
      optional: true,
    });
    const shared = ether.plan(on('eth0', { family: 6, addresses: ['fe80::1'], siblings: 2 }));
    expect(shared.resources.map(({ kind }) => kind)).toEqual(['address']);
  });

  it('advises another interface type where several share an interface', () => {
    const routers = [on('eth0', { vrid: 1 }), on('eth0', { vrid: 2 }), on('eth1', { vrid: 3 })];
    const advice = ether.advise?.(routers) ?? [];
    expect(advice).toHaveLength(1);
    expect(advice[0]).toMatch(/^2 virtual routers \(1, 2\) use the interface eth0 itself/);
    expect(ether.advise?.([on('eth0')])).toEqual([]);
  });
});
