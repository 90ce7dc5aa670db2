import { expect, it } from 'vitest';
import { discoverPlugins } from '../core/plugin/discover.ts';
import type { ResolvedPlugin } from '../core/threads/resolved-plugins.ts';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { Ping } from './lab/ping.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { Rvrrpd, type VrouterDirectives } from './lab/rvrrpd.ts';
import { holder, macOf, snapshot } from './lab/snapshot.ts';
import { R1, R1_TTL, R2, R2_TTL, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// Two daemons back each other up under every auth_type, netdrv and iftype that the installed plugins offer, and
// do not where their authentication differs. Whatever is installed takes part: nothing here names a plugin.

const VRID = 7;
const VIRTUAL_MAC = '00:00:5e:00:01:07';
const SECRET = 'thissecretnolongeris';

const { plugins, issues } = discoverPlugins();

/** Every configuration value of a kind, with its plugin. */
function offered(kind: ResolvedPlugin['kind']): (readonly [name: string, plugin: ResolvedPlugin])[] {
  return plugins
    .filter(({ resolved }) => resolved.kind === kind)
    .flatMap(({ resolved }) => resolved.names.map((name) => [name, resolved] as const));
}

const AUTH_TYPES = [undefined, ...offered('auth').map(([name]) => name)];

/** Types that sign behind the message: to the others what they send has a wrong length. */
const TRAILERS = new Set(
  offered('auth').flatMap(([name, { placement }]) => (placement === 'trailer' ? name : [])),
);

/** Authentication Type octets of wire.md; a type that is not here may have any. */
const OCTETS: Readonly<Record<string, number>> = {
  ...{ none: 0, 'rfc2338-simple': 1, 'p0-t8-sha256': 250 },
  ...{ 'p1-t8-shake256': 251, 'p1-b8-shake256': 251 },
};

function authentication(type: string | undefined, secret = SECRET): Partial<VrouterDirectives> {
  if (type === undefined) return {};
  // What signs behind the message has keys, of 32 octets at least.
  if (TRAILERS.has(type)) return { auth_type: type, auth: { keys: { 1: secret.padEnd(32, '.') } } };
  return { auth_type: type, auth_secret: secret };
}

/** A segment with two routers and a client for each of some names, and who is on it. */
interface Segments {
  readonly r1: Host;
  readonly r2: Host;
  readonly client: Host;
  readonly wires: readonly Wire[];
}

/** The interface of the hosts on a segment, and the address that its routers share. */
const lanOf = (index: number): string => `lan${index}`;
const vipOf = (index: number): string => `10.0.${index}.1`;

/** Builds it: one set of hosts, a segment for each of `count`. */
async function segments(lab: Lab, count: number): Promise<Segments> {
  const [r1, r2, client] = (await Promise.all(['r1', 'r2', 'client'].map((name) => lab.host(name)))) as [
    Host,
    Host,
    Host,
  ];
  await r1.sysctl({ 'net.ipv4.ip_default_ttl': R1_TTL });
  await r2.sysctl({ 'net.ipv4.ip_default_ttl': R2_TTL });
  const wires = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const lan = await lab.segment(lanOf(index));
      const ports = [
        [r1, 2],
        [r2, 3],
        [client, 100],
      ] as const;
      for (const [host, number] of ports) {
        await lab.plug(host, lan, { interface: lanOf(index), address: `10.0.${index}.${number}/24` });
      }
      return Wire.tap(lab, lan, lan.bridge);
    }),
  );
  return { r1, r2, client, wires };
}

/** Waits until the client's echo replies come from the host whose packets start at this TTL. */
async function answeredBy(pings: readonly Ping[], ttl: number): Promise<void> {
  for (const [index, ping] of pings.entries()) {
    await eventually(`echo replies from ${vipOf(index)} with TTL ${ttl}`, 30_000, () => {
      const latest = ping.replies(Date.now() - 300);
      return latest.length > 3 && latest.slice(-3).every((reply) => reply.ttl === ttl);
    });
  }
}

/** Waits until a host holds a virtual address on an interface with the virtual MAC. @returns its name */
async function holds(host: Host, vip: string): Promise<string> {
  return eventually(`${vip} with the virtual MAC on ${host.name}`, 10_000, async () => {
    const name = await holder(host, vip);
    return name !== undefined && (await macOf(host, name)) === VIRTUAL_MAC ? name : undefined;
  });
}

