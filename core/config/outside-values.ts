/** What references of a configuration stand for, see references.ts. Pure. */
import { dirname, resolve } from 'node:path';

/** Where a value may stand. */
export const REFERENCE_KINDS = ['env', 'file', 'credential'] as const;
/** One of {@link REFERENCE_KINDS}. */
export type ReferenceKind = (typeof REFERENCE_KINDS)[number];

/** Where a value stands. */
export interface Reference {
  readonly kind: ReferenceKind;
  /** Of the environment variable or credential; the path of the file, as written. */
  readonly name: string;
}

/** What a reference stands for, or why that is not known: a sentence that follows the reference. */
export type OutsideValue =
  | {
      readonly text: string;
      /** Path of its file, if users other than its owner and group can read it. */
      readonly open?: string;
    }
  | { readonly fault: string };

/**
 * The values of references, as they were read together with the configuration. What was not read then is not known:
 * nothing reads it later.
 */
export class OutsideValues {
  /** @param values by {@link referenceKey} */
  constructor(private readonly values: ReadonlyMap<string, OutsideValue> = new Map()) {}

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.values.size === 0;
  }

  /**
   * What it stands for.
   * @param file that it is written in
   */
  get(reference: Reference, file: string): OutsideValue {
    const value = this.values.get(referenceKey(reference, file));
    return value ?? { fault: 'is not known: it is read when the file is; reload the file first' };
  }

  /** All of it as text, the same for the same values. Holds secrets. */
  digestible(): string {
    return JSON.stringify([...this.values].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/**
 * The same text for what stands in the same place, another one for another.
 * @param file that it is written in: paths are relative to its folder
 */
export function referenceKey({ kind, name }: Reference, file: string): string {
  return `${kind} ${kind === 'file' ? resolve(dirname(file), name) : name}`;
}
