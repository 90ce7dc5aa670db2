/**
 * What is known beforehand to keep virtual routers from holding their addresses as Master. Such a configuration is
 * refused: it would advertise for addresses that nobody can reach. What may still appear is no obstacle.
 */
import { closeSync, openSync } from 'node:fs';
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import type { KernelResource, Link, SysctlResource } from '../plugin/contracts/index.ts';
import { describe, interfaceOf } from '../plugin/resource.ts';
import { messageOf } from '../shared/errors.ts';
import { firstOf } from '../shared/words.ts';
import type { ActuatorInit } from '../threads/actuator-messages.ts';
import { isLinkLocal } from '../vrrp/address.ts';
import { addressNumber, subnetEdges } from '../vrrp/subnet.ts';
import { forwards } from './forwarding.ts';
import type { JournalEntry } from './journal.ts';
import { mtuFault } from './mtu-fault.ts';
import { Planner } from './planner.ts';
import type { ActuatorPlugins } from './plugins.ts';
import { aggregateOf, portFault } from './ports.ts';
import { readSysctl, sysctlHolds } from './sysctl.ts';
import { View } from './view.ts';

type LinkResource = Extract<KernelResource, { kind: 'link' }>;

/** Everything that is looked at. */
interface Surroundings {
  readonly links: readonly Link[];
  /** What an earlier run, or the running daemon, says is ours. */
  readonly journal: readonly JournalEntry[];
}

/**
 * Looks for obstacles in the calling thread's network namespace.
 * @param slots the virtual routers to look at
 * @returns one sentence for each, with the file and line of the virtual router
 * @throws Error if the kernel cannot be read
 */
export async function findObstacles(
  { config, routerPlugins }: Pick<ActuatorInit, 'config' | 'routerPlugins'>,
  { drivers, iftypes }: Pick<ActuatorPlugins, 'drivers' | 'iftypes'>,
  journal: readonly JournalEntry[],
  slots: Iterable<number>,
): Promise<string[]> {
  const links = (await drivers.values().next().value?.links()) ?? [];
  const surroundings = { links, journal };
  const planner = new Planner(config, routerPlugins, iftypes, forwards);
  const ethernet = new Map(links.filter((link) => link.ethernet).map((link) => [link.name, link]));
  const obstacles: string[] = [];
  /** Asked once of each driver. */
  const lacks = new Map<string, string | undefined>();
  const guardFault = async (slot: number): Promise<string | undefined> => {
    const { netdrv } = routerPlugins[slot]!;
    if (config.virtualRouters[slot]!.accept !== false) return undefined;
    if (!lacks.has(netdrv)) lacks.set(netdrv, await drivers.get(netdrv)?.lacks?.('address-guard'));
    return lacks.get(netdrv);
  };
  for (const slot of slots) {
    const router = config.virtualRouters[slot]!;
    const fault =
      edgeFault(router.addresses, ethernet.get(router.interface)) ??
      mtuFault(router, ethernet.get(router.interface)) ??
      peerFault(router, links) ??
      (await guardFault(slot)) ??
      faultOf(() => planner.plan(slot, ethernet)?.resources ?? [], surroundings) ??
      (router.peers ? undefined : portFault(ethernet.get(router.interface)));
    if (fault !== undefined) obstacles.push(`${nameOf(config, slot)}: ${fault}`);
  }
  return obstacles;
}

/** A virtual address that no host can have on its link: a subnet's own, or its broadcast address (RFC 1812 §4.2.3.1). */
export function edgeFault(addresses: readonly string[], link: Link | undefined): string | undefined {
  for (const { family, address, prefixLength } of link?.addresses ?? []) {
    const edges = family === 4 ? subnetEdges(address, prefixLength) : undefined;
    if (!edges) continue;
    for (const virtual of addresses) {
      const number = addressNumber(virtual);
      const what = number === edges.own ? 'own' : number === edges.broadcast ? 'broadcast' : undefined;
      if (what === undefined) continue;
      return `vip ${virtual} is the ${what} address of the subnet of ${address}/${prefixLength}: choose an address that a host can have`;
    }
  }
  return undefined;
}

/** A peer that is this host itself. Virtual addresses, which are there for a while, are not meant. */
export function peerFault(
  { peers = [], interface: on }: Pick<VirtualRouterConfig, 'peers' | 'interface'>,
  links: readonly Link[],
): string | undefined {
  for (const { name, addresses } of peers.length > 0 ? links : []) {
    const own = addresses
      .filter(({ deprecated, leased }) => deprecated !== true && leased !== true)
      .filter(({ address }) => name === on || !isLinkLocal(address))
      .find(({ address }) => peers.includes(address));
    if (own) return `peer ${own.address} is an address of this host, on ${name}: peers must be other routers`;
  }
  return undefined;
}

/** Obstacles as one text. */
export function obstacleText(obstacles: readonly string[]): string {
  return firstOf(obstacles);
}

function nameOf({ virtualRouters }: DaemonConfig, slot: number): string {
  const { vrid, interface: on, position } = virtualRouters[slot]!;
  return `${position.file}:${position.line}: virtual router ${vrid} on ${on}`;
}

function faultOf(plan: () => readonly KernelResource[], surroundings: Surroundings): string | undefined {
  let resources: readonly KernelResource[];
  try {
    resources = plan();
  } catch (error) {
    return messageOf(error);
  }
  const view = new View(surroundings.links);
  for (const resource of resources) {
    const fault =
      resource.kind === 'link'
        ? linkFault(resource, view, surroundings)
        : resource.kind === 'sysctl' && !resource.soft
          ? settingFault(resource, view)
          : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function linkFault(resource: LinkResource, view: View, { links, journal }: Surroundings): string | undefined {
  const { interface: name, parent } = resource;
  const found = view.find(resource);
  if (found.is === 'same') return undefined;
  const isOurs = journal.some((entry) => entry.resource.kind === 'link' && entry.resource.interface === name);
  if ((found.is === 'other' || found.is === 'altered') && !isOurs) {
    return `there is ${found.what}, ${name}, which is not ours: choose another vifname`;
  }
  const link = links.find((each) => each.name === parent);
  const aggregate = link && aggregateOf(link);
  if (aggregate !== undefined) {
    return `${parent} is a port of a ${aggregate} and carries no ${resource.type} interface (EBUSY): use the ${aggregate} itself`;
  }
  return undefined;
}

/** A setting that is as wanted needs no write. An interface that is still to be made begins with the defaults. */
function settingFault(resource: SysctlResource, view: View): string | undefined {
  const home = interfaceOf(resource);
  const exists = home === undefined || view.has(home);
  const path = exists ? resource.path : resource.path.map((part) => (part === home ? 'default' : part));
  if (sysctlHolds({ ...resource, path }) || typeof readSysctl(path) !== 'string') return undefined;
  try {
    // Not access(2), which asks without capabilities if the user is not root. Nothing is written.
    closeSync(openSync(`/proc/sys/${path.join('/')}`, 'r+'));
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') return undefined;
    return `cannot make the ${describe(resource)}: /proc/sys is read-only (EROFS), and ${path.join('/')} is not ${resource.value}`;
  }
}
