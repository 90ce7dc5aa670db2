/**
 * Who uses holdings, as a number: a virtual router for its virtual addresses (its slot), the same router for what else it
 * has as Master, and `[protocols]`, which is one user for all routers.
 */

/** The user of what `[protocols]` wants: no slot of the state table. */
export const PROTOCOLS = -1;

/** The user of the further addresses, routes and rules of a slot: no slot either. */
export function extrasUser(slot: number): number {
  return PROTOCOLS - 1 - slot;
}

/** Whether a user stands for the extras of a slot. */
export function isExtrasUser(user: number): boolean {
  return user < PROTOCOLS;
}

/** The slot that a user of holdings stands for; undefined: none, as what `[protocols]` wants is anyone's. */
export function slotOfUser(user: number): number | undefined {
  if (user === PROTOCOLS) return undefined;
  return isExtrasUser(user) ? extrasUser(user) : user;
}
