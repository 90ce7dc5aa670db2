/** A batch of changes, one after the other, each on its own. */
import type { AddressResource, KernelChange, KernelRefusal } from 'rvrrpd/plugin';
import { AddressBook } from './addresses.ts';
import { netmaskOf, toNumber, toText } from './ipv4.ts';
import { chooseLabel, interfaceOfLabel } from './labels.ts';
import { ARPHRD_ETHER } from './links.ts';
import type { Ioctl } from './native.ts';
import { interfaceNames } from './proc.ts';
import { Refused, refusalOf } from './refusal.ts';
import { RouteBatch } from './routes.ts';

const IFF_UP = 0x1;

/** See the file's comment. Looks things up once that hold for the whole batch. */
export class Batch {
  private names: ReadonlySet<string> | undefined;
  private book: AddressBook | undefined;
  private readonly routes: RouteBatch;

  constructor(
    private readonly ioctl: Ioctl,
    private readonly changes: readonly KernelChange[],
  ) {
    this.routes = new RouteBatch(ioctl, changes);
  }

  /** One answer for each change. */
  apply(): (KernelRefusal | null)[] {
    return this.changes.map((change) => {
      try {
        this.applyOne(change);
        return null;
      } catch (error) {
        return refusalOf(error);
      }
    });
  }

  private applyOne(change: KernelChange): void {
    if ('index' in change) this.requireIndex(change.interface, change.index, change.op);
    if (change.op === 'set-mac') this.setMac(change.interface, change.mac);
    else if (change.op === 'set-up') this.setUp(change.interface, change.up);
    else if ('destination' in change) this.routes.change(change);
    else if (change.op === 'add-guard' || change.op === 'remove-guard') {
      throw new Refused('EOPNOTSUPP', `${change.op} ${change.address}: no ioctl filters packets`);
    } else if ('address' in change) this.changeAddress(change);
    else if ('route' in change || 'rule' in change) {
      throw new Refused('EOPNOTSUPP', `${change.op}: no ioctl knows of rules, and of other tables`);
    } else {
      const what = `${change.op} ${change.interface}`;
      throw new Refused('EOPNOTSUPP', `${what}: no ioctl makes or removes such links`);
    }
  }

  private changeAddress(change: Extract<KernelChange, AddressResource>): void {
    const isLasting =
      change.op !== 'renew-address' && !('validFor' in change && change.validFor !== undefined);
    if (!isLasting || (change.scope ?? 'global') !== 'global') {
      const what = `${change.op} ${change.address}`;
      throw new Refused('EOPNOTSUPP', `${what}: no ioctl knows of lifetimes and scopes of addresses`);
    }
    if (change.op === 'add-address') this.addAddress(change);
    else this.removeAddress(change);
  }

  private addAddress({ interface: name, label: wanted, ...rest }: AddressResource): void {
    const { address, netmask, what } = this.checked(name, rest);
    const { ioctl } = this;
    this.requireInterface(name, `SIOCSIFADDR ${what}`);
    const book = this.addresses();
    if (this.labelsWith(name, address, netmask).length > 0)
      throw new Refused('EEXIST', `SIOCSIFADDR ${what}`);
    // The kernel's answer counts, not the book's: an address under the label would be replaced.
    const isTaken = (label: string) => book.hasLabel(label) || ioctl.address(label) !== null;
    const label = chooseLabel(name, wanted, isTaken);
    if (label === undefined) {
      throw new Refused(
        'EOPNOTSUPP',
        `SIOCSIFADDR ${what}: no alias label is free whose 15 characters have room for "${name}:"`,
      );
    }
    ioctl.addAlias(label, address, netmask);
    // It was there under another label after all: the kernel has dropped ours, without a word.
    if (ioctl.address(label) !== address) throw new Refused('EEXIST', `SIOCSIFNETMASK ${what}`);
    book.added(label, address);
  }

  private removeAddress({ interface: name, ...rest }: AddressResource): void {
    const { address, netmask, what } = this.checked(name, rest);
    const { ioctl } = this;
    this.requireInterface(name, `SIOCSIFFLAGS ${what}`);
    const labels = this.labelsWith(name, address, netmask);
    if (labels.length === 0) throw new Refused('EADDRNOTAVAIL', `SIOCSIFFLAGS ${what}`);
    // An alias label that goes down takes its first address along: that must be this one.
    const label = labels.find((each) => each.includes(':') && ioctl.address(each) === address);
    if (label === undefined) {
      throw new Refused('EBUSY', `SIOCSIFFLAGS ${what}: its label ${labels[0]} is not its own`);
    }
    ioctl.setFlags(label, 0);
    this.addresses().removed(label, address);
  }

  private setMac(name: string, mac: string): void {
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) {
      throw new Refused('EINVAL', `SIOCSIFHWADDR ${name}: not a MAC address: '${mac}'`);
    }
    this.requireInterface(name, `SIOCSIFHWADDR ${name} ${mac}`);
    this.ioctl.setHardwareAddress(name, ARPHRD_ETHER, Buffer.from(mac.replaceAll(':', ''), 'hex'));
  }

  private setUp(name: string, up: boolean): void {
    this.requireInterface(name, `SIOCSIFFLAGS ${name}`);
    const flags = this.ioctl.flags(name);
    this.ioctl.setFlags(name, up ? flags | IFF_UP : flags & ~IFF_UP);
  }

  private checked(
    name: string,
    { family, address, prefixLength }: Omit<AddressResource, 'interface' | 'label'>,
  ) {
    const what = `${address}/${prefixLength} dev ${name}`;
    if (family !== 4) throw new Refused('EAFNOSUPPORT', `${what}: this network driver knows IPv4 alone`);
    if (toNumber(address) === undefined) throw new Refused('EINVAL', `${what}: not an IPv4 address`);
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) {
      throw new Refused('EINVAL', `${what}: not a prefix length`);
    }
    return { address, netmask: toText(netmaskOf(prefixLength)), what };
  }

  /** The labels of an interface that have the address, with this netmask. */
  private labelsWith(name: string, address: string, netmask: string): string[] {
    const isOn = (label: string) => interfaceOfLabel(label, (each) => this.interfaces().has(each)) === name;
    return this.addresses()
      .labelsOf(address, isOn)
      .filter((label) => this.ioctl.netmask(label, address) === netmask);
  }

  /** Asked about an interface that there is none of, the kernel would look for a module of that name first. */
  private requireInterface(name: string, what: string): void {
    if (!this.interfaces().has(name)) throw new Refused('ENODEV', what);
  }

  /** Names change hands: what was meant for one interface is not done to another. */
  private requireIndex(name: string, index: number | undefined, op: string): void {
    if (index === undefined) return;
    this.requireInterface(name, `${op} ${name}`);
    if (this.ioctl.index(name) !== index) {
      throw new Refused('ENODEV', `${op} ${name}: the interface of that name is not number ${index}`);
    }
  }

  private interfaces(): ReadonlySet<string> {
    this.names ??= new Set(interfaceNames());
    return this.names;
  }

  private addresses(): AddressBook {
    this.book ??= new AddressBook(this.ioctl);
    return this.book;
  }
}
