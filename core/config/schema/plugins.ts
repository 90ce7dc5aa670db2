/** The schema of `[plugins]`: plugins beside the built-in ones, and options of either. */
import { Type } from '@sinclair/typebox';
import type { RawEntry } from './directives.ts';

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
