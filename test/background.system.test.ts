import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { type Invocation, invoke } from './lab/invocation.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, rvrrpdConfiguration } from './lab/rvrrpd.ts';
import { snapshot } from './lab/snapshot.ts';
import { ALL_FAMILIES, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

const COUNT = SORTS.length;

/** A configuration whose files are relative to `working_dir`, the lab's folder. @returns its path */
function write(lab: Lab, directives: Readonly<Record<string, unknown>> = {}, priority = 100): string {
  const file = path.join(lab.folder, 'x.toml');
  const own = { pid: 'x.pid', main_log: 'x.log', error_log: 'x-error.log', ...directives };
  writeFileSync(file, rvrrpdConfiguration(path.join(lab.folder, 'x'), oneOfEachSort({ priority }), 0, own));
  return file;
}

/** What the lab's folder has under this name; empty if there is no such file. */
function content(lab: Lab, name: string): string {
  const file = path.join(lab.folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function pidOf(lab: Lab): number {
  return Number(content(lab, 'x.pid'));
}

function start(host: Host, file: string): Promise<Invocation> {
  return invoke(host, ['-m2', '-c', file]);
}

const STARTED: Invocation = { code: 0, stdout: '', stderr: '' };

/** Its entry in /proc is there, and it is not a zombie. */
function runs(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`) && !/^State:\sZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  await eventually('the end of the daemon', 5000, () => !runs(pid), 10);
}

describeSystem('rvrrpd -m2', () => {
  it.concurrent('returns when the routers run; reloads on SIGHUP, stops on SIGTERM', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      const file = write(lab);
      expect(await start(r1, file)).toEqual(STARTED);
      const pid = pidOf(lab);
      // The log is written behind the daemon's back, so that a slow disk holds up nothing.
      const running = new RegExp(`running \\S+x\\.toml: ${COUNT} Backup`);
      await eventually('the log', 5000, () => running.test(content(lab, 'x.log')), 10);
      expect(content(lab, 'x.pid')).toMatch(/^[1-9]\d*\n$/);
      for (const name of ['x.pid', 'x.log', 'x-error.log']) {
        expect(statSync(path.join(lab.folder, name)).mode & 0o777).toBe(0o640);
      }
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(lab.folder);
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Umask:\s+0027$/m);
      // Field 6 of stat: its session is its own, so no terminal's signal reaches it.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      expect(Number(stat[3])).toBe(pid);
      expect(readlinkSync(`/proc/${pid}/fd/0`)).toBe('/dev/null');
      expect(readlinkSync(`/proc/${pid}/fd/1`)).toBe('/dev/null');
      expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(path.join(lab.folder, 'x-error.log'));

      await allSortsMaster(wire);
      write(lab, {}, 150);
      process.kill(pid, 'SIGHUP');
      for (const { vrid } of SORTS)
        await eventually('the new priority', 5000, () => wire.adverts(vrid).at(-1)?.priority === 150);
      const reloaded = `"reloaded: ${COUNT} Master"`;
      await eventually('the log', 5000, () => content(lab, 'x.log').includes(reloaded));
      await stop(pid);
      expect(existsSync(path.join(lab.folder, 'x.pid'))).toBe(false);
      expect(content(lab, 'x.log')).toMatch(/"stopped"/);
      expect(content(lab, 'x-error.log')).toBe('');
      for (const { vrid } of SORTS) expect(wire.adverts(vrid).at(-1)).toMatchObject({ priority: 0 });
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent('a second start says who runs, a dead one is no obstacle', () =>
    withLab(async (lab) => {
      const { r1, r2 } = await twoRouters(lab, ALL_FAMILIES);
      const file = write(lab);
      expect(await start(r1, file)).toEqual(STARTED);
      const pid = pidOf(lab);
      for (const host of [r1, r2]) {
        const second = await start(host, file);
        expect(second).toMatchObject({ code: 1, stdout: '' });
        expect(second.stderr).toContain(
          `${path.join(lab.folder, 'x.pid')}: rvrrpd, process ${pid}, already runs`,
        );
      }
      expect(runs(pid)).toBe(true);
      expect(pidOf(lab)).toBe(pid);
      process.kill(pid, 'SIGKILL');
      await eventually('its end', 5000, () => !runs(pid), 10);
      expect(pidOf(lab)).toBe(pid);
      expect(await start(r1, file)).toEqual(STARTED);
      expect(pidOf(lab)).not.toBe(pid);
      // The same configuration in the foreground, and with another PID file.
      const foreground = await invoke(r1, ['-m1', '-c', file]);
      expect(foreground.code).toBe(1);
      expect(foreground.stdout).toContain(`process ${pidOf(lab)},`);
      const holder = pidOf(lab);
      write(lab, { pid: 'y.pid' });
      const other = await start(r1, file);
      expect(other).toMatchObject({ code: 1, stdout: '' });
      expect(other.stderr).toContain(`not started: another rvrrpd, process ${holder}, already runs ${file}`);
      expect(existsSync(path.join(lab.folder, 'y.pid'))).toBe(false);
      await stop(holder);
    }));

  it.concurrent('a start that fails says why, and leaves nothing', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      writeFileSync(path.join(lab.folder, 'precious'), 'not a PID\n');
      const cases: [Readonly<Record<string, unknown>>, number, RegExp][] = [
        [{}, 300, /^error: \S+x\.toml:\d+: .*priority.*300/m],
        [{ main_log: 'none/x.log' }, 100, /x\.toml: main_log "\S+\/none\/x\.log" cannot be written: ENOENT/],
        [{ error_log: '/proc/x' }, 100, /x\.toml: error_log "\/proc\/x" cannot be written: ENOENT/],
        [{ working_dir: '/nowhere' }, 100, /x\.toml: working_dir "\/nowhere": ENOENT/],
        [{ pid: 'none/x.pid' }, 100, /x\.toml: \S+\/none\/x\.pid cannot be written: ENOENT/],
        [{ pid: 'precious' }, 100, /x\.toml: \S+\/precious is not a PID file/],
      ];
      for (const [directives, priority, complaint] of cases) {
        const { code, stdout, stderr } = await start(r1, write(lab, directives, priority));
        expect(stderr).toMatch(complaint);
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(existsSync(path.join(lab.folder, 'x.pid'))).toBe(false);
      }
      expect(content(lab, 'precious')).toBe('not a PID\n');
      expect(await snapshot(r1)).toEqual(before);
      expect(wire.adverts()).toEqual([]);
    }));

  it.concurrent('log files can be rotated, and changed by a reload', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const file = write(lab);
      expect(await start(r1, file)).toEqual(STARTED);
      const pid = pidOf(lab);
      const place = (name: string) => path.join(lab.folder, name);
      const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
      renameSync(place('x.log'), place('x.log.1'));
      renameSync(place('x-error.log'), place('x-error.log.1'));
      // A reload that fails rotates all the same.
      write(lab, {}, 300);
      process.kill(pid, 'SIGHUP');
      await eventually('the new log', 5000, () => /"not reloaded: /.test(content(lab, 'x.log')));
      expect(content(lab, 'x.log.1')).toMatch(/running /);
      expect(content(lab, 'x.log.1')).not.toMatch(/not reloaded/);
      await eventually('the new error log', 5000, () => /"not reloaded: /.test(content(lab, 'x-error.log')));
      expect(content(lab, 'x-error.log')).toMatch(/"level":"error".*x\.toml:11/);
      expect(content(lab, 'x-error.log')).not.toMatch(/"level":"(info|warn)"/);
      expect(content(lab, 'x-error.log.1')).toBe('');
      expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(place('x-error.log'));

      const before = descriptors();
      const reload = () => invoke(r1, ['reload', '-c', file]);
      write(lab, { main_log: 'none/x.log' });
      const refused = await reload();
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/main_log \S+ cannot be written: ENOENT/);
      write(lab, { main_log: 'other.log', error_log: 'disabled' });
      expect((await reload()).code).toBe(0);
      await eventually('the other log', 5000, () => /"reloaded: /.test(content(lab, 'other.log')));
      expect(content(lab, 'x.log')).not.toMatch(/"reloaded: /);
      expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(place('other.log'));
      for (let i = 0; i < 3; i++) expect((await reload()).code).toBe(0);
      await eventually('the end of the workers before', 10_000, () => descriptors() <= before);
      await stop(pid);
      expect(content(lab, 'other.log')).toMatch(/"stopped"/);
    }));

  it.concurrent('a full disk under the log is no reason to stop', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      const file = write(lab, { main_log: '/dev/full', error_log: '/dev/full' });
      expect(await start(r1, file)).toEqual(STARTED);
      const pid = pidOf(lab);
      await allSortsMaster(wire);
      for (let i = 0; i < 5; i++) process.kill(pid, 'SIGUSR1');
      write(lab, { main_log: '/dev/full', error_log: '/dev/full' }, 150);
      expect((await invoke(r1, ['reload', '-c', file])).code).toBe(0);
      // What has waited for room is not lost.
      write(lab, {}, 150);
      expect((await invoke(r1, ['reload', '-c', file])).code).toBe(0);
      const both = new RegExp(`running .*"reloaded: ${COUNT} Master"`, 's');
      await eventually('the log', 20_000, () => both.test(content(lab, 'x.log')));
      await stop(pid);
      expect(content(lab, 'x.log')).toMatch(/"stopped"/);
      // Nor is it one not to end.
      expect(await start(r1, write(lab, { main_log: '/dev/full' }))).toEqual(STARTED);
      await stop(pidOf(lab));
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent('interrupted while it starts, it leaves nothing running', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      const file = write(lab);
      const starting = r1.start(process.execPath, [executable(), '-m2', '-c', file]);
      const pid = await eventually('the PID file', 5000, () => pidOf(lab) || undefined, 1);
      starting.signal('SIGTERM');
      await starting.exited;
      await eventually('the end of the daemon', 5000, () => !runs(pid), 10);
      expect(existsSync(path.join(lab.folder, 'x.pid'))).toBe(false);
      expect(await snapshot(r1)).toEqual(before);
    }));
});
