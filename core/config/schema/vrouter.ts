/** The schema of a `[[vrouter]]`. What it has below it, and some groups of its directives, have files of their own. */
import { type Static, Type } from '@sinclair/typebox';
import { choice, closed, flag, integer, type RawEntry, text } from './directives.ts';
import { AddressEntry } from './vrouter-address.ts';
import { Announce } from './vrouter-announce.ts';
import { delays, LONGEST_DELAY } from './vrouter-delays.ts';
import { peers } from './vrouter-peers.ts';
import { RouteEntry } from './vrouter-route.ts';
import { RuleEntry } from './vrouter-rule.ts';
import { Timers } from './vrouter-timers.ts';
import { Tracks } from './vrouter-track.ts';

/** The shortest lease in seconds: the kernel counts whole ones, and needs up to one. */
const SHORTEST_LEASE = 3;

/** One `[[vrouter]]`. */
export const VirtualRouterSchema = Type.Object(
  {
    group: integer(0, 255, {
      description:
        'Virtual router identifier (VRID), the same on all routers that share the address. RFC 3768 allows 1 to 255.',
      expected: '0 to 255',
    }),
    interface: text({
      description: 'The Ethernet interface that VRRP runs on. It may appear later.',
      expected: 'the name of an Ethernet interface',
    }),
    vip: Type.Unsafe<string | string[]>({
      type: ['string', 'array'],
      items: { type: 'string', expected: 'an IPv4 or IPv6 address' },
      description:
        'The virtual IP address, or an array of up to 255 of them of each family, with or without a prefix length ' +
        '(`10.0.0.1/24`; without one it is /32 or /128): that of a host, so neither the network’s own nor its broadcast ' +
        'address. IPv6 needs version 3, and a link-local address first: fe80::5e00:2XX if none is given, XX the group in ' +
        'hexadecimal. Addresses of both families stand for two virtual routers, each with its own election.',
      expected: 'an IPv4 or IPv6 address, or an array of them',
    }),
    priority: integer(1, 254, {
      description:
        'Priority in the election of the Master: the highest wins. 0 and 255 are reserved (RFC 3768 §5.3.4); ' +
        'a router whose interface has the virtual address as its own, with its network’s prefix length, uses 255 by itself.',
      expected: '1 to 254',
      default: 100,
    }),
    preemption: flag({
      description: 'Whether this router takes over from an active Master of lower priority (Preempt_Mode).',
      default: false,
    }),
    version: Type.Unsafe<2 | 3>({
      type: 'integer',
      enum: [2, 3],
      description:
        'VRRP version: 2 (RFC 3768, IPv4), or 3 (RFC 9568, IPv4 and IPv6, hundredths of a second). Version 3 has no ' +
        'authentication of its own: an `auth_type` that signs behind the message serves either.',
      expected: '2 or 3',
      default: 2,
    }),
    timers: Timers,
    rfc3768: flag({
      description:
        'Version 2. True: advertisements list the virtual addresses alone. False: the interface’s own addresses ' +
        'follow them. With rVRRPd’s own authentication types (P0, P1), and with version 3, always true.',
      default: true,
    }),
    auth_type: Type.Optional(
      text({
        description:
          'Authentication of advertisements: a type that an `auth` plugin offers. Version 3 takes those alone that sign ' +
          'behind the message. Default: none.',
        expected: 'the name of an authentication type',
      }),
    ),
    auth_secret: Type.Optional(
      Type.String({
        description:
          'The secret that all routers of the group share. Nobody but root and rvrrpd’s user should be able to read ' +
          'the file. Default: empty.',
        expected: 'a string',
        writeOnly: true,
      }),
    ),
    auth: Type.Optional(
      Type.Unsafe<RawEntry>({
        type: 'object',
        description: 'Directives of the authentication, where its type has any: see there. Default: none.',
        expected: 'a table: [vrouter.auth]',
      }),
    ),
    netdrv: Type.Optional(
      text({
        description:
          'Network driver: how the kernel is told, a name that a `netdrv` plugin offers. Another one is used, and the log ' +
          'says so, where this one cannot do what is needed. Default: that of the default plugin.',
        expected: 'the name of a network driver',
      }),
    ),
    iftype: Type.Optional(
      text({
        description:
          'Interface type: where a Master’s addresses live, a name that an `iftype` plugin offers. Default: that of the default plugin.',
        expected: 'the name of an interface type',
      }),
    ),
    vifname: Type.Optional(
      text({
        description:
          'Name of the virtual interface, for interface types that make one. Default: standby<group>, and ' +
          'standby<group>-6 for IPv6. Where `vip` has both families, IPv6’s has “-6” behind the name. Refused if it is ' +
          '`lo` or another interface that is not ours.',
        expected: 'an interface name of at most 15 characters',
      }),
    ),
    address_check: Type.Optional(
      choice(['any', 'all', 'none'], {
        description:
          'Which of our virtual addresses an advertisement must list to be obeyed, unless it is an address ' +
          'owner’s (RFC 3768 §7.1): `any` of them (another group with the same VRID is not obeyed), `all`, or `none`. A ' +
          'list that differs is logged in any case. Default: `any`.',
        expected: '"any", "all" or "none"',
      }),
    ),
    accept: Type.Optional(
      flag({
        description:
          'Whether a Master takes what is addressed to its virtual addresses, such as pings, though they are not ' +
          'its own (Accept_Mode, RFC 9568 §6.1). `false` drops it; ARP, neighbour discovery and forwarding still ' +
          'work. Default: `true`.',
      }),
    ),
    checksum: Type.Optional(
      choice(['auto', 'rfc9568', 'pseudo-header'], {
        description:
          'What the checksum of VRRPv3 over IPv4 covers: the message alone (`rfc9568`), or a pseudo-header too ' +
          '(`pseudo-header`, as most read RFC 5798). Both are accepted. `auto` sends as the other routers of the group do, ' +
          'and as RFC 9568 says until one is heard. Default: `auto`.',
        expected: '"auto", "rfc9568" or "pseudo-header"',
      }),
    ),
    ...peers,
    address: Type.Optional(
      Type.Array(AddressEntry, {
        description:
          'Addresses that a Master has beside its virtual ones, on its interface or others. Default: none.',
        expected: 'an array of tables: [[vrouter.address]]',
      }),
    ),
    lease: Type.Optional(
      integer(SHORTEST_LEASE, LONGEST_DELAY, {
        description:
          'A Master’s addresses vanish by themselves so many seconds after the daemon was killed, hangs or is stopped ' +
          '(SIGSTOP): more than twice `advert`. The daemon renews them before. Default: they stay until it is started again.',
        expected: `seconds, ${SHORTEST_LEASE} to ${LONGEST_DELAY}`,
      }),
    ),
    route: Type.Optional(
      Type.Array(RouteEntry, {
        description: 'Routes that a Master installs. Default: none.',
        expected: 'an array of tables: [[vrouter.route]]',
      }),
    ),
    rule: Type.Optional(
      Type.Array(RuleEntry, {
        description: 'Rules of routing (man 8 ip-rule) that a Master installs. Default: none.',
        expected: 'an array of tables: [[vrouter.rule]]',
      }),
    ),
    track: Tracks,
    track_interface: Type.Optional(
      flag({
        description:
          'Whether the virtual router is Down while its own interface has no carrier. `false`: it stays what it is, a Master ' +
          'too. An interface that is gone, or that an operator has taken down, counts in any case. ' +
          'Default: `true`.',
      }),
    ),
    ...delays,
    announce: Type.Optional(Announce),
    socket_filter: flag({
      description:
        'Whether the kernel filters out packets that are not for this interface’s virtual routers.',
      default: true,
    }),
  },
  { ...closed, description: 'A virtual router.', expected: 'a table' },
);

/** One `[[vrouter]]` that fits the schema. */
export type VirtualRouterFile = Static<typeof VirtualRouterSchema>;
