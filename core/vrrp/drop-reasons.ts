/** Why a received packet is not accepted. Each reason has a counter; the order is the checks' own. */
export const DROP_REASONS = [
  'truncated', // shorter than its headers or than its address count and authentication data need
  'not-vrrp', // another Ethernet type or IP protocol: only seen without a socket filter
  'ip-header', // IP version, header length or header checksum wrong, or an IPv4 fragment
  'destination', // not to the VRRP multicast group, or with `peers` not to our own address
  'source', // from an address that no router has, or over IPv4 from the virtual one though not its owner's
  'peer', // a router with `peers`: from an address that is none of them
  'ttl', // TTL (hop limit) not 255 (RFC 3768 §5.2.3), or with `peers` below `min_ttl`
  'version', // another VRRP version than the virtual router's
  'type', // not an ADVERTISEMENT
  'checksum', // RFC 1071 checksum wrong, in VRRPv3 over IPv4 with and without a pseudo-header
  'count', // address count does not match the length, or is 0 (RFC 9568 erratum 8299)
  'unknown-vrid', // no virtual router of this VRID on this interface
  'own-source', // from our own address: a loop, or somebody else has it
  'address-owner', // we own the address: nobody else may advertise it (RFC 3768 §7.1)
  'auth-type', // another authentication type than ours
  'auth-missing', // no trailer, where the virtual router requires one
  'auth-malformed', // a trailer that is none by its form
  'auth-stale', // a trailer of a time too far from ours
  'auth-unknown-key', // a trailer made with a key that we have not
  'auth-failed', // the authentication data, or the trailer, is wrong
  'auth-replayed', // a trailer that we have had before, or that is older than one that we have had
  'interval', // VRRPv2: another advertisement interval than ours (RFC 3768 §7.1); VRRPv3: 0 (RFC 9568 erratum 8301)
  'address-list', // other virtual addresses than ours, and not from an address owner (RFC 3768 §7.1)
  'address-conflict', // ARP, neighbour discovery: another station tells the neighbours that a Master's virtual address is at its MAC
] as const;

/** A name of {@link DROP_REASONS}. */
export type DropReason = (typeof DROP_REASONS)[number];

/** Index of each reason in {@link DROP_REASONS}, the form that the hot path uses. */
export const Drop = Object.fromEntries(DROP_REASONS.map((reason, index) => [reason, index])) as {
  readonly [R in DropReason]: number;
};
