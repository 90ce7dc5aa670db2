/**
 * The hooks across generations. A hook is its name: as long as the configuration has one, it keeps what waits for it,
 * whatever becomes of its plugin, of the engine or of its own table.
 */

import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { DaemonConfig, HookConfig, VirtualRouterConfig } from '../../config/model.ts';
import { within } from '../../shared/within.ts';
import { counted } from '../../shared/words.ts';
import { HookCell } from '../../threads/hook-cell.ts';
import type { ResolvedPlugin } from '../../threads/resolved-plugins.ts';
import type { Logger } from '../log.ts';
import type { StartThread } from '../worker-thread.ts';
import { type EngineView, Feed } from './feed.ts';
import type { HistoryState } from './history.ts';
import { NotifyHost, type NotifySpec } from './host.ts';
import { type PackedHooks, packHooks, unpackHooks } from './packed-state.ts';
import { HookRunner, type HookWorld } from './runner.ts';

/** A plugin that is used, of kind `notify`. */
export interface NotifyStart {
  readonly plugin: ResolvedPlugin;
  /** See core/plugin/fingerprint.ts. */
  readonly fingerprint: string;
  /** Its tables: indices of the configuration's. */
  readonly tables: readonly number[];
}

/** What of a configuration matters here. */
export interface NotifyConfiguration {
  readonly config: Pick<DaemonConfig, 'hooks' | 'virtualRouters'>;
  /** Absent: there are no hooks. */
  readonly notifies?: readonly NotifyStart[];
}

/** Hooks that are ready for the next generation. */
export interface StagedHooks {
  /** The next generation runs. */
  commit(): void;
  /** It does not. */
  abandon(): Promise<void>;
}

/** What hooks have come to, for another process. Plain data. */
export interface NotifierState extends PackedHooks {
  readonly history: HistoryState;
}

/** A delivery that is under way at the end has so many ms before it is told to end. */
export const LAST_DELIVERY = 1000;
/** What is left to tell at the end has so many ms. */
export const LAST_WORDS = 3000;
/** A delivery that is under way when another process takes over has so many ms. */
export const BEFORE_HAND_OVER = 1500;
/** It is over so many ms after it was told to end. */
const ENDING = 500;
/** Generations that are looked at for virtual routers that have gone: the one before, and one that was replaced meanwhile. */
const KEPT_VIEWS = 3;

/** See the file's comment. */
export class Notifier {
  private readonly feed: Feed;
  private readonly runners = new Map<string, HookRunner>();
  private readonly cells = new Map<string, HookCell>();
  private hosts: readonly NotifyHost[] = [];
  /** Those that are being made ready. */
  private staged: readonly NotifyHost[] = [];
  /** Those whose last deliveries are under way. */
  private readonly leaving = new Set<NotifyHost>();
  private readonly views: EngineView[] = [];
  private readonly world: HookWorld;
  /** Events are read: what another process has left comes before. */
  private begun = false;

  /** @param onTrouble called when {@link troubles} have changed */
  constructor(
    private readonly log: Logger,
    private readonly startThread: StartThread,
    private readonly onTrouble: () => void,
    host = hostname(),
  ) {
    this.world = {
      now: () => performance.now(),
      after: (ms, then) => {
        const timer = setTimeout(then, ms);
        return () => clearTimeout(timer);
      },
      log: {
        info: (message) => log.info(message),
        warn: (message) => log.warn(message),
        error: (message) => log.error(message),
      },
      changed: (runner) => this.cells.get(runner.name)?.write(runner.status),
    };
    this.feed = new Feed(
      {
        notice: (hooks, notice) => {
          for (const hook of hooks) this.runnerOf(hook).push(notice);
        },
        lost: (hooks, count) => {
          for (const hook of hooks) this.runnerOf(hook).lose(count);
        },
      },
      host,
    );
  }

  /** Plugins whose hooks are told nothing, a line each. */
  get troubles(): string[] {
    return this.hosts.flatMap(({ trouble }) => trouble ?? []);
  }

