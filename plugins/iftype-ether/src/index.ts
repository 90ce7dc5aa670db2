/**
 * The interface type `ether`: a Master's addresses live on the interface that VRRP runs on, beside its own.
 * README.md says what that means for MAC addresses.
 */
import type {
  IftypePlugin,
  InterfaceType,
  KernelResource,
  MasterPlan,
  RouterOnInterface,
} from 'rvrrpd/plugin';
import { labelOf } from './label.ts';

function addressesOf({
  family,
  addresses,
  prefixLengths,
  vrid,
  interface: { name },
}: RouterOnInterface): KernelResource[] {
  return addresses.map((address, index): KernelResource => {
    const label = family === 4 ? labelOf(name, vrid, index) : undefined;
    return {
      kind: 'address',
      interface: name,
      family,
      address,
      // Unless the configuration says otherwise, a prefix of its own: with the interface's it would be a secondary
      // address, which goes when the primary goes, or become the primary itself, whose route and source address
      // everything uses.
      prefixLength: prefixLengths?.[index] ?? (family === 4 ? 32 : 128),
      ...(label !== undefined && { label }),
    };
  });
}

/**
 * While the interface has the virtual MAC address it makes no link-local address (addr_gen_mode none): should it go down
 * and up, that would be made of the virtual MAC, and be the same on every router of the group. The one it has stays. After
 * the MAC address is its own again, putting this setting back makes what is missing.
 */
function settingsOf({ family, interface: { name } }: RouterOnInterface): KernelResource[] {
  if (family === 4) return [];
  const path = ['net', 'ipv6', 'conf', name, 'addr_gen_mode'];
  return [{ kind: 'sysctl', path, value: '1', optional: true }];
}

/** See the file's comment. */
export const ether: InterfaceType = {
  plan(router: RouterOnInterface): MasterPlan {
    const { name } = router.interface;
    const addresses = addressesOf(router);
    // An interface has one MAC address: it can be the virtual one of one virtual router only. And peers that speak to
    // the interface's own address look for it where it was: the packets of a new Master must not get lost.
    if (router.siblings > 1 || router.peers)
      return { interface: name, announce: 'interface-mac', resources: addresses };
    const mac: KernelResource = { kind: 'mac', interface: name, mac: router.virtualMac };
    return {
      interface: name,
      announce: 'virtual-mac',
      resources: [...settingsOf(router), mac, ...addresses],
    };
  },

  advise(routers: readonly RouterOnInterface[]): string[] {
    const vrids = new Map<string, number[]>();
    for (const { vrid, interface: link } of routers) {
      vrids.set(link.name, [...(vrids.get(link.name) ?? []), vrid]);
    }
    return [...vrids]
      .filter(([, list]) => list.length > 1)
      .map(
        ([name, list]) =>
          `${list.length} virtual routers (${shorten(list)}) use the interface ${name} itself, which cannot have ` +
          "all their virtual MAC addresses: it keeps its own, so hosts have to learn the new Master's at every " +
          'failover; an interface type that gives each virtual router an interface with its virtual MAC address ' +
          '(such as iftype = "macvlan") avoids that',
      );
  },
};

/** `1, 2, 3, … 250`. */
function shorten(vrids: readonly number[]): string {
  if (vrids.length <= 5) return vrids.join(', ');
  return `${vrids.slice(0, 3).join(', ')}, … ${vrids.at(-1)}`;
}

const plugin: IftypePlugin = { kind: 'iftype', create: () => ether };

export default plugin;
