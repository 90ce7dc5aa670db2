/**
 * The thread of one plugin of kind `notify`: started again when it crashes, ended when it is stuck. Nobody waits for it;
 * whoever has asked it to deliver something is told what came of it in any case.
 */
import type { CodedError } from '../../shared/errors.ts';
import type { NotifyInit, NotifyReport } from '../../threads/notify-messages.ts';
import type { Logger } from '../log.ts';
import { WorkerHandle } from '../worker-handle.ts';
import type { StartThread } from '../worker-thread.ts';
import type { Deliverer, Outcome } from './runner.ts';

/** Heap of a thread in MiB; one that wants more is ended and started again. */
const HEAP = 128;
/** A thread may take this many ms to stop. */
const STOP_TIMEOUT = 500;
/** What a delivery is given beyond its own time before its thread counts as stuck, in ms: to end it, and as a host may be busy. */
export const GRACE = 8000;
/** Pauses in ms before a broken thread is started again, the last one for all further times: the first goes unnoticed. */
const BACK_OFF = [0, 1000, 5000, 15_000, 60_000];
/** A thread that has run for this many ms is sound: back-off starts anew. */
const SOUND_AFTER = 60_000;

/** A plugin to run, with its hooks. */
export interface NotifySpec {
  readonly init: NotifyInit;
  /** Of its code, see core/plugin/fingerprint.ts. */
  readonly fingerprint: string;
}

/** A delivery that is under way. */
interface Delivery {
  readonly over: (outcome: Outcome) => void;
  readonly timer: NodeJS.Timeout;
}

/** See the file's comment. */
export class NotifyHost {
  /** Why it does not deliver; undefined: it does, or it was not told to yet. */
  trouble: string | undefined;
  /** Called whenever it can deliver (again). */
  onReady: () => void = () => {};
  private worker: WorkerHandle;
  private isReady = false;
  private crashes = 0;
  private ending = false;
  private retiring = false;
  private going = false;
  private timer: NodeJS.Timeout | undefined;
  /** By hook. */
  private readonly deliveries = new Map<number, Delivery>();
  /** Why it is ended, if it was not its own doing. */
  private reason: string | undefined;
  /** By hook. */
  readonly deliverers: readonly Deliverer[];

  /** @param onTrouble called when {@link trouble} is another */
  constructor(
    readonly spec: NotifySpec,
    private readonly log: Logger,
    private readonly startThread: StartThread,
    private readonly onTrouble: () => void,
  ) {
    this.deliverers = spec.init.hooks.map((_, hook) => this.deliverer(hook));
    this.worker = this.create();
  }

  /** Its plugin is loaded, its notifiers are made. @throws Error why not */
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

  /** Lets it deliver, now and after every crash. */
  go(): void {
    if (this.going) return;
    this.going = true;
    this.begin(this.worker);
  }

  /** Ends it once what is under way is over, which has its time. */
  async retire(): Promise<void> {
    this.retiring = true;
    if (this.deliveries.size === 0) await this.end();
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.ending = true;
    clearTimeout(this.timer);
    this.loseAll();
    await this.worker.end('stop', STOP_TIMEOUT);
  }

  private deliverer(hook: number): Deliverer {
    const silence = (): string | undefined => this.silence;
    const order = (type: 'abort'): void => this.worker.order({ type: 'notify', order: { type, hook } });
    return {
      get silence() {
        return silence();
      },
      deliver: (event, over) => {
        const { timeout, name } = this.spec.init.hooks[hook]!;
        const stuck = (): void => this.breakDown(`does not answer: hook ${name} holds up all others`);
        this.deliveries.set(hook, { over, timer: setTimeout(stuck, timeout + GRACE) });
        this.worker.order({ type: 'notify', order: { type: 'deliver', hook, event } });
      },
      abort: () => order('abort'),
    };
  }

  private get silence(): string | undefined {
    if (this.ending || this.retiring) return `${this.name} is being ended`;
    return this.isReady ? undefined : (this.trouble ?? `${this.name} is being started`);
  }

  private create(): WorkerHandle {
    const { init } = this.spec;
    const worker = new WorkerHandle('notify', init, [], this.log, this.startThread, {
      maxOldGenerationSizeMb: HEAP,
    });
    worker.onNotify = (report) => {
      if (worker === this.worker) this.hear(report);
    };
    void this.watch(worker, performance.now());
    return worker;
  }

  private hear(report: NotifyReport): void {
    const { hook } = report;
    switch (report.type) {
      case 'delivered':
        this.over(hook, { type: 'delivered' });
        break;
      case 'failed':
        this.over(hook, {
          ...{ type: 'failed', words: oneLine(report.words), final: report.final },
          ...(report.pause !== undefined && { pause: report.pause }),
        });
        break;
      case 'unending':
        this.breakDown(
          `does not end a delivery of hook ${this.spec.init.hooks[hook]?.name ?? '?'} that it was told to end`,
        );
        break;
    }
  }

  private over(hook: number, outcome: Outcome): void {
    const delivery = this.deliveries.get(hook);
    if (!delivery) return;
    this.deliveries.delete(hook);
    clearTimeout(delivery.timer);
    delivery.over(outcome);
    if (this.retiring && !this.ending && this.deliveries.size === 0)
      this.end().catch((error: unknown) => this.log.error(String(error)));
  }

  private loseAll(): void {
    for (const hook of [...this.deliveries.keys()]) this.over(hook, { type: 'lost' });
  }

  private begin(worker: WorkerHandle): void {
    worker.order({ type: 'go' });
    worker.ready.then(
      () => {
        if (worker !== this.worker || worker.dead) return;
        this.isReady = true;
        this.tell(undefined);
        this.onReady();
      },
      () => {
        if (!worker.dead) void worker.crash(); // `watch` tells
      },
    );
  }

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
    if (this.retiring) {
      this.log.error(what);
      this.loseAll();
      return;
    }
    const then = pause === 0 ? 'it is started again' : `it is started again in ${pause / 1000} s`;
    this.log.error(`${what}; ${then}`);
    this.tell(what);
    this.loseAll();
    this.timer = setTimeout(() => {
      if (this.ending || this.retiring) return;
      this.worker = this.create();
      this.begin(this.worker);
    }, pause);
  }

  private get name(): string {
    const { plugin } = this.spec.init;
    return `plugin ${plugin.package} ${plugin.version}`;
  }
}

/** Of what a plugin says, so much is kept. */
const LONGEST_WORDS = 300;

function oneLine(words: string): string {
  return words
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, LONGEST_WORDS);
}
