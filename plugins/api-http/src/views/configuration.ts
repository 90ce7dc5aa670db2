/** Answers of `/config`: the configuration as read, absent values `null`. The core has hidden the secrets. */
import { type TSchema, Type } from '@sinclair/typebox';
import type { RouterName } from 'rvrrpd/plugin';
import { API, GENERAL, given, patched, shown, VROUTER } from './directives.ts';
import { entries, SYNC_GROUPS, TRACKERS } from './entries.ts';
import { ConfiguredProtocolsSchema, configuredProtocols } from './protocols.ts';
import { asTables, isTable, own, pick, type Table } from './tables.ts';

/** General directives. */
export const GeneralSchema = shown(GENERAL, 'General', 'General directives.');
/** A merge patch of it. */
export const GeneralPatchSchema = patched(GENERAL, 'GeneralPatch', 'General directives to change.');

/** Directives that rVRRPd 0.1.3 had not: its answers have no key for them. */
const NEWER = [
  ...['address_check', 'accept', 'checksum', 'auth', 'peers', 'source', 'min_ttl'],
  ...['track', 'track_interface', 'address', 'lease', 'route', 'rule'],
  ...['start_delay', 'boot_delay', 'link_delay', 'link_debounce', 'hearing', 'preempt_delay'],
  ...['down_timer_adverts', 'announce'],
];

/** A `[[vrouter]]`. */
export const VrouterSchema = shown(VROUTER, 'Vrouter', 'A `[[vrouter]]`.', NEWER);
/** A new `[[vrouter]]`. */
export const NewVrouterSchema = given(VROUTER, ['group', 'interface', 'vip'], {
  title: 'GivenVrouter', // a generated client in Go has a function NewVrouter, which makes a Vrouter
  description: 'The `[[vrouter]]` to add.',
  additionalProperties: false,
});
/** A merge patch of one. */
export const VrouterPatchSchema = patched(
  VROUTER,
  'VrouterPatch',
  'Directives of the `[[vrouter]]` to change.',
);

/** `[api]`. */
const ApiTableSchema = shown(API, 'Api', '`[api]`.');

/** A table of the configuration that may be absent, told as `null`. */
function orAbsent(schema: TSchema): TSchema {
  return Type.Union([schema, Type.Null()]);
}

/** `/config/global`: what rVRRPd 0.1.3 answers there, the whole configuration, in its order. */
export const GlobalSchema = Type.Object(
  {
    ...GeneralSchema.properties,
    vrouter: Type.Unsafe<unknown>({ type: ['array', 'null'], items: VrouterSchema }),
    track: Type.Optional(Type.Array(TRACKERS.shown)),
    sync: Type.Optional(Type.Array(SYNC_GROUPS.shown)),
    protocols: orAbsent(ConfiguredProtocolsSchema),
    api: orAbsent(ApiTableSchema),
  },
  { title: 'Global', description: 'The configuration, but for `[plugins]`.' },
);

/** An entry of `[plugins]`. */
export const PluginEntrySchema = Type.Object(
  {
    version: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Semver range of versions that will do; `null`: any.',
    }),
    options: Type.Unknown({
      description:
        'Options of the plugin, an object whose secrets are `***`; `***` alone if nothing tells which of them ' +
        'are secret; `null`: none.',
    }),
  },
  { title: 'PluginEntry' },
);

/** `/config/plugins`. */
export const PluginsSchema = Type.Record(Type.String(), PluginEntrySchema, {
  title: 'Plugins',
  description: '`[plugins]`: entries by the package’s name or path.',
});

/** `/config/global`: the configuration. */
export function wholeConfiguration(configuration: Table): Record<string, unknown> {
  const { client_api, ...general } = generalDirectives(configuration);
  const { vrouter: routers, track, sync, protocols, api } = configuration;
  return {
    ...general,
    vrouter: routers === undefined ? null : vrouters(configuration),
    // 0.1.3 had neither: no key for what is not there.
    ...(track === undefined ? {} : { track: entries(TRACKERS, configuration) }),
    ...(sync === undefined ? {} : { sync: entries(SYNC_GROUPS, configuration) }),
    protocols: protocols === undefined ? null : configuredProtocols(configuration),
    client_api,
    api: isTable(api) ? pick(api, Object.keys(API)) : null,
  };
}

/** General directives. */
export function generalDirectives(configuration: Table): Record<string, unknown> {
  return pick(configuration, Object.keys(GENERAL));
}

/** `/config/vrouter`: every `[[vrouter]]`. */
export function vrouters(configuration: Table): Record<string, unknown>[] {
  return asTables(configuration.vrouter).map(vrouter);
}

/** One `[[vrouter]]`. */
export function vrouter(table: Table): Record<string, unknown> {
  const directives = pick(table, Object.keys(VROUTER));
  if (isTable(directives.timers)) directives.timers = pick(directives.timers, ['advert']);
  for (const name of NEWER) if (directives[name] === null) delete directives[name];
  return directives;
}

/**
 * The `[[vrouter]]` tables of a group that run on interface `name`, or else have it as their virtual
 * interface. Several can have the same `vifname`, as long as their interface type makes none.
 */
export function findVrouters(configuration: Table, group: number, name: string): readonly Table[] {
  const members = asTables(configuration.vrouter).filter((table) => table.group === group);
  const physical = members.filter((table) => table.interface === name);
  if (physical.length > 0) return physical;
  return members.filter((table) => virtualNames(table, group).includes(name));
}

/** Names of the virtual interfaces of a `[[vrouter]]`, as docs/configuration.md has them: one for each family. */
function virtualNames(table: Table, group: number): string[] {
  const { vifname } = table;
  const families = familiesOf(table);
  const base = typeof vifname === 'string' ? vifname : `standby${group}`;
  const isSixes = typeof vifname === 'string' && families.length === 1;
  return families.map((family) => (family === 6 && !isSixes ? `${base}-6` : base));
}

/** What identifies the virtual router of a `[[vrouter]]`, undefined if the table does not say. */
export function nameOf(table: Table): RouterName | undefined {
  const { group, interface: name } = table;
  return typeof group === 'number' && typeof name === 'string' ? { group, interface: name } : undefined;
}

/** Families of the addresses of a `[[vrouter]]`, IPv4 first; IPv4 if it has none. */
export function familiesOf({ vip }: Table): (4 | 6)[] {
  const texts: readonly unknown[] = Array.isArray(vip) ? vip : [vip];
  const isSix = (text: unknown): boolean => typeof text === 'string' && text.includes(':');
  const families = ([4, 6] as const).filter((family) =>
    texts.some((text) => typeof text === 'string' && isSix(text) === (family === 6)),
  );
  return families.length === 0 ? [4] : families;
}

/** VRRP version of a `[[vrouter]]`. */
export function versionOf({ version }: Table): 2 | 3 {
  return version === 3 ? 3 : 2;
}

/** `/config/plugins`: entries of `[plugins]` in their long form. */
export function pluginEntries(configuration: Table): Record<string, Record<string, unknown>> {
  const all = isTable(configuration.plugins) ? configuration.plugins : {};
  return Object.fromEntries(Object.entries(all).map(([name, entry]) => [name, longForm(entry)]));
}

/** One of them; undefined if there is none of that name. */
export function pluginEntry(configuration: Table, name: string): Record<string, unknown> | undefined {
  const all = isTable(configuration.plugins) ? configuration.plugins : {};
  const entry = own(all, name);
  return entry === undefined ? undefined : longForm(entry);
}

function longForm(entry: unknown): Record<string, unknown> {
  return isTable(entry) ? pick(entry, ['version', 'options']) : { version: entry, options: null };
}
