/** The routes of a batch of changes. */
import type { KernelChange, RouteResource } from 'rvrrpd/plugin';
import { netmaskOf, toNumber, toText } from './ipv4.ts';
import type { Ioctl } from './native.ts';
import { type RouteEntry, routesTo } from './proc.ts';
import { Refused } from './refusal.ts';

/** Highest metric: `rt_metric` has 16 bits with a sign, and is one more (net/route.h). */
export const HIGHEST_METRIC = 32_766;

/** A change of a route. */
export type RouteChange = Extract<KernelChange, { readonly destination: string }>;

/** Whether a change is one of a route. */
export function isRouteChange(change: KernelChange): change is RouteChange {
  return change.op === 'add-route' || change.op === 'remove-route';
}

/** A route as the kernel's table has it. @throws Refused if ioctl cannot tell the kernel of it */
export function routeEntry(route: RouteResource, what: string): RouteEntry {
  const { family, prefixLength, metric = 0, mtu } = route;
  const no = (code: string, why: string) => new Refused(code, `${what}: ${why}`);
  if (family !== 4) throw no('EAFNOSUPPORT', 'this network driver knows IPv4 alone');
  const destination = toNumber(route.destination);
  const gateway = toNumber(route.gateway);
  if (destination === undefined) throw no('EINVAL', `not an IPv4 address: '${route.destination}'`);
  if (gateway === undefined) throw no('EINVAL', `not an IPv4 address: '${route.gateway}'`);
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) {
    throw no('EINVAL', `not a prefix length: ${prefixLength}`);
  }
  if (metric > HIGHEST_METRIC) throw no('EOPNOTSUPP', `by ioctl a metric is ${HIGHEST_METRIC} at most`);
  if (mtu !== undefined) {
    throw no(
      'EOPNOTSUPP',
      'by ioctl a route cannot have an MTU: the kernel makes a maximum segment size of RTF_MTU',
    );
  }
  return { destination, gateway, netmask: netmaskOf(prefixLength), metric };
}

/** Whether two routes have the same place in the table: there is room for one that counts. */
export function isSamePlace(a: RouteEntry, b: RouteEntry): boolean {
  return a.destination === b.destination && a.netmask === b.netmask && a.metric === b.metric;
}

/**
 * Adds and removes routes. By ioctl the kernel puts a route in front of one with the same destination and metric,
 * which then counts no more; and it deletes the next best route if the one meant is gone. So it is looked first.
 */
export class RouteBatch {
  private table: RouteEntry[] | undefined;

  constructor(
    private readonly ioctl: Ioctl,
    private readonly changes: readonly KernelChange[],
  ) {}

  /** @throws Refused, or an error of the addon */
  change(change: RouteChange): void {
    if (change.op === 'add-route') this.add(change);
    else this.remove(change);
  }

  private add(route: RouteResource): void {
    const what = `SIOCADDRT ${describe(route)}`;
    const entry = routeEntry(route, what);
    if (this.routes().some((other) => isSamePlace(entry, other))) throw new Refused('EEXIST', what);
    this.ioctl.addRoute(route.destination, toText(entry.netmask), route.gateway, entry.metric);
    this.routes().push(entry);
  }

  private remove(route: RouteResource): void {
    const what = `SIOCDELRT ${describe(route)}`;
    const entry = routeEntry(withoutMtu(route), what);
    const table = this.routes();
    const at = table.findIndex((other) => isSamePlace(entry, other) && other.gateway === entry.gateway);
    if (at < 0) throw new Refused('ESRCH', what);
    this.ioctl.deleteRoute(route.destination, toText(entry.netmask), route.gateway, entry.metric);
    table.splice(at, 1);
  }

  /** What the kernel has for the destinations of this batch. */
  private routes(): RouteEntry[] {
    this.table ??= routesTo(
      new Set(
        this.changes
          .filter(isRouteChange)
          .map(({ destination }) => toNumber(destination))
          .filter((destination) => destination !== undefined),
      ),
    );
    return this.table;
  }
}

/** A route is found by its destination, metric and gateway. */
function withoutMtu({ mtu: _, ...route }: RouteResource): RouteResource {
  return route;
}

function describe({ destination, prefixLength, gateway, metric }: RouteResource): string {
  return `${destination}/${prefixLength} via ${gateway}${metric === undefined ? '' : ` metric ${metric}`}`;
}
