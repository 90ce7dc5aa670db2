/** Addresses of interfaces as rtnetlink tells of them (linux/if_addr.h). */
import { type Message, type Prefix, sameOctets } from 'rvrrpd-track-system';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
/** Octets of `struct ifaddrmsg`: family, prefix length, flags, scope, index. */
const HEADER = 8;

const IFA_F_OPTIMISTIC = 0x04;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;

/** An address of an interface. */
export interface InterfaceAddress {
  readonly octets: Uint8Array;
  readonly prefixLength: number;
  /** Index of the interface. */
  readonly device: number;
  /** It cannot be used yet, or not at all: IPv6, duplicate address detection. */
  readonly unusable?: 'tentative' | 'duplicate';
}

/** Reads RTM_NEWADDR or RTM_DELADDR; undefined: it is another message. */
export function readAddress({ type, body }: Message): InterfaceAddress | undefined {
  if (type !== RTM_NEWADDR && type !== RTM_DELADDR) return undefined;
  const attributes = body.attributes(HEADER);
  // IFA_LOCAL is the interface's own address, IFA_ADDRESS the peer's where there is one.
  const octets = (attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS))?.octets;
  if (octets === undefined) return undefined;
  const flags = attributes.get(IFA_FLAGS)?.u32(0) ?? body.u8(2);
  const unusable =
    (flags & IFA_F_DADFAILED) !== 0
      ? 'duplicate'
      : (flags & IFA_F_TENTATIVE) !== 0 && (flags & IFA_F_OPTIMISTIC) === 0
        ? 'tentative'
        : undefined;
  return {
    octets,
    prefixLength: body.u8(1),
    device: body.i32(4),
    ...(unusable === undefined ? {} : { unusable }),
  };
}

/** Whether an interface has this address. */
export function isAddress(one: InterfaceAddress, { octets }: Prefix): boolean {
  return sameOctets(one.octets, octets);
}
