/** The kernel's links and addresses as last read, kept current with what the actuator itself changes since. */
import type { AddressResource, KernelResource, Link, LinkAddress } from '../plugin/contracts/index.ts';
import { isUnlisted } from '../plugin/resource.ts';
import { grouped } from '../shared/grouped.ts';

/** What a look at the kernel says about a resource. */
export type Finding =
  /** It is there as wanted. */
  | { readonly is: 'same' }
  /** It is not there. `original`: the MAC address that stands in its place. */
  | { readonly is: 'absent'; readonly original?: string }
  /** A link of its name, type and parent has another MAC address than it. */
  | { readonly is: 'altered'; readonly index: number; readonly what: string }
  /** Something else has its name. */
  | { readonly is: 'other'; readonly what: string }
  /** The interface that it belongs to is missing. */
  | { readonly is: 'homeless' }
  /** Links and addresses don't tell (routes, guards, settings). */
  | { readonly is: 'unknown' };

/** Of what links and addresses don't tell. */
type UnseenResource = Extract<
  KernelResource,
  { kind: 'route' | 'guard' | 'table-route' | 'rule' | 'sysctl' }
>;

function isUnseen(resource: KernelResource): resource is UnseenResource {
  return isUnlisted(resource) || resource.kind === 'sysctl';
}

type ViewedLink = Omit<Link, 'addresses' | 'mac' | 'up'> & {
  mac: string;
  up: boolean;
  /** By address. An address may be there with several prefix lengths. */
  readonly addresses: Map<string, LinkAddress[]>;
};

/** What the kernel makes the parent of an interface on this one: below a macvlan it is the macvlan's own parent. */
function lowerOf(parent: Pick<Link, 'index' | 'type' | 'parent'>): number {
  return parent.type === 'macvlan' && parent.parent !== 0 ? parent.parent : parent.index;
}

/** What drivers tell of an IPv6 address that they have added. */
function markOf(expires: boolean): Pick<LinkAddress, 'deprecated' | 'leased'> {
  return { deprecated: !expires, leased: expires };
}

/** See the file's comment. */
export class View {
  private readonly byName = new Map<string, ViewedLink>();
  private readonly names = new Map<number, string>();
  private byMac: Map<string, string[]> | undefined;

  constructor(links: readonly Link[] = []) {
    for (const link of links) {
      const addresses = grouped(link.addresses, ({ address }) => address);
      this.byName.set(link.name, { ...link, addresses });
      this.names.set(link.index, link.name);
    }
  }

  /** Whether there is a link of this name. */
  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** Index of a link; 0 if there is none, or the kernel has not told it yet. */
  indexOf(name: string): number {
    return this.byName.get(name)?.index ?? 0;
  }

  /** Whether the link of this index has the address. */
  hasAddress(index: number, address: string): boolean {
    const name = this.names.get(index);
    return name !== undefined && this.byName.get(name)?.addresses.has(address) === true;
  }

  /** Present name of the link of this index, if there is one. */
  nameOf(index: number): string | undefined {
    return this.names.get(index);
  }

  /** MAC address of the link of this name. */
  macOf(name: string): string | undefined {
    return this.byName.get(name)?.mac;
  }

  /** The addresses of the link of this name. */
  addressesOf(name: string): LinkAddress[] {
    return [...(this.byName.get(name)?.addresses.values() ?? [])].flat();
  }

  /** An address of the link of this name, with each prefix length that it is there with. */
  addressOn(name: string, address: string): readonly LinkAddress[] {
    return this.byName.get(name)?.addresses.get(address) ?? [];
  }

  /** Name of a link of this type that sits on the link of this index and has this MAC address. */
  childOf(parent: number, type: string, mac: string): string | undefined {
    const home = this.byName.get(this.names.get(parent) ?? '');
    const lower = home ? lowerOf(home) : parent;
    for (const name of this.macs().get(mac) ?? []) {
      const link = this.byName.get(name);
      if (link?.parent === lower && link.type === type && link.mac === mac) return name;
    }
    return undefined;
  }

  /** Whether any link had this MAC address when the kernel was read. */
  hasMac(mac: string): boolean {
    return this.macs().has(mac);
  }

