/** Compliance tests for network drivers: links, and how they are listed. */
import assert from 'node:assert/strict';
import type { KernelChange, Link, LinkAddress } from '../contracts/index.ts';
import {
  address,
  DEV,
  NOBODY,
  OWN,
  PEER,
  type Stage,
  untilLink,
  type WitnessedAddress,
} from './netdrv-stage.ts';

type Tests = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** What `ip` calls the type of the hardware (ARPHRD_…). */
interface Hardware {
  readonly type: 'ether' | 'loopback';
}

/** A link in `ip -j -d address`. */
interface WitnessedLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly address: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly link_type: Hardware['type'];
  readonly linkinfo?: { readonly info_kind?: string };
  readonly link?: string;
  readonly addr_info: readonly (WitnessedAddress & { readonly family: string })[];
}

const ETHERNET: Hardware = { type: 'ether' };
const MACVLAN = { type: 'macvlan' } as const;

/** The links as `ip` lists them, in the driver's terms. */
function witnessed(stage: Stage): Link[] {
  const links = (JSON.parse(stage.run('ip -j -d addr')) as Partial<WitnessedLink>[]).filter(
    (link): link is WitnessedLink => link.ifindex !== undefined,
  );
  const indexOf = (name: string | undefined) => links.find(({ ifname }) => ifname === name)?.ifindex ?? 0;
  return links.map((link) => {
    const type = link.linkinfo?.info_kind ?? '';
    return {
      index: link.ifindex,
      name: link.ifname,
      mac: link.address,
      up: link.flags.includes('UP'),
      running: link.flags.includes('UP') && !link.flags.includes('NO-CARRIER'),
      ethernet: ETHERNET.type === link.link_type,
      mtu: link.mtu,
      type,
      parent: type === 'veth' ? 0 : indexOf(link.link),
      addresses: link.addr_info.map(({ family, local, prefixlen, label, secondary, ...flags }) => ({
        family: family === 'inet6' ? 6 : 4,
        address: local,
        prefixLength: prefixlen,
        label: label ?? '',
        secondary: secondary === true,
        ...(flags.tentative && !flags.optimistic && { tentative: true }),
        ...(flags.dadfailed && { dadFailed: true }),
        ...(flags.deprecated && flags.nodad && !flags.dynamic && { deprecated: true }),
      })),
    };
  });
}

/** In an order that does not depend on the driver's. */
function sorted(links: readonly Link[]): Link[] {
  const text = ({ address, prefixLength }: LinkAddress) => `${address}/${prefixLength}`;
  return links
    .map((link) => ({
      ...link,
      // Which of them end is told by some drivers only: see the tests of lifetimes.
      addresses: link.addresses
        .map(({ expires: _, leased: __, ...address }) => address)
        .toSorted((a, b) => (text(a) < text(b) ? -1 : 1)),
    }))
    .sort((a, b) => a.index - b.index);
}

const macvlan = (op: 'add-link' | 'remove-link', name: string, mac: string, parent = DEV): KernelChange => ({
  op,
  ...MACVLAN,
  interface: name,
  parent,
  mac,
});

