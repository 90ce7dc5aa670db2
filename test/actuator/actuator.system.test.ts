/** The actuator worker with the real network driver, in network namespaces. Needs root. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualRouterConfig } from '../../core/config/model.ts';
import { Bundle, carrier, Namespace, RunningActuator, router } from './lab.ts';

let bundle: Bundle;
let netns: Namespace;
let running: RunningActuator[] = [];

beforeAll(async () => {
  bundle = await Bundle.make([['protocol', 'routes', 'test/actuator/protocol-routes.ts']]);
});
afterAll(() => bundle?.takeDown());
beforeEach(() => {
  netns = new Namespace();
  netns.run(`
    ip link add eth0 type veth peer name peer0
    ip link set peer0 up
    ip link set eth0 address 02:00:00:00:00:01 up
    ip addr add 192.0.2.10/24 dev eth0
    sysctl -qw net.ipv6.conf.all.disable_ipv6=1
    ${carrier('eth0')}`);
});
afterEach(async () => {
  for (const actuator of running) await actuator.kill();
  running = [];
  netns.takeDown();
});

async function start(
  routers: readonly VirtualRouterConfig[],
  options?: ConstructorParameters<typeof RunningActuator>[3],
): Promise<RunningActuator> {
  const actuator = new RunningActuator(bundle, netns, routers, options);
  running.push(actuator);
  await actuator.ready();
  return actuator;
}

const OWN = '192.0.2.10/24 eth0';
const tick = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('ether', () => {
  it('gives a Master its addresses and the MAC, and takes them back', async () => {
    const before = netns.state();
    const actuator = await start([router(7, 'eth0', '192.0.2.1', { addresses: ['192.0.2.1', '192.0.2.2'] })]);
    expect(actuator.links().find(({ name }) => name === 'eth0')).toMatchObject({
      mac: '02:00:00:00:00:01',
      up: true,
      addresses: [{ address: '192.0.2.10', prefixLength: 24 }],
    });
    await actuator.flip([0]);
    expect(netns.addresses('eth0')).toEqual([OWN, '192.0.2.1/32 eth0:7', '192.0.2.2/32 eth0:7b']);
    expect(netns.run('cat /sys/class/net/eth0/address')).toBe('00:00:5e:00:01:07\n');
    expect(actuator.table()).toMatchObject({ applied: [1], announce: [0], errno: [0] });
    await tick(300); // time for its own news to come back
    expect(actuator.links().find(({ name }) => name === 'eth0')?.addresses).toHaveLength(1);
    await actuator.flip([0]);
    expect(netns.state()).toBe(before);
    await actuator.flip([0]);
    await actuator.stop();
    expect(netns.state()).toBe(before);
  });

  it('leaves the MAC alone when two virtual routers share the interface', async () => {
    const actuator = await start([router(1, 'eth0', '192.0.2.1'), router(2, 'eth0', '192.0.2.2')]);
    await actuator.flip([0, 1]);
    expect(netns.run('cat /sys/class/net/eth0/address')).toBe('02:00:00:00:00:01\n');
    expect(actuator.table()?.announce).toEqual([1, 1]);
    expect(actuator.log().join()).toContain('cannot have all their virtual MAC addresses');
  });

  it('does not touch an address that was there before', async () => {
    const actuator = await start([router(1, 'eth0', '192.0.2.10')]);
    await actuator.flip([0]);
    expect(netns.addresses('eth0')).toEqual([OWN]);
    expect(actuator.links().find(({ name }) => name === 'eth0')?.addresses).toHaveLength(1);
    await actuator.stop();
    expect(netns.addresses('eth0')).toEqual([OWN]);
  });

  it('skips states that have passed', async () => {
    const actuator = await start([router(1, 'eth0', '192.0.2.1')]);
    await actuator.flip([0], 7);
    expect(netns.addresses('eth0')).toContain('192.0.2.1/32 eth0:1');
    await actuator.flip([0], 4);
    expect(netns.addresses('eth0')).toContain('192.0.2.1/32 eth0:1');
  });
});

describe('macvlan', () => {
  const macvlan = { iftype: 'macvlan' } as const;

  it('makes the interface with its settings, and leaves the parent as found', async () => {
    const before = netns.state();
    const actuator = await start([
      router(7, 'eth0', '192.0.2.1', macvlan),
      router(8, 'eth0', '192.0.2.2', macvlan),
    ]);
    await actuator.flip([0, 1]);
    expect(netns.addresses('standby7')).toEqual(['192.0.2.1/32 standby7']);
    expect(netns.run('cat /sys/class/net/standby7/address')).toBe('00:00:5e:00:01:07\n');
    expect(netns.run('sysctl -n net.ipv4.conf.eth0.arp_ignore net.ipv4.conf.standby7.rp_filter')).toBe(
      '1\n2\n',
    );
    expect(actuator.table()?.announce).toEqual([0, 0]);
    await tick(300);
    expect(actuator.links().map(({ name }) => name)).not.toContain('standby7');
    await actuator.flip([0]);
    // The other one still needs the parent's settings.
    expect(netns.run('sysctl -n net.ipv4.conf.eth0.arp_ignore; ip -br link')).toMatch(/^1\n(?!.*standby7@)/s);
    await actuator.flip([1]);
    expect(netns.state()).toBe(before);
    await actuator.flip([0, 1]);
    await actuator.stop();
    expect(netns.state()).toBe(before);
  });

  it('says what stands in the way, and goes on when it is gone', async () => {
    netns.run('ip link add standby7 type veth peer name other');
    const actuator = await start([router(7, 'eth0', '192.0.2.1', macvlan)]);
    actuator.order({ do: 'flip', slots: [0], by: 1 });
    await actuator.until((told) => told.from === 'table' && told.errno[0] === 17);
    // The log comes another way than the table, perhaps a moment later.
    await actuator.until(() => actuator.log().join().includes('there is a veth interface of that name'));
    netns.run('ip link del standby7');
    await actuator.until((told) => told.from === 'table' && told.applied[0] === 1 && told.errno[0] === 0);
    expect(netns.addresses('standby7')).toEqual(['192.0.2.1/32 standby7']);
  });
});

describe('drift', () => {
  it('puts back what somebody else takes away', async () => {
    const routers = [router(1, 'eth0', '192.0.2.1', { iftype: 'macvlan' }), router(2, 'eth0', '192.0.2.2')];
    const actuator = await start(routers);
    await actuator.flip([0, 1]);
    netns.run(
      'ip addr del 192.0.2.2/32 dev eth0; ip link del standby1; ip link set eth0 address 02:00:00:00:00:09',
    );
    await expect.poll(() => netns.addresses('eth0'), { timeout: 5000 }).toContain('192.0.2.2/32 eth0:2');
    await expect.poll(() => netns.run('ip -br link'), { timeout: 5000 }).toContain('standby1@eth0');
    await expect
      .poll(() => netns.addresses('standby1'), { timeout: 5000 })
      .toEqual(['192.0.2.1/32 standby1']);
    await expect.poll(() => netns.run('cat /sys/class/net/eth0/address')).toBe('00:00:5e:00:01:02\n');
    expect(netns.run('sysctl -n net.ipv4.conf.standby1.rp_filter')).toBe('2\n');
    await expect
      .poll(() => actuator.log().join('\n'))
      .toMatch(/address 192\.0\.2\.2\/32 on eth0 was taken away by somebody else/);
    await actuator.stop();
    expect(netns.run('cat /sys/class/net/eth0/address')).toBe('02:00:00:00:00:01\n');
  });

  it('waits for an interface that is missing, and outlives one that goes', async () => {
    const actuator = await start([router(1, 'eth9', '192.0.2.1', { iftype: 'macvlan' })]);
    actuator.order({ do: 'flip', slots: [0], by: 1 });
    await actuator.until((told) => told.from === 'table' && told.errno[0] === 19);
    netns.run('ip link add eth9 type veth peer name peer9; ip link set eth9 up; ip link set peer9 up');
    await actuator.until((told) => told.from === 'table' && told.applied[0] === 1);
    expect(netns.addresses('standby1')).toEqual(['192.0.2.1/32 standby1']);
    netns.run('ip link del eth9');
    await actuator.until((told) => told.from === 'table' && told.errno[0] === 19, actuator.told.length);
    await actuator.flip([0]);
    await actuator.stop();
  });
});

describe('protocols', () => {
  const route = { to: '198.51.100.0', length: 24, via: '192.0.2.254' };

  it('installs routes while anyone is Master, when they can be', async () => {
    const before = netns.state();
    const routers = [router(1, 'eth0', '192.0.2.1'), router(2, 'eth0', '203.0.113.1')];
    const actuator = await start(routers, { protocols: { routes: [route] } });
    await actuator.flip([0, 1]);
    expect(netns.run('ip route')).toContain('198.51.100.0/24 via 192.0.2.254');
    await actuator.flip([0]);
    expect(netns.run('ip route')).toContain('198.51.100.0/24 via 192.0.2.254');
    netns.run('ip route del 198.51.100.0/24');
    await expect.poll(() => netns.run('ip route'), { timeout: 5000 }).toContain('198.51.100.0/24');
    netns.run('ip link set eth0 down'); // the kernel drops the route without a word
    await tick(500);
    netns.run('ip link set eth0 up');
    await expect.poll(() => netns.run('ip route'), { timeout: 8000 }).toContain('198.51.100.0/24');
    await actuator.flip([1]);
    await expect.poll(() => netns.run('ip route')).not.toContain('198.51.100.0/24');
    await actuator.flip([0]);
    await actuator.stop();
    expect(netns.state()).toBe(before);
  });

  it('leaves an existing route to its owner', async () => {
    netns.run('ip route add 198.51.100.0/24 via 192.0.2.253');
    const actuator = await start([router(1, 'eth0', '192.0.2.1')], { protocols: { routes: [route] } });
    await actuator.flip([0]);
    await actuator.stop();
    expect(netns.run('ip route')).toContain('198.51.100.0/24 via 192.0.2.253');
  });
});

describe('after SIGKILL', () => {
  const routers = [
    router(1, 'eth0', '192.0.2.1', { iftype: 'macvlan' }),
    router(2, 'eth0', '192.0.2.2', { addresses: ['192.0.2.2', '192.0.2.3'] }),
  ];

  it('takes back what the killed one left before it tells the links', async () => {
    const before = netns.state();
    const killed = await start(routers, {
      protocols: { routes: [{ to: '198.51.100.0', length: 24, via: '192.0.2.9' }] },
    });
    await killed.flip([0, 1]);
    await killed.kill();
    expect(netns.addresses('eth0')).toContain('192.0.2.2/32 eth0:2');
    const next = await start(routers);
    expect(next.told.findIndex(({ from }) => from === 'actuator')).toBeGreaterThan(-1);
    expect(netns.state()).toBe(before);
    const told = next.told.filter(({ from }) => from === 'actuator');
    expect(told).toHaveLength(1);
    expect(next.links().find(({ name }) => name === 'eth0')).toMatchObject({
      mac: '02:00:00:00:00:01',
      addresses: [{ address: '192.0.2.10' }],
    });
    await next.stop();
    expect(existsSync(path.join(bundle.folder, 'run', `${netns.name}.journal`))).toBe(false);
  });

  it('keeps what a present Master wants', async () => {
    const killed = await start(routers);
    await killed.flip([0, 1]);
    const index = netns.run('cat /sys/class/net/standby1/ifindex');
    await killed.kill();
    const next = await start(routers, { masters: [0] });
    await next.until((told) => told.from === 'table' && told.applied[0] === 1);
    expect(netns.run('cat /sys/class/net/standby1/ifindex')).toBe(index);
    expect(netns.addresses('eth0')).toEqual([OWN]);
    await next.stop();
    expect(netns.run('sysctl -n net.ipv4.conf.eth0.arp_ignore')).toBe('0\n');
  });

  it('ignores a journal of another namespace', async () => {
    const killed = await start(routers);
    await killed.flip([1]);
    await killed.kill();
    const journal = path.join(bundle.folder, 'run', `${netns.name}.journal`);
    const other = new Namespace();
    try {
      other.run('ip link add eth0 type veth peer name peer0; ip addr add 192.0.2.2/32 dev eth0');
      const next = new RunningActuator(bundle, other, routers, { journal });
      running.push(next);
      await next.ready();
      expect(other.addresses('eth0')).toEqual(['192.0.2.2/32 eth0']);
      await next.stop();
    } finally {
      other.takeDown();
    }
  });
});

describe('thousands at once', () => {
  it('follows 4,000 virtual routers on 16 interfaces up and down', async () => {
    for (let i = 1; i <= 16; i++)
      netns.run(`ip link add v${i} type veth peer name w${i}; ip link set v${i} up`);
    const before = netns.state();
    const routers = Array.from({ length: 4000 }, (_, i) =>
      router(1 + Math.floor(i / 16), `v${1 + (i % 16)}`, `10.${i % 16}.0.${1 + Math.floor(i / 16)}`),
    );
    const actuator = await start(routers);
    const all = routers.map((_, slot) => slot);
    const from = actuator.told.length;
    const up = await actuator.flip(all);
    const rings = actuator.told.slice(from).filter(({ from }) => from === 'table').length;
    expect(rings).toBeGreaterThan(10); // the first are announced before the last are installed
    expect(netns.run('ip -br -4 addr').match(/10\.\d+\.0\.\d+\/32/g)).toHaveLength(4000);
    const down = await actuator.flip(all);
    expect(netns.state()).toBe(before);
    await actuator.flip(all);
    await tick(500);
    expect(
      actuator
        .links()
        .filter(({ ethernet }) => ethernet)
        .flatMap(({ addresses }) => addresses),
    ).toHaveLength(1);
    const stop = await actuator.stop();
    expect(netns.state()).toBe(before);
    console.log(
      `4,000 up in ${up.toFixed()} ms, down in ${down.toFixed()} ms, stopped in ${stop.toFixed()} ms`,
    );
    // How fast it is on a machine that does nothing else is the benches' affair.
    expect(up).toBeLessThan(10_000);
    expect(stop).toBeLessThan(10_000);
  });

  it('stops 250 macvlan interfaces', async () => {
    const before = netns.state();
    const routers = Array.from({ length: 250 }, (_, i) =>
      router(i + 1, 'eth0', `10.0.0.${i + 1}`, { iftype: 'macvlan' }),
    );
    const actuator = await start(routers);
    const up = await actuator.flip(routers.map((_, slot) => slot));
    expect(netns.run('ip -br link').match(/standby\d+@eth0/g)).toHaveLength(250);
    const stop = await actuator.stop();
    console.log(`250 macvlan interfaces up in ${up.toFixed()} ms, stopped in ${stop.toFixed()} ms`);
    expect(netns.state()).toBe(before);
    expect(stop).toBeLessThan(10_000);
  });
});
