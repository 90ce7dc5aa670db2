/** A worker thread as the supervisor sees it: it is prepared, starts, logs, stops when told to. */
import { type ResourceLimits, type TransferListItem, Worker } from 'node:worker_threads';
import { CodedError, errorOf } from '../shared/errors.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import type { ServiceReport } from '../threads/service-messages.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
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

const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'error']);

/** A running worker. */
export class WorkerHandle {
  /** As its reports of `sockets` leave them, by descriptor. */
  private readonly held = new Map<number, HandedSocket>();
  /** Settles when the thread is gone; with the error if nobody had told it to end. */
  readonly ended: Promise<Error | undefined>;
  /** The thread is gone. */
  dead = false;
  /** What it is to do and cannot for now, a line each, by topic. */
  readonly troubles = new Map<string, string>();
  /** Called when {@link troubles} have changed. */
  onTrouble: () => void = () => {};
  /** Told what a service reports. */
  onService: (report: ServiceReport) => void = () => {};
  private readonly worker: Worker;
  private readonly preparedGate = new Gate();
  private readonly readyGate = new Gate();
  private readonly stoppedGate = new Gate();
  private ending = false;
  private isPrepared = false;
  private loading: string | undefined;

  /**
   * @param name of the worker and of its entry file beside this one
   * @param init its `workerData`; ports in it must be in `transfer`
   */
  constructor(
    readonly name: string,
    init: object,
    transfer: TransferListItem[],
    private readonly log: Logger,
    resourceLimits: ResourceLimits = {},
  ) {
    // The bundle has every entry in one folder.
    const entry = new URL(`./${name}.js`, import.meta.url);
    this.worker = new Worker(entry, {
      ...{ name, workerData: init, transferList: transfer, resourceLimits },
      trackUnmanagedFds: false, // descriptors are the process's, and go from one worker to the next
    });
    this.worker.on('message', (report: WorkerReport) => this.take(report));
    let crash: Error | undefined;
    this.worker.on('error', (error: unknown) => {
      crash = error instanceof Error ? error : new Error(String(error));
    });
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', (code) => {
        this.dead = true;
        const error = crash ?? new CodedError('worker-failed', `the ${name} ended with code ${code}`);
        this.fail(error);
        this.stoppedGate.open();
        resolve(this.ending ? undefined : error);
      });
    });
  }

  /** The engine's packet sockets, should it have crashed. */
  get sockets(): readonly HandedSocket[] {
    return [...this.held.values()];
  }

  /** Its plugins are loaded, its configuration is understood. @throws Error why not */
  get prepared(): Promise<void> {
    return this.preparedGate.passed;
  }

  /** What it is at before it is prepared, for a complaint that it takes too long; undefined once it is. */
  get unprepared(): string | undefined {
    if (this.isPrepared) return undefined;
    return `the ${this.name} is loading ${this.loading === undefined ? 'its code' : `plugin ${this.loading}`}`;
  }

  /** It does its work. @throws Error why not */
  get ready(): Promise<void> {
    return this.readyGate.passed;
  }

  order(order: WorkerOrder, transfer: TransferListItem[] = []): void {
    this.worker.postMessage(order, transfer);
  }

  /**
   * Has it stop or retire, then ends the thread. Idempotent.
   * @param patience after so many ms the thread is ended all the same; absent: it may take its time
   */
  async end(how: 'stop' | 'retire', patience?: number): Promise<void> {
    if (!this.ending) {
      this.ending = true;
      this.order({ type: how });
    }
    const timer =
      patience === undefined ? undefined : setTimeout(() => void this.worker.terminate(), patience);
    await this.stoppedGate.passed;
    clearTimeout(timer);
    await this.worker.terminate();
  }

  /**
   * Ends the thread after it has handed over.
   * @param patience the successor must run so many ms after we have let go
   * @throws Error if the successor has failed. Either it goes on as before; or it had let go already, then it
   * ends as if it had crashed, so that another successor is found at once.
   */
  async handedOver(successor: WorkerHandle, patience: number): Promise<void> {
    const what = `the new ${this.name} did not run within ${patience} ms after the old one let go`;
    const late = new CodedError('timed-out', what);
    let timer: NodeJS.Timeout | undefined;
    let letGo = false;
    let over = false;
    void this.stoppedGate.passed.then(() => {
      letGo = true;
      if (!over) timer = setTimeout(() => successor.fail(late), patience);
    });
    try {
      await successor.ready;
    } catch (error) {
      if (letGo) await this.worker.terminate();
      throw error;
    } finally {
      over = true;
      clearTimeout(timer);
    }
    this.ending = true;
    await this.stoppedGate.passed;
    await this.worker.terminate();
  }

  /** It counts as failed from now on. */
  private fail(error: Error): void {
    this.preparedGate.fail(error);
    this.readyGate.fail(error);
  }

  /** Ends the thread as if it had crashed. */
  async crash(): Promise<void> {
    await this.worker.terminate();
  }

  /** Ends the thread, whatever it does. */
  async kill(): Promise<void> {
    this.ending = true;
    await this.worker.terminate();
  }

  private take(report: WorkerReport): void {
    switch (report.type) {
      case 'loading':
        this.loading = report.plugin;
        break;
      case 'prepared':
        this.isPrepared = true;
        this.preparedGate.open();
        break;
      case 'ready':
        this.readyGate.open();
        break;
      case 'failed':
        this.fail(errorOf(report.error));
        this.stoppedGate.open(); // it holds nothing, and waits for nothing
        break;
      case 'log':
        // A plugin may have called its log with anything.
        this.log[LEVELS.has(report.level) ? report.level : 'info'](report.fields ?? {}, report.message);
        break;
      case 'trouble':
        if (report.text === undefined) this.troubles.delete(report.topic);
        else this.troubles.set(report.topic, report.text);
        this.onTrouble();
        break;
      case 'sockets':
        for (const descriptor of report.closed) this.held.delete(descriptor);
        for (const socket of report.opened) this.held.set(socket.descriptor, socket);
        break;
      case 'stopped':
        this.stoppedGate.open();
        break;
      case 'service':
        this.onService(report.report);
        break;
    }
  }
}
