/**
 * The service across generations. One whose plugin is still the same goes on, with its connections, and is told of
 * the new generation; another plugin, or another version of it, takes its place.
 */
import type { DaemonInfo } from '../plugin/contracts/index.ts';
import type { ServiceView } from '../threads/service-messages.ts';
import type { Logger } from './log.ts';
import { type ChangeHandler, ServiceHost, type ServiceSpec } from './service-host.ts';
import type { StartThread } from './worker-thread.ts';

/** A service that is ready for the next generation. */
export interface StagedService {
  /** The next generation runs. */
  commit(): void;
  /** It does not. */
  abandon(): Promise<void>;
}

/** See the file's comment. */
export class Services {
  private current: ServiceHost | undefined;
  private coming: ServiceHost | undefined;
  /** What a service of this package has left, before there was one here. */
  private inheritance: { readonly package: string; readonly state: unknown } | undefined;
  /** One takes another's place after the other. */
  private changes: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: Logger,
    private readonly change: ChangeHandler,
    private readonly startThread: StartThread,
    /** Called when {@link troubles} have changed. */
    private readonly onTrouble: () => void,
  ) {}

  /** What is configured and does not serve, a line each. */
  get troubles(): string[] {
    const { trouble } = this.current ?? {};
    return trouble === undefined ? [] : [trouble];
  }

  /** Whoever is to serve does, or {@link troubles} tell why not. */
  async tried(): Promise<void> {
    await this.changes;
    await this.current?.tried;
  }

  /**
   * Makes a service ready.
   * @param next absent: none
   * @throws Error why it cannot run so
   */
  async stage(next: ServiceSpec | undefined): Promise<StagedService> {
    await this.changes;
    const { current } = this;
    if (next && current?.is(next) && (await current.offer(next.init.settings))) {
      return {
        commit: () => current.show(next.init.view, next.init.settings),
        abandon: async () => current.abandon(),
      };
    }
    if (!next) return { commit: () => this.replace(undefined), abandon: async () => {} };
    const host = new ServiceHost(next, this.log, this.change, this.startThread, this.onTrouble);
    this.coming = host;
    const abandon = async (): Promise<void> => {
      this.coming = undefined;
      await host.end();
    };
    try {
      await host.prepared;
    } catch (error) {
      await abandon();
      throw error;
    }
    return { commit: () => this.replace(host), abandon };
  }

  /** What keeps {@link stage}, should that take too long. */
  get unprepared(): string | undefined {
    return this.coming?.unprepared;
  }

  /** Whatever {@link stage} still waits for, it is not wanted any more. */
  async giveUp(): Promise<void> {
    await this.coming?.end();
    this.coming = undefined;
  }

  /** A generation runs in place of one that broke down: the settings are the same. */
  show(view: ServiceView): void {
    this.current?.show(view);
  }

  /** A reload is over. */
  told(daemon: DaemonInfo): void {
    void this.changes.then(() => this.current?.told(daemon));
  }

  /** Ends it for another process's. @returns what that one needs; undefined: nothing */
  async handOver(): Promise<{ readonly package: string; readonly state: unknown } | undefined> {
    await this.changes;
    const { current } = this;
    if (!current) return undefined;
    const state = await current.exported();
    await this.end();
    if (state !== undefined) this.inherit({ package: current.package, state });
    return this.inheritance;
  }

  /** What a service has left to the next one here. */
  inherit(left: { readonly package: string; readonly state: unknown }): void {
    this.inheritance = left;
  }

  /** Ends it. */
  async end(): Promise<void> {
    await this.changes;
    await this.current?.end();
    this.current = undefined;
  }

  /** Not waited for: no router depends on it, and whoever asked for the change has yet to be answered. */
  private replace(host: ServiceHost | undefined): void {
    this.coming = undefined;
    const old = this.current;
    this.current = host;
    this.changes = this.changes.then(async () => {
      const { inheritance } = this;
      this.inheritance = undefined;
      let state = host && old?.package === host.package ? await old.exported() : undefined;
      if (host && inheritance?.package === host.package) state ??= inheritance.state;
      await old?.end();
      if (state !== undefined) host?.import(state);
      host?.go();
    });
  }
}
