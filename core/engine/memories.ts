/** How what authentication must not forget passes from one engine to the next. Plugins do what is to be done, see `adopt`. */
import { type AuthMemories, ownerNumber } from '../threads/auth-memory.ts';
import type { EngineRouter } from './router.ts';

/** A virtual router, as far as it matters here. */
type WithTrailer = Pick<EngineRouter, 'slot' | 'trailer'>;

/**
 * A router's authenticator goes on with what the one before it knew.
 * @param from slot of the router in the memory `before`; below 0: it did not run
 * @param how `reload`: that memory is as the last packet has left it. `restart`: its engine has gone on after that, and
 *   nobody knows what it has accepted
 * @throws PluginError if it cannot
 */
export function adoptMemory(
  { slot, trailer }: WithTrailer,
  memories: AuthMemories,
  before: AuthMemories,
  from: number,
  how: 'reload' | 'restart',
): void {
  if (!trailer || from < 0) return;
  if (memories.inherit(slot, ownerNumber(trailer.plugin), before, from)) trailer.adopt(how);
  // Of another layout: what there is comes from a file, and the router ran on since that was read.
  else if (memories.place(slot).some((octet) => octet !== 0)) trailer.adopt('restart');
}

/**
 * Other engines have run these routers for a while, and are gone with what they knew: nothing that they can have accepted
 * is accepted again, and no number that they can have sent is sent again.
 * @param failed told of each router whose authenticator cannot do that
 */
export function catchUp(routers: readonly WithTrailer[], failed: (error: unknown) => void): void {
  for (const { trailer } of routers) {
    try {
      trailer?.adopt('restart');
    } catch (error) {
      failed(error);
    }
  }
}
