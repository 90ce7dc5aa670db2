import { execFile } from 'node:child_process';
import {
  appendFileSync,
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageRoot, packageVersion } from '../core/shared/package-root.ts';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import { buildDeb } from '../scripts/packages/deb.ts';
import { install, uninstall } from '../scripts/packages/install.ts';
import { BareRoot } from './lab/bare-root.ts';
import { cadence } from './lab/cadence.ts';
import { dpkg, otherDeb } from './lab/deb.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { GAP, INTERVAL } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { R1, R2, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// The Debian package, by dpkg, on a machine that has what it depends on and nothing else.

const execFileAsync = promisify(execFile);
const VRID = 9;
/** What no version of rvrrpd will be called. */
const HIGHER = '99.0.0';

/** What its package database says is installed: the package's dependencies, whose files are there by other ways. */
const INSTALLED = { nodejs: process.versions.node, libc6: '2.36', adduser: '3.134' };

const CONFIGURATION = (priority: number) => `
[[vrouter]]
group = ${VRID}
interface = "lan"
vip = "${VIP}"
priority = ${priority}
preemption = true
`;

/** A root with dpkg's database. */
async function debianRoot(folder: string): Promise<BareRoot> {
  const root = await BareRoot.make(folder, ['adduser', 'dpkg-statoverride', 'perl']);
  const entries = Object.entries(INSTALLED).map(
    ([name, version]) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: foreign\nMaintainer: x <x@x>\nVersion: ${version}\nDescription: x\n`,
  );
  root.write('var/lib/dpkg/status', `${entries.join('\n')}\n`);
  for (const name of ['info', 'updates', 'triggers']) {
    mkdirSync(path.join(folder, 'var/lib/dpkg', name), { recursive: true });
  }
  for (const name of Object.keys(INSTALLED)) root.write(`var/lib/dpkg/info/${name}.list`, '');
  // adduser is a program in Perl with much beside it: what it does for a system user, in a shell.
  root.write(
    'usr/sbin/adduser',
    '#!/bin/sh\ngrep -q ^rvrrpd: /etc/passwd && exit 0\necho "rvrrpd:x:101:101::/run/rvrrpd:/usr/sbin/nologin" >>/etc/passwd\necho "rvrrpd:x:101:" >>/etc/group\n',
  );
  return root;
}

describeSystem('make install', () => {
  it(
    'puts everything below DESTDIR, make uninstall takes it away but for what was changed',
    { timeout: 120_000 },
    () =>
      withLab(async (lab) => {
        const below = path.join(lab.folder, 'root');
        const layout = { prefix: '/opt/x', distribution: false };
        const files = () =>
          (readdirSync(below, { recursive: true, withFileTypes: true }) as Dirent[])
            .filter((entry) => !entry.isDirectory())
            .map((entry) => path.join(path.relative(below, entry.parentPath), entry.name));
        expect(await install(below, layout, 'this')).toEqual([]);
        const { stdout } = await execFileAsync(path.join(below, 'opt/x/bin/rvrrpd'), ['--version']);
        expect(stdout).toContain(packageVersion());
        const unit = readFileSync(path.join(below, 'opt/x/lib/systemd/system/rvrrpd.service'), 'utf8');
        expect(unit).toContain('ExecStart=/opt/x/bin/rvrrpd ');
        expect(files()).toContain('opt/x/share/man/man8/rvrrpd.8');
        appendFileSync(path.join(below, 'etc/rvrrpd/rvrrpd.conf'), '# mine\n');
        expect(await install(below, layout, 'this')).toEqual(['/etc/rvrrpd/rvrrpd.conf']);
        expect(uninstall(below, layout)).toEqual(['/etc/rvrrpd/rvrrpd.conf']);
        expect(files()).toEqual(['etc/rvrrpd/rvrrpd.conf']);
      }),
  );

  it('lets everybody read it, whatever the umask', { timeout: 120_000 }, () =>
    withLab(async (lab) => {
      const below = path.join(lab.folder, 'root');
      const command = 'umask 077; exec "$0" scripts/run-ts.mjs scripts/install.ts --destdir="$1"';
      await execFileAsync('sh', ['-c', command, process.execPath, below], { cwd: packageRoot() });
      const closed = (readdirSync(below, { recursive: true }) as string[]).filter((name) => {
        const { mode } = statSync(path.join(below, name));
        return (mode & 0o004) === 0;
      });
      expect(closed).toEqual([]);
    }),
  );
});

describeSystem('the Debian package', () => {
  it('installs, takes over, is upgraded while it runs, goes without a trace', { timeout: 300_000 }, () =>
    withLab(async (lab) => {
      const [root, file] = await Promise.all([
        debianRoot(path.join(lab.folder, 'root')),
        buildDeb(lab.folder, { architecture: 'amd64', addons: 'this', compression: 'gzip' }),
      ]);
      // Says what is wrong while the rest goes on, and is waited for in the end.
      const lint = execFileAsync('lintian', ['--allow-root', '--fail-on', 'error', file]);
      lint.catch(() => {});
      const before = root.contents();
      expect(await dpkg(root, undefined, '-i', file)).not.toMatch(/error|warning/i);
      expect(await root.succeed(['rvrrpd', '--version'])).toContain(packageVersion());
      const conf = path.join(root.folder, 'etc/rvrrpd/rvrrpd.conf');
      expect(statSync(conf).mode & 0o777).toBe(0o640);
      const { r1, r2, wire } = await twoRouters(lab);
      // Nothing runs, and nothing can run yet: there is no virtual router.
      const nothing = await root.run(['rvrrpd', '-m2'], r1);
      expect(nothing.code).toBe(1);
      expect(nothing.stderr).toMatch(/there must be one \[\[vrouter\]\]/);

      writeFileSync(conf, CONFIGURATION(200));
      root.write(
        'etc/rvrrpd/r2.conf',
        `pid = "/run/r2.pid"\nmain_log = "/var/log/r2.log"\n${CONFIGURATION(100)}`,
      );
      await root.succeed(['rvrrpd', '-m2'], r1);
      await root.succeed(['rvrrpd', '-m2', '-c', '/etc/rvrrpd/r2.conf'], r2);
      await wire.soleMaster(VRID, R1);
      const statusOf = async (host: Host, ...words: readonly string[]) =>
        JSON.parse(await root.succeed(['rvrrpd', 'status', '--json', ...words], host)) as DaemonStatus;
      const { pid: backup } = await statusOf(r2, '-c', '/etc/rvrrpd/r2.conf');

      // Another version, while it runs: it takes over, but where the administrator does not want that.
      const begin = Date.now();
      const higher = await otherDeb(file, HIGHER);
      const own = packageVersion();
      expect(await dpkg(root, r1, '-i', higher)).toMatch(`upgraded from ${own} to ${HIGHER} `);
      root.write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
      const said = await dpkg(root, r1, '-i', file);
      expect(said).toMatch('the version before goes on running, as policy-rc.d wants it');
      expect(await statusOf(r1)).toMatchObject({ version: HIGHER, generation: 2 });
      expect(await root.succeed(['rvrrpd', 'upgrade'], r1)).toMatch(`upgraded from ${HIGHER} to ${own} `);
      rmSync(path.join(root.folder, 'usr/sbin/policy-rc.d'));
      expect(await root.succeed(['rvrrpd', 'reload'], r1)).toMatch(/reloaded/);
      const adverts = wire.adverts(VRID, begin - 1500);
      expect(adverts.filter(({ source, priority }) => source !== R1 || priority !== 200)).toEqual([]);
      expect(cadence(adverts, (source) => source === R1).greatest).toBeLessThan(GAP * INTERVAL);
      expect(readFileSync(conf, 'utf8')).toBe(CONFIGURATION(200));

      // Removed while it runs, it hands over.
      await dpkg(root, r1, '-r', 'rvrrpd');
      expect(await r1.ip('-o addr')).not.toContain(VIP);
      await wire.soleMaster(VRID, R2);
      process.kill(backup, 'SIGTERM');
      await eventually('the end of the Master', 20_000, async () => !(await r2.ip('-o addr')).includes(VIP));
      expect(readFileSync(conf, 'utf8')).toBe(CONFIGURATION(200));
      expect(root.contents().filter((name) => name.startsWith('usr/') && !before.includes(name))).toEqual([]);
      // What a daemon in the host's own network keeps over reboots.
      root.write('var/lib/rvrrpd/0123456789abcdef.standby', '{}');
      await dpkg(root, undefined, '-P', 'rvrrpd');
      const left = root
        .contents()
        .filter((name) => !before.includes(name) && !name.startsWith('var/lib/dpkg/'));
      // What an administrator has put beside the configuration is theirs.
      expect(left).toEqual(['etc/rvrrpd', 'etc/rvrrpd/r2.conf', 'var/log/r2.log']);
      expect(existsSync(path.join(root.folder, 'run/rvrrpd'))).toBe(false);
      const complaints = await lint.then(
        ({ stdout }) => stdout,
        ({ stdout, stderr }) => `${stdout}${stderr}`,
      );
      expect(complaints.split('\n').filter((line) => line.startsWith('E:'))).toEqual([]);
      await lint;
    }),
  );
});
