/** A whole supervisor without a thread, a kernel and a clock of its own, for the tests of this folder. */
import { vi } from 'vitest';
import type { VirtualRouterConfig } from '../../config/model.ts';
import type { ChangeOutcome } from '../../plugin/contracts/index.ts';
import { Int, State, StateTable } from '../../threads/state-table.ts';
import { Daemon } from '../daemon.ts';
import type { ServiceStart, Start } from '../generation.ts';
import type { Logger } from '../log.ts';
import { StandbyKeeper } from '../standby-keeper.ts';
import { engineInit, type FakeThread, FakeThreads } from './fake-threads.ts';

/** Virtual router `vrid` on eth0. */
export function router(vrid: number, more: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig {
  return {
    ...{ position: { file: '/etc/rvrrpd.toml', line: 1 }, vrid, interface: 'eth0', family: 4, version: 2 },
    ...{ addresses: [`192.0.2.${vrid}`], priority: 100, preempt: true, advertisementIntervalCs: 100 },
    ...{ rfc3768: true, authSecret: 'secret', vifname: `standby${vrid}`, socketFilter: true, ...more },
  };
}

/** A client API. @param fingerprint of its code */
export function serviceStart(fingerprint = 'a', name = 'rvrrpd-plugin-api-x'): ServiceStart {
  return {
    name: 'x',
    plugin: {
      ...{ package: name, version: '1.0.0', kind: 'api', names: ['x'], default: true, provides: [] },
      ...{ needs: [], entry: `/plugins/${name}/index.js`, options: {} },
    },
    fingerprint,
    data: {},
    effective: {},
  };
}

/** All that is needed to run these virtual routers. @param text of the configuration */
export function startOf(
  virtualRouters: readonly VirtualRouterConfig[],
  api?: ServiceStart,
  text = 'text 1',
): Start {
  const file = '/etc/rvrrpd.toml';
  return {
    config: {
      ...{ file, debug: 0, timeZone: 'utc', timeFormat: 'disabled', pid: '/run/x.pid', workingDir: '/' },
      ...{ mainLog: '/dev/null', virtualRouters, protocols: {} },
      api: { users: [], host: '127.0.0.1:0', tls: false, tlsKey: '', tlsCert: '' },
    },
    routerPlugins: virtualRouters.map(() => ({ netdrv: 'driver', iftype: 'kind' })),
    plugins: [],
    ...(api && { api }),
    listing: [],
    source: { file, text, fileText: text },
    places: { journal: '/run/x.journal', namespaceCookie: '1', serviceState: '/run/x.service' },
  };
}

/** A log, and what was logged: `info: text`. */
export function recordedLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (first: unknown, second?: string): void =>
      void lines.push(`${level}: ${typeof first === 'string' ? first : second}`);
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
  const log = Object.fromEntries(levels.map((level) => [level, at(level)]));
  return { log: { level: 'info', ...log } as unknown as Logger, lines };
}

/** Time that a test moves: all of it but `setImmediate`, which lets everything else have its turn. */
export function useFakeTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
}

/** Everything has been done that needs no time. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

/** So many ms go by. */
export async function pass(ms: number): Promise<void> {
  await quiet();
  await vi.advanceTimersByTimeAsync(ms);
  await quiet();
}

/** What a promise has come to by now: its value, or the message of its error. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let is: unknown = 'waiting';
  promise.then(
    (value) => {
      is = value ?? 'done';
    },
    (error: Error) => {
      is = error.message;
    },
  );
  await quiet();
  return is;
}

/** Makes the engine of a thread say that a virtual router is in a state. */
export function enter(thread: FakeThread, slot: number, state: State, priority = 100): void {
  const table = new StateTable(engineInit(thread).table);
  table.setInt(slot, Int.State, state);
  table.setInt(slot, Int.Priority, priority);
}

/** A twin guard without a kernel. */
export class FakeTwins {
  /** Why routers cannot be had; undefined: they can. */
  fault: string | undefined;
  /** What it was told: `expect 1,2`, `runs 1`, `watch`. */
  readonly told: string[] = [];

  async expect(routers: readonly VirtualRouterConfig[]): Promise<void> {
    this.told.push(`expect ${vridsOf(routers)}`);
    if (this.fault !== undefined) throw new Error(this.fault);
  }

  runs(routers: readonly VirtualRouterConfig[]): void {
    this.told.push(`runs ${vridsOf(routers)}`);
  }

  watch(): void {
    this.told.push('watch');
  }
}

function vridsOf(routers: readonly VirtualRouterConfig[]): string {
  return routers.map(({ vrid }) => vrid).join();
}

/** Threads, twins and a log, not started yet. */
export function stage() {
  const threads = new FakeThreads();
  const twins = new FakeTwins();
  const { log, lines } = recordedLog();
  let stop!: () => void;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const change = vi.fn(async (): Promise<ChangeOutcome> => ({ ok: true, tag: 'b', data: {}, issues: [] }));
  const collectGarbage = vi.fn();
  const standby = new StandbyKeeper();
  const world = { log, change, startThread: threads.start, twins, collectGarbage, standby };
  const begin = (start: Start): Promise<Daemon> => Daemon.start(start, stopped, world);
  return { threads, twins, log, lines, stop, change, collectGarbage, begin };
}

/** The same with a daemon that runs. @param start what it runs; one router, which is Backup, if that is not said */
export async function running(start: Start = startOf([router(1)])) {
  const made = stage();
  const daemon = await made.begin(start);
  const engine = made.threads.named('engine 1');
  for (const slot of start.config.virtualRouters.keys()) enter(engine, slot, State.Backup);
  await quiet();
  made.threads.journal.length = 0;
  made.lines.length = 0;
  made.twins.told.length = 0;
  return { ...made, daemon };
}
