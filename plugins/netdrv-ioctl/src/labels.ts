/** Labels of IPv4 addresses: an ioctl knows an address by its label alone (man 7 netdevice, alias interfaces). */

/** Longest label or interface name (IFNAMSIZ less its end). */
const LONGEST = 15;

/**
 * The label that an address can be added under: the one wanted, or else a free one, as each address needs a
 * label of its own.
 * @param isTaken whether the interface has an address of that label
 * @returns undefined if there is no room for any, or none left
 */
export function chooseLabel(
  interfaceName: string,
  wanted: string | undefined,
  isTaken: (label: string) => boolean,
): string | undefined {
  const prefix = `${interfaceName}:`;
  const fits = wanted?.startsWith(prefix) && wanted.length <= LONGEST && wanted.length > prefix.length;
  if (fits && !isTaken(wanted!)) return wanted;
  const room = Math.min(LONGEST - prefix.length, 3);
  for (let n = 0; room > 0 && n < 36 ** room; n++) {
    const label = prefix + n.toString(36).padStart(room, '0');
    if (!isTaken(label)) return label;
  }
  return undefined;
}

/** The interface that a label belongs to; undefined if it is none of these. */
export function interfaceOfLabel(label: string, isInterface: (name: string) => boolean): string | undefined {
  const name = label.split(':', 1)[0]!;
  if (isInterface(name)) return name;
  // rtnetlink takes any label, ip(8) any that begins with the interface's name.
  for (let end = label.length - 1; end > 0; end--) {
    if (isInterface(label.slice(0, end))) return label.slice(0, end);
  }
  return undefined;
}
