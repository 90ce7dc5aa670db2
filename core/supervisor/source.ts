/** The configuration as text: what runs, and what the files say. */
import { createHmac, randomBytes } from 'node:crypto';
import type { ConfigFormat, OutsideValues } from '../config/index.ts';

/** A file and its text. */
export interface SourceFile {
  /** Absolute path. */
  readonly file: string;
  /** What runs. */
  readonly text: string;
  /** What the file said when it was read or written last: something else if there are temporary changes. */
  readonly fileText: string;
}

/** Where a generation's configuration came from. */
export interface ConfigurationSource extends SourceFile {
  /** As given on the command line; absent: told from name or content. */
  readonly format?: ConfigFormat;
  /** The files that it includes. Absent: none. */
  readonly included?: readonly SourceFile[];
  /** What references in them stand for, as it was read together with the file. Absent: nothing was. */
  readonly outside?: OutsideValues;
  /** Names of this host, when the file was read. Absent: as they are now. */
  readonly hosts?: readonly string[];
}

/** All files of a configuration, the main one first. */
export function filesOf(source: ConfigurationSource): readonly SourceFile[] {
  return [source, ...(source.included ?? [])];
}

/** The same configuration with other texts. @param change says which a file has */
export function withTexts(
  source: ConfigurationSource,
  change: (file: SourceFile) => Partial<Pick<SourceFile, 'text' | 'fileText'>>,
): ConfigurationSource {
  const { included } = source;
  const changed = { ...source, ...change(source) };
  if (included === undefined) return changed;
  return { ...changed, included: included.map((file) => ({ ...file, ...change(file) })) };
}

/** The texts hold secrets: a plain digest would let somebody who may read the tag try them out. */
const KEY = randomBytes(32);

/** Changes whenever one of the texts does, or a value outside: 32 hexadecimal digits, good for this process. */
export function configurationTag(source: ConfigurationSource): string {
  const { outside } = source;
  const hmac = createHmac('sha256', KEY);
  for (const { text, fileText } of filesOf(source)) hmac.update(`${text}\0${fileText}\0`);
  if (outside?.isEmpty === false) hmac.update(outside.digestible());
  return hmac.digest('hex').slice(0, 32);
}

/** Whether temporary changes are in force. */
export function isTemporary(source: ConfigurationSource): boolean {
  return filesOf(source).some(({ text, fileText }) => text !== fileText);
}
