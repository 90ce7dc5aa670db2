/** Ports: interfaces that are part of another one, which takes what they receive. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { Link } from '../plugin/contracts/index.ts';
import type { SeenLink } from '../threads/link-news.ts';

/** What an interface is a port of. */
export type Aggregate = 'bridge' | 'bond' | 'Open vSwitch bridge';

/** Where the kernel tells of its interfaces (sysfs). */
const INTERFACES = '/sys/class/net';
/** The one interface that has all ports of Open vSwitch. */
const OPEN_VSWITCH = 'ovs-system';

/** What a link is a port of; undefined: of nothing, or there is no sysfs to tell. @param root of sysfs's interfaces */
export function aggregateOf(
  { name, index }: Pick<Link, 'name' | 'index'>,
  root = INTERFACES,
): Aggregate | undefined {
  const folder = path.join(root, name);
  try {
    const master = path.basename(readlinkSync(path.join(folder, 'master')));
    // A /sys of another network namespace (man 7 network_namespaces) may have a link of the same name.
    if (Number(readFileSync(path.join(folder, 'ifindex'), 'latin1')) !== index) return undefined;
    if (existsSync(path.join(folder, 'brport'))) return 'bridge';
    if (existsSync(path.join(folder, 'bonding_slave'))) return 'bond';
    return master === OPEN_VSWITCH ? 'Open vSwitch bridge' : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a packet socket on its ports hears nothing: a bond passes on what it takes, a bridge does not. */
function isDeaf(aggregate: Aggregate | undefined): boolean {
  return aggregate !== undefined && aggregate !== 'bond';
}

/** Why a virtual router that listens on the link itself cannot run there, and what would be right. */
export function portFault(link: Pick<Link, 'name' | 'index'> | undefined, root?: string): string | undefined {
  const aggregate = link && aggregateOf(link, root);
  if (!link || !isDeaf(aggregate)) return undefined;
  return `${link.name} is a port of a ${aggregate}, which takes all that it receives: use the ${aggregate} itself`;
}

/** Marks the ports among the interfaces of virtual routers for the engine, and tells of each once. */
export class Ports {
  private told = new Set<string>();

  /** @param tell has the log say it */
  constructor(
    private readonly homes: ReadonlySet<string>,
    private readonly tell: (message: string) => void,
    private readonly root = INTERFACES,
  ) {}

  /** The links as the engine shall see them. */
  mark(links: readonly Link[]): readonly SeenLink[] {
    const now = new Set<string>();
    const marked = links.map((link): SeenLink => {
      const fault = this.homes.has(link.name) ? portFault(link, this.root) : undefined;
      if (fault === undefined) return link;
      now.add(link.name);
      if (!this.told.has(link.name)) this.tell(fault);
      return { ...link, isPort: true };
    });
    this.told = now;
    return marked;
  }
}
