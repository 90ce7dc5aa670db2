/**
 * The kinds of plugins: everything about a kind that is not its contract (`contracts/`), its compliance kit
 * (`compliance/`) or the code that hosts it. A new kind is a row here.
 */
import type { SchemaNode } from '../config/schema.ts';
import type { PluginKind } from './contracts/index.ts';

/** The thread that runs the plugins of a kind: nobody configures it. A service has a thread for each plugin. */
export type PluginThread = 'engine' | 'actuator' | 'service';

/** What there is to say of a kind. */
export interface KindFacts {
  readonly thread: PluginThread;
  /** The directive whose values are names of this kind's plugins, or that brings the default one into use. */
  readonly directive: string;
  /** Fields of the manifest that only plugins of this kind may have: on others they would do nothing, silently. */
  readonly fields: Readonly<Record<string, SchemaNode>>;
}

/** An array of words in a manifest. */
export const words = (description: string, minItems = 0): SchemaNode => ({
  type: 'array',
  items: { type: 'string', minLength: 1, expected: 'a word' },
  minItems,
  uniqueItems: true,
  description,
  expected: minItems > 0 ? 'an array of words, one at least' : 'an array of words',
});

const CONFIG_SCHEMA: SchemaNode = {
  type: 'string',
  description: 'Path in the package of the JSON Schema of its own part of the configuration.',
  expected: 'a path',
};

/** By kind, in the order in which they are listed to users. */
export const KINDS = {
  auth: {
    thread: 'engine',
    directive: 'auth_type',
    fields: {
      configSchema: CONFIG_SCHEMA,
      placement: {
        enum: ['data', 'trailer'],
        description: 'Where its octets stand: in the authentication data of VRRPv2, or behind the message.',
        expected: '"data" or "trailer"',
      },
    },
  },
  filter: { thread: 'engine', directive: 'socket_filter', fields: {} },
  netdrv: {
    thread: 'actuator',
    directive: 'netdrv',
    fields: { provides: words('What a network driver can do beyond the minimum.') },
  },
  iftype: {
    thread: 'actuator',
    directive: 'iftype',
    fields: { needs: words('What an interface type needs of the network driver.') },
  },
  protocol: {
    thread: 'actuator',
    directive: 'protocols',
    fields: {
      configSchema: CONFIG_SCHEMA,
    },
  },
  api: { thread: 'service', directive: 'client_api', fields: {} },
  track: { thread: 'service', directive: 'type', fields: { configSchema: CONFIG_SCHEMA } },
  notify: { thread: 'service', directive: 'type', fields: { configSchema: CONFIG_SCHEMA } },
} as const satisfies Readonly<Record<PluginKind, KindFacts>>;

/** Every kind of plugin. */
export const PLUGIN_KINDS = Object.keys(KINDS) as readonly PluginKind[];

/** The kinds whose manifests may have a field; none: all may. */
export function kindsOfField(field: string): readonly PluginKind[] {
  return PLUGIN_KINDS.filter((kind) => Object.hasOwn(KINDS[kind].fields, field));
}
