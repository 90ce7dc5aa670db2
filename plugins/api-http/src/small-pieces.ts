/** Hands the octets of a connection to Node.js's HTTP parser in small pieces. */
import type { Socket } from 'node:net';

/**
 * Octets. Node.js reads up to 64 KiB at a time and makes objects of all requests in them, 2000 and more, before
 * anything can stop it: some MiB for each connection, however soon that is destroyed. So it is as many as fit in
 * here.
 */
const PIECE = 512;

/** To be called with a connection once the HTTP server listens to its octets, and before any have come. */
export function deliverInSmallPieces(socket: Socket): void {
  const [deliver, ...others] = socket.listeners('data');
  if (deliver === undefined || others.length > 0) return; // another Node.js than we know: it is only a safeguard
  socket.removeAllListeners('data');
  socket.on('data', (octets: Buffer) => {
    for (let rest = octets; rest.length > 0; rest = rest.subarray(PIECE)) {
      if (socket.destroyed) return;
      if (socket.isPaused()) {
        socket.unshift(rest); // the parser waits for answers to be sent
        return;
      }
      deliver.call(socket, rest.subarray(0, PIECE));
    }
  });
}
