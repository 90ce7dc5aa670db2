import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { apiTable } from './lab/api-stage.ts';
import { HttpClient } from './lab/http.ts';
import { invoke } from './lab/invocation.ts';
import { withLab } from './lab/lab.ts';
import { expectUndisturbed, INTERVAL, verdict, vip } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { R1, R2, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// One configuration, of several files, serves both routers: what differs is in tables of the hosts.

const MAIN = `include = ["conf.d/*.toml"]
working_dir = { env = "LAB" }

[[vrouter]]
group = 1
interface = "lan"
vip = "${vip(1)}"
preemption = true

[host.r1]
priority = 200

[host.R2]
priority = 100

[[host.r2.vrouter]]
group = 2 # r2's own
priority = 201
`;

const included = (group: number): string => `# group ${group}
[[vrouter]]
group = ${group}
interface = "lan"
vip = "${vip(group)}"
preemption = { file = "preemption" }
`;

/** Waits until each of these VRIDs is advertised by this router alone. */
async function masters(wire: Wire, expected: Readonly<Record<number, string>>): Promise<void> {
  await eventually('the Masters', 20_000, () => {
    const recent = wire.adverts(undefined, Date.now() - 2500);
    return Object.entries(expected).every(([vrid, address]) => {
      const its = recent.filter((advert) => advert.vrid === Number(vrid));
      return its.length >= 2 && its.every(({ source }) => source === address);
    });
  });
}

describeSystem('one configuration for two hosts', () => {
  it('each has its own values; changes, files that come and go, and mistakes find their place', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab);
      const folder = path.join(lab.folder, 'one');
      mkdirSync(path.join(folder, 'conf.d'), { recursive: true });
      const at = (name: string): string => path.join(folder, name);
      const put = (name: string, text: string): void => writeFileSync(at(name), text);
      const read = (name: string): string => readFileSync(at(name), 'utf8');
      put('rvrrpd.toml', MAIN.replace('[host.R2]', `${apiTable()}\n[host.R2]`));
      put('conf.d/2.toml', included(2));
      put('conf.d/preemption', 'true\n');
      const start = (host: typeof r1, hostname: string): Rvrrpd =>
        Rvrrpd.startWith(host, at('rvrrpd.toml'), { hostname, env: { LAB: lab.folder } });
      const [one, two] = [start(r1, 'r1'), start(r2, 'r2.example.org')];
      await masters(wire, { 1: R1, 2: R2 });

      // Through the API of r1, in the file that both have.
      const api = new HttpClient(r1, 'http://127.0.0.1:7080');
      await api.logIn('admin', 'banana');
      const patch = (group: number, body: unknown) =>
        api.request(`/config/vrouter/${group}/lan`, { method: 'PATCH', body });
      const before = read('rvrrpd.toml');
      const shared = await patch(1, { priority: 199 });
      expect([shared.status, shared.text]).toEqual([422, expect.stringContaining('host.r1.priority')]);
      expect((await patch(2, { timers: { advert: 1 } })).status).toBe(200);
      expect(read('conf.d/2.toml')).toBe(`${included(2)}timers = { advert = 1 }\n`);
      expect(read('rvrrpd.toml')).toBe(before);
      expect((await patch(2, { preemption: false })).status).toBe(422);
      const shown = await api.request('/config/vrouter/2/lan');
      expect(shown.json).toMatchObject({ group: 2, priority: 200, preemption: true });

      // Edited by hand, and not loaded.
      put('conf.d/2.toml', `${read('conf.d/2.toml')}# mine\n`);
      expect((await patch(1, { accept: true })).status).toBe(409);

      // A file that comes, one that is wrong, one that goes.
      put('conf.d/3.toml', included(3));
      const since = Date.now();
      for (const daemon of [one, two]) expect(verdict(await daemon.reload())).toMatch(/^reloaded: /);
      await masters(wire, { 1: R1, 2: R2, 3: R1 });
      put('conf.d/3.toml', `${included(3)}\npriorty = 7\n`);
      expect(verdict(await one.reload())).toMatch(/^not reloaded: /);
      expect(one.running.output).toContain(`${at('conf.d/3.toml')}:8: vrouter[2].priorty: unknown directive`);
      rmSync(at('conf.d/3.toml'));
      for (const daemon of [one, two]) expect(verdict(await daemon.reload())).toMatch(/^reloaded: /);
      await sleep(1.3 * INTERVAL);
      expectUndisturbed(wire, since - 1200, [1]);

      const { code, stderr } = await invoke(r1, ['--check', '-c', at('rvrrpd.toml')]);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('{ env = "LAB" }: the environment variable is not'),
      ]);
    }));
});
