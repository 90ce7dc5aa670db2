/**
 * The schema of the whole configuration file. It validates the file, fills in defaults, words the complaints
 * (`expected`), and is what the configuration reference is generated from (`description`).
 *
 * Values that select a plugin are free strings here: which ones there are is the plugins' own affair, and
 * resolved through their manifests (core/plugin/resolve.ts).
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox';

/**
 * What a directive's schema says beyond JSON Schema. `expected` ends the sentence "must be …".
 * `writeOnly` (JSON Schema) marks a secret: its value is never printed.
 */
interface Annotations {
  readonly description: string;
  readonly expected: string;
  readonly writeOnly?: boolean;
}

const integer = (minimum: number, maximum: number, annotations: Annotations & { default?: number }) =>
  Type.Integer({ minimum, maximum, ...annotations });

const text = (annotations: Annotations & { default?: string }) =>
  Type.String({ minLength: 1, ...annotations });

/** A path: what the kernel takes ends at the first NUL. */
const path = (annotations: Annotations & { default?: string }) =>
  Type.String({ minLength: 1, pattern: '^[^\\u0000]*$', ...annotations });

const flag = (annotations: Omit<Annotations, 'expected'> & { default?: boolean }) =>
  Type.Boolean({ expected: 'true or false', ...annotations });

const choice = <const T extends string>(values: readonly T[], annotations: Annotations & { default?: T }) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...annotations });

const closed = { additionalProperties: false } as const;

/** Seconds, with fractions, from 0 on. */
const seconds = (maximum: number, description: string) =>
  Type.Optional(
    Type.Number({ minimum: 0, maximum, description, expected: `seconds, 0 (off) to ${maximum}` }),
  );

/** `timers` of a `[[vrouter]]`. */
const Timers = Type.Object(
  {
    advert: Type.Number({
      minimum: 0.01,
      maximum: 255,
      description:
        'Advertisement_Interval in seconds. Version 2: whole seconds, the same on all routers of a group (RFC 3768 ' +
        '§5.3.7). Version 3: 0.01 to 40.95, in hundredths; a Backup follows the Master’s.',
      expected: 'seconds: whole ones, 1 to 255, with version 2; 0.01 to 40.95, in hundredths, with version 3',
      default: 1,
    }),
  },
  {
    ...closed,
    description: 'Timers of the virtual router.',
    expected: 'a table: { advert = 1 }',
    default: {},
  },
);

const TABLE = {
  description: 'Routing table. Default: 254, the main one.',
  expected: '1 to 4294967295',
} as const;
const LOOKUP_TABLE = {
  description: 'Where the route is looked up, for `lookup` and there required. Default: none.',
  expected: '1 to 4294967295',
} as const;

/** One `[[vrouter.route]]`. */
const RouteEntry = Type.Object(
  {
    to: text({
      description: 'Destination: a network, an address, or `default`.',
      expected: 'a network such as 192.0.2.0/24, or "default"',
    }),
    via: Type.Optional(
      Type.Unsafe<string | string[]>({
        type: ['string', 'array'],
        items: { type: 'string', expected: 'an IPv4 or IPv6 address' },
        description:
          'The gateway, or several that share the load; `%eth1` behind one names its interface. Default: none.',
        expected: 'an address, or an array of them',
      }),
    ),
    interface: Type.Optional(
      text({
        description: 'The interface that it leads out on. Default: found by `via`.',
        expected: 'the name of an interface',
      }),
    ),
    source: Type.Optional(
      text({
        description: 'The address that what this host sends there comes from. Default: the kernel’s choice.',
        expected: 'an IPv4 or IPv6 address',
      }),
    ),
    table: Type.Optional(integer(1, 4_294_967_295, TABLE)),
    metric: Type.Optional(
      integer(0, 4_294_967_295, {
        description: 'The lowest is taken. Default: 0, for IPv6 1024.',
        expected: '0 to 4294967295',
      }),
    ),
    mtu: Type.Optional(
      integer(68, 65_535, {
        description: 'MTU of packets that go there. Default: the interface’s.',
        expected: '68 to 65535',
      }),
    ),
    scope: Type.Optional(
      choice(['global', 'link', 'host'], {
        description: 'IPv4. Default: `global` with a gateway, `link` without.',
        expected: '"global", "link" or "host"',
      }),
    ),
    type: Type.Optional(
      choice(['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw'], {
        description: 'What becomes of packets there. Default: `unicast`.',
        expected: '"unicast", "blackhole", "unreachable", "prohibit" or "throw"',
      }),
    ),
  },
  { ...closed, description: 'A route.', expected: 'a table' },
);

