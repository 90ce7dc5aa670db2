/** The service: what the daemon starts, reloads and stops. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { PreparedSettings, Service, ServiceContext, ServiceSettings } from 'rvrrpd/plugin';
import { buildApp } from './app.ts';
import { Authentication } from './auth/authentication.ts';
import { bind, sameAddress, takeOver, textOf, tryOut } from './binding.ts';
import type { Deps } from './deps.ts';
import { EventHistory } from './events/history.ts';
import { Listener } from './listener.ts';
import { messageOf } from './reasons.ts';
import type { Timeouts } from './server.ts';
import { adviceOn, type Settings, settingsOf } from './settings.ts';
import { Tally } from './tally.ts';

/** ms for which the port may be in use at the start: the version before is about to give it back. */
const START_PATIENCE = 2_000;
/** ms for requests under way when the service is stopped. */
const STOP_GRACE = 400;
/** ms for connections to a place that is no longer listened at. */
const MOVE_GRACE = 30_000;

/** What {@link ApiService.exportState} gives. */
interface ServiceState {
  readonly version: 1;
  readonly auth: unknown;
  readonly history: unknown;
}

/** What serves while the service runs. */
interface Running {
  readonly app: FastifyInstance;
  listener: Listener;
}

export class ApiService implements Service {
  private settings: Settings;
  private readonly auth: Authentication;
  private readonly deps: Deps;
  /** Begun early: building takes longer than to begin to listen. */
  private building: Promise<FastifyInstance> | undefined;
  /** Aborted by a stop that comes before the start is over. */
  private starting: AbortController | undefined;
  /** The last start, over or not. */
  private started: Promise<void> | undefined;
  private running: Running | undefined;
  /** They have been moved away from; their last connections end. */
  private readonly retiring = new Set<Listener>();
  private prepared: PreparedSettings | undefined;

  /**
   * @param timeouts default: as operation needs them
   * @throws Error that says what is wrong with the configuration, and what to do
   */
  constructor(
    private readonly context: ServiceContext,
    private readonly timeouts?: Timeouts,
  ) {
    this.settings = settingsOf(context);
    const { untimely } = this.settings.tls ?? {};
    if (untimely !== undefined) context.log('error', untimely);
    for (const advice of adviceOn(this.settings)) context.log('warn', advice);
    const options = () => this.settings.options;
    const tally = new Tally();
    this.auth = new Authentication(context, this.settings.api, options, tally, bootId());
    this.deps = { context, options, tally, history: new EventHistory(context) };
    this.building = this.build();
  }

  /** Where it listens; undefined if it does not. */
  get port(): number | undefined {
    return this.running?.listener.port;
  }

  start(): Promise<void> {
    this.started = this.begin();
    this.started.catch(() => {}); // told by whoever has asked for it
    return this.started;
  }

  async stop(): Promise<void> {
    this.starting?.abort();
    await this.prepared?.abandon?.();
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    // The application first: from then on each answer ends its connection, and event streams end.
    const closed = running.app.close();
    await Promise.all([
      Promise.race([closed, delay(STOP_GRACE, undefined, { ref: false })]),
      ...[running.listener, ...this.retiring].map((listener) => listener.retire(STOP_GRACE)),
    ]);
  }

  async reconfigure(wanted: ServiceSettings): Promise<PreparedSettings> {
    await this.prepared?.abandon?.();
    await this.started?.catch(() => {});
    const next = settingsOf(wanted);
    this.refuseUntimely(next);
    const listener = await this.prepareListener(next);
    const prepared: PreparedSettings = {
      commit: async () => {
        this.prepared = undefined;
        await this.use(next, listener);
      },
      abandon: async () => {
        if (this.prepared !== prepared) return;
        this.prepared = undefined;
        await listener?.retire(0);
      },
    };
    this.prepared = prepared;
    return prepared;
  }

