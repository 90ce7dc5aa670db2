/** What the kernel accepts as the name of a network interface. */

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
    if (character === '/' || character === ':' || /\s/.test(character) || character < ' ') {
      return 'an interface name must not contain "/", ":", white space or control characters';
    }
  }
  return undefined;
}
