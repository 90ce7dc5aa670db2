/** A worker thread as the supervisor sees it: it gets ready or fails, logs, stops when told to. */
import { type TransferListItem, Worker } from 'node:worker_threads';
import type { WorkerOrder, WorkerReport } from '../actuator/messages.ts';
import type { Logger } from './log.ts';

/** A running worker. */
export class WorkerHandle {
  private readonly worker: Worker;
  /** Rejects when the worker cannot start. */
  readonly ready: Promise<void>;
  /** Settles when the thread is gone; the error if it was not told to stop. */
  readonly ended: Promise<Error | undefined>;
  private readonly stopped: Promise<void>;
  private stopping = false;

  /**
   * @param name of the worker and of its entry file beside this one
   * @param init its `workerData`; ports in it must be in `transfer`
   */
  constructor(
    readonly name: string,
    init: object,
    transfer: TransferListItem[],
    private readonly log: Logger,
  ) {
    // The bundle has every entry in one folder.
    const entry = new URL(`./${name}.js`, import.meta.url);
    this.worker = new Worker(entry, { name, workerData: init, transferList: transfer });
    let becomeReady!: () => void;
    let fail!: (error: Error) => void;
    let becomeStopped!: () => void;
    this.ready = new Promise((resolve, reject) => {
      becomeReady = resolve;
      fail = reject;
    });
    this.ready.catch(() => {}); // whoever waits for it sees it
    this.stopped = new Promise((resolve) => {
      becomeStopped = resolve;
    });
    let crash: Error | undefined;
    this.worker.on('message', (report: WorkerReport) => {
      switch (report.type) {
        case 'ready':
          becomeReady();
          break;
        case 'failed':
          fail(new Error(report.error));
          break;
        case 'log':
          this.log[report.level](report.fields ?? {}, report.message);
          break;
        case 'stopped':
          becomeStopped();
          break;
      }
    });
    this.worker.on('error', (error: unknown) => {
      crash = error instanceof Error ? error : new Error(String(error));
    });
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', (code) => {
        becomeStopped();
        const error = crash ?? (this.stopping ? undefined : new Error(`exited with code ${code}`));
        fail(error ?? new Error('stopped'));
        resolve(this.stopping ? undefined : error);
      });
    });
  }

  /** Has it take back what it holds, then ends the thread. Idempotent. */
  async stop(): Promise<void> {
    if (!this.stopping) {
      this.stopping = true;
      const order: WorkerOrder = { type: 'stop' };
      this.worker.postMessage(order);
    }
    await this.stopped;
    await this.worker.terminate();
  }
}
