/**
 * The thread of one plugin of kind `track` or `notify`, across its crashes: started again when it crashes, ended when it is
 * stuck. Nobody waits for it.
 */
import type { CodedError } from '../shared/errors.ts';
import { BackOff } from './back-off.ts';
import type { Logger } from './log.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Heap of a thread in MiB; one that wants more is ended and started again. */
export const HEAP = 128;
/** A thread may take this many ms to stop. */
const STOP_TIMEOUT = 500;
/** Pauses in ms before a broken thread is started again: the first time goes unnoticed. */
const PAUSES = [0, 1000, 5000, 15_000, 60_000];

/** Whose thread it is. */
export interface Tenant {
  /** The plugin, for the log: package and version. */
  readonly name: string;
  /** Makes the thread, and listens to what it says. */
  create(): WorkerHandle;
  /** It can be asked (again). */
  onReady(): void;
  /** What it was asked and has not answered, it will not. */
  onLost(): void;
  /** {@link PluginThread.trouble} is another. */
  onTrouble(): void;
}

/** See the file's comment. */
export class PluginThread {
  /** Why it does not work; undefined: it does, or it was not told to yet. */
  trouble: string | undefined;
  private current: WorkerHandle;
  private isReady = false;
  private ending = false;
  private retiring = false;
  private going = false;
  private timer: NodeJS.Timeout | undefined;
  /** Why it is ended, if it was not its own doing. */
  private reason: string | undefined;
  private readonly backOff = new BackOff(PAUSES);

  constructor(
    private readonly tenant: Tenant,
    private readonly log: Logger,
  ) {
    this.current = this.create();
  }

  /** What is told and asked; another one after a crash. */
  get worker(): WorkerHandle {
    return this.current;
  }

  /** Its plugin is loaded. @throws Error why not */
  get prepared(): Promise<void> {
    return this.current.prepared;
  }

  /** What it is at before it is prepared; undefined once it is. */
  get unprepared(): string | undefined {
    return this.current.unprepared;
  }

  get isUp(): boolean {
    return !this.current.dead;
  }

  /** It was told to end, now or soon. */
  get isLeaving(): boolean {
    return this.ending || this.retiring;
  }

  /** It was told to end soon, and not yet to end. */
  get isRetiring(): boolean {
    return this.retiring && !this.ending;
  }

  /** Why it cannot be asked now; undefined: it can. */
  get silence(): string | undefined {
    return this.isReady ? undefined : (this.trouble ?? `${this.tenant.name} is being started`);
  }

  /** Lets it work, now and after every crash. */
  go(): void {
    if (this.going) return;
    this.going = true;
    this.begin(this.current);
  }

  /** It is to be ended soon: should it crash, it is not started again. */
  retire(): void {
    this.retiring = true;
  }

  /** From here on nothing it does counts; {@link end} ends it. */
  dismiss(): void {
    this.ending = true;
    clearTimeout(this.timer);
  }

  /** Ends it, stuck or not. */
  async end(): Promise<void> {
    this.dismiss();
    await this.current.end('stop', STOP_TIMEOUT);
  }

  /** It is stuck: it is ended, and started again. @param why words behind the plugin's name */
  breakDown(why: string): void {
    if (this.ending || this.reason !== undefined) return;
    this.reason = why;
    this.isReady = false;
    void this.current.crash();
  }

  private create(): WorkerHandle {
    const worker = this.tenant.create();
    void this.watch(worker, performance.now());
    return worker;
  }

  private begin(worker: WorkerHandle): void {
    worker.order({ type: 'go' });
    worker.ready.then(
      () => {
        if (worker !== this.current || worker.dead) return;
        this.isReady = true;
        this.tell(undefined);
        this.tenant.onReady();
      },
      () => {
        if (!worker.dead) void worker.crash(); // `watch` tells
      },
    );
  }

  private tell(trouble: string | undefined): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.tenant.onTrouble();
  }

  private async watch(worker: WorkerHandle, started: number): Promise<void> {
    const error = (await worker.ended) as CodedError | undefined;
    if (this.ending || !error || worker !== this.current) return;
    this.isReady = false;
    if (!this.going) return; // whoever waits for it to be prepared knows
    const pause = this.backOff.next(performance.now() - started);
    const what = `${this.tenant.name} ${this.reason ?? `broke down: ${error.message}`}`;
    this.reason = undefined;
    if (this.retiring) {
      this.log.error(what);
      this.tenant.onLost();
      return;
    }
    const then = pause === 0 ? 'it is started again' : `it is started again in ${pause / 1000} s`;
    this.log.error(`${what}; ${then}`);
    this.tell(what);
    this.tenant.onLost();
    this.timer = setTimeout(() => {
      if (this.ending || this.retiring) return;
      this.current = this.create();
      this.begin(this.current);
    }, pause);
  }
}
