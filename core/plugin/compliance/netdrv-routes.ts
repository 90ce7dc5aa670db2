/** Compliance tests for network drivers: routes. */
import assert from 'node:assert/strict';
import { DEV, GATEWAY, GATEWAY6, OWN6, route, type Stage } from './netdrv-stage.ts';

type Tests = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

const OTHER = '10.77.0.30';
const OTHER6 = '2001:db8:77::30';

/** The routes to a network, in words of `ip`, best first. */
function routesTo(stage: Stage, network: string): string[] {
  const text = stage.run(`ip -${network.includes(':') ? 6 : 4} -d route show exact ${network}`);
  return text
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replaceAll(/ +/g, ' ')
        .replace(/ pref medium$/, ''),
    )
    .filter((line) => line !== '');
}

/** By name. */
export const ROUTE_TESTS: Tests = {
  'adds a unicast route to the main table, as somebody would by hand': async (stage) => {
    await stage.must(route('add-route', '198.51.100.0/24'), route('add-route', '0.0.0.0/0', { metric: 5 }));
    assert.deepEqual(routesTo(stage, '198.51.100.0/24'), [
      `unicast 198.51.100.0/24 via ${GATEWAY} dev rvc0 proto boot scope global`,
    ]);
    assert.deepEqual(routesTo(stage, '0.0.0.0/0'), [
      `unicast default via ${GATEWAY} dev rvc0 proto boot scope global metric 5`,
    ]);
  },

  'takes a route back, and leaves no trace': async (stage) => {
    stage.run(`ip route add 198.51.100.0/24 via ${OTHER} metric 9`);
    const before = stage.state();
    const all = [
      ['0.0.0.0/0', {}],
      ['198.51.100.0/24', { metric: 4 }],
      ['203.0.113.7/32', { metric: 32766 }],
    ] as const;
    await stage.must(...all.map(([network, more]) => route('add-route', network, more)));
    assert.notEqual(stage.state(), before);
    await stage.must(...all.map(([network, more]) => route('remove-route', network, more)));
    assert.equal(stage.state(), before);
  },

  'tells EEXIST of a route that is there, whichever way it leads, and changes nothing': async (stage) => {
    stage.run(
      `ip route add default via ${OTHER}; ip route add 198.51.100.0/24 via ${OTHER} metric 9 proto static`,
    );
    await stage.must(route('add-route', '203.0.113.0/24'));
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        route('add-route', '0.0.0.0/0'),
        route('add-route', '0.0.0.0/0', { gateway: OTHER }),
        route('add-route', '198.51.100.0/24', { metric: 9 }),
        route('add-route', '203.0.113.0/24'),
        route('add-route', '203.0.113.0/24', { metric: 0 }),
      ),
      ['EEXIST', 'EEXIST', 'EEXIST', 'EEXIST', 'EEXIST'],
    );
    assert.equal(stage.state(), before);
  },

  'has room for another metric and another prefix length': async (stage) => {
    stage.run(`ip route add 198.51.100.0/24 via ${OTHER}`);
    await stage.must(
      route('add-route', '198.51.100.0/24', { metric: 1 }),
      route('add-route', '198.51.100.0/25'),
    );
    assert.equal(routesTo(stage, '198.51.100.0/24').length, 2);
  },

  "tells ESRCH of a route that is not there, and leaves somebody else's alone": async (stage) => {
    stage.run(
      `ip route add 198.51.100.0/24 via ${OTHER}; ip route add 203.0.113.0/24 via ${GATEWAY} metric 9 proto static`,
    );
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        route('remove-route', '0.0.0.0/0'),
        route('remove-route', '198.51.100.0/24'), // by way of another gateway
        route('remove-route', '203.0.113.0/24', { metric: 8 }),
        route('remove-route', '203.0.113.0/24'), // no metric is metric 0, not any
      ),
      ['ESRCH', 'ESRCH', 'ESRCH', 'ESRCH'],
    );
    assert.equal(stage.state(), before);
  },

  'takes a route back twice: once, then ESRCH': async (stage) => {
    const change = route('remove-route', '198.51.100.0/24', { metric: 3 });
    await stage.must(route('add-route', '198.51.100.0/24', { metric: 3 }));
    assert.deepEqual(await stage.apply(change, change), [null, 'ESRCH']);
  },

  'tells ENETUNREACH of a gateway out of reach, and EINVAL of nonsense': async (stage) => {
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        route('add-route', '198.51.100.0/24', { gateway: '203.0.113.1' }),
        route('add-route', '198.51.100.1/24'), // bits outside of the prefix
        route('add-route', 'nonsense/24'),
        route('add-route', '198.51.100.0/24', { gateway: 'nonsense' }),
      ),
      ['ENETUNREACH', 'EINVAL', 'EINVAL', 'EINVAL'],
    );
    assert.equal(stage.state(), before);
  },

  'sets the MTU of a route, if it says so': async (stage) => {
    const change = route('add-route', '198.51.100.0/24', { metric: 4, mtu: 1400 });
    if (!stage.provides('route-mtu')) return refused(stage, change);
    await stage.must(change);
    assert.deepEqual(routesTo(stage, '198.51.100.0/24'), [
      `unicast 198.51.100.0/24 via ${GATEWAY} dev rvc0 proto boot scope global metric 4 mtu 1400`,
    ]);
    await stage.must(route('remove-route', '198.51.100.0/24', { metric: 4, mtu: 1400 }));
  },

  'sets any metric, if it says so': async (stage) => {
    const change = route('add-route', '198.51.100.0/24', { metric: 4_294_967_295 });
    if (!stage.provides('route-metric')) return refused(stage, change);
    await stage.must(change);
    assert.match(routesTo(stage, '198.51.100.0/24').join(), / metric 4294967295$/);
    await stage.must(route('remove-route', '198.51.100.0/24', { metric: 4_294_967_295 }));
    assert.deepEqual(routesTo(stage, '198.51.100.0/24'), []);
  },

  'adds IPv6 routes and takes them back, if it says so': async (stage) => {
    const add = route('add-route', '2001:db8:99::/48');
    prepare6(stage);
    if (!stage.provides('ipv6')) return refused(stage, add);
    const before = stage.state();
    await stage.must(add, route('add-route', '::/0', { metric: 5 }));
    const line = (network: string, metric: number) =>
      `unicast ${network} via ${GATEWAY6} dev rvc0 proto boot scope global metric ${metric}`;
    assert.deepEqual(routesTo(stage, '2001:db8:99::/48'), [line('2001:db8:99::/48', 1024)]);
    assert.deepEqual(routesTo(stage, '::/0'), [line('default', 5)]);
    await stage.must(route('remove-route', '2001:db8:99::/48'), route('remove-route', '::/0', { metric: 5 }));
    assert.equal(stage.state(), before);
    if (!stage.provides('route-mtu')) return;
    await stage.must(route('add-route', '2001:db8:99::/48', { mtu: 1400 }));
    assert.deepEqual(routesTo(stage, '2001:db8:99::/48'), [`${line('2001:db8:99::/48', 1024)} mtu 1400`]);
    await stage.must(route('remove-route', '2001:db8:99::/48', { mtu: 1400 }));
    assert.equal(stage.state(), before);
  },

  'tells EEXIST of an IPv6 route that is there, and changes nothing': async (stage) => {
    if (!stage.provides('ipv6')) return;
    prepare6(stage);
    stage.run(`ip -6 route add default via ${OTHER6}
      ip -6 route add 2001:db8:99::/48 via ${OTHER6} metric 9 proto static`);
    await stage.must(route('add-route', '2001:db8:98::/48'));
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        route('add-route', '::/0'),
        route('add-route', '::/0', { gateway: OTHER6, metric: 1024 }),
        route('add-route', '2001:db8:99::/48', { metric: 9 }),
        route('add-route', '2001:db8:98::/48'),
      ),
      ['EEXIST', 'EEXIST', 'EEXIST', 'EEXIST'],
    );
    assert.equal(stage.state(), before);
  },

  "tells ESRCH of an IPv6 route that is not there, and leaves somebody else's alone": async (stage) => {
    if (!stage.provides('ipv6')) return;
    prepare6(stage);
    stage.run(`ip -6 route add 2001:db8:99::/48 via ${OTHER6}
      ip -6 route add 2001:db8:98::/48 via ${GATEWAY6} metric 9 proto boot
      ip -6 route add 2001:db8:97::/48 via ${GATEWAY6} proto static`);
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        route('remove-route', '::/0'),
        route('remove-route', '2001:db8:99::/48'), // by way of another gateway
        route('remove-route', '2001:db8:98::/48', { metric: 8 }),
        route('remove-route', '2001:db8:98::/48'), // no metric is the kernel's default, not any
        route('remove-route', '2001:db8:97::/48'), // not as it would have been added
      ),
      ['ESRCH', 'ESRCH', 'ESRCH', 'ESRCH', 'ESRCH'],
    );
    assert.equal(stage.state(), before);
    const again = route('remove-route', '2001:db8:98::/48');
    await stage.must(route('add-route', '2001:db8:98::/48'));
    assert.deepEqual(await stage.apply(again, again), [null, 'ESRCH']);
    assert.equal(stage.state(), before);
  },

  'refuses IPv6 routes whose gateway is out of reach, and nonsense': async (stage) => {
    if (!stage.provides('ipv6')) return;
    prepare6(stage);
    const before = stage.state();
    const answers = await stage.apply(
      route('add-route', '2001:db8:99::/48', { gateway: '2001:db8:55::1' }),
      route('add-route', '2001:db8:99::nonsense/48'),
      route('add-route', '2001:db8:99::/129'),
      route('add-route', '2001:db8:99::/48', { gateway: '10.77.0.20' }),
    );
    assert.match(answers[0] ?? '', /^E(HOST|NET)UNREACH$/);
    assert.deepEqual(answers.slice(1), ['EINVAL', 'EINVAL', 'EINVAL']);
    assert.equal(stage.state(), before);
  },
};

/** An IPv6 network for {@link GATEWAY6}, where the kernel has IPv6. */
function prepare6(stage: Stage): void {
  stage.run(`ip -6 addr add ${OWN6}/64 dev ${DEV} nodad || true`);
}

/** What a driver cannot do it must not half do. */
async function refused(stage: Stage, change: ReturnType<typeof route>): Promise<void> {
  const before = stage.state();
  assert.notDeepEqual(await stage.apply(change), [null], 'refused, as it is not provided');
  assert.equal(stage.state(), before);
}
