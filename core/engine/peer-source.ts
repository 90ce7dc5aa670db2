/** The address that a router with `peers` sends from, and is known by. */
import type { Link } from '../plugin/contracts/index.ts';
import { Cause } from '../threads/event-ring.ts';
import { isLinkLocal } from '../vrrp/address.ts';
import type { EngineRouter } from './router.ts';

/**
 * Addresses that packets can be sent from; with the index of its link behind it where one is link-local. One that another
 * host has, or may have, is nobody's yet.
 */
export function addressesOf(links: readonly Link[]): ReadonlySet<string> {
  return new Set(
    links.flatMap(({ index, addresses }) =>
      addresses
        .filter(({ tentative, dadFailed }) => tentative !== true && dadFailed !== true)
        .map(({ address }) => (isLinkLocal(address) ? `${address}%${index}` : address)),
    ),
  );
}

/**
 * Finds it.
 * @param host see {@link addressesOf}
 * @param virtual the interface's virtual addresses, which are no source: they move
 * @param onLink what a router on the link without `peers` has
 * @param owner it has its virtual addresses as its own: they stay
 * @returns undefined if `onLink` has none, a {@link Cause} if there is none for another reason
 */
export function sourceForPeers(
  { config, primaryText }: EngineRouter,
  link: Link,
  host: ReadonlySet<string>,
  virtual: ReadonlySet<string> | undefined,
  onLink: () => string | undefined,
  owner = false,
): string | number | undefined {
  const { source, family, peers = [] } = config;
  if (source !== undefined) {
    const name = isLinkLocal(source) ? `${source}%${link.index}` : source;
    return host.has(name) ? source : Cause.SourceMissing;
  }
  if (family === 4 || peers.every(isLinkLocal)) return onLink();
  const global = link.addresses
    .filter(({ family, address }) => family === 6 && !isLinkLocal(address))
    .filter(
      ({ deprecated, leased, tentative, dadFailed }) =>
        deprecated !== true && leased !== true && tentative !== true && dadFailed !== true,
    )
    .filter(({ address }) => virtual?.has(address) !== true || (owner && config.addresses.includes(address)))
    .map(({ address }) => address);
  // The one in use as long as it is there: peers know us by it.
  if (global.includes(primaryText)) return primaryText;
  return global[0] ?? Cause.NoGlobal;
}
