/** Keeps one service running: starts it again when it crashes, ends it when it is stuck. */
import type { ChangeOutcome, ChangeRequest, DaemonInfo, ServiceSettings } from '../plugin/contracts/index.ts';
import { errorOf } from '../shared/errors.ts';
import type { ServiceInit, ServiceOrder, ServiceReport } from '../threads/service-messages.ts';
import { BackOff } from './back-off.ts';
import type { Logger } from './log.ts';
import { WorkerHandle } from './worker-handle.ts';
import type { StartThread } from './worker-thread.ts';

/** Heap of a service in MiB; one that wants more is ended and started again. */
const HEAP = 512;
/** A service may take this many ms to stop, and as many to say what its successor needs. */
const STOP_TIMEOUT = 500;
/** A service that has not made ready for new settings within this many ms is stuck. */
const SETTINGS_TIMEOUT = 3000;
/**
 * A service that has not begun to serve within this many ms is told as one that does not run. The API tries for two
 * seconds to have its port, beside whatever else the machine does.
 */
const START_PATIENCE = 5000;
/** Pauses in ms before a crashed service is started again. */
const PAUSES = [1000, 2000, 5000, 15_000, 60_000];

/** A service to run. */
export interface ServiceSpec {
  readonly init: ServiceInit;
  /** Of its code, see core/plugin/fingerprint.ts. */
  readonly fingerprint: string;
}

/** Does what a service asks for. */
export type ChangeHandler = (request: ChangeRequest) => Promise<ChangeOutcome>;

/** A service across its crashes. */
export class ServiceHost {
  /** Why it does not serve although it is to; undefined: it does, or was not told to yet. */
  trouble: string | undefined;
  /** Resolves once it serves, or has failed to for the first time, or takes too long: {@link trouble} tells. */
  readonly tried: Promise<void>;
  private haveTried!: () => void;
  private init: ServiceInit;
  private worker: WorkerHandle;
  private readonly backOff = new BackOff(PAUSES);
  private ending = false;
  private going = false;
  private timer: NodeJS.Timeout | undefined;
  private patience: NodeJS.Timeout | undefined;
  /** Why it could not start, until that is told. */
  private refusal: Error | undefined;
  /** Waits for what the worker says next, other than requests. */
  private hear: ((report: ServiceReport) => void) | undefined;

  constructor(
    private readonly spec: ServiceSpec,
    private readonly log: Logger,
    private readonly change: ChangeHandler,
    private readonly startThread: StartThread,
    /** Called when {@link trouble} is another. */
    private readonly onTrouble: () => void = () => {},
  ) {
    this.tried = new Promise((resolve) => {
      this.haveTried = resolve;
    });
    this.init = spec.init;
    this.worker = this.create();
  }

  /** Its plugin is loaded. @throws Error why not */
  get prepared(): Promise<void> {
    return this.worker.prepared;
  }

  /** What it is at before it is prepared; undefined once it is. */
  get unprepared(): string | undefined {
    return this.worker.unprepared;
  }

  get package(): string {
    return this.init.plugin.package;
  }

  /** Lets it serve, now and after every crash. Not waited for: a service is nothing that routers depend on. */
  go(): void {
    this.going = true;
    this.patience = setTimeout(() => {
      const text = `${this.name} has not begun to serve within ${START_PATIENCE / 1000} s`;
      this.log.error(text);
      this.report(text);
    }, START_PATIENCE);
    this.patience.unref();
    this.begin();
  }

  /** Whether it is this service, up and running. */
  is({ init, fingerprint }: ServiceSpec): boolean {
    const code = ({ plugin, name }: ServiceInit): string => `${name} ${plugin.entry} ${plugin.version}`;
    return fingerprint === this.spec.fingerprint && code(init) === code(this.init) && this.isUp;
  }