  /** What keeps {@link stage}, should that take too long. */
  get unprepared(): string | undefined {
    const waiting = this.staged.flatMap(({ unprepared }) => unprepared ?? []);
    return waiting.length === 0 ? undefined : waiting.join(', ');
  }

  /** Each hook of a configuration as it is now, with what came of its last delivery. */
  status(hooks: readonly HookConfig[] = []): readonly (HookRunner['status'] & { readonly words: string })[] {
    return hooks.map((hook) => {
      const runner = this.runnerOf(hook);
      return { ...runner.status, words: runner.lastWords };
    });
  }

  /** Memory of the hooks of a configuration, by index: what of each is known to services. */
  memory(hooks: readonly HookConfig[] = []): SharedArrayBuffer[] {
    return hooks.map(({ name }) => {
      const cell = this.cells.get(name) ?? new HookCell(HookCell.allocate());
      this.cells.set(name, cell);
      return cell.buffer;
    });
  }

  /** A generation that may take over: what it tells is told, after all of the one before. */
  listen(view: EngineView): void {
    this.views.push(view);
    if (this.views.length > KEPT_VIEWS) this.views.shift();
    this.feed.add(view);
  }

  /** One that has not taken over. */
  forget(view: EngineView): void {
    const at = this.views.indexOf(view);
    if (at >= 0) this.views.splice(at, 1);
    this.feed.remove(view);
  }

  /** One that has: those before it have told all that they had to. */
  took(view: EngineView): void {
    if (this.begun) this.feed.settle(view);
  }

  /** An engine has written events. */
  look(): void {
    if (this.begun) this.feed.look();
  }

  /** Goes on with what those of another process had. Before the first {@link StagedHooks.commit}. */
  inherit({ history, ...packed }: NotifierState, configured: readonly HookConfig[] = []): void {
    this.feed.history.inherit(history);
    for (const [name, state] of unpackHooks(packed)) {
      const config = configured.find((each) => each.name === name);
      if (config) this.runnerOf(config).inherit(state);
      else this.tellGone(name, state.queue.waiting.length);
    }
  }

  /**
   * Loads plugins. Those that are what they were, with the same hooks, go on.
   * @throws Error why one of them cannot work so
   */
  async stage({
    config: { hooks = [], virtualRouters },
    notifies = [],
  }: NotifyConfiguration): Promise<StagedHooks> {
    const fresh: NotifyHost[] = [];
    const next = notifies.map((each) => {
      const spec = specOf(each, hooks);
      const known = this.hosts.find((host) => host.isUp && isSame(host.spec, spec));
      if (known) return { host: known, tables: each.tables };
      const host = new NotifyHost(spec, this.log, this.startThread, this.onTrouble);
      fresh.push(host);
      return { host, tables: each.tables };
    });
    this.staged = fresh;
    const abandon = async (): Promise<void> => {
      this.staged = [];
      await Promise.all(fresh.map((host) => host.end()));
    };
    try {
      await Promise.all(fresh.map(({ prepared }) => prepared));
    } catch (error) {
      await abandon();
      throw error;
    }
    return { commit: () => this.commit(next, hooks, virtualRouters), abandon };
  }

  /** Whatever {@link stage} still waits for, it is not wanted any more. */
  async giveUp(): Promise<void> {
    await Promise.all(this.staged.map((host) => host.end()));
    this.staged = [];
  }

  /** What has happened up to now waits, and nothing is delivered any more, so that another process can. */
  async handOver(): Promise<NotifierState> {
    this.feed.drain();
    const runners = [...this.runners.values()];
    for (const runner of runners) runner.hold();
    await this.rested(runners, BEFORE_HAND_OVER);
    return {
      ...packHooks(new Map(runners.map(({ name, state }) => [name, state]))),
      history: this.feed.history.state,
    };
  }

  /** The other process has not: all goes on. */
  resume(): void {
    for (const runner of this.runners.values()) runner.release();
  }

