/**
 * Closes packet sockets beside the engine. The kernel makes close() of a packet socket wait until no processor can be
 * in its receive path any more (synchronize_net(), some ms each): what a turn may take many times over.
 */
import { close } from 'node:fs';

/** Has a descriptor closed by a thread of libuv's pool. Nothing may use it from here on. */
export function closeLater(descriptor: number): void {
  close(descriptor, () => {}); // whatever close(2) answers, the descriptor is gone
}
