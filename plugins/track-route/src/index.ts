/** Tracker `route`: there is a route, and it leads somewhere. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import {
  attribute,
  body,
  Group,
  linkByName,
  type Message,
  Rtnetlink,
  sameOctets,
  watchRtnetlink,
} from 'rvrrpd-track-system';
import { LastReading } from './reading.ts';
import { isTo, type Route, RTM_GETROUTE, readRoute } from './routes.ts';
import { type Settings, type Wanted, wantedOf } from './settings.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const RTA_TABLE = 15;

/**
 * The verdict.
 * @param routes to the network, in the table
 * @param device index of the interface that it must go through; undefined: any
 */
export function judge(wanted: Wanted, routes: readonly Route[], device?: number): Finding {
  const { gateway, words } = wanted;
  if (routes.length === 0) return { up: false, words: `${words} is not there` };
  const leading = routes.filter(({ leads }) => leads);
  if (leading.length === 0) return { up: false, words: `${words} leads nowhere (blackhole or the like)` };
  const hops = leading
    .flatMap((route) => route.hops)
    .filter((hop) => device === undefined || hop.device === device)
    .filter(
      (hop) => gateway === undefined || (hop.gateway !== undefined && sameOctets(hop.gateway, gateway)),
    );
  if (hops.length === 0) return { up: false, words: `${words} is not there, there is another` };
  if (hops.every(({ dead }) => dead)) return { up: false, words: `${words}: its interface is down` };
  if (hops.every(({ dead, linkDown }) => dead || linkDown))
    return { up: false, words: `${words}: its interface has no carrier` };
  return { up: true, words: `${words} is there` };
}

class RouteTracker implements Tracker {
  private readonly rtnetlink = new Rtnetlink();
  private watch: { close(): void } | undefined;
  private readonly last = new LastReading();

  constructor(private readonly wanted: Wanted) {}

  start(changed: () => void): void {
    const { family } = this.wanted.prefix;
    // Of IPv4, the kernel does not tell of routes that go with an interface, an address or a next hop object.
    const groups = [
      Group.link,
      family === 4 ? Group.ipv4Route : Group.ipv6Route,
      family === 4 ? Group.ipv4Address : Group.ipv6Address,
    ];
    const notice = (message: Message | null) => {
      const route = message && readRoute(message);
      if (route && !isTo(route, this.wanted.prefix, this.wanted.table)) return;
      this.last.forget();
      changed();
    };
    try {
      this.watch = watchRtnetlink([...groups, Group.nexthop], notice);
    } catch {
      this.watch = watchRtnetlink(groups, notice); // before Linux 5.3 there are no next hop objects
    }
  }

  async check(): Promise<Finding> {
    const { device } = this.wanted;
    const link = device === undefined ? undefined : await linkByName(this.rtnetlink, device);
    if (device !== undefined && link === undefined)
      return { up: false, words: `there is no interface ${device}` };
    const routes = await this.last.routes(() => this.read(), this.watch !== undefined);
    return judge(this.wanted, routes, link?.index);
  }

  private async read(): Promise<readonly Route[]> {
    const { prefix, table } = this.wanted;
    const family = prefix.family === 4 ? AF_INET : AF_INET6;
    const header = new Uint8Array(12);
    header[0] = family;
    return this.rtnetlink.dump(RTM_GETROUTE, body(header, attribute(RTA_TABLE, table)), (message) => {
      const route = readRoute(message);
      return route !== undefined && isTo(route, prefix, table) ? route : undefined;
    });
  }

  stop(): void {
    this.watch?.close();
    this.rtnetlink.close();
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker =>
    new RouteTracker(wantedOf(context.settings as unknown as Settings)),
};

export default plugin;