/** One `[[vrouter.rule]]`. */
const RuleEntry = Type.Object(
  {
    priority: integer(1, 4_294_967_295, {
      description: 'Rules are asked in its order; the main table has 32766.',
      expected: '1 to 4294967295',
    }),
    from: Type.Optional(
      text({ description: 'Source of the packets. Default: any.', expected: 'a network or an address' }),
    ),
    to: Type.Optional(
      text({ description: 'Destination of the packets. Default: any.', expected: 'a network or an address' }),
    ),
    iif: Type.Optional(
      text({
        description: 'Interface that they came in on. Default: any.',
        expected: 'the name of an interface',
      }),
    ),
    oif: Type.Optional(
      text({
        description: 'Interface that a socket of this host is bound to. Default: any.',
        expected: 'the name of an interface',
      }),
    ),
    fwmark: Type.Optional(
      integer(0, 4_294_967_295, {
        description: 'Mark of the packets. Default: any.',
        expected: '0 to 4294967295',
      }),
    ),
    family: Type.Optional(
      Type.Unsafe<4 | 6>({
        type: 'integer',
        enum: [4, 6],
        description: 'IP version. Default: that of `from` or `to`, and 4.',
        expected: '4 or 6',
      }),
    ),
    table: Type.Optional(integer(1, 4_294_967_295, LOOKUP_TABLE)),
    type: Type.Optional(
      choice(['lookup', 'blackhole', 'unreachable', 'prohibit'], {
        description: 'What becomes of the packets. Default: `lookup`, their route is looked up in `table`.',
        expected: '"lookup", "blackhole", "unreachable" or "prohibit"',
      }),
    ),
  },
  { ...closed, description: 'A rule.', expected: 'a table' },
);

/** One `[[vrouter.address]]`. */
const AddressEntry = Type.Object(
  {
    address: text({
      description: 'The address, with or without a prefix length (without one it is /32 or /128).',
      expected: 'an IPv4 or IPv6 address such as 192.0.2.1/24',
    }),
    interface: Type.Optional(
      text({
        description: 'The interface that has it. Default: the one that has the virtual addresses.',
        expected: 'the name of an interface',
      }),
    ),
    advertised: flag({
      description:
        'Whether advertisements list it, after the virtual addresses: the same on all routers of the group.',
      default: false,
    }),
    scope: Type.Optional(
      choice(['global', 'link', 'host'], {
        description: 'Scope of an IPv4 address (man 8 ip-address). Default: `global`.',
        expected: '"global", "link" or "host"',
      }),
    ),
    label: Type.Optional(
      text({
        description:
          'Label of an IPv4 address: the interface’s name, or that with “:” and more behind it. Default: the interface’s name.',
        expected: 'a label of at most 15 characters',
      }),
    ),
  },
  { ...closed, description: 'An address.', expected: 'a table' },
);

/** The longest delay in seconds: an hour. */
const LONGEST_DELAY = 3600;
/** The shortest lease in seconds: the kernel counts whole ones, and needs up to one. */
const SHORTEST_LEASE = 3;

