import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { PluginListing, ReloadOutcome } from '../core/plugin/contracts/index.ts';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import type { Host } from './lab/host.ts';
import { invoke } from './lab/invocation.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { executable, Rvrrpd, rvrrpdConfiguration } from './lab/rvrrpd.ts';
import { ALL_FAMILIES, addressOf, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { type TwoRouters, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

const COUNT = SORTS.length;

/** A configuration file of this lab. */
function write(lab: Lab, priority = 100, tables = ''): string {
  const file = path.join(lab.folder, 'x.toml');
  const configuration = rvrrpdConfiguration(path.join(lab.folder, 'x'), oneOfEachSort({ priority }));
  writeFileSync(file, `${configuration}${tables}`);
  return file;
}

/** A Master of each sort on r1. */
async function master(lab: Lab): Promise<TwoRouters & { daemon: Rvrrpd; file: string }> {
  const network = await twoRouters(lab, ALL_FAMILIES);
  const file = write(lab);
  const daemon = Rvrrpd.startWith(network.r1, file);
  await allSortsMaster(network.wire);
  return { ...network, daemon, file };
}

async function status(host: Host, file: string): Promise<DaemonStatus> {
  const { code, stdout, stderr } = await invoke(host, ['status', '-c', file, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as DaemonStatus;
}

/** All are Master, with this priority. */
function expectMasters({ routers }: DaemonStatus, priority: number): void {
  expect(routers).toHaveLength(COUNT);
  for (const router of routers) expect(router).toMatchObject({ state: 'Master', priority });
}

/**
 * The control socket that a daemon listens on. Not by the names of files alone: a daemon that was killed has left
 * one, and the inode number of its namespace is used again.
 */
function controlSocket({ running: { pid } }: Rvrrpd): string {
  const listening =
    readFileSync(`/proc/${pid}/net/unix`, 'latin1').match(/\/run\/rvrrpd\/\S+\.sock$/gm) ?? [];
  expect(new Set(listening).size).toBe(1);
  return listening[0]!;
}

describeConcurrent('the control socket', () => {
  it.concurrent('status tells what the daemon does, for people and for programs', () =>
    withLab(async (lab) => {
      const { r1, daemon, file } = await master(lab);
      const told = await status(r1, file);
      expect(told).toMatchObject({
        pid: daemon.running.pid,
        configuration: file,
        generation: 1,
        lastReload: null,
      });
      expect(told.routers).toHaveLength(COUNT);
      const text = await invoke(r1, ['status', '-c', file]);
      expect(text).toMatchObject({ code: 0, stderr: '' });
      for (const [index, sorted] of SORTS.entries()) {
        const { vrid, flavour } = sorted;
        const { version, family } = flavour;
        const addresses = [...flavour.vips(vrid), addressOf(sorted)];
        const router = told.routers[index]!;
        expect(router).toMatchObject({
          ...{ interface: 'lan', group: vrid, version, family, state: 'Master', priority: 100, addresses },
        });
        expect(router.counters.sent).toBeGreaterThan(0);
        expect(Date.parse(told.since)).toBeLessThanOrEqual(Date.parse(router.since!));
        const protocol = `v${version} IPv${family}${version === 3 && family === 4 ? ' rfc9568' : ''}`;
        const line = `^lan +${vrid} +Master +100 +${protocol} +1 s +20\\S+ \\S+ \\S+ +${addresses.join(' ')}$`;
        expect(text.stdout).toMatch(new RegExp(line, 'm'));
      }
      expect(statSync(controlSocket(daemon)).mode & 0o777).toBe(0o600);
      await daemon.stop();
    }));

  it.concurrent('status has an exit code for each way to fail', () =>
    withLab(async (lab) => {
      const { r1, r2, daemon, file } = await master(lab);
      // Another network namespace has daemons of its own.
      expect(await invoke(r2, ['status', '-c', file])).toMatchObject({ code: 3, stdout: '' });
      const missing = await invoke(r1, ['status', '-c', `${file}x`]);
      expect(missing).toMatchObject({ code: 1, stderr: `rvrrpd: ${file}x: there is no such file\n` });
      expect((await invoke(r1, ['status', '--check'])).code).toBe(2);
      const nobody = r1.start('setpriv', [
        ...['--reuid=65534', '--regid=65534', '--clear-groups'],
        ...['--inh-caps=-all', process.execPath, executable(), 'reload', '-c', '/etc/hostname'],
      ]);
      expect((await nobody.exited).code).toBe(1);
      expect(nobody.stderr).toMatch(/root|permission/);
      expect((await status(r1, file)).lastReload).toBeNull();
      await daemon.stop();
      expect(await invoke(r1, ['status', '-c', file])).toMatchObject({ code: 3, stdout: '' });
      expect((await invoke(r1, ['reload', '-c', file])).stderr).toBe(
        `rvrrpd: rvrrpd is not running ${file} in this network namespace\n`,
      );
      // A daemon that was killed leaves its socket, which is nobody's then, and the next one's later.
      const killed = Rvrrpd.startWith(r1, file);
      await killed.ready();
      await killed.kill();
      expect((await invoke(r1, ['status', '-c', file])).code).toBe(3);
      const next = Rvrrpd.startWith(r1, file);
      await next.ready();
      expect((await status(r1, file)).pid).toBe(next.running.pid);
      const second = await invoke(r1, ['-m1', '-c', file]);
      expect(second.code).toBe(1);
      expect(second.stdout).toContain(`another rvrrpd, process ${next.running.pid}, already runs ${file}`);
      await next.stop();
    }));

  it.concurrent('reload waits for the outcome and tells it; a failure changes nothing', () =>
    withLab(async (lab) => {
      const { r1, wire, file, daemon } = await master(lab);
      write(lab, 150);
      const done = await invoke(r1, ['reload', '-c', file]);
      expect(done).toMatchObject({ code: 0, stdout: 'reloaded\n' });
      // Of IPv6, which driver is used, and which link-local address.
      expect(done.stderr).toMatch(/^notice: .*\nnotice: .*\n$/);
      let told = await status(r1, file);
      expect(told).toMatchObject({ generation: 2, lastReload: { ok: true } });
      expect(told.lastReload?.issues.join('\n')).toBe(done.stderr.trimEnd());
      expectMasters(told, 150);

      write(lab, 300);
      const refused = await invoke(r1, ['reload', '-c', file]);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^error: \S+x\.toml:11: .*priority.*300/m);
      expect(refused.stderr).toMatch(
        /not reloaded: the configuration has errors; everything runs on as before$/m,
      );
      const json = await invoke(r1, ['reload', '-c', file, '--json']);
      expect(json.code).toBe(1);
      const outcome = JSON.parse(json.stdout) as ReloadOutcome;
      expect(outcome).toMatchObject({ ok: false, error: 'the configuration has errors' });
      expect(outcome.issues[0]).toMatch(/x\.toml:11/);
      told = await status(r1, file);
      expect(told).toMatchObject({ generation: 2, lastReload: outcome });
      expectMasters(told, 150);
      expect((await invoke(r1, ['status', '-c', file])).stdout).toMatch(/last reload .*failed: .*x\.toml:11/);

      // However many ask at once, each gets an answer that came after its question.
      write(lab, 160);
      const all = await Promise.all(Array.from({ length: 5 }, () => invoke(r1, ['reload', '-c', file])));
      expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
      expectMasters(await status(r1, file), 160);
      await daemon.stop();
      for (const { vrid, flavour } of SORTS)
        expect(new Set(wire.adverts(vrid).map(({ source }) => source))).toEqual(new Set([flavour.r1]));
    }));

  it.concurrent('clients that are stuck, rude or too many do not matter to the routers', ({
    onTestFinished,
  }) =>
    withLab(async (lab) => {
      const { r1, file, daemon } = await master(lab);
      const stuck = new Set<Socket>();
      let over = false;
      // Unix sockets with a path know no network namespaces.
      const pester = (text: string, reads: boolean): void => {
        const socket = connect(controlSocket(daemon));
        stuck.add(socket);
        socket.on('error', () => {});
        // Who is dismissed, or turned away, comes again.
        socket.on('close', () => {
          stuck.delete(socket);
          if (!over) setTimeout(() => !over && pester(text, reads), 10);
        });
        socket.write(text);
        if (reads) socket.resume();
        else socket.pause();
      };
      const goAway = (): void => {
        over = true;
        for (const socket of stuck) socket.destroy();
      };
      onTestFinished(goAway);
      for (let i = 0; i < 8; i++) pester('{"command":"status"}\n'.repeat(50), false);
      for (let i = 0; i < 24; i++) pester('{"command":', true); // half a request
      await eventually('being turned away', 20_000, async () => {
        const { code, stderr } = await invoke(r1, ['status', '-c', file]);
        expect(code, 'it was ended by a signal').not.toBeNull();
        return code === 1 && /too many requests/.test(stderr);
      });
      process.kill(daemon.running.pid, 'SIGHUP');
      await daemon.running.waitForOutput(new RegExp(`"reloaded: ${COUNT} Master"`));
      goAway();
      await eventually(
        'an answer',
        20_000,
        async () => (await invoke(r1, ['status', '-c', file])).code === 0,
      );
      for (const { counters } of (await status(r1, file)).routers) expect(counters.becameMaster).toBe(1);
      expect((await daemon.stop()).code).toBe(0);
    }));

  it.concurrent('plugins: with a daemon what it has, without what it would have', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const file = write(lab);
      const list = async (code = 0) => {
        const told = await invoke(r1, ['plugins', '-c', file, '--json']);
        expect(told.code).toBe(code);
        const { running, plugins } = JSON.parse(told.stdout) as {
          running: boolean;
          plugins: PluginListing[];
        };
        const used = (kind: string) => plugins.filter((each) => each.kind === kind && each.inUse).length;
        return {
          running,
          plugins,
          used: [used('netdrv'), used('iftype'), used('auth')],
          stderr: told.stderr,
        };
      };
      const before = await list();
      // IPv6 needs another driver than the default one.
      expect(before).toMatchObject({ running: false, used: [2, 1, 0] });
      expect(before.plugins.every(({ origin }) => origin === 'built-in')).toBe(true);
      const daemon = Rvrrpd.startWith(r1, file);
      await daemon.ready();
      const during = await list();
      expect(during).toMatchObject({ running: true, used: [2, 1, 0], stderr: '' });
      expect(during.plugins).toEqual(before.plugins);
      const text = await invoke(r1, ['plugins', '-c', file]);
      expect(text).toMatchObject({ code: 0, stderr: '' });
      expect(text.stdout.split('\n')).toHaveLength(during.plugins.length + 2);
      await daemon.stop();
      write(lab, 100, '\n[plugins]\nrvrrpd-plugin-none = "*"\n');
      const broken = await list(1);
      expect(broken.plugins).toEqual(before.plugins);
      expect(broken.stderr).toMatch(/rvrrpd-plugin-none.*is not installed/);
    }));
});

/** Prints each datagram that arrives as one line of JSON. Argument: the address, `@` for an abstract one. */
const RECEIVER = `
import json, socket, sys
address = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + address[1:] if address.startswith('@') else address)
print('"bound"', flush=True)
while True: print(json.dumps(s.recv(65536).decode()), flush=True)
`;

describeConcurrent('the service manager', () => {
  it.concurrent.each(['path', 'abstract'])('is told of start, reload, failure and end: %s', (kind) =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const file = write(lab);
      const address =
        kind === 'path' ? path.join(lab.folder, 'notify') : `@${path.basename(lab.folder)}-notify`;
      const receiver = r1.start('python3', ['-c', RECEIVER, address]);
      await receiver.waitForOutput(/"bound"/);
      const daemon = r1.start(process.execPath, [executable(), '-m1', '-c', file], {
        env: { NOTIFY_SOCKET: address },
      });
      const heard = (): string[] => {
        const lines = receiver.stdout.split('\n').slice(1, -1);
        // A change of STATUS alone may come in between at any time.
        return lines
          .map((line) => JSON.parse(line) as string)
          .filter((message) => !message.startsWith('STATUS='));
      };
      const next = (count: number) => eventually(`${count} messages`, 10_000, () => heard()[count - 1]);
      expect(await next(1)).toBe(`READY=1\nSTATUS=${COUNT} Backup\n`);

      const before = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;
      daemon.signal('SIGHUP');
      const [, microseconds] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=/.exec(await next(2)) ?? [];
      // CLOCK_MONOTONIC, as systemd has it; the up time is read with 10 ms resolution.
      expect(Math.abs(Number(microseconds) - before)).toBeLessThan(2e6);
      expect(await next(3)).toMatch(new RegExp(`^READY=1\nSTATUS=${COUNT} (Backup|Master)\n$`));

      write(lab, 300);
      daemon.signal('SIGHUP');
      expect(await next(4)).toMatch(/^RELOADING=1\n/);
      expect(await next(5)).toMatch(
        new RegExp(`^READY=1\nSTATUS=reload failed: .*x\\.toml:11.*; ${COUNT} (Backup|Master)\n$`),
      );

      daemon.signal('SIGTERM');
      expect(await next(6)).toMatch(/^STOPPING=1\n/);
      expect((await daemon.exited).code).toBe(0);
      expect(heard()).toHaveLength(6);
    }),
  );
});
