/** The network driver `libnl`: rtnetlink (man 7 rtnetlink) through libnl-3 and libnl-route-3. */
import type {
  DriverCapability,
  KernelChange,
  KernelNews,
  KernelRefusal,
  Link,
  LinkAddress,
  NetdrvPlugin,
  NetworkDriver,
} from 'rvrrpd/plugin';
import { Guards } from './guards.ts';
import { type DumpedAddress, type DumpedLink, type LibnlAddon, loadAddon } from './native.ts';
import { isRuleChange, type RuleChange, Rules } from './rules.ts';

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

/** Octets of news (SO_RCVBUF's count, rounded up) that one change makes; removing a link is told in many pieces. */
const NEWS: Partial<Record<KernelChange['op'], number>> = {
  'remove-link': 20_000,
  'add-link': 8000,
  'renew-address': 1000,
};
const OTHER_NEWS = 2000;

/**
 * Whether so many changes at once make more news than a listener with this room should get while nobody reads them.
 * From half of it on the kernel yields the processor at every piece of news (`netlink_broadcast`): on a busy machine
 * thousands of them take many seconds. Beyond the whole of it news are lost anyway.
 */
export function isLoud(changes: readonly KernelChange[], room: number): boolean {
  let expected = 0;
  for (const { op } of changes) expected += NEWS[op] ?? OTHER_NEWS;
  return expected > room / 4;
}

class LibnlDriver implements NetworkDriver {
  private readonly netlink: InstanceType<LibnlAddon['Netlink']>;
  private monitor: InstanceType<LibnlAddon['Monitor']> | undefined;
  private listener: ((news: readonly KernelNews[]) => void) | undefined;
  private readonly guards: Guards;
  private readonly rules: Rules;

  constructor(private readonly addon: LibnlAddon) {
    this.netlink = new addon.Netlink();
    this.guards = new Guards(addon, () => this.listener?.([{ type: 'guard' }]));
    this.rules = new Rules(addon, (changes) => this.netlink.apply(changes));
  }

  async links(): Promise<Link[]> {
    const { links, addresses } = this.netlink.dump();
    return assemble(links, addresses);
  }

  async apply(changes: readonly KernelChange[]): Promise<(KernelRefusal | null)[]> {
    const { monitor } = this;
    if (!monitor || !isLoud(changes, monitor.room)) return this.applyInOrder(changes);
    monitor.listen(false);
    try {
      return this.applyInOrder(changes);
    } finally {
      monitor.listen(true);
      // What else has happened meanwhile is not known: that is what an overrun says.
      setImmediate(() => {
        if (this.monitor === monitor) this.listener?.([{ type: 'overrun' }]);
      });
    }
  }

  /** Guards are another subsystem's, rules are looked at first: what lies between goes to rtnetlink together. */
  private applyInOrder(changes: readonly KernelChange[]): (KernelRefusal | null)[] {
    const results: (KernelRefusal | null)[] = [];
    let run: KernelChange[] = [];
    let rules: RuleChange[] = [];
    const flush = (): void => {
      if (run.length > 0) results.push(...this.netlink.apply(run));
      if (rules.length > 0) results.push(...this.rules.apply(rules));
      run = [];
      rules = [];
    };
    for (const change of changes) {
      if (change.op === 'add-guard' || change.op === 'remove-guard') {
        flush();
        results.push(this.guards.apply(change.op, change));
      } else if (isRuleChange(change)) {
        if (run.length > 0) flush();
        rules.push(change);
      } else {
        if (rules.length > 0) flush();
        run.push(change);
      }
    }
    flush();
    return results;
  }

  watch(listener: (news: readonly KernelNews[]) => void): void {
    this.listener = listener;
    this.monitor?.close();
    this.monitor = new this.addon.Monitor(listener);
  }

  async lacks(capability: DriverCapability): Promise<string | undefined> {
    return capability === 'address-guard' ? this.guards.lacking() : undefined;
  }

  close(): void {
    this.monitor?.close();
    this.monitor = undefined;
    this.guards.close();
    this.rules.close();
    this.netlink.close();
  }
}

const plugin: NetdrvPlugin = {
  kind: 'netdrv',
  create: () => new LibnlDriver(loadAddon()),
};

export default plugin;
