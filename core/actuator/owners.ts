/**
 * Groups (`[[sync]]`) some of whose members this host owns the addresses of (RFC 3768 §1.5), and of others not: priorities
 * that disagree, which the configuration does not show. Pure.
 */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { realAddresses } from '../threads/real-addresses.ts';
import type { JournalEntry } from './journal.ts';

/** What of a virtual router matters here. */
export type GroupMember = Pick<
  VirtualRouterConfig,
  'position' | 'interface' | 'vrid' | 'family' | 'addresses' | 'sync'
>;

/**
 * One sentence for each such group, with the file and line of the member that is owned.
 * @param links as they are; of what is not there (yet) nothing is known
 * @param journal what on them is ours, and owned by nobody
 */
export function mixedOwners(
  { virtualRouters }: { readonly virtualRouters: readonly GroupMember[] },
  links: readonly Link[],
  journal: readonly JournalEntry[],
): string[] {
  const byName = new Map(links.map((link) => [link.name, withoutOurs(link, journal)]));
  const groups = new Map<string, { owned?: GroupMember; other?: GroupMember }>();
  for (const router of virtualRouters) {
    const { sync, interface: on, family, addresses } = router;
    const link = byName.get(on);
    if (sync === undefined || link === undefined) continue;
    const group = groups.get(sync) ?? {};
    groups.set(sync, group);
    const own = new Set(realAddresses(link, family));
    if (addresses.every((address) => own.has(address))) group.owned ??= router;
    else group.other ??= router;
  }
  return [...groups].flatMap(([name, { owned, other }]) => {
    if (!owned || !other) return [];
    const { file, line } = owned.position;
    const what = `this host owns the address of ${memberName(owned)} (priority 255), and not that of ${memberName(other)}`;
    const then = `it is Master of ${memberName(owned)} only when it can be of all: it should own the addresses of all members, or of none`;
    return [`${file}:${line}: group "${name}": ${what}; ${then}`];
  });
}

function memberName({ interface: on, vrid, family }: GroupMember): string {
  return `${on}/${vrid}${family === 6 ? '/ipv6' : ''}`;
}

/** A link without what this daemon, or an earlier run, has put on it. */
function withoutOurs(link: Link, journal: readonly JournalEntry[]): Link {
  const ours = new Set(
    journal.flatMap(({ resource }) =>
      resource.kind === 'address' && resource.interface === link.name ? [resource.address] : [],
    ),
  );
  if (ours.size === 0) return link;
  return { ...link, addresses: link.addresses.filter(({ address }) => !ours.has(address)) };
}
