/**
 * The trackers across generations. A tracker is its name: as long as the configuration has one, it keeps its verdict and
 * what was counted, whatever becomes of its plugin, of the engine or of its own table.
 */
import { isDeepStrictEqual } from 'node:util';
import type { DaemonConfig, TrackerConfig } from '../../config/model.ts';
import type { ResolvedPlugin } from '../../threads/resolved-plugins.ts';
import { TrackCell, VERDICT_NAMES, Verdict } from '../../threads/track-cell.ts';
import type { Logger } from '../log.ts';
import type { StartThread } from '../worker-thread.ts';
import { TrackHost, type TrackSpec } from './host.ts';
import { type RunnerWorld, type TrackerState, TrackRunner } from './runner.ts';

/** A plugin of kind `track` that is used. */
export interface TrackStart {
  readonly plugin: ResolvedPlugin;
  /** See core/plugin/fingerprint.ts. */
  readonly fingerprint: string;
  /** Its trackers: indices of the configuration's. */
  readonly trackers: readonly number[];
}

/** What of a configuration matters here. */
export interface TrackConfiguration {
  readonly config: Pick<DaemonConfig, 'trackers'>;
  /** Absent: there are no trackers. */
  readonly tracks?: readonly TrackStart[];
}

/** Trackers that are ready for the next generation. */
export interface StagedTrackers {
  /** The next generation runs. */
  commit(): void;
  /** It does not. */
  abandon(): Promise<void>;
}

/** What trackers have come to, by name. */
export type TrackerStates = ReadonlyMap<string, TrackerState>;

/** See the file's comment. */
export class Trackers {
  /** What those of another process have come to, whose place these take. */
  private inherited: TrackerStates = new Map();
  private readonly runners = new Map<string, TrackRunner>();
  /** Of trackers that are new in the generation which is being made ready. */
  private coming = new Map<string, TrackRunner>();
  private hosts: readonly TrackHost[] = [];
  /** Those that are being made ready. */
  private staged: readonly TrackHost[] = [];
  private readonly world: RunnerWorld;
  /** Some generation runs: what is new does not count before it has a verdict. */
  private running = false;

  /**
   * @param onVerdict called when any verdict or weight is another: engines are to look
   * @param onTrouble called when {@link troubles} have changed
   */
  constructor(
    private readonly log: Logger,
    private readonly startThread: StartThread,
    onVerdict: () => void,
    private readonly onTrouble: () => void,
  ) {
    this.world = {
      now: () => performance.now(),
      date: () => Date.now(),
      after: (ms, then) => {
        const timer = setTimeout(then, ms);
        return () => clearTimeout(timer);
      },
      onVerdict: (runner, before) => {
        this.narrate(runner, before);
        onVerdict();
      },
    };
  }

  /** Plugins whose trackers are not checked, a line each. */
  get troubles(): string[] {
    return this.hosts.flatMap(({ trouble }) => trouble ?? []);
  }

  /** What keeps {@link stage}, should that take too long. */
  get unprepared(): string | undefined {
    const waiting = this.staged.flatMap(({ unprepared }) => unprepared ?? []);
    return waiting.length === 0 ? undefined : waiting.join(', ');
  }

  /** What they have come to, for another process. */
  get state(): TrackerStates {
    return new Map([...this.runners].map(([name, { state }]) => [name, state]));
  }

  /** Goes on with what those of another process have come to, as far as there are such here: before they are checked. */
  inherit(states: TrackerStates): void {
    this.inherited = states;
    for (const [name, runner] of this.coming) this.endow(name, runner);
  }

  private endow(name: string, runner: TrackRunner): void {
    const state = this.inherited.get(name);
    if (state) runner.inherit(state);
  }

