/** An HTTP or HTTPS server that clients cannot wear out. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { clientOf } from './address.ts';
import type { Tally } from './tally.ts';
import type { TlsMaterial } from './tls.ts';

/** How long clients may take, in ms. */
export interface Timeouts {
  /** For the TLS handshake. */
  readonly handshake: number;
  /** For the headers of a request. */
  readonly headers: number;
  /** For a whole request. */
  readonly request: number;
  /** Between two requests. */
  readonly keepAlive: number;
  /** Without any octet in either direction while a request is answered, such as a client that does not read. */
  readonly idle: number;
  /** How often the above are looked at. */
  readonly check: number;
}

const TIMEOUTS: Timeouts = {
  handshake: 5_000,
  headers: 10_000,
  request: 15_000,
  keepAlive: 15_000,
  idle: 60_000,
  check: 1_000,
};

const LARGEST_HEADERS = 16 * 1024;

/** One client may always have so many connections: a browser uses 6. */
const FEWEST_PER_CLIENT = 8;

/** How many connections one client may have: a quarter of all. */
function mostPerClient(mostConnections: number): number {
  return Math.max(FEWEST_PER_CLIENT, Math.floor(mostConnections / 4));
}

/** A server that does not listen yet, and the connections that it has. */
export interface ApiServer {
  readonly server: Server | TlsServer;
  readonly connections: ReadonlySet<Socket>;
}

/**
 * Makes a server.
 * @param tls absent: HTTP
 * @param mostConnections in force
 */
export function makeServer(
  handler: RequestListener,
  tls: TlsMaterial | undefined,
  mostConnections: () => number,
  tally: Tally,
  timeouts: Timeouts = TIMEOUTS,
): ApiServer {
  const options: ServerOptions = {
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    connectionsCheckingInterval: timeouts.check,
    maxHeaderSize: LARGEST_HEADERS,
  };
  /** Sockets whose request is being answered: an error message would get into the answer. */
  const answering = new WeakSet<Socket>();
  const listener: RequestListener = (request, response) => {
    answering.add(request.socket);
    response.once('close', () => answering.delete(request.socket));
    handler(request, response);
  };
  const server =
    tls === undefined
      ? createServer(options, listener)
      : createTlsServer(
          {
            ...options,
            ...tls.options,
            handshakeTimeout: timeouts.handshake,
            ALPNProtocols: ['http/1.1'],
          },
          listener,
        );
  server.timeout = timeouts.idle;
  server.on('timeout', (socket) => {
    if (answering.has(socket)) tally.refuse('timeout'); // if not, it was merely idle
    socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    turnAway(error, socket, answering.has(socket), tally);
  });
  server.on('drop', () => tally.refuse('connections'));
  server.on('error', () => {}); // accept(2) that fails, for lack of descriptors: the client is gone
  return { server, connections: watchConnections(server, mostConnections, tally) };
}

/** Counts connections, and keeps one client from having them all. */
function watchConnections(server: Server, mostConnections: () => number, tally: Tally): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  const perClient = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const client = clientOf(socket.remoteAddress);
    const count = (perClient.get(client) ?? 0) + 1;
    perClient.set(client, count);
    connections.add(socket);
    tally.connections++;
    socket.once('close', () => {
      connections.delete(socket);
      tally.connections--;
      const left = (perClient.get(client) ?? 1) - 1;
      if (left > 0) perClient.set(client, left);
      else perClient.delete(client);
    });
    if (count <= mostPerClient(mostConnections())) return;
    tally.refuse('connections');
    socket.destroy();
  });
  return connections;
}

/** Answers what is no request, as far as there is somebody to answer to. */
function turnAway(
  { code = '' }: NodeJS.ErrnoException,
  socket: Socket,
  answering: boolean,
  tally: Tally,
): void {
  const gone = code === 'ECONNRESET' || code === 'EPIPE';
  const tls = code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS');
  const late = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (!gone) tally.refuse(tls ? 'tls' : late ? 'timeout' : 'malformed');
  if (gone || tls || answering || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = late
    ? '408 Request Timeout'
    : code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}
