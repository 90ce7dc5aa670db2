/** What the thread of a `track` plugin and the main thread say to each other. Plain data, structured clone. */
import type { ResolvedPlugin } from './resolved-plugins.ts';
import type { TablePlace } from './table-place.ts';

/** One tracker as its plugin's thread knows it. */
export interface TrackerOrder {
  /** Of the `[[track]]` table. */
  readonly name: string;
  /** The value of `type` that has selected the plugin. */
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** From one check to the next, in ms. */
  readonly interval: number;
  /** What a check may take, in ms. */
  readonly timeout: number;
  readonly place: TablePlace;
}

/** `workerData` of the thread. */
export interface TrackInit {
  readonly plugin: ResolvedPlugin;
  readonly trackers: readonly TrackerOrder[];
}

/** From the main thread: check this one, an index of {@link TrackInit.trackers}, once. */
export interface TrackOrder {
  readonly type: 'check';
  readonly tracker: number;
}

/** To the main thread. */
export type TrackReport =
  /** A check is over. */
  | {
      readonly type: 'found';
      readonly tracker: number;
      readonly up: boolean;
      readonly words: string;
      readonly weight?: number;
    }
  /** The plugin has seen something: check it, out of turn. */
  | { readonly type: 'changed'; readonly tracker: number }
  /** A check goes on although it was told to end long ago: the thread is of no use any more. */
  | { readonly type: 'unending'; readonly tracker: number };
