/** A client that sends what no library would. */
import { connect, type Socket } from 'node:net';

/** An open connection. */
export class RawClient {
  /** Everything that has come, as Latin-1. */
  received = '';
  /** It is closed, and how. */
  readonly closed: Promise<'closed' | 'reset'>;
  readonly opened: Promise<void>;

  constructor(
    port: number,
    readonly socket: Socket = connect(port, '127.0.0.1'),
  ) {
    this.opened = new Promise((resolve) => socket.once('connect', () => resolve()));
    this.closed = new Promise((resolve) => {
      socket.once('error', () => resolve('reset'));
      socket.once('close', () => resolve('closed'));
    });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits for a whole answer without a body, or with a Content-Length. @returns its status line and the rest */
  async answer(): Promise<{ status: number; head: string; body: string }> {
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.received.slice(0, end);
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (this.received.length >= end + 4 + length) {
          const body = this.received.slice(end + 4, end + 4 + length);
          this.received = this.received.slice(end + 4 + length);
          return { status: Number(head.split(' ', 2)[1]), head, body };
        }
      }
      if (this.socket.destroyed)
        throw new Error(`closed without an answer, after ${JSON.stringify(this.received)}`);
      await this.news();
    }
  }

  /** More has come, or nothing comes any more. */
  private news(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve) => {
      const settle = (): void => {
        socket.off('data', settle);
        socket.off('close', settle);
        resolve();
      };
      socket.on('data', settle);
      socket.on('close', settle);
    });
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Sends `text` on a connection of its own. @returns the status of the answer; undefined if there is none */
export async function statusOf(port: number, text: string): Promise<number | undefined> {
  const client = new RawClient(port);
  client.send(text);
  try {
    return (await client.answer()).status;
  } catch {
    return undefined;
  } finally {
    client.end();
  }
}
