/**
 * The thread of one plugin of kind `track`: started again when it crashes, ended when it is stuck. Nobody waits for it;
 * what it is asked and does not answer, its trackers' runners see to.
 */
import type { CodedError } from '../../shared/errors.ts';
import type { TrackInit, TrackReport } from '../../threads/track-messages.ts';
import type { Logger } from '../log.ts';
import { WorkerHandle } from '../worker-handle.ts';
import type { StartThread } from '../worker-thread.ts';
import type { Checker, TrackRunner } from './runner.ts';

/** Heap of a thread in MiB; one that wants more is ended and started again. */
const HEAP = 128;
/** A thread may take this many ms to stop. */
const STOP_TIMEOUT = 500;
/** Pauses in ms before a broken thread is started again, the last one for all further times: the first goes unnoticed. */
const BACK_OFF = [0, 1000, 5000, 15_000, 60_000];
/** A thread that has run for this many ms is sound: back-off starts anew. */
const SOUND_AFTER = 60_000;

/** A plugin to run, with its trackers. */
export interface TrackSpec {
  readonly init: TrackInit;
  /** Of its code, see core/plugin/fingerprint.ts. */
  readonly fingerprint: string;
}

/** See the file's comment. */
export class TrackHost {
  /** Why its trackers are not checked; undefined: they are, or it was not told to yet. */
  trouble: string | undefined;
  private worker: WorkerHandle;
  /** By the index of the tracker. */
  private runners: readonly TrackRunner[] = [];
  private isReady = false;
  private crashes = 0;
  private ending = false;
  private going = false;
  private timer: NodeJS.Timeout | undefined;
  /** What the runners ask. */
  readonly checkers: readonly Checker[];

  /** @param onTrouble called when {@link trouble} is another */
  constructor(
    readonly spec: TrackSpec,
    private readonly log: Logger,
    private readonly startThread: StartThread,
    private readonly onTrouble: () => void,
  ) {
    this.checkers = spec.init.trackers.map((_, tracker) => this.checker(tracker));
    this.worker = this.create();
  }

  /** Its plugin is loaded, its trackers are made. @throws Error why not */
  get prepared(): Promise<void> {
    return this.worker.prepared;
  }

  /** What it is at before it is prepared; undefined once it is. */
  get unprepared(): string | undefined {
    return this.worker.unprepared;
  }

  get isUp(): boolean {
    return !this.worker.dead;
  }

  /** Lets it check for these, by the index of the tracker, now and after every crash. */
  go(runners: readonly TrackRunner[]): void {
    this.runners = runners;
    if (this.going) return;
    this.going = true;
    this.begin(this.worker);
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.ending = true;
    this.runners = [];
    clearTimeout(this.timer);
    await this.worker.end('stop', STOP_TIMEOUT);
  }

  private checker(tracker: number): Checker {
    const silence = (): string | undefined => this.silence;
    return {
      get silence() {
        return silence();
      },
      ask: () => this.worker.order({ type: 'track', order: { type: 'check', tracker } }),
      isStuck: () => this.breakDown('does not answer: one of its checks holds up all others'),
    };
  }

  private get silence(): string | undefined {
    return this.isReady ? undefined : (this.trouble ?? `${this.name} is being started`);
  }

  private create(): WorkerHandle {
    const { init } = this.spec;
    const worker = new WorkerHandle('track', init, [], this.log, this.startThread, {
      maxOldGenerationSizeMb: HEAP,
    });
    worker.onTrack = (report) => {
      if (worker === this.worker) this.hear(report);
    };
    void this.watch(worker, performance.now());
    return worker;
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
        this.breakDown(`does not end a check of tracker ${runner?.name ?? '?'} that it was told to end`);
        break;
    }
  }

  private begin(worker: WorkerHandle): void {
    worker.order({ type: 'go' });
    worker.ready.then(
      () => {
        if (worker !== this.worker || worker.dead) return;
        this.isReady = true;
        this.tell(undefined);
        for (const runner of this.runners) runner.ready();
      },
      () => {
        if (!worker.dead) void worker.crash(); // `watch` tells
      },
    );
  }

  /** Why it is ended, if it was not its own doing. */
  private reason: string | undefined;

  private breakDown(why: string): void {
    if (this.ending || this.reason !== undefined) return;
    this.reason = why;
    this.isReady = false;
    void this.worker.crash();
  }

  private tell(trouble: string | undefined): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.onTrouble();
  }

  private async watch(worker: WorkerHandle, started: number): Promise<void> {
    const error = (await worker.ended) as CodedError | undefined;
    if (this.ending || !error || worker !== this.worker) return;
    this.isReady = false;
    if (!this.going) return; // whoever waits for it to be prepared knows
    if (performance.now() - started > SOUND_AFTER) this.crashes = 0;
    const pause = BACK_OFF[Math.min(this.crashes++, BACK_OFF.length - 1)]!;
    const what = `${this.name} ${this.reason ?? `broke down: ${error.message}`}`;
    this.reason = undefined;
    const then = pause === 0 ? 'it is started again' : `it is started again in ${pause / 1000} s`;
    this.log.error(`${what}; ${then}`);
    this.tell(what);
    for (const runner of this.runners) runner.lost();
    this.timer = setTimeout(() => {
      if (this.ending) return;
      this.worker = this.create();
      this.begin(this.worker);
    }, pause);
  }

  private get name(): string {
    const { plugin } = this.spec.init;
    return `plugin ${plugin.package} ${plugin.version}`;
  }
}
