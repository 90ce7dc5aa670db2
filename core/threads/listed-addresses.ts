/** The virtual addresses that a peer listed, as an event of the engine has them. */
import { addressText } from '../vrrp/address.ts';
import type { EngineEvent } from './event-ring.ts';

/** As text, with commas between; `2 more` for those that the event had no room for. */
export function listedAddresses({
  peer,
  listed,
  c: count,
}: Pick<EngineEvent, 'peer' | 'listed' | 'c'>): string {
  const size = peer.length;
  const texts: string[] = [];
  for (let at = 0; at < listed.length; at += size) texts.push(addressText(listed.subarray(at, at + size)));
  if (texts.length < count) texts.push(`${count - texts.length} more`);
  return texts.join(', ');
}