/** By name. */
export const LINK_TESTS: Tests = {
  'lists links and addresses as ip does': async (stage) => {
    stage.run(`ip addr add 10.77.0.11/24 dev ${DEV}; ip addr add 192.0.2.1/32 dev ${DEV} label ${DEV}:x
      ip addr add 192.0.2.2/25 dev ${PEER}; ip link set ${PEER} mtu 1400
      ip -6 addr add 2001:db8::1/64 dev ${DEV} nodad; ip -6 addr add fe80::1:0:0:1/64 dev ${DEV} nodad`);
    const links = await stage.driver.links();
    assert.deepEqual(sorted(links), sorted(witnessed(stage)));
  },

  'lists links that are down, that sit on others and that have no carrier': async (stage) => {
    stage.run(`ip link add rvc5 link ${DEV} type macvlan mode bridge; ip link set ${PEER} down`);
    stage.run(untilLink('NO-CARRIER', DEV));
    const links = await stage.driver.links();
    assert.deepEqual(sorted(links), sorted(witnessed(stage)));
    const dev = links.find(({ name }) => name === DEV)!;
    assert.equal(dev.running, false);
    assert.equal(links.find(({ name }) => name === 'rvc5')?.parent, dev.index);
  },

  'lists how duplicate address detection stands, and what is deprecated for ever': async (stage) => {
    const settings = `/proc/sys/net/ipv6/conf/${DEV}`;
    if (stage.run(`ls -d ${settings} 2>/dev/null || true`) === '') return; // a kernel without IPv6
    // The other end has it already; 60 probes are more than a test takes.
    stage.run(`ip -6 addr add 2001:db8::9/64 dev ${PEER} nodad; ip -6 addr add 2001:db8::9/64 dev ${DEV}
      for i in $(seq 200); do ip -6 addr show dev ${DEV} | grep -q dadfailed && break; sleep 0.05; done
      echo 60 > ${settings}/dad_transmits; ip -6 addr add 2001:db8::8/64 dev ${DEV}
      ip -6 addr add 2001:db8::7/64 dev ${DEV} nodad
      ip -6 addr add 2001:db8::6/128 dev ${DEV} nodad preferred_lft 0
      ip -6 addr add 2001:db8::5/64 dev ${DEV} nodad valid_lft 3000 preferred_lft 0`);
    const links = await stage.driver.links();
    assert.deepEqual(sorted(links), sorted(witnessed(stage)));
    const flags = links
      .find(({ name }) => name === DEV)!
      .addresses.filter(({ family }) => family === 6)
      .map(({ address: text, tentative, dadFailed, deprecated }) => {
        return [text.slice(-1), tentative === true, dadFailed === true, deprecated === true];
      })
      .sort();
    assert.deepEqual(flags, [
      ['5', false, false, false],
      ['6', false, false, true],
      ['7', false, false, false],
      ['8', true, false, false],
      ['9', true, true, false],
    ]);
  },

  'lists what it has changed itself': async (stage) => {
    await stage.must(address('add-address', '10.77.0.1', { label: `${DEV}:7` }));
    await stage.must({ op: 'set-mac', interface: DEV, mac: '00:00:5e:00:01:07' });
    const dev = (await stage.driver.links()).find(({ name }) => name === DEV)!;
    assert.equal(dev.mac, '00:00:5e:00:01:07');
    assert.deepEqual(
      dev.addresses.map(({ address: text, prefixLength, label }) => [text, prefixLength, label]).sort(),
      [
        ['10.77.0.1', 32, `${DEV}:7`],
        [OWN, 24, DEV],
      ].sort(),
    );
  },

  'sets the MAC address of a link that is up, and again': async (stage) => {
    const before = stage.state();
    const { mac } = (await stage.driver.links()).find(({ name }) => name === DEV)!;
    const change: KernelChange = { op: 'set-mac', interface: DEV, mac: '00:00:5e:00:01:07' };
    await stage.must(change, change);
    assert.equal(stage.run(`cat /sys/class/net/${DEV}/address`).trim(), '00:00:5e:00:01:07');
    await stage.must({ ...change, mac });
    assert.equal(stage.state(), before);
  },

  'sets links up and down, and again, and nothing else about them': async (stage) => {
    const change = (up: boolean): KernelChange => ({ op: 'set-up', interface: PEER, up });
    const flags = () =>
      (JSON.parse(stage.run(`ip -j link show dev ${PEER}`)) as { flags: string[] }[])[0]!.flags;
    stage.run(`ip link set ${PEER} promisc on arp off`);
    const before = flags().sort();
    await stage.must(change(false), change(false));
    assert.ok(!flags().includes('UP'));
    await stage.must(change(true), change(true));
    assert.deepEqual(flags().sort(), before);
  },

  'tells ENODEV of links that are not there, and EINVAL of what is no MAC address': async (stage) => {
    assert.deepEqual(
      await stage.apply(
        { op: 'set-up', interface: NOBODY, up: true },
        { op: 'set-up', interface: `${DEV}:7`, up: false },
        { op: 'set-mac', interface: NOBODY, mac: '00:00:5e:00:01:07' },
        { op: 'set-mac', interface: DEV, mac: 'nonsense' },
      ),
      ['ENODEV', 'ENODEV', 'ENODEV', 'EINVAL'],
    );
  },

  'makes and removes macvlan links, if it says so': async (stage) => {
    const before = stage.state();
    const changes = (op: 'add-link' | 'remove-link') =>
      [1, 2, 3].map((n) => macvlan(op, `rvc${n + 1}`, `00:00:5e:00:01:0${n}`));
    if (!stage.provides(MACVLAN.type)) {
      assert.ok(
        !(await stage.apply(...changes('add-link'))).includes(null),
        'refused, as it is not provided',
      );
      assert.equal(stage.state(), before);
      return;
    }
    const up: KernelChange = { op: 'set-up', interface: 'rvc3', up: true };
    const inside = address('add-address', '10.77.0.1', { interface: 'rvc3' });
    await stage.must(...changes('add-link'), up, inside); // of one batch, one upon the other
    const details = stage.run('ip -d link show dev rvc3');
    assert.match(details, /macvlan mode bridge/);
    assert.match(details, /00:00:5e:00:01:02/);
    assert.match(stage.run('ip -br link show dev rvc2'), /DOWN/, 'made down');
    assert.deepEqual(stage.addresses('rvc3')[0]?.local, '10.77.0.1');
    assert.deepEqual(await stage.apply(...changes('add-link')), ['EEXIST', 'EEXIST', 'EEXIST']);
    const absent = macvlan('remove-link', NOBODY, '00:00:5e:00:01:09');
    const orphan = macvlan('add-link', 'rvc8', '00:00:5e:00:01:09', NOBODY);
    const back = changes('remove-link');
    assert.deepEqual(await stage.apply(orphan, absent, ...back), ['ENODEV', 'ENODEV', null, null, null]);
    assert.deepEqual(await stage.apply(...back), ['ENODEV', 'ENODEV', 'ENODEV']);
    assert.equal(stage.state(), before);
  },
};
