/** Which virtual router of an interface and family a packet is for: by its VRRP version and VRID. */

const VRIDS = 256;

/** A table for no virtual router yet: the slot for each {@link routingIndex}, −1 where there is none. */
export function emptyRouting(): Int32Array {
  return new Int32Array(2 * VRIDS).fill(-1);
}

/** Where in the table the router of this version and VRID stands. */
export function routingIndex(version: number, vrid: number): number {
  return version === 3 ? VRIDS + vrid : vrid;
}

/**
 * The slot that a packet belongs to, −1: none. Where nobody has its version, the router of the other version tells so.
 * @param version as the packet has it, 0 to 15
 * @param vrid −1: the packet has none
 */
export function slotFor(slotOfVrid: Int32Array, version: number, vrid: number): number {
  if (vrid < 0) return -1;
  const exact = version === 2 || version === 3 ? slotOfVrid[routingIndex(version, vrid)]! : -1;
  if (exact >= 0) return exact;
  const older = slotOfVrid[routingIndex(2, vrid)]!;
  return older >= 0 ? older : slotOfVrid[routingIndex(3, vrid)]!;
}
