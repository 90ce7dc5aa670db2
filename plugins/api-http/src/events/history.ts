/**
 * What happened lately. Events are numbered, and stay for a while, so that a client of `/events` whose connection
 * broke, or whose server was replaced by its next version, gets what it missed.
 */
import { randomBytes } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ServiceContext } from 'rvrrpd/plugin';
import { type EventEntry, entryOf } from './entry.ts';

/** How much is kept. */
export interface HistoryLimits {
  /** Events. */
  readonly events: number;
  /** Characters of their data: a reload that fails says much. */
  readonly characters: number;
}

const LIMITS: HistoryLimits = { events: 10_000, characters: 4 << 20 };

/** What `exportState` gives. */
const HistoryState = Type.Object({
  version: Type.Literal(1),
  epoch: Type.String({ pattern: '^[0-9a-f]{12}$' }),
  /** Number of the last event. */
  last: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  /** Up to the last, without a gap. */
  entries: Type.Array(
    Type.Object({
      type: Type.String({ pattern: '^[a-z][a-z-]*$' }),
      interface: Type.Optional(Type.String()),
      group: Type.Optional(Type.Integer()),
      data: Type.String({ pattern: '^[^\\r\\n]*$' }),
    }),
  ),
});
type HistoryState = Static<typeof HistoryState>;

/** A place in the history: the number of the last event that was seen, 0 for none. */
export type Position = number;

/** The last events, from the making of this object on. */
export class EventHistory {
  /** Numbers are those of one history: another one, after a crash, has another epoch. */
  private epoch = randomBytes(6).toString('hex');
  private entries: EventEntry[] = [];
  private characters = 0;
  private last: Position = 0;
  private readonly watchers = new Set<() => void>();

  constructor(
    context: Pick<ServiceContext, 'subscribe'>,
    private readonly limits = LIMITS,
  ) {
    context.subscribe((events, lost) => {
      const entries = events.map(entryOf);
      // Those that were lost are older than those that were not.
      if (lost > 0) entries.unshift(entryOf({ type: 'lost', time: Date.now(), count: lost }));
      this.add(entries);
    });
  }

  /** Where the next event will follow. */
  get end(): Position {
    return this.last;
  }

  /** Where everything that is still there follows. */
  get beginning(): Position {
    return this.last - this.entries.length;
  }

  /** The `id` of the event at a position. */
  idOf(position: Position): string {
    return `${this.epoch}-${position}`;
  }

  /** The position of an `id`; undefined if it is none of this history. */
  positionOf(id: string): Position | undefined {
    const digits = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id);
    if (digits?.[1] !== this.epoch) return undefined;
    const position = Number(digits[2]);
    return position <= this.last ? position : undefined;
  }

  /** The event that follows a position, if it is there. */
  after(position: Position): EventEntry | undefined {
    return this.entries[position - this.beginning];
  }

  /** How many of the events after a position are no longer there. */
  missingAfter(position: Position): number {
    return Math.max(0, this.beginning - position);
  }

  /** Calls `watcher` whenever there is more. @returns what ends that */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** For {@link importState} of the plugin's next version. Structured clone can carry it. */
  exportState(): unknown {
    const { epoch, last, entries } = this;
    return { version: 1, epoch, last, entries: [...entries] } satisfies HistoryState;
  }

  /**
   * Continues the history that another version has exported. What has happened since this one was made follows;
   * both may have seen some of it. Anything else than a history is left alone: a reload does not depend on it.
   */
  importState(state: unknown): void {
    if (!Value.Check(HistoryState, state) || state.last < state.entries.length) return;
    const own = this.entries;
    const known = new Map<string, number>();
    for (const { type, data } of state.entries) known.set(type + data, (known.get(type + data) ?? 0) + 1);
    this.epoch = state.epoch;
    this.entries = [];
    this.characters = 0;
    this.last = state.last - state.entries.length;
    const isNew = ({ type, data }: EventEntry): boolean => {
      const left = known.get(type + data) ?? 0;
      known.set(type + data, left - 1);
      return left <= 0;
    };
    this.add([...state.entries, ...own.filter(isNew)]);
  }

  private add(entries: readonly EventEntry[]): void {
    const { limits } = this;
    for (const entry of entries) {
      this.entries.push(entry);
      this.characters += entry.data.length;
    }
    this.last += entries.length;
    let old = 0;
    while (this.entries.length - old > limits.events || this.characters > limits.characters) {
      this.characters -= this.entries[old++]!.data.length;
    }
    this.entries.splice(0, old);
    for (const watcher of this.watchers) watcher();
  }
}
