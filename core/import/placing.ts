/** Which addresses of an instance are in `vip`, and which in `[[vrouter.address]]`; and where VRRP is spoken. */
import type { ImportedAddress } from './addresses.ts';
import type { Instance } from './instance.ts';

/** An address of a `[[vrouter.address]]`. */
export interface Further {
  /** With a label only if the interface can have it. */
  readonly address: ImportedAddress;
  /** Absent: where the virtual addresses are. */
  readonly interface?: string;
  readonly isAdvertised: boolean;
}

/** What comes of the addresses. */
export interface Placed {
  /** Where VRRP is spoken, and the virtual addresses are. */
  readonly interface: string;
  /** One at least. */
  readonly vip: readonly ImportedAddress[];
  readonly further: readonly Further[];
}

/** An address, and where it is. */
interface Entry {
  readonly address: ImportedAddress;
  readonly place: string;
  readonly isAdvertised: boolean;
}

type Complain = (address: ImportedAddress, why: string) => void;

/** An advertisement holds so many; one of IPv6 has a link-local address, which we make up if there is none. */
const MOST_ADDRESSES = { 4: 255, 6: 254 } as const;
/** A label has at most so many octets. */
const LONGEST_LABEL = 15;

/**
 * Places them; what cannot be had is noted at the instance.
 * @param family of those that are advertised
 * @param own where the instance says that VRRP is spoken
 * @param vmac its virtual interface, if it has one
 */
export function placeAddresses(
  instance: Instance,
  family: 4 | 6,
  own: string,
  vmac: string | undefined,
): Placed {
  const note: Complain = ({ statement }, why) => void instance.notes.push({ statement, why });
  const found = entriesOf(instance, family, own, vmac, note);
  const home = homeOf(found, family, own);
  const entries = found.map((each) =>
    labelled(each, each.place === own && own === home ? vmac : undefined, note),
  );
  const isPlain = ({ address: { label, scope }, place, isAdvertised }: Entry): boolean =>
    isAdvertised && place === home && label === undefined && scope === undefined;
  const plain = entries.filter(isPlain);
  const vip = plain.length > 0 ? plain : onlyOf(entries, family, home, note);
  const most = MOST_ADDRESSES[family];
  const listed = [...vip, ...entries.filter((each) => each.isAdvertised && !vip.includes(each))];
  for (const { address } of listed.slice(most))
    note(address, `is not advertised: an advertisement holds ${most} addresses`);
  // On a virtual interface are those of its family alone.
  const isAtHome = ({ address, place }: Entry): boolean =>
    place === home && (vmac === undefined || address.family === family);
  const [advertised, kept] = [listed.slice(0, most), vip.slice(0, most)];
  return {
    interface: home,
    vip: kept.map(({ address }) => address),
    further: entries
      .filter((each) => !kept.includes(each))
      .map((each) => ({
        address: each.address,
        isAdvertised: advertised.includes(each),
        ...(isAtHome(each) ? {} : { interface: each.place }),
      })),
  };
}

/** Those that count, each once, with what they cannot have left out. */
function entriesOf(
  { addresses, excluded }: Instance,
  family: 4 | 6,
  own: string,
  vmac: string | undefined,
  note: Complain,
): Entry[] {
  const entries: Entry[] = [];
  for (const [index, address] of [...addresses, ...excluded].entries()) {
    const isAdvertised = index < addresses.length;
    const place = address.dev === undefined || address.dev === vmac ? own : address.dev;
    if (isAdvertised && address.family !== family)
      note(address, `is not of IPv${family} as the first is, and keepalived ignores it`);
    else if (entries.some((each) => each.place === place && each.address.address === address.address))
      note(address, `is there twice on ${place}`);
    else {
      for (const why of address.lost) note(address, `without ${why}`);
      entries.push({ address, place, isAdvertised });
    }
  }
  return entries;
}

/**
 * With its label if the interface can have it: that is its name, or begins with it.
 * @param vmac the interface that it is on instead, if it is
 */
function labelled(entry: Entry, vmac: string | undefined, note: Complain): Entry {
  const { label, ...plain } = entry.address;
  const on = vmac ?? entry.place;
  if (label === undefined || label === on) return { ...entry, address: plain };
  if (label.startsWith(`${on}:`) && Buffer.byteLength(label) <= LONGEST_LABEL) return entry;
  note(
    plain,
    `without label ${label}: must begin with "${on}:", and have at most ${LONGEST_LABEL} characters`,
  );
  return { ...entry, address: plain };
}

/** Where VRRP is spoken: at the instance's own place if addresses are there, those first that are advertised. */
function homeOf(entries: readonly Entry[], family: 4 | 6, own: string): string {
  const all = entries.filter(({ address }) => address.family === family);
  for (const those of [all.filter(({ isAdvertised }) => isAdvertised), all]) {
    if (those.some(({ place }) => place === own)) return own;
    const other = those.find(({ place }) => place !== LOOPBACK);
    if (other) return other.place;
  }
  return own;
}

/** A virtual router is on an Ethernet interface, which this is not. */
export const LOOPBACK = 'lo';

/** The one that is in `vip` where none fits. */
function onlyOf(entries: readonly Entry[], family: 4 | 6, home: string, note: Complain): Entry[] {
  const isHere = ({ place }: Entry): boolean => place === home;
  const all = entries.filter(({ address }) => address.family === family);
  const first = all.find((each) => each.isAdvertised && isHere(each)) ?? all.find(isHere) ?? all[0];
  if (!first) return [];
  const { address, isAdvertised } = first;
  const { label, scope } = address;
  if (!isHere(first)) note(address, `is on ${home}: a virtual router has an address where it speaks VRRP`);
  if (!isAdvertised) note(address, 'is advertised: a virtual router has an address that is');
  if (label !== undefined)
    note(address, `without label ${label}: the first virtual address has one of rvrrpd’s own`);
  if (scope !== undefined)
    note(address, `without scope ${scope}: the first virtual address has the scope global`);
  return [first];
}
