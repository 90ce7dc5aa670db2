/** `[host.NAME]`: what holds on one host alone. */
import { hostname } from 'node:os';
import { type TSchema, Type } from '@sinclair/typebox';
import type { ConfigDocument, RawTable } from './document.ts';
import { isTable, own } from './edit/table.ts';
import type { ConfigIssue, ConfigPath } from './issues.ts';
import { asReference } from './references.ts';
import { ConfigSchema, type SchemaNode, VirtualRouterSchema } from './schema.ts';
import { validate } from './validate.ts';

/** Directives of `[[vrouter]]` that tell the virtual routers of a host apart. */
const { group, interface: on, version } = VirtualRouterSchema.properties;
const MATCH = Type.Object(
  { group, interface: on, version },
  {
    additionalProperties: false,
    description: 'Which [[vrouter]] it is about, where the group alone does not tell.',
    expected: 'a table of "group", "interface" and "version"',
  },
);

const { include: _include, host: _host, vrouter: _vrouter, ...GENERAL } = ConfigSchema.properties;
const { group: _group, ...FOR_ALL } = VirtualRouterSchema.properties;

const ENTRY = Type.Object(
  { ...VirtualRouterSchema.properties, match: MATCH },
  { additionalProperties: false, description: 'A virtual router.', expected: 'a table' },
);
const ENTRIES = Type.Array(ENTRY, {
  description: 'What holds for virtual routers on this host alone.',
  expected: 'an array of tables: [[host.NAME.vrouter]]',
});

/** A host's table. */
const HOST = incomplete(
  Type.Object(
    { ...FOR_ALL, ...GENERAL, vrouter: ENTRIES },
    { additionalProperties: false, description: 'What holds on one host alone.', expected: 'a table' },
  ),
);

const HOSTS: SchemaNode = {
  type: 'object',
  additionalProperties: HOST,
  expected: 'a table: [host.NAME]; the address of the client API belongs into [api]',
};

/** `[host.NAME]` of this host. */
export interface HostTable {
  /** Index of the file that it is in. */
  readonly part: number;
  /** As it is written. */
  readonly name: string;
  /** Directives that are not about virtual routers. */
  readonly general: RawTable;
  /** Directives of `[[vrouter]]` for all virtual routers. */
  readonly forAll: RawTable;
  /** `[[host.NAME.vrouter]]`. */
  readonly routers: readonly RawTable[];
}

/** What this host is called: its name without the domain, and with it if it has one. In lower case. */
export function hostNames(name: string = hostname()): readonly string[] {
  const full = name.toLowerCase();
  return [...new Set([full.split('.', 1)[0]!, full])];
}

/** The tables for hosts in all files of a configuration. */
export class HostTables {
  constructor(
    private readonly parts: readonly ConfigDocument[],
    private readonly hosts: readonly string[],
  ) {}

  /** What is wrong with them, those for other hosts too. */
  check(): ConfigIssue[] {
    return this.parts.flatMap((part) => {
      const tables = own(part.data, 'host');
      if (tables === undefined) return [];
      const found = validate(part, ['host'], HOSTS, structuredClone(tables));
      return found.filter(({ path }) => !isReference(part, path)).map(({ issue }) => issue);
    });
  }

  /** Those that hold here, in the order in which to put them over the rest: that with the whole name last. */
  forUs(): HostTable[] {
    const found = this.parts.flatMap(({ data }, part) => {
      const tables = own(data, 'host');
      if (!isTable(tables)) return [];
      return Object.entries(tables).flatMap(([name, table]) => {
        const rank = this.hosts.indexOf(name.toLowerCase());
        return rank < 0 || !isTable(table) ? [] : [{ rank, table: split(part, name, table) }];
      });
    });
    return found.sort((a, b) => a.rank - b.rank).map(({ table }) => table);
  }
}

function split(part: number, name: string, { vrouter, ...rest }: RawTable): HostTable {
  const isForAll = (key: string): boolean => Object.hasOwn(FOR_ALL, key) && !Object.hasOwn(GENERAL, key);
  const entries = Object.entries(rest);
  return {
    part,
    name,
    general: Object.fromEntries(entries.filter(([key]) => !isForAll(key))),
    forAll: Object.fromEntries(entries.filter(([key]) => isForAll(key))),
    routers: Array.isArray(vrouter) ? vrouter.filter(isTable) : [],
  };
}

/** Whether a value stands elsewhere: what it is, that host will see. */
function isReference({ data }: ConfigDocument, path: ConfigPath): boolean {
  let value: unknown = data;
  for (const part of path) value = (value as Record<string | number, unknown> | undefined)?.[part];
  return asReference(value) !== undefined;
}

/** Nothing is required, as the rest is said for all hosts, and defaults would hide it. No directive has such a name. */
function incomplete(schema: TSchema): SchemaNode {
  const isLeftOut = (key: string): boolean => key === 'default' || key === 'required';
  const text = JSON.stringify(schema, (key, value: unknown) => (isLeftOut(key) ? undefined : value));
  return JSON.parse(text) as SchemaNode;
}
