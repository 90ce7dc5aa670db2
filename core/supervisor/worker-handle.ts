/** A worker thread as the supervisor sees it: it is prepared, starts, logs, stops when told to. */
import { type TransferListItem, Worker } from 'node:worker_threads';
import type { HandedSocket, WorkerOrder, WorkerReport } from '../actuator/messages.ts';
import type { Logger } from './log.ts';

/** A promise and what settles it. */
class Gate {
  open!: () => void;
  fail!: (error: Error) => void;
  readonly passed: Promise<void>;

  constructor() {
    this.passed = new Promise((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
    this.passed.catch(() => {}); // whoever waits for it sees it
  }
}

/** A running worker. */
export class WorkerHandle {
  /** Its last report of `sockets`. */
  sockets: readonly HandedSocket[] = [];
  /** Settles when the thread is gone; with the error if nobody had told it to end. */
  readonly ended: Promise<Error | undefined>;
  /** The thread is gone. */
  dead = false;
  private readonly worker: Worker;
  private readonly preparedGate = new Gate();
  private readonly readyGate = new Gate();
  private readonly stoppedGate = new Gate();
  private ending = false;

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
    this.worker.on('message', (report: WorkerReport) => this.take(report));
    let crash: Error | undefined;
    this.worker.on('error', (error: unknown) => {
      crash = error instanceof Error ? error : new Error(String(error));
    });
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', (code) => {
        this.dead = true;
        const error = crash ?? new Error(`the ${name} ended with code ${code}`);
        this.preparedGate.fail(error);
        this.readyGate.fail(error);
        this.stoppedGate.open();
        resolve(this.ending ? undefined : error);
      });
    });
  }

  /** Its plugins are loaded, its configuration is understood. @throws Error why not */
  get prepared(): Promise<void> {
    return this.preparedGate.passed;
  }

  /** It does its work. @throws Error why not */
  get ready(): Promise<void> {
    return this.readyGate.passed;
  }

  order(order: WorkerOrder, transfer: TransferListItem[] = []): void {
    this.worker.postMessage(order, transfer);
  }

  /** Has it stop or retire, then ends the thread. Idempotent. */
  async end(how: 'stop' | 'retire'): Promise<void> {
    if (!this.ending) {
      this.ending = true;
      this.order({ type: how });
    }
    await this.stoppedGate.passed;
    await this.worker.terminate();
  }

  /** Ends the thread after it has handed over. @throws Error if the successor has failed, and it goes on */
  async handedOver(successor: WorkerHandle): Promise<void> {
    await Promise.race([this.stoppedGate.passed, successor.ready]);
    // Ready means that the estate was taken; failing, `ready` throws.
    this.ending = true;
    await this.stoppedGate.passed;
    await this.worker.terminate();
  }

  /** Ends the thread, whatever it does. */
  async kill(): Promise<void> {
    this.ending = true;
    await this.worker.terminate();
  }

  private take(report: WorkerReport): void {
    switch (report.type) {
      case 'prepared':
        this.preparedGate.open();
        break;
      case 'ready':
        this.readyGate.open();
        break;
      case 'failed': {
        const error = new Error(report.error);
        this.preparedGate.fail(error);
        this.readyGate.fail(error);
        break;
      }
      case 'log':
        this.log[report.level](report.fields ?? {}, report.message);
        break;
      case 'sockets':
        this.sockets = report.sockets;
        break;
      case 'stopped':
        this.stoppedGate.open();
        break;
    }
  }
}
