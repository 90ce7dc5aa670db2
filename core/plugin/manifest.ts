/** The `"rvrrpd"` field of a plugin's `package.json`, checked before any of its code runs. */
import semver from 'semver';
import type { ConfigDocument } from '../config/document.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { SchemaNode } from '../config/schema.ts';
import { validate } from '../config/validate.ts';
import type { PluginApiVersion, PluginKind, PluginManifest } from './types.ts';

/** Version of the plugin API that this rvrrpd speaks. */
export const PLUGIN_API_VERSION: PluginApiVersion = '1.0.0';

/** Every kind of plugin. */
export const PLUGIN_KINDS = [
  'auth',
  'filter',
  'netdrv',
  'iftype',
  'protocol',
  'api',
] as const satisfies PluginKind[];

const words = (description: string, minItems = 0): SchemaNode => ({
  type: 'array',
  items: { type: 'string', minLength: 1, expected: 'a word' },
  minItems,
  uniqueItems: true,
  description,
  expected: minItems > 0 ? 'an array of words, one at least' : 'an array of words',
});

/** JSON Schema of a {@link PluginManifest}. Unknown fields are refused: they are misspelt ones. */
export const MANIFEST_SCHEMA: SchemaNode = {
  type: 'object',
  required: ['api', 'kind', 'names'],
  additionalProperties: false,
  expected: 'an object: the plugin’s manifest',
  properties: {
    api: {
      type: 'string',
      description: 'Semver range of the plugin API that it was written for.',
      expected: `a semver range such as "^${PLUGIN_API_VERSION}"`,
    },
    kind: {
      enum: PLUGIN_KINDS,
      description: 'What the plugin is for.',
      expected: `one of ${PLUGIN_KINDS.map((kind) => `"${kind}"`).join(', ')}`,
    },
    names: words('The configuration values that it answers to.', 1),
    default: {
      type: 'boolean',
      description: 'Used where the configuration names nothing for this kind.',
      expected: 'true or false',
    },
    provides: words('What a network driver can do beyond the minimum.'),
    needs: words('What an interface type needs of the network driver.'),
    optionsSchema: {
      type: 'string',
      description: 'Path in the package of the JSON Schema of its options.',
      expected: 'a path',
    },
    configSchema: {
      type: 'string',
      description: 'Path in the package of the JSON Schema of one [[protocols.<name>]] entry.',
      expected: 'a path',
    },
  },
};

/** Fields that only plugins of one kind may have: on others they would do nothing, silently. */
const ONLY_FOR = { provides: 'netdrv', needs: 'iftype', configSchema: 'protocol' } as const;

/** A manifest that is right, or why it isn't. */
export type ManifestVerdict =
  | { readonly manifest: PluginManifest; readonly issues: readonly [] }
  | { readonly manifest?: undefined; readonly issues: readonly ConfigIssue[] };

/**
 * Checks the manifest in a plugin's `package.json`.
 * @param document the parsed `package.json`
 * @param plugin `name version`, for messages
 */
export function checkManifest(document: ConfigDocument, plugin: string): ManifestVerdict {
  const field = document.data.rvrrpd;
  const issues = validate(document, ['rvrrpd'], MANIFEST_SCHEMA, field).map(({ issue }) => issue);
  if (issues.length === 0) {
    const manifest = field as PluginManifest;
    const complain = (key: keyof PluginManifest, message: string): void => {
      const path = ['rvrrpd', key];
      const value = document.places.source(path);
      issues.push({
        severity: 'error',
        position: document.places.position(path),
        directive: `rvrrpd.${key}`,
        ...(value === undefined ? {} : { value }),
        message,
      });
    };
    if (semver.validRange(manifest.api) === null) {
      complain('api', `must be a semver range such as "^${PLUGIN_API_VERSION}"`);
    } else if (!semver.satisfies(PLUGIN_API_VERSION, manifest.api)) {
      complain('api', apiMismatch(manifest.api));
    }
    for (const [key, kind] of Object.entries(ONLY_FOR) as [keyof typeof ONLY_FOR, PluginKind][]) {
      if (manifest[key] !== undefined && manifest.kind !== kind) {
        complain(key, `is only for plugins of kind ${kind}, this one is ${manifest.kind}`);
      }
    }
    if (issues.length === 0) return { manifest, issues: [] };
  }
  return { issues: issues.map((issue) => ({ ...issue, message: `${issue.message} (plugin ${plugin})` })) };
}

function apiMismatch(range: string): string {
  const what = semver.gtr(PLUGIN_API_VERSION, range)
    ? 'install a newer version of the plugin'
    : 'install a newer rvrrpd, or an older version of the plugin';
  return `this rvrrpd has plugin API ${PLUGIN_API_VERSION}, which is not in the plugin's range: ${what}`;
}
