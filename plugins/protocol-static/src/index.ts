/** Static routes: what `[[protocols.static]]` lists is in the main routing table while a router is Master. */
import type { KernelResource, PluginContext, Protocol, ProtocolPlugin } from 'rvrrpd/plugin';

/** One `[[protocols.static]]` entry; `schema.json` says which values there can be. */
interface StaticRoute {
  readonly route: string;
  readonly mask: string;
  readonly nh: string;
  /** Route priority; the lower wins. */
  readonly metric?: number;
  /** Path MTU in octets. */
  readonly mtu?: number;
}

type RouteEntry = Extract<KernelResource, { readonly kind: 'route' }>;

/** An IPv4 address as an unsigned 32-bit number. */
function toNumber(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/** Length of the prefix that a network mask stands for, or `undefined` if its ones are not contiguous. */
function prefixLengthOf(mask: string): number | undefined {
  const zeros = ~toNumber(mask) >>> 0; // 0…01…1 for a contiguous mask: one more is a power of two
  return (zeros & (zeros + 1)) === 0 ? Math.clz32(zeros) : undefined;
}

function toRoute(entry: StaticRoute): RouteEntry {
  const { route, mask, nh, metric, mtu } = entry;
  const name = `[[protocols.static]] route = "${route}", mask = "${mask}"`;
  const prefixLength = prefixLengthOf(mask);
  if (prefixLength === undefined) {
    throw new Error(`${name}: the mask must be ones, then zeros, such as 255.255.255.0`);
  }
  // >>> 0: JavaScript's & gives a signed number
  const network = toAddress((toNumber(route) & toNumber(mask)) >>> 0);
  if (network !== route) {
    // The kernel refuses it (EINVAL), which would only show when this router becomes Master.
    throw new Error(
      `${name}: the route has bits outside of the mask, it must be "${network}" or the mask longer`,
    );
  }
  return {
    kind: 'route',
    family: 4,
    destination: route,
    prefixLength,
    gateway: nh,
    ...(metric === undefined ? {} : { metric }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

/** Protocol `static`. */
class StaticRoutes implements Protocol {
  /** @throws Error that names the entry, if the kernel would not take it or another one has the same place */
  plan(entries: readonly Readonly<Record<string, unknown>>[]): readonly KernelResource[] {
    const taken = new Map<string, RouteEntry>();
    for (const entry of entries) {
      const route = toRoute(entry as unknown as StaticRoute); // validated against schema.json by the core
      // The kernel has one route for a destination and metric; a second one replaces it or is refused.
      const place = `${route.destination}/${route.prefixLength} metric ${route.metric ?? 0}`;
      const other = taken.get(place);
      if (other !== undefined) {
        const both = `next hops ${other.gateway} and ${route.gateway}`;
        throw new Error(
          `[[protocols.static]] has ${place} twice, ${both}: remove one, or give it another metric`,
        );
      }
      taken.set(place, route);
    }
    return [...taken.values()];
  }
}

const plugin: ProtocolPlugin = {
  kind: 'protocol',
  create: (_context: PluginContext): Protocol => new StaticRoutes(),
};

export default plugin;
