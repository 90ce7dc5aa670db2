/** The compliance kit for network drivers: a broken driver fails it. Needs root. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NetdrvComplianceOptions, netdrvCompliance } from '../../core/plugin/compliance/netdrv.ts';
import type {
  DriverCapability,
  KernelChange,
  KernelRefusal,
  NetdrvPlugin,
  NetworkDriver,
} from '../../core/plugin/contracts/index.ts';
import { Bundle } from '../actuator/lab.ts';
import { RemoteDrivers } from './remote.ts';

let bundle: Bundle;
let remote: RemoteDrivers;

beforeAll(async () => {
  bundle = await Bundle.make();
  remote = await RemoteDrivers.start(bundle, 'libnl');
});
afterAll(async () => {
  await remote?.takeDown();
  bundle?.takeDown();
});

const EVERYTHING: DriverCapability[] = [
  ...(['macvlan', 'ipv6', 'unlabelled-address', 'route-mtu', 'route-metric', 'address-guard'] as const),
  ...(['table-route', 'rule', 'address-scope', 'address-lifetime'] as const),
];

type Break = (right: NetworkDriver) => Partial<NetworkDriver>;

/** A right plugin whose drivers are broken. */
function broken(change: Break): NetdrvPlugin {
  return {
    kind: 'netdrv',
    create(context) {
      const right = remote.plugin.create(context);
      const methods: NetworkDriver = {
        links: () => right.links(),
        apply: (changes) => right.apply(changes),
        watch: (listener) => right.watch(listener),
        lacks: async (capability) => right.lacks?.(capability),
        close: () => right.close(),
      };
      return { ...methods, ...change(right) };
    },
  };
}

