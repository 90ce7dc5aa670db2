/** IPv6 virtual routers, and both versions of one, in a kernel: what is there, and that nothing stays. Needs root. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bundle, carrier, Namespace, RunningActuator, router } from './lab.ts';

const LINK_LOCAL = 'fe80::5e00:207';
const GLOBAL = '2001:db8::1';
const OWN = '2001:db8::10';

let bundle: Bundle;
let netns: Namespace;
let running: RunningActuator[];

beforeAll(async () => {
  bundle = await Bundle.make();
});
afterAll(() => bundle?.takeDown());
beforeEach(() => {
  running = [];
  netns = new Namespace();
  // Its own link-local address need not be looked for elsewhere first: that takes a second or two.
  netns.run(`sysctl -qw net.ipv6.conf.default.dad_transmits=0
    ip link add eth0 type veth peer name peer; ip link set peer addrgenmode none up
    ip link set eth0 up; ip addr add 192.0.2.10/24 dev eth0; ip -6 addr add ${OWN}/64 dev eth0 nodad
    ${carrier('eth0', 'peer')}
    for i in $(seq 100); do ip -6 addr show dev eth0 scope link | grep -q inet6 && break; sleep 0.05; done
    for i in $(seq 100); do ip -6 addr show dev eth0 | grep -q tentative || break; sleep 0.05; done`);
});
afterEach(async () => {
  for (const actuator of running) await actuator.kill();
  netns.takeDown();
});

/** Everything that must be as before, multicast groups included. */
function state(): string {
  return netns.state() + netns.run('ip maddr show');
}

function start(routers: ReturnType<typeof router>[], masters: number[] = []): RunningActuator {
  const actuator = new RunningActuator(bundle, netns, routers, { masters });
  running.push(actuator);
  return actuator;
}

const CASES = (['macvlan', 'ether'] as const).flatMap((iftype) =>
  ([undefined, 64] as const).flatMap((length) =>
    ([4, 6] as const).map((family) => ({ iftype, family, length })),
  ),
);

describe.each(CASES)('$iftype, IPv$family, prefix length $length', ({ iftype, family, length }) => {
  const addresses = family === 6 ? [LINK_LOCAL, GLOBAL] : ['192.0.2.1'];
  const given = family === 6 ? length : length && 24;
  const prefixLengths = addresses.map((address) => (address === LINK_LOCAL ? undefined : given));
  const routers = () => [
    router(7, 'eth0', addresses[0]!, { version: 3, family, addresses, prefixLengths, iftype }),
  ];
  const home = iftype === 'macvlan' ? 'standby7' : 'eth0';

  it('the end leaves nothing behind', async () => {
    const before = state();
    const actuator = start(routers());
    await actuator.ready();
    await actuator.flip([0]);
    const host = family === 6 ? 128 : 32;
    const there = netns.addresses(home).map((text) => text.split(' ')[0]);
    expect(there).toContain(`${addresses.at(-1)}/${given ?? host}`);
    if (family === 6) expect(there).toContain(`${LINK_LOCAL}/${iftype === 'macvlan' ? 64 : 128}`);
    const [target, own] = family === 6 ? ['2001:db8::99', OWN] : ['192.0.2.99', '192.0.2.10'];
    expect(netns.run(`ip route get ${target}`)).toContain(`src ${own} `);
    await actuator.stop();
    expect(state()).toBe(before);
  });

  it.each(['with', 'without'])('after a kill the next start takes it back, %s a journal', async (how) => {
    const before = state();
    const first = start(routers());
    await first.ready();
    await first.flip([0]);
    await first.kill();
    expect(state()).not.toBe(before);
    if (how === 'without') rmSync(path.join(bundle.folder, 'run', `${netns.name}.journal`));
    const second = start(routers());
    await second.ready();
    // What tells of its own settings on the parent is the journal alone.
    const settings = (text: string) =>
      text.replace(
        /^net\..*\.(arp_ignore|arp_announce|addr_gen_mode|promote_secondaries) = .*$|"inet6_addr_gen_mode":"\w+"/gm,
        '',
      );
    const plain = how === 'with' ? (text: string) => text : settings;
    expect(plain(state())).toBe(plain(before));
    await second.until(() => second.links().some(({ name }) => name === 'eth0'));
    const own = second.links().find(({ name }) => name === 'eth0')!.addresses;
    for (const address of addresses) expect(own.map((each) => each.address)).not.toContain(address);
    await second.stop();
  });
});

it.each(['macvlan', 'ether'])(
  'both versions of a virtual router share what they have: %s',
  async (iftype) => {
    const before = state();
    const both = ([2, 3] as const).map((version) =>
      router(7, 'eth0', '192.0.2.1', {
        version,
        iftype,
        addresses: version === 2 ? ['192.0.2.1', '192.0.2.2'] : ['192.0.2.2'],
      }),
    );
    const actuator = start(both);
    await actuator.ready();
    await actuator.flip([0, 1]);
    const home = iftype === 'macvlan' ? 'standby7' : 'eth0';
    const all = netns.addresses(home);
    const index = netns.run(`cat /sys/class/net/${home}/ifindex`);
    await actuator.flip([0]);
    expect(netns.run(`cat /sys/class/net/${home}/ifindex`)).toBe(index);
    expect(netns.run(`cat /sys/class/net/${home}/address`)).toContain('00:00:5e:00:01:07');
    expect(netns.addresses(home)).toEqual(all.filter((text) => !text.startsWith('192.0.2.1/')));
    await actuator.flip([0]);
    expect(netns.addresses(home).sort()).toEqual([...all].sort());
    await actuator.flip([1]);
    expect(netns.addresses(home).sort()).toEqual([...all].sort());
    expect(actuator.log().filter((line) => line.includes('contradicts'))).toEqual([]);
    await actuator.stop();
    expect(state()).toBe(before);
  },
);

it('an interface that takes the virtual MAC address makes no link-local address of it', async () => {
  const before = netns.run('ip -6 -br addr show dev eth0');
  const actuator = start([
    router(7, 'eth0', LINK_LOCAL, { version: 3, family: 6, addresses: [LINK_LOCAL, GLOBAL] }),
  ]);
  await actuator.ready();
  await actuator.flip([0]);
  expect(netns.run('cat /sys/class/net/eth0/address')).toContain('00:00:5e:00:02:07');
  netns.run(`ip link set eth0 down; ip link set eth0 up; ip -6 addr replace ${OWN}/64 dev eth0 nodad`);
  expect(netns.run('ip -6 addr show dev eth0')).not.toContain('fe80::200:5eff:fe00:207');
  await actuator.stop();
  netns.run('for i in $(seq 100); do ip -6 addr show dev eth0 | grep -q tentative || break; sleep 0.1; done');
  const words = (text: string) => text.split(/\s+/).sort().join(' ');
  expect(words(netns.run('ip -6 -br addr show dev eth0'))).toBe(words(before));
});
