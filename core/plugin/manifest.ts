/** The `"rvrrpd"` field of a plugin's `package.json`, checked before any of its code runs. */
import semver from 'semver';
import type { ConfigDocument } from '../config/document.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { SchemaNode } from '../config/schema.ts';
import { validate } from '../config/validate.ts';
import type { PluginApiVersion, PluginManifest } from './contracts/index.ts';
import { KINDS, kindsOfField, PLUGIN_KINDS, words } from './kinds.ts';

/** Version of the plugin API that this rvrrpd speaks. */
export const PLUGIN_API_VERSION: PluginApiVersion = '1.1.0';

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
    optionsSchema: {
      type: 'string',
      description: 'Path in the package of the JSON Schema of its options.',
      expected: 'a path',
    },
    ...Object.assign({}, ...PLUGIN_KINDS.map((kind) => KINDS[kind].fields)),
  },
};

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
    for (const key of Object.keys(manifest) as (keyof PluginManifest)[]) {
      const kinds = kindsOfField(key);
      if (kinds.length === 0 || kinds.includes(manifest.kind)) continue;
      complain(key, `is only for plugins of kind ${listed(kinds)}, this one is ${manifest.kind}`);
    }
    if (manifest.kind === 'auth' && manifest.configSchema !== undefined && manifest.placement !== 'trailer')
      complain(
        'configSchema',
        'needs "placement": "trailer": what is in the authentication data has a secret alone',
      );
    if (issues.length === 0) return { manifest, issues: [] };
  }
  return { issues: issues.map((issue) => ({ ...issue, message: `${issue.message} (plugin ${plugin})` })) };
}

/** `a`, `a and b`, `a, b and c` */
function listed(words: readonly string[]): string {
  const most = words.slice(0, -1).join(', ');
  return [most, ...words.slice(-1)].filter((each) => each !== '').join(' and ');
}

function apiMismatch(range: string): string {
  const what = semver.gtr(PLUGIN_API_VERSION, range)
    ? 'install a newer version of the plugin'
    : 'install a newer rvrrpd, or an older version of the plugin';
  return `this rvrrpd has plugin API ${PLUGIN_API_VERSION}, which is not in the plugin's range: ${what}`;
}