  /** Memory of the trackers of a configuration, by index: of those that go on what they have, else new. */
  cells(trackers: readonly TrackerConfig[] = []): SharedArrayBuffer[] {
    this.coming = new Map();
    return trackers.map((tracker) => {
      const { name } = tracker;
      const known = this.runners.get(name);
      const runner = known ?? new TrackRunner(name, tracker, TrackCell.allocate(), this.world, this.running);
      if (!known) {
        this.endow(name, runner);
        this.coming.set(name, runner);
      }
      return runner.cell.buffer;
    });
  }

  /**
   * Loads plugins. Those that are what they were, with the same trackers, go on.
   * @throws Error why one of them cannot work so
   */
  async stage({ config: { trackers = [] }, tracks = [] }: TrackConfiguration): Promise<StagedTrackers> {
    const fresh: TrackHost[] = [];
    const next = tracks.map((track) => {
      const spec = specOf(track, trackers);
      const known = this.hosts.find((host) => host.isUp && isSame(host.spec, spec));
      if (known) return { host: known, track };
      const host = new TrackHost(spec, this.log, this.startThread, this.onTrouble);
      fresh.push(host);
      return { host, track };
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
    return { commit: () => this.commit(next, trackers), abandon };
  }

  /** Whatever {@link stage} still waits for, it is not wanted any more. */
  async giveUp(): Promise<void> {
    await Promise.all(this.staged.map((host) => host.end()));
    this.staged = [];
  }

  /** Ends all of them. */
  async end(): Promise<void> {
    for (const runner of this.runners.values()) runner.stop();
    await Promise.all(this.hosts.map((host) => host.end()));
  }

  private commit(
    next: readonly { readonly host: TrackHost; readonly track: TrackStart }[],
    trackers: readonly TrackerConfig[],
  ): void {
    this.staged = [];
    this.running = true;
    this.inherited = new Map();
    const before = this.troubles;
    const names = new Set(trackers.map(({ name }) => name));
    for (const [name, runner] of this.runners) {
      if (names.has(name)) continue;
      runner.stop();
      this.runners.delete(name);
    }
    for (const [name, runner] of this.coming) this.runners.set(name, runner);
    this.coming = new Map();
    const old = this.hosts;
    this.hosts = next.map(({ host }) => host);
    for (const host of old) {
      if (this.hosts.includes(host)) continue;
      // Not waited for: its trackers are the next one's already.
      host.end().catch((error: unknown) => this.log.error(String(error)));
    }
    for (const { host, track } of next) {
      const runners = track.trackers.map((index, at) => {
        const tracker = trackers[index]!;
        const runner = this.runners.get(tracker.name)!;
        runner.follow(tracker, host.checkers[at]!);
        return runner;
      });
      host.go(runners);
    }
    if (!isDeepStrictEqual(this.troubles, before)) this.onTrouble();
  }

  private narrate({ name, verdict, lastWords }: TrackRunner, before: Verdict): void {
    if (verdict === before) return;
    const fields = { tracker: name, from: VERDICT_NAMES[before], to: VERDICT_NAMES[verdict] };
    const text = `tracker ${name}: ${fields.from} -> ${fields.to}: ${lastWords}`;
    this.log[verdict === Verdict.Down ? 'warn' : 'info'](fields, text);
  }
}

/** Whether a thread need not be another one: where its trackers stand in the file does not matter. */
function isSame(one: TrackSpec, other: TrackSpec): boolean {
  const essence = ({ init, fingerprint }: TrackSpec) => [
    fingerprint,
    init.plugin,
    init.trackers.map(({ place: _, ...tracker }) => tracker),
  ];
  return isDeepStrictEqual(essence(one), essence(other));
}

/** A plugin with its trackers, as its thread is told. @param trackers all of the configuration */
export function specOf(
  { plugin, fingerprint, trackers: own }: TrackStart,
  trackers: readonly TrackerConfig[],
): TrackSpec {
  const orders = own.map((index) => {
    const { name, type, settings, interval, timeout, position, positions = {} } = trackers[index]!;
    return {
      name,
      type,
      settings,
      interval,
      timeout,
      place: { table: `track[${index}]`, position, positions },
    };
  });
  return { init: { plugin, trackers: orders }, fingerprint };
}
