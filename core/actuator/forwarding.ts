/**
 * Whether interfaces forward packets. For IPv6 it also shows on the wire: a neighbour advertisement of an interface that
 * does not forward lacks the router flag, and hosts then drop it from their default routers (RFC 4861 §7.2.5).
 */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { AddressFamily, Link } from '../plugin/contracts/index.ts';
import { readSysctl } from './sysctl.ts';

/** Whether the kernel forwards what comes in on an interface of this namespace. */
export function forwards(family: AddressFamily, name: string): boolean {
  const value = readSysctl(['net', `ipv${family}`, 'conf', name, 'forwarding']);
  return typeof value === 'string' && value !== '0';
}

/**
 * One sentence for each interface with IPv6 virtual routers that does not forward.
 * @param doForward {@link forwards}
 */
export function adviseForwarding(
  routers: readonly Pick<VirtualRouterConfig, 'interface' | 'family'>[],
  links: ReadonlyMap<string, Link>,
  doForward: (family: AddressFamily, name: string) => boolean,
): string[] {
  const homes = new Set(routers.filter(({ family }) => family === 6).map(({ interface: name }) => name));
  return [...homes]
    .filter((name) => links.has(name) && !doForward(6, name))
    .map(
      (name) =>
        `IPv6 forwarding is off on ${name}: its neighbour advertisements lack the router flag, so that hosts do not ` +
        'take its virtual addresses for a router; set ' +
        // A dot in the name is written as a slash there (sysctl.d(5)).
        `net.ipv6.conf.${name.replaceAll('.', '/')}.forwarding = 1 or net.ipv6.conf.all.forwarding = 1 (sysctl)`,
    );
}
