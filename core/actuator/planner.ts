/** Turns a virtual router's configuration into what the kernel must hold while it is Master. */
import type { DaemonConfig } from '../config/model.ts';
import type {
  AddressFamily,
  AddressResource,
  InterfaceType,
  KernelResource,
  Link,
  MasterPlan,
  RouterOnInterface,
} from '../plugin/contracts/index.ts';
import type { RouterPlugins } from '../threads/resolved-plugins.ts';
import { virtualMac } from '../vrrp/address.ts';

/** Asks interface types. Pure but for what they do. */
export class Planner {
  /**
   * The virtual MAC addresses of an interface type on an interface, by {@link siblingKey}, each as the family and VRID that
   * it is made of: both versions of one virtual router have the same.
   */
  private readonly siblings = new Map<string, Set<number>>();

  constructor(
    private readonly config: Pick<DaemonConfig, 'virtualRouters'>,
    private readonly routerPlugins: readonly RouterPlugins[],
    private readonly iftypes: ReadonlyMap<string, InterfaceType>,
    private readonly forwards?: (family: AddressFamily, name: string) => boolean,
  ) {
    for (const [slot, { family, vrid }] of config.virtualRouters.entries()) {
      const key = this.siblingKey(slot);
      const macs = this.siblings.get(key) ?? new Set();
      this.siblings.set(key, macs.add(family * 256 + vrid));
    }
  }

  /**
   * What a virtual router needs.
   * @param links as the kernel has them, what is ours left out
   * @param isOwner it has the addresses as its own, and always takes what is addressed to them
   * @returns undefined if its interface is missing
   * @throws whatever the interface type throws
   */
  plan(slot: number, links: ReadonlyMap<string, Link>, isOwner = false): MasterPlan | undefined {
    const router = this.describe(slot, links);
    if (!router) return undefined;
    const plan = withPromotion(this.iftypes.get(this.routerPlugins[slot]!.iftype)!.plan(router));
    return this.config.virtualRouters[slot]!.accept === false && !isOwner ? guarded(plan) : plan;
  }

  /** What interface types advise the operator at start. Interfaces that are missing are left out. */
  advise(links: ReadonlyMap<string, Link>): string[] {
    const advice: string[] = [];
    for (const [name, iftype] of this.iftypes) {
      const routers = this.config.virtualRouters
        .map((_, slot) =>
          this.routerPlugins[slot]!.iftype === name ? this.describe(slot, links) : undefined,
        )
        .filter((router) => router !== undefined);
      if (routers.length > 0) advice.push(...(iftype.advise?.(routers) ?? []));
    }
    return advice;
  }

  private describe(slot: number, links: ReadonlyMap<string, Link>): RouterOnInterface | undefined {
    const router = this.config.virtualRouters[slot]!;
    const link = links.get(router.interface);
    const beside = (router.further ?? []).filter(({ interface: on }) => on === undefined);
    return (
      link && {
        vrid: router.vrid,
        family: router.family,
        version: router.version,
        addresses: router.addresses,
        ...(router.prefixLengths && { prefixLengths: router.prefixLengths }),
        ...(beside.length > 0 && { furtherFamilies: [...new Set(beside.map(({ family }) => family))] }),
        interface: link,
        ...(this.forwards && { forwards: this.forwards(router.family, router.interface) }),
        ...(router.peers && { peers: router.peers }),
        vifname: router.vifname,
        virtualMac: virtualMac(router.family, router.vrid),
        siblings: this.siblings.get(this.siblingKey(slot))!.size,
      }
    );
  }

  private siblingKey(slot: number): string {
    return `${this.routerPlugins[slot]!.iftype} ${this.config.virtualRouters[slot]!.interface}`;
  }
}

/**
 * The kernel takes all addresses of a subnet away with the first of them that the interface had, which may be one of ours by
 * now, unless told to make the next one the first (promote_secondaries, Documentation/networking/ip-sysctl.rst).
 * @returns the setting that a prefix needs; undefined: it needs none
 */
export function promotion({
  interface: on,
  family,
  prefixLength,
}: Pick<AddressResource, 'interface' | 'family' | 'prefixLength'>): KernelResource | undefined {
  if (family === 6 || prefixLength > 31) return undefined;
  const path = ['net', 'ipv4', 'conf', on, 'promote_secondaries'];
  return { kind: 'sysctl', path, value: '1', optional: true, soft: true };
}

function withPromotion(plan: MasterPlan): MasterPlan {
  const resources = plan.resources.flatMap((resource) => {
    const setting = resource.kind === 'address' ? promotion(resource) : undefined;
    return setting ? [setting, resource] : [resource];
  });
  return { ...plan, resources };
}

/** Accept_Mode false (RFC 9568 §6.1): each address is guarded before it is there. */
function guarded(plan: MasterPlan): MasterPlan {
  const guards = plan.resources.flatMap((resource): KernelResource[] => {
    if (resource.kind !== 'address') return [];
    const { interface: on, family, address } = resource;
    return [{ kind: 'guard', interface: on, family, address }];
  });
  const first = plan.resources.findIndex(({ kind }) => kind === 'address');
  return { ...plan, resources: plan.resources.toSpliced(Math.max(first, 0), 0, ...guards) };
}
