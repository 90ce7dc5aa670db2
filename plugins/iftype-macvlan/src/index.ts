/**
 * The interface type `macvlan`: a Master's addresses live on an interface of their own, which has the
 * virtual router MAC address. README.md says why each setting is what it is.
 */
import type {
  IftypePlugin,
  InterfaceType,
  KernelResource,
  MasterPlan,
  RouterOnInterface,
  SysctlResource,
} from 'rvrrpd/plugin';

/** Longest interface name (IFNAMSIZ less its end, man 7 netdevice). */
const LONGEST_NAME = 15;

function ipv4(name: string, setting: string, value: string): SysctlResource {
  return { kind: 'sysctl', path: ['net', 'ipv4', 'conf', name, setting], value };
}

function ipv6(name: string, setting: string, value: string): SysctlResource {
  return { kind: 'sysctl', path: ['net', 'ipv6', 'conf', name, setting], value, optional: true };
}

/** What keeps the parent from answering for the virtual addresses, and from asking in their name. */
function parentSettings({ family, interface: { name } }: RouterOnInterface): SysctlResource[] {
  return family === 4 ? [ipv4(name, 'arp_ignore', '1'), ipv4(name, 'arp_announce', '2')] : [];
}

/** What makes the macvlan interface answer for the virtual addresses and for nothing else. */
function ownSettings({
  family,
  vifname,
  forwards,
  furtherFamilies = [],
}: RouterOnInterface): SysctlResource[] {
  const forwarding = family === 4 ? ipv4(vifname, 'forwarding', '1') : ipv6(vifname, 'forwarding', '1');
  return [
    ...(forwards === true ? [forwarding] : []), // it may be on for the parent alone
    ipv4(vifname, 'arp_ignore', '1'),
    ipv4(vifname, 'arp_announce', '2'),
    ipv4(vifname, 'arp_filter', '0'),
    ipv4(vifname, 'rp_filter', '2'),
    ...(family === 4 && !furtherFamilies.includes(6)
      ? [ipv6(vifname, 'disable_ipv6', '1')]
      : [
          ipv6(vifname, 'disable_ipv6', '0'),
          ipv6(vifname, 'addr_gen_mode', '1'),
          ipv6(vifname, 'accept_ra', '0'),
          ipv6(vifname, 'autoconf', '0'),
          ipv6(vifname, 'accept_dad', '0'),
          ipv6(vifname, 'dad_transmits', '0'),
        ]),
  ];
}

/**
 * Of the link-local network the interface needs a route of its own, or it could not answer who asks from there: such
 * routes are not looked for on other interfaces (RFC 4007).
 */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

/** See the file's comment. */
export const macvlan: InterfaceType = {
  plan(router: RouterOnInterface): MasterPlan {
    const { family, addresses, prefixLengths, vifname, virtualMac } = router;
    if (vifname === '' || vifname.length > LONGEST_NAME) {
      throw new Error(
        `vifname "${vifname}" of virtual router ${router.vrid} on ${router.interface.name} must have ` +
          `1 to ${LONGEST_NAME} characters`,
      );
    }
    const resources: KernelResource[] = [
      ...parentSettings(router),
      { kind: 'link', type: 'macvlan', interface: vifname, parent: router.interface.name, mac: virtualMac },
      ...ownSettings(router), // before it is up: IPv6 configures itself at that moment
      { kind: 'up', interface: vifname },
      ...addresses.map(
        (address, index): KernelResource => ({
          kind: 'address',
          interface: vifname,
          family,
          address,
          prefixLength: prefixLengths?.[index] ?? (family === 4 ? 32 : isLinkLocal(address) ? 64 : 128),
        }),
      ),
    ];
    return { interface: vifname, announce: 'virtual-mac', resources };
  },
};

const plugin: IftypePlugin = { kind: 'iftype', create: () => macvlan };

export default plugin;
