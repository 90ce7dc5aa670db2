import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { Keepalived } from './lab/keepalived.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { Ping } from './lab/ping.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { R1, R1_MAC, R2, R2_TTL, twoRouters, VIP } from './lab/two-routers.ts';
import { upgrade } from './lab/upgrading.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// `[[vrouter.address]]` and `lease`: which addresses a Master has, as ip(8) shows them, and for how long.

type Entries = NonNullable<VrouterTable['address']>;

interface Shown {
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly label?: string;
  readonly secondary?: boolean;
  readonly valid_life_time: number;
}

/** The addresses of an interface. */
async function addresses(host: Host, name: string): Promise<Shown[]> {
  const found = JSON.parse(await host.ip(`-j addr show dev ${name}`)) as { addr_info: Shown[] }[];
  return found.flatMap(({ addr_info }) => addr_info);
}

/** Each in a line, without those that interfaces have by themselves. */
async function present(host: Host): Promise<string[]> {
  const all = await Promise.all(
    ['lan', 'wan'].map(async (name) => ({ name, list: await addresses(host, name) })),
  );
  return all
    .flatMap(({ name, list }) =>
      list.map(
        ({ local, prefixlen, scope, label = '', secondary = false }) =>
          `${name} ${local}/${prefixlen} ${scope} ${label}${secondary ? ' secondary' : ''}`,
      ),
    )
    .filter((line) => !line.includes(' fe80:') && !/ 10\.0\.0\.[23]\/| 2001:db8:0:1::[23]\//.test(line))
    .sort();
}

async function becomes(host: Host, lines: readonly string[]): Promise<void> {
  let last: readonly string[] = [];
  await eventually(`addresses: ${lines.join('; ')}`, 30_000, async () => {
    last = await present(host);
    return last.join('\n') === [...lines].sort().join('\n');
  }).catch((error: Error) => {
    throw new Error(`${error.message}; there is: ${last.join('; ')}`);
  });
}

/** Two routers and a client, the routers with an interface `wan` besides. */
async function network(lab: Lab) {
  const base = await twoRouters(lab, { ipv6: true });
  const outside = await lab.segment('outside');
  await lab.plug(base.r1, outside, { interface: 'wan', mac: '02:00:00:00:01:02' });
  await lab.plug(base.r2, outside, { interface: 'wan', mac: '02:00:00:00:01:03' });
  return { ...base, outside: await Wire.tap(lab, outside, outside.bridge) };
}

const SHARED: Entries = [{ address: '10.0.0.70/24', label: 'lan:x' }];
const OWN: Entries = [
  { address: '192.0.2.5/24', interface: 'wan' },
  { address: '192.0.2.6/24', interface: 'wan', advertised: true },
  { address: '198.51.100.5', interface: 'wan', scope: 'link', label: 'wan:7' },
  { address: '2001:db8:7::5/64', interface: 'wan' },
];
const SHARED_LINE = 'lan 10.0.0.70/24 global lan:x secondary';
const OWN_LINES = [
  'wan 192.0.2.5/24 global wan',
  'wan 192.0.2.6/24 global wan secondary',
  'wan 198.51.100.5/32 link wan:7',
  'wan 2001:db8:7::5/64 global ',
];
const VIPS = ['lan 10.0.0.1/32 global lan:7', 'lan 10.0.0.9/32 global lan:8'];

/** Virtual routers 7 and 8 with these addresses. */
function both(seven: Entries, eight: Entries, more: Partial<VrouterTable> = {}): VrouterTable[] {
  const router = (group: number, vip: string, address: Entries) => ({
    ...{ group, interface: 'lan', vip, iftype: 'ether', ...more },
    ...(address.length > 0 && { address }),
  });
  return [router(7, VIP, seven), router(8, '10.0.0.9', eight)];
}

/** What `ip monitor` told of addresses that were taken away, of these. */
function deleted(monitor: { readonly stdout: string }, pattern: RegExp): string[] {
  return monitor.stdout.split('\n').filter((line) => line.includes('Deleted') && pattern.test(line));
}

/** `lease` in s. */
const LEASE = 3;
/** What a busy machine may add, in ms. */
const SLACK = 3000;

describeSystem('addresses of a Master', () => {
  it.concurrent('of every kind: announced where they are, moved by a reload without a gap, gone after it', () =>
    withLab(async (lab) => {
      const { r1, wire, outside } = await network(lab);
      const promotes = () => r1.run('sysctl', '-n', 'net.ipv4.conf.wan.promote_secondaries');
      const [before, setting] = [await present(r1), await promotes()];
      const start = Date.now();
      const file = writeConfiguration(lab, r1, both([...SHARED, ...OWN], SHARED));
      const daemon = Rvrrpd.startWith(r1, file);
      await Promise.all([wire.soleMaster(7, R1), wire.soleMaster(8, R1)]);
      await becomes(r1, [...VIPS, SHARED_LINE, ...OWN_LINES]);
      for (const address of ['192.0.2.5', '192.0.2.6', '198.51.100.5', '2001:db8:7::5']) {
        await eventually(
          `announcements of ${address} on wan`,
          10_000,
          () => outside.announcements(address, start).length > 0,
        );
        for (const { mac } of outside.announcements(address, start)) expect(mac).toBe('02:00:00:00:01:02');
      }
      await eventually('one on lan', 10_000, () => wire.announcements('10.0.0.70', start).length > 0);
      expect(wire.announcements('192.0.2.5')).toEqual([]);
      expect(wire.adverts(7).at(-1)?.addresses).toEqual([VIP, '192.0.2.6']);
      // Nothing of the host's own is sent from them where it has another address.
      expect(await r1.ip('route get 10.0.0.100')).toMatch(new RegExp(`src ${R1} `));

      // Somebody takes one away: it comes back. The first of a subnet does not take the other one with it.
      await r1.ip('addr del 192.0.2.5/24 dev wan');
      await eventually('192.0.2.5 again', 20_000, async () =>
        /192\.0\.2\.5\//.test((await present(r1)).join()),
      );
      expect((await present(r1)).join()).toMatch(/192\.0\.2\.6\//);

      const monitor = r1.start('ip', ['monitor', 'address']);
      const ours = /10\.0\.0\.70|192\.0\.2|198\.51|db8:7/;
      writeConfiguration(lab, r1, both([], [...SHARED, ...OWN]));
      await daemon.reload();
      writeConfiguration(lab, r1, both(OWN, SHARED));
      await daemon.reload();
      writeConfiguration(lab, r1, both(SHARED, OWN));
      await daemon.reload();
      await sleep(300);
      expect(deleted(monitor, ours)).toEqual([]);
      expect((await present(r1)).filter((line) => ours.test(line))).toHaveLength(OWN_LINES.length + 1);
      // The last one that wants it leaves; after a SIGKILL the next start takes back what nobody wants.
      writeConfiguration(lab, r1, both([], OWN));
      await daemon.reload();
      await eventually('no 10.0.0.70', 20_000, async () => !/10\.0\.0\.70/.test((await present(r1)).join()));
      await monitor.stop('SIGTERM');
      await daemon.kill();
      writeConfiguration(lab, r1, both(SHARED, []));
      const next = Rvrrpd.startWith(r1, file);
      await next.ready();
      await becomes(r1, [...VIPS, SHARED_LINE]);
      await next.stop();
      expect(await present(r1)).toEqual(before);
      expect(await promotes()).toBe(setting);
    }));

  it.concurrent('as keepalived has them, and what cannot be there yet comes later', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await network(lab);
      const before = await Promise.all([present(r1), present(r2)]);
      const entries: Entries = [
        { address: '10.0.0.70/24' },
        { address: '192.0.2.5/24', interface: 'wan', label: 'wan:5' },
        { address: '192.0.2.6/24', interface: 'wan' },
        { address: '198.51.100.5/32', interface: 'wan', scope: 'link' },
        { address: '2001:db8:7::5/64', interface: 'wan' },
        { address: '203.0.113.9/32', interface: 'later' },
      ];
      const daemon = Rvrrpd.start(lab, r1, [
        { group: 7, interface: 'lan', vip: VIP, iftype: 'ether', address: entries },
      ]);
      const lines = entries.slice(0, -1).map(({ address, interface: on = 'lan', scope, label }) => {
        return `    ${address} dev ${on}${scope ? ` scope ${scope}` : ''}${label ? ` label ${label}` : ''}`;
      });
      const peer = Keepalived.start(lab, r2, [
        {
          ...{ interface: 'lan', vrid: 9, vips: ['10.0.0.9/32'], priority: 200 },
          more: ['  virtual_ipaddress_excluded {', ...lines, '  }'],
        },
      ]);
      await Promise.all([wire.soleMaster(7, R1), wire.soleMaster(9, R2)]);
      const ofBoth = (host: Host) => async () =>
        (await present(host)).filter((line) => !/ 10\.0\.0\.[19]\//.test(line));
      await eventually('the same addresses', 30_000, async () => {
        const [ours, theirs] = await Promise.all([ofBoth(r1)(), ofBoth(r2)()]);
        if (ours.length === 5 && ours.join() === theirs.join()) return true;
        throw new Error(`${ours.join('; ')}\nkeepalived: ${theirs.join('; ')}`);
      });
      await r1.ip('link add later type veth peer name never');
      await r1.ip('link set later up');
      await eventually('203.0.113.9', 30_000, async () =>
        /203\.0\.113\.9/.test(await r1.ip('addr show dev later')),
      );
      await daemon.stop();
      await peer.stop();
      expect(await addresses(r1, 'later')).not.toContainEqual(
        expect.objectContaining({ local: '203.0.113.9' }),
      );
      expect(await Promise.all([present(r1), present(r2)])).toEqual(before);
    }));

  it.concurrent.each([
    ['SIGKILL', 100],
    ['SIGSTOP', 100],
    ['SIGSTOP', 250],
  ] as const)(
    'after %s of a Master of priority %i with a lease its addresses are gone within it, and the next Master has them alone',
    (signal, own) =>
      withLab(async (lab) => {
        const { r1, r2, client, wire } = await network(lab);
        const router = (priority: number): VrouterTable[] => [
          {
            ...{ group: 7, interface: 'lan', vip: VIP, iftype: 'ether', priority, lease: LEASE },
            address: [{ address: '192.0.2.5/24', interface: 'wan' }],
          },
        ];
        const master = Rvrrpd.start(lab, r1, router(own));
        await wire.soleMaster(7, R1);
        await Rvrrpd.start(lab, r2, router(200)).ready();
        const has = async (host: Host) => /10\.0\.0\.1\/|192\.0\.2\.5/.test((await present(host)).join());
        const leased = (await addresses(r1, 'lan')).find(({ local }) => local === VIP);
        expect(leased?.valid_life_time).toBeLessThanOrEqual(LEASE);
        // It is renewed: well beyond the lease it is there.
        await sleep(LEASE * 1500);
        expect(await has(r1)).toBe(true);
        const monitor = r1.start('ip', ['monitor', 'address']);
        const pid = await master.pid();
        process.kill(pid, signal);
        const since = Date.now();
        await eventually('the end of the lease', LEASE * 1000 + SLACK, async () => !(await has(r1)));
        await wire.soleMaster(7, R2, 15_000);
        const ping = Ping.start(client, VIP, 50);
        if (signal === 'SIGSTOP') process.kill(pid, 'SIGCONT');
        await eventually('replies', 10_000, () => ping.replies().length > 20);
        await wire.soleMaster(7, R2, 10_000);
        expect(new Set(ping.replies().map(({ ttl }) => ttl))).toEqual(new Set([R2_TTL]));
        await ping.stop();
        expect(await has(r1)).toBe(false);
        // Nothing put them back for a moment, and nobody but r2 has told the client of them.
        expect(
          monitor.stdout
            .split('\n')
            .filter((line) => /10\.0\.0\.1\//.test(line) && !line.includes('Deleted')),
        ).toEqual([]);
        await monitor.stop('SIGTERM');
        expect(wire.gratuitousArps(VIP, since).filter(({ senderMac }) => senderMac === R1_MAC)).toEqual([]);
      }),
  );

  it.concurrent('with a lease: reloads and upgrades let none expire, and renewing announces nothing', () =>
    withLab(async (lab) => {
      const { r1, wire } = await network(lab);
      const routers = (lease?: number): VrouterTable[] => [
        {
          ...{
            group: 7,
            interface: 'lan',
            vip: [VIP, '10.0.0.11/24'],
            iftype: 'macvlan',
            version: 3 as const,
          },
          ...(lease !== undefined && { lease }),
        },
        {
          ...{
            group: 8,
            interface: 'lan',
            vip: ['fe80::8', '2001:db8:0:1::8'],
            version: 3 as const,
            iftype: 'ether',
          },
          ...(lease !== undefined && { lease }),
        },
      ];
      const file = writeConfiguration(lab, r1, routers());
      const daemon = Rvrrpd.startWith(r1, file);
      await wire.soleMaster(7, R1);
      const lifetime = async () => {
        const all = await Promise.all(['standby7', 'lan'].map((name) => addresses(r1, name)));
        return all
          .flat()
          .filter(({ local }) => [VIP, '10.0.0.11', 'fe80::8', '2001:db8:0:1::8'].includes(local))
          .map(({ valid_life_time }) => valid_life_time);
      };
      await eventually('all addresses', 20_000, async () => (await lifetime()).length === 4);
      const monitor = r1.start('ip', ['monitor', 'address']);
      const since = Date.now() + 9000; // by then the series of announcements is over
      writeConfiguration(lab, r1, routers(LEASE));
      await daemon.reload();
      await eventually('leases', 10_000, async () => (await lifetime()).every((left) => left <= LEASE));
      await daemon.reload();
      expect((await upgrade(r1, file, executable())).code).toBe(0);
      await sleep(LEASE * 1000);
      expect((await upgrade(r1, file, executable())).code).toBe(0);
      await sleep(Math.max(LEASE * 1000, since + LEASE * 1000 - Date.now()));
      expect(await lifetime()).toHaveLength(4);
      expect(deleted(monitor, /10\.0\.0\.1|fe80::8|::8/)).toEqual([]);
      await monitor.stop('SIGTERM');
      for (const address of [VIP, '10.0.0.11', '2001:db8:0:1::8'])
        expect(wire.announcements(address, since)).toEqual([]);
      await wire.soleMaster(7, R1);
    }));
});
