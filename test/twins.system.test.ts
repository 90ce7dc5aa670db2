import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { withApi } from './lab/api-stage.ts';
import type { Host } from './lab/host.ts';
import { invoke } from './lab/invocation.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, rvrrpdConfiguration, type VrouterTable } from './lab/rvrrpd.ts';
import { holder } from './lab/snapshot.ts';
import { R1, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// Two daemons with files of their own in one network namespace, and one virtual router in both files.

const ROUTER: VrouterTable = {
  group: 7,
  interface: 'lan',
  vip: VIP,
  netdrv: 'libnl',
  iftype: 'macvlan',
  vifname: 'v7',
};
const OTHER: VrouterTable = {
  group: 8,
  interface: 'lan',
  vip: '10.0.0.8',
  netdrv: 'libnl',
  iftype: 'macvlan',
  vifname: 'v8',
};
const LATE: VrouterTable = {
  group: 9,
  interface: 'late',
  vip: '10.9.9.9',
  netdrv: 'libnl',
  iftype: 'macvlan',
  vifname: 'v9',
};

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
async function makeLate(host: Host): Promise<void> {
  await host.ip('link add late type veth peer name peer');
  await host.ip('address add 10.9.9.1/24 dev late');
  await host.ip('link set peer up');
  await host.ip('link set late up');
}

describeSystem('two daemons and one virtual router', () => {
  it.concurrent('the second does not start, says who has it, and can after the first was killed', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const first = file(lab, 'first', [ROUTER]);
      const one = Rvrrpd.startWith(r1, first);
      await wire.soleMaster(7, R1);
      const second = file(lab, 'second', [OTHER, ROUTER]);
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
      await three.ready();
      await eventually('the second to be Master', 20_000, async () => (await stateOf(three, 7)) === 'Master');
    }));

  it.concurrent('a reload that wants what another has is refused, its own is not', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const one = Rvrrpd.startWith(r1, file(lab, 'first', [ROUTER]));
      await wire.soleMaster(7, R1);
      const two = Rvrrpd.startWith(r1, file(lab, 'second', [OTHER]));
      await two.ready();
      await wire.soleMaster(8, R1);
      file(lab, 'second', [OTHER, ROUTER]);
      const refused = (await two.reload()).at(-1)?.msg ?? '';
      expect(refused).toMatch(
        /^not reloaded: virtual router 7 on lan is run by another rvrrpd, process \d+ with /,
      );
      expect((await two.counters()).routers.map(({ group, state }) => [group, state])).toEqual([
        [8, 'Master'],
      ]);
      file(lab, 'second', [{ ...OTHER, priority: 50 }]);
      expect((await two.reload()).at(-1)?.msg).toMatch(/^reloaded/);
      // What a reload takes out another may have, and the running one keeps the rest.
      file(lab, 'first', [{ ...ROUTER, group: 11 }]);
      expect((await one.reload()).at(-1)?.msg).toMatch(/^reloaded/);
      file(lab, 'second', [OTHER, ROUTER]);
      expect((await two.reload()).at(-1)?.msg).toMatch(/^reloaded/);
      file(lab, 'first', [ROUTER]);
      expect((await one.reload()).at(-1)?.msg).toMatch(/^not reloaded: virtual router 7 on lan is run by/);
    }));

  it.concurrent.each([
    ['macvlan', 'libnl'],
    ['ether', 'libnl'],
    ['ether', 'ioctl'],
  ])('%s, %s: a late interface has one of the two, the other follows when that is gone', (iftype, netdrv) =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const late = { ...LATE, iftype, netdrv };
      const daemons = [
        Rvrrpd.startWith(r1, file(lab, 'first', [ROUTER, late])),
        Rvrrpd.startWith(r1, file(lab, 'second', [OTHER, late])),
      ];
      for (const daemon of daemons) await daemon.ready();
      await makeLate(r1);
      const states = async () => Promise.all(daemons.map((daemon) => stateOf(daemon, 9)));
      const [a] = await eventually('one Master', 30_000, async () => {
        const now = await states();
        expect(now.filter((state) => state === 'Master' || state === 'Backup').length).toBeLessThan(2);
        return now.includes('Master') ? now : undefined;
      });
      const [master, other] = a === 'Master' ? daemons : [...daemons].reverse();
      await eventually('the other to tell why it is down', 20_000, () =>
        other!
          .log()
          .find(({ msg }) => msg?.startsWith('virtual router 9 on late stays down: another rvrrpd')),
      );
      await eventually('the Master to tell that it is wanted', 20_000, () =>
        master!.log().find(({ msg }) => msg?.includes('wanted to run virtual router 9 on late too')),
      );
      expect(await stateOf(other!, 9)).toBe('Down');
      // What the Master has put into the kernel is not for the other to take.
      const place = await eventually('the address', 10_000, () => holder(r1, LATE.vip as string));
      await r1.ip('link set peer mtu 1400'); // news for both: they look again
      const end = Date.now() + 3000;
      while (Date.now() < end) expect(await holder(r1, LATE.vip as string)).toBe(place);
      for (const daemon of daemons) {
        const words = daemon.log().map(({ msg }) => msg ?? '');
        expect(words.filter((msg) => /found the|taken away|is ours/.test(msg))).toEqual([]);
      }
      await master!.running.stop('SIGKILL');
      await eventually('the other to be Master', 30_000, async () => (await stateOf(other!, 9)) === 'Master');
    }),
  );

  it.concurrent(
    'a change through the API that wants what another has is a conflict, and nothing changes',
    withApi(async ({ lab, api, r1, text }) => {
      const other = Rvrrpd.startWith(r1, file(lab, 'other', [ROUTER]));
      await other.ready();
      const before = text();
      const refused = await api.request('/config/vrouter', { method: 'POST', body: ROUTER });
      expect(refused.status).toBe(409);
      expect(refused.text).toContain('virtual router 7 on lan is run by another rvrrpd, process ');
      expect(text()).toBe(before);
      await other.running.stop();
      const accepted = await api.request('/config/vrouter', { method: 'POST', body: ROUTER });
      expect(accepted.status).toBe(201);
    }),
  );
});
