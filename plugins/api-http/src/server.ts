/** An HTTP or HTTPS server that clients cannot wear out. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { Admission } from './admission.ts';
import { faultOf, MOST_HEADERS, mayBeEndless } from './request-faults.ts';
import { deliverInSmallPieces } from './small-pieces.ts';
import type { Tally } from './tally.ts';
import type { TlsMaterial } from './tls.ts';
import { TurnTaking } from './turn-taking.ts';

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
    requireHostHeader: false, // faultOf does, and it is counted
  };
  const turns = new TurnTaking(inspecting(handler, tally), () => tally.refuse('pipelined'));
  const { listener } = turns;
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
  server.maxHeadersCount = MOST_HEADERS + 1;
  server.on('checkExpectation', listener);
  server.on(tls === undefined ? 'connection' : 'secureConnection', deliverInSmallPieces);
  server.on('connect', (_request, socket: Socket) => {
    // Node.js lets go of the connection: nothing parses what comes, and nobody hears of its errors.
    socket.removeAllListeners('data').on('error', () => {});
    tally.refuse('malformed');
    dismiss(socket, '501 Not Implemented', turns);
  });
  server.timeout = timeouts.idle;
  server.on('timeout', (socket) => {
    if (turns.answering(socket)) tally.refuse('timeout'); // if not, it was merely idle
    socket.destroy();
  });
  const turnedAway = new WeakSet<Socket>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (turnedAway.has(socket)) {
      socket.destroy(); // it goes on: that is the same fault once more
      return;
    }
    turnedAway.add(socket);
    turnAway(error, socket, turns, tally);
  });
  server.on('drop', () => tally.refuse('connections'));
  server.on('error', () => {}); // accept(2) that fails, for lack of descriptors: the client is gone
  return { server, connections: watchConnections(server, mostConnections, tally) };
}

/** Refuses requests that are not in order, and lets connections end whose requests do not. */
function inspecting(handler: RequestListener, tally: Tally): RequestListener {
  return (request, response) => {
    if (mayBeEndless(request)) response.setHeader('connection', 'close');
    const fault = faultOf(request);
    if (fault === undefined) {
      handler(request, response);
      return;
    }
    tally.refuse('malformed');
    response.writeHead(fault, { connection: 'close', 'content-length': 0 }).end();
  };
}

/** Counts connections, and ends those that are too many. */
function watchConnections(server: Server, mostConnections: () => number, tally: Tally): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  const admission = new Admission(mostConnections);
  server.on('connection', (socket: Socket) => {
    // It was reset before it was accepted: the kernel does not know any more whose it was, and nobody waits.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    connections.add(socket);
    tally.connections++;
    socket.once('close', () => {
      connections.delete(socket);
      tally.connections--;
      admission.release(socket);
    });
    const surplus = admission.admit(socket);
    if (surplus === undefined) return;
    tally.refuse('connections');
    surplus.destroy();
  });
  return connections;
}

/** Answers what is no request, as far as there is somebody to answer to. */
function turnAway(
  { code = '' }: NodeJS.ErrnoException,
  socket: Socket,
  turns: TurnTaking,
  tally: Tally,
): void {
  const gone = code === 'ECONNRESET' || code === 'EPIPE';
  const tls = code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS');
  const late = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (!gone) tally.refuse(tls ? 'tls' : late ? 'timeout' : 'malformed');
  if (gone || tls) {
    socket.destroy();
    return;
  }
  const status = late
    ? '408 Request Timeout'
    : code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  dismiss(socket, status, turns);
}

/** Ends a connection with an answer, unless that would get into the answer to a request before. */
function dismiss(socket: Socket, status: string, turns: TurnTaking): void {
  if (turns.answering(socket) || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}
