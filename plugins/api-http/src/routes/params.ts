/** Parts of paths that several routes share. */
import { type Static, Type } from '@sinclair/typebox';
import { familiesOf, versionOf } from '../views/configuration.ts';
import type { Table } from '../views/tables.ts';

const Group = Type.Integer({
  minimum: 0,
  maximum: 255,
  description: 'Virtual router identifier (VRID).',
  examples: [1],
});

/** `:group`. */
export const GroupParams = Type.Object({ group: Group });
export type GroupParams = Static<typeof GroupParams>;

/** `:group/:interface`. */
export const RouterParams = Type.Object({
  group: Group,
  interface: Type.String({
    description: 'The interface that it runs on, or its virtual interface, percent-encoded.',
    examples: ['eth0'],
  }),
});
export type RouterParams = Static<typeof RouterParams>;

/** What tells apart virtual routers of one group and interface. */
export const RouterQuery = Type.Object({
  family: Type.Optional(
    Type.Unsafe<4 | 6>({
      type: 'integer',
      enum: [4, 6],
      description: 'Only the one of this IP version, where the group has one of each on the interface.',
    }),
  ),
  version: Type.Optional(
    Type.Unsafe<2 | 3>({
      type: 'integer',
      enum: [2, 3],
      description: 'Only the one of this VRRP version, where the group has one of each on the interface.',
    }),
  ),
});
export type RouterQuery = Static<typeof RouterQuery>;

/** Whether a virtual router is what a query asks for. */
export function isAskedFor(
  { family, version = 2 }: { readonly family?: number; readonly version?: number },
  query: RouterQuery,
): boolean {
  return (
    (query.family === undefined || query.family === family) &&
    (query.version === undefined || query.version === version)
  );
}

/** Whether one of the virtual routers of a `[[vrouter]]` is. */
export function isEntryOf(table: Table, query: RouterQuery): boolean {
  const version = versionOf(table);
  return familiesOf(table).some((family) => isAskedFor({ family, version }, query));
}

/** `:name` of a protocol. */
export const ProtocolParams = Type.Object({
  name: Type.String({ description: 'Name of the protocol.', examples: ['static'] }),
});

/** `:name` of a plugin. */
export const PluginParams = Type.Object({
  name: Type.String({
    description: 'Name or path of the package as in `[plugins]`, percent-encoded.',
    examples: ['@example/rvrrpd-plugin-protocol-blackhole'],
  }),
});
export type NameParams = Static<typeof ProtocolParams>;

/** Percent-encoded path of the parts. */
export function pathOf(...parts: readonly (string | number)[]): string {
  return `/${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}
