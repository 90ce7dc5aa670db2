/** What can be said about a kernel resource without asking the kernel. Pure. */
import type { KernelChange, KernelRefusal, KernelResource } from './contracts/index.ts';

/**
 * What of the kernel a resource speaks of. Two resources with the same identity are the same one or
 * contradict each other (two MACs for an interface).
 */
export function identityOf(resource: KernelResource): string {
  switch (resource.kind) {
    case 'address':
      return `address ${resource.interface} ${resource.address}`;
    case 'route':
      return `route ${resource.destination}/${resource.prefixLength} ${resource.metric ?? ''}`;
    case 'sysctl':
      return `sysctl ${resource.path.join('/')}`;
    case 'guard':
      return `guard ${resource.interface} ${resource.address}`;
    case 'table-route': {
      const { family, table, destination, prefixLength, metric = '' } = resource;
      return `table-route ${family} ${table} ${destination}/${prefixLength} ${metric}`;
    }
    case 'rule': // the kernel tells them apart by all that they say
      return `rule ${canonical(resource)}`;
    default:
      return `${resource.kind} ${resource.interface}`;
  }
}

/**
 * Whether two resources of the same identity want the same. What an address is called (its label), and whether a setting
 * is needed (`soft`), does not count.
 */
export function isSame(a: KernelResource, b: KernelResource): boolean {
  return canonical(a) === canonical(b);
}

function canonical(resource: KernelResource): string {
  const entries = Object.entries(resource).filter(([key]) => key !== 'label' && key !== 'soft');
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of which a network driver lists nothing: whether it is there, only the next attempt to install it tells. */
export function isUnlisted(
  resource: KernelResource,
): resource is Extract<KernelResource, { kind: 'route' | 'guard' | 'table-route' | 'rule' }> {
  return ['route', 'guard', 'table-route', 'rule'].includes(resource.kind);
}

/** The interface that a resource goes down with, or undefined. */
export function interfaceOf(resource: KernelResource): string | undefined {
  if (isUnlisted(resource)) return undefined;
  if (resource.kind !== 'sysctl') return resource.interface;
  const [net, , group, name] = resource.path; // net/ipv4/conf/<interface>/…, net/ipv6/neigh/<interface>/…
  return net === 'net' && (group === 'conf' || group === 'neigh') ? name : undefined;
}

/** A resource after its interface was renamed; the kernel renames labels along. */
export function renamed(resource: KernelResource, name: string): KernelResource {
  switch (resource.kind) {
    case 'route':
    case 'guard':
    case 'table-route':
    case 'rule':
      return resource;
    case 'sysctl':
      return { ...resource, path: resource.path.map((part, i) => (i === 3 ? name : part)) };
    case 'address': {
      const suffix = resource.label?.slice(resource.interface.length);
      return {
        ...resource,
        interface: name,
        ...(suffix !== undefined && { label: `${name}${suffix}` }),
      };
    }
    default:
      return { ...resource, interface: name };
  }
}

/** A resource that a network driver looks after; settings are the core's own. */
export type DriverResource = Exclude<KernelResource, { kind: 'sysctl' }>;

/** The change that installs a resource. */
export function installing(resource: DriverResource): KernelChange {
  switch (resource.kind) {
    case 'address':
      return { op: 'add-address', ...withoutKind(resource) };
    case 'link':
      return { op: 'add-link', ...withoutKind(resource) };
    case 'route':
      return { op: 'add-route', ...withoutKind(resource) };
    case 'guard':
      return { op: 'add-guard', ...withoutKind(resource) };
    case 'table-route':
      return { op: 'add-table-route', route: withoutKind(resource) };
    case 'rule':
      return { op: 'add-rule', rule: withoutKind(resource) };
    case 'mac':
      return { op: 'set-mac', interface: resource.interface, mac: resource.mac };
    case 'up':
      return { op: 'set-up', interface: resource.interface, up: true };
  }
}

/**
 * The change that takes a resource back.
 * @param original `mac` only: the MAC that the interface had before
 */
export function takingBack(resource: DriverResource, original: string | undefined): KernelChange {
  switch (resource.kind) {
    case 'address':
      return { op: 'remove-address', ...withoutKind(resource) };
    case 'link':
      return { op: 'remove-link', ...withoutKind(resource) };
    case 'route':
      return { op: 'remove-route', ...withoutKind(resource) };
    case 'guard':
      return { op: 'remove-guard', ...withoutKind(resource) };
    case 'table-route':
      return { op: 'remove-table-route', route: withoutKind(resource) };
    case 'rule':
      return { op: 'remove-rule', rule: withoutKind(resource) };
    case 'mac':
      return { op: 'set-mac', interface: resource.interface, mac: original ?? resource.mac };
    case 'up':
      return { op: 'set-up', interface: resource.interface, up: false };
  }
}

function withoutKind<R extends { kind: string }>(resource: R): Omit<R, 'kind'> {
  const { kind: _, ...rest } = resource;
  return rest;
}

/** Refusals that mean "it is not there", so that nothing is left to take back. */
const GONE: readonly string[] = ['ENODEV', 'EADDRNOTAVAIL', 'ESRCH', 'ENOENT', 'ENXIO'];

/** Whether a refused removal found nothing to remove. */
export function meansGone(refusal: KernelRefusal): boolean {
  return GONE.includes(refusal.errno);
}

/** Refusals that the kernel, or a driver before it asks, has instead of a change. */
const NOTHING_DONE: readonly string[] = [
  ...GONE,
  ...['EPERM', 'EACCES', 'EROFS', 'EEXIST', 'EBUSY', 'EINVAL', 'ERANGE', 'E2BIG', 'ENAMETOOLONG', 'ENOTUNIQ'],
  ...['EOPNOTSUPP', 'ENOTSUP', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ENOSYS', 'ENOTTY', 'EADDRINUSE', 'EMFILE'],
  ...['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EMLINK', 'ELOOP', 'ENOTDIR', 'EISDIR'],
];

/**
 * Whether a refusal proves that the change was not made. Any other (`EIO`, `ENOBUFS`, `ETIMEDOUT`, …) may be about
 * the answer: the kernel has done what it was asked, and we have not heard of it.
 */
export function provesNothingDone(refusal: KernelRefusal): boolean {
  return NOTHING_DONE.includes(refusal.errno);
}

/** A resource in words, for the log. */
export function describe(resource: KernelResource): string {
  switch (resource.kind) {
    case 'address':
      return `address ${resource.address}/${resource.prefixLength} on ${resource.interface}`;
    case 'link':
      return `${resource.type} interface ${resource.interface} on ${resource.parent}`;
    case 'mac':
      return `MAC address ${resource.mac} of ${resource.interface}`;
    case 'up':
      return `interface ${resource.interface} being up`;
    case 'route':
      return `route ${resource.destination}/${resource.prefixLength} via ${resource.gateway}`;
    case 'guard':
      return `guard of ${resource.address} on ${resource.interface}`;
    case 'table-route': {
      const { type, destination, prefixLength, table } = resource;
      return `${type} route ${destination}/${prefixLength} in table ${table}`;
    }
    case 'rule': {
      const { priority, from = 'all', to = 'all', type, table } = resource;
      return `rule ${priority} from ${from} to ${to} ${type}${table === undefined ? '' : ` ${table}`}`;
    }
    case 'sysctl':
      return `setting ${resource.path.join('/')} = ${resource.value}`;
  }
}
