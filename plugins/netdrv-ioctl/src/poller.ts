/**
 * Tells of changes by looking again and again: ioctl brings no news. What passes between two looks is not seen,
 * nor are changes of a netmask or a label alone.
 */
import type { KernelChange, KernelNews, KernelRefusal } from 'rvrrpd/plugin';
import { parseAddresses } from './addresses.ts';
import { interfaceOfLabel } from './labels.ts';
import type { LinkReader, PlainLink } from './links.ts';
import type { Ioctl } from './native.ts';
import { parseInet6, type RouteEntry, readInet6, routesTo } from './proc.ts';
import { isRouteChange, isSamePlace, routeEntry } from './routes.ts';

/** Pause in ms between two looks. */
const INTERVAL = 500;
/** Looking takes a twentieth of the time, however much there is to see. */
const REST = 19;
/** Longest pause in ms: on a busy machine a look takes long because others run, which says nothing of its cost. */
const LONGEST_REST = 2000;

/** Pause in ms after a look. @param took how long that was, in ms */
export function restAfter(took: number): number {
  return Math.min(Math.max(INTERVAL, took * REST), LONGEST_REST);
}

/** What a look saw. */
interface Sight {
  /** By index. */
  readonly links: ReadonlyMap<number, PlainLink>;
  readonly inet4: Uint8Array;
  readonly inet6: string;
  /** `<index> <address>` */
  readonly addresses: ReadonlySet<string>;
}

/** A route that somebody wanted added. */
interface WatchedRoute {
  readonly entry: RouteEntry;
  /** One was in its place at the last look. */
  isThere: boolean;
  /** We have added it since. */
  touched: boolean;
}

/** See the file's comment. */
export class Poller {
  private timer: NodeJS.Timeout | undefined;
  private last: Sight;
  /** By destination and metric. */
  private readonly routes = new Map<string, WatchedRoute>();
  /**
   * Interfaces, and `<interface> <address>`, that we have changed since the last look. What it saw of them says
   * nothing any more: somebody may have undone our change since, and it would look as if nothing had happened.
   */
  private readonly touched = { links: new Set<string>(), addresses: new Map<string, string>() };

  /** @throws Error if the kernel does not answer */
  constructor(
    private readonly ioctl: Ioctl,
    private readonly reader: LinkReader,
    private readonly listener: (news: readonly KernelNews[]) => void,
  ) {
    this.last = this.look(undefined);
    this.schedule(INTERVAL);
  }

