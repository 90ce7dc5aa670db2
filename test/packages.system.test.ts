import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot, packageVersion } from '../core/shared/package-root.ts';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import { npmPack } from '../scripts/packages/npm.ts';
import { packAll } from '../scripts/packages/pack.ts';
import { publishAll } from '../scripts/packages/publish.ts';
import { API_ADDRESS } from './lab/api-stage.ts';
import { BareRoot } from './lab/bare-root.ts';
import { cadence } from './lab/cadence.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { Registry } from './lab/registry.ts';
import { GAP, INTERVAL } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { R1, R2, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// The packages from a real registry, on a machine that has Node.js and npm and nothing to build with.

const THIRD_PARTY = 'rvrrpd-plugin-auth-example';
const VRID = 7;
/** What a package of this repository will never be called. */
const HIGHER = '99.0.0';

/** The file for a router, by its host's name. */
function configuration({ name }: Host, priority: number, netdrv = 'ioctl'): string {
  const base = `/tmp/${name}`;
  return `
pid = "${base}.pid"
working_dir = "/tmp"
main_log = "${base}.log"
error_log = "${base}-error.log"

[[vrouter]]
group = ${VRID}
interface = "lan"
vip = "${VIP}"
priority = ${priority}
preemption = true
netdrv = "${netdrv}"
iftype = "${netdrv === 'libnl' ? 'macvlan' : 'ether'}"
auth_type = "example-hmac-sha512"
auth_secret = "open sesame"

[plugins]
"${THIRD_PARTY}" = "*"

[api]
host = "${API_ADDRESS}"
`;
}

describeSystem('the npm packages', () => {
  it('install without a compiler, take over, upgrade, and leave nothing behind', { timeout: 300_000 }, () =>
    withLab(async (lab) => {
      const tarballs = path.join(lab.folder, 'tarballs');
      const registry = await Registry.start(path.join(lab.folder, 'registry'));
      try {
        mkdirSync(tarballs);
        const [root, packages, higher, [third]] = await Promise.all([
          BareRoot.make(path.join(lab.folder, 'root')),
          packAll(path.join(tarballs, 'now'), { addons: 'this' }),
          packAll(path.join(tarballs, 'higher'), { addons: 'this', folders: [''], version: HIGHER }),
          npmPack([path.join(packageRoot(), 'templates/plugin-auth')], tarballs),
        ]);
        await root.addNpm();
        const publish = async (list: Parameters<typeof publishAll>[0]) => {
          const lines: string[] = [];
          const where = { registry: registry.url, token: 'anybody' };
          for await (const line of publishAll(list, where)) lines.push(line);
          return lines;
        };
        // A run that broke off is repeated, and goes on.
        const last = { ...third!, file: path.join(tarballs, third!.filename) };
        await Promise.all(packages.slice(0, -1).map((each) => registry.keep(each)));
        expect(await publish([...packages.slice(-2), last])).toEqual([
          `${packages.at(-2)!.name}@${packages.at(-2)!.version} is there already`,
          `rvrrpd@${packageVersion()} is published`,
          `${THIRD_PARTY}@${last.version} is published`,
        ]);

        for (const command of ['cc', 'g++', 'make', 'python3']) {
          expect((await root.run([command, '--version'])).code).not.toBe(0);
        }
        const npm = (...words: readonly string[]) =>
          root.succeed(['npm', ...words, '--registry', registry.url, '--no-audit', '--no-fund']);
        const before = root.contents();
        await npm('install', '-g', 'rvrrpd', THIRD_PARTY);
        expect(await root.succeed(['rvrrpd', '--version'])).toContain(packageVersion());
        expect((await root.run(['rvrrpd-pw', '--help'])).stderr).toBe('');

        const { r1, r2, wire } = await twoRouters(lab);
        // What the README shows first under "Install", as it stands there but for interface and address.
        const readme = readFileSync(path.join(packageRoot(), 'README.md'), 'utf8');
        const [, block] = /^## Install$[^`]*?(?:`[^`\n]+`[^`]*?)*^```\n([\s\S]*?)^```$/m.exec(readme)!;
        const [first, ...commands] = block!.trim().split('\n');
        expect([first, commands.length]).toEqual(['npm install -g rvrrpd', 2]);
        for (const command of commands) {
          const line = command.replaceAll('eth0', 'lan').replaceAll('10.100.100.1', VIP);
          await root.succeed(['sh', '-c', line], r1);
        }
        await wire.soleMaster(1, R1);
        const { pid: master } = JSON.parse(await root.succeed(['rvrrpd', 'status', '--json'], r1)) as {
          pid: number;
        };
        process.kill(master, 'SIGTERM');
        await eventually('its end', 20_000, async () => !(await r1.ip('-o addr')).includes(VIP));

        const daemon = (host: Host) => ({
          file: `/etc/rvrrpd/${host.name}.toml`,
          call: (...words: readonly string[]) =>
            root.succeed(['rvrrpd', ...words, '-c', `/etc/rvrrpd/${host.name}.toml`], host),
        });
        const [one, two] = [daemon(r1), daemon(r2)];
        // Without the libraries of libnl the driver says which packages it wants, and nothing else is harmed.
        root.write(one.file, configuration(r1, 200, 'libnl'));
        const refused = await root.run(['rvrrpd', '-m2', '-c', one.file], r1);
        expect(refused.code).toBe(1);
        expect(refused.stderr).toMatch(
          /needs libnl-(?:route-)?3\.so\.200, .* Debian packages libnl-3-200 and libnl-route-3-200/,
        );

        root.write(one.file, configuration(r1, 200));
        root.write(two.file, configuration(r2, 100));
        await one.call('-m2');
        await two.call('-m2');
        await wire.soleMaster(VRID, R1);
        const health = await r1.run(
          'curl',
          '-sS',
          '--retry',
          '20',
          '--retry-all-errors',
          `http://${API_ADDRESS}/healthz`,
        );
        expect(JSON.parse(health)).toMatchObject({ status: 'ok' });
        expect(wire.adverts(VRID).every(({ authType }) => authType === 230)).toBe(true);
        expect(await one.call('reload')).toMatch(/reloaded/);
        const statusOf = async (which: typeof one) =>
          JSON.parse(await which.call('status', '--json')) as DaemonStatus;
        process.kill((await statusOf(one)).pid, 'SIGKILL');
        await wire.soleMaster(VRID, R2);
        await one.call('-m2');
        await wire.soleMaster(VRID, R1);

        // Another version is installed, and takes over: nobody on the network notices.
        await Promise.all(higher.map((each) => registry.keep(each)));
        const begin = Date.now();
        await npm('install', '-g', `rvrrpd@${HIGHER}`);
        expect(await root.succeed(['rvrrpd', '--version'])).toContain(HIGHER);
        for (const each of [two, one]) {
          expect((await statusOf(each)).version).toBe(packageVersion());
          expect(await each.call('upgrade')).toMatch(`upgraded from ${packageVersion()} to ${HIGHER} `);
          const { version, routers } = await statusOf(each);
          expect([version, routers[0]!.state]).toEqual([HIGHER, each === one ? 'Master' : 'Backup']);
        }
        const adverts = wire.adverts(VRID, begin - 1500);
        expect(adverts.filter(({ source, priority }) => source !== R1 || priority !== 200)).toEqual([]);
        expect(cadence(adverts, (source) => source === R1).greatest).toBeLessThan(GAP * INTERVAL);

        const ending = await Promise.all([one, two].map(statusOf));
        for (const { pid } of ending) process.kill(pid, 'SIGTERM');
        for (const host of [r1, r2]) {
          await eventually(
            'the end of the daemons',
            20_000,
            async () => (await host.ip('-o addr')).indexOf(VIP) < 0,
          );
        }
        await npm('uninstall', '-g', 'rvrrpd', THIRD_PARTY);
        // What the operator has written, and what the daemon has logged for them, stays.
        expect(root.contents().filter((name) => !/^(?:etc\/rvrrpd|var\/log\/)/.test(name))).toEqual(before);
      } finally {
        await registry.stop();
      }
    }),
  );
});
