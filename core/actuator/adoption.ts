/**
 * Makes what only a Master puts into the kernel ours again where no journal tells of it, so that it is taken back or
 * used, and never counts as the interface's own.
 */
import type { KernelResource, Link } from '../plugin/contracts/index.ts';
import { describe, identityOf, interfaceOf } from '../plugin/resource.ts';
import type { Changes } from './changes.ts';
import type { Holding, Holdings } from './holdings.ts';
import { findMarked, isSuspected, macOfLinkLocal } from './marks.ts';
import type { ActuatorParts } from './parts.ts';
import { permanentMac } from './permanent-mac.ts';
import { Planner } from './planner.ts';
import type { View } from './view.ts';

/** See the file's comment. */
export class Adoption {
  private readonly planner: Planner;
  /** What interfaces had before they got a virtual MAC address, by index, and by name for one that comes back with another, and by virtual MAC. */
  private readonly originals = new Map<string, string>();
  /** What the operator was told. */
  private readonly told = new Set<string>();

  constructor(
    private readonly parts: ActuatorParts,
    private readonly holdings: Holdings,
    private readonly changes: Changes,
  ) {
    this.planner = new Planner(parts.config, parts.routerPlugins, parts.plugins.iftypes);
  }

  /** Looks through what was read last. @returns how many things were found */
  adopt(): number {
    const { view } = this.changes;
    this.remember();
    let links: ReadonlyMap<string, Link> | undefined;
    let found = 0;
    for (const [slot, router] of this.parts.config.virtualRouters.entries()) {
      const isServed = this.holdings.of(slot).some(({ state }) => state === 'ours');
      const index = view.indexOf(router.interface);
      if (isServed || index === 0 || !isSuspected(router, view)) continue;
      if (this.parts.runsElsewhere?.(router, index)) continue;
      links ??= everyLink(view);
      const { resources, doubtful } = findMarked(router, this.planOf(slot, links), view);
      for (const resource of resources) found += this.adoptOne(slot, resource) ? 1 : 0;
      for (const address of doubtful) this.doubt(slot, address);
    }
    if (found > 0) this.parts.journal.flush();
    return found;
  }

  private planOf(slot: number, links: ReadonlyMap<string, Link>): readonly KernelResource[] {
    try {
      return this.planner.plan(slot, links)?.resources ?? [];
    } catch {
      return []; // the attempt to become Master tells
    }
  }

  private adoptOne(slot: number, resource: KernelResource): boolean {
    const id = identityOf(resource);
    const present = this.holdings.get(id);
    if (present?.state === 'ours') return false;
    let original: string | undefined;
    if (resource.kind === 'mac') {
      original = present?.original ?? this.originalOf(resource.interface, resource.mac);
      if (original === undefined) {
        this.tell(
          `${resource.interface} has the MAC address ${resource.mac}, which nobody but a Master of virtual router ` +
            `${this.parts.config.virtualRouters[slot]!.vrid} may have, and its own is not known any more: ` +
            `give it back by hand (ip link set ${resource.interface} address …)`,
          slot,
        );
        return false;
      }
    }
    const { netdrv } = this.parts.routerPlugins[slot]!;
    const holding: Holding = present ?? this.holdings.adopt({ resource, driver: netdrv });
    holding.state = 'ours';
    if (original !== undefined) holding.original = original;
    const index = this.changes.view.indexOf(interfaceOf(resource) ?? '');
    if (index !== 0) holding.index = index;
    this.changes.note(holding);
    this.parts.log('warn', `found the ${describe(resource)}, which only a Master puts there: it is ours`);
    return true;
  }

  private doubt(slot: number, address: string): void {
    const { interface: name, vrid } = this.parts.config.virtualRouters[slot]!;
    const id = `address ${name} ${address}`;
    if (this.holdings.get(id)?.state === 'ours') return;
    this.tell(
      `virtual router ${vrid} on ${name}: its address ${address} is on ${name} already, with a prefix length of its ` +
        `own and no mark of ours: it does not count as the interface's own address, and it is not removed. If ` +
        `something left it behind, remove it (ip address del ${address} dev ${name}); if this router is the owner ` +
        "of the address, give it its network's prefix length",
      slot,
    );
  }

  private tell(message: string, slot: number): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    const { interface: name, vrid } = this.parts.config.virtualRouters[slot]!;
    this.parts.log('warn', message, { interface: name, vrid });
  }

  /** What is put back is known as long as we run, even if the interface has been away in between. */
  remember(): void {
    for (const { resource, original, index } of this.holdings.all()) {
      if (resource.kind !== 'mac' || original === undefined || original === resource.mac) continue;
      this.originals.set(`${resource.interface} ${resource.mac}`, original);
      if (index !== undefined) this.originals.set(`${index} ${resource.mac}`, original);
    }
  }

  private originalOf(name: string, mac: string): string | undefined {
    const index = this.changes.view.indexOf(name);
    const known =
      this.originals.get(`${index} ${mac}`) ?? this.originals.get(`${name} ${mac}`) ?? permanentMac(name);
    if (known !== undefined && known !== mac) return known;
    return this.changes.view
      .addressesOf(name)
      .map(({ address }) => macOfLinkLocal(address))
      .find((old) => old !== undefined && old !== mac && !old.startsWith('00:00:5e:00:'));
  }
}

function everyLink(view: View): ReadonlyMap<string, Link> {
  const links = view.links({ link: () => false, address: () => false });
  return new Map(links.map((link) => [link.name, link]));
}