  /**
   * We have changed the kernel: the next look tells how each of these is then. From here on routes are looked at
   * that were added, and no longer those that were removed: nobody can look at all routes twice a second.
   * @param answers of the kernel to each change
   */
  applied(changes: readonly KernelChange[], answers: readonly (KernelRefusal | null)[]): void {
    for (const [i, change] of changes.entries()) {
      if (!isRouteChange(change)) {
        if (change.op === 'add-address' || change.op === 'remove-address') {
          const { interface: name, address } = change;
          this.touched.addresses.set(`${name} ${address}`, name);
        } else if ('interface' in change) this.touched.links.add(change.interface);
        continue;
      }
      const { destination, prefixLength, metric = 0 } = change;
      const key = `${destination}/${prefixLength} ${metric}`;
      if (change.op === 'remove-route') {
        this.routes.delete(key);
        continue;
      }
      const known = this.routes.get(key);
      if (known) {
        known.touched ||= answers[i] === null;
        continue;
      }
      try {
        this.routes.set(key, { entry: routeEntry(change, ''), isThere: false, touched: answers[i] === null });
      } catch {
        // refused: there is nothing to look at
      }
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(pause: number): void {
    this.timer = setTimeout(() => this.poll(), pause);
  }

  private poll(): void {
    const start = performance.now();
    let news: KernelNews[];
    try {
      const now = this.look(this.last);
      const before = this.withoutTouched(this.last, now);
      news = [...linkNews(before, now), ...before.undone, ...addressNews(before, now), ...this.routeNews()];
      this.last = now;
    } catch {
      news = [{ type: 'overrun' }]; // reading everything again will tell why, if it is not over by then
    }
    this.schedule(restAfter(performance.now() - start));
    if (news.length > 0) this.listener(news);
  }

  private look(last: Sight | undefined): Sight {
    const links = new Map(this.reader.plain().map((link) => [link.index, link]));
    const inet4 = this.ioctl.addresses();
    const inet6 = readInet6();
    // As a rule nothing has changed: then nothing is taken apart.
    if (
      last &&
      inet6 === last.inet6 &&
      Buffer.compare(inet4, last.inet4) === 0 &&
      sameIndices(links, last.links)
    ) {
      return { links, inet4, inet6, addresses: last.addresses };
    }
    const indexOf = new Map([...links.values()].map(({ name, index }) => [name, index]));
    const addresses = new Set<string>();
    for (const { label, address } of parseAddresses(inet4)) {
      const name = interfaceOfLabel(label, (candidate) => indexOf.has(candidate));
      if (name !== undefined) addresses.add(`${indexOf.get(name)} ${address}`);
    }
    for (const { interface: name, address } of parseInet6(inet6)) {
      if (indexOf.has(name)) addresses.add(`${indexOf.get(name)} ${address}`);
    }
    return { links, inet4, inet6, addresses };
  }

  /**
   * What was seen before, made different from what is there now wherever we have changed something meanwhile: then
   * it is told, whether our change is still in place or not.
   */
  private withoutTouched(
    last: Sight,
    now: Sight,
  ): Pick<Sight, 'links' | 'addresses'> & { readonly undone: readonly KernelNews[] } {
    const { links: names, addresses: keys } = this.touched;
    if (names.size === 0 && keys.size === 0) return { ...last, undone: [] };
    const links = new Map(last.links);
    for (const [index, { name }] of last.links) if (names.has(name)) links.delete(index);
    const indexOf = new Map([...now.links.values()].map(({ name, index }) => [name, index]));
    const addresses = new Set(last.addresses);
    for (const [key, name] of keys) {
      const seen = `${indexOf.get(name)}${key.slice(name.length)}`;
      if (now.addresses.has(seen)) addresses.delete(seen);
      else addresses.add(seen);
    }
    const known = new Set([...last.links.values()].map(({ name }) => name));
    // Made by us and gone before it was seen.
    const undone = [...names]
      .filter((name) => !known.has(name) && !indexOf.has(name))
      .map((name): KernelNews => ({ type: 'link', index: 0, name, gone: true }));
    names.clear();
    keys.clear();
    return { links, addresses, undone };
  }

  private routeNews(): KernelNews[] {
    const wanted = [...this.routes.values()];
    const table = routesTo(new Set(wanted.map(({ entry }) => entry.destination)));
    return wanted.flatMap((route): KernelNews[] => {
      const isThere = table.some((other) => isSamePlace(route.entry, other));
      if (isThere === route.isThere && !route.touched) return [];
      route.isThere = isThere;
      route.touched = false;
      return [{ type: 'route', gone: !isThere }];
    });
  }
}

function sameIndices(a: ReadonlyMap<number, PlainLink>, b: ReadonlyMap<number, PlainLink>): boolean {
  return a.size === b.size && [...a].every(([index, { name }]) => b.get(index)?.name === name);
}

function linkNews(before: Pick<Sight, 'links'>, now: Sight): KernelNews[] {
  const news: KernelNews[] = [];
  for (const [index, { name }] of before.links) {
    if (!now.links.has(index)) news.push({ type: 'link', index, name, gone: true });
  }
  for (const [index, link] of now.links) {
    const old = before.links.get(index);
    if (old && isSameLink(old, link)) continue;
    news.push({ type: 'link', index, name: link.name, gone: false });
  }
  return news;
}

function isSameLink(a: PlainLink, b: PlainLink): boolean {
  return a.name === b.name && a.mac === b.mac && a.up === b.up && a.running === b.running && a.mtu === b.mtu;
}

function addressNews(
  { addresses: before }: Pick<Sight, 'addresses'>,
  { addresses: now }: Sight,
): KernelNews[] {
  if (before === now) return [];
  const news = (key: string, gone: boolean): KernelNews => {
    const [index, address] = key.split(' ') as [string, string];
    return { type: 'address', index: Number(index), address, gone };
  };
  return [
    ...[...before].filter((key) => !now.has(key)).map((key) => news(key, true)),
    ...[...now].filter((key) => !before.has(key)).map((key) => news(key, false)),
  ];
}
