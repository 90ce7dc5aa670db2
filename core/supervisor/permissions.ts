/** Whether this process may do what the daemon does, and what it means if not (man 7 capabilities). */
import { readFileSync } from 'node:fs';

/** A capability that the daemon cannot do without. */
interface Need {
  /** Bit of the capability sets (linux/capability.h). */
  readonly bit: bigint;
  /** What cannot be done without it. */
  readonly means: string;
}

const NEEDED = {
  CAP_NET_ADMIN: {
    bit: 12n,
    means: 'addresses, interfaces, routes and settings of the network cannot be changed',
  },
  CAP_NET_RAW: { bit: 13n, means: 'VRRP packets can be neither sent nor received' },
} as const satisfies Readonly<Record<string, Need>>;
/** Name of a capability that is needed. */
export type Capability = keyof typeof NEEDED;

/** How a process gets them that is not root's. */
const HOW =
  'run rvrrpd as root, or give them to it: AmbientCapabilities= in its systemd unit, --cap-add of a container, or ' +
  'setpriv --inh-caps=+net_admin,+net_raw --ambient-caps=+net_admin,+net_raw';

/** Names of the capabilities that are missing; none for root. */
export function missingCapabilities(
  status: string = readFileSync('/proc/self/status', 'utf8'),
): Capability[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return (Object.keys(NEEDED) as Capability[]).filter(
    (name) => ((effective >> NEEDED[name].bit) & 1n) === 0n,
  );
}

/** What is missing, what that means and what to do; undefined if nothing is. */
export function capabilityFault(missing: readonly Capability[]): string | undefined {
  if (missing.length === 0) return undefined;
  const each = missing.map((name) => `without ${name} ${NEEDED[name].means}`).join('; ');
  return `rvrrpd needs ${missing.join(' and ')}: ${each}: ${HOW}`;
}
