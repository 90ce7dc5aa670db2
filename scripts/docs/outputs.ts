/** Every generated file, by its path in the repository. */
import { readFileSync } from 'node:fs';
import {
  COMMAND_OPTIONS,
  COMMANDS,
  type CommandRow,
  LISTEN_OPTIONS,
  LOCAL_COMMANDS,
  OPTIONS,
  type OptionRow,
  PASSWORD_OPTIONS,
} from '../../core/cli/argument-table.ts';
import { packageRoot } from '../../core/shared/package-root.ts';
import { bashCompletion, type Grammar, unique } from './completion-bash.ts';
import { zshCompletion } from './completion-zsh.ts';
import { generatedParts, regenerate, table } from './markdown.ts';
import { manualPages } from './pages.ts';
import { type PluginName, pluginNames, type Section, sections } from './sections.ts';

/** The repository. */
export const root = `${packageRoot()}/`;

/** Names of generated parts that are no section of the configuration. */
const NAMES = 'names of built-in plugins';
const OTHERS = 'other tables';
const CONFIGURATION = 'docs/configuration.md';

/** The new text of every generated file. @throws Error if a document cannot hold what is generated */
export function outputs(): ReadonlyMap<string, string> {
  const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
  const configuration = configurationDocument(read(CONFIGURATION), sections(), pluginNames());
  const pages = manualPages({
    configuration,
    operating: read('docs/operating.md'),
    plugins: read('docs/plugins.md'),
  });
  const all = new Map([[CONFIGURATION, configuration]]);
  for (const [name, page] of pages) all.set(`packaging/man/${name}`, page);
  for (const grammar of grammars()) {
    all.set(`packaging/completion/bash/${grammar.program}`, bashCompletion(grammar));
    all.set(`packaging/completion/zsh/_${grammar.program}`, zshCompletion(grammar));
  }
  return all;
}

/** The command lines that shells complete. */
export function grammars(): Grammar[] {
  const every: readonly OptionRow[] = unique([...LISTEN_OPTIONS, ...OPTIONS]);
  const ofCommands: readonly OptionRow[] = [...every, ...COMMAND_OPTIONS];
  const commands = Object.entries<CommandRow>({ ...COMMANDS, ...LOCAL_COMMANDS }).map(
    ([name, { text, options }]) => ({
      name,
      text,
      options: ofCommands.filter(({ long }) => options.includes(long)),
    }),
  );
  return [
    { program: 'rvrrpd', options: every, commands },
    { program: 'rvrrpd-pw', options: PASSWORD_OPTIONS, commands: [] },
  ];
}

/**
 * The reference with its tables made anew. What has no place of its own in it goes where `other tables` are.
 * @throws Error if a marker names nothing that there is
 */
export function configurationDocument(
  document: string,
  all: readonly Section[],
  names: readonly PluginName[],
): string {
  const placed = new Set(generatedParts(document));
  return regenerate(document, (part) => {
    if (part === NAMES) return namesTable(names);
    if (part === OTHERS) return others(all.filter(({ id }) => !placed.has(id)));
    const section = all.find(({ id }) => id === part);
    if (section === undefined) throw new Error(`${CONFIGURATION}: there is no section "${part}"`);
    return sectionTable(section);
  });
}

/** The directives of a section. */
function sectionTable({ id, title, directives }: Section): string {
  const header = [id === 'general' ? 'directive' : `directive of \`${title}\``, 'values', 'default', ''];
  return table(
    header,
    directives.map(({ name, values, fallback, text }) => [`\`${name}\``, values, fallback, text]),
  );
}

function others(rest: readonly Section[]): string {
  return rest
    .map(
      (section) =>
        `### \`${section.title}\`\n\n${section.text === '' ? '' : `${section.text}\n\n`}${sectionTable(section)}`,
    )
    .join('\n\n');
}

function namesTable(names: readonly PluginName[]): string {
  return table(
    ['directive', 'name', 'package'],
    names.map(({ directive, name, isDefault, package: from }) => [
      `\`${directive}\``,
      isDefault ? `\`${name}\`, unless another one is configured` : `\`${name}\``,
      `\`${from}\``,
    ]),
  );
}
