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

const flag = (annotations: Omit<Annotations, 'expected'> & { default?: boolean }) =>
  Type.Boolean({ expected: 'true or false', ...annotations });

const choice = <const T extends string>(values: readonly T[], annotations: Annotations & { default?: T }) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...annotations });

const closed = { additionalProperties: false } as const;

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

const TABLE = { description: 'Routing table; 254 is the main one.', expected: '1 to 4294967295' } as const;

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
        description: 'The gateway, or several that share the load; `%eth1` behind one names its interface.',
        expected: 'an address, or an array of them',
      }),
    ),
    interface: Type.Optional(
      text({ description: 'The interface that it leads out on.', expected: 'the name of an interface' }),
    ),
    source: Type.Optional(
      text({
        description: 'The address that what this host sends there comes from.',
        expected: 'an IPv4 or IPv6 address',
      }),
    ),
    table: Type.Optional(integer(1, 4_294_967_295, TABLE)),
    metric: Type.Optional(
      integer(0, 4_294_967_295, { description: 'The lowest is taken.', expected: '0 to 4294967295' }),
    ),
    mtu: Type.Optional(
      integer(68, 65_535, { description: 'MTU of packets that go there.', expected: '68 to 65535' }),
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
    from: Type.Optional(text({ description: 'Source of the packets.', expected: 'a network or an address' })),
    to: Type.Optional(
      text({ description: 'Destination of the packets.', expected: 'a network or an address' }),
    ),
    iif: Type.Optional(
      text({ description: 'Interface that they came in on.', expected: 'the name of an interface' }),
    ),
    oif: Type.Optional(
      text({
        description: 'Interface that a socket of this host is bound to.',
        expected: 'the name of an interface',
      }),
    ),
    fwmark: Type.Optional(
      integer(0, 4_294_967_295, { description: 'Mark of the packets.', expected: '0 to 4294967295' }),
    ),
    family: Type.Optional(
      Type.Unsafe<4 | 6>({
        type: 'integer',
        enum: [4, 6],
        description: 'IP version. Default: that of `from` or `to`, and 4.',
        expected: '4 or 6',
      }),
    ),
    table: Type.Optional(integer(1, 4_294_967_295, TABLE)),
    type: Type.Optional(
      choice(['lookup', 'blackhole', 'unreachable', 'prohibit'], {
        description: 'What becomes of the packets. Default: `lookup`, their route is looked up in `table`.',
        expected: '"lookup", "blackhole", "unreachable" or "prohibit"',
      }),
    ),
  },
  { ...closed, description: 'A rule.', expected: 'a table' },
);

