/** Configuration: from a file to a {@link DaemonConfig}, or to everything that is wrong with it. */
export type { ConfigDocument, ConfigFormat } from './document.ts';
export { CONFIG_FORMATS } from './document.ts';
export type { IncludedText } from './include.ts';
export type { PluginRequest } from './interpret.ts';
export type { ConfigIssue, ConfigPath, IssuePosition } from './issues.ts';
export { formatIssue, hasErrors, sortIssues } from './issues.ts';
export type { LoadedConfiguration, Surroundings } from './load.ts';
export { documentOfText, loadConfig, loadText, SEARCH_FOLDER, SEARCH_PLACES } from './load.ts';
export { OutsideValues } from './outside-values.ts';
