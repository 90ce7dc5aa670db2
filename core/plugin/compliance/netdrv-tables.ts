/** Compliance tests for network drivers: routes of any type in any table, and rules. */
import assert from 'node:assert/strict';
import type { KernelChange, RuleResource, TableRouteResource } from '../contracts/index.ts';
import { DEV, GATEWAY, GATEWAY6, OWN, OWN6, type Stage, TABLE } from './netdrv-stage.ts';

type Tests = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** A blackhole in a table of its own, unless it is said otherwise. */
function route(op: 'add' | 'remove', over: Partial<TableRouteResource> = {}): KernelChange {
  const usual = { family: 4, destination: '198.51.100.0', prefixLength: 24, table: TABLE } as const;
  return { op: `${op}-table-route`, route: { ...usual, type: 'blackhole', via: [], ...over } };
}

/** A rule of IPv4 that looks in that table, unless it is said otherwise. */
function rule(op: 'add' | 'remove', over: Partial<RuleResource> = {}): KernelChange {
  const usual = { family: 4, priority: 7700, from: '198.51.100.0/24', type: 'lookup', table: TABLE } as const;
  return { op: `${op}-rule`, rule: { ...usual, ...over } };
}

/** What `ip` says, line by line, without what differs between versions of it. */
function told(stage: Stage, command: string): string[] {
  return stage
    .run(command)
    .replaceAll('\n\t', ' ')
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/\s+/g, ' ')
        .replace(/ pref medium$/, '')
        .trim(),
    )
    .filter((line) => line !== '');
}

/** What a driver cannot do it must not half do. */
async function refused(stage: Stage, change: KernelChange): Promise<void> {
  const before = stage.state();
  assert.notDeepEqual(await stage.apply(change), [null], 'refused, as it is not provided');
  assert.equal(stage.state(), before);
}

