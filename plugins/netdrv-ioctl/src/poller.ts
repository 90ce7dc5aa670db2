/**
 * Tells of changes by looking again and again: ioctl brings no news. What passes between two looks is not seen,
 * nor are changes of a netmask or a label alone.
 */
import type { KernelChange, KernelNews } from 'rvrrpd/plugin';
import { parseAddresses } from './addresses.ts';
import { interfaceOfLabel } from './labels.ts';
import type { LinkReader, PlainLink } from './links.ts';
import type { Ioctl } from './native.ts';
import { parseInet6, type RouteEntry, readInet6, routesTo } from './proc.ts';
import { isRouteChange, isSamePlace, routeEntry } from './routes.ts';

/** Pause in ms between two looks. */
const INTERVAL = 500;
/** Looking takes a twentieth of the time at most, however much there is to see. */
const REST = 19;

/** What a look saw. */
interface Sight {
  /** By index. */
  readonly links: ReadonlyMap<number, PlainLink>;
  readonly inet4: Uint8Array;
  readonly inet6: string;
  /** `<index> <address>` */
  readonly addresses: ReadonlySet<string>;
}

/** See the file's comment. */
export class Poller {
  private timer: NodeJS.Timeout | undefined;
  private last: Sight;
  /** Routes that somebody wanted added, and whether one was in their place at the last look. */
  private readonly routes = new Map<string, { readonly entry: RouteEntry; isThere: boolean }>();

  /** @throws Error if the kernel does not answer */
  constructor(
    private readonly ioctl: Ioctl,
    private readonly reader: LinkReader,
    private readonly listener: (news: readonly KernelNews[]) => void,
  ) {
    this.last = this.look(undefined);
    this.schedule(INTERVAL);
  }

  /** From here on these routes are looked at, or no longer: nobody can look at all routes twice a second. */
  applied(changes: readonly KernelChange[]): void {
    for (const change of changes) {
      if (!isRouteChange(change)) continue;
      const { destination, prefixLength, metric = 0 } = change;
      const key = `${destination}/${prefixLength} ${metric}`;
      if (change.op === 'remove-route') {
        this.routes.delete(key);
        continue;
      }
      if (this.routes.has(key)) continue;
      try {
        this.routes.set(key, { entry: routeEntry(change, ''), isThere: false });
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
      news = [...linkNews(this.last, now), ...addressNews(this.last, now), ...this.routeNews()];
      this.last = now;
    } catch {
      news = [{ type: 'overrun' }]; // reading everything again will tell why, if it is not over by then
    }
    this.schedule(Math.max(INTERVAL, (performance.now() - start) * REST));
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

  private routeNews(): KernelNews[] {
    const wanted = [...this.routes.values()];
    const table = routesTo(new Set(wanted.map(({ entry }) => entry.destination)));
    return wanted.flatMap((route): KernelNews[] => {
      const isThere = table.some((other) => isSamePlace(route.entry, other));
      if (isThere === route.isThere) return [];
      route.isThere = isThere;
      return [{ type: 'route', gone: !isThere }];
    });
  }
}

function sameIndices(a: ReadonlyMap<number, PlainLink>, b: ReadonlyMap<number, PlainLink>): boolean {
  return a.size === b.size && [...a].every(([index, { name }]) => b.get(index)?.name === name);
}

function linkNews(before: Sight, now: Sight): KernelNews[] {
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

function addressNews({ addresses: before }: Sight, { addresses: now }: Sight): KernelNews[] {
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
