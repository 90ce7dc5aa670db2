/** Names change hands: what is ours is known by its interface's index and by its marks. Needs root. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualRouterConfig } from '../../core/config/model.ts';
import { eventually } from '../lab/wait.ts';
import { Bundle, carrier, Namespace, RunningActuator, router } from './lab.ts';

let bundle: Bundle;
let netns: Namespace;
let running: RunningActuator[] = [];

beforeAll(async () => {
  bundle = await Bundle.make();
});
afterAll(() => bundle?.takeDown());
beforeEach(() => {
  netns = new Namespace();
  netns.run(`
    sysctl -qw net.ipv6.conf.all.disable_ipv6=1
    sysctl -qw net.ipv6.conf.default.disable_ipv6=1
    for n in 0 1; do
      ip link add eth$n type veth peer name peer$n
      ip link set peer$n up
      ip link set eth$n address 02:00:00:00:00:0$n up
      ip addr add 192.0.$n.10/24 dev eth$n
    done
    ${carrier('eth0', 'eth1')}`);
});
afterEach(async () => {
  for (const actuator of running) await actuator.kill();
  running = [];
  netns.takeDown();
});

const VIRTUAL_MAC = '00:00:5e:00:01:07';
const macvlan = { iftype: 'macvlan' } as const;

async function start(
  routers: readonly VirtualRouterConfig[],
  options?: ConstructorParameters<typeof RunningActuator>[3],
): Promise<RunningActuator> {
  const actuator = new RunningActuator(bundle, netns, routers, options);
  running.push(actuator);
  await actuator.ready();
  return actuator;
}

const mac = (name: string): string => netns.run(`cat /sys/class/net/${name}/address`).trim();
const rename = (from: string, to: string): string =>
  netns.run(`ip link set ${from} down; ip link set ${from} name ${to}; ip link set ${to} up`);
const setting = (name: string): string => netns.run(`sysctl -n net.ipv4.conf.${name}.arp_ignore`).trim();

/** Waits until an interface has exactly these addresses and this MAC address. */
async function becomes(name: string, addresses: readonly string[], hardware: string): Promise<void> {
  const wanted = `${[...addresses].sort().join(', ')} and ${hardware}`;
  await eventually(`${name} with ${wanted}`, 15_000, () => {
    const present = `${netns.addresses(name).sort().join(', ')} and ${mac(name)}`;
    if (present !== wanted) throw new Error(`it has ${present}`);
    return true;
  });
}

const own = (name: string, label = name): string => `192.0.${name.at(-1)}.10/24 ${label}`;

