import type { KernelResource, RouterOnInterface } from 'rvrrpd/plugin';
import { describe, expect, it } from 'vitest';
import { macvlan } from '../src/index.ts';

function routerOf(more: Partial<RouterOnInterface> = {}): RouterOnInterface {
  return {
    vrid: 7,
    family: 4,
    addresses: ['192.0.2.1'],
    interface: {
      index: 2,
      name: 'eth0.5',
      mac: '02:00:00:00:00:01',
      up: true,
      running: true,
      ethernet: true,
      mtu: 1500,
      type: 'vlan',
      parent: 1,
      addresses: [],
    },
    vifname: 'standby7',
    virtualMac: '00:00:5e:00:01:07',
    siblings: 3,
    ...more,
  };
}

function settings(resources: readonly KernelResource[], name: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const resource of resources) {
    if (resource.kind !== 'sysctl' || resource.path[3] !== name) continue;
    found[`${resource.path[1]} ${resource.path[4]}`] = resource.value;
  }
  return found;
}

describe('plan', () => {
  it('makes the link, sets it up, then brings it up, then adds the addresses', () => {
    const { resources, ...plan } = macvlan.plan(routerOf());
    expect(plan).toEqual({ interface: 'standby7', announce: 'virtual-mac' });
    const steps = resources.filter(({ kind }) => kind !== 'sysctl');
    expect(steps).toEqual([
      { kind: 'link', type: 'macvlan', interface: 'standby7', parent: 'eth0.5', mac: '00:00:5e:00:01:07' },
      { kind: 'up', interface: 'standby7' },
      { kind: 'address', interface: 'standby7', family: 4, address: '192.0.2.1', prefixLength: 32 },
    ]);
    const at = (kind: string) => resources.findIndex((resource) => resource.kind === kind);
    const lastSetting = resources.map(({ kind }) => kind).lastIndexOf('sysctl');
    expect(lastSetting).toBeGreaterThan(at('link'));
    expect(lastSetting).toBeLessThan(at('up'));
  });

  it('keeps the parent from answering and asking for the virtual address', () => {
    const { resources } = macvlan.plan(routerOf());
    expect(settings(resources, 'eth0.5')).toEqual({ 'ipv4 arp_ignore': '1', 'ipv4 arp_announce': '2' });
    expect(settings(resources, 'standby7')).toEqual({
      'ipv4 arp_ignore': '1',
      'ipv4 arp_announce': '2',
      'ipv4 arp_filter': '0',
      'ipv4 rp_filter': '2',
      'ipv6 disable_ipv6': '1',
    });
  });

  it('has IPv6 beside IPv4 if there are further addresses of it, and none that it makes up', () => {
    const { resources } = macvlan.plan(routerOf({ furtherFamilies: [4, 6] }));
    expect(settings(resources, 'standby7')).toMatchObject({
      'ipv4 arp_ignore': '1',
      'ipv6 disable_ipv6': '0',
      'ipv6 addr_gen_mode': '1',
      'ipv6 accept_ra': '0',
      'ipv6 dad_transmits': '0',
    });
    const alone = macvlan.plan(routerOf({ furtherFamilies: [4] }));
    expect(settings(alone.resources, 'standby7')).toMatchObject({ 'ipv6 disable_ipv6': '1' });
  });

  it('has no link-local address but the virtual one for IPv6, and leaves the parent alone', () => {
    const { resources } = macvlan.plan(routerOf({ family: 6, addresses: ['fe80::1', '2001:db8::1'] }));
    expect(settings(resources, 'eth0.5')).toEqual({});
    expect(settings(resources, 'standby7')).toMatchObject({
      'ipv6 addr_gen_mode': '1',
      'ipv6 accept_ra': '0',
      'ipv6 autoconf': '0',
      'ipv6 disable_ipv6': '0',
      'ipv6 accept_dad': '0',
      'ipv6 dad_transmits': '0',
    });
    expect(resources.filter(({ kind }) => kind === 'address')).toMatchObject([
      { address: 'fe80::1', prefixLength: 64 },
      { address: '2001:db8::1', prefixLength: 128 },
    ]);
  });

  it('forwards as the parent does', () => {
    for (const family of [4, 6] as const) {
      const plan = (forwards?: boolean) =>
        settings(
          macvlan.plan(routerOf({ family, ...(forwards !== undefined && { forwards }) })).resources,
          'standby7',
        );
      expect(plan(true)).toMatchObject({ [`ipv${family} forwarding`]: '1' });
      for (const no of [plan(false), plan()]) expect(no).not.toHaveProperty(`ipv${family} forwarding`);
    }
  });

  it('refuses a name that is too long for an interface', () => {
    expect(() => macvlan.plan(routerOf({ vifname: 'a-very-long-name' }))).toThrow(
      'vifname "a-very-long-name" of virtual router 7 on eth0.5 must have 1 to 15 characters',
    );
  });
});
