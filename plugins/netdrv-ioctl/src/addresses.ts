/** The IPv4 addresses of the namespace, as SIOCGIFCONF lists them. */
import type { Ioctl } from './native.ts';

/** Octets of a record of {@link Ioctl.addresses}. */
const RECORD = 20;
const LABEL = 16;

/** An IPv4 address and its label. */
export interface LabelledAddress {
  readonly label: string;
  readonly address: string;
}

/** Reads the records of {@link Ioctl.addresses}, in their order. */
export function parseAddresses(records: Uint8Array): LabelledAddress[] {
  const octets = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  const list: LabelledAddress[] = [];
  for (let at = 0; at < octets.length; at += RECORD) {
    const end = octets.indexOf(0, at);
    const label = octets.toString('latin1', at, Math.min(end, at + LABEL));
    const [a, b, c, d] = octets.subarray(at + LABEL, at + RECORD);
    list.push({ label, address: `${a}.${b}.${c}.${d}` });
  }
  return list;
}

/**
 * Who has which address and which label, while a batch of changes is worked through. Read once: SIOCGIFCONF lists
 * everything, and asking for each of thousands of addresses would take the square of the time.
 */
export class AddressBook {
  private readonly byLabel = new Map<string, string[]>();
  /** Labels that an address is under, on any interface. */
  private readonly byAddress = new Map<string, string[]>();

  constructor(ioctl: Pick<Ioctl, 'addresses'>) {
    for (const { label, address } of parseAddresses(ioctl.addresses())) this.added(label, address);
  }

  hasLabel(label: string): boolean {
    return this.byLabel.has(label);
  }

  /** The labels that the address has on one interface. */
  labelsOf(address: string, isOn: (label: string) => boolean): string[] {
    return (this.byAddress.get(address) ?? []).filter(isOn);
  }

  added(label: string, address: string): void {
    push(this.byLabel, label, address);
    push(this.byAddress, address, label);
  }

  removed(label: string, address: string): void {
    drop(this.byLabel, label, address);
    drop(this.byAddress, address, label);
  }
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function drop(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key) ?? [];
  const at = list.indexOf(value);
  if (at >= 0) list.splice(at, 1);
  if (list.length === 0) map.delete(key);
}