/** `announce` of a `[[vrouter]]`. */
const Announce = Type.Object(
  {
    count: Type.Optional(
      integer(1, 100, {
        description:
          'How often a new Master announces its addresses. Default: 5, one more than there are pauses.',
        expected: 'a number of announcements, 1 to 100',
      }),
    ),
    pauses: Type.Optional(
      Type.Unsafe<number[]>({
        type: 'array',
        minItems: 1,
        maxItems: 20,
        items: {
          type: 'number',
          minimum: 0.01,
          maximum: LONGEST_DELAY,
          expected: `a number of seconds, 0.01 to ${LONGEST_DELAY}`,
        },
        description:
          'Seconds before each announcement but the first; the last one repeats. Default: [ 0.5, 1, 2, 5 ].',
        expected: `an array of 1 to 20 numbers of seconds, each 0.01 to ${LONGEST_DELAY}`,
      }),
    ),
    refresh: Type.Optional(
      Type.Unsafe<number>({
        ...{ type: 'number', anyOf: [{ const: 0 }, { minimum: 1, maximum: 86400 }] },
        description: 'A Master announces again every so many seconds after that. Default: 0, never.',
        expected: 'seconds: 0 (never), or 1 to 86400',
      }),
    ),
    rate: Type.Optional(
      integer(0, 100_000, {
        description:
          'At most so many announcements a second on the interface, an address each, of all its virtual routers ' +
          'together; the lowest of theirs counts. Default: 0, no limit.',
        expected: 'a number of announcements a second, 0 (no limit) to 100000',
      }),
    ),
  },
  {
    ...closed,
    description: 'Gratuitous ARP and neighbour advertisements of a Master.',
    expected: 'a table: { count = 5, pauses = [ 0.5, 1, 2, 5 ], refresh = 60, rate = 100 }',
  },
);

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
    peers: Type.Optional(
      Type.Unsafe<string[]>({
        type: 'array',
        items: { type: 'string', expected: 'an IPv4 or IPv6 address' },
        description:
          'The addresses of the other routers of the group, up to 255 of each family of `vip`: advertisements go to ' +
          'each of them and are accepted from them alone, without multicast, across routers too. A link-local address ' +
          'is on the interface. Default: none: multicast.',
        expected: 'an array of IPv4 or IPv6 addresses',
      }),
    ),
    source: Type.Optional(
      text({
        description:
          'With `peers`: the address of this host that advertisements are sent from and peers know it by; the other ' +
          'family of `vip`, if there is one, has the default. Default: the primary address of the interface, for IPv6 ' +
          'a global one unless the peers are link-local.',
        expected: 'an IPv4 or IPv6 address of this host',
      }),
    ),
    min_ttl: Type.Optional(
      integer(1, 255, {
        description:
          'With `peers`: the least TTL (hop limit) that an advertisement is accepted with. Each router on the way takes one ' +
          'off: with 255 none is accepted that a router has forwarded. Default: 255.',
        expected: '1 to 255',
      }),
    ),
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
    track: Type.Optional(
      Type.Unsafe<(string | TrackEntry)[]>({
        type: 'array',
        items: {
          type: ['string', 'object'],
          minLength: 1,
          properties: {
            name: {
              type: 'string',
              minLength: 1,
              description: 'The tracker’s name.',
              expected: 'the name of a [[track]]',
            },
            weight: {
              type: 'integer',
              minimum: -253,
              maximum: 253,
              description:
                'What the tracker adds to the priority: below 0 while it is down, above 0 while it is up. Default: none, while it is down the virtual router is in Fault.',
              expected: '-253 to 253, and not 0',
            },
          },
          required: ['name'],
          additionalProperties: false,
          expected: 'the name of a [[track]], or { name = "…", weight = -30 }',
        },
        description:
          'The trackers ([[track]]) that count for this virtual router: `[ "uplink", { name = "web", weight = -30 } ]`. ' +
          'While one without a weight fails, the virtual router is in Fault: a Master says good-bye. Weights add up, ' +
          'and the priority stays within 1 to 254. Default: none.',
        expected: 'an array of names of [[track]], and of tables { name = "…", weight = -30 }',
      }),
    ),
    track_interface: Type.Optional(
      flag({
        description:
          'Whether the virtual router is Down while its own interface has no carrier. `false`: it stays what it is, a Master ' +
          'too. An interface that is gone, or that an operator has taken down, counts in any case. ' +
          'Default: `true`.',
      }),
    ),
    start_delay: seconds(
      LONGEST_DELAY,
      'Seconds after the start of the daemon in which the virtual router does not become Master, whether there is one ' +
        'or not. Default: 0.',
    ),
    boot_delay: seconds(
      LONGEST_DELAY,
      'The same, counted from the boot of the machine (CLOCK_BOOTTIME): a later restart of the daemon does not wait. ' +
        'Default: 0.',
    ),
    link_delay: seconds(LONGEST_DELAY, 'The same, each time that the interface has come up. Default: 0.'),
    link_debounce: seconds(
      60,
      'Losses of carrier that are over within so many seconds are not acted upon; the longest of the virtual routers ' +
        'of an interface counts. Default: 0.',
    ),
    hearing: seconds(
      LONGEST_DELAY,
      'After a start, and each time that the interface has come up: the virtual router does not become Master before ' +
        'anything of another station has been heard on the interface, or so many seconds have passed. Default: 0.',
    ),
    preempt_delay: seconds(
      LONGEST_DELAY,
      'Seconds that a Backup lets a Master of lower priority be before it preempts. A Master that dies meanwhile is ' +
        'taken over at once. Default: 0.',
    ),
    down_timer_adverts: Type.Optional(
      integer(1, 100, {
        description:
          'Off the RFC: how many intervals of silence make a Master dead, before the skew time. Default: 3.',
        expected: 'a number of intervals, 1 to 100',
      }),
    ),
    announce: Type.Optional(Announce),
    socket_filter: flag({
      description:
        'Whether the kernel filters out packets that are not for this interface’s virtual routers.',
      default: true,
    }),
  },
  { ...closed, description: 'A virtual router.', expected: 'a table' },
);

