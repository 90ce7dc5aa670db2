/** TCP connections that begin at a given interface or address. */
import { isIP, isIPv4, Socket } from 'node:net';
import { addon } from './native.ts';
import { resolveHost } from './resolve.ts';

/** Where a connection goes, and where it begins. */
export interface ConnectOptions {
  /** An address, or a name. */
  readonly host: string;
  readonly port: number;
  /** Only addresses of this family. Absent: both. */
  readonly family?: 4 | 6 | undefined;
  /** Through this interface alone, whatever the routing table says (SO_BINDTODEVICE). */
  readonly device?: string | undefined;
  /** From this address. */
  readonly source?: string | undefined;
}

/**
 * Connects; to a host with several addresses at once, and the first that answers is it.
 * @param signal ends it, and what it has opened
 * @returns the connection, whose end is the caller's affair
 * @throws Error with the `code` of the first address's failure
 */
export async function connectTcp(options: ConnectOptions, signal: AbortSignal): Promise<Socket> {
  const family = options.source === undefined ? options.family : isIPv4(options.source) ? 4 : 6;
  const addresses = await resolveHost(options.host, family, signal);
  const ended = new AbortController();
  const end = () => ended.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const attempts = addresses.slice(0, MOST_ADDRESSES).map((address) => one(address, options, ended.signal));
    const socket = await Promise.any(attempts);
    // Those that come later are not needed any more.
    for (const attempt of attempts)
      attempt.then(
        (other) => other !== socket && other.destroy(),
        () => {},
      );
    return socket;
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

const MOST_ADDRESSES = 8;

function one(address: string, options: ConnectOptions, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { port, device, source } = options;
    // Node.js opens a socket of its own when it connects, unless it has one already.
    const socket =
      device === undefined
        ? new Socket()
        : new Socket({
            fd: addon().openTcpSocket(isIP(address) === 6 ? 6 : 4, device),
            readable: true,
            writable: true,
            manualStart: true,
          } as ConstructorParameters<typeof Socket>[0]);
    const abort = () => socket.destroy(new Error('no longer wanted'));
    const settle = () => {
      signal.removeEventListener('abort', abort);
      socket.off('connect', connected);
      socket.off('error', failed);
    };
    const connected = () => {
      settle();
      resolve(socket);
    };
    const failed = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    socket.on('connect', connected);
    socket.on('error', failed);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    const host = device !== undefined && /^fe[89ab].:/i.test(address) ? `${address}%${device}` : address;
    socket.connect({ host, port, ...(source === undefined ? {} : { localAddress: source }) });
  });
}
