/** Membership of the VRRP group is reported to the network, or a switch that snoops keeps advertisements from us. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../core/shared/package-root.ts';
import { FLAVOURS } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

const GROUP = { 4: '224.0.0.18', 6: 'ff02::12' } as const;
const OCTETS = { 4: 'e0000012', 6: 'ff020000000000000000000000000012' } as const;
/** Record types of IGMPv3 and MLDv2 (RFC 3376 §4.2.12, RFC 3810 §5.2.12) that name a group, as a member and as none. */
const JOINS = ['02', '04'];
const LEAVES = ['03'];

/** `ip maddr` of an interface. */
const memberships = (host: Host): Promise<string> => host.ip('maddr show dev lan');

/** Whether a report with one of these record types for the group was seen. */
function reported(wire: Wire, family: 4 | 6, types: readonly string[], since: number): boolean {
  return wire
    .frames()
    .filter(({ time }) => time >= since)
    .map(({ payload }) => payload.toString('hex'))
    .some((hex) => types.some((type) => hex.includes(`${type}000000${OCTETS[family]}`)));
}

describeSystem('membership of the VRRP group', () => {
  for (const flavour of FLAVOURS) {
    it.concurrent(`${flavour.name}: a daemon is a member from its start to its stop, also over a reload; nothing of it is left`, () =>
      withLab(async (lab) => {
        const { lan, r1 } = await twoRouters(lab, flavour.network(7));
        const { family } = flavour;
        const wire = await Wire.tap(lab, lan, lan.bridge, { filter: 'igmp or ip6' });
        const before = await memberships(r1);
        expect(before).not.toContain(GROUP[family]);
        const start = Date.now();
        const routers = [flavour.router(7, [1], { priority: 100 })];
        const daemon = Rvrrpd.start(lab, r1, routers);
        await eventually('the report', 10_000, () => reported(wire, family, JOINS, start));
        expect(await memberships(r1)).toContain(GROUP[family]);
        const reload = Date.now();
        expect((await daemon.reload()).at(-1)?.msg).toMatch(/^reloaded/);
        expect(await memberships(r1)).toContain(GROUP[family]);
        expect(reported(wire, family, LEAVES, reload)).toBe(false);
        const stop = Date.now();
        await daemon.stop();
        await eventually('the report of the leave', 10_000, () => reported(wire, family, LEAVES, stop));
        expect(await memberships(r1)).toBe(before);

        const again = Rvrrpd.start(lab, r1, routers);
        await eventually('a member again', 10_000, async () =>
          (await memberships(r1)).includes(GROUP[family]),
        );
        await again.kill();
        await eventually('the memberships before', 10_000, async () => (await memberships(r1)) === before);
      }));
  }

  for (const family of [4, 6] as const) {
    it.concurrent(`the engine's sockets for IPv${family}: joined, reported, left`, () =>
      withLab(async (lab) => {
        const { lan, r1 } = await twoRouters(lab);
        if (family === 6) {
          for (const name of ['all', 'default', 'lan'])
            await r1.sysctl({ [`net.ipv6.conf.${name}.disable_ipv6`]: 0 });
          await eventually('a link-local address', 10_000, async () =>
            /fe80(?!.*tentative)/.test(await r1.ip('-6 addr show dev lan')),
          );
        }
        const wire = await Wire.tap(lab, lan, lan.bridge, { filter: 'igmp or ip6' });
        const before = await memberships(r1);
        const start = Date.now();
        const root = packageRoot();
        const args = [path.join(root, 'scripts/run-ts.mjs'), path.join(root, 'test/lab/member-main.ts')];
        const member = r1.start(process.execPath, [...args, 'lan', `${family}`], { input: true });
        await member.waitForOutput(/^ready$/m);
        expect(await memberships(r1)).toContain(GROUP[family]);
        await eventually('the report', 10_000, () => reported(wire, family, JOINS, start));
        member.child.stdin?.write('close\n');
        await member.waitForOutput(/^closed$/m);
        expect(await memberships(r1)).toBe(before);
        await member.stop('SIGTERM');
      }));
  }
});
