/**
 * What the configuration may have, section by section, as its reference shows it: from the schema of the file and those
 * that the built-in plugins ship. Pure but for reading the plugins' packages.
 */
import { asNode, ConfigSchema, type SchemaNode } from '../../core/config/schema.ts';
import type { PluginKind } from '../../core/plugin/contracts/index.ts';
import { type AvailablePlugin, discoverPlugins } from '../../core/plugin/discover.ts';
import { KINDS, PLUGIN_KINDS } from '../../core/plugin/kinds.ts';

/** One directive. All texts are Markdown of one line. */
export interface Directive {
  /** As it is written: `timers.advert` for one of a table in a table. */
  readonly name: string;
  /** What its value may be. */
  readonly values: string;
  /** What holds without it; `required` if nothing does. */
  readonly fallback: string;
  readonly text: string;
}

/** A table of the configuration. */
export interface Section {
  /** Its name in the markers of docs/configuration.md. */
  readonly id: string;
  /** How it is written: `[[vrouter]]`; empty for what is in no table. */
  readonly title: string;
  readonly text: string;
  readonly directives: readonly Directive[];
}

/** JSON Schema says more of numbers than the core looks at. */
type Node = SchemaNode & { readonly minimum?: number; readonly maximum?: number };

/** The sentence of a description that says what holds without the directive, where that is no value. */
const FALLBACK = /\s*Default: (.+?)\.(?=\s|$)/s;

/** All sections: those of the file, then those of the plugins. */
export function sections(schema: SchemaNode = asNode(ConfigSchema)): Section[] {
  const names = pluginNames();
  return [...fileSections(schema), ...pluginSections(discoverPlugins().plugins)].map((section) => ({
    ...section,
    directives: section.directives.map((each) => withPluginNames(each, names)),
  }));
}

/** The core does not know plugins by name: where a description speaks of the default one, its name is put in. */
function withPluginNames(directive: Directive, names: readonly PluginName[]): Directive {
  const name = names.find((each) => each.directive === directive.name && each.isDefault)?.name;
  if (name === undefined) return directive;
  const named = (text: string): string => text.replaceAll('that of the default plugin', `\`${name}\``);
  return { ...directive, fallback: named(directive.fallback), text: named(directive.text) };
}

/** Sections of the file itself: what is in no table, then each table that the schema knows the directives of. */
export function fileSections(schema: SchemaNode): Section[] {
  const general: Directive[] = [];
  const tables: Section[] = [];
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    const table = tableOf(name, node);
    if (table === undefined) {
      general.push(directive(name, node, isRequired(schema, name)));
      continue;
    }
    general.push({
      name: table.title,
      values: markdown(plain(node.expected ?? 'table')),
      fallback: 'none',
      text: markdown(node.description ?? ''),
    });
    if (table.inner.properties === undefined) continue;
    const text = markdown(node.description ?? '');
    tables.push({ id: name, title: table.title, text, directives: directives(table.inner) });
  }
  return [
    { id: 'general', title: '', text: markdown(schema.description ?? ''), directives: general },
    ...tables,
  ];
}

/** What plugins add: their part of the configuration, their options. */
function pluginSections(plugins: readonly AvailablePlugin[]): Section[] {
  return plugins.flatMap(({ resolved, configSchema, optionsSchema }) => {
    const all: Section[] = [];
    const { kind, names } = resolved;
    const name = names[0] ?? resolved.package;
    if (configSchema !== undefined) {
      const text = markdown(configSchema.description ?? '');
      // Trackers and hooks have types of the same name.
      const id = kind === 'notify' ? `notify ${name}` : name;
      all.push({ id, title: titleOf(kind, name), text, directives: directives(configSchema) });
    }
    if (optionsSchema !== undefined) {
      const title = `[plugins."${resolved.package}".options]`;
      const text = markdown(optionsSchema.description ?? '');
      all.push({ id: resolved.package, title, text, directives: directives(optionsSchema) });
    }
    return all;
  });
}

/** How a plugin's part of the configuration is written. */
function titleOf(kind: PluginKind, name: string): string {
  if (kind === 'protocol') return `[[protocols.${name}]]`;
  if (kind === 'auth') return '[vrouter.auth]';
  return `${KINDS[kind].directive} = "${name}"`;
}

