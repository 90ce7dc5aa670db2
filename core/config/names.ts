/** Names of network interfaces: what the kernel accepts, and what virtual interfaces are called. */
import type { AddressFamily } from '../plugin/contracts/index.ts';

/** IFNAMSIZ less the terminating NUL (linux/if.h). */
export const MAX_INTERFACE_NAME = 15;

/**
 * Why a name cannot be an interface's (`dev_valid_name()` of the Linux kernel), or `undefined` if it can.
 * The answer completes "must be …" or stands on its own.
 */
export function interfaceNameFault(name: string): string | undefined {
  const octets = Buffer.byteLength(name);
  if (octets > MAX_INTERFACE_NAME) {
    return `an interface name has at most ${MAX_INTERFACE_NAME} characters, this one has ${octets}`;
  }
  if (name === '') return 'an interface name must not be empty';
  if (name === '.' || name === '..') return `"${name}" cannot be the name of an interface`;
  // Control characters: the kernel takes them, but no log line or /proc path that shows them is readable.
  for (const character of name) {
    // "%d" is a request for a name (`dev_alloc_name()`): an interface of that name never comes to be.
    if (/[/:%\s]/.test(character) || character < ' ') {
      return 'an interface name must not contain "/", ":", "%", white space or control characters';
    }
  }
  return undefined;
}

/** What ends the name of IPv6's virtual interface, where it would else be IPv4's. */
export const SIX_SUFFIX = '-6';

/** The virtual interface of a table's virtual router of one family: `vifname`, or `standby<group>`. */
export function vifnameOf(
  table: {
    readonly group?: number;
    readonly vifname?: string;
    readonly families: readonly AddressFamily[];
  },
  family: AddressFamily,
): string {
  const { group = 0, vifname, families } = table;
  const base = vifname ?? `standby${group}`;
  return family === 4 || (vifname !== undefined && families.length === 1) ? base : `${base}${SIX_SUFFIX}`;
}
