/** Keeps one service running: starts it again when it crashes, ends it when it is stuck. */
import type { ServiceInit } from '../services/messages.ts';
import type { Logger } from './log.ts';
import { WorkerHandle } from './worker-handle.ts';

/** Heap of a service in MiB; one that wants more is ended and started again. */
const HEAP = 512;
/** A service may take this many ms to stop. */
const STOP_TIMEOUT = 500;
/** Pauses in ms before a crashed service is started again, the last one for all further crashes. */
const BACK_OFF = [1000, 2000, 5000, 15_000, 60_000];
/** A service that has run for this many ms is sound: back-off starts anew. */
const SOUND_AFTER = 60_000;

/** A service across its crashes. */
export class ServiceHost {
  private worker: WorkerHandle;
  private crashes = 0;
  private ending = false;
  private going = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly init: ServiceInit,
    private readonly log: Logger,
  ) {
    this.worker = this.create();
  }

  /** Its plugin is loaded. @throws Error why not */
  get prepared(): Promise<void> {
    return this.worker.prepared;
  }

  /** Lets it serve, now and after every crash. Not waited for: a service is nothing that routers depend on. */
  go(): void {
    this.going = true;
    this.begin();
  }

  /** Ends it, stuck or not. */
  async end(): Promise<void> {
    this.ending = true;
    clearTimeout(this.timer);
    const { worker } = this;
    if (worker.dead) return;
    const timer = setTimeout(() => void worker.kill(), STOP_TIMEOUT);
    if (this.going) await worker.end('stop');
    else await worker.kill();
    clearTimeout(timer);
  }

  private create(): WorkerHandle {
    const worker = new WorkerHandle('service', this.init, [], this.log, { maxOldGenerationSizeMb: HEAP });
    void this.watch(worker, performance.now());
    return worker;
  }

  private begin(): void {
    const { worker } = this;
    worker.order({ type: 'go' });
    worker.ready.catch((error: Error) => {
      if (worker.dead) return; // told by `watch`
      this.log.error(`${this.name}: ${error.message}`);
      void worker.crash();
    });
  }

  private async watch(worker: WorkerHandle, started: number): Promise<void> {
    const error = await worker.ended;
    if (this.ending || !error) return;
    if (performance.now() - started > SOUND_AFTER) this.crashes = 0;
    const pause = BACK_OFF[Math.min(this.crashes++, BACK_OFF.length - 1)]!;
    this.log.error(`${this.name} broke down: ${error.message}; starting it again in ${pause / 1000} s`);
    this.timer = setTimeout(() => {
      if (this.ending) return;
      this.worker = this.create();
      if (this.going) this.begin();
    }, pause);
  }

  private get name(): string {
    return `service ${this.init.plugin.package} ${this.init.plugin.version}`;
  }
}
