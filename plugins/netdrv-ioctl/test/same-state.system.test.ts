/** The same steps through `ioctl` and through `libnl` leave the same state in the kernel. Needs root. */
import type { KernelChange, KernelResource, NetworkDriver, RouterOnInterface } from 'rvrrpd/plugin';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Bundle, carrier } from '../../../test/actuator/lab.ts';
import { RemoteDrivers } from '../../../test/netdrv/remote.ts';
import { ether } from '../../iftype-ether/src/index.ts';
import protocolStatic from '../../protocol-static/src/index.ts';

const DRIVERS = ['ioctl', 'libnl'] as const;

/** A namespace, and the driver that works in it. */
interface Side {
  readonly remote: RemoteDrivers;
  readonly driver: NetworkDriver;
}

let bundle: Bundle;
let sides: Side[];

beforeAll(async () => {
  bundle = await Bundle.make();
});
afterAll(() => bundle?.takeDown());
beforeEach(async () => {
  sides = await Promise.all(
    DRIVERS.map(async (name) => {
      const remote = await RemoteDrivers.start(bundle, name);
      return { remote, driver: remote.plugin.create({ name, options: {}, log: () => {} }) };
    }),
  );
  run(`sysctl -qw net.ipv6.conf.default.disable_ipv6=1
    ip link add eth0 index 100 address 02:00:00:00:00:01 type veth peer name peer0 index 101 address 02:00:00:00:00:02
    ip link add eth1.4094.12 index 102 address 02:00:00:00:00:03 type veth peer name peer1 index 103 address 02:00:00:00:00:04
    for dev in peer0 peer1 eth0 eth1.4094.12; do ip link set $dev up; done
    ${carrier('peer0', 'peer1', 'eth0', 'eth1.4094.12')}`);
});
afterEach(async () => {
  for (const { remote } of sides ?? []) await remote.takeDown();
});

/** Runs a command in both namespaces. */
function run(command: string): void {
  for (const { remote } of sides) remote.netns.run(command);
}

/** All of a namespace that `ip` shows. */
function stateOf({ remote }: Side): unknown {
  const lists = [
    ...[
      'ip -j -d link',
      'ip -j -d addr',
      'ip -j -d route show table all',
      'ip -j -6 -d route show table all',
    ],
    ...['ip -j rule', 'ip -j neigh show proxy', 'ip -j maddr'],
  ];
  return lists.map((command) => JSON.parse(remote.netns.run(command).trim() || '[]') as unknown);
}

/** Applies changes through both drivers, one by one, and compares answers and state after each. */
async function both(...changes: readonly KernelChange[]): Promise<(string | null)[]> {
  const answers: (string | null)[] = [];
  for (const change of changes) {
    const [ours, theirs] = await Promise.all(
      sides.map(async ({ driver }) => (await driver.apply([change]))[0]?.errno ?? null),
    );
    expect(ours, JSON.stringify(change)).toBe(theirs);
    expect(stateOf(sides[0]!), JSON.stringify(change)).toEqual(stateOf(sides[1]!));
    answers.push(ours!);
  }
  const [ours, theirs] = await Promise.all(sides.map(({ driver }) => driver.links()));
  expect(ours!.toSorted((a, b) => a.index - b.index)).toEqual(theirs!.toSorted((a, b) => a.index - b.index));
  return answers;
}

function routerOn(name: string, vrid: number, siblings: number, ...addresses: string[]): RouterOnInterface {
  return {
    ...{ vrid, family: 4, addresses, vifname: `standby${vrid}`, siblings },
    virtualMac: `00:00:5e:00:01:${vrid.toString(16).padStart(2, '0')}`,
    interface: {
      ...{ index: 100, name, mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true, mtu: 1500 },
      ...{ type: 'veth', parent: 0, addresses: [] },
    },
  };
}