/** An entry of `track` in its long form. */
export interface TrackEntry {
  readonly name: string;
  readonly weight?: number;
}

/** Of a tracker: a time in seconds, fractions allowed. */
const trackerSeconds = (minimum: number, annotations: Annotations) =>
  Type.Optional(Type.Number({ minimum, maximum: 86_400, ...annotations }));

/** One `[[track]]`: the core's directives. All others are its plugin's affair. */
export const TrackerSchema = Type.Object(
  {
    name: text({
      description:
        'What virtual routers name it by in `track`, 63 characters at most. A tracker is its name: after a reload one of the same name keeps its ' +
        'verdict and its counts, even if all else about it has changed.',
      expected: 'a name: letters, digits, "-", "_" and "."',
    }),
    type: text({
      description:
        'What is checked, and how: a type that a `track` plugin offers. All directives that are not listed here are the ' +
        'type’s own.',
      expected: 'the type of a tracker, which a plugin of kind track offers',
    }),
    interval: trackerSeconds(0.05, {
      description:
        'Seconds from one check to the next; a type that is told of changes is checked at once then. Default: 1, unless ' +
        'the type has another.',
      expected: '0.05 to 86400 seconds',
    }),
    timeout: trackerSeconds(0.01, {
      description:
        'Seconds that a check may take: after that it has failed, and is told to end. Default: the interval.',
      expected: '0.01 to 86400 seconds',
    }),
    rise: Type.Optional(
      integer(1, 1000, {
        description:
          'How many checks in a row must be good until it counts as up. Default: 1, unless the type has another.',
        expected: '1 to 1000',
      }),
    ),
    fall: Type.Optional(
      integer(1, 1000, {
        description:
          'How many checks in a row must fail until it counts as down. Default: 1, unless the type has another.',
        expected: '1 to 1000',
      }),
    ),
    initial: Type.Optional(
      choice(['up', 'down', 'wait'], {
        description:
          'What counts until there is a verdict: `up`, `down`, or `wait`, where virtual routers are not started before ' +
          'there is one. Default: `wait`.',
        expected: '"up", "down" or "wait"',
      }),
    ),
    hold: trackerSeconds(0, {
      description:
        'Seconds that what was down must stay up before that counts, against flapping; a failed check begins them anew. Default: 0.',
      expected: '0 to 86400 seconds',
    }),
  },
  { description: 'A tracker.', expected: 'a table' },
);

