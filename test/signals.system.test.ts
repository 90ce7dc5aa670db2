import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import type { Running } from './lab/running.ts';
import { executable, Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { snapshot } from './lab/snapshot.ts';
import { ALL_FAMILIES, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { writePlugins } from './lab/third-party.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// Whatever signal comes: a Master stays Master, or says good-bye and gives back what it holds.

const { signals } = constants;
const routers = oneOfEachSort();

/** They ask for the end, those among them that a fault of the process would raise. */
const STOP = [
  ...['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGPWR', 'SIGXCPU'],
  ...['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGSYS'],
] as NodeJS.Signals[];
const LAST = 64;
/** Nobody can do anything about them. */
const INEVITABLE: readonly number[] = [signals.SIGKILL, signals.SIGSTOP];

/** Whether the process has a handler for a signal. */
function catches({ pid }: Running, signal: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!;
  return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Waits until every virtual router has said good-bye last. */
async function goodBye(wire: Wire): Promise<void> {
  await eventually('priority 0', 5000, () =>
    SORTS.every(({ vrid }) => wire.adverts(vrid).at(-1)?.priority === 0),
  );
}

describeSystem('signals', () => {
  it.concurrent.each(STOP)('%s: priority 0, and nothing left behind', (signal) =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      const daemon = Rvrrpd.start(lab, r1, routers);
      await allSortsMaster(wire);
      await daemon.ready();
      expect(await daemon.stop(signal, 10_000)).toEqual({ code: 0, signal: null });
      await goodBye(wire);
      expect(await snapshot(r1)).toEqual(before);
    }),
  );

  it.concurrent('every other one: the Master stays Master', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const daemon = Rvrrpd.start(lab, r1, routers);
      await allSortsMaster(wire);
      await daemon.ready();
      const stopping = STOP.map((name) => signals[name]);
      for (let signal = 1; signal <= LAST; signal++) {
        if (INEVITABLE.includes(signal) || stopping.includes(signal)) continue;
        process.kill(daemon.running.pid, signal);
        await sleep(30);
        expect(daemon.running.exit, `signal ${signal}`).toBeUndefined();
        const state = readFileSync(`/proc/${daemon.running.pid}/stat`, 'latin1').split(') ')[1]![0];
        expect(state, `signal ${signal}`).not.toBe('T');
      }
      for (const { vrid } of SORTS) {
        const seen = wire.adverts(vrid).length;
        await eventually('more advertisements', 5000, () => wire.adverts(vrid).length > seen + 1);
      }
      expect(wire.adverts().filter(({ priority }) => priority === 0)).toEqual([]);
      const said = daemon.log().map(({ msg }) => msg);
      expect(said.filter((msg) => msg === 'counters')).toHaveLength(2); // SIGUSR1 and SIGUSR2
      expect(said.some((msg) => msg?.startsWith('reloaded'))).toBe(true);
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    }));

  it.concurrent('SIGHUP as soon as it is caught is a reload after the start', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const daemon = Rvrrpd.start(lab, r1, routers);
      await eventually('a handler', 10_000, () => catches(daemon.running, signals.SIGHUP), 1);
      daemon.running.signal('SIGHUP');
      await daemon.running.waitForOutput(/reloaded: /, 20_000);
      await allSortsMaster(wire);
      await daemon.stop();
    }));

  it.concurrent('SIGUSR1 from before there is a handler for it leaves no inspector behind', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const daemon = Rvrrpd.start(lab, r1, routers);
      // Node.js's own handler is the first there is.
      await eventually('a handler', 5000, () => catches(daemon.running, signals.SIGUSR1), 1);
      for (let i = 0; i < 20; i++) {
        daemon.running.signal('SIGUSR1');
        await sleep(5);
      }
      await daemon.ready();
      expect(await r1.run('ss', '-Hltn')).toBe('');
      await daemon.stop();
    }));

  it.concurrent('SIGTERM while a plugin takes its time to load ends the start', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      const tables = writePlugins(lab, {
        ...{ name: 'rvrrpd-plugin-slow', version: '1.0.0', manifest: { kind: 'auth', names: ['slow'] } },
        code: `await new Promise((resolve) => setTimeout(resolve, 60_000)); export default {};`,
      });
      const slow = { ...routers[0]!, auth_type: 'slow', auth_secret: 'x' };
      const daemon = Rvrrpd.start(lab, r1, [slow, ...routers.slice(1)], { tables });
      // Node.js has a handler of its own for SIGTERM, which ends the process, and none for SIGHUP: all of ours are there.
      await eventually('a handler', 10_000, () => catches(daemon.running, signals.SIGHUP), 1);
      await sleep(500);
      expect(await daemon.stop('SIGTERM', 5000)).toEqual({ code: 0, signal: null });
      expect(daemon.running.output).toContain('SIGTERM: stopped before it ran');
      expect(wire.adverts()).toEqual([]);
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent('SIGTERM again and again while it stops changes nothing', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      const daemon = Rvrrpd.start(lab, r1, routers);
      await allSortsMaster(wire);
      await daemon.ready();
      const end = eventually('the end', 10_000, () => {
        daemon.running.signal('SIGTERM');
        return daemon.running.exit;
      });
      expect(await end).toEqual({ code: 0, signal: null });
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent('the sniffer and --check end by signals as any other program, and open no inspector', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const sniffer = r1.start(process.execPath, [executable(), '-m0', '-i', 'lan']);
      await sniffer.waitForOutput(/listening on lan/);
      sniffer.signal('SIGUSR1');
      await sleep(100);
      expect(await r1.run('ss', '-Hltn')).toBe('');
      // A reader that is gone, or a daemon that turns them away, is an error to be told, not the end.
      sniffer.signal('SIGPIPE');
      await sleep(100);
      expect(sniffer.exit).toBeUndefined();
      expect(await sniffer.stop('SIGQUIT')).toEqual({ code: null, signal: 'SIGQUIT' });
      const file = writeConfiguration(lab, r1, routers);
      const check = r1.start(process.execPath, [executable(), '--check', '-c', file]);
      expect(await eventually('the end', 10_000, () => check.exit)).toEqual({ code: 0, signal: null });
    }));
});
