import { expect, it } from 'vitest';
import type { Host } from '../../../test/lab/host.ts';
import { withLab } from '../../../test/lab/lab.ts';
import { Ping } from '../../../test/lab/ping.ts';
import { describeSystem } from '../../../test/lab/requirements.ts';
import { Rvrrpd, type VrouterDirectives } from '../../../test/lab/rvrrpd.ts';
import { macOf, snapshot } from '../../../test/lab/snapshot.ts';
import { R1, R1_MAC, R1_TTL, R2, R2_TTL, twoRouters } from '../../../test/lab/two-routers.ts';
import { eventually } from '../../../test/lab/wait.ts';

// Two daemons back each other up with this driver and addresses on the interface itself: one virtual router and
// several. What they leave in the kernel is what a pair with libnl leaves.

interface Address {
  readonly local: string;
  readonly prefixlen: number;
  readonly label: string;
  readonly broadcast?: string;
  readonly secondary?: boolean;
}

/** IPv4 addresses of `lan` as `ip` shows them. */
async function addresses(host: Host): Promise<string[]> {
  const [link] = JSON.parse(await host.ip('-j -4 addr show dev lan')) as [{ addr_info: Address[] }];
  return link.addr_info.map(({ local, prefixlen, label, broadcast, secondary }) =>
    [`${local}/${prefixlen}`, label, broadcast, secondary && 'secondary'].filter(Boolean).join(' '),
  );
}

async function become(host: Host, expected: readonly string[]): Promise<void> {
  await eventually(`the addresses of ${host.name}`, 8000, async () => {
    expect((await addresses(host)).sort()).toEqual([...expected].sort());
    return true;
  });
}

async function answeredBy(ping: Ping, ttl: number): Promise<void> {
  await eventually(`echo replies with TTL ${ttl}`, 10_000, () => {
    const latest = ping.replies(Date.now() - 300);
    return latest.length > 3 && latest.slice(-3).every((reply) => reply.ttl === ttl);
  });
}

const vrouters = (count: number, priority: number, more: Partial<VrouterDirectives>): VrouterDirectives[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ group: n + 1, interface: 'lan', vip: `10.0.0.${200 + n}`, priority, iftype: 'ether', ...more },
  }));

describeSystem('two daemons with netdrv ioctl and iftype ether', () => {
  for (const count of [1, 5]) {
    it.concurrent(`${count} virtual routers fail over, are repaired, and leave nothing`, () =>
      withLab(async (lab) => {
        const { r1, r2, client } = await twoRouters(lab);
        const before = await Promise.all([snapshot(r1), snapshot(r2)]);
        const virtual = Array.from({ length: count }, (_, n) => `10.0.0.${200 + n}/32 lan:${n + 1}`);
        const own1 = [`${R1}/24 lan`];
        const own2 = [`${R2}/24 lan`];
        // r2 has the driver for want of any directive: it is the default.
        const first = Rvrrpd.start(lab, r1, vrouters(count, 200, { netdrv: 'ioctl' }));
        await become(r1, [...own1, ...virtual]);
        const second = Rvrrpd.start(lab, r2, vrouters(count, 100, {}));
        const pings = virtual.map((text) => Ping.start(client, text.split('/')[0]!));
        for (const ping of pings) await answeredBy(ping, R1_TTL);
        expect(await addresses(r2)).toEqual(own2);
        expect(await macOf(r1, 'lan')).toBe(count === 1 ? '00:00:5e:00:01:01' : R1_MAC);

        // Somebody takes an address away: it comes back.
        await r1.ip('addr del 10.0.0.200/32 dev lan');
        await become(r1, [...own1, ...virtual]);

        await first.kill();
        for (const ping of pings) await answeredBy(ping, R2_TTL);
        await become(r2, [...own2, ...virtual]);
        // The next start takes back what the killed one has left.
        const again = Rvrrpd.start(lab, r1, vrouters(count, 50, { netdrv: 'ioctl' }));
        await again.ready();
        await become(r1, own1);
        expect(await snapshot(r1)).toEqual(before[0]);

        await second.stop();
        for (const ping of pings) await answeredBy(ping, R1_TTL);
        expect(await snapshot(r2)).toEqual(before[1]);
        await again.stop();
        expect(await snapshot(r1)).toEqual(before[0]);
      }));
  }

  it.concurrent('what the driver cannot do another one does, and the log says why', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      await r1.ip('link set lan down');
      await r1.ip('link set lan name enx001122334455');
      await r1.ip('link set enx001122334455 up');
      const vrouter = { group: 7, vip: '10.0.0.200', priority: 200 };
      const tables = `[protocols]
[[protocols.static]]
route = "192.0.2.0"
mask = "255.255.255.0"
nh = "10.0.0.100"
mtu = 1400
`;
      const daemon = Rvrrpd.start(
        lab,
        r1,
        [
          { ...vrouter, interface: 'enx001122334455' },
          {
            ...vrouter,
            group: 8,
            vip: '10.0.0.201',
            interface: 'enx001122334455',
            iftype: 'macvlan',
            netdrv: 'ioctl',
          },
        ],
        { tables },
      );
      await daemon.ready();
      expect(daemon.running.output).toContain('an interface name of more than 12 characters needs');
      expect(daemon.running.output).toContain(
        'is used instead of \\"ioctl\\": iftype \\"macvlan\\" needs \\"macvlan\\"',
      );
      await eventually('route and addresses', 8000, async () => {
        expect(await r1.ip('route')).toMatch(/^192\.0\.2\.0\/24 via 10\.0\.0\.100 .*mtu 1400/m);
        expect(await r1.ip('-4 addr')).toMatch(/10\.0\.0\.200\/32 scope global enx001122334455$/m);
        expect(await r1.ip('-4 addr')).toMatch(/10\.0\.0\.201\/32 scope global standby8$/m);
        return true;
      });
      await daemon.stop();
    }));

  it.concurrent('a route with an MTU goes through another driver, everything else through this one', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const before = await snapshot(r1);
      const tables =
        '[protocols]\n[[protocols.static]]\nroute = "192.0.2.0"\nmask = "255.255.255.0"\nnh = "10.0.0.100"\nmtu = 1400\n';
      const daemon = Rvrrpd.start(lab, r1, vrouters(1, 200, { netdrv: 'ioctl' }), { tables });
      await eventually('the route', 8000, async () => {
        expect(await r1.ip('route')).toMatch(/^192\.0\.2\.0\/24 via 10\.0\.0\.100 .*mtu 1400/m);
        return true;
      });
      expect(daemon.running.output).toContain(
        'is used instead of \\"ioctl\\": [protocols] needs \\"route-mtu\\"',
      );
      await daemon.stop();
      expect(await snapshot(r1)).toEqual(before);
    }));
});