/** What installs a plan, and what takes it back. */
function changesOf(resources: readonly KernelResource[]): { add: KernelChange[]; remove: KernelChange[] } {
  const add: KernelChange[] = [];
  const remove: KernelChange[] = [];
  for (const resource of resources) {
    if (resource.kind === 'address') {
      const { kind: _, ...address } = resource;
      add.push({ op: 'add-address', ...address });
      remove.unshift({ op: 'remove-address', ...address });
    } else if (resource.kind === 'route') {
      const { kind: _, ...route } = resource;
      add.push({ op: 'add-route', ...route });
      remove.unshift({ op: 'remove-route', ...route });
    } else if (resource.kind === 'mac') {
      add.push({ op: 'set-mac', interface: resource.interface, mac: resource.mac });
      remove.unshift({ op: 'set-mac', interface: resource.interface, mac: '02:00:00:00:00:01' });
    } else throw new Error(`nothing of this test: ${JSON.stringify(resource)}`);
  }
  return { add, remove };
}

/** Own addresses of interfaces, as operators have them. */
const OWN = {
  'a /24 of class A': 'ip addr add 10.0.0.10/24 dev eth0; ip addr add 10.0.0.11/24 dev eth0',
  'a /24 of class C': 'ip addr add 192.0.2.10/24 brd + dev eth0',
  'a /8': 'ip addr add 10.0.0.10/8 dev eth0; ip addr add 10.1.0.10/16 dev eth0',
  'a /16 over class C': 'ip addr add 192.168.1.10/16 brd + dev eth0; ip route add 10.0.0.0/8 via 192.168.9.9',
  nothing: 'true',
};

for (const [what, command] of Object.entries(OWN)) {
  it(`virtual addresses beside ${what}`, async () => {
    run(command);
    const before = stateOf(sides[0]!);
    const alone = changesOf(ether.plan(routerOn('eth0', 7, 1, '10.0.0.1', '192.0.2.1')).resources);
    expect(await both(...alone.add)).toEqual([null, null, null]);
    expect(await both(...alone.add)).toEqual([null, 'EEXIST', 'EEXIST']);
    expect(await both(...alone.remove)).toEqual([null, null, null]);
    expect(await both(...alone.remove)).toEqual(['EADDRNOTAVAIL', 'EADDRNOTAVAIL', null]);
    expect(stateOf(sides[0]!)).toEqual(before);

    const several = [1, 2, 255].map((vrid) =>
      changesOf(ether.plan(routerOn('eth0', vrid, 3, `10.0.0.${vrid}`, `192.168.1.${vrid}`)).resources),
    );
    for (const { add } of several) await both(...add);
    for (const { remove } of [several[1]!, several[0]!, several[2]!]) await both(...remove);
    expect(stateOf(sides[0]!)).toEqual(before);
  });
}

it('virtual addresses with the prefix of the interface, on it and beside it', async () => {
  run('ip addr add 10.0.0.10/24 dev eth0; sysctl -qw net.ipv4.conf.eth0.promote_secondaries=1');
  const before = stateOf(sides[0]!);
  const address = { interface: 'eth0', family: 4 } as const;
  const changes: KernelResource[] = [
    { kind: 'address', ...address, address: '10.0.0.1', prefixLength: 24, label: 'eth0:7' },
    { kind: 'address', ...address, address: '10.0.1.1', prefixLength: 24, label: 'eth0:8' },
    { kind: 'address', ...address, address: '10.0.1.2', prefixLength: 24, label: 'eth0:9' },
    { kind: 'address', ...address, address: '172.16.0.1', prefixLength: 31, label: 'eth0:a' },
    { kind: 'address', ...address, address: '192.0.2.1', prefixLength: 24, label: 'eth0:b' },
    { kind: 'address', ...address, address: '198.51.100.1', prefixLength: 16, label: 'eth0:c' },
  ];
  const { add, remove } = changesOf(changes);
  await both(...add);
  // A primary address first, then its secondary, which is promoted.
  await both(...remove.toReversed());
  expect(stateOf(sides[0]!)).toEqual(before);
});

it('labels on an interface whose name leaves little room', async () => {
  run('ip addr add 10.0.0.10/24 dev eth1.4094.12');
  const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
  const { add, remove } = changesOf(ether.plan(routerOn('eth1.4094.12', 255, 2, ...addresses)).resources);
  expect(await both(...add)).toEqual(addresses.map(() => null));
  expect(await both(...remove)).toEqual(addresses.map(() => null));
});

