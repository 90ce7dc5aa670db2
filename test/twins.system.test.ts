import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { withApi } from './lab/api-stage.ts';
import { FLAVOURS, type Flavour, V2, V3, V3_IPV6 } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { invoke } from './lab/invocation.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, rvrrpdConfiguration, type VrouterTable } from './lab/rvrrpd.ts';
import { holder } from './lab/snapshot.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// Two daemons with files of their own in one network namespace, and one virtual router in both files.

/** A virtual router on `lan` whose interface has a name of its own, and of which nothing has to be made up. */
const routerOf = (flavour: Flavour, group: number, more: Partial<VrouterTable> = {}): VrouterTable =>
  flavour.router(group, [group], {
    vip: flavour.vips(group, group),
    ...{ netdrv: 'libnl', iftype: 'macvlan', vifname: `v${group}`, timers: { advert: flavour.quick } },
    ...more,
  });

/** The network of an interface that comes later, and what the virtual address is there. */
const LATE = {
  4: { own: '10.9.9.1/24', vip: '10.9.9.9' },
  6: { own: '2001:db8:9::1/64', vip: '2001:db8:9::9' },
} as const;

/** A configuration file of its own for each name; written again under the same name. */
function file(lab: Lab, name: string, vrouters: readonly VrouterTable[]): string {
  const base = path.join(lab.folder, name);
  writeFileSync(`${base}.toml`, rvrrpdConfiguration(base, vrouters));
  return `${base}.toml`;
}

async function stateOf(daemon: Rvrrpd, group: number): Promise<string | undefined> {
  return (await daemon.counters()).routers.find((router) => router.group === group)?.state;
}

/** An interface that was not there when the daemons started. */
async function makeLate(host: Host, own: string): Promise<void> {
  await host.ip('link add late type veth peer name peer');
  await host.ip(`address add ${own} dev late`);
  await host.ip('link set peer up');
  await host.ip('link set late up');
}

