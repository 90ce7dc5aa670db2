/** Kind `track` (since 1.1). */
import type { PluginContext } from './context.ts';

/**
 * Kind `track`: a check of something outside the protocol, such as a cable, a route or a process, whose verdict counts
 * for the virtual routers that name it. Each plugin runs in a thread of its own, where it may be slow, and even get
 * stuck: nothing else notices, and what it tracks has failed. When it is called, for how long at most, and how many
 * results in a row make a verdict (`interval`, `timeout`, `rise`, `fall`, `initial`, `hold`) is the core's affair.
 */
export interface TrackPlugin {
  readonly kind: 'track';
  /**
   * A tracker for one `[[track]]` table.
   * @throws Error if it cannot work: the daemon does not start, or its reload is called off
   */
  create(context: TrackContext): Tracker;
}

/** Handed to a `track` plugin's `create`. */
export interface TrackContext extends PluginContext {
  /** `name` of the `[[track]]` table. */
  readonly tracker: string;
  /** The plugin's own directives of the table, validated against the JSON Schema that it ships (`configSchema`). */
  readonly settings: Readonly<Record<string, unknown>>;
  /** From one check to the next, in ms. */
  readonly interval: number;
  /** What a check may take, in ms. */
  readonly timeout: number;
}

/**
 * A tracker. It is created afresh at a reload that changes its table, that of another tracker of its plugin, or its plugin;
 * its verdict and counts are kept.
 */
export interface Tracker {
  /**
   * Begins to watch, if it can be told of changes rather than ask. From then on it may call `changed` at any time, however
   * often: it is checked soon, out of turn. Called once, before the first check and within its time; if it throws, that
   * check has failed, and it is called again before the next one.
   */
  start?(changed: () => void): void | Promise<void>;
  /**
   * One check. It is not called again before it has ended: one that does not end within 5 s after its time costs the
   * plugin its thread, which is started anew.
   * @param signal aborted when its time is over, or it is no longer wanted: whatever it has begun, processes that it has
   * started among them, must end at once
   * @returns what was found; a check that throws, or whose time is over, has failed
   */
  check(signal: AbortSignal): Finding | Promise<Finding>;
  /** Ends it, within half a second: after that its thread is ended all the same. */
  stop?(): void | Promise<void>;
}

/** What a check has found. */
export interface Finding {
  readonly up: boolean;
  /** Why, in a few words for an operator, such as "eth1 has no carrier". */
  readonly words: string;
  /**
   * What it adds to the priority of the virtual routers that name it with `weight`, −253 to 253, instead of that weight:
   * for checks that find a number. It counts while it is up, too.
   */
  readonly weight?: number;
}
