/**
 * `[protocols]`: as it runs, and as it is configured. Static routes have fixed shapes, others are shown as
 * read.
 */
import { Type } from '@sinclair/typebox';
import { given, STATIC_ROUTE, shown } from './directives.ts';
import { asTables, isTable, own, pick, type Table } from './tables.ts';

/** A static route, in rVRRPd 0.1.3's words. */
export const RunningRouteSchema = Type.Object(
  {
    destination: Type.String(),
    mask: Type.String(),
    next_hop: Type.String(),
    metric: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
    mtu: Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'In octets.' }),
  },
  { title: 'RunningRoute' },
);

/** A `[[protocols.static]]` entry. */
export const ConfiguredRouteSchema = shown(STATIC_ROUTE, 'StaticRoute', 'A `[[protocols.static]]` entry.');

/** An entry that a client sends. */
export const GivenEntrySchema = given(STATIC_ROUTE, [], {
  title: 'GivenProtocolEntry',
  description:
    'A `[[protocols.<name>]]` entry. These are the directives of `static`, which needs `route`, `mask` and ' +
    '`nh`; another protocol has its own.',
});

/** Entries of any protocol. */
export const EntriesSchema = Type.Array(Type.Record(Type.String(), Type.Unknown()), {
  title: 'ProtocolEntries',
  description: 'Entries of a protocol, absent directives of static routes `null`.',
});

/**
 * Protocols by name. Of any type but `static`: in TypeScript, say, a generated type of entries that may have anything
 * in them would not go together with that of static routes.
 */
const BY_NAME = {
  additionalProperties: true,
  description: 'By protocol. Entries of others than `static` are as their plugins have them.',
};

/** `/run/protocols`. */
export const RunningProtocolsSchema = Type.Object(
  { static: Type.Array(RunningRouteSchema) },
  { title: 'RunningProtocols', ...BY_NAME },
);

/** `/config/protocols`. */
export const ConfiguredProtocolsSchema = Type.Object(
  { static: Type.Unsafe<unknown>({ type: ['array', 'null'], items: ConfiguredRouteSchema }) },
  { title: 'Protocols', ...BY_NAME },
);

/** What Masters install, by protocol, `static` always among them. */
export function runningProtocols(configuration: Table): Record<string, unknown> {
  const all = protocolsOf(configuration);
  const entries = Object.entries(all).map(([name, value]) => [name, runningEntries(name, value)]);
  return { static: [], ...Object.fromEntries(entries) };
}

/** `[protocols]` as configured; `static` is `null` if it has none. */
export function configuredProtocols(configuration: Table): Record<string, unknown> {
  const all = protocolsOf(configuration);
  const entries = Object.entries(all).map(([name, value]) => [name, configuredEntries(name, value)]);
  return { static: null, ...Object.fromEntries(entries) };
}

/** Entries of one protocol as configured; undefined if there are none. */
export function configuredProtocol(configuration: Table, name: string): unknown[] | undefined {
  const value = own(protocolsOf(configuration), name);
  return value === undefined ? undefined : configuredEntries(name, value);
}

/** The same without `null` for what is absent, as {@link ConfigurationChange} takes them. */
export function rawProtocol(configuration: Table, name: string): readonly Table[] | undefined {
  const value = own(protocolsOf(configuration), name);
  return value === undefined ? undefined : asTables(value);
}

function protocolsOf(configuration: Table): Table {
  return isTable(configuration.protocols) ? configuration.protocols : {};
}

function runningEntries(name: string, value: unknown): unknown[] {
  const entries = asTables(value);
  if (name !== 'static') return [...entries];
  return entries.map((entry) => {
    const { route, mask, nh, metric, mtu } = pick(entry, Object.keys(STATIC_ROUTE));
    return { destination: route, mask, next_hop: nh, metric, mtu };
  });
}

function configuredEntries(name: string, value: unknown): unknown[] {
  const entries = asTables(value);
  return name === 'static' ? entries.map((entry) => pick(entry, Object.keys(STATIC_ROUTE))) : [...entries];
}
