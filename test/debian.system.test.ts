import { execFile } from 'node:child_process';
import {
  appendFileSync,
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageVersion } from '../core/shared/package-root.ts';
import { buildDeb } from '../scripts/packages/deb.ts';
import { install, uninstall } from '../scripts/packages/install.ts';
import { BareRoot } from './lab/bare-root.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { R1, R2, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// The Debian package, by dpkg, on a machine that has what it depends on and nothing else.

const execFileAsync = promisify(execFile);
const VRID = 9;

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

/** Calls this machine's dpkg for another root. @returns what it said @throws Error with that if it fails */
async function dpkg(root: BareRoot, ...words: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await execFileAsync('dpkg', [`--root=${root.folder}`, ...words]);
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`dpkg ${words.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}

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
});

describeSystem('the Debian package', () => {
  it('installs, takes over, keeps a changed configuration, goes without a trace', { timeout: 300_000 }, () =>
    withLab(async (lab) => {
      const [root, file] = await Promise.all([
        debianRoot(path.join(lab.folder, 'root')),
        buildDeb(lab.folder, { architecture: 'amd64', addons: 'this' }),
      ]);
      // Says what is wrong while the rest goes on, and is waited for in the end.
      const lint = execFileAsync('lintian', ['--allow-root', '--fail-on', 'error', file]);
      lint.catch(() => {});
      const before = root.contents();
      expect(await dpkg(root, '-i', file)).not.toMatch(/error|warning/i);
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
      const pidOf = async (host: typeof r1, ...words: readonly string[]) =>
        (JSON.parse(await root.succeed(['rvrrpd', 'status', '--json', ...words], host)) as { pid: number })
          .pid;
      process.kill(await pidOf(r1), 'SIGKILL');
      await wire.soleMaster(VRID, R2);
      process.kill(await pidOf(r2, '-c', '/etc/rvrrpd/r2.conf'), 'SIGTERM');
      await eventually('the end of the Master', 20_000, async () => !(await r2.ip('-o addr')).includes(VIP));

      await dpkg(root, '-r', 'rvrrpd');
      expect(readFileSync(conf, 'utf8')).toBe(CONFIGURATION(200));
      expect(root.contents().filter((name) => name.startsWith('usr/') && !before.includes(name))).toEqual([]);
      await dpkg(root, '-P', 'rvrrpd');
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