describeConcurrent('every combination of auth_type, netdrv and iftype fails over and back', () => {
  it('what the guide lists is installed', () => {
    expect(issues).toEqual([]);
    expect(AUTH_TYPES).toEqual(expect.arrayContaining(Object.keys(OCTETS).slice(1)));
    expect(offered('iftype').length).toBeGreaterThanOrEqual(2);
  });

  for (const [netdrv, driver] of offered('netdrv')) {
    for (const [iftype, { needs }] of offered('iftype')) {
      // A segment for each type: an interface that one virtual router has for itself has its MAC.
      it.concurrent(`${netdrv}, ${iftype}: ${AUTH_TYPES.map((type) => type ?? 'none').join(', ')}`, () =>
        withLab(async (lab) => {
          const { r1, r2, client, wires } = await segments(lab, AUTH_TYPES.length);
          const vips = AUTH_TYPES.map((_, index) => vipOf(index));
          const before = await snapshot(r1);
          const start = (host: Host, priority: number, preemption = true) =>
            Rvrrpd.start(
              lab,
              host,
              AUTH_TYPES.map((type, index) => ({
                ...{ group: VRID, interface: lanOf(index), vip: vipOf(index), priority, preemption },
                ...{ iftype, netdrv, vifname: `vrrp7-${index}`, ...authentication(type) },
              })),
            );
          const pings = vips.map((vip) => Ping.start(client, vip));
          let first = start(r1, 200);
          const second = start(r2, 100);
          await answeredBy(pings, R1_TTL);
          const names = await Promise.all(vips.map((vip) => holds(r1, vip)));
          for (const vip of vips) expect(await holder(r2, vip)).toBeUndefined();
          // Another driver steps in for one that cannot do what the interface type needs, and the log says so.
          const stepsIn = !needs.every((need) => driver.provides.includes(need));
          const says = first.log().some(({ msg }) => msg?.includes(`is used instead of "${netdrv}"`));
          expect(says).toBe(stepsIn);

          await first.stop();
          await answeredBy(pings, R2_TTL);
          expect(await Promise.all(vips.map((vip) => holds(r2, vip)))).toEqual(names);
          expect(await snapshot(r1)).toEqual(before);

          first = start(r1, 200, false); // so that nothing hurries us to look at the Backup
          await first.ready(30_000);
          const counted = [await second.counters(), await first.counters()];
          for (const [at, state] of ['Master', 'Backup'].entries()) {
            const found = counted[at]!.routers.map((router) => [router.interface, router.state]);
            expect(found).toEqual(AUTH_TYPES.map((_, index) => [lanOf(index), state]));
          }
          await second.stop();
          await answeredBy(pings, R1_TTL);
          expect(await Promise.all(vips.map((vip) => holds(r1, vip)))).toEqual(names);
          for (const vip of vips) expect(await holder(r2, vip)).toBeUndefined();

          for (const [index, type] of AUTH_TYPES.entries()) {
            const octet = type === undefined ? 0 : OCTETS[type];
            const seen = [...new Set(wires[index]!.adverts(VRID).map(({ authType }) => authType))];
            expect([type, seen]).toEqual([type, octet === undefined ? [expect.any(Number)] : [octet]]);
          }
          const last = await first.counters();
          for (const { state, counters } of last.routers) {
            expect({ state, becameMaster: counters.becameMaster }).toEqual({
              state: 'Master',
              becameMaster: 1,
            });
          }
          for (const { routers, strangers } of [...counted, last]) {
            const dropped = routers.map(({ counters }, index) => [AUTH_TYPES[index], counters.dropped]);
            expect(dropped).toEqual(AUTH_TYPES.map((type) => [type, {}]));
            expect(strangers.dropped).toEqual({});
          }
        }));
    }
  }
});

/** A pair of routers that do not accept each other. */
interface Mismatch {
  readonly r1: Partial<VrouterDirectives>;
  readonly r2: Partial<VrouterDirectives>;
  readonly reason: 'auth-type' | 'auth-failed';
}

/** Under this many octets of difference `rfc2338-simple` sees none: it sends eight. */
const OTHER_SECRET = 'anothersecret';

