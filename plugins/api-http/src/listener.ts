/** One place to listen at, with its server and its connections. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from './address.ts';
import { HEADROOM } from './admission.ts';
import { PROBLEM_TYPE, problem } from './problems.ts';
import { type ApiServer, makeServer, type Timeouts } from './server.ts';
import type { Tally } from './tally.ts';
import type { TlsMaterial } from './tls.ts';

/** How often connections that have become idle are looked for, in ms. */
const IDLE_CHECK = 20;

/** What a listener is made of. */
export interface ListenerSettings {
  readonly address: ListenAddress;
  /** Absent: HTTP. */
  readonly tls: TlsMaterial | undefined;
}

/** What all listeners of a service share. */
export interface ListenerDeps {
  readonly handler: RequestListener;
  /** Connections at a time, in force. */
  readonly mostConnections: () => number;
  readonly tally: Tally;
  /** Default: as operation needs them. */
  readonly timeouts?: Timeouts;
}

/** Made: nothing is open yet. */
export class Listener {
  /** False: bound only to have the port; whoever connects is told to come back. */
  admitting = true;
  private readonly api: ApiServer;
  private retired = false;

  constructor(
    readonly settings: ListenerSettings,
    private readonly deps: ListenerDeps,
  ) {
    this.api = makeServer(
      (request, response) => {
        if (this.retired || !this.admitting) response.setHeader('connection', 'close');
        if (this.admitting) deps.handler(request, response);
        else response.writeHead(503, { 'content-type': PROBLEM_TYPE, 'retry-after': '1' }).end(NOT_YET);
      },
      settings.tls,
      deps.mostConnections,
      deps.tally,
      deps.timeouts,
    );
  }

  get bound(): boolean {
    return this.api.server.listening;
  }

  /** The port that it is bound to; another than configured if that is 0. */
  get port(): number {
    return (this.api.server.address() as AddressInfo | null)?.port ?? this.settings.address.port;
  }

  /** Open connections. */
  get connections(): number {
    return this.api.connections.size;
  }

  /**
   * Begins to listen.
   * @throws Error of the system call, with its `code`
   */
  async bind(): Promise<void> {
    const { server } = this.api;
    this.limit();
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        server.off('listening', succeeded);
        reject(error);
      };
      const succeeded = (): void => {
        server.off('error', failed);
        resolve();
      };
      server.once('error', failed);
      server.once('listening', succeeded);
      server.listen(this.settings.address);
    });
  }

  /** Takes the limit of connections into use that is in force now. */
  limit(): void {
    this.api.server.maxConnections = this.deps.mostConnections() + HEADROOM;
  }

  /** Stops listening, at once. Requests under way go on, idle connections end. It can be bound again. */
  unbind(): void {
    if (this.bound) this.api.server.close();
  }

  /** Uses another certificate for connections from now on. The others stay. */
  renew(tls: TlsMaterial): void {
    if (this.api.server instanceof TlsServer) this.api.server.setSecureContext(tls.options);
  }

  /**
   * Stops listening for good. Requests under way may be finished, then their connections end.
   * @param most ms; what is open by then is cut off
   */
  async retire(most: number): Promise<void> {
    this.retired = true;
    this.unbind();
    const { server, connections } = this.api;
    const deadline = performance.now() + most;
    while (connections.size > 0 && performance.now() < deadline) {
      server.closeIdleConnections();
      await delay(IDLE_CHECK);
    }
    const closed = [...connections].map((socket) => once(socket, 'close'));
    server.closeAllConnections(); // those that are not HTTP yet, in a TLS handshake, are not known to it
    for (const socket of connections) socket.destroy();
    await Promise.all(closed);
  }
}

const NOT_YET = JSON.stringify(problem(503, 'the API moves to this address: try again in a second'));
