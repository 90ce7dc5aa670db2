/**
 * Closes packet sockets beside the engine. The kernel makes close() of a packet socket wait until no processor can be
 * in its receive path any more (synchronize_net(), some ms each): what a turn may take many times over.
 */
import { close } from 'node:fs';

/** Those under way. */
const closing = new Set<Promise<void>>();

/** Has a descriptor closed by a thread of libuv's pool. Nothing may use it from here on. */
export function closeLater(descriptor: number): void {
  const closed = new Promise<void>((resolve) => {
    close(descriptor, () => resolve()); // whatever close(2) answers, the descriptor is gone
  }).then(() => {
    closing.delete(closed);
  });
  closing.add(closed);
}

/** Waits for those under way: a worker that ends earlier leaves them open to the process. */
export async function allClosed(): Promise<void> {
  await Promise.all(closing);
}
