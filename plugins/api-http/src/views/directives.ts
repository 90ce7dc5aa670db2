/**
 * The directives that the API shows and changes, in the order of its answers, as docs/configuration.md
 * describes them. This documents; what a value must be is for the daemon to say.
 */
import { type SchemaOptions, type TObject, type TSchema, Type } from '@sinclair/typebox';

/** JSON Schema of one directive: of one type, or several with a schema each. */
export interface Directive {
  readonly type?: string;
  readonly anyOf?: readonly object[];
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** General directives. */
export const GENERAL: Readonly<Record<string, Directive>> = {
  debug: {
    type: 'integer',
    minimum: 0,
    maximum: 5,
    description: 'How much is logged: 0 information, 1 low, 2 medium, 3 high, 5 extensive.',
  },
  time_zone: { type: 'string', enum: ['local', 'utc'], description: 'Time zone of timestamps.' },
  time_format: {
    type: 'string',
    enum: ['disabled', 'short', 'rfc2822'],
    description: 'Format of timestamps.',
  },
  pid: { type: 'string', description: 'Path of the PID file.' },
  working_dir: { type: 'string', description: 'Working directory of the daemon.' },
  main_log: { type: 'string', description: 'Path of the log file.' },
  error_log: {
    type: 'string',
    description: 'Path of the file that errors are logged to as well; `disabled`: none.',
  },
  client_api: { type: 'string', description: 'Client API: a name that an `api` plugin offers.' },
};

/** A number of seconds, 0 by default. */
function seconds(description: string, maximum = 3600): Directive {
  return { type: 'number', minimum: 0, maximum, description: `Seconds. ${description} Default 0.` };
}

/** Directives of a `[[vrouter]]`. */
export const VROUTER: Readonly<Record<string, Directive>> = {
  group: { type: 'integer', minimum: 0, maximum: 255, description: 'Virtual router identifier (VRID).' },
  interface: { type: 'string', description: 'The Ethernet interface that VRRP runs on.' },
  vip: {
    // Not a list of types: most generators of clients know those of one type and `null` only.
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    description:
      'The virtual IP address, or an array of up to 255 of each family, with or without a prefix length. IPv6 needs ' +
      'version 3.',
  },
  priority: {
    type: 'integer',
    minimum: 1,
    maximum: 254,
    description: 'Priority in the election of the Master: the highest wins. Default 100.',
  },
  preemption: {
    type: 'boolean',
    description: 'Whether it takes over from an active Master of lower priority. Default false.',
  },
  version: { type: 'integer', description: 'VRRP version: 2 or 3. Default 2.' },
  timers: {
    type: 'object',
    properties: {
      advert: {
        type: ['number', 'null'],
        description:
          'Advertisement interval in seconds. Version 2: whole ones, 1 to 255, the same on all routers; version 3: ' +
          '0.01 to 40.95, in hundredths. Default 1.',
      },
    },
    additionalProperties: false,
    description: 'Timers.',
  },
  rfc3768: {
    type: 'boolean',
    description:
      'Version 2. False: advertisements list the interface’s own addresses after the virtual ones. Default true.',
  },
  auth_type: {
    type: 'string',
    description:
      'Authentication of advertisements: a type that an `auth` plugin offers. Default: none. Version 3 takes those alone ' +
      'that sign behind the message.',
  },
  auth_secret: {
    type: 'string',
    description: 'The secret that all routers of the group share. Answers have `***` for it.',
  },
  auth: {
    type: 'object',
    description: 'Directives of the authentication, where its type has any. Answers have `***` for each key.',
  },
  netdrv: { type: 'string', description: 'Network driver: a name that a `netdrv` plugin offers.' },
  iftype: { type: 'string', description: 'Interface type: a name that an `iftype` plugin offers.' },
  vifname: {
    type: 'string',
    description:
      'Name of the virtual interface, for interface types that make one. Default standby<group>, standby<group>-6 ' +
      'for IPv6.',
  },
  address_check: {
    type: 'string',
    enum: ['any', 'all', 'none'],
    description:
      'Which of our virtual addresses an advertisement must list to be obeyed (RFC 3768 §7.1). Default any.',
  },
  accept: {
    type: 'boolean',
    description:
      'Whether a Master takes what is addressed to its virtual addresses (Accept_Mode). Default true.',
  },
  checksum: {
    type: 'string',
    enum: ['auto', 'rfc9568', 'pseudo-header'],
    description: 'Version 3 over IPv4: what the checksum of advertisements covers. Default auto.',
  },
  peers: {
    type: 'array',
    items: { type: 'string' },
    description:
      'Addresses of the other routers of the group: advertisements go to each and are accepted from them alone, without ' +
      'multicast. Default: none.',
  },
  source: {
    type: 'string',
    description:
      'With `peers`: the address that advertisements are sent from. Default: the primary one of the interface.',
  },
  min_ttl: {
    type: 'integer',
    minimum: 1,
    maximum: 255,
    description: 'With `peers`: the least TTL that an advertisement is accepted with. Default 255.',
  },
  address: {
    type: 'array',
    items: { type: 'object' },
    description:
      'Addresses that a Master has beside its virtual ones: `address`, `interface`, `advertised`, `scope`, `label`.',
  },
  lease: {
    type: 'integer',
    minimum: 3,
    maximum: 3600,
    description:
      'A Master’s addresses vanish by themselves so many seconds after the daemon was killed or hangs. Default: they stay.',
  },
  route: {
    type: 'array',
    items: { type: 'object' },
    description:
      'Routes that a Master installs: `to`, `via`, `interface`, `source`, `table`, `metric`, `mtu` …',
  },
  rule: {
    type: 'array',
    items: { type: 'object' },
    description: 'Rules of routing that a Master installs: `priority`, `from`, `to`, `table` …',
  },
  track: {
    type: 'array',
    items: {
      anyOf: [
        { type: 'string' },
        {
          type: 'object',
          properties: { name: { type: 'string' }, weight: { type: 'integer', minimum: -253, maximum: 253 } },
          required: ['name'],
          additionalProperties: false,
        },
      ],
    },
    description:
      'Trackers that count for it: names of `[[track]]`, or with a weight. While one without a weight is down it is in ' +
      'Fault. Default: none.',
  },
  track_interface: {
    type: 'boolean',
    description: 'Whether it is Down while its own interface has no carrier. Default true.',
  },
  start_delay: seconds('After the start of the daemon in which it does not become Master.'),
  boot_delay: seconds('The same after the boot of the machine.'),
  link_delay: seconds('The same each time that the interface has come up.'),
  link_debounce: seconds('Losses of carrier that are shorter are not acted upon.', 60),
  hearing: seconds(
    'At most so long it does not become Master before another station was heard on the interface, after a start and each ' +
      'time that the interface has come up.',
  ),
  preempt_delay: seconds('For which a Master of lower priority is let be before it is preempted.'),
  down_timer_adverts: {
    type: 'integer',
    minimum: 1,
    maximum: 100,
    description: 'Off the RFC: how many intervals of silence make a Master dead. Default 3.',
  },
  announce: {
    type: 'object',
    properties: {
      count: {
        type: ['integer', 'null'],
        minimum: 1,
        maximum: 100,
        description:
          'How often a new Master announces its addresses. Default 5, or one more than there are pauses.',
      },
      pauses: {
        type: ['array', 'null'],
        items: { type: 'number', minimum: 0.01, maximum: 3600 },
        description:
          'Seconds before each announcement but the first; the last one repeats. Default 0.5, 1, 2, 5.',
      },
      refresh: {
        type: ['number', 'null'],
        minimum: 0,
        maximum: 86400,
        description: 'A Master announces again every so many seconds after that. Default 0: never.',
      },
      rate: {
        type: ['integer', 'null'],
        minimum: 0,
        maximum: 100_000,
        description:
          'At most so many announcements a second on the interface, of all its virtual routers. Default 0: no limit.',
      },
    },
    additionalProperties: false,
    description: 'Gratuitous ARP and neighbour advertisements of a Master.',
  },
  socket_filter: {
    type: 'boolean',
    description: 'Whether the kernel filters out what is not for the interface’s routers. Default true.',
  },
};

/** Directives of a `[[track]]` that each type has. */
export const TRACK: Readonly<Record<string, Directive>> = {
  name: { type: 'string', description: 'What virtual routers and groups name it by in `track`.' },
  type: { type: 'string', description: 'What is checked, and how: a type that a `track` plugin offers.' },
  interval: {
    type: 'number',
    minimum: 0.05,
    maximum: 86400,
    description: 'Seconds from one check to the next. Default 1, unless the type has another.',
  },
  timeout: {
    type: 'number',
    minimum: 0.01,
    maximum: 86400,
    description: 'Seconds that a check may take. Default: the interval.',
  },
  rise: {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    description: 'How many checks in a row must be good until it counts as up. Default 1.',
  },
  fall: {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    description: 'How many must fail until it counts as down. Default 1, unless the type has another.',
  },
  initial: {
    type: 'string',
    enum: ['up', 'down', 'wait'],
    description: 'What counts until there is a verdict. Default wait.',
  },
  hold: {
    type: 'number',
    minimum: 0,
    maximum: 86400,
    description: 'Seconds that what was down must stay up before that counts. Default 0.',
  },
};

/** Directives of a `[[sync]]`. */
export const SYNC: Readonly<Record<string, Directive>> = {
  name: { type: 'string', description: 'Name of the group.' },
  routers: {
    type: 'array',
    items: { type: 'string' },
    description: 'The virtual routers that are Master together or not at all: `eth0/7`, `eth0/7/ipv6/v3`.',
  },
  priority: {
    type: 'integer',
    minimum: 1,
    maximum: 254,
    description: 'Priority of all of them. Default: that of their tables, which must be the same.',
  },
  preemption: {
    type: 'boolean',
    description: 'Preempt_Mode of all of them. Default: that of their tables, which must be the same.',
  },
  track: { ...VROUTER.track!, description: 'Trackers that count for all of them, as in a `[[vrouter]]`.' },
};

/** Directives of `[api]`. */
export const API: Readonly<Record<string, Directive>> = {
  users: {
    type: 'array',
    items: { type: 'string' },
    description: 'Who may use the client API. Answers have `***` for each.',
  },
  secret: { type: 'string', description: 'Secret of the client API. Answers have `***` for it.' },
  host: { type: 'string', description: 'Address and port that the client API listens on.' },
  tls: { type: 'boolean', description: 'Whether the client API speaks TLS.' },
  tls_key: { type: 'string', description: 'Path of the TLS private key.' },
  tls_cert: { type: 'string', description: 'Path of the TLS certificate chain.' },
};

/** Directives of a `[[protocols.static]]` entry. */
export const STATIC_ROUTE: Readonly<Record<string, Directive>> = {
  route: { type: 'string', description: 'Destination network, 0.0.0.0 for the default route.' },
  mask: { type: 'string', description: 'Network mask of the destination.' },
  nh: { type: 'string', description: 'Next hop.' },
  metric: { type: 'integer', description: 'Priority of the route: the lower wins.' },
  mtu: { type: 'integer', description: 'Path MTU in octets.' },
};

type Directives = Readonly<Record<string, Directive>>;

/** A directive that may be absent, told as `null`. */
function orNull(directive: Directive): TSchema {
  const { type, anyOf, enum: values } = directive;
  return Type.Unsafe<unknown>({
    ...directive,
    ...(type === undefined ? {} : { type: [type, 'null'] }),
    ...(anyOf === undefined ? {} : { anyOf: [...anyOf, { type: 'null' }] }),
    ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
  });
}

function mapped(directives: Directives, schema: (directive: Directive) => TSchema): Record<string, TSchema> {
  return Object.fromEntries(Object.entries(directives).map(([name, value]) => [name, schema(value)]));
}

/**
 * A table in an answer: every directive, absent ones `null`.
 * @param options of the schema beside title and description
 * @param unless directives that are left out when absent, because answers had no such key before there were any
 */
export function shown(
  directives: Directives,
  title: string,
  description: string,
  unless: readonly string[] = [],
  options: SchemaOptions = {},
): TObject {
  const properties = Object.entries(directives).map(([name, value]): [string, TSchema] => [
    name,
    unless.includes(name) ? Type.Optional(Type.Unsafe<unknown>({ ...value })) : orNull(value),
  ]);
  return Type.Object(Object.fromEntries(properties), { title, description, ...options });
}

/**
 * A whole table that a client sends: `required` directives must be there, others may be absent or `null`.
 * @param options of the schema; a table may have other members than these unless they say otherwise
 */
export function given(
  directives: Directives,
  required: readonly string[],
  options: SchemaOptions & { readonly title: string },
): TSchema {
  const properties = Object.entries(directives).map(([name, directive]): [string, TSchema] => [
    name,
    required.includes(name) ? Type.Unsafe<unknown>({ ...directive }) : Type.Optional(orNull(directive)),
  ]);
  return Type.Object(Object.fromEntries(properties), options);
}

/** A merge patch that a client sends (RFC 7396): what is absent stays, `null` removes. */
export function patched(
  directives: Directives,
  title: string,
  description: string,
  options: SchemaOptions = { additionalProperties: false },
): TSchema {
  return Type.Object(
    mapped(directives, (directive) => Type.Optional(orNull(directive))),
    { title, description, ...options },
  );
}