/** One `[[vrouter]]`. */
export const VirtualRouterSchema = Type.Object(
  {
    group: integer(0, 255, {
      description:
        'Virtual router identifier (VRID), the same on all routers of the group. RFC 3768 allows 1 to 255.',
      expected: '0 to 255',
    }),
    interface: text({
      description: 'The Ethernet interface that VRRP runs on.',
      expected: 'the name of an Ethernet interface',
    }),
    vip: Type.Unsafe<string | string[]>({
      type: ['string', 'array'],
      items: { type: 'string', expected: 'an IPv4 or IPv6 address' },
      description:
        'The virtual IP address, or an array of up to 255 of them of each family, with or without a prefix length ' +
        '(`10.0.0.1/24`; default: that of the interface type, 32 or 128). IPv6 needs version 3, and a link-local ' +
        'address first: fe80::5e00:2XX if none is given, XX the group in hexadecimal. Addresses of both families ' +
        'stand for two virtual routers, each with its own election.',
      expected: 'an IPv4 or IPv6 address, or an array of them',
    }),
    priority: integer(1, 254, {
      description:
        'Priority in the election of the Master: the highest wins. 0 and 255 are reserved (RFC 3768 §5.3.4); ' +
        'a router whose interface has the virtual address as its own uses 255 by itself.',
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
        'VRRP version: 2 (RFC 3768, IPv4), or 3 (RFC 9568, IPv4 and IPv6, hundredths of a second).',
      expected: '2 or 3',
      default: 2,
    }),
    timers: Timers,
    rfc3768: flag({
      description:
        'Version 2. True: advertisements list the virtual addresses alone. False: the interface’s own addresses ' +
        'follow them. With a proprietary authentication type, and with version 3, always true.',
      default: true,
    }),
    auth_type: Type.Optional(
      text({
        description:
          'Authentication of advertisements: a type that an `auth` plugin offers. Version 3 takes those alone that sign ' +
          'behind the message.',
        expected: 'the name of an authentication type',
      }),
    ),
    auth_secret: Type.Optional(
      Type.String({
        description: 'The secret that all routers of the group share.',
        expected: 'a string',
        writeOnly: true,
      }),
    ),
    auth: Type.Optional(
      Type.Unsafe<RawEntry>({
        type: 'object',
        description: 'Directives of the authentication, where its type has any: see there.',
        expected: 'a table: [vrouter.auth]',
      }),
    ),
    netdrv: Type.Optional(
      text({
        description: 'Network driver: how the kernel is told, a name that a `netdrv` plugin offers.',
        expected: 'the name of a network driver',
      }),
    ),
    iftype: Type.Optional(
      text({
        description:
          'Interface type: where a Master’s addresses live, a name that an `iftype` plugin offers.',
        expected: 'the name of an interface type',
      }),
    ),
    vifname: Type.Optional(
      text({
        description:
          'Name of the virtual interface, for interface types that make one. Default: standby<group>, and ' +
          'standby<group>-6 for IPv6. Where `vip` has both families, IPv6’s has “-6” behind the name.',
        expected: 'an interface name of at most 15 characters',
      }),
    ),
    address_check: Type.Optional(
      choice(['any', 'all', 'none'], {
        description:
          'Which of our virtual addresses an advertisement must list to be obeyed, unless it is an address ' +
          'owner’s (RFC 3768 §7.1): `any` of them (the default; another group with the same VRID is not ' +
          'obeyed), `all`, or `none`. A list that differs is logged in any case.',
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
          '(`pseudo-header`, as most read RFC 5798). Both are accepted. Default: `auto`, which sends as the other ' +
          'routers of the group do, and as RFC 9568 says until one is heard.',
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
          'is on the interface. Default: none, multicast.',
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
          'With `peers`: the least TTL (hop limit) that an advertisement is accepted with. 255, the default: none ' +
          'that a router has forwarded; each router on the way takes one off.',
        expected: '1 to 255',
      }),
    ),
    route: Type.Optional(
      Type.Array(RouteEntry, {
        description: 'Routes that a Master installs.',
        expected: 'an array of tables: [[vrouter.route]]',
      }),
    ),
    rule: Type.Optional(
      Type.Array(RuleEntry, {
        description: 'Rules of routing (man 8 ip-rule) that a Master installs.',
        expected: 'an array of tables: [[vrouter.rule]]',
      }),
    ),
    socket_filter: flag({
      description:
        'Whether the kernel filters out packets that are not for this interface’s virtual routers.',
      default: true,
    }),
  },
  { ...closed, description: 'A virtual router.', expected: 'a table' },
);

/** `[api]`. */
export const ApiSchema = Type.Object(
  {
    users: Type.Array(Type.String({ expected: 'a string: {{ALG}}name:level:salt:hash', writeOnly: true }), {
      description: 'Who may use the client API: lines of `{{ALG}}name:level:salt:hash`.',
      expected: 'an array of strings',
      default: [],
    }),
    secret: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Secret of the client API. Default: a random one at each start.',
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
    tls_key: text({
      description: 'Path of the TLS private key.',
      expected: 'a path',
      default: '/etc/rvrrpd/ssl/key.pem',
    }),
    tls_cert: text({
      description: 'Path of the TLS certificate chain.',
      expected: 'a path',
      default: '/etc/rvrrpd/ssl/cert.pem',
    }),
  },
  { ...closed, description: 'The client API.', expected: 'a table', default: {} },
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
        description: 'Range of versions that will do.',
        expected: 'a semver range such as "^1.2"',
      },
      options: { type: 'object', description: 'Options of the plugin.', expected: 'a table' },
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
    'Files that belong to the configuration, paths or patterns (`*`, `?`, `[…]`), relative to the folder of this file.',
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
      description: 'How much is logged: 0 information, 1 low, 2 medium, 3 high, 5 extensive.',
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
    pid: text({
      description: 'Path of the PID file.',
      expected: 'a path',
      default: '/var/run/rvrrpd.pid',
    }),
    working_dir: text({
      description: 'Working directory of the daemon.',
      expected: 'a path',
      default: '/tmp',
    }),
    main_log: text({
      description: 'Path of the log file.',
      expected: 'a path',
      default: '/var/log/rvrrpd.log',
    }),
    error_log: Type.Optional(
      text({
        description: 'Path of the file that errors are logged to as well. Default: none (`disabled`).',
        expected: 'a path, or "disabled"',
      }),
    ),
    client_api: Type.Optional(
      text({
        description: 'Client API: a name that an `api` plugin offers.',
        expected: 'the name of a client API',
      }),
    ),
    vrouter: Type.Array(VirtualRouterSchema, {
      description: 'The virtual routers, a `[[vrouter]]` each.',
      expected: 'an array of tables: [[vrouter]]',
      default: [],
    }),
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
