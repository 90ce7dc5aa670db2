import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { API_ADDRESS, apiTable } from './lab/api-stage.ts';
import { Confined, capabilitySet } from './lab/confinement.ts';
import { V2, V3_IPV6 } from './lab/flavour.ts';
import { HttpClient } from './lab/http.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import type { Running } from './lab/running.ts';
import type { VrouterTable } from './lab/rvrrpd.ts';
import { snapshot } from './lab/snapshot.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

/** Every way to have an address: interface type, driver, family, version. */
function kinds(priority: number): VrouterTable[] {
  const common = { priority, preemption: true };
  return [
    V2.router(1, [21], { ...common, netdrv: 'libnl', iftype: 'macvlan' }),
    V3_IPV6.router(2, [22], {
      ...common,
      netdrv: 'libnl',
      iftype: 'macvlan',
      timers: { advert: 0.5 },
      accept: false,
    }),
    V2.router(3, [23], {
      ...common,
      netdrv: 'ioctl',
      iftype: 'ether',
      auth_type: 'p0-t8-sha256',
      auth_secret: 'x',
    }),
  ];
}

/** What the kernel says of a process, or of one of its threads. */
const statusOf = (pid: number, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** What each thread of a process has in a field of man 5 proc_pid_stat. */
function ofThreads(pid: number, field: number): number[] {
  const stats = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8'),
  );
  return stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3]));
}

/** Priorities of the real-time threads of a process. */
const realTime = (pid: number): number[] =>
  ofThreads(pid, 40)
    .filter((priority) => priority > 0)
    .sort();

/** Nice values of its other threads, each once. */
const nice = (pid: number): number[] => [...new Set(ofThreads(pid, 19))].sort((a, b) => a - b);

const runs = (daemon: Running): Promise<unknown> => daemon.waitForOutput(/rvrrpd \S+ running /, 30_000);

/** What the log says was refused. A busy machine may have it complain of delays. */
const refusals = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => /"level":"(warn|error|fatal)"/.test(line))
    .filter((line) => /\b(EPERM|EACCES|EROFS|ENOSYS|EAFNOSUPPORT)\b|permi|refuse|cannot/i.test(line));

