/** What checks find, with the place in the document that each is about. */
import type { ConfigDocument } from './document.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';

/** Collects issues about a document. */
export class IssueList {
  readonly issues: ConfigIssue[] = [];

  constructor(readonly document: ConfigDocument) {}

  /** @param options.secret the value must not be shown */
  add(
    severity: ConfigIssue['severity'],
    path: ConfigPath,
    message: string,
    options: { readonly secret?: boolean; readonly value?: string } = {},
  ): void {
    const value = options.value ?? (options.secret === true ? undefined : this.document.places.source(path));
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

  /** `line 12`, to point from one directive to another. */
  lineOf(path: ConfigPath): string {
    return `line ${this.document.places.position(path).line}`;
  }

  /** `vrouter[2].group (line 12)`, to point from one directive to another by name. */
  whereIs(path: ConfigPath): string {
    return `${directiveName(path)} (${this.lineOf(path)})`;
  }
}