  /** The virtual routers have stopped: tells it, and what else is left, within a bound. */
  async conclude(): Promise<void> {
    if (!this.begun) return;
    this.feed.drain();
    this.feed.retire([], this.views);
    const runners = [...this.runners.values()];
    for (const runner of runners) runner.hurry();
    const impatience = setTimeout(() => {
      for (const runner of runners) runner.abort();
    }, LAST_DELIVERY);
    await within(Promise.all(runners.map((runner) => runner.emptied())), LAST_WORDS, () => []);
    clearTimeout(impatience);
    for (const runner of runners) {
      const { queue } = runner.status;
      if (queue > 0)
        this.log.warn(`hook ${runner.name}: ${counted(queue, 'event')} not told: there was no time left`);
    }
  }

  /** Ends all of them. */
  async end(): Promise<void> {
    for (const runner of this.runners.values()) runner.close();
    await Promise.all([...this.hosts, ...this.leaving].map((host) => host.end()));
  }

  /** Waits until nothing is under way; after some time it is told to end. */
  private async rested(runners: readonly HookRunner[], patience: number): Promise<void> {
    const all = (): Promise<unknown> => Promise.all(runners.map((runner) => runner.rest()));
    await within(all(), patience, () => []);
    for (const runner of runners) runner.abort();
    await within(all(), ENDING, () => []);
  }

  private commit(
    next: readonly { readonly host: NotifyHost; readonly tables: readonly number[] }[],
    hooks: readonly HookConfig[],
    virtualRouters: readonly VirtualRouterConfig[],
  ): void {
    this.staged = [];
    const before = this.troubles;
    this.begun = true;
    this.feed.drain();
    this.feed.retire(virtualRouters, this.views.slice(0, -1));
    this.views.splice(0, this.views.length - 1);
    const names = new Set(hooks.map(({ name }) => name));
    for (const [name, runner] of this.runners) {
      if (names.has(name)) continue;
      this.tellGone(name, runner.close());
      this.runners.delete(name);
      this.cells.delete(name);
    }
    const old = this.hosts;
    this.hosts = next.map(({ host }) => host);
    for (const { host, tables } of next) {
      const own = tables.map((index, at) => {
        const hook = hooks[index]!;
        const runner = this.runnerOf(hook);
        runner.follow(hook, host.deliverers[at]!);
        return runner;
      });
      host.onReady = () => {
        for (const runner of own) runner.ready();
      };
      host.go();
    }
    for (const host of old) if (!this.hosts.includes(host)) this.retire(host);
    if (!isDeepStrictEqual(this.troubles, before)) this.onTrouble();
  }

  /** Not waited for: what it delivers has its time. */
  private retire(host: NotifyHost): void {
    this.leaving.add(host);
    host
      .retire()
      .catch((error: unknown) => this.log.error(String(error)))
      .finally(() => this.leaving.delete(host));
  }

  private runnerOf(hook: HookConfig): HookRunner {
    const { name } = hook;
    const known = this.runners.get(name);
    if (known) return known;
    const runner = new HookRunner(name, hook, this.world);
    this.runners.set(name, runner);
    return runner;
  }

  private tellGone(name: string, waiting: number): void {
    if (waiting === 0) return;
    this.log.warn(`hook ${name} has gone from the configuration: ${counted(waiting, 'event')} not told`);
  }
}

/** Whether a thread need not be another one: where its hooks stand in the file does not matter. */
function isSame(one: NotifySpec, other: NotifySpec): boolean {
  const essence = ({ init, fingerprint }: NotifySpec) => [
    fingerprint,
    init.plugin,
    init.hooks.map(({ place: _, ...hook }) => hook),
  ];
  return isDeepStrictEqual(essence(one), essence(other));
}

/** A plugin with its hooks, as its thread is told. */
export function specOf(
  { plugin, fingerprint, tables }: NotifyStart,
  hooks: readonly HookConfig[],
): NotifySpec {
  const orders = tables.map((index) => {
    const { name, type, settings, timeout, position, positions = {} } = hooks[index]!;
    return { name, type, settings, timeout, place: { table: `notify[${index}]`, position, positions } };
  });
  return { init: { plugin, hooks: orders }, fingerprint };
}
