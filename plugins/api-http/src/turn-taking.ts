/** Requests of one connection are answered one after another (RFC 9112 §9.3.2), and few of them wait. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests that wait behind the one that is being answered. Node.js would hand out all that arrive at once,
 * thousands in one packet train, whether their client takes the answers or not.
 */
const MOST_WAITING = 100;

type Turn = readonly [IncomingMessage, ServerResponse];

/** The connections that have a request under way. */
export class TurnTaking {
  private readonly waiting = new WeakMap<Socket, Turn[]>();

  /**
   * @param handler gets each request when it is its turn
   * @param overrun told when a connection is cut off because too many of its requests wait
   */
  constructor(
    private readonly handler: RequestListener,
    private readonly overrun: () => void,
  ) {}

  /** For `createServer`. */
  readonly listener: RequestListener = (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return; // what has come in one piece with the request that was too much
    const queue = this.waiting.get(socket);
    if (queue === undefined) {
      this.waiting.set(socket, []);
      this.serve(request, response);
    } else if (queue.length < MOST_WAITING) {
      queue.push([request, response]);
    } else {
      this.overrun();
      socket.destroy();
    }
  };

  /** Whether a request of this connection is being answered. */
  answering(socket: Socket): boolean {
    return this.waiting.has(socket);
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    response.once('close', () => {
      const next = this.waiting.get(socket)?.shift();
      // Not writable: it was the last answer of this connection, or its client is gone.
      if (next === undefined || !socket.writable) this.waiting.delete(socket);
      else this.serve(...next);
    });
    this.handler(request, response);
  }
}