  exportState(): ServiceState {
    return { version: 1, auth: this.auth.exportState(), history: this.deps.history.exportState() };
  }

  /** What another version gives is taken as far as it is understood: a reload does not fail of it. */
  importState(state: unknown): void {
    if (typeof state !== 'object' || state === null) return;
    try {
      if ('auth' in state) this.auth.importState(state.auth);
    } catch (error) {
      this.context.log('warn', `${messageOf(error)}: unless api.secret is set, everybody must log in again`);
    }
    if ('history' in state) this.deps.history.importState(state.history);
  }

  private async begin(): Promise<void> {
    const starting = new AbortController();
    this.starting = starting;
    this.auth.open();
    const app = await (this.building ?? this.build());
    this.building = undefined;
    const listener = this.makeListener(app, this.settings);
    try {
      if (!starting.signal.aborted) await bind(listener, START_PATIENCE, starting.signal);
    } catch (error) {
      await app.close();
      if (starting.signal.aborted) return;
      throw error;
    }
    if (starting.signal.aborted) {
      await Promise.all([listener.retire(0), app.close()]);
      return;
    }
    this.running = { app, listener };
    this.tellWhere();
  }

  private build(): Promise<FastifyInstance> {
    const building = buildApp(this.deps, this.auth);
    building.catch(() => {}); // told by the start, if there is one
    return building;
  }

  private makeListener(app: FastifyInstance, { address, tls }: Settings): Listener {
    return new Listener(
      { address, tls },
      {
        handler: (request, response) => app.routing(request, response),
        mostConnections: () => this.settings.options.max_connections,
        tally: this.deps.tally,
        ...(this.timeouts && { timeouts: this.timeouts }),
      },
    );
  }

  /** A certificate that is already in use is the operator's problem, but no reason to call off other changes. */
  private refuseUntimely({ tls }: Settings): void {
    if (tls?.untimely === undefined) return;
    if (tls.options.cert !== this.settings.tls?.options.cert) throw new Error(tls.untimely);
    this.context.log('error', tls.untimely);
  }

  /** The listener of another address or protocol; undefined if it is the same one. */
  private async prepareListener(next: Settings): Promise<Listener | undefined> {
    const { running, settings } = this;
    if (running === undefined) return undefined;
    const sameProtocol = (next.tls === undefined) === (settings.tls === undefined);
    if (sameProtocol && sameAddress(next.address, settings.address)) return undefined;
    const listener = this.makeListener(running.app, next);
    listener.admitting = false;
    await tryOut(listener, running.listener);
    return listener;
  }

  /** @param listener the prepared one, if there is another */
  private async use(next: Settings, listener: Listener | undefined): Promise<void> {
    const { running } = this;
    if (next.api.secret !== this.settings.api.secret) {
      for (const advice of adviceOn(next)) this.context.log('warn', advice);
    }
    this.settings = next;
    this.auth.configure(next.api);
    if (running === undefined) return;
    const previous = running.listener;
    if (listener === undefined) {
      if (next.tls !== undefined) previous.renew(next.tls);
      previous.limit();
      return;
    }
    try {
      await takeOver(listener, previous);
    } catch (error) {
      // Somebody took the port since it was tried out. What listens goes on.
      this.settings = { ...next, ...previous.settings };
      this.context.log('error', messageOf(error));
      return;
    }
    running.listener = listener;
    this.retiring.add(previous);
    void previous.retire(MOVE_GRACE).then(() => this.retiring.delete(previous));
    this.tellWhere();
  }

  private tellWhere(): void {
    const { address, tls } = this.settings;
    const where = textOf({ ...address, port: this.port ?? address.port });
    if (tls !== undefined) this.context.log('info', `client API at https://${where}`);
    else
      this.context.log(
        'info',
        `client API at http://${where}, without TLS: passwords can be read on the way`,
      );
  }
}

/** Of this boot of the machine. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // without /proc: the state file, which goes with the boot, decides alone
  }
}
