/**
 * The thread of one plugin of kind `notify`, and its hooks. Nobody waits for it; whoever has asked it to deliver something
 * is told what came of it in any case.
 */
import type { NotifyInit, NotifyReport } from '../../threads/notify-messages.ts';
import type { Logger } from '../log.ts';
import { HEAP, PluginThread } from '../plugin-thread.ts';
import { WorkerHandle } from '../worker-handle.ts';
import type { StartThread } from '../worker-thread.ts';
import type { Deliverer, Outcome } from './runner.ts';

/** What a delivery is given beyond its own time before its thread counts as stuck, in ms: to end it, and as a host may be busy. */
export const GRACE = 8000;

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
  /** Called whenever it can deliver (again). */
  onReady: () => void = () => {};
  /** By hook. */
  private readonly deliveries = new Map<number, Delivery>();
  /** By hook. */
  readonly deliverers: readonly Deliverer[];
  private readonly thread: PluginThread;

  /** @param onTrouble called when {@link trouble} is another */
  constructor(
    readonly spec: NotifySpec,
    private readonly log: Logger,
    startThread: StartThread,
    onTrouble: () => void,
  ) {
    const { init } = spec;
    this.deliverers = init.hooks.map((_, hook) => this.deliverer(hook));
    this.thread = new PluginThread(
      {
        name: this.name,
        create: () => {
          const limits = { maxOldGenerationSizeMb: HEAP };
          const worker = new WorkerHandle('notify', init, [], log, startThread, limits);
          worker.onNotify = (report) => {
            if (worker === this.thread.worker) this.hear(report);
          };
          return worker;
        },
        onReady: () => this.onReady(),
        onLost: () => this.loseAll(),
        onTrouble,
      },
      log,
    );
  }

  /** Why it does not deliver; undefined: it does, or it was not told to yet. */
  get trouble(): string | undefined {
    return this.thread.trouble;
  }

  /** Its plugin is loaded, its notifiers are made. @throws Error why not */
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

  /** Lets it deliver, now and after every crash. */
  go(): void {
    this.thread.go();
  }

  /** Ends it once what is under way is over, which has its time. */
  async retire(): Promise<void> {
    this.thread.retire();
    if (this.deliveries.size === 0) await this.end();
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.thread.dismiss();
    this.loseAll();
    await this.thread.end();
  }

  private deliverer(hook: number): Deliverer {
    const silence = (): string | undefined => this.silence;
    return {
      get silence() {
        return silence();
      },
      deliver: (event, over) => {
        const { timeout, name } = this.spec.init.hooks[hook]!;
        const stuck = (): void => this.thread.breakDown(`does not answer: hook ${name} holds up all others`);
        this.deliveries.set(hook, { over, timer: setTimeout(stuck, timeout + GRACE) });
        this.thread.worker.order({ type: 'notify', order: { type: 'deliver', hook, event } });
      },
      abort: () => this.thread.worker.order({ type: 'notify', order: { type: 'abort', hook } }),
    };
  }

  private get silence(): string | undefined {
    return this.thread.isLeaving ? `${this.name} is being ended` : this.thread.silence;
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
        this.thread.breakDown(
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
    if (this.thread.isRetiring && this.deliveries.size === 0)
      this.end().catch((error: unknown) => this.log.error(String(error)));
  }

  private loseAll(): void {
    for (const hook of [...this.deliveries.keys()]) this.over(hook, { type: 'lost' });
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
