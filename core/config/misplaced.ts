/** Directives that are known, but stand in the wrong table: the usual mistake with TOML. */
import type { ConfigPath } from './issues.ts';
import {
  ApiSchema,
  asNode,
  ConfigSchema,
  type SchemaNode,
  SyncSchema,
  VirtualRouterSchema,
} from './schema.ts';

/** Tables by what the operator writes to open them, with their own directives. */
const TABLES: readonly (readonly [header: string, schema: SchemaNode])[] = [
  ['[[vrouter]]', asNode(VirtualRouterSchema)],
  ['[api]', asNode(ApiSchema)],
  ['[[sync]]', asNode(SyncSchema)],
];

/** Where the unknown directive at `path` belongs, as a sentence; `undefined` if nowhere. */
export function rightPlace(path: ConfigPath): string | undefined {
  const name = String(path.at(-1));
  const general = asNode(ConfigSchema).properties ?? {};
  const isOfApi = Object.hasOwn(ApiSchema.properties, name); // "host" is a table as well
  if (path.length > 1 && Object.hasOwn(general, name) && !isOfApi) {
    const node = general[name];
    return node?.type === 'object' || node?.items?.type === 'object'
      ? `[${name}] is a table of its own`
      : `"${name}" is a general directive, which belongs above the first [table]`;
  }
  for (const [header, schema] of TABLES) {
    if (Object.hasOwn(schema.properties ?? {}, name)) return `"${name}" belongs into ${header}`;
  }
  return undefined;
}
