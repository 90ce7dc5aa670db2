/**
 * References: a value that stands outside of the configuration, in an environment variable, a file or a credential of
 * the service manager. `{ env = "NAME" }`, `{ file = "PATH" }`, `{ credential = "NAME" }`. Pure.
 */
import type { ConfigFormat } from './document.ts';
import { isTable } from './edit/table.ts';
import { REFERENCE_KINDS, type Reference, referenceKey } from './outside-values.ts';

/** What a table must look like to be a reference; the end of a sentence. */
export const REFERENCE_FORMS = '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }';

/** The reference that a value of the configuration is; undefined: it is none. Where one may stand, the schema says. */
export function asReference(value: unknown): Reference | undefined {
  if (!isTable(value)) return undefined;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length !== 1 || first === undefined || typeof first[1] !== 'string') return undefined;
  const kind = REFERENCE_KINDS.find((each) => each === first[0]);
  return kind === undefined ? undefined : { kind, name: first[1] };
}

/** A reference as it is written in a file. */
export function referenceText({ kind, name }: Reference, format: ConfigFormat): string {
  const value = JSON.stringify(name);
  return format === 'json' ? `{ "${kind}": ${value} }` : `{ ${kind} = ${value} }`;
}

/** Whatever in the data of a file looks like a reference, by {@link referenceKey}. */
export function referencesIn(data: unknown, file: string): Map<string, Reference> {
  const found = new Map<string, Reference>();
  const look = (value: unknown): void => {
    const reference = asReference(value);
    if (reference !== undefined) found.set(referenceKey(reference, file), reference);
    else if (Array.isArray(value)) value.forEach(look);
    else if (isTable(value)) Object.values(value).forEach(look);
  };
  look(data);
  return found;
}
