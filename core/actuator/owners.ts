/**
 * What is odd about virtual routers whose addresses this host owns (RFC 3768 §1.5): the configuration alone does not show
 * it. Pure.
 */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { realAddresses } from '../threads/real-addresses.ts';
import type { JournalEntry } from './journal.ts';

/** What of a virtual router matters here. */
export type GroupMember = Pick<
  VirtualRouterConfig,
  'position' | 'interface' | 'vrid' | 'family' | 'addresses' | 'sync' | 'track'
>;

/**
 * Groups (`[[sync]]`) some of whose members are owned and others not: their priorities disagree.
 * @param links as they are; of what is not there (yet) nothing is known
 * @param journal what on them is ours, and owned by nobody
 * @returns one sentence for each, with the file and line of the member that is owned
 */
export function mixedOwners(
  { virtualRouters }: { readonly virtualRouters: readonly GroupMember[] },
  links: readonly Link[],
  journal: readonly JournalEntry[],
): string[] {
  const ownership = new Ownership(links, journal);
  const groups = new Map<string, { owned?: GroupMember; other?: GroupMember }>();
  for (const router of virtualRouters) {
    const { sync } = router;
    const owns = sync === undefined ? undefined : ownership.of(router);
    if (sync === undefined || owns === undefined) continue;
    const group = groups.get(sync) ?? {};
    groups.set(sync, group);
    if (owns) group.owned ??= router;
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

/**
 * One sentence for each virtual router whose address this host owns and whose trackers have weights, which do nothing.
 * Parameters as of {@link mixedOwners}.
 */
export function weighedOwners(
  { virtualRouters }: { readonly virtualRouters: readonly GroupMember[] },
  links: readonly Link[],
  journal: readonly JournalEntry[],
): string[] {
  const ownership = new Ownership(links, journal);
  return virtualRouters.flatMap((router) => {
    const weighed = (router.track ?? []).filter(({ weight }) => weight !== undefined);
    if (weighed.length === 0 || ownership.of(router) !== true) return [];
    const { file, line } = router.position;
    const names = weighed.map(({ name }) => name).join(', ');
    const why = `this host owns the address of ${memberName(router)}, and its priority stays 255`;
    return [
      `${file}:${line}: the weight of ${names} does nothing: ${why}; without a weight a failure means Fault`,
    ];
  });
}

/** All of it. Parameters as of {@link mixedOwners}. */
export function ownerWarnings(...of: Parameters<typeof mixedOwners>): string[] {
  return [...mixedOwners(...of), ...weighedOwners(...of)];
}

/** Which addresses this host owns. */
class Ownership {
  private readonly byName: ReadonlyMap<string, Link>;

  constructor(links: readonly Link[], journal: readonly JournalEntry[]) {
    this.byName = new Map(links.map((link) => [link.name, withoutOurs(link, journal)]));
  }

  /** @returns undefined if there is no such interface (yet) */
  of({ interface: on, family, addresses }: GroupMember): boolean | undefined {
    const link = this.byName.get(on);
    if (!link) return undefined;
    const own = new Set(realAddresses(link, family));
    return addresses.every((address) => own.has(address));
  }
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
