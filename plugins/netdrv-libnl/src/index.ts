/** The network driver `libnl`: rtnetlink (man 7 rtnetlink) through libnl-3 and libnl-route-3. */
import type {
  KernelChange,
  KernelNews,
  KernelRefusal,
  Link,
  LinkAddress,
  NetdrvPlugin,
  NetworkDriver,
} from 'rvrrpd/plugin';
import { type DumpedAddress, type DumpedLink, type LibnlAddon, loadAddon } from './native.ts';

/** Link types whose IFLA_LINK is their other end, not the link that they sit on. */
const PAIRED = new Set(['veth']);

/** Puts each address to its link. */
export function assemble(links: readonly DumpedLink[], addresses: readonly DumpedAddress[]): Link[] {
  const byIndex = new Map<number, LinkAddress[]>();
  for (const { index, ...address } of addresses) {
    const list = byIndex.get(index);
    if (list) list.push(address);
    else byIndex.set(index, [address]);
  }
  return links.map((link) => ({
    ...link,
    parent: PAIRED.has(link.type) ? 0 : link.parent,
    addresses: byIndex.get(link.index) ?? [],
  }));
}

class LibnlDriver implements NetworkDriver {
  private readonly netlink: InstanceType<LibnlAddon['Netlink']>;
  private monitor: InstanceType<LibnlAddon['Monitor']> | undefined;

  constructor(private readonly addon: LibnlAddon) {
    this.netlink = new addon.Netlink();
  }

  async links(): Promise<Link[]> {
    const { links, addresses } = this.netlink.dump();
    return assemble(links, addresses);
  }

  async apply(changes: readonly KernelChange[]): Promise<(KernelRefusal | null)[]> {
    return this.netlink.apply(changes);
  }

  watch(listener: (news: readonly KernelNews[]) => void): void {
    this.monitor?.close();
    this.monitor = new this.addon.Monitor(listener);
  }

  close(): void {
    this.monitor?.close();
    this.monitor = undefined;
    this.netlink.close();
  }
}

const plugin: NetdrvPlugin = {
  kind: 'netdrv',
  create: () => new LibnlDriver(loadAddon()),
};

export default plugin;