/** A name that a built-in plugin answers to. */
export interface PluginName {
  /** The directive that it is a value of. */
  readonly directive: string;
  readonly name: string;
  /** Used where the configuration names none. */
  readonly isDefault: boolean;
  readonly package: string;
}

/** The values of directives that select plugins, in the order of the kinds. */
export function pluginNames(): PluginName[] {
  const { plugins } = discoverPlugins();
  return PLUGIN_KINDS.flatMap((kind) =>
    plugins
      .filter(({ resolved }) => resolved.kind === kind)
      .flatMap(({ resolved }) =>
        resolved.names.map((name) => ({
          directive: KINDS[kind].directive,
          name,
          isDefault: resolved.default,
          package: resolved.package,
        })),
      ),
  );
}

/** What is missing in the description of a schema, a sentence for each: none may be. */
export function gaps(all: readonly Section[]): string[] {
  return all.flatMap(({ id, title, directives: list }) =>
    list.flatMap(({ name, text, values, fallback }) => {
      const which = `${title || 'the configuration'} (${id}): ${name}`;
      return [
        ...(text === '' ? [`${which} has no description`] : []),
        ...(values === '' ? [`${which} does not say what its value may be ("expected")`] : []),
        ...(fallback === '' ? [`${which} has no default: its description must say "Default: …."`] : []),
      ];
    }),
  );
}

/** A property that is a table: how it is written, and the schema of what is in it. */
function tableOf(name: string, node: SchemaNode): { title: string; inner: SchemaNode } | undefined {
  if (node.items !== undefined && hasType(node.items, 'object')) {
    return { title: `[[${name}]]`, inner: node.items };
  }
  if (!hasType(node, 'object')) return undefined;
  const each = node.additionalProperties;
  if (typeof each !== 'object') return { title: `[${name}]`, inner: node };
  return { title: `[${name}]`, inner: each };
}

/** The directives of a table; those of a table in it under its name. */
function directives(schema: SchemaNode, prefix = ''): Directive[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, node]) => {
    const inner = node.properties ?? node.items?.properties;
    const own = directive(prefix + name, node, isRequired(schema, name));
    if (inner === undefined) return [own];
    const nested = directives({ ...(node.items?.properties ? node.items : node) }, `${prefix}${name}.`);
    // A table alone needs no row; what may also be a single value does.
    return node.type === 'object' ? nested : [own, ...nested];
  });
}

function directive(name: string, node: Node, required: boolean): Directive {
  const description = (node.description ?? '').trim();
  const said = FALLBACK.exec(description)?.[1];
  return {
    name,
    values: valuesOf(node),
    fallback: fallbackOf(node, said, required),
    text: markdown(node.default === undefined ? description.replace(FALLBACK, '').trim() : description),
  };
}

function fallbackOf(node: Node, said: string | undefined, required: boolean): string {
  if (node.default !== undefined) return constant(node.default);
  if (said !== undefined) return markdown(said);
  return required ? 'required' : '';
}

function valuesOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map(constant).join(', ');
  if (node.type === 'boolean') return '`true`, `false`';
  if (node.expected !== undefined) return markdown(plain(node.expected));
  if (node.minimum !== undefined && node.maximum !== undefined) return `${node.minimum} to ${node.maximum}`;
  return '';
}

/** A value in code marks, as it is written but for the quotes; `none` for what is empty. */
function constant(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).length === 0 ? 'none' : `\`${JSON.stringify(value)}\``;
  }
  return `\`${String(value)}\``;
}

/** `expected` without its article: it ends the sentence "must be …". */
function plain(expected: string): string {
  return expected.replace(/^(an?|the) /, '');
}

/** What a cell of a table must not have as it is, outside of code marks. */
function markdown(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll('*', '\\*')))
    .join('')
    .replaceAll('\n', ' ');
}

function isRequired(schema: SchemaNode, name: string): boolean {
  return schema.required?.includes(name) ?? false;
}

function hasType(node: SchemaNode, type: string): boolean {
  return Array.isArray(node.type) ? node.type.includes(type) : node.type === type;
}