/** One `[[notify]]`: the core's directives. All others are its plugin's affair. */
export const HookSchema = Type.Object(
  {
    name: text({
      description:
        'Name of the hook, 63 characters at most. A queue of events is known by it: after a reload a hook of the same name goes on ' +
        'where it was, even if all else about it has changed.',
      expected: 'a name: letters, digits, "-", "_" and "."',
    }),
    type: text({
      description:
        'Who is told, and how: a type that a `notify` plugin offers. All directives that are not listed here are the type’s own.',
      expected: 'the type of a hook, which a plugin of kind notify offers',
    }),
    routers: Type.Optional(
      Type.Array(Type.String({ description: 'A virtual router.', expected: '"INTERFACE/GROUP": "eth0/7"' }), {
        description:
          'The virtual routers whose transitions are told, named as in `routers` of [[sync]]. Default: all, unless there is ' +
          '`groups`.',
        expected: 'an array of virtual routers: [ "eth0/7", "eth1/8" ]',
      }),
    ),
    groups: Type.Optional(
      Type.Array(Type.String({ description: 'A group.', expected: 'the name of a [[sync]]' }), {
        description:
          'The groups ([[sync]]) whose transitions as a whole are told. Default: all, unless there is `routers`.',
        expected: 'an array of names of [[sync]]',
      }),
    ),
    states: Type.Optional(
      Type.Array(
        choice(['master', 'backup', 'fault', 'down', 'stop'], {
          description: 'A state.',
          expected: '"master", "backup", "fault", "down" or "stop"',
        }),
        {
          minItems: 1,
          description:
            'The new states that are told: `master`, `backup`, `fault` (a tracker fails), `down` (the interface cannot be used), ' +
            '`stop` (the daemon ends, or the virtual router has gone from the configuration). Default: all.',
          expected: 'an array of states, one at least: [ "master", "backup" ]',
        },
      ),
    ),
    latest: Type.Optional(
      flag({
        description:
          'Whether of events of the same virtual router or group that have waited for longer than a second only the newest is ' +
          'told. Default: `false`, each event is told.',
      }),
    ),
    timeout: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: 3600,
        description:
          'Seconds that a delivery may take: after that it has failed, and is told to end. Default: 30, unless the type has another.',
        expected: '0.1 to 3600 seconds',
      }),
    ),
    retries: Type.Optional(
      integer(0, 1_000_000, {
        description:
          'How often a delivery that has failed is tried again: after half a second, then after twice as long each time, a ' +
          'minute at most. Events behind it wait. Default: 0, unless the type has another.',
        expected: '0 to 1000000',
      }),
    ),
  },
  { description: 'A hook that is told of transitions.', expected: 'a table' },
);

/** `[api]`. */
export const ApiSchema = Type.Object(
  {
    users: Type.Array(Type.String({ expected: 'a string: {{ALG}}name:level:salt:hash', writeOnly: true }), {
      description:
        'Who may use the client API: lines of `{{ALG}}name:level:salt:hash`, which rvrrpd-pw makes. Level 0 reads, 1 to 9 ' +
        'read and change.',
      expected: 'an array of strings',
      default: [],
    }),
    secret: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Secret of the sessions of the client API. Default: a random one at each start.',
        expected: 'a long random string',
        writeOnly: true,
      }),
    ),
    host: text({
      description: 'Address and port that the client API listens on.',
      expected: 'address:port',
      default: '0.0.0.0:7080',
    }),
    tls: flag({ description: 'Whether the client API speaks TLS.', default: false }),
    tls_key: path({
      description: 'Path of the TLS private key.',
      expected: 'a path',
      default: '/etc/rvrrpd/ssl/key.pem',
    }),
    tls_cert: path({
      description: 'Path of the TLS certificate chain.',
      expected: 'a path',
      default: '/etc/rvrrpd/ssl/cert.pem',
    }),
  },
  { ...closed, description: 'The client API.', expected: 'a table', default: {} },
);

