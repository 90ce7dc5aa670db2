/**
 * What waits for one hook: in order, none twice, and none lost but those that are counted. Pure; times are handed in. It is
 * plain data, so that another process can go on with it.
 */
import type { NotifyEvent } from '../../plugin/contracts/index.ts';

/** What is the same for all hooks: whom it is about, and what happened. */
export interface Notice {
  /** The same for all notices of one virtual router, or of one group. */
  readonly key: string;
  readonly body: Omit<NotifyEvent, 'sequence' | 'hook' | 'missed' | 'joined' | 'attempt'>;
}

/** So many may wait: several transitions of some thousand routers. After that the oldest are dropped. */
export const MOST_WAITING = 50_000;

/** With `latest`: what has waited for longer than so many ms may be joined into something newer. */
export const JOIN_AFTER = 1000;

/** From so many waiting ones on it is looked for what can be joined, not only when their turn comes. */
const JOIN_FROM = 256;

interface Entry {
  readonly notice: Notice;
  readonly sequence: number;
  /** When it came, ms of the clock that is handed in. */
  readonly arrived: number;
  /** So many are missing right before it. */
  readonly missed: number;
}

/** An event whose turn it is. */
export interface Due {
  readonly notice: Notice;
  readonly sequence: number;
  readonly missed: number;
  readonly joined: number;
  /** How often it was begun to be delivered. */
  attempt: number;
}

/** Of one hook, for another process. Plain data. */
export interface QueueState {
  readonly sequence: number;
  /** The one that is under way is the first of them. */
  readonly waiting: readonly {
    readonly notice: Notice;
    readonly sequence: number;
    readonly missed: number;
  }[];
  /** Of the first one; 0: it was not begun to be delivered. */
  readonly attempt: number;
  readonly missed: number;
  readonly lost: number;
  readonly joinedFirst: number;
  readonly joined: ReadonlyMap<string, number>;
  readonly dropped: number;
  readonly joinedAll: number;
}

/** See the file's comment. */
export class HookQueue {
  /** Those that have come by now, missed ones included. */
  private sequence = 0;
  private entries: Entry[] = [];
  /** Where the oldest one is in {@link entries}. */
  private first = 0;
  /** By key: how many wait. */
  private readonly waiting = new Map<string, number>();
  /** By key: how many were joined into the next one. */
  private pendingJoined = new Map<string, number>();
  /** Missing before the next one whose turn it will be, and before the next one that comes. */
  private missed = 0;
  private lost = 0;
  private joinFrom = JOIN_FROM;
  private due: Due | undefined;
  /** Since the start: dropped, because too many waited, or never heard of; and joined. */
  dropped = 0;
  joined = 0;

  /** @param most how many may wait */
  constructor(private readonly most = MOST_WAITING) {}

  /** How many wait, the one whose turn it is included. */
  get length(): number {
    return this.entries.length - this.first + (this.due ? 1 : 0);
  }

  /** Whether there is one that is under way. */
  get current(): Due | undefined {
    return this.due;
  }

  /** @param latest old ones of the same key may be joined */
  push(notice: Notice, now: number, latest: boolean): void {
    this.entries.push({ notice, sequence: ++this.sequence, arrived: now, missed: this.lost });
    this.lost = 0;
    this.count(notice.key, 1);
    if (latest && this.entries.length - this.first >= this.joinFrom) this.joinOld(now);
    if (this.entries.length - this.first > this.most) {
      this.missed += 1 + this.shift()!.missed;
      this.dropped++;
    }
  }

  /** So many have happened that nothing is known of. */
  lose(count: number): void {
    this.sequence += count;
    this.lost += count;
    this.dropped += count;
  }

