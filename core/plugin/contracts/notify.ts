/** Kind `notify` (since 1.1). */
import type { PluginContext } from './context.ts';
import type { PriorityParts } from './daemon.ts';

/**
 * Kind `notify`: tells somebody, such as a program or a web service, what becomes of virtual routers. Each plugin runs in a
 * thread of its own, where it may be slow, and even get stuck: nothing else notices. What is told, in which order, for how
 * long a delivery may go on and how often it is tried again (`routers`, `groups`, `states`, `latest`, `timeout`, `retries`)
 * is the core's affair.
 */
export interface NotifyPlugin {
  readonly kind: 'notify';
  /**
   * A notifier for one `[[notify]]` table. It must not tell anybody anything yet.
   * @throws Error if it cannot work: the daemon does not start, or its reload is called off
   */
  create(context: NotifyContext): Notifier;
}

/** Handed to a `notify` plugin's `create`. */
export interface NotifyContext extends PluginContext {
  /** `name` of the `[[notify]]` table. */
  readonly hook: string;
  /** The plugin's own directives of the table, validated against the JSON Schema that it ships (`configSchema`). */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What a delivery may take, in ms. */
  readonly timeout: number;
}

/**
 * A notifier. It is created afresh at a reload that changes its table, that of another hook of its plugin, or its plugin; what
 * waits for it is kept.
 */
export interface Notifier {
  /**
   * Delivers one event. It is not called again before it has ended: the order is that of the events. One that does not end
   * within 5 s after its time costs the plugin its thread, which is started anew.
   * @param signal aborted when its time is over, or it is no longer wanted: whatever it has begun, processes that it has
   * started among them, must end at once
   * @throws Error why it was not delivered: it is tried again as the hook's `retries` says, with the same `sequence`, unless
   * the error has a property `final` that is true. That is after a pause which grows each time, or after as many ms as a
   * property `pause` of the error says, for what costs nothing to try
   */
  deliver(event: NotifyEvent, signal: AbortSignal): void | Promise<void>;
  /** Ends it, within half a second: after that its thread is ended all the same. */
  stop?(): void | Promise<void>;
}

/**
 * What a virtual router, or a group of them, is by now. `Down`: its interface cannot be used; `Fault`: a tracker fails;
 * `Stop`: it does not run any more, as the daemon ends or its table has gone.
 */
export type NotifyState = 'Master' | 'Backup' | 'Fault' | 'Down' | 'Stop';

/** A virtual router that an event is about. */
export interface NotifyRouter {
  readonly interface: string;
  /** The virtual router identifier. */
  readonly group: number;
  readonly family: 4 | 6;
  /** VRRP version. */
  readonly version: 2 | 3;
  /** The virtual addresses. */
  readonly addresses: readonly string[];
  /** Name of its group (`[[sync]]`). Absent: it is in none. */
  readonly sync?: string;
}

/** One event, plain data: `JSON.stringify` makes of it what the documentation shows. */
export interface NotifyEvent {
  /** Of this format. What is added later does not change it. */
  readonly format: 1;
  /** From 1, for each hook on its own, as long as the daemon lives: one more with each event, those that were missed included. */
  readonly sequence: number;
  /** Name of the hook. */
  readonly hook: string;
  /** Name of the host. */
  readonly host: string;
  /** When it happened, ISO 8601 with ms, UTC. */
  readonly time: string;
  /** A virtual router's, or that of a group (`[[sync]]`) as a whole. */
  readonly type: 'router' | 'group';
  /** `eth0/7` of a virtual router, with `/ipv6` or `/v3` where another one has the same; the name of a group. */
  readonly name: string;
  readonly state: NotifyState;
  /** The state before; `Init`: it had not started yet. */
  readonly previous: NotifyState | 'Init';
  /** How long that state lasted, in seconds; null: it is not known. */
  readonly lasted: number | null;
  /** Why, in words. */
  readonly cause: string;
  /** Address of the other router that was heard, last of all or as the cause. Absent: of none it is known. */
  readonly peer?: string;
  /** In use: of a group, of its first router. */
  readonly priority: number;
  /** What it comes of. Absent: it is as configured, or the owner's. */
  readonly priorityParts?: PriorityParts;
  /** Of events about one. */
  readonly router?: NotifyRouter;
  /** Of events about a group: the names of its routers. */
  readonly routers?: readonly string[];
  /** So many events before this one were not delivered: there were too many, or the engine was not listened to. Mostly 0. */
  readonly missed: number;
  /** So many older events of the same router or group were left out for this one, as the hook asks (`latest`). */
  readonly joined: number;
  /** 1; greater: it was tried before, and may have arrived. */
  readonly attempt: number;
}

/** A hook at one moment (since 1.1). */
export interface HookStatus {
  /** Of its `[[notify]]` table. */
  readonly name: string;
  /** What selects its plugin. */
  readonly type: string;
  /** Events that wait, the one that is under way included. */
  readonly queue: number;
  /** Events since the daemon has started: delivered; given up; dropped, because too many waited; joined into newer ones. */
  readonly delivered: number;
  readonly failed: number;
  readonly dropped: number;
  readonly joined: number;
}
