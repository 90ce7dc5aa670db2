/** Kind `api`. */
import type { ChangeOutcome, ChangeRequest } from './change.ts';
import type { PluginContext } from './context.ts';
import type {
  DaemonCounters,
  DaemonInfo,
  RouterStatus,
  RunningConfiguration,
  ServiceEvent,
  TrackerStatus,
} from './daemon.ts';
import type { HookStatus } from './notify.ts';

/**
 * Kind `api`: a service that shows the daemon to the outside, such as the client API. Each runs in a thread of
 * its own, where it may be slow, and even get stuck: nothing else notices. One that crashes is started again.
 */
export interface ApiPlugin {
  readonly kind: 'api';
  /**
   * Prepares the service. It must not listen or connect anywhere yet: another one may still be running.
   * @throws Error if it cannot: the daemon does not start, or its reload is called off
   */
  create(context: ServiceContext): Service;
}

/** A service. */
export interface Service {
  /** Begins to serve. If it cannot, it is tried again, less and less often. */
  start(): void | Promise<void>;
  /** Ends it, within half a second: after that its thread is ended all the same. */
  stop(): void | Promise<void>;
  /**
   * Makes ready for a configuration that may come into force: reads and opens what it needs, and takes nothing
   * into use. Absent: at each reload the service is ended, and another one started.
   * @returns what takes it into use, called when it is in force; until then {@link ServiceContext} shows the
   * configuration before. It may never be called: the reload can still be called off
   * @throws Error if the service cannot work with it: the reload is called off
   */
  reconfigure?(settings: ServiceSettings): PreparedSettings | Promise<PreparedSettings>;
  /** What the next version of the plugin needs of this one at a reload, as structured clone can carry it. */
  exportState?(): unknown;
  /** Takes over what `exportState` of the plugin of the same package has given, before `start`. */
  importState?(state: unknown): void;
}

/** What {@link Service.reconfigure} has made ready. */
export interface PreparedSettings {
  /** Takes it into use. */
  commit(): void | Promise<void>;
  /** Gives it back: the reload was called off. */
  abandon?(): void | Promise<void>;
}

/** The configuration of a service. */
export interface ServiceSettings {
  /** `[plugins]` options, as in {@link PluginContext}. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The `[api]` table, defaults filled in. */
  readonly api: ApiSettings;
}

/** `[api]` (docs/configuration.md). */
export interface ApiSettings {
  /** Lines of `{{ALG}}name:level:salt:hash`. To check a password, see {@link ServiceContext.authenticate}. */
  readonly users: readonly string[];
  /** Absent: to be made up, at random. */
  readonly secret?: string;
  /** Where to listen: `address:port`, an IPv6 address in brackets. */
  readonly host: string;
  readonly tls: boolean;
  /** Paths of private key and certificate chain, PEM. */
  readonly tlsKey: string;
  readonly tlsCert: string;
}

/** Handed to a service plugin. Reading it never disturbs the virtual routers, however often it is done. */
export interface ServiceContext extends PluginContext, ServiceSettings {
  /** Every virtual router as it is now. The same array as last time if nothing in it has changed. */
  routers(): readonly RouterStatus[];
  /** Every tracker as it is now (since 1.1). */
  trackers(): readonly TrackerStatus[];
  /** Every hook as it is now (since 1.1). */
  hooks(): readonly HookStatus[];
  /** Everything that is counted. */
  counters(): DaemonCounters;
  /** The daemon, and how its last reload went. */
  daemon(): DaemonInfo;
  /** The configuration in force. The same object as last time if nothing has changed. */
  configuration(): RunningConfiguration;
  /** Calls `listener` with what happens from now on, a few times a second at most. */
  subscribe(listener: (events: readonly ServiceEvent[], lost: number) => void): void;
  /**
   * Checks a password against `[api]` `users`, in a time that does not tell whether there is such a user. It
   * may take some tenths of a second, which other threads spend.
   * @returns the user's access level, 0 to 9; undefined if name or password are wrong
   */
  authenticate(user: string, password: string): Promise<number | undefined>;
  /**
   * Changes the configuration of the running daemon, all of it or nothing, as a reload does: no virtual router
   * that it does not concern notices.
   */
  change(request: ChangeRequest): Promise<ChangeOutcome>;
  /** Path of a file that is the plugin's own: it outlives the daemon, and goes with the next boot. */
  readonly stateFile: string;
}
