/** The open event streams of this API: told of news, watched over, and ended with it. */
import type { ServerResponse } from 'node:http';
import type { Tally } from '../tally.ts';
import type { EventHistory } from './history.ts';
import type { EventStream } from './stream.ts';

/** Streams at a time. */
export const MOST_STREAMS = 64;

/** The set of open streams. While it is empty, it neither listens nor keeps a timer. */
export class EventStreams {
  private readonly open = new Map<EventStream, ServerResponse>();
  private timer: NodeJS.Timeout | undefined;
  private unwatch: (() => void) | undefined;
  private closed = false;

  constructor(
    private readonly history: EventHistory,
    private readonly tally: Tally,
  ) {}

  /** There is no room for another one, or this API ends. */
  get full(): boolean {
    return this.closed || this.open.size >= MOST_STREAMS;
  }

  /** Looks after a stream until the response that it goes to is over, however that comes. */
  add(stream: EventStream, response: ServerResponse): void {
    if (this.open.size === 0) {
      this.timer = setInterval(() => this.tick(), 1000);
      this.unwatch = this.history.watch(() => {
        for (const one of this.open.keys()) one.deliver();
      });
    }
    this.open.set(stream, response);
    this.tally.subscribers++;
    response.once('close', () => {
      stream.destroy();
      this.open.delete(stream);
      this.tally.subscribers--;
      if (this.open.size === 0) this.rest();
    });
  }

  /** Ends all of them; none is taken any more. */
  close(): void {
    this.closed = true;
    for (const stream of this.open.keys()) stream.finish();
  }

  private tick(): void {
    for (const [stream, response] of this.open) {
      if (!stream.tick()) response.destroy();
    }
  }

  private rest(): void {
    clearInterval(this.timer);
    this.unwatch?.();
  }
}
