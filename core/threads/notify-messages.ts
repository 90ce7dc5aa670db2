/** What the thread of a `notify` plugin and the main thread say to each other. Plain data, structured clone. */
import type { NotifyEvent } from '../plugin/contracts/index.ts';
import type { ResolvedPlugin } from './resolved-plugins.ts';
import type { TablePlace } from './table-place.ts';

/** One hook as its plugin's thread knows it. */
export interface HookOrder {
  /** Of the `[[notify]]` table. */
  readonly name: string;
  /** The value of `type` that has selected the plugin. */
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** What a delivery may take, in ms. */
  readonly timeout: number;
  readonly place: TablePlace;
}

/** `workerData` of the thread. */
export interface NotifyInit {
  readonly plugin: ResolvedPlugin;
  readonly hooks: readonly HookOrder[];
}

/** From the main thread, to a hook: an index of {@link NotifyInit.hooks}. */
export type NotifyOrder =
  /** Deliver this event; the one before is over. */
  | { readonly type: 'deliver'; readonly hook: number; readonly event: NotifyEvent }
  /** Whatever is under way is to end now: it is reported as failed. */
  | { readonly type: 'abort'; readonly hook: number };

/** To the main thread. */
export type NotifyReport =
  | { readonly type: 'delivered'; readonly hook: number }
  /** `final`: not to be tried again. `pause`: in ms, before it is. Absent: one that grows. */
  | {
      readonly type: 'failed';
      readonly hook: number;
      readonly words: string;
      readonly final: boolean;
      readonly pause?: number;
    }
  /** A delivery goes on although it was told to end long ago: the thread is of no use any more. */
  | { readonly type: 'unending'; readonly hook: number };