describeSystem('least privilege', () => {
  it.concurrent(
    'it fails over, reloads, changes and stops under all that the unit restricts',
    () =>
      withLab(async (lab) => {
        const { r1, r2, wire } = await twoRouters(lab, V3_IPV6.network(2));
        const before = await snapshot(r1);
        const [one, two] = [new Confined(r1, lab), new Confined(r2, lab)];
        one.configure(kinds(200), apiTable());
        two.configure(kinds(100));
        const first = one.start(['-m1']);
        await runs(first);
        const second = two.start(['-m1']);
        await runs(second);
        expect(one.capabilities).toEqual(expect.arrayContaining(['CAP_NET_ADMIN', 'CAP_NET_RAW']));
        for (const set of ['CapEff', 'CapBnd']) {
          expect(statusOf(first.pid, set)).toBe(capabilitySet(one.capabilities));
        }
        expect(statusOf(first.pid, 'NoNewPrivs')).toBe('1');
        expect(statusOf(first.pid, 'Seccomp')).toBe('2');
        expect(statusOf(first.pid, 'Uid')).toMatch(/^61234\t61234/);
        expect(realTime(first.pid)).toContain(2);
        // V8's helpers, which the threads in real time wait for, and the main thread.
        expect(nice(first.pid)).toEqual(expect.arrayContaining([-20, 0]));
        const write = (file: string): Promise<string> =>
          r1.run('nsenter', '-m', '-t', String(first.pid), '--', 'sh', '-c', `: >>${file}`);
        for (const file of ['/etc/hostname', '/proc/sys/kernel/hostname']) {
          await expect(write(file)).rejects.toThrow(/Read-only file system/);
        }
        const masters = async (ipv4: string, ipv6: string): Promise<void> => {
          await Promise.all([
            wire.soleMaster(1, ipv4, 30_000),
            wire.soleMaster(2, ipv6, 30_000),
            wire.soleMaster(3, ipv4, 30_000),
          ]);
        };
        await masters(V2.r1, V3_IPV6.r1);

        const api = new HttpClient(r1, `http://${API_ADDRESS}`);
        await api.logIn('admin', 'banana');
        const { mode, gid } = statSync(one.file);
        const answer = await api.request('/config/vrouter/1/lan', {
          method: 'PATCH',
          body: { priority: 201 },
        });
        expect(answer.status, answer.text).toBeLessThan(300);
        expect(readFileSync(one.file, 'utf8')).toContain('priority = 201');
        expect(statSync(one.file)).toMatchObject({ mode, gid, uid: gid });
        expect(JSON.parse(await one.ask(first.pid, ['reload', '--json']))).toMatchObject({ ok: true });

        first.signal('SIGKILL');
        await masters(V2.r2, V3_IPV6.r2);
        const again = one.start(['-m1']);
        await masters(V2.r1, V3_IPV6.r1);
        again.signal('SIGTERM');
        expect((await again.exited).code).toBe(0);
        await masters(V2.r2, V3_IPV6.r2);
        expect(await snapshot(r1)).toEqual(before);
        for (const { output } of [first, again, second]) expect(refusals(output)).toEqual([]);
      }),
    240_000,
  );

  it.concurrent('in the background, its files where the user may write', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const place = new Confined(r1, lab);
      place.configure([V2.router(1, [1])]);
      const starter = place.start(['-m2']);
      expect((await starter.exited).code, starter.output).toBe(0);
      await wire.soleMaster(1, V2.r1, 30_000);
      expect(place.hasRunFile('rvrrpd.pid')).toBe(true);
      const daemon = Number(place.runFile('rvrrpd.pid'));
      expect(statusOf(daemon, 'CapEff')).toBe(capabilitySet(place.capabilities));
      expect(await place.ask(daemon, ['status'])).toContain('Master');
      process.kill(daemon, 'SIGTERM');
      await eventually('the end', 20_000, () => !place.hasRunFile('rvrrpd.pid'));
      await eventually('the last line', 10_000, () => place.log.includes('"stopped"'));
      expect(refusals(place.log)).toEqual([]);
    }));

  it.concurrent('below a read-only /proc/sys it runs what needs no setting, and says which one is missing', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const place = new Confined(r1, lab, { readOnlySettings: true });
      const refused =
        /cannot make the .*: \/proc\/sys is read-only \(EROFS\), and net\/ipv4\/conf\/\S+ is not \d/;
      place.configure([V2.router(1, [1], { netdrv: 'libnl', iftype: 'macvlan' })]);
      const checking = place.start(['--check']);
      expect((await checking.exited).code).toBe(1);
      expect(checking.output).toMatch(refused);
      const starting = place.start(['-m1']);
      expect((await starting.exited).code).toBe(1);
      expect(starting.output).toMatch(refused);
      place.configure([V2.router(1, [1], { netdrv: 'libnl', iftype: 'ether' })]);
      const daemon = place.start(['-m1']);
      await wire.soleMaster(1, V2.r1, 30_000);
      expect(refusals(daemon.output)).toEqual([]);
      daemon.signal('SIGTERM');
      expect((await daemon.exited).code).toBe(0);
    }));

  it.concurrent('what is missing is told, with what it means', () =>
    withLab(async (lab) => {
      const { r1, r2, client } = await twoRouters(lab);
      const raw = new Confined(r1, lab, { capabilities: ['CAP_NET_RAW'], ordinary: true });
      raw.configure([V2.router(1, [1])]);
      const lacking = raw.start(['-m1']);
      expect((await lacking.exited).code).toBe(1);
      expect(lacking.output).toMatch(
        /rvrrpd needs CAP_NET_ADMIN: without CAP_NET_ADMIN addresses, .* cannot be changed/,
      );
      const checked = raw.start(['--check']);
      expect((await checked.exited).code).toBe(0);
      expect(checked.output).toMatch(/notice: started like this, rvrrpd needs CAP_NET_ADMIN: /);

      const foreign = new Confined(r2, lab, { runFolderOf: 0 });
      foreign.configure([V2.router(1, [1])]);
      const outside = foreign.start(['-m1']);
      expect((await outside.exited).code).toBe(1);
      expect(outside.output).toMatch(
        /\/run\/rvrrpd must belong to the user that rvrrpd runs as \(EACCES\): install -d/,
      );

      const idle = new Confined(client, lab, { ordinary: true });
      idle.configure([V2.router(1, [1])]);
      chmodSync(idle.file, 0o644); // no secret in it: nothing to warn of
      const ordinary = idle.start(['-m1']);
      await runs(ordinary);
      const [warning, ...others] = refusals(ordinary.output);
      expect(warning).toContain('the engine runs at ordinary priority: ');
      expect(others).toEqual([]);
      ordinary.signal('SIGTERM');
      expect((await ordinary.exited).code).toBe(0);
    }));
});