  /** Names by MAC address, as the kernel was read. */
  private macs(): ReadonlyMap<string, readonly string[]> {
    if (!this.byMac) {
      this.byMac = new Map();
      for (const { name, mac } of this.byName.values()) {
        const names = this.byMac.get(mac);
        if (names) names.push(name);
        else this.byMac.set(mac, [name]);
      }
    }
    return this.byMac;
  }

  /**
   * The links as a network driver would list them now.
   * @param omit the links and addresses to leave out
   */
  links(omit: { link(name: string): boolean; address(name: string, address: string): boolean }): Link[] {
    const links: Link[] = [];
    for (const link of this.byName.values()) {
      if (omit.link(link.name)) continue;
      const addresses = [...link.addresses.values()]
        .flat()
        .filter(({ address }) => !omit.address(link.name, address));
      links.push({ ...link, addresses });
    }
    return links;
  }

  /** Looks for a resource. */
  find(resource: KernelResource): Finding {
    if (isUnseen(resource)) return { is: 'unknown' };
    const link = this.byName.get(resource.interface);
    if (resource.kind === 'link') {
      if (!link) return { is: this.byName.has(resource.parent) ? 'absent' : 'homeless' };
      // A parent that was renamed still carries it: it stays ours, to be removed under its own name.
      const parent = this.byName.get(resource.parent);
      const isOurKind = link.type === resource.type && (!parent || link.parent === lowerOf(parent));
      if (isOurKind && link.mac === resource.mac) return { is: 'same' };
      const kind = link.type === '' ? 'an interface' : `a ${link.type} interface`;
      const what = `${kind} of that name with MAC address ${link.mac || 'none'}`;
      return isOurKind ? { is: 'altered', index: link.index, what } : { is: 'other', what };
    }
    if (!link) return { is: 'homeless' };
    switch (resource.kind) {
      case 'address':
        return { is: link.addresses.has(resource.address) ? 'same' : 'absent' };
      case 'mac':
        return link.mac === resource.mac ? { is: 'same' } : { is: 'absent', original: link.mac };
      case 'up':
        return { is: link.up ? 'same' : 'absent' };
    }
  }

  /** After an address was given a lifetime, or is valid for ever. */
  renewed({ interface: name, address, prefixLength, family }: AddressResource, expires: boolean): void {
    const mark = family === 6 && markOf(expires);
    const addresses = this.byName.get(name)?.addresses;
    const renewed = addresses?.get(address)?.map((each): LinkAddress => {
      return each.prefixLength === prefixLength ? { ...each, expires, ...mark } : each;
    });
    if (renewed) addresses?.set(address, renewed);
  }

  /** After a resource was installed. @param expires an address that has a lifetime */
  installed(resource: KernelResource, expires = false): void {
    if (resource.kind === 'link') {
      const parent = this.byName.get(resource.parent);
      this.byName.set(resource.interface, {
        index: 0, // the kernel chose it: known after the next reading
        name: resource.interface,
        mac: resource.mac,
        up: false,
        running: false,
        ethernet: true,
        mtu: parent?.mtu ?? 0,
        type: resource.type,
        parent: parent ? lowerOf(parent) : 0,
        addresses: new Map(),
      });
      return;
    }
    if (isUnseen(resource)) return;
    const link = this.byName.get(resource.interface);
    if (!link) return;
    if (resource.kind === 'up') link.up = true;
    else if (resource.kind === 'mac') link.mac = resource.mac;
    else {
      const { family, address, prefixLength, label } = resource;
      const name = family === 4 ? (label ?? link.name) : '';
      const mark = family === 6 && markOf(expires);
      link.addresses.set(address, [
        { family, address, prefixLength, label: name, secondary: false, expires, ...mark },
      ]);
    }
  }

  /** After a link was given the MAC address that it should have. */
  setMac(name: string, mac: string): void {
    const link = this.byName.get(name);
    if (link) link.mac = mac;
  }

  /** After a resource was taken back; `original` as for the change that did it. */
  takenBack(resource: KernelResource, original: string | undefined): void {
    if (isUnseen(resource)) return;
    const link = this.byName.get(resource.interface);
    if (!link) return;
    if (resource.kind === 'link') this.byName.delete(resource.interface);
    else if (resource.kind === 'address') link.addresses.delete(resource.address);
    else if (resource.kind === 'up') link.up = false;
    else if (original !== undefined) link.mac = original;
  }
}