/** By name. */
export const TABLE_TESTS: Tests = {
  'adds routes of any type to any table and takes them back, if it says so': async (stage) => {
    if (!stage.provides('table-route')) return refused(stage, route('add'));
    const before = stage.state();
    const all: Partial<TableRouteResource>[] = [
      {},
      { destination: '198.51.101.0', type: 'throw', metric: 9 },
      { destination: '198.51.102.0', type: 'unicast', via: [{ interface: DEV }], source: OWN },
      { destination: '198.51.103.0', type: 'unicast', via: [{ gateway: GATEWAY }], mtu: 1400 },
      {
        ...{ destination: '198.51.104.0', type: 'unicast' },
        via: [{ gateway: GATEWAY }, { gateway: '10.77.0.21', interface: DEV }],
      },
    ];
    await stage.must(...all.map((each) => route('add', each)));
    assert.deepEqual(told(stage, `ip -d route show table ${TABLE}`), [
      'blackhole 198.51.100.0/24 proto boot scope global',
      'throw 198.51.101.0/24 proto boot scope global metric 9',
      `unicast 198.51.102.0/24 dev ${DEV} proto boot scope link src ${OWN}`,
      `unicast 198.51.103.0/24 via ${GATEWAY} dev ${DEV} proto boot scope global mtu 1400`,
      'unicast 198.51.104.0/24 proto boot scope global ' +
        `nexthop via ${GATEWAY} dev ${DEV} weight 1 nexthop via 10.77.0.21 dev ${DEV} weight 1`,
    ]);
    assert.deepEqual(await stage.apply(route('add'), route('add', { type: 'prohibit' })), [
      'EEXIST',
      'EEXIST',
    ]);
    await stage.must(...all.map((each) => route('remove', each)));
    assert.equal(stage.state(), before);
    assert.deepEqual(await stage.apply(route('remove'), route('remove', { table: 7701 })), [
      'ESRCH',
      'ESRCH',
    ]);
  },

  'the same of IPv6, if it says so': async (stage) => {
    const over = { family: 6, destination: '2001:db8:99::', prefixLength: 48 } as const;
    stage.run(`ip -6 addr add ${OWN6}/64 dev ${DEV} nodad || true`);
    if (!stage.provides('table-route') || !stage.provides('ipv6')) return refused(stage, route('add', over));
    const before = stage.state();
    const other = {
      ...over,
      destination: '2001:db8:98::',
      type: 'unicast',
      via: [{ gateway: GATEWAY6 }],
    } as const;
    await stage.must(route('add', over), route('add', other));
    const lines = told(stage, `ip -6 -d route show table ${TABLE}`);
    assert.match(lines[0] ?? '', new RegExp(`^unicast 2001:db8:98::/48 via ${GATEWAY6} dev ${DEV} `));
    assert.match(lines[1] ?? '', /^blackhole 2001:db8:99::\/48 /);
    await stage.must(route('remove', over), route('remove', other));
    assert.equal(stage.state(), before);
  },

  'adds rules and takes them back, if it says so': async (stage) => {
    if (!stage.provides('rule')) return refused(stage, rule('add'));
    const before = stage.state();
    const all: Partial<RuleResource>[] = [
      {},
      { priority: 7701, to: '203.0.113.7/32', iif: DEV, fwmark: 7 },
      { family: 6, priority: 7702, from: '2001:db8::/32', type: 'prohibit' },
    ];
    const written = (op: 'add' | 'remove'): KernelChange[] => {
      const [first, second, third] = all;
      const { table: _, ...prohibit } = (rule(op, third) as { rule: RuleResource }).rule;
      return [rule(op, first), rule(op, second), { op: `${op}-rule`, rule: prohibit }];
    };
    await stage.must(...written('add'));
    assert.deepEqual(
      told(stage, 'ip rule').filter((line) => line.startsWith('77')),
      [
        `7700: from 198.51.100.0/24 lookup ${TABLE}`,
        `7701: from 198.51.100.0/24 to 203.0.113.7 fwmark 0x7 iif ${DEV} lookup ${TABLE}`,
      ],
    );
    assert.deepEqual(
      told(stage, 'ip -6 rule').filter((line) => line.startsWith('77')),
      ['7702: from 2001:db8::/32 prohibit'],
    );
    assert.deepEqual(await stage.apply(rule('add')), ['EEXIST']);
    await stage.must(...written('remove'));
    assert.equal(stage.state(), before);
    assert.deepEqual(await stage.apply(rule('remove')), ['ENOENT']);
  },

  'adds and takes back the rule that is meant, not one of its priority that says more': async (stage) => {
    if (!stage.provides('rule')) return;
    for (const more of [`from 203.0.113.0/24`, `iif ${DEV}`, 'fwmark 7', 'suppress_prefixlength 0']) {
      stage.run(`ip rule add priority 7700 ${more} lookup ${TABLE}`);
      const before = stage.state();
      const general: KernelChange = {
        op: 'add-rule',
        rule: { family: 4, priority: 7700, type: 'lookup', table: TABLE },
      };
      assert.deepEqual(await stage.apply(general, general), [null, 'EEXIST'], more);
      await stage.must({ ...general, op: 'remove-rule' });
      assert.equal(stage.state(), before, more);
      assert.deepEqual(await stage.apply({ ...general, op: 'remove-rule' }), ['ENOENT'], more);
      stage.run(`ip rule del priority 7700 ${more} lookup ${TABLE}`);
    }
  },

  'refuses nonsense in routes and rules, and changes nothing': async (stage) => {
    if (!stage.provides('table-route') || !stage.provides('rule')) return;
    const before = stage.state();
    const answers = await stage.apply(
      route('add', { destination: 'nowhere' }),
      route('add', { prefixLength: 33 }),
      route('add', { type: 'unicast', via: [{ interface: 'rvc-none' }] }),
      rule('add', { from: '10.0.0.0' }),
      rule('add', { to: '2001:db8::/32' }),
    );
    assert.deepEqual(answers, ['EINVAL', 'EINVAL', 'ENODEV', 'EINVAL', 'EINVAL']);
    assert.equal(stage.state(), before);
  },
};
