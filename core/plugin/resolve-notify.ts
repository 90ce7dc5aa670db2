/** Hooks: what their type takes, and whether it is there. */
import type { ConfigDocument, RawTable } from '../config/document.ts';
import { HOOK_DIRECTIVES, hookDefaults, toHook } from '../config/hook.ts';
import type { IssueList } from '../config/issue-list.ts';
import type { ConfigPath } from '../config/issues.ts';
import type { HookConfig } from '../config/model.ts';
import type { SchemaNode } from '../config/schema.ts';
import { substituted } from '../config/substitute.ts';
import { fillDefaults, validate } from '../config/validate.ts';
import type { Offer } from './table.ts';

/** By a plugin's own schema, `undefined` where it ships none. */
const whole = new Map<SchemaNode | undefined, SchemaNode>();

/**
 * Schema of a whole `[[notify]]` table: the plugin's, and the core's directives, which have been checked. A plugin
 * without a schema takes no directives of its own.
 */
export function hookSchema(own: SchemaNode | undefined): SchemaNode {
  const known = whole.get(own);
  if (known !== undefined) return known;
  const core = Object.fromEntries(HOOK_DIRECTIVES.map((name) => [name, {}]));
  const { $id: _, ...rest } = (own ?? { additionalProperties: false }) as SchemaNode & {
    readonly $id?: string;
  };
  const required = (rest.required ?? []).filter((name) => !HOOK_DIRECTIVES.includes(name));
  const schema = { ...rest, type: 'object', properties: { ...rest.properties, ...core }, required };
  whole.set(own, schema);
  return schema;
}

/**
 * Checks one table against the schema of its plugin.
 * @param path of its table, `notify[n]`
 * @returns the hook with what the schema makes of it
 */
export function checkHook(
  hook: HookConfig,
  offer: Offer,
  document: ConfigDocument,
  path: ConfigPath,
  list: IssueList,
): HookConfig {
  const schema = hookSchema(offer.configSchema);
  const written = ((document.data.notify as readonly RawTable[] | undefined) ?? [])[path[1] as number] ?? {};
  for (const { issue } of validate(document, path, schema, structuredClone(written))) list.issues.push(issue);
  const settings = structuredClone(substituted(document, path, schema, written));
  for (const name of HOOK_DIRECTIVES) delete settings[name];
  fillDefaults(schema, settings);
  // Of the core's directives, with what their references stand for: those that are not in the file have the type's defaults.
  const { routers, groups, states, timeout, retries, ...rest } = hook;
  const table = {
    ...{ ...settings, name: rest.name, type: rest.type, latest: rest.latest },
    ...(states && { states }),
    ...(Object.hasOwn(written, 'timeout') && { timeout: timeout / 1000 }),
    ...(Object.hasOwn(written, 'retries') && { retries }),
  };
  const choice = { ...(routers && { routers }), ...(groups && { groups }) };
  const made = toHook(table, hook.position, choice, hookDefaults(offer.configSchema));
  return { ...made, positions: document.places.positions(path, written) };
}
