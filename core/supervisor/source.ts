/** The configuration as text: what runs, and what the file says. */
import { createHmac, randomBytes } from 'node:crypto';
import type { ConfigFormat, OutsideValues } from '../config/index.ts';

/** Where a generation's configuration came from. */
export interface ConfigurationSource {
  /** Absolute path. */
  readonly file: string;
  /** As given on the command line; absent: told from name or content. */
  readonly format?: ConfigFormat;
  /** What runs. */
  readonly text: string;
  /** What the file said when it was read or written last: something else if there are temporary changes. */
  readonly fileText: string;
  /** What references in them stand for, as it was read together with the file. Absent: nothing was. */
  readonly outside?: OutsideValues;
}

/** The texts hold secrets: a plain digest would let somebody who may read the tag try them out. */
const KEY = randomBytes(32);

/** Changes whenever one of the texts does, or a value outside: 32 hexadecimal digits, good for this process. */
export function configurationTag({ text, fileText, outside }: ConfigurationSource): string {
  const hmac = createHmac('sha256', KEY).update(text).update('\0').update(fileText);
  if (outside?.isEmpty === false) hmac.update('\0').update(outside.digestible());
  return hmac.digest('hex').slice(0, 32);
}

/** Whether temporary changes are in force. */
export function isTemporary({ text, fileText }: ConfigurationSource): boolean {
  return text !== fileText;
}