function play(flavour: Flavour): void {
  const { name } = flavour;
  const router = routerOf(flavour, 7);
  const other = routerOf(flavour, 8);
  const network = flavour.network(7);
  const sole = (wire: Wire, vrid: number): Promise<void> =>
    wire.soleMaster(vrid, flavour.r1, 30_000, 2300 * flavour.quick);

  it.concurrent(`${name}: the second does not start, says who has it, and can after the first was killed`, () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, network);
      const first = file(lab, 'first', [router]);
      const one = Rvrrpd.startWith(r1, first);
      await sole(wire, 7);
      const second = file(lab, 'second', [other, router]);
      const two = Rvrrpd.startWith(r1, second);
      const { code } = await two.running.exited;
      expect(code).toBe(1);
      const told = two.log().map(({ msg }) => msg);
      expect(told).toContain(
        `not started: virtual router 7 on lan is run by another rvrrpd, process ${await one.pid()} with ${first}, ` +
          'in this network namespace: only one of the two can have it',
      );
      await eventually('the first to tell of it', 20_000, () =>
        one.log().find(({ msg }) => msg?.includes('wanted to run virtual router 7 on lan too')),
      );
      expect(await stateOf(one, 7)).toBe('Master');
      // Checking a file starts nothing: whatever runs is no fault of it.
      expect(await invoke(r1, ['--check', '-c', first])).toMatchObject({ code: 0, stderr: '' });
      expect(await invoke(r1, ['--check', '-c', second])).toMatchObject({ code: 0, stderr: '' });
      await one.running.stop('SIGKILL');
      const three = Rvrrpd.startWith(r1, second);
      await three.ready(20_000);
      await eventually('the second to be Master', 20_000, async () => (await stateOf(three, 7)) === 'Master');
    }));

  it.concurrent(`${name}: a reload that wants what another has is refused, its own is not`, () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, network);
      const one = Rvrrpd.startWith(r1, file(lab, 'first', [router]));
      await sole(wire, 7);
      const two = Rvrrpd.startWith(r1, file(lab, 'second', [other]));
      await two.ready(20_000);
      await sole(wire, 8);
      file(lab, 'second', [other, router]);
      const refused = (await two.reload()).at(-1)?.msg ?? '';
      expect(refused).toMatch(
        /^not reloaded: virtual router 7 on lan is run by another rvrrpd, process \d+ with /,
      );
      expect((await two.counters()).routers.map(({ group, state }) => [group, state])).toEqual([
        [8, 'Master'],
      ]);
      file(lab, 'second', [{ ...other, priority: 50 }]);
      expect((await two.reload()).at(-1)?.msg).toMatch(/^reloaded/);
      // What a reload takes out another may have, and the running one keeps the rest.
      file(lab, 'first', [routerOf(flavour, 11)]);
      expect((await one.reload()).at(-1)?.msg).toMatch(/^reloaded/);
      file(lab, 'second', [other, router]);
      expect((await two.reload()).at(-1)?.msg).toMatch(/^reloaded/);
      file(lab, 'first', [router]);
      expect((await one.reload()).at(-1)?.msg).toMatch(/^not reloaded: virtual router 7 on lan is run by/);
    }));

  for (const [iftype, netdrv] of [
    ['macvlan', 'libnl'],
    ['ether', 'libnl'],
    ['ether', 'ioctl'],
  ] as const) {
    if (flavour.family === 6 && netdrv === 'ioctl') continue; // it has no IPv6
    const { own, vip } = LATE[flavour.family];
    const vips = [...flavour.vips(9), vip];

    it.concurrent(`${name}, ${iftype}, ${netdrv}: a late interface has one of the two, the other follows when that is gone`, () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab, network);
        const late = routerOf(flavour, 9, { interface: 'late', vip: vips, iftype, netdrv });
        const daemons = [
          Rvrrpd.startWith(r1, file(lab, 'first', [router, late])),
          Rvrrpd.startWith(r1, file(lab, 'second', [other, late])),
        ];
        for (const daemon of daemons) await daemon.ready(20_000);
        await makeLate(r1, own);
        const states = async () => Promise.all(daemons.map((daemon) => stateOf(daemon, 9)));
        const [a] = await eventually('one Master', 30_000, async () => {
          const now = await states();
          expect(now.filter((state) => state === 'Master' || state === 'Backup').length).toBeLessThan(2);
          return now.includes('Master') ? now : undefined;
        });
        const [master, second] = a === 'Master' ? daemons : [...daemons].reverse();
        await eventually('the other to tell why it is down', 20_000, () =>
          second!
            .log()
            .find(({ msg }) => msg?.startsWith('virtual router 9 on late stays down: another rvrrpd')),
        );
        await eventually('the Master to tell that it is wanted', 20_000, () =>
          master!.log().find(({ msg }) => msg?.includes('wanted to run virtual router 9 on late too')),
        );
        expect(await stateOf(second!, 9)).toBe('Down');
        // What the Master has put into the kernel is not for the other to take.
        const places = () => Promise.all(vips.map((each) => holder(r1, each)));
        const before = await eventually('the addresses', 10_000, async () => {
          const now = await places();
          return !now.includes(undefined) && now;
        });
        await r1.ip('link set peer mtu 1400'); // news for both: they look again
        const end = Date.now() + 3000;
        while (Date.now() < end) expect(await places()).toEqual(before);
        for (const daemon of daemons) {
          const words = daemon.log().map(({ msg }) => msg ?? '');
          expect(words.filter((msg) => /found the|taken away|is ours/.test(msg))).toEqual([]);
        }
        await master!.running.stop('SIGKILL');
        await eventually(
          'the other to be Master',
          30_000,
          async () => (await stateOf(second!, 9)) === 'Master',
        );
      }));
  }
}

describeSystem('two daemons and one virtual router', () => {
  for (const flavour of FLAVOURS) play(flavour);

  it.concurrent(
    'a change through the API that wants what another has is a conflict, and nothing changes',
    withApi(
      async ({ lab, api, r1, text }) => {
        const wanted = FLAVOURS.map((flavour, index) => routerOf(flavour, 7 + index));
        const holding = Rvrrpd.startWith(r1, file(lab, 'other', wanted));
        await holding.ready(20_000);
        const before = text();
        for (const body of wanted) {
          const refused = await api.request('/config/vrouter', { method: 'POST', body });
          expect(refused.status).toBe(409);
          expect(refused.text).toContain(
            `virtual router ${body.group} on lan is run by another rvrrpd, process `,
          );
        }
        expect(text()).toBe(before);
        await holding.running.stop();
        for (const body of wanted) {
          expect((await api.request('/config/vrouter', { method: 'POST', body })).status).toBe(201);
        }
      },
      { network: V3_IPV6.network(7), backup: false },
    ),
  );

  it.concurrent('both versions of it are one between processes, and the two families are not', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, V3_IPV6.network(7));
      const one = Rvrrpd.startWith(r1, file(lab, 'first', [routerOf(V2, 7)]));
      await one.ready(20_000);
      const refused = Rvrrpd.startWith(r1, file(lab, 'second', [routerOf(V3, 7)]));
      expect((await refused.running.exited).code).toBe(1);
      expect(refused.log().at(-1)?.msg).toMatch(
        /^not started: virtual router 7 on lan is run by another rvrrpd/,
      );
      const two = Rvrrpd.startWith(r1, file(lab, 'second', [routerOf(V3_IPV6, 7, { vifname: 'v7-6' })]));
      await two.ready(20_000);
      await Promise.all([V2, V3_IPV6].map((flavour) => wire.soleMaster(7, flavour.r1)));
    }));
});
