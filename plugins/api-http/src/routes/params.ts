/** Parts of paths that several routes share. */
import { type Static, Type } from '@sinclair/typebox';

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
