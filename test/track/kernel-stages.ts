/** Trackers of what is in the kernel: links, routes, addresses. */
import assert from 'node:assert/strict';
import { trackCompliance } from '../../core/plugin/compliance/track.ts';
import { find, loadTracker, make, manifestOf, plugged, sh, type Tests, until } from './stage.ts';

/** `link`: a dummy interface that comes and goes, and a cable. */
export async function linkStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('link');
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('link'),
    settings: { interface: 'dum0' },
    up: () => void sh(`if ! ip link show dum0 >/dev/null 2>&1; then ${plugged('dum0')} fi`),
    down: () => void sh('ip link del dum0'),
    right: [{ interface: 'eth0.7', require: 'exists' }],
    wrong: [
      { settings: {}, contains: '' },
      { settings: { interface: 'a/b' }, contains: '' },
    ],
  });
  test('carrier, administrative state, existence, each in its words', async () => {
    sh('ip link add c0 type veth peer name c1; ip link set c0 up');
    const words = async (require: string) => {
      const { up, words } = await find(plugin, { interface: 'c0', require });
      return `${up} ${words}`;
    };
    assert.equal(await words('carrier'), 'false c0 has no carrier');
    assert.equal(await words('up'), 'true c0 is up');
    sh('ip link set c1 up');
    await until('the carrier', async () => (await words('carrier')) === 'true c0 is up and has a carrier');
    sh('ip link set c0 down');
    assert.equal(await words('up'), 'false c0 is administratively down');
    assert.equal(await words('exists'), 'true c0 is there');
    sh('ip link del c0');
    assert.equal(await words('exists'), 'false there is no interface c0');
  });
  test('an interface that is made anew or renamed, and an alternative name', async () => {
    sh(plugged('n0'));
    const tracker = make(plugin, { interface: 'n0' });
    let told = 0;
    await tracker.start?.(() => told++);
    const up = async () => (await tracker.check(new AbortController().signal)).up;
    await until('up', up);
    for (const [command, expected] of [
      ['ip link del n0', false],
      [plugged('n0'), true],
      ['ip link set n0 name n9', false],
      ['ip link set n9 name n0', true],
    ] as const) {
      const before = told;
      sh(command);
      await until(`to be told of ${command}`, () => told > before);
      await until(command, async () => (await up()) === expected);
    }
    await tracker.stop?.();
    sh('ip link property add dev n0 altname a-name-of-more-than-fifteen-characters');
    assert.equal((await find(plugin, { interface: 'a-name-of-more-than-fifteen-characters' })).up, true);
    sh('ip link del n0');
  });
  test('a thousand changes are told, and none is lost for good', async () => {
    sh('ip link add f0 type veth peer name f0-o; ip link set f0-o up');
    const tracker = make(plugin, { interface: 'f0' });
    let told = 0;
    await tracker.start?.(() => told++);
    sh('for i in $(seq 500); do echo "link set f0 up"; echo "link set f0 down"; done | ip -batch -');
    await until('the news', () => told > 0);
    sh('ip link set f0 up');
    const before = told;
    await until('up', async () => (await tracker.check(new AbortController().signal)).up);
    sh('ip link set f0 down');
    await until('news after a flood', () => told > before);
    await tracker.stop?.();
    sh('ip link del f0');
  });
}

