/**
 * The control socket: `rvrrpd status`, `reload`, `standby` and their like ask here. For root alone. No client, slow, stuck
 * or gone, keeps the supervisor from anything: requests are small, clients few, and each has a deadline.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { native } from '../native/index.ts';
import { codeOf, messageOf } from '../shared/errors.ts';
import {
  type ControlAnswer,
  type ControlCommand,
  type ControlRequest,
  MAX_REQUEST,
  parseRequest,
} from './control-messages.ts';

/** Clients at a time; more are turned away. */
const MAX_CLIENTS = 16;
/** A client must have sent its request, or taken its answer, within this many ms. */
const CLIENT_TIMEOUT = 10_000;

/** Does what is asked for. Its result goes to the client as JSON; an error as its message. */
export type ControlHandler = (command: ControlCommand, request: ControlRequest) => unknown;

/** The open socket. */
export class ControlServer {
  private readonly clients = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly handler: ControlHandler,
    private readonly path: string,
    /** Of the socket: another process may have it too. */
    readonly descriptor: number,
  ) {
    server.maxConnections = MAX_CLIENTS;
    server.on('connection', (client) => this.serve(client));
  }

  /**
   * Opens it. The caller has the lock of instance.ts, so that what is at `path` is a dead daemon's.
   * @throws Error if it cannot be opened
   */
  static async open(path: string, handler: ControlHandler): Promise<ControlServer> {
    rmSync(path, { force: true });
    const descriptor = native.listenUnix(path);
    chmodSync(path, 0o600); // its folder is for root alone already
    return ControlServer.adopt(path, descriptor, handler);
  }

  /** Goes on with the socket of a daemon in another process, which has given it to us. */
  static adopt(path: string, descriptor: number, handler: ControlHandler): Promise<ControlServer> {
    const server = createServer({ allowHalfOpen: true });
    const control = new ControlServer(server, handler, path, descriptor);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd: descriptor }, () => {
        server.on('error', () => {}); // accept(2) that fails, for lack of descriptors: the client is gone
        resolve(control);
      });
    });
  }

  /** Removes it and turns all clients away. */
  close(): void {
    this.leave();
    rmSync(this.path, { force: true });
    for (const client of this.clients) client.destroy();
  }

  /** Whoever comes now is another process's affair; those who are here get their answers. */
  leave(): void {
    this.server.close();
  }

  private serve(client: Socket): void {
    this.clients.add(client);
    let received = '';
    let timer: NodeJS.Timeout | undefined;
    const giveTime = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => client.destroy(), CLIENT_TIMEOUT);
    };
    const reply = (answer: ControlAnswer, last: boolean): void => {
      if (client.destroyed) return;
      giveTime();
      client.write(`${JSON.stringify(answer)}\n`, () => {
        if (last) client.destroy();
        else client.resume();
        next();
      });
    };
    const next = (): void => {
      if (client.isPaused() || client.destroyed) return; // one request at a time
      const end = received.indexOf('\n');
      if (end < 0 && received.length <= MAX_REQUEST) return;
      client.pause();
      if (end < 0 || end > MAX_REQUEST) {
        reply(
          { ok: false, error: `a request is a line of up to ${MAX_REQUEST} octets`, code: 'request-invalid' },
          true,
        );
        return;
      }
      const line = received.slice(0, end);
      received = received.slice(end + 1);
      clearTimeout(timer); // how long it takes is not the client's doing
      void this.answerTo(line).then((answer) => reply(answer, false));
    };
    client.setEncoding('latin1'); // as many characters as octets; all that we understand is ASCII
    client.on('data', (text: string) => {
      received += text;
      next();
    });
    client.on('end', () => {
      if (!client.isPaused()) client.end();
    });
    client.on('error', () => {});
    client.on('close', () => {
      clearTimeout(timer);
      this.clients.delete(client);
    });
    giveTime();
  }

  private async answerTo(line: string): Promise<ControlAnswer> {
    const request = parseRequest(line);
    if ('error' in request) return { ok: false, error: request.error, code: 'request-invalid' };
    try {
      return { ok: true, result: await this.handler(request.command, request) };
    } catch (error) {
      return { ok: false, error: messageOf(error), code: codeOf(error) };
    }
  }
}
