/**
 * One client's stream of server-sent events (WHATWG HTML, "Server-sent events"). It pulls from the history as fast
 * as the client takes it and keeps no queue of its own: a slow client costs no memory, and may miss events, which
 * it is told.
 */
import { Readable } from 'node:stream';
import { type EventEntry, entryOf } from './entry.ts';
import type { EventHistory, Position } from './history.ts';

/** Characters that are handed to the socket at a time, about. */
const PIECE = 16_384;
/** A client waits so many ms before it connects again. */
const RETRY = 2000;
/** So many s without an event, and a comment is sent: proxies and clients see that the connection lives. */
const PING_AFTER = 15;
/** A client that has taken nothing for so many s, although there is something, is cut off. It can resume. */
const STALLED_AFTER = 60;
/** The rest that a client whose time is over has not taken is thrown away after so many s. */
const LINGER = 5;

/** What a stream is made with. */
export interface EventStreamOptions {
  readonly history: EventHistory;
  /** Whether the client wants an event. */
  readonly wants: (entry: EventEntry) => boolean;
  /** The `id` that the client saw last. */
  readonly lastEventId?: string | undefined;
  /** Whether the client may still read. Asked before anything is told. */
  readonly permitted: () => boolean;
}

/** An event as text; its `id` is that of the position behind it. */
function frame({ type, data }: EventEntry, id: string): string {
  return `event: ${type}\nid: ${id}\ndata: ${data}\n\n`;
}

/** A stream of events. */
export class EventStream extends Readable {
  private position: Position;
  /** What comes before the first event. */
  private preface: string;
  /** The client's end of the stream has asked for more, and got nothing yet. */
  private wanting = false;
  /** {@link wanting} has become true since the last tick. */
  private moved = false;
  private ended = false;
  /** Seconds since something was sent, since something was taken while there was more, since the end. */
  private quiet = 0;
  private stalled = 0;
  private lingering = 0;

  constructor(private readonly options: EventStreamOptions) {
    super({ highWaterMark: PIECE });
    const { history, lastEventId } = options;
    const position = lastEventId === undefined ? history.end : history.positionOf(lastEventId);
    this.position = position ?? history.beginning;
    // An `id` without data is no event, and yet where a client resumes (§9.2.6, "dispatch the event").
    this.preface = `retry: ${RETRY}\nid: ${history.idOf(this.position)}\n\n`;
    if (position === undefined) this.preface += this.lost(null);
  }

  override _read(): void {
    this.wanting = true;
    this.moved = true;
    this.deliver();
  }

  /** Sends what there is to be sent, if the client takes it. */
  deliver(): void {
    if (!this.options.permitted()) this.finish();
    while (this.wanting && !this.ended) {
      const text = this.next();
      if (text === '') return;
      this.send(text);
    }
  }

  /** Ends the stream behind what has been sent. */
  finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.push(null);
  }

  /** A second has passed. @returns false if the connection is to be cut */
  tick(): boolean {
    this.deliver();
    if (this.ended) return ++this.lingering < LINGER;
    this.quiet++;
    if (this.wanting && this.quiet >= PING_AFTER) {
      // With its place, which has moved on if the client does not want everything.
      this.send(`: ping\nid: ${this.options.history.idOf(this.position)}\n\n`);
    }
    this.stalled = this.wanting || this.moved ? 0 : this.stalled + 1;
    this.moved = false;
    return this.stalled < STALLED_AFTER;
  }

  private send(text: string): void {
    this.wanting = false;
    this.quiet = 0;
    // `push` may call `_read`, which then has set it already.
    if (this.push(text)) this.wanting = true;
  }

  /** The next events that the client wants, about a piece; empty: there are none. Moves on behind them. */
  private next(): string {
    const { history, wants } = this.options;
    let text = this.preface;
    this.preface = '';
    const missing = history.missingAfter(this.position);
    if (missing > 0) {
      this.position += missing;
      text += this.lost(missing);
    }
    while (text.length < PIECE) {
      const entry = history.after(this.position);
      if (entry === undefined) break;
      this.position++;
      if (wants(entry)) text += frame(entry, history.idOf(this.position));
    }
    return text;
  }

  private lost(count: number | null): string {
    const { history } = this.options;
    return frame(entryOf({ type: 'lost', time: Date.now(), count }), history.idOf(this.position));
  }
}