describe.each(['libnl', 'ioctl'])('ether with %s', (netdrv) => {
  const vip = router(7, 'eth0', '192.0.0.1');
  const held = [own('eth0'), '192.0.0.1/32 eth0:7'];
  const plain = '02:00:00:00:00:00';

  it('takes its things back from an interface that was renamed, and is not its owner when it comes back', async () => {
    const actuator = await start([vip], { netdrv });
    await actuator.flip([0]);
    await becomes('eth0', held, VIRTUAL_MAC);
    rename('eth0', 'lan0');
    await becomes('lan0', [own('eth0', 'lan0')], plain);
    await actuator.flip([0]);
    rename('lan0', 'eth0');
    const back = await actuator.until(
      (told) => told.from === 'actuator' && told.message.links.some(({ name, up }) => name === 'eth0' && up),
      actuator.told.length,
    );
    const eth0 = back.from === 'actuator' && back.message.links.find(({ name }) => name === 'eth0');
    expect(eth0).toMatchObject({ mac: plain, addresses: [{ address: '192.0.0.10' }] });
    await actuator.stop();
    await becomes('eth0', [own('eth0')], plain);
  });

  it('takes them back at once when it stops, however fresh the new name is', async () => {
    const actuator = await start([vip], { netdrv });
    await actuator.flip([0]);
    await becomes('eth0', held, VIRTUAL_MAC);
    rename('eth0', 'lan0');
    await actuator.stop();
    await becomes('lan0', [own('eth0', 'lan0')], plain);
  });

  it('follows two interfaces that swap names', async () => {
    const other = router(8, 'eth1', '192.0.1.1');
    const actuator = await start([vip, other], { netdrv });
    await actuator.flip([0, 1]);
    await becomes('eth0', held, VIRTUAL_MAC);
    await becomes('eth1', [own('eth1'), '192.0.1.1/32 eth1:8'], '00:00:5e:00:01:08');
    rename('eth0', 'tmp');
    rename('eth1', 'eth0');
    rename('tmp', 'eth1');
    // Still Masters: each has its address where its name is now, and nothing of the other's.
    await becomes('eth0', ['192.0.1.10/24 eth0', '192.0.0.1/32 eth0:7'], VIRTUAL_MAC);
    await becomes('eth1', ['192.0.0.10/24 eth1', '192.0.1.1/32 eth1:8'], '00:00:5e:00:01:08');
    await actuator.stop();
    await becomes('eth0', ['192.0.1.10/24 eth0'], '02:00:00:00:00:01');
    await becomes('eth1', ['192.0.0.10/24 eth1'], '02:00:00:00:00:00');
  });

  it('gives an interface made anew its own MAC address back, not that of the one before', async () => {
    const actuator = await start([vip], { netdrv });
    await actuator.flip([0]);
    await becomes('eth0', held, VIRTUAL_MAC);
    netns.run(`
      ip link del eth0
      ip link add eth0 address 02:00:00:00:00:0a type veth peer name peer0
      ip link set peer0 up
      ip link set eth0 up
      ip addr add 192.0.0.10/24 dev eth0`);
    await becomes('eth0', held, VIRTUAL_MAC);
    await actuator.stop();
    await becomes('eth0', [own('eth0')], '02:00:00:00:00:0a');
  });

  it('gives an interface that was in another namespace its MAC address back', async () => {
    const away = new Namespace();
    try {
      const actuator = await start([vip], { netdrv });
      await actuator.flip([0]);
      await becomes('eth0', held, VIRTUAL_MAC);
      netns.run(`ip link set eth0 netns ${away.name}`);
      await actuator.until(
        (told) => told.from === 'actuator' && !told.message.links.some(({ name }) => name === 'eth0'),
        actuator.told.length,
      );
      await actuator.flip([0]); // what the engine makes of it
      away.run(`ip link set eth0 netns ${netns.name}`);
      netns.run('ip addr add 192.0.0.10/24 dev eth0; ip link set eth0 up');
      await becomes('eth0', [own('eth0')], plain);
    } finally {
      away.takeDown();
    }
  });

  it('takes back after SIGKILL what is on an interface renamed since', async () => {
    const actuator = await start([vip], { netdrv });
    await actuator.flip([0]);
    await actuator.kill();
    rename('eth0', 'lan0');
    await start([vip], { netdrv });
    await becomes('lan0', [own('eth0', 'lan0')], plain);
  });

  it('takes back its address after SIGKILL without a journal, and says what it cannot', async () => {
    const first = await start([vip], { netdrv });
    await first.flip([0]);
    await becomes('eth0', held, VIRTUAL_MAC);
    await first.kill();
    const actuator = await start([vip], {
      netdrv,
      journal: path.join(bundle.folder, 'run', `${netns.name}-2`),
    });
    expect(netns.addresses('eth0')).toEqual([own('eth0')]);
    const told = await actuator.until((entry) => entry.from === 'actuator');
    const links = told.from === 'actuator' ? told.message.links : [];
    expect(links.find(({ name }) => name === 'eth0')?.addresses).toHaveLength(1);
    // A veth interface has no permanent address, and without IPv6 nothing tells what it had.
    expect(actuator.log().join('\n')).toMatch(/eth0 has the MAC address .* give it back by hand/);
  });

  it('finds the MAC address that an interface had in its link-local address', async () => {
    netns.run('sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0');
    await eventually('a link-local address', 10_000, () =>
      netns.run('ip -6 addr show dev eth0').includes('fe80::'),
    );
    const before = netns.addresses('eth0');
    const first = await start([vip], { netdrv });
    await first.flip([0]);
    await eventually('the virtual MAC', 10_000, () => mac('eth0') === VIRTUAL_MAC);
    await first.kill();
    rmSync(path.join(bundle.folder, 'run', `${netns.name}.journal`));
    await start([vip], { netdrv });
    await becomes('eth0', before, plain);
  });

  it('leaves an address of the same network prefix alone, and one without a mark with a warning', async () => {
    netns.run('ip addr add 192.0.0.1/32 dev eth0');
    const there = netns.addresses('eth0');
    const actuator = await start([vip], { netdrv });
    expect(actuator.log().join('\n')).toContain('does not count as the interface’s own'.replace('’', "'"));
    await actuator.stop();
    expect(netns.addresses('eth0')).toEqual(there);
  });
});

describe('macvlan', () => {
  const vip = router(7, 'eth0', '192.0.0.1', macvlan);

  it('follows a parent that was renamed, its settings too', async () => {
    const actuator = await start([vip]);
    await actuator.flip([0]);
    expect(setting('eth0')).toBe('1');
    rename('eth0', 'lan0');
    await eventually('the settings as before', 15_000, () => setting('lan0') === '0');
    await actuator.flip([0]);
    expect(netns.run('ip -br link')).not.toContain('standby7');
  });

  it('makes its interface again when that was renamed, and removes the renamed one', async () => {
    const actuator = await start([vip]);
    await actuator.flip([0]);
    // It may be gone before anybody could set it up again.
    netns.run('ip link set standby7 down; ip link set standby7 name other7');
    await eventually('standby7 with its address', 15_000, () => {
      const links = netns.run('ip -br addr');
      return !links.includes('other7') && /^standby7@\S+ .*192\.0\.0\.1\/32/m.test(links);
    });
    await actuator.stop();
    expect(netns.run('ip -br link')).not.toContain('standby7');
  });

  it('moves to the interface that has its name when two swap names', async () => {
    const actuator = await start([vip]);
    await actuator.flip([0]);
    rename('eth0', 'tmp');
    rename('eth1', 'eth0');
    rename('tmp', 'eth1');
    await eventually('standby7 on eth0 with its address', 15_000, () =>
      /^standby7@eth0 .*192\.0\.0\.1\/32/m.test(netns.run('ip -br addr')),
    );
    await eventually('the settings', 15_000, () => setting('eth0') === '1' && setting('eth1') === '0');
    await actuator.stop();
    expect(netns.run('ip -br link')).not.toContain('standby7');
    expect(setting('eth0')).toBe('0');
  });

  it('removes after SIGKILL without a journal what has its MAC address on its interface', async () => {
    const first = await start([vip]);
    await first.flip([0]);
    await first.kill();
    const journal = path.join(bundle.folder, 'run', `${netns.name}-2`);
    const actuator = await start([router(7, 'eth0', '192.0.0.2', { ...macvlan, vifname: 'vrrp7' })], {
      journal,
    });
    expect(netns.run('ip -br link')).not.toContain('standby7');
    await actuator.flip([0]);
    expect(netns.addresses('vrrp7')).toEqual(['192.0.0.2/32 vrrp7']);
  });
});
