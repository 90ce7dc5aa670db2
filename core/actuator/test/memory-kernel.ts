/** A kernel in memory, as a network driver sees one: links, addresses, routes, nothing else. */
import type {
  KernelChange,
  KernelNews,
  KernelRefusal,
  Link,
  NetworkDriver,
} from '../../plugin/contracts/index.ts';

/** Implements the driver's contract. `refuse` makes a share of the changes fail, `loseAnswer` of their answers get lost. */
export class MemoryKernel implements NetworkDriver {
  readonly byName = new Map<string, Link>();
  readonly routes = new Set<string>();
  /** s since the kernel's start: addresses end by it, see {@link expire}. */
  now = 0;
  /** `renew-address` changes so far. */
  renewals = 0;
  /** When each address ends, by interface and address. */
  private readonly ends = new Map<string, number>();
  /** Routes in any table and rules, as JSON. */
  readonly extras = new Set<string>();
  /** Interface and address of each guard. */
  readonly guards = new Set<string>();
  refuse: (change: KernelChange) => string | undefined = () => undefined;
  /** Whether the answer to a change is lost: it is made, and answered with EIO, or another errno. */
  loseAnswer: (change: KernelChange) => boolean | string = () => false;
  batches = 0;
  /** Changes until the process "dies" in the middle of a batch: the call never returns. */
  dieAfter = Number.POSITIVE_INFINITY;
  /** Called when it does. */
  onDeath: () => void = () => {};
  private nextIndex = 1;

  /** Makes an Ethernet link, up. */
  addLink(name: string, ...addresses: string[]): void {
    this.byName.set(name, {
      index: this.nextIndex++,
      name,
      mac: '02:00:00:00:00:01',
      up: true,
      running: true,
      ethernet: true,
      mtu: 1500,
      type: '',
      parent: 0,
      addresses: addresses.map((address) => ({
        family: 4,
        address,
        prefixLength: 24,
        label: name,
        secondary: false,
      })),
    });
  }

  /** Removes an address, or does nothing. */
  removeAddress(name: string, address: string): void {
    const link = this.byName.get(name);
    if (!link) return;
    this.byName.set(name, { ...link, addresses: link.addresses.filter((a) => a.address !== address) });
  }

  /** Lets time pass: addresses whose time is over go. @returns them */
  expire(seconds: number): string[] {
    this.now += seconds;
    const over = [...this.ends].filter(([, end]) => end <= this.now).map(([key]) => key);
    for (const key of over) {
      const [name = '', address = ''] = key.split(' ');
      this.removeAddress(name, address);
      this.ends.delete(key);
    }
    return over;
  }

  /** All that there is, to compare. */
  state(): string {
    const links = [...this.byName.values()]
      .map(({ index: _, addresses, ...link }) => ({
        ...link,
        addresses: addresses.map((a) => a.address).sort(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return JSON.stringify({ links, routes: [...this.routes].sort(), guards: [...this.guards].sort() });
  }

  async links(): Promise<Link[]> {
    return [...this.byName.values()];
  }

  async apply(changes: readonly KernelChange[]): Promise<(KernelRefusal | null)[]> {
    this.batches++;
    const results: (KernelRefusal | null)[] = [];
    for (const change of changes) {
      if (this.dieAfter-- <= 0) {
        this.onDeath();
        await new Promise(() => {});
      }
      const answer = this.refuse(change) ?? this.applyOne(change);
      const lost = answer === undefined && this.loseAnswer(change);
      const errno = lost === true ? 'EIO' : lost || answer;
      results.push(errno === undefined ? null : { errno, message: `${change.op}: ${errno}` });
    }
    return results;
  }

  watch(_listener: (news: readonly KernelNews[]) => void): void {}

  close(): void {}

  private applyOne(change: KernelChange): string | undefined {
    if ('destination' in change) {
      const key = `${change.destination}/${change.prefixLength} ${change.gateway}`;
      if (change.op === 'remove-route') return this.routes.delete(key) ? undefined : 'ESRCH';
      if (this.routes.has(key)) return 'EEXIST';
      this.routes.add(key);
      return undefined;
    }
    if (change.op === 'add-guard' || change.op === 'remove-guard') {
      const key = `${change.interface} ${change.address}`;
      if (change.op === 'remove-guard') return this.guards.delete(key) ? undefined : 'ENOENT';
      if (this.guards.has(key)) return 'EEXIST';
      this.guards.add(key);
      return undefined;
    }
    if ('route' in change || 'rule' in change) {
      const key = JSON.stringify('route' in change ? change.route : change.rule);
      if (change.op.startsWith('remove')) return this.extras.delete(key) ? undefined : 'ESRCH';
      if (this.extras.has(key)) return 'EEXIST';
      this.extras.add(key);
      return undefined;
    }
    const link = this.byName.get(change.interface);
    if (change.op === 'add-link') {
      const parent = this.byName.get(change.parent);
      if (!parent) return 'ENODEV';
      if (link) return 'EEXIST';
      this.addLink(change.interface);
      const made = this.byName.get(change.interface)!;
      this.byName.set(change.interface, {
        ...made,
        mac: change.mac,
        up: false,
        type: change.type,
        parent: parent.index,
      });
      return undefined;
    }
    if (!link) return 'ENODEV';
    if (change.op === 'remove-link') this.byName.delete(link.name);
    else if (change.op === 'set-mac') this.byName.set(link.name, { ...link, mac: change.mac });
    else if (change.op === 'set-up') this.byName.set(link.name, { ...link, up: change.up });
    else if ('address' in change) return this.changeAddress(link, change);
    return undefined;
  }

  private changeAddress(
    link: Link,
    change: Extract<KernelChange, { prefixLength: number; address: string }>,
  ): string | undefined {
    const { family, address, prefixLength, label = link.name } = change;
    const others = link.addresses.filter((a) => a.address !== address || a.prefixLength !== prefixLength);
    const isThere = others.length < link.addresses.length;
    const key = `${link.name} ${address}`;
    const expires = 'validFor' in change && change.validFor !== undefined;
    if (change.op !== 'add-address' || !isThere) this.ends.delete(key);
    if (expires && (change.op === 'renew-address' || !isThere))
      this.ends.set(key, this.now + change.validFor!);
    if (change.op === 'renew-address') {
      this.renewals++;
      if (!isThere) return 'EADDRNOTAVAIL';
      const addresses = link.addresses.map((a) => (others.includes(a) ? a : { ...a, expires }));
      this.byName.set(link.name, { ...link, addresses });
      return undefined;
    }
    if (change.op === 'remove-address') {
      if (!isThere) return 'EADDRNOTAVAIL';
      this.byName.set(link.name, { ...link, addresses: others });
      return undefined;
    }
    if (isThere) return 'EEXIST';
    const fresh = { family, address, prefixLength, label, secondary: false, expires };
    this.byName.set(link.name, { ...link, addresses: [...link.addresses, fresh] });
    return undefined;
  }
}
