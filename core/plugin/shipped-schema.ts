/** The JSON Schemas that a plugin's package ships: of its options, and of its part of the configuration. */
import type { ConfigIssue } from '../config/issues.ts';
import type { SchemaNode } from '../config/schema.ts';
import { checkSchema } from '../config/validate.ts';
import { messageOf } from '../shared/errors.ts';
import type { PluginManifest } from './contracts/index.ts';
import { fileInPackage, type PackageFile, readText } from './package-files.ts';

/** Manifest fields that name a schema's file. */
export type SchemaField = 'optionsSchema' | 'configSchema';

/** A schema, nothing if the manifest names none, or what is wrong with it. */
export type ShippedSchema =
  | { readonly schema?: SchemaNode; readonly issue?: undefined }
  | { readonly issue: ConfigIssue };

/**
 * Reads the schema that a manifest field names.
 * @param builtIn it is one of ours, which the tests have checked; any other is checked here, so that a broken one is
 * found at start
 */
export function shippedSchema(
  { folder, document, name, version }: PackageFile,
  manifest: PluginManifest,
  field: SchemaField,
  builtIn: boolean,
): ShippedSchema {
  const path = manifest[field];
  if (path === undefined) return {};
  const fault = (reason: string): ShippedSchema => ({
    issue: {
      severity: 'error',
      position: document.places.position(['rvrrpd', field]),
      directive: `rvrrpd.${field}`,
      value: JSON.stringify(path),
      message: `${reason} (plugin ${name} ${version}: reinstall it, or tell its author)`,
    },
  });
  const file = fileInPackage(folder, path);
  if (file === undefined) return fault('must be a file of the package');
  const content = readText(file);
  if (content.fault !== undefined) return fault(content.fault);
  try {
    const schema = JSON.parse(content.text) as SchemaNode;
    if (!builtIn) checkSchema(schema);
    return { schema };
  } catch (error) {
    return fault(`is not a JSON Schema: ${messageOf(error)}`);
  }
}