it('a MAC address, up and down', async () => {
  run('ip addr add 10.0.0.10/24 dev eth0; ip route add 192.0.2.0/24 via 10.0.0.20');
  const up = (value: boolean): KernelChange => ({ op: 'set-up', interface: 'eth0', up: value });
  const mac = (value: string): KernelChange => ({ op: 'set-mac', interface: 'eth0', mac: value });
  const answers = await both(
    ...[mac('00:00:5e:00:01:07'), mac('00:00:5e:00:01:07'), mac('01:00:5e:00:00:12'), up(false), up(false)],
    ...[mac('02:00:00:00:00:01'), up(true), mac('nonsense')],
  );
  expect(answers).toEqual([null, null, 'EADDRNOTAVAIL', null, null, null, null, 'EINVAL']);
});

it('static routes, there before or not', async () => {
  run(`ip addr add 10.0.0.10/24 dev eth0; ip route add 198.51.100.0/24 via 10.0.0.30 metric 5
    ip route add 203.0.113.0/24 dev eth0`);
  const protocol = protocolStatic.create({ name: 'static', options: {}, log: () => {} });
  const entry = (route: string, mask: string, more: object = {}) => ({
    route,
    mask,
    nh: '10.0.0.20',
    ...more,
  });
  const { add, remove } = changesOf(
    protocol.plan([
      entry('0.0.0.0', '0.0.0.0'),
      entry('0.0.0.0', '0.0.0.0', { metric: 32766 }),
      entry('192.0.2.0', '255.255.255.0', { metric: 100 }),
      entry('192.0.2.1', '255.255.255.255'),
      entry('198.51.100.0', '255.255.255.0', { metric: 5 }),
      entry('198.51.100.0', '255.255.255.0', { metric: 4 }),
      entry('203.0.113.0', '255.255.255.0'),
      entry('10.9.0.0', '255.255.0.0', { nh: '172.31.0.1' }),
    ]),
  );
  const added = [null, null, null, null, 'EEXIST', null, 'EEXIST', 'ENETUNREACH'];
  expect(await both(...add)).toEqual(added);
  const ours = remove.filter((_, n) => added.toReversed()[n] === null);
  expect(await both(...ours)).toEqual(ours.map(() => null));
});

it('adds four thousand addresses on sixteen interfaces as libnl does, in a second', async () => {
  run(`for i in $(seq 0 15); do
      mac=02:00:00:00:01:$(printf %02x $i)
      ip link add v$i index $((200 + i)) address $mac type veth peer name w$i index $((300 + i)) address $mac
      ip link set v$i up; ip addr add 10.$i.0.1/16 dev v$i
    done`);
  const changes = Array.from({ length: 4000 }, (_, n): KernelChange => {
    const [on, vrid] = [n % 16, 1 + (n >> 4)];
    return {
      ...{
        op: 'add-address',
        interface: `v${on}`,
        family: 4,
        address: `10.${on}.1.${vrid}`,
        prefixLength: 32,
      },
      label: `v${on}:${vrid}`,
    };
  });
  const took: Record<string, number[]> = {};
  for (const [at, { driver }] of sides.entries()) {
    const times: number[] = [];
    for (const op of ['add-address', 'remove-address', 'add-address'] as const) {
      const start = performance.now();
      const answers = await driver.apply(changes.map((change) => ({ ...change, op }) as KernelChange));
      times.push(performance.now() - start);
      expect(answers.filter((answer) => answer !== null)).toEqual([]);
    }
    const start = performance.now();
    expect((await driver.links()).flatMap(({ addresses }) => addresses).length).toBeGreaterThan(4016);
    times.push(performance.now() - start);
    took[DRIVERS[at]!] = times.map(Math.round);
  }
  console.log(`4,000 addresses: add, remove, add, list, in ms: ${JSON.stringify(took)}`);
  expect(stateOf(sides[0]!)).toEqual(stateOf(sides[1]!));
  for (const time of took.ioctl!) expect(time).toBeLessThan(10_000);
});
