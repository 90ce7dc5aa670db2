/** Whether this process may do what the daemon does. */
import { readFileSync } from 'node:fs';

/** Bits of the effective capability set (linux/capability.h). */
const NEEDED = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n } as const;

/** Names of the capabilities that are missing; none for root. */
export function missingCapabilities(status: string = readFileSync('/proc/self/status', 'utf8')): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return Object.entries(NEEDED)
    .filter(([, bit]) => ((effective >> bit) & 1n) === 0n)
    .map(([name]) => name);
}