  /**
   * Has it make ready for settings.
   * @returns false if it cannot do that, or is stuck: another one is to be started
   * @throws Error why it cannot work with them
   */
  async offer(settings: ServiceSettings): Promise<boolean> {
    const report = await this.ask({ type: 'settings', settings }, SETTINGS_TIMEOUT);
    if (report?.type !== 'settings' || report.verdict === 'unsupported') return false;
    if (report.verdict === 'refused') throw errorOf(report.error);
    return true;
  }

  /** The settings offered are not in force after all. */
  abandon(): void {
    this.tell({ type: 'abandon' });
  }

  /** Another generation runs. @param settings were offered before and are in force now */
  show(view: ServiceInit['view'], settings?: ServiceSettings): void {
    this.init = { ...this.init, view, ...(settings && { settings }) };
    this.tell({ type: 'view', view, ...(settings && { settings }) });
  }

  /** A reload is over. */
  told(daemon: DaemonInfo): void {
    this.init = { ...this.init, view: { ...this.init.view, daemon } };
    this.tell({ type: 'daemon', daemon });
  }

  /** What its successor needs; undefined if there is nothing, or it does not say. */
  async exported(): Promise<unknown> {
    const report = await this.ask({ type: 'export' }, STOP_TIMEOUT);
    return report?.type === 'state' ? report.state : undefined;
  }

  /** What its predecessor has given; before {@link go}. */
  import(state: unknown): void {
    this.tell({ type: 'import', state });
  }

  /** Ends it, stuck or not. */
  async end(): Promise<void> {
    this.ending = true;
    this.haveTried();
    clearTimeout(this.timer);
    clearTimeout(this.patience);
    const { worker } = this;
    if (worker.dead) return;
    const timer = setTimeout(() => void worker.kill(), STOP_TIMEOUT);
    if (this.going) await worker.end('stop');
    else await worker.kill();
    clearTimeout(timer);
  }

  private get isUp(): boolean {
    return this.going && !this.worker.dead;
  }

  private create(): WorkerHandle {
    const worker = new WorkerHandle('service', this.init, [], this.log, this.startThread, {
      maxOldGenerationSizeMb: HEAP,
    });
    worker.onService = (report) => {
      if (report.type !== 'request') return this.hear?.(report);
      const { number, request } = report;
      void this.change(request).then((outcome) => {
        if (!worker.dead) worker.order({ type: 'service', order: { type: 'answer', number, outcome } });
      });
    };
    void this.watch(worker, performance.now());
    return worker;
  }

  private tell(order: ServiceOrder): void {
    if (!this.worker.dead) this.worker.order({ type: 'service', order });
  }

  /** @returns what it says, undefined if that takes too long or it ends */
  private async ask(order: ServiceOrder, patience: number): Promise<ServiceReport | undefined> {
    if (!this.isUp) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<ServiceReport | undefined>((resolve) => {
      this.hear = resolve;
      timer = setTimeout(() => resolve(undefined), patience);
      void this.worker.ended.then(() => resolve(undefined));
    });
    this.tell(order);
    const report = await answer;
    clearTimeout(timer);
    this.hear = undefined;
    return report;
  }

  private begin(): void {
    const { worker } = this;
    worker.order({ type: 'go' });
    worker.ready.then(
      () => this.report(undefined),
      (error: Error) => {
        if (worker.dead) return;
        this.refusal = error;
        void worker.crash(); // `watch` tells
      },
    );
  }

  private report(trouble: string | undefined): void {
    clearTimeout(this.patience);
    const changed = trouble !== this.trouble;
    this.trouble = trouble;
    this.haveTried();
    if (changed) this.onTrouble();
  }

  private async watch(worker: WorkerHandle, started: number): Promise<void> {
    const error = await worker.ended;
    if (this.ending || !error) return;
    const pause = this.backOff.next(performance.now() - started);
    const { refusal } = this;
    this.refusal = undefined;
    const what = refusal ? `cannot start: ${refusal.message}` : `broke down: ${error.message}`;
    if (this.going) this.report(`${this.name} ${what}`);
    this.log.error(`${this.name} ${what}; starting it again in ${pause / 1000} s`);
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