/** `route`: IPv4 and IPv6, by gateway, device and table. */
export async function routeStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('route');
  sh(`${plugged('r0')} ip addr add 10.9.0.1/24 dev r0; ip addr add fd00:9::1/64 dev r0 nodad
    ${plugged('r1')} ip addr add 10.8.0.1/24 dev r1`);
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('route'),
    settings: {},
    up: () => void sh('ip route replace default via 10.9.0.2'),
    down: () => void sh('ip route del default'),
    right: [
      { destination: '::/0', gateway: 'fe80::1', device: 'eth0' },
      { destination: '192.0.2.0/24', table: 100 },
      { destination: '0.0.0.0/0', gateway: 'fe80::1', table: 'local' },
      { destination: '192.0.2.1' },
    ],
    wrong: [
      { settings: { destination: '192.0.2.1/24' }, contains: '192.0.2.1/24' },
      { settings: { destination: 'nowhere' }, contains: 'nowhere' },
      { settings: { destination: '192.0.2.0/33' }, contains: '192.0.2.0/33' },
      { settings: { destination: '2001:db8::/32', family: 4 }, contains: 'family = 4' },
      { settings: { destination: '::/0', gateway: '10.0.0.1' }, contains: '10.0.0.1' },
      { settings: { gateway: '10.0.0' }, contains: '10.0.0' },
      { settings: { table: 'mine' }, contains: '' },
    ],
  });
  const looks = async (settings: Readonly<Record<string, unknown>>) => {
    const { up, words } = await find(plugin, settings);
    return `${up} ${words}`;
  };
  test('by gateway, device and table, in words', async () => {
    sh('ip route replace default via 10.9.0.2; ip route add 192.0.2.0/24 via 10.8.0.2 table 100');
    assert.equal(
      await looks({ gateway: '10.9.0.2', device: 'r0' }),
      'true the default route via 10.9.0.2 through r0 is there',
    );
    assert.match(await looks({ gateway: '10.9.0.3' }), /^false .*is not there, there is another$/);
    assert.match(await looks({ device: 'r1' }), /^false .*is not there, there is another$/);
    assert.equal(await looks({ device: 'r7' }), 'false there is no interface r7');
    assert.equal(await looks({ destination: '192.0.2.0/24' }), 'false a route to 192.0.2.0/24 is not there');
    assert.equal(
      await looks({ destination: '192.0.2.0/24', table: 100 }),
      'true a route to 192.0.2.0/24 in table 100 is there',
    );
    assert.match(await looks({ destination: '192.0.2.0/25', table: 100 }), /^false /);
    assert.match(await looks({ destination: '10.9.0.1', table: 'local' }), /^true /);
    sh('ip route add unreachable 198.51.100.0/24');
    assert.match(await looks({ destination: '198.51.100.0/24' }), /^false .*leads nowhere/);
    sh('ip route del unreachable 198.51.100.0/24; ip route flush table 100');
  });
  test('several next hops, and IPv6', async () => {
    sh(`ip route add 203.0.113.0/24 nexthop via 10.9.0.2 nexthop via 10.8.0.2
      ip -6 route add default via fd00:9::2; ip -6 route add 2001:db8::/32 via fd00:9::3`);
    for (const gateway of ['10.9.0.2', '10.8.0.2'])
      assert.match(await looks({ destination: '203.0.113.0/24', gateway }), /^true /);
    assert.match(await looks({ destination: '203.0.113.0/24', device: 'r1' }), /^true /);
    assert.match(await looks({ family: 6 }), /^true the IPv6 default route is there/);
    assert.match(await looks({ gateway: 'fd00:9:0::2' }), /^true /);
    assert.match(await looks({ destination: '2001:db8::/32', gateway: 'fd00:9::2' }), /^false /);
    sh('ip route del 203.0.113.0/24; ip -6 route del default; ip -6 route del 2001:db8::/32');
  });
  test('a route that goes with its interface or its address, which the kernel tells nobody', async () => {
    for (const [off, on] of [
      ['ip link set r1 down', 'ip link set r1 up'],
      ['ip addr del 10.8.0.1/24 dev r1', 'ip addr add 10.8.0.1/24 dev r1'],
    ] as const) {
      sh('ip route replace 203.0.113.0/24 via 10.8.0.2');
      const tracker = make(plugin, { destination: '203.0.113.0/24' });
      let told = 0;
      await tracker.start?.(() => told++);
      const up = async () => (await tracker.check(new AbortController().signal)).up;
      assert.equal(await up(), true);
      const before = told;
      sh(off);
      await until('the news', () => told > before);
      await until('down', async () => !(await up()));
      sh(on);
      sh('ip route replace 203.0.113.0/24 via 10.8.0.2');
      await until('up again', up);
      await tracker.stop?.();
    }
  });
  test('one of many thousand routes', async () => {
    sh(
      'for i in $(seq 0 99); do for j in $(seq 0 99); do echo "route add 172.16.$i.$j/32 via 10.9.0.2"; done; done | ip -batch -',
    );
    const tracker = make(plugin, { destination: '172.16.99.99' }, 5000);
    await tracker.start?.(() => {});
    const { signal } = new AbortController();
    assert.equal((await tracker.check(signal)).up, true);
    const begin = performance.now();
    for (let count = 0; count < 1000; count++) await tracker.check(signal);
    // It is not read anew for each check: this would take seconds on any machine.
    assert.ok(performance.now() - begin < 2000, 'a thousand checks');
    sh('ip route del 172.16.99.99/32');
    await until('down', async () => !(await tracker.check(signal)).up);
    await tracker.stop?.();
  });
}

/** `address`: IPv4 and IPv6, on any or one interface. */
export async function addressStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('address');
  sh(`${plugged('a0')} ${plugged('a1')}`);
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('address'),
    settings: { address: '10.9.1.1' },
    up: () => void sh('ip addr replace 10.9.1.1/24 dev a0'),
    down: () => void sh('ip addr del 10.9.1.1/24 dev a0'),
    right: [{ address: '2001:db8::1/64', interface: 'eth0' }],
    wrong: [
      { settings: { address: '10.9.1.256' }, contains: '10.9.1.256' },
      { settings: { address: 'fe80::1%eth0' }, contains: 'fe80::1%eth0' },
      { settings: { address: '10.0.0.1/33' }, contains: '10.0.0.1/33' },
    ],
  });
  const looks = async (settings: Readonly<Record<string, unknown>>) => {
    const { up, words } = await find(plugin, settings);
    return `${up} ${words}`;
  };
  test('interface and prefix length, in words', async () => {
    sh('ip addr replace 10.9.1.1/24 dev a0');
    assert.equal(await looks({ address: '10.9.1.1', interface: 'a0' }), 'true a0 has 10.9.1.1');
    assert.equal(
      await looks({ address: '10.9.1.1', interface: 'a1' }),
      'false a1 does not have 10.9.1.1, another interface has it',
    );
    assert.equal(await looks({ address: '10.9.1.1/25' }), 'false this host has it with /24, not 10.9.1.1/25');
    assert.equal(await looks({ address: '10.9.1.1/24' }), 'true this host has 10.9.1.1/24');
    assert.equal(await looks({ address: '10.9.1.1', interface: 'a7' }), 'false there is no interface a7');
    assert.equal(await looks({ address: '10.9.1.9' }), 'false this host does not have 10.9.1.9');
  });
  test('IPv6: one that is tentative does not count', async () => {
    sh('ip addr add fd00:91::1/64 dev a0 nodad');
    assert.match(await looks({ address: 'fd00:91:0:0::1' }), /^true /);
    sh(
      'sysctl -qw net.ipv6.conf.a1.dad_transmits=1 net.ipv6.conf.a1.accept_dad=1 net.ipv6.neigh.a1.retrans_time_ms=1500',
    );
    sh('ip addr add fd00:91::2/64 dev a1');
    assert.match(await looks({ address: 'fd00:91::2' }), /^false fd00:91::2 is tentative on this host/);
    await until('duplicate address detection', async () =>
      (await looks({ address: 'fd00:91::2' })).startsWith('true'),
    );
  });
}
