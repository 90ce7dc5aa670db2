/** Threads that a test makes up: each does at once what a good worker does, unless the test has it otherwise. */
import type { EngineInit, Succession } from '../../threads/engine-messages.ts';
import type { ServiceReport } from '../../threads/service-messages.ts';
import type { WorkerOrder, WorkerReport } from '../../threads/worker-messages.ts';
import type { StartThread, ThreadListener, ThreadPlan, WorkerThread } from '../worker-thread.ts';

/** How a thread is no good. `hang`: it says nothing. */
export interface Manner {
  readonly load?: 'fail' | 'hang';
  readonly go?: 'fail' | 'hang';
  readonly stop?: 'hang';
  readonly handOver?: 'hang';
  /** Services: what becomes of settings that are offered. Default: `ready`. */
  readonly settings?: 'refused' | 'unsupported' | 'hang';
  /** Services: what the next one is given; absent: nothing. */
  readonly state?: unknown;
}

/** A thread beneath a worker. */
export class FakeThread implements WorkerThread {
  /** What it was told, without what only a real worker can do something with. */
  readonly orders: WorkerOrder[] = [];
  gone = false;

  /** @param name `engine 1`: the first engine that was started */
  constructor(
    readonly name: string,
    readonly plan: ThreadPlan,
    /** A test may change it. */
    public manner: Manner,
    private readonly listener: ThreadListener,
    private readonly threads: FakeThreads,
  ) {
    void this.later(() => {
      if (manner.load !== 'hang') this.says(manner.load === 'fail' ? this.failure() : { type: 'prepared' });
    });
  }

  post(order: WorkerOrder): void {
    if (this.gone) return;
    this.orders.push(order);
    const what = order.type === 'service' ? order.order.type : order.type;
    this.threads.journal.push(`${this.name}: ${what}`);
    void this.later(() => this.obey(order));
  }

  async terminate(): Promise<void> {
    if (this.gone) return;
    await this.later(() => this.end(new Error('terminated')));
  }

  /** It reports something. */
  says(report: WorkerReport): void {
    if (!this.gone) this.listener.report(report);
  }

  /** It ends of its own. */
  crash(message = 'it crashed'): void {
    const error = new Error(message);
    delete error.stack;
    this.end(error);
  }

  /** Of `go`: what it takes over. */
  get succession(): Succession | undefined {
    return this.orders.flatMap((order) => (order.type === 'go' ? [order.succession] : []))[0];
  }

  /** Orders of one type. */
  told(type: WorkerOrder['type']): number {
    return this.orders.filter((order) => order.type === type).length;
  }

  private obey(order: WorkerOrder): void {
    const { manner } = this;
    switch (order.type) {
      case 'go':
        if (manner.go !== 'hang') this.says(manner.go === 'fail' ? this.failure() : { type: 'ready' });
        break;
      case 'hand-over':
        if (manner.handOver !== 'hang') this.says({ type: 'stopped' });
        break;
      case 'stop':
      case 'retire':
        if (manner.stop !== 'hang') this.says({ type: 'stopped' });
        break;
      case 'service':
        this.serve(order.order.type);
    }
  }

  private serve(what: string): void {
    const { settings = 'ready', state } = this.manner;
    const reports = (report: ServiceReport): void => this.says({ type: 'service', report });
    if (what === 'export') reports({ type: 'state', state });
    if (what !== 'settings' || settings === 'hang') return;
    if (settings !== 'refused') reports({ type: 'settings', verdict: settings });
    else
      reports({
        type: 'settings',
        verdict: settings,
        error: { code: 'plugin-refused', message: 'no such port' },
      });
  }

  private failure(): WorkerReport {
    return { type: 'failed', error: { code: 'plugin-refused', message: `${this.name} cannot` } };
  }

  private end(error: Error): void {
    if (this.gone) return;
    this.gone = true;
    this.threads.journal.push(`${this.name}: ended`);
    this.listener.gone(error);
  }

  private async later(work: () => void): Promise<void> {
    await Promise.resolve();
    if (!this.gone) work();
  }
}

/** All threads of a test. */
export class FakeThreads {
  readonly all: FakeThread[] = [];
  /** Orders and ends of all threads in their order: `engine 1: go`. */
  readonly journal: string[] = [];
  /** Of the threads that are started from now on, by name: `engine`, or `engine 2` for that one alone. */
  manners: Readonly<Record<string, Manner>> = {};

  readonly start: StartThread = (plan, listener) => {
    const number = this.all.filter((thread) => thread.plan.name === plan.name).length + 1;
    const name = `${plan.name} ${number}`;
    const manner = this.manners[name] ?? this.manners[plan.name] ?? {};
    const thread = new FakeThread(name, plan, manner, listener, this);
    this.all.push(thread);
    return thread;
  };

  /** The thread of this name, `engine 1`. @throws Error if it was not started */
  named(name: string): FakeThread {
    const found = this.all.find((thread) => thread.name === name);
    if (!found)
      throw new Error(`there is no ${name}, but: ${this.all.map((thread) => thread.name).join(', ')}`);
    return found;
  }

  /** Names of those that have not ended. */
  get alive(): string[] {
    return this.all.flatMap(({ gone, name }) => (gone ? [] : [name]));
  }
}

/** What an engine was started with. */
export function engineInit(thread: FakeThread): EngineInit {
  return thread.plan.init as EngineInit;
}