  /** The next one, whose turn it is from now on; undefined: there is none. The one before must be over. */
  take(now: number, latest: boolean): Due | undefined {
    if (this.due) return this.due;
    for (;;) {
      const entry = this.shift();
      if (entry === undefined) return undefined;
      const { notice, sequence, arrived } = entry;
      const { key } = notice;
      this.missed += entry.missed;
      if (latest && now - arrived > JOIN_AFTER && this.waiting.has(key)) {
        this.join(key);
        continue;
      }
      this.due = { notice, sequence, missed: this.missed, joined: this.joinedInto(key), attempt: 0 };
      this.missed = 0;
      return this.due;
    }
  }

  /** The one whose turn it was is over. */
  done(): void {
    this.due = undefined;
  }

  /** Joins whatever can be, old or not: there is no time for all of it. @returns how many are fewer */
  collapse(): number {
    const before = this.length;
    this.joinOld(Number.POSITIVE_INFINITY);
    return before - this.length;
  }

  /** For another process. */
  get state(): QueueState {
    const { due } = this;
    return {
      sequence: this.sequence,
      waiting: [...(due ? [due] : []), ...this.entries.slice(this.first)].map(
        ({ notice, sequence, missed }) => ({ notice, sequence, missed }),
      ),
      attempt: due?.attempt ?? 0,
      ...{ missed: this.missed, lost: this.lost },
      joinedFirst: due?.joined ?? 0,
      ...{ joined: this.pendingJoined, dropped: this.dropped, joinedAll: this.joined },
    };
  }

  /** Goes on with what another process had: before anything of its own. */
  inherit(state: QueueState, now: number): void {
    const own = this.entries.slice(this.first);
    this.entries = state.waiting.map((each) => ({ ...each, arrived: now }));
    this.first = 0;
    this.sequence = state.sequence;
    this.missed = state.missed;
    const { lost } = this;
    this.lost = state.lost;
    this.pendingJoined = new Map(state.joined);
    this.dropped += state.dropped;
    this.joined += state.joinedAll;
    this.waiting.clear();
    for (const { notice } of this.entries) this.count(notice.key, 1);
    if (state.attempt > 0) {
      const { notice, sequence, missed } = this.shift()!;
      const { attempt, joinedFirst: joined } = state;
      this.due = { notice, sequence, missed, joined, attempt };
    }
    for (const { notice, arrived, missed } of own) {
      this.sequence += missed;
      this.lost += missed;
      this.push(notice, arrived, false);
    }
    this.sequence += lost;
    this.lost += lost;
  }

  private shift(): Entry | undefined {
    const entry = this.entries[this.first];
    if (entry === undefined) return undefined;
    this.first++;
    this.count(entry.notice.key, -1);
    // What is gone is given back now and then, not each time: that would move all others.
    if (this.first >= 1024 && this.first * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.first);
      this.first = 0;
    } else if (this.first === this.entries.length) {
      this.entries = [];
      this.first = 0;
    }
    return entry;
  }

  private joinOld(now: number): void {
    const kept: Entry[] = [];
    for (let at = this.first; at < this.entries.length; at++) {
      const entry = this.entries[at]!;
      const { key } = entry.notice;
      if (now - entry.arrived <= JOIN_AFTER || this.waiting.get(key) === 1) {
        kept.push(entry);
        continue;
      }
      this.count(key, -1);
      this.join(key);
      this.missed += entry.missed;
    }
    this.entries = kept;
    this.first = 0;
    this.joinFrom = Math.max(JOIN_FROM, kept.length * 2);
  }

  private join(key: string): void {
    this.joined++;
    this.pendingJoined.set(key, (this.pendingJoined.get(key) ?? 0) + 1);
  }

  private joinedInto(key: string): number {
    const count = this.pendingJoined.get(key) ?? 0;
    this.pendingJoined.delete(key);
    return count;
  }

  private count(key: string, change: 1 | -1): void {
    const count = (this.waiting.get(key) ?? 0) + change;
    if (count === 0) this.waiting.delete(key);
    else this.waiting.set(key, count);
  }
}