/** Every type with another one, and with itself under another secret. */
function mismatches(): Mismatch[] {
  const octet = (type: string | undefined) => OCTETS[type ?? 'none'];
  const inMessage = AUTH_TYPES.filter((type) => type === undefined || !TRAILERS.has(type));
  const types: Mismatch[] = inMessage.flatMap((one, index) =>
    inMessage
      .slice(index + 1)
      .filter((other) => octet(one) !== octet(other))
      .map((other) => ({
        ...{ r1: authentication(one), r2: authentication(other) },
        reason: 'auth-type' as const,
      })),
  );
  const secrets: Mismatch[] = AUTH_TYPES.filter((type) => type !== undefined).map((type) => ({
    ...{ r1: authentication(type), r2: authentication(type, OTHER_SECRET) },
    reason: 'auth-failed',
  }));
  return [...types, ...secrets];
}

describeConcurrent('authentication that differs', () => {
  // One virtual router for each pair, all on one wire.
  it.concurrent('gives two Masters, counts, and names peer and reason in the log, seldom', () =>
    withLab(async (lab) => {
      const pairs = mismatches();
      expect(pairs.length).toBeGreaterThan(8);
      const { r1, r2, wire } = await twoRouters(lab);
      const routers = (side: 'r1' | 'r2'): VrouterDirectives[] =>
        pairs.map((pair, index) => ({
          ...{ group: index + 1, interface: 'lan', vip: `10.0.0.${101 + index}`, ...pair[side] },
        }));
      const begin = Date.now();
      const sides = [
        { daemon: Rvrrpd.start(lab, r1, routers('r1')), peer: R2 },
        { daemon: Rvrrpd.start(lab, r2, routers('r2')), peer: R1 },
      ] as const;
      await eventually('two Masters everywhere', 30_000, () =>
        pairs.every((_, index) => wire.masters(index + 1, 1500).length === 2),
      );
      for (const { daemon, peer } of sides) {
        const counters = await eventually(
          'several advertisements of each',
          20_000,
          async () => {
            const { routers } = await daemon.counters();
            const enough = pairs.every(({ reason }, index) => {
              const router = routers.find(({ group }) => group === index + 1)!;
              return (router.counters.dropped[reason] ?? 0) >= 4;
            });
            return enough && routers;
          },
          300,
        );
        const warnings = daemon
          .log()
          .filter((line) => line.reason !== undefined && line.reason !== 'address-conflict');
        for (const [index, { reason }] of pairs.entries()) {
          const router = counters.find(({ group }) => group === index + 1)!;
          expect(router).toMatchObject({ state: 'Master', counters: { received: 0 } });
          // Two Masters also hear each other's gratuitous ARP.
          const { 'address-conflict': conflicts, ...dropped } = router.counters.dropped;
          expect(conflicts).toBeGreaterThan(0);
          expect(Object.keys(dropped)).toEqual([reason]);
          // Several advertisements, one line: the next one comes after 10 s.
          const lines = warnings.filter(({ group }) => group === index + 1);
          expect(lines.length).toBeGreaterThan(0);
          expect(lines.length).toBeLessThanOrEqual(1 + Math.floor((Date.now() - begin) / 10_000));
          expect(lines[0]).toMatchObject({ level: 'warn', interface: 'lan', reason, peer });
          expect(lines[0]!.msg).toContain(peer);
          expect(lines[0]!.msg).toContain(reason);
        }
        expect(daemon.running.output).not.toContain(SECRET);
        expect(daemon.running.output).not.toContain(OTHER_SECRET);
      }
    }));

  it.concurrent('but not where two names mean the same on the wire', () =>
    withLab(async (lab) => {
      const byOctet = Object.entries(OCTETS).filter(([, octet]) => octet === 251);
      const [one, other] = byOctet.map(([name]) => name);
      const { r1, r2, wire } = await twoRouters(lab);
      const vrouter = { group: VRID, interface: 'lan', vip: VIP };
      Rvrrpd.start(lab, r1, [{ ...vrouter, priority: 200, preemption: true, ...authentication(one) }]);
      const backup = Rvrrpd.start(lab, r2, [{ ...vrouter, priority: 100, ...authentication(other) }]);
      await wire.soleMaster(VRID, R1);
      expect((await backup.counters()).routers[0]).toMatchObject({
        state: 'Backup',
        counters: { dropped: {} },
      });
    }));
});
