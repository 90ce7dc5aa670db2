import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { apiTable } from './lab/api-stage.ts';
import { V3_IPV6 } from './lab/flavour.ts';
import { hmac } from './lab/hmac.ts';
import type { Host } from './lab/host.ts';
import { HttpClient } from './lab/http.ts';
import { invoke } from './lab/invocation.ts';
import type { Lab } from './lab/lab.ts';
import {
  allMaster,
  backups,
  descriptors,
  descriptorsAtMost,
  expectUndisturbed,
  INTERVAL,
  play,
  router,
} from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import { ofEachSort, type Sorted } from './lab/sorts.ts';
import { daemonsOn, onlyDaemonOn, otherVersion, statusOf, upgrade } from './lab/upgrading.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// A Master stays Master and keeps its cadence while another version of rvrrpd takes over, or cannot.

const OTHER = '9.8.7';
const OWN = (
  JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string }
).version;

/** ms that a test may take: each starts a dozen processes of some 100 MB, one after the other. */
const PATIENCE = 180_000;

/** A script that is started in place of the new version. */
function script(lab: Lab, name: string, text: string): string {
  const file = path.join(lab.folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** r1 is Master of some virtual routers of each sort, keepalived on r2 their Backup. */
async function masters(lab: Lab, r1: Host, r2: Host, wire: Wire, each: number, tables?: string) {
  const sorted = ofEachSort(each);
  const vrids = sorted.map(({ vrid }) => vrid);
  const table = ({ vrid, flavour }: Sorted) => router(vrid, {}, flavour);
  const file = writeConfiguration(lab, r1, sorted.map(table), { ...(tables !== undefined && { tables }) });
  const daemon = Rvrrpd.startWith(r1, file);
  await allMaster(wire, vrids);
  const peer = backups(lab, r2, sorted);
  await peer.running.waitForOutput(/Entering BACKUP STATE/);
  return { file, daemon, peer, vrids };
}

describeSystem('rvrrpd upgrade', () => {
  it.concurrent(
    'to another version and back: nobody changes state, every advertisement is on time',
    play(async ({ lab, r1, r2, wire }) => {
      const { file, daemon, peer, vrids } = await masters(lab, r1, r2, wire, 6, apiTable());
      const api = new HttpClient(r1, 'http://127.0.0.1:7080');
      await api.logIn('admin', 'banana');
      const before = await settledSnapshot(r1);
      const other = otherVersion(lab.folder, OTHER);
      const begin = Date.now();
      let pid = daemon.running.pid;
      for (const [round, to] of [other, executable(), other].entries()) {
        const { code, stdout, stderr } = await upgrade(r1, file, '--json', to);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        const outcome = JSON.parse(stdout) as { pid: number; from: string; to: string };
        const [from, now] = round % 2 === 0 ? [OWN, OTHER] : [OTHER, OWN];
        expect(outcome).toMatchObject({ ok: true, from, to: now, node: process.version });
        expect(outcome.pid).not.toBe(pid);
        pid = outcome.pid;
        expect(await onlyDaemonOn(r1)).toBe(pid);
        const status = await statusOf(r1, file);
        expect(status).toMatchObject({ pid, version: now, generation: round + 2, troubles: [] });
        expect(status.routers.every(({ state }) => state === 'Master')).toBe(true);
      }
      await sleep(INTERVAL);
      expectUndisturbed(wire, begin - 1500, vrids);
      expect(peer.running.output).not.toMatch(/Entering MASTER STATE/);
      expect(await snapshot(r1)).toEqual(before);
      // The session is the same.
      const answer = await eventually('the API', 15_000, () =>
        api.request('/run/vrrp').catch(() => undefined),
      );
      expect(answer.status).toBe(200);
      expect(daemon.log().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
      // The one that runs now stops like any other, and leaves nothing.
      process.kill(pid, 'SIGTERM');
      await eventually('the end', 10_000, () => daemonsOn(r1).length === 0);
      expect((await invoke(r1, ['status', '-c', file])).code).toBe(3);
    }, V3_IPV6),
    PATIENCE,
  );

  it.concurrent(
    'that cannot be changes nothing, and says why',
    play(async ({ lab, r1, r2, wire }) => {
      const { file, daemon, peer, vrids } = await masters(lab, r1, r2, wire, 3);
      const before = await settledSnapshot(r1);
      const elsewhere = `exec unshare -n ${process.execPath} ${executable()} "$@"`;
      const broken = (name: string, version: string) =>
        otherVersion(lab.folder, version, (each, text) =>
          each === name ? `throw new Error('no good');${text}` : text,
        );
      const older = otherVersion(lab.folder, '0.0.1', (_, text) =>
        text.replaceAll(/links: \{\s*version: 1/g, 'links: { version: 0'),
      );
      const dying = (version: string, says: string) =>
        otherVersion(lab.folder, version, (_, text) =>
          text.replace(`this.line.send("${says}")`, "process.kill(process.pid, 'SIGKILL')"),
        );
      const cases: readonly (readonly [string, RegExp])[] = [
        // Before the old engine lets go, after that, and when everything but the old process's end is done.
        [dying('1.1.1', 'take'), /was ended by SIGKILL/],
        [dying('1.1.2', 'running'), /was ended by SIGKILL/],
        [dying('1.1.3', 'done'), /was ended by SIGKILL/],
        ['/no/such/file', /\/no\/such\/file: there is no such file/],
        [script(lab, 'fails', 'echo it is too old >&2; exit 7'), /ended with code 7: it is too old/],
        [script(lab, 'killed', 'kill -9 $$'), /was ended by SIGKILL/],
        [script(lab, 'elsewhere', elsewhere), /another network namespace/],
        [broken('engine.js', '1.0.1'), /no good/],
        [broken('actuator.js', '1.0.2'), /no good/],
        [older, /cannot read state of this version: links 1/],
      ];
      const begin = Date.now();
      const open = await descriptors(daemon);
      for (const [executable, why] of cases) {
        const { code, stderr } = await upgrade(r1, file, executable);
        expect(stderr).toMatch(why);
        expect(stderr).toMatch(/^rvrrpd: not upgraded: .*everything runs on as before$/m);
        expect(code).toBe(1);
        await eventually('the log', 5000, () =>
          daemon.log().some(({ msg, level }) => level === 'error' && why.test(msg ?? '')),
        );
      }
      writeFileSync(file, `${readFileSync(file, 'utf8')}\nnonsense = 1\n`);
      expect((await upgrade(r1, file)).stderr).toMatch(/nonsense/);
      await sleep(INTERVAL);
      expect(await onlyDaemonOn(r1)).toBe(daemon.running.pid);
      await descriptorsAtMost(daemon, open);
      // Who goes on for one that has died does not know when that advertised last: it may do so again, at once.
      expectUndisturbed(wire, begin - 1500, vrids, undefined, 0);
      expect(peer.running.output).not.toMatch(/Entering MASTER STATE/);
      expect(await snapshot(r1)).toEqual(before);
    }, V3_IPV6),
    PATIENCE,
  );

  it.concurrent(
    'in which either process is killed: one daemon is left, and a Master whose process lived stayed it',
    play(async ({ lab, r1, r2, wire }) => {
      const { file, daemon, peer, vrids } = await masters(lab, r1, r2, wire, 2);
      let pid = daemon.running.pid;
      const begin = Date.now();
      for (let round = 0; round < 4; round++) {
        const under = upgrade(r1, file);
        const heir = await eventually(
          'the new process',
          20_000,
          () => daemonsOn(r1).find((each) => each !== pid),
          5,
        );
        await sleep(Math.random() * 700);
        if (daemonsOn(r1).includes(pid)) process.kill(heir, 'SIGKILL');
        await under;
        pid = await onlyDaemonOn(r1);
      }
      expectUndisturbed(wire, begin - 1500, vrids);
      expect(peer.running.output).not.toMatch(/Entering MASTER STATE/);
    }, V3_IPV6),
    PATIENCE,
  );

  it.concurrent(
    'in which the old process is killed: the new one runs in its place',
    play(async ({ lab, r1, r2, wire }) => {
      const { file, daemon, vrids } = await masters(lab, r1, r2, wire, 2);
      let pid = daemon.running.pid;
      for (let round = 0; round < 2; round++) {
        const under = upgrade(r1, file);
        await eventually('the new process', 20_000, () => daemonsOn(r1).length === 2, 5);
        await sleep(Math.random() * 700);
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has handed over by then.
        }
        await under;
        pid = await onlyDaemonOn(r1);
        await allMaster(wire, vrids);
        expect((await statusOf(r1, file)).pid).toBe(pid);
      }
      // Once it has let go, nobody notices. keepalived was Master in between, and may still have been a moment ago.
      await sleep(3 * INTERVAL);
      await allMaster(wire, vrids);
      const begin = Date.now();
      const dying = ['estate', 'retired', 'served'].map((says, at) =>
        otherVersion(lab.folder, `1.2.${at}`, (_, text) =>
          text.replace(
            new RegExp(`(line\\.)?send\\("${says}"`),
            (call) => `process.kill(process.pid, 'SIGKILL'), ${call}`,
          ),
        ),
      );
      for (const next of [...dying, executable()]) {
        const before = await onlyDaemonOn(r1);
        expect((await upgrade(r1, file, next)).code).toBe(0);
        expect(await onlyDaemonOn(r1)).not.toBe(before);
      }
      await sleep(INTERVAL);
      // Its heir knows what was sent up to its offer. What was sent after that is due again: twice is harmless, never is not.
      expectUndisturbed(wire, begin - 1500, vrids, undefined, 0);
    }, V3_IPV6),
    PATIENCE,
  );

  it.concurrent(
    'of routers that sign, stand by, that have peers, and interfaces and routes of their own: both Master and Backup',
    play(async ({ lab, r1, r2 }) => {
      const routes = '[[protocols.static]]\nroute = "192.0.2.0"\nmask = "255.255.255.0"\nnh = "10.0.0.253"\n';
      const [A, B] = ['10.0.0.2', '10.0.0.3'];
      const tables = (priority: number, peer: string) => [
        router(1, { priority, ...hmac() }),
        router(2, { priority, version: 3, timers: { advert: 0.2 }, ...hmac() }),
        router(3, { priority, peers: [peer] }),
        router(4, { priority, iftype: 'macvlan', vifname: 'standby4' }),
      ];
      const files = [
        writeConfiguration(lab, r1, tables(200, B), { tables: routes }),
        writeConfiguration(lab, r2, tables(100, A), { tables: routes }),
      ] as const;
      const daemons = [Rvrrpd.startWith(r1, files[0]), Rvrrpd.startWith(r2, files[1])] as const;
      const allAre = (host: Host, file: string, state: string) =>
        eventually(`all as ${state}`, 30_000, async () =>
          (await statusOf(host, file)).routers.every(
            (each) => each.state === state && (state === 'Backup' || each.inPlace),
          ),
        );
      await allAre(r1, files[0], 'Master');
      await allAre(r2, files[1], 'Backup');
      const asked = Date.now();
      const stood = await invoke(r2, ['standby', 'lan/4', '--for', '1h', '-c', files[1]]);
      expect(stood).toMatchObject({ code: 0, stderr: '' });
      const last = async () => (await statusOf(r2, files[1])).routers[3]!;
      const { until } = (await last()).standby!;
      expect(Date.parse(until!) - asked).toBeGreaterThanOrEqual(3_600_000);
      const expectStandby = async (nobodyIsMaster: boolean): Promise<void> =>
        expect(await last()).toMatchObject({ state: 'Backup', standby: { until, nobodyIsMaster } });
      const before = [await snapshot(r1), await snapshot(r2)];
      const since = (await statusOf(r2, files[1])).routers.map((each) => each.since);
      for (let round = 0; round < 2; round++) {
        for (const [host, file] of [[r1, files[0]] as const, [r2, files[1]] as const]) {
          expect(await upgrade(host, file)).toMatchObject({ code: 0, stderr: '' });
          await sleep(INTERVAL);
        }
      }
      await allAre(r1, files[0], 'Master');
      const backup = await statusOf(r2, files[1]);
      expect(backup.routers.map((each) => each.since)).toEqual(since);
      for (const { state, counters } of backup.routers) {
        expect(state).toBe('Backup');
        expect(Object.values(counters.dropped).every((count) => count === 0)).toBe(true);
      }
      expect([await snapshot(r1), await snapshot(r2)]).toEqual(before);
      for (const daemon of daemons)
        expect(daemon.log().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
      await expectStandby(false);

      // Stand-by does not end with the Master: who stands by does not take over, and is told.
      process.kill((await statusOf(r1, files[0])).pid, 'SIGTERM');
      await eventually('r2 as the Master of all but one', 30_000, async () => {
        const { routers } = await statusOf(r2, files[1]);
        return routers.map(({ state }) => state === 'Master').join() === 'true,true,true,false';
      });
      await eventually('the word that nobody is Master', 20_000, async () => {
        return (await last()).standby?.nobodyIsMaster;
      });
      expect(await upgrade(r2, files[1])).toMatchObject({ code: 0, stderr: '' });
      await expectStandby(true);
      await invoke(r2, ['resume', '-c', files[1]]);
      await allAre(r2, files[1], 'Master');
    }),
    PATIENCE,
  );

  it.concurrent(
    'in the background: PID file, log files and service manager follow',
    play(async ({ lab, r1, wire }) => {
      const file = writeConfiguration(lab, r1, [router(1)]);
      const base = file.replace(/\.toml$/, '');
      const address = path.join(lab.folder, 'notify');
      const receiver = r1.start('python3', ['-c', RECEIVER, address]);
      await receiver.waitForOutput(/"bound"/);
      const started = await invoke(r1, ['-m2', '-c', file], { env: { NOTIFY_SOCKET: address } });
      expect(started).toMatchObject({ code: 0, stderr: '' });
      await allMaster(wire, [1]);
      const first = Number(readFileSync(`${base}.pid`, 'utf8'));
      const begin = Date.now();
      expect((await upgrade(r1, file, otherVersion(lab.folder, OTHER))).code).toBe(0);
      const second = await onlyDaemonOn(r1);
      expect(second).not.toBe(first);
      expect(readFileSync(`${base}.pid`, 'utf8')).toBe(`${second}\n`);
      // Who asked for it is answered before all have read what they are told.
      await eventually('the log', 10_000, () =>
        readFileSync(`${base}.log`, 'utf8').includes(`took over from rvrrpd ${OWN}, process ${first}`),
      );
      await receiver.waitForOutput(new RegExp(`"MAINPID=${second}\\\\n"`));
      await receiver.waitForOutput(new RegExp(`MAINPID=${second}\\\\nREADY=1\\\\nSTATUS=1 Master`));
      // The lock of the PID file is the new process's.
      const twice = await invoke(r1, ['-m2', '-c', file]);
      expect(twice.code).toBe(1);
      expect(twice.stderr).toContain(`process ${second}`);
      expectUndisturbed(wire, begin - 1500, [1]);
      process.kill(second, 'SIGTERM');
      await eventually('the end', 10_000, () => daemonsOn(r1).length === 0);
      expect(() => readFileSync(`${base}.pid`)).toThrow('ENOENT');
    }),
    PATIENCE,
  );
});

/** A service manager: prints each datagram as a line of JSON. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"bound"', flush=True)
while True: print(json.dumps(s.recv(65536).decode()), flush=True)
`;
