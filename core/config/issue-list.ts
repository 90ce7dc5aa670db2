/** What checks find, with the place in the document that each is about. */
import type { ConfigDocument, RawTable } from './document.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';
import { asReference, referenceText } from './references.ts';

/** Collects issues about a document. */
export class IssueList {
  readonly issues: ConfigIssue[] = [];

  /** @param data of the document, with what its references stand for */
  constructor(
    readonly document: ConfigDocument,
    readonly data: RawTable = document.data,
  ) {}

  /** @param options.secret the value must not be shown */
  add(
    severity: ConfigIssue['severity'],
    path: ConfigPath,
    message: string,
    options: { readonly secret?: boolean; readonly value?: string } = {},
  ): void {
    const value = options.value ?? (options.secret === true ? undefined : this.written(path));
    this.issues.push({
      severity,
      position: this.document.places.position(path),
      directive: directiveName(path),
      ...(value === undefined ? {} : { value }),
      message,
    });
  }

  error(path: ConfigPath, message: string): void {
    this.add('error', path, message);
  }

  warn(path: ConfigPath, message: string): void {
    this.add('warning', path, message);
  }

  /** `line 12`, to point from one directive to another; with the file, if there are several. */
  lineOf(path: ConfigPath): string {
    const { file, line } = this.document.places.position(path);
    return this.document.assembly === undefined ? `line ${line}` : `${file}:${line}`;
  }

  /** What stands at `path`, or where it stands. */
  private written(path: ConfigPath): string | undefined {
    const source = this.document.places.source(path);
    if (source !== undefined) return source;
    let value: unknown = this.document.data;
    for (const part of path) value = (value as Record<string | number, unknown> | undefined)?.[part];
    const reference = asReference(value);
    return reference && referenceText(reference, this.document.format);
  }

  /** `vrouter[2].group (line 12)`, to point from one directive to another by name. */
  whereIs(path: ConfigPath): string {
    return `${directiveName(path)} (${this.lineOf(path)})`;
  }
}