/** One `[[sync]]`. */
export const SyncSchema = Type.Object(
  {
    name: text({
      description: 'Name of the group, in the log, in `status` and in metrics.',
      expected: 'a name',
    }),
    routers: Type.Array(Type.String({ expected: 'a string: "INTERFACE/GROUP"' }), {
      description:
        'The virtual routers that are Master together or not at all: "INTERFACE/GROUP" each, such as "eth0/7", both ' +
        'families of its table. With "/ipv4" or "/ipv6", "/v2" or "/v3" behind it one of several.',
      expected: 'an array of virtual routers: [ "eth0/7", "eth1/8" ]',
    }),
    priority: Type.Optional(
      integer(1, 254, {
        description:
          'Priority of all of them, instead of that of their tables. Default: that of their tables, which must be the same.',
        expected: '1 to 254',
      }),
    ),
    preemption: Type.Optional(
      flag({
        description:
          'Preempt_Mode of all of them, instead of that of their tables. Default: that of their tables, which must be the same.',
      }),
    ),
    track: {
      ...VirtualRouterSchema.properties.track,
      description:
        'The trackers ([[track]]) that count for all of them, as in `track` of a [[vrouter]]: while one without a weight ' +
        'fails, all are in Fault; weights change the priority of all. Default: none.',
    },
  },
  {
    ...closed,
    description: 'Virtual routers that are Master together or not at all.',
    expected: 'a table',
  },
);

const PROTOCOL_ENTRY = { type: 'object', expected: 'a table' };

/** `[protocols]`. What an entry may hold is its plugin's own affair. */
export const ProtocolsSchema = Type.Unsafe<Record<string, RawEntry[]>>({
  type: 'object',
  additionalProperties: {
    type: 'array',
    items: PROTOCOL_ENTRY,
    expected: 'an array of tables: [[protocols.<name>]]',
  },
  description: 'What is installed while a virtual router is Master: `[[protocols.<name>]]` for each entry.',
  expected: 'a table',
  default: {},
});

/** A table whose content another schema checks. */
type RawEntry = Record<string, unknown>;

/** An entry of `[plugins]` in its long form. */
export interface PluginEntry {
  readonly version?: string;
  readonly options?: RawEntry;
}

/** `[plugins]`. */
export const PluginsSchema = Type.Unsafe<Record<string, string | PluginEntry>>({
  type: 'object',
  additionalProperties: {
    type: ['string', 'object'],
    properties: {
      version: {
        type: 'string',
        description: 'Range of versions that will do. Default: any.',
        expected: 'a semver range such as "^1.2"',
      },
      options: {
        type: 'object',
        description: 'Options of the plugin: what there are, its own schema says. Default: none.',
        expected: 'a table',
      },
    },
    additionalProperties: false,
    expected: 'a semver range such as "^1.2", or { version = "^1.2", options = { … } }',
  },
  description:
    'Plugins beside the built-in ones, by package name or path, and options of either: a semver range, or ' +
    '`{ version = "^1.2", options = { … } }`.',
  expected: 'a table',
  default: {},
});

/** `include`. */
const Include = Type.Array(Type.String({ minLength: 1, expected: 'a path or a pattern' }), {
  description:
    'Further files of the configuration, paths or patterns (`*`, `?`, `[…]`), relative to the folder of the file that ' +
    'names them. Default: none.',
  expected: 'an array of paths and patterns: [ "conf.d/*.toml" ]',
});