/** Runs the kit. @returns the tests that fail, without their common beginning */
async function failures(
  plugin: NetdrvPlugin,
  only: RegExp,
  more: Partial<NetdrvComplianceOptions> = {},
): Promise<string[]> {
  const tests: [name: string, body: () => void | Promise<void>][] = [];
  netdrvCompliance({
    test: (name, body) => tests.push([name.replace('netdrv compliance, x: ', ''), body]),
    plugin,
    name: 'x',
    provides: EVERYTHING,
    run: (command) => remote.netns.run(command),
    newsWithinMs: 500,
    ...more,
  });
  const failed: string[] = [];
  const chosen = tests.filter(([name]) => only.test(name));
  expect(chosen.length).toBeGreaterThan(0);
  for (const [name, body] of chosen) {
    try {
      await body();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

/** A driver that does something else for some changes. */
const changing =
  (other: (change: KernelChange) => KernelChange): Break =>
  (right) => ({ apply: (changes) => right.apply(changes.map(other)) });

/** A driver that gives another answer to some changes, and may do something behind it. */
const answering =
  (other: (answer: KernelRefusal | null, change: KernelChange) => KernelRefusal | null): Break =>
  (right) => ({
    apply: async (changes) => (await right.apply(changes)).map((answer, at) => other(answer, changes[at]!)),
  });

const isGuard = (change: KernelChange) => change.op === 'add-guard' || change.op === 'remove-guard';
const isAddress = (change: KernelChange) => change.op === 'add-address' || change.op === 'remove-address';

test('a right driver passes', async () => {
  expect(
    await failures(
      broken(() => ({})),
      /./,
      { newsWithinMs: 5000 },
    ),
  ).toEqual([]);
}, 300_000);

test('the tests have names of their own', () => {
  const names: string[] = [];
  const { plugin, provides, run } = { plugin: remote.plugin, provides: EVERYTHING, run: () => '' };
  netdrvCompliance({ test: (name) => names.push(name), plugin, name: 'x', provides, run });
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(30);
});

describe('a broken driver fails', () => {
  test('of another kind', async () => {
    const plugin = { kind: 'iftype', create: remote.plugin.create } as unknown as NetdrvPlugin;
    expect(await failures(plugin, /kind/)).toEqual(['its default export is of kind netdrv']);
  });

  const cases: readonly (readonly [what: string, change: Break, fails: RegExp])[] = [
    [
      'makes routes of another type',
      changing((change) =>
        change.op === 'add-table-route' && change.route.type === 'throw'
          ? { ...change, route: { ...change.route, type: 'prohibit' } }
          : change,
      ),
      /^adds routes of any type/,
    ],
    [
      'makes rules of another priority',
      changing((change) =>
        change.op === 'add-rule' || change.op === 'remove-rule'
          ? { ...change, rule: { ...change.rule, priority: change.rule.priority + 1 } }
          : change,
      ),
      /^adds rules/,
    ],
    [
      'swallows refusals',
      answering(() => null),
      /^tells (EEXIST|EADDRNOTAVAIL|ESRCH|ENODEV|EINVAL|ENETUNREACH)/,
    ],
    [
      'rejects for a refusal',
      (right) => ({
        apply: async (changes) => {
          const answers = await right.apply(changes);
          const refusal = answers.find((answer) => answer !== null);
          if (refusal) throw new Error(refusal.message);
          return answers;
        },
      }),
      /^tells (EEXIST|EADDRNOTAVAIL|ESRCH|ENODEV|EINVAL|ENETUNREACH)/,
    ],
    [
      'stops at the first refusal',
      (right) => ({
        apply: async (changes) => {
          const answers: (KernelRefusal | null)[] = [];
          for (const change of changes) {
            const stopped = answers.find((answer) => answer !== null);
            answers.push(stopped ?? (await right.apply([change]))[0] ?? null);
          }
          return answers;
        },
      }),
      /^works through a batch/,
    ],
    [
      'works backwards',
      (right) => ({ apply: async (changes) => (await right.apply(changes.toReversed())).reverse() }),
      /^works through a batch|^makes and removes macvlan/,
    ],
    ['answers with numbers', answering((a) => a && { ...a, errno: '17' }), /^tells EEXIST of an address/],
    ['gives no reason', answering((a) => a && { ...a, message: '' }), /^tells EEXIST of an address/],
    [
      'forgets labels',
      changing((change) => (isAddress(change) ? { ...change, label: undefined } : change) as KernelChange),
      /^adds an address with prefix length and label/,
    ],
    [
      'adds addresses with the prefix of their class',
      changing((change) => (isAddress(change) ? { ...change, prefixLength: 8 } : change) as KernelChange),
      /^adds an address with prefix|^adds nothing else|^leaves the interface's own/,
    ],
    [
      'gives addresses a broadcast address',
      answering((answer, change) => {
        if (answer === null && change.op === 'add-address' && 'label' in change && change.family === 4) {
          const { interface: name, label } = change;
          const address = `${change.address}/${change.prefixLength}`;
          remote.netns.run(`ip addr del ${address} dev ${name}
            ip addr add ${address} brd 10.255.255.255 dev ${name} label ${label}`);
        }
        return answer;
      }),
      /^adds an address with prefix|^adds nothing else/,
    ],
    [
      "takes the interface's own address along",
      answering((answer, change) => {
        if (change.op === 'remove-address') remote.netns.run('ip addr flush dev rvc0 scope global || true');
        return answer;
      }),
      /^leaves the interface's own|^takes an address back, and|^takes back the one/,
    ],
    [
      'leaves addresses behind',
      changing((change) =>
        change.op === 'remove-address' && 'address' in change ? { ...change, op: 'add-address' } : change,
      ),
      /^takes an address back|^takes back the one/,
    ],
    [
      'takes over routes that are there',
      answering((answer, change) => {
        if (answer?.errno !== 'EEXIST' || !('destination' in change)) return answer;
        const { destination, prefixLength, gateway, metric = 0 } = change;
        remote.netns.run(`ip route replace ${destination}/${prefixLength} via ${gateway} metric ${metric}`);
        return null;
      }),
      /^tells EEXIST of a route/,
    ],
    [
      'puts its routes in front of others',
      answering((answer, change) => {
        if (answer?.errno !== 'EEXIST' || !('destination' in change)) return answer;
        const { destination, prefixLength, gateway, metric = 0 } = change;
        const route = `${destination}/${prefixLength} via ${gateway} metric ${metric}`;
        remote.netns.run(`ip route prepend ${route} 2>/dev/null || true`);
        return answer;
      }),
      /^tells EEXIST of a route/,
    ],
    [
      "removes somebody else's routes",
      answering((answer, change) => {
        if (answer?.errno !== 'ESRCH' || !('destination' in change)) return answer;
        remote.netns.run(`ip route del ${change.destination}/${change.prefixLength} 2>/dev/null || true`);
        return answer;
      }),
      /^tells ESRCH of a route/,
    ],
    [
      'ignores the MTU of routes',
      changing((change) => ('mtu' in change ? { ...change, mtu: undefined } : change) as KernelChange),
      /^sets the MTU of a route/,
    ],
    [
      'sets links up with all flags reset',
      answering((answer, change) => {
        if (change.op === 'set-up') remote.netns.run(`ip link set ${change.interface} promisc off || true`);
        return answer;
      }),
      /^sets links up and down/,
    ],
    [
      'lists only links that are up',
      (right) => ({ links: async () => (await right.links()).filter(({ up }) => up) }),
      /^lists links that are down/,
    ],
    [
      'does not list labels',
      (right) => ({
        links: async () =>
          (await right.links()).map((link) => ({
            ...link,
            addresses: link.addresses.map((address) => ({ ...address, label: '' })),
          })),
      }),
      /^lists/,
    ],
    [
      'cannot make links as it says',
      answering((a, change) => a ?? ('parent' in change ? no : null)),
      /^makes and/,
    ],
    [
      'guards nothing',
      (right) => ({
        apply: (changes) =>
          Promise.all(changes.map(async (each) => (isGuard(each) ? null : (await right.apply([each]))[0]!))),
      }),
      /^guards/,
    ],
    [
      'guards another address',
      changing((change) =>
        isGuard(change) && change.family === 4 ? { ...change, address: '10.77.0.2' } : change,
      ),
      /^guards 10/,
    ],
    [
      'has duplicate addresses detected',
      answering((answer, change) => {
        if (answer !== null || change.op !== 'add-address' || change.family !== 6) return answer;
        const prefix = `${change.address}/${change.prefixLength}`;
        remote.netns.run(`ip -6 addr del ${prefix} dev ${change.interface}
          ip -6 addr add ${prefix} dev ${change.interface} preferred_lft 0`);
        return answer;
      }),
      /^adds IPv6 addresses that/,
    ],
    [
      'prefers its IPv6 addresses',
      answering((answer, change) => {
        if (answer !== null || change.op !== 'add-address' || change.family !== 6) return answer;
        remote.netns.run(
          `ip -6 addr change ${change.address}/${change.prefixLength} dev ${change.interface} nodad preferred_lft forever`,
        );
        return answer;
      }),
      /^adds IPv6 addresses that/,
    ],
    [
      'does not list what is tentative',
      (right) => ({
        links: async () =>
          (await right.links()).map((link) => ({
            ...link,
            addresses: link.addresses.map(({ tentative: _, ...address }) => address),
          })),
      }),
      /^lists how/,
    ],
    ['tells no news', () => ({ watch: () => {} }), /^tells of/],
    [
      'tells only of what is new',
      (right) => ({
        watch: (listener) =>
          right.watch((news) => {
            const fresh = news.filter((piece) => !('gone' in piece && piece.gone));
            if (fresh.length > 0) listener(fresh);
          }),
      }),
      /^tells of addresses|^tells of links/,
    ],
    ['goes on after its end', (right) => endless(right), /^tells nobody after the end/],
    ['never ends', () => ({ close: () => {} }), /^tells nobody after the end/],
  ];

  test.each(cases)(
    '%s',
    async (_, change, fails) => {
      // That a right one passes these is what the first test says.
      const failed = await failures(broken(change), fails);
      expect(failed.length).toBeGreaterThan(0);
    },
    180_000,
  );

  test.each([
    ['ipv6', /^knows IPv6/],
    ['address-guard', /^guards 10/],
    ['macvlan', /^makes and removes macvlan/],
    ['route-mtu', /^sets the MTU/],
    ['route-metric', /^sets any metric/],
    ['table-route', /^adds routes of any type/],
    ['rule', /^adds rules/],
  ] as const)('does not say that it provides %s', async (capability, fails) => {
    const provides = EVERYTHING.filter((each) => each !== capability);
    expect(
      await failures(
        broken(() => ({})),
        fails,
        { provides },
      ),
    ).toHaveLength(1);
  });
});

const no: KernelRefusal = { errno: 'EOPNOTSUPP', message: 'RTM_NEWLINK: EOPNOTSUPP' };

function endless(right: NetworkDriver): Partial<NetworkDriver> {
  let timer: NodeJS.Timeout | undefined;
  return {
    watch: (listener) => {
      right.watch(listener);
      timer = setInterval(() => listener([{ type: 'overrun' }]), 20);
      setTimeout(() => clearInterval(timer), 5000);
    },
  };
}
