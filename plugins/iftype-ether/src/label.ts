/** Labels of IPv4 addresses: the alias interfaces of man 7 netdevice. */

/** Longest label (IFNAMSIZ less its end). */
const LONGEST = 15;

/** '' for 0, then b to z, ba, bb, …: the second address of eth0:7 is eth0:7b. */
function letters(index: number): string {
  let text = '';
  for (let rest = index; rest > 0; rest = Math.floor(rest / 26))
    text = String.fromCharCode(97 + (rest % 26)) + text;
  return text;
}

/**
 * The label of a virtual address: `<interface>:<vrid>`, with letters from the second address on.
 *
 * The interface's name has to stay whole, because an ioctl finds the interface by it. Where too little room
 * is left for any VRID in decimal and a letter, VRIDs are written with two digits of base 36; where there is
 * room for nothing else, so is the VRID plus 256 for each address before. Which way depends on the interface's
 * name alone, so labels on one interface never collide.
 *
 * @param index of the address in the virtual router's list, from 0
 * @returns undefined if there is no room at all: the address then has the interface's name for a label
 */
export function labelOf(interfaceName: string, vrid: number, index: number): string | undefined {
  const room = LONGEST - interfaceName.length - 1;
  const digits = (value: number): string => value.toString(36).padStart(2, '0');
  const suffix =
    room <= 2 ? digits(vrid + 256 * index) : (room === 3 ? digits(vrid) : String(vrid)) + letters(index);
  return suffix.length <= room ? `${interfaceName}:${suffix}` : undefined;
}