/** `[host.NAME]`: what such a table may hold, core/config/host-tables.ts says. */
const Hosts = Type.Unsafe<Record<string, RawEntry>>({
  type: 'object',
  additionalProperties: { type: 'object', expected: 'a table: [host.NAME]' },
  description: 'What holds on the host of that name alone.',
  expected: 'a table: [host.NAME]',
});

/** The whole file. */
export const ConfigSchema = Type.Object(
  {
    include: Type.Optional(Include),
    debug: Type.Unsafe<0 | 1 | 2 | 3 | 4 | 5>({
      type: 'integer',
      minimum: 0,
      maximum: 5,
      description:
        'How much is logged: 0 information, 1 low, 2 medium, 3 high, 5 extensive (each advertisement). `-d` overrides it.',
      expected: '0 to 5',
      default: 0,
    }),
    time_zone: choice(['local', 'utc'], {
      description: 'Time zone of timestamps.',
      expected: '"local" or "utc"',
      default: 'local',
    }),
    time_format: choice(['disabled', 'short', 'rfc2822'], {
      description: 'Format of timestamps; `disabled` is the default format.',
      expected: '"disabled", "short" or "rfc2822"',
      default: 'disabled',
    }),
    pid: path({
      description:
        'PID file; this and the next three are for `-m2`, where relative paths start at `working_dir`.',
      expected: 'a path',
      default: '/var/run/rvrrpd.pid',
    }),
    working_dir: path({
      description: 'Working directory of the daemon in the background.',
      expected: 'a path',
      default: '/tmp',
    }),
    main_log: path({
      description:
        'Log file of the daemon in the background. In the foreground the log goes to standard output.',
      expected: 'a path',
      default: '/var/log/rvrrpd.log',
    }),
    error_log: Type.Optional(
      path({
        description: 'File that errors are logged to as well. Default: `disabled`.',
        expected: 'a path, or "disabled"',
      }),
    ),
    client_api: Type.Optional(
      text({
        description:
          'Client API: a name that an `api` plugin offers. Default: none; with an `[api]` table, that of the default plugin.',
        expected: 'the name of a client API',
      }),
    ),
    vrouter: Type.Array(VirtualRouterSchema, {
      description: 'The virtual routers, a `[[vrouter]]` each.',
      expected: 'an array of tables: [[vrouter]]',
      default: [],
    }),
    track: Type.Optional(
      Type.Array(TrackerSchema, {
        description: 'What decides who is Master besides the protocol, a `[[track]]` each.',
        expected: 'an array of tables: [[track]]',
      }),
    ),
    sync: Type.Optional(
      Type.Array(SyncSchema, {
        description: 'Groups of virtual routers that are Master together or not at all, a `[[sync]]` each.',
        expected: 'an array of tables: [[sync]]',
      }),
    ),
    notify: Type.Optional(
      Type.Array(HookSchema, {
        description: 'Who is told what becomes of virtual routers, a `[[notify]]` each.',
        expected: 'an array of tables: [[notify]]',
      }),
    ),
    protocols: ProtocolsSchema,
    api: ApiSchema,
    plugins: PluginsSchema,
    host: Type.Optional(Hosts),
  },
  { ...closed, description: 'The configuration of rvrrpd.', expected: 'a table' },
);

/** A file that fits the schema, defaults filled in. */
export type ConfigFile = Static<typeof ConfigSchema>;
/** One `[[vrouter]]` that fits the schema. */
export type VirtualRouterFile = Static<typeof VirtualRouterSchema>;

/** A JSON Schema as far as the core looks into it: ours, or one that a plugin ships. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minLength?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly description?: string;
  readonly expected?: string;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
}

/** TypeBox's schemas are JSON Schemas; this is only the compiler's view of one. */
export function asNode(schema: TSchema): SchemaNode {
  return schema as SchemaNode;
}
