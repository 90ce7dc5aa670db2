/**
 * The thread of one plugin of kind `track`, and its trackers. Nobody waits for it; what it is asked and does not answer,
 * its trackers' runners see to.
 */
import type { TrackInit, TrackReport } from '../../threads/track-messages.ts';
import type { Logger } from '../log.ts';
import { HEAP, PluginThread } from '../plugin-thread.ts';
import { WorkerHandle } from '../worker-handle.ts';
import type { StartThread } from '../worker-thread.ts';
import type { Checker, TrackRunner } from './runner.ts';

/** A plugin to run, with its trackers. */
export interface TrackSpec {
  readonly init: TrackInit;
  /** Of its code, see core/plugin/fingerprint.ts. */
  readonly fingerprint: string;
}

/** See the file's comment. */
export class TrackHost {
  /** By the index of the tracker. */
  private runners: readonly TrackRunner[] = [];
  /** What the runners ask. */
  readonly checkers: readonly Checker[];
  private readonly thread: PluginThread;

  /** @param onTrouble called when {@link trouble} is another */
  constructor(
    readonly spec: TrackSpec,
    log: Logger,
    startThread: StartThread,
    onTrouble: () => void,
  ) {
    const { init } = spec;
    this.checkers = init.trackers.map((_, tracker) => this.checker(tracker));
    this.thread = new PluginThread(
      {
        name: `plugin ${init.plugin.package} ${init.plugin.version}`,
        create: () => {
          const limits = { maxOldGenerationSizeMb: HEAP };
          const worker = new WorkerHandle('track', init, [], log, startThread, limits);
          worker.onTrack = (report) => {
            if (worker === this.thread.worker) this.hear(report);
          };
          return worker;
        },
        onReady: () => {
          for (const runner of this.runners) runner.ready();
        },
        onLost: () => {
          for (const runner of this.runners) runner.lost();
        },
        onTrouble,
      },
      log,
    );
  }

  /** Why its trackers are not checked; undefined: they are, or it was not told to yet. */
  get trouble(): string | undefined {
    return this.thread.trouble;
  }

  /** Its plugin is loaded, its trackers are made. @throws Error why not */
  get prepared(): Promise<void> {
    return this.thread.prepared;
  }

  /** What it is at before it is prepared; undefined once it is. */
  get unprepared(): string | undefined {
    return this.thread.unprepared;
  }

  /** Whether the thread runs, or is being started. */
  get isUp(): boolean {
    return this.thread.isUp;
  }

  /** Lets it check for these, by the index of the tracker, now and after every crash. */
  go(runners: readonly TrackRunner[]): void {
    this.runners = runners;
    this.thread.go();
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.runners = [];
    await this.thread.end();
  }

  private checker(tracker: number): Checker {
    const silence = (): string | undefined => this.thread.silence;
    return {
      get silence() {
        return silence();
      },
      ask: () => this.thread.worker.order({ type: 'track', order: { type: 'check', tracker } }),
      isStuck: () => this.thread.breakDown('does not answer: one of its checks holds up all others'),
    };
  }

  private hear(report: TrackReport): void {
    const runner = this.runners[report.tracker];
    switch (report.type) {
      case 'found':
        runner?.found(report);
        break;
      case 'changed':
        runner?.changed();
        break;
      case 'unending':
        this.thread.breakDown(
          `does not end a check of tracker ${runner?.name ?? '?'} that it was told to end`,
        );
        break;
    }
  }
}
