/** Which addresses of an interface are its own, and not there because somebody is Master. Pure. */
import type { AddressFamily, Link } from '../plugin/contracts/index.ts';
import { isLinkLocal } from '../vrrp/address.ts';

/**
 * The addresses of a link that are its own, in the sense of RFC 3768 §1.5: those with their network's prefix
 * length. One with a prefix of its own beside a network is what a Master puts there, this daemon's or another's:
 * whoever was killed as Master and forgot it is not its owner. Where an interface has nothing else, such are its
 * own.
 */
export function realAddresses({ addresses }: Link, family: AddressFamily): string[] {
  const host = family === 4 ? 32 : 128;
  const ofFamily = addresses
    .filter((address) => address.family === family && address.dadFailed !== true)
    .filter(({ deprecated, leased }) => deprecated !== true && leased !== true); // as only Masters put them there
  const inNetworks = ofFamily.filter(({ prefixLength }) => prefixLength < host);
  const hasNetwork = inNetworks.some(({ address }) => !isLinkLocal(address));
  return (hasNetwork ? inNetworks : ofFamily).map(({ address }) => address);
}
