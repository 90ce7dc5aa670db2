/** A worker thread as the supervisor sees it: it is prepared, starts, logs, stops when told to. */
import type { ResourceLimits, TransferListItem } from 'node:worker_threads';
import { CodedError, errorOf } from '../shared/errors.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import type { NotifyReport } from '../threads/notify-messages.ts';
import type { ServiceReport } from '../threads/service-messages.ts';
import type { TrackReport } from '../threads/track-messages.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import type { Logger } from './log.ts';
import { holdsNothing, isGone, next, type WorkerEvent, type WorkerState } from './worker-state.ts';
import type { StartThread, ThreadPlan, WorkerThread } from './worker-thread.ts';

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

/** A running worker. Its states and events are in worker-state.ts; all that is waited for here are states. */
export class WorkerHandle {
  /** As its reports of `sockets` leave them, by descriptor. */
  private readonly held = new Map<number, HandedSocket>();
  /** Settles when the thread is gone; with the error if nobody had told it to end. */
  readonly ended: Promise<Error | undefined>;
  /** What it is to do and cannot for now, a line each, by topic. */
  readonly troubles = new Map<string, string>();
  /** Called when {@link troubles} have changed. */
  onTrouble: () => void = () => {};
  /** Told what a service reports. */
  onService: (report: ServiceReport) => void = () => {};
  /** Told what the thread of a `track` plugin reports. */
  onTrack: (report: TrackReport) => void = () => {};
  /** Told what the thread of a `notify` plugin reports. */
  onNotify: (report: NotifyReport) => void = () => {};
  private readonly thread: WorkerThread;
  private state: WorkerState = 'loading';
  private readonly preparedGate = new Gate();
  private readonly readyGate = new Gate();
  /** Passed once it holds nothing. */
  private readonly emptyGate = new Gate();
  private over!: (error: Error | undefined) => void;
  /** Why it counts as crashed, if that was not left to its end to say. */
  private fault: Error | undefined;
  private loading: string | undefined;

  /**
   * @param name of the worker
   * @param init its `workerData`; ports in it must be in `transfer`
   * @param startThread starts the thread beneath it
   */
  constructor(
    readonly name: ThreadPlan['name'],
    init: object,
    transfer: TransferListItem[],
    private readonly log: Logger,
    startThread: StartThread,
    resourceLimits: ResourceLimits = {},
  ) {
    this.ended = new Promise((resolve) => {
      this.over = resolve;
    });
    this.thread = startThread(
      { name, init, transfer, resourceLimits },
      { report: (report) => this.take(report), gone: (error) => this.happen('gone', error) },
    );
  }

  /** The thread is gone. */
  get dead(): boolean {
    return isGone(this.state);
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
    if (this.state !== 'loading') return undefined;
    return `the ${this.name} is loading ${this.loading === undefined ? 'its code' : `plugin ${this.loading}`}`;
  }

  /** It does its work. @throws Error why not */
  get ready(): Promise<void> {
    return this.readyGate.passed;
  }

  order(order: WorkerOrder, transfer: TransferListItem[] = []): void {
    this.thread.post(order, transfer);
  }

  /**
   * Has it stop or retire, then ends the thread. Idempotent.
   * @param patience after so many ms the thread is ended all the same; absent: it may take its time
   */
  async end(how: 'stop' | 'retire', patience?: number): Promise<void> {
    if (this.happen('dismissed') === 'ending') this.order({ type: how });
    const timer =
      patience === undefined ? undefined : setTimeout(() => void this.thread.terminate(), patience);
    await this.emptyGate.passed;
    clearTimeout(timer);
    await this.thread.terminate();
  }

  /**
   * Ends the thread after it has handed over.
   * @param patience the successor must run so many ms after we have let go
   * @throws Error if the successor has failed. Either it goes on as before; or it had let go already, then it
   * ends as if it had crashed, so that another successor is found at once.
   */
  async handedOver(successor: WorkerHandle, patience: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    void this.emptyGate.passed.then(() => {
      if (!over) timer = setTimeout(() => successor.isLate(patience), patience);
    });
    try {
      await successor.ready;
    } catch (error) {
      if (this.state === 'released') await this.crash();
      throw error;
    } finally {
      over = true;
      clearTimeout(timer);
    }
    this.happen('dismissed');
    await this.emptyGate.passed;
    await this.thread.terminate();
  }

  /** Ends the thread as if it had crashed. */
  async crash(): Promise<void> {
    this.happen('crash');
    await this.thread.terminate();
  }

  /** Ends the thread, whatever it does. */
  async kill(): Promise<void> {
    this.happen('dismissed');
    await this.thread.terminate();
  }

  /** It did not run in time, and counts as crashed. */
  isLate(patience: number): void {
    const { name } = this;
    const what = `the new ${name} did not run within ${patience} ms after the old one let go`;
    const late = new CodedError('timed-out', what);
    this.happen('crash', late);
    void this.thread.terminate();
  }

  /**
   * An event, and what becomes of whoever waits for it.
   * @param error belongs to `failed`, `gone` and, if there is one, `crash`
   * @returns the new state; undefined: the event has changed nothing
   */
  private happen(event: WorkerEvent, error?: Error): WorkerState | undefined {
    const before = this.state;
    const state = next(before, event);
    if (state === before) return undefined;
    this.state = state;
    if (state === 'prepared') this.preparedGate.open();
    if (state === 'running') this.readyGate.open();
    if (state === 'breaking') this.fault = error;
    if (error) {
      this.preparedGate.fail(error);
      this.readyGate.fail(error);
    }
    if (holdsNothing(state)) this.emptyGate.open();
    if (state === 'ended') this.over(undefined);
    if (state === 'broken') this.over(this.fault ?? error);
    return state;
  }

  private take(report: WorkerReport): void {
    switch (report.type) {
      case 'loading':
        this.loading = report.plugin;
        break;
      case 'prepared':
      case 'ready':
      case 'stopped':
        this.happen(report.type);
        break;
      case 'failed':
        // What it holds by now is found again by a successor, as after any crash.
        if (this.happen('failed', errorOf(report.error)) === 'breaking') void this.thread.terminate();
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
      case 'service':
        this.onService(report.report);
        break;
      case 'track':
        this.onTrack(report.report);
        break;
      case 'notify':
        this.onNotify(report.report);
        break;
    }
  }
}
