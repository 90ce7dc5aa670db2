/** The MAC address that an interface was made with, whatever it has now. */
import { native } from '../native/index.ts';

/** Of an interface in this thread's network namespace; undefined if it has none (virtual interfaces), or is gone. */
export function permanentMac(name: string): string | undefined {
  let octets: Uint8Array;
  try {
    octets = native.permanentAddress(name);
  } catch {
    return undefined; // EOPNOTSUPP, ENODEV
  }
  if (octets.length !== 6 || octets.every((octet) => octet === 0)) return undefined;
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}
