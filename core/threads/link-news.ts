/** What the actuator tells the engine of the links: all of them once, then what has changed. */
import type { Link } from '../plugin/contracts/index.ts';

/** A link as the engine sees it. */
export interface SeenLink extends Link {
  /** It is a port of a bridge: what it receives goes there, and a packet socket on it hears nothing. Absent: false. */
  readonly isPort?: boolean;
}

/**
 * News of Ethernet links of the namespace, and of others that have addresses, such as `lo`: one may be a `source`. Addresses
 * that are ours are left out. One reading of the kernel.
 */
export interface LinkNews {
  readonly type: 'links';
  /** Links that are new or changed in anything; without {@link gone} all that there are. */
  readonly links: readonly SeenLink[];
  /** Names that no link has any more: it was removed, or has another name. Absent: `links` are all that there are. */
  readonly gone?: readonly string[];
}

/** The links as news after news leaves them. */
export class KnownLinks {
  private readonly byName = new Map<string, SeenLink>();
  /** Made when asked for: the same array as long as nothing changes. */
  private all: readonly SeenLink[] | undefined;
  /** Whether they have been told at all. */
  told = false;

  hear({ links, gone }: Omit<LinkNews, 'type'>): void {
    if (!gone) this.byName.clear();
    for (const name of gone ?? []) this.byName.delete(name);
    for (const link of links) this.byName.set(link.name, link);
    this.all = gone ? undefined : links;
    this.told = true;
  }

  get(name: string): SeenLink | undefined {
    return this.byName.get(name);
  }

  /** All of them. */
  list(): readonly SeenLink[] {
    this.all ??= [...this.byName.values()];
    return this.all;
  }
}

/** Finds what has changed from one reading of the kernel to the next. For the actuator: it looks at every link. */
export class LinkComparison {
  /** What was told last, by name. */
  private told: ReadonlyMap<string, string> | undefined;

  /** What is to be told of these links, all that there are; undefined: nothing. */
  news(links: readonly SeenLink[]): Omit<LinkNews, 'type'> | undefined {
    const before = this.told;
    const texts = new Map(links.map((link) => [link.name, JSON.stringify(link)]));
    this.told = texts;
    if (!before) return { links };
    const changed = links.filter(({ name }) => texts.get(name) !== before.get(name));
    const gone = [...before.keys()].filter((name) => !texts.has(name));
    return changed.length + gone.length === 0 ? undefined : { links: changed, gone };
  }
}
